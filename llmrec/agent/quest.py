"""What a wish asks for in this shop: a reading -> changes of what holds, and words to look for.

The reader knows the language and not the shop; the catalogue knows its brands, colours and sizes
and no language. Here the two meet: "red" becomes the values that the catalogue has for it, a brand
its spelling there, and what the catalogue has no name for becomes words to look for. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Change,
    Drop,
    InStock,
    MoreLike,
    NewQuest,
    Open,
    Reference,
    Refusal,
    Than,
    Values,
    Wish,
    Without,
    WithoutCategory,
)
from llmrec.agent.constraints.held import OCCASION
from llmrec.agent.constraints.synonyms import is_colour, kind_of
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.need_not import need_not_be, spared
from llmrec.agent.receiving import receiver_changes
from llmrec.agent.state import Situation
from llmrec.catalog.matching import fold
from llmrec.linear import bounded
from llmrec.reading import Reading
from llmrec.reading.amounts import amounts_in
from llmrec.reading.grammar import GIFT
from llmrec.reading.reading import Sort
from llmrec.retrieval.glossary import in_english
from llmrec.types import Language

__all__ = ["Quest", "quest_of"]

_NEAR = Decimal("0.25")
"""How far from a sum "around" it reaches, as a share."""

_HARD = ("colour", "size", "material")
"""Attributes whose value must hold; what else is said of a thing is looked for."""

_COUNTS: dict[str, dict[Language, str]] = {
    "people": {"en": "{} people", "de": "{} Personen", "zh": "{}人"},
    "age": {"en": "{} year old", "de": "{} Jahre", "zh": "{}岁"},
}
"""What a bare number of these attributes counts."""


@dataclass(frozen=True)
class Quest:
    """A wish as the shop can hold it.

    Attributes:
        changes: of what holds, in the order of the structure.
        query: words to look for; what the thing should be like is among the changes.
        new: whether they begin a new quest.
        sort: what is to come first, if the message says so.
        unknown_brands: wanted, and the catalogue has none of that name.
        absent: refused, and no brand, title or field of the catalogue says it.
    """

    changes: tuple[Change, ...] = ()
    query: str = ""
    new: bool = False
    sort: Sort | None = None
    unknown_brands: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def quest_of(
    reading: Reading,
    message: str,
    situation: Situation,
    vocabulary: Vocabulary,
    language: Language,
) -> Quest:
    """What a wish asks for in this shop.

    Args:
        reading: of intent ``find`` or ``refine``.
        message: plain text that was read so.
        situation: what holds.
        vocabulary: the catalogue's names.
        language: that the shopper speaks.
    """
    changes: list[Change] = []
    open_phrases = need_not_be(message)
    reading = spared(reading, open_phrases)
    new = reading.intent == "find" and bool(reading.looking_for)
    if new and _is_answered(situation):
        changes.append(NewQuest())
    if not new:
        changes += _denied_prices(reading, message, situation)
        changes += map(Open, open_phrases)
    changes += _sums(reading)
    brands = [vocabulary.brand(name) for name in reading.brands]
    if any(brands):
        changes.append(Brands(tuple(name for name in brands if name)))
    unknown = tuple(text for text, name in zip(reading.brands, brands, strict=True) if name is None)
    unknown = tuple(sorted(unknown, key=message.find))  # as the message names them
    refused, absent = _refused(reading, situation, vocabulary, language)
    changes += refused
    changes += _values(reading, situation, vocabulary, language)
    changes += receiver_changes(reading, situation, vocabulary)
    if reading.in_stock:
        changes.append(InStock())
    sort = reading.sort
    for number in reading.refers_to[:1]:
        reference = Reference(number)
        if sort in ("cheapest", "dearest"):
            changes.append(Than("cheaper" if sort == "cheapest" else "dearer", reference))
            sort = None
        else:
            # Behind the new quest, which asks for nothing yet; before what is said of the product.
            changes.insert(int(NewQuest() in changes), MoreLike(reference))
    return Quest(
        tuple(changes),
        _words(reading, unknown, new, situation),
        new,
        sort,
        unknown,
        absent,
    )


def _is_answered(situation: Situation) -> bool:
    """Whether something was looked for, so that a thing that is named now is another quest.

    A wish without a thing ("something for my neck") that has been answered was one, too.
    """
    if situation.words or situation.ask.product is not None:
        return True
    return bool(situation.shown and situation.wishes)


def _words(reading: Reading, unknown: Sequence[str], new: bool, situation: Situation) -> str:
    """The thing, and brands that no filter can hold, as one phrase, the thing last as in titles."""
    thing = reading.looking_for or ""
    named = not new and situation.words and fold(thing) == fold(situation.words[0])
    if fold(thing) == GIFT or named:
        thing = ""
    brands = [brand for brand in dict.fromkeys(unknown) if fold(brand) not in fold(thing)]
    return " ".join([*brands, thing]).strip()


def _sums(reading: Reading) -> Iterator[Change]:
    currency, around = reading.currency, reading.around
    low, high = reading.min, reading.max
    if around is not None:
        low = around * (1 - _NEAR) if low is None else low
        high = around * (1 + _NEAR) if high is None else high
    if low is not None:
        yield AtLeast(low, currency, around)
    if high is not None:
        yield AtMost(high, currency, around)


_DENIAL = bounded(
    r"\b(?:not|no|nicht|kein\w*)\s+|n't\s+(?:\w+\s+){0,2}|不是|没说|不要", re.IGNORECASE
)
_RIGHT_BEHIND, _SUM_SIGNS = 2, 24
"""Where a number is denied: right behind the word; any other number is another number."""


def _denied_prices(reading: Reading, message: str, situation: Situation) -> Iterator[Change]:
    """Limits whose sum is said to be another thing: "12 years, not 12 euros"."""
    if reading.min is not None or reading.max is not None or reading.around is not None:
        return
    behind = (message[match.end() :][:_SUM_SIGNS] for match in _DENIAL.finditer(message))
    first = (amount for text in behind for amount in amounts_in(text)[:1])
    denied = {amount.value for amount in first if amount.start <= _RIGHT_BEHIND}
    for limit in situation.constraints.of("max_price", "min_price"):
        if (limit.about or limit.amount) in denied:
            yield Drop("price", limit.kind)


def _refused(
    reading: Reading, situation: Situation, vocabulary: Vocabulary, language: Language
) -> tuple[list[Change], tuple[str, ...]]:
    """Refusals as the catalogue can hold them, and what nothing in it is called.

    The catalogue knows better than the reader what is a brand and what a material.
    """
    sought = fold(reading.looking_for or " ".join(situation.words[:1])).split()
    # "No treats with chicken" names what is looked for, and refuses the chicken.
    refusals = [text for text in reading.not_ if fold(text) not in sought]
    names = {text: vocabulary.brand(text) for text in (*reading.not_brands, *refusals)}
    brands = tuple(dict.fromkeys(name for name in names.values() if name))
    changes: list[Change] = [Brands(brands, wanted=False)] if brands else []
    absent: list[str] = []
    for text in (text for text, name in names.items() if not name):
        words, limits = text, _held_back(text, vocabulary)
        if not limits:
            words = _bare(text)
            limits = _held_back(words, vocabulary)
        if not limits and language != "en" and (english := in_english(words, _never)):
            limits = _held_back(english, vocabulary)
        if not limits and language != "en" and vocabulary.translator is not None:
            meant = vocabulary.translator.names_of(words, " ".join(sought))
            each = (_held_back(name, vocabulary) for name in meant)
            limits = [*dict.fromkeys(limit for of_name in each for limit in of_name)]
        if limits:
            changes.append(Refusal(words, tuple(limits)))
        else:
            absent.append(text)
    return changes, tuple(absent)


def _never(_: str) -> bool:
    """No word is left as it is: what titles have in the shopper's own word was looked for."""
    return False


def _held_back(words: str, vocabulary: Vocabulary) -> list[Values | Without | WithoutCategory]:
    """What has a value of this name, whose title says it, and whose category is called so."""
    values_of = (
        (name, _meant(vocabulary, name, words)) for name in vocabulary.attribute_names.values()
    )
    forms = _numbers_of(words)
    # Titles are compared by stems: one of the two forms leaves out both.
    stands = [word for word in forms if vocabulary.in_titles(word)][:1]
    steps = [vocabulary.categories[fold(w)] for w in forms if fold(w) in vocabulary.categories]
    return [
        *(Values(name, values, words, wanted=False) for name, values in values_of if values),
        *map(Without, stands),
        *map(WithoutCategory, steps),
    ]


_GENERIC_WORDS = """
the that those any some of more like kind kinds sort sorts type types thing things stuff one ones
item items product products version versions model models der die das den kein keine solche so was
sachen zeug kram ding dinge dinger teile artikel produkt produkte modell modelle
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
"""Words around what is refused that name nothing: "no more of that plastic stuff"."""

_CHINESE_GENERIC = re.compile(
    r"^(?:那种|这种|那些|任何)|(?:之类的?|类的?|那种|的东西|东西|产品|的)$"
)


def _bare(text: str) -> str:
    """What is refused, without the words around it that name nothing.

    >>> _bare("that plastic stuff"), _bare("Baby-Sachen"), _bare("塑料的东西"), _bare("things")
    ('plastic', 'Baby', '塑料', 'things')
    """
    bare = _CHINESE_GENERIC.sub("", text)
    words = [word for word in re.split(r"[\s-]+", bare) if fold(word) not in _GENERIC]
    return " ".join(words) or text


def _numbers_of(word: str) -> list[str]:
    """An English word in the singular and the plural: titles have either."""
    other = word.removesuffix("s") if word.endswith("s") else f"{word}s"
    return [word, other] if word.isascii() and len(word) > 2 else [word]


def _meant(vocabulary: Vocabulary, name: str, text: str) -> tuple[str, ...]:
    for word in _numbers_of(text):
        if values := vocabulary.values(name, word):
            return values
    return ()


def _values(
    reading: Reading, situation: Situation, vocabulary: Vocabulary, language: Language
) -> Iterator[Change]:
    """Colours, sizes and materials that the catalogue knows hold; the rest is looked for."""
    thing = reading.looking_for or " ".join(situation.words[:1])
    for name, value in reading.attributes.items():
        texts = _listed(value)
        kind = kind_of(fold(name))
        is_field = kind in _HARD and vocabulary.may_have(thing, kind)
        attributes = vocabulary.of_kind(kind) if is_field else ()
        for attribute in attributes:
            by_text = {text: vocabulary.values(attribute, text) for text in texts}
            if kind == "colour":
                # A colour that nothing here has counts too, so that its absence is said.
                by_text = {t: v or ((t,) if is_colour(fold(t)) else ()) for t, v in by_text.items()}
            values = dict.fromkeys(value for of_text in by_text.values() for value in of_text)
            if values:
                yield Values(
                    attribute, tuple(values), ", ".join(t for t, v in by_text.items() if v)
                )
                break
        else:
            for text in texts:
                # "A hat for sailing" is read as an occasion, too, and titles know of it.
                is_word = len(text.split()) == 1
                is_use = name == OCCASION and is_word and vocabulary.in_titles(text)
                yield Wish("use" if is_use else name, _counted(name, text, language))


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _counted(name: str, text: str, language: Language) -> str:
    """What is looked for of a value: "four" of people says nothing without what it counts.

    >>> _counted("people", "four", "en"), _counted("age", "2 Jahre", "de")
    ('four people', '2 Jahre')
    """
    counts = _COUNTS.get(name)
    is_bare = [amount.text for amount in amounts_in(text)] == [text]
    return counts[language].format(text) if counts and is_bare else text
