"""What a reading means in this shop and this conversation: a command, or changes and a quest.

The reader knows the language and not the shop; the catalogue knows its brands, colours and sizes
and no language. Here the two meet: "red" becomes the values that the catalogue has for it, a brand
its spelling there, and what the catalogue has no name for becomes words to look for. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from llmrec.agent.commands import Command, CommandKind
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Change,
    Drop,
    InStock,
    MoreLike,
    NewQuest,
    Recipient,
    Reference,
    StartOver,
    Than,
    Values,
    Without,
)
from llmrec.agent.constraints.held import Constraint, ConstraintKind
from llmrec.agent.constraints.synonyms import is_colour, kind_of
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.state import Situation
from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens
from llmrec.reading import Reading, ReadingContext, Traced
from llmrec.reading.amounts import amounts_in
from llmrec.reading.grammar import GIFT
from llmrec.reading.lines import Part
from llmrec.reading.reading import Intent, Sort
from llmrec.types import Language

__all__ = ["Meaning", "context_of", "meaning_of"]

_NEAR = Decimal("0.25")
"""How far from a sum "around" it reaches, as a share."""

_HARD = ("colour", "size", "material")
"""Attributes whose value must hold; what else is said of a thing is looked for."""

_COUNTS: dict[str, dict[Language, str]] = {
    "people": {"en": "{} people", "de": "{} Personen", "zh": "{}人"},
    "age": {"en": "{} year old", "de": "{} Jahre", "zh": "{}岁"},
}
"""What a bare number of these attributes counts."""

_MYSELF = frozenset(("me", "myself", "mich", "mir", "mich selbst", "我", "自己", "我自己"))

_COMMANDS: dict[Intent, CommandKind] = {
    "compare": "compare",
    "why": "why",
    "product_question": "product_question",
    "shop_question": "shop_question",
    "order_or_human": "contact",
    "smalltalk": "smalltalk",
    "abuse_or_injection": "hostile",
    "undo": "undo",
    "more": "more",
    "none_of_these": "others",
}


@dataclass(frozen=True)
class Meaning:
    """What is to be done about a message.

    Attributes:
        command: something to do, instead of a quest or before one.
        changes: of what holds, in the order of the structure.
        query: words to look for.
        new: whether they begin a new quest.
        sort: what is to come first, if the message says so.
        unknown_brands: wanted, and the catalogue has none of that name.
        absent_brands: refused, and the catalogue has none of that name.
        unclear: refused, but by no word of the catalogue.
        doubtful: sums and names whose sign is to be asked.
    """

    command: Command | None = None
    changes: tuple[Change, ...] = ()
    query: str = ""
    new: bool = False
    sort: Sort | None = None
    unknown_brands: tuple[str, ...] = ()
    absent_brands: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    doubtful: tuple[Part, ...] = ()


def context_of(situation: Situation) -> ReadingContext | None:
    """What a message is read against; ``None`` where nothing was asked for yet."""
    constraints = situation.constraints.held
    if not (situation.words or constraints or situation.shown):
        return None
    values: dict[str, Any] = {}
    for constraint in constraints:
        _hold(values, constraint)
    titles = tuple(product.title for product in situation.shown)
    return ReadingContext(situation.words[0] if situation.words else None, values, titles)


_KEYS = {
    "max_price": "max",
    "min_price": "min",
    "brand": "brands",
    "not_brand": "not_brands",
    "not_attribute": "not",
    "not_word": "not",
    "not_category": "not",
}


def _hold(values: dict[str, Any], constraint: Constraint) -> None:
    if constraint.kind in ("max_price", "min_price"):
        values[_KEYS[constraint.kind]] = constraint.amount
    elif constraint.kind == "in_stock":
        values["in_stock"] = True
    elif constraint.kind == "recipient":
        values["for_whom"] = constraint.said or None
    elif constraint.kind == "attribute":
        attributes = values.setdefault("attributes", {})
        attributes[constraint.name] = constraint.said or ", ".join(constraint.values)
    elif constraint.kind in _KEYS:
        words = [constraint.said] if constraint.said else list(constraint.values)
        texts = values.setdefault(_KEYS[constraint.kind], [])
        texts += [word for word in words if word not in texts]


def meaning_of(
    traced: Traced,
    message: str,
    situation: Situation,
    vocabulary: Vocabulary,
    language: Language = "en",
) -> Meaning:
    """What a message means.

    Args:
        traced: how it was read.
        message: plain text, for what is quoted or asked again.
        situation: what holds.
        vocabulary: the catalogue's names.
        language: that the shopper speaks.
    """
    reading = traced.reading
    references = tuple(Reference(number) for number in reading.refers_to)
    if reading.intent == "drop":
        return Meaning(changes=tuple(_drops(reading, message, situation)))
    if kind := _COMMANDS.get(reading.intent):
        if kind == "contact" and len(references) == 1:
            kind = "cart"
        if kind == "why" and len(references) == len(situation.shown) > 1:
            references = ()
        return Meaning(Command(kind, references, message))
    if _only_points(reading):
        return Meaning(Command("product", references, message))
    return _quest(traced, situation, vocabulary, language)


def _only_points(reading: Reading) -> bool:
    """Whether nothing but one product is named: "the second one"."""
    values = reading.to_dict()
    rest = {key: value for key, value in values.items() if key not in ("intent", "refers_to")}
    return len(reading.refers_to) == 1 and not any(rest.values())


def _quest(
    traced: Traced, situation: Situation, vocabulary: Vocabulary, language: Language
) -> Meaning:
    reading, words = traced.reading, _Words()
    changes: list[Change] = []
    new = reading.intent == "find" and bool(reading.looking_for)
    if new and (situation.words or situation.ask.product is not None):
        changes.append(NewQuest())
    if not new:
        changes += _no_prices(reading, situation)
    changes += _sums(reading)
    brands = [vocabulary.brand(name) for name in reading.brands]
    if any(brands):
        changes.append(Brands(tuple(name for name in brands if name)))
    unknown = tuple(text for text, name in zip(reading.brands, brands, strict=True) if name is None)
    words.soft += unknown
    refused, absent, unclear = _refused(reading, situation, vocabulary)
    changes += refused
    changes += _values(reading, vocabulary, language, words)
    changes += _for_whom(reading, situation, vocabulary, words)
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
    thing = reading.looking_for
    if thing and thing.casefold() != GIFT:
        words.thing = thing
    return Meaning(
        None,
        tuple(changes),
        words.query(new or not situation.words, situation),
        new,
        sort,
        unknown,
        absent,
        unclear,
        traced.unsure,
    )


class _Words:
    """What is to be looked for: the thing, and what is said of it that no filter holds."""

    def __init__(self) -> None:
        self.thing = ""
        self.soft: tuple[str, ...] = ()

    def query(self, new: bool, situation: Situation) -> str:
        """One phrase, the thing last, as titles have it."""
        thing = self.thing
        if not new and situation.words and fold(thing) == fold(situation.words[0]):
            thing = ""
        soft = [word for word in dict.fromkeys(self.soft) if fold(word) not in fold(thing)]
        return " ".join([*soft, thing]).strip()


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


def _no_prices(reading: Reading, situation: Situation) -> Iterator[Change]:
    """Limits whose sum is said to be another thing: "12 years, not 12 euros"."""
    if reading.min is not None or reading.max is not None or reading.around is not None:
        return
    values = [text for value in reading.attributes.values() for text in _listed(value)]
    numbers = {amount.value for text in values for amount in amounts_in(text)}
    limits = situation.constraints.held
    # The last first: each drop moves the places behind it.
    for place in range(len(limits), 0, -1):
        limit = limits[place - 1]
        if limit.kind in ("max_price", "min_price") and (limit.about or limit.amount) in numbers:
            yield Drop("number", str(place))


def _refused(
    reading: Reading, situation: Situation, vocabulary: Vocabulary
) -> tuple[list[Change], tuple[str, ...], tuple[str, ...]]:
    """Refusals as the catalogue can hold them; brands that it has not; and what it cannot hold.

    The catalogue knows better than the reader what is a brand and what a material.
    """
    sought = fold(reading.looking_for or " ".join(situation.words[:1])).split()
    # "No treats with chicken" names what is looked for, and refuses the chicken.
    refusals = [text for text in reading.not_ if fold(text) not in sought]
    names = {text: vocabulary.brand(text) for text in (*reading.not_brands, *refusals)}
    brands = tuple(dict.fromkeys(name for name in names.values() if name))
    changes: list[Change] = [Brands(brands, wanted=False)] if brands else []
    absent: list[str] = []
    unclear: list[str] = []
    for text in (text for text, name in names.items() if not name):
        limits = _held_back(text, vocabulary)
        changes += limits
        if not limits:
            (absent if text in reading.not_brands else unclear).append(text)
    return changes, tuple(absent), tuple(unclear)


def _held_back(text: str, vocabulary: Vocabulary) -> list[Change]:
    """What has a value of this name, and whose title says it."""
    changes: list[Change] = [
        Values(name, values, text, wanted=False)
        for name in vocabulary.attribute_names.values()
        if (values := _meant(vocabulary, name, text))
    ]
    # Titles are compared by stems: one of the two forms leaves out both.
    stands = [word for word in _numbers_of(text) if vocabulary.in_titles(word)][:1]
    return [*changes, *(Without(word) for word in stands)]


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
    reading: Reading, vocabulary: Vocabulary, language: Language, words: _Words
) -> Iterator[Change]:
    """Colours, sizes and materials that the catalogue knows hold; the rest is looked for."""
    for name, value in reading.attributes.items():
        texts = _listed(value)
        kind = kind_of(fold(name))
        attributes = vocabulary.of_kind(kind) if kind in _HARD else ()
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
            words.soft += tuple(_counted(name, text, language) for text in texts)


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


def _for_whom(
    reading: Reading, situation: Situation, vocabulary: Vocabulary, words: _Words
) -> Iterator[Change]:
    who = reading.for_whom
    if who is None:
        return
    if fold(who) in _MYSELF:
        if situation.recipient is not None:
            yield Drop("recipient")
        return
    yield Recipient(who)
    last = who.split()[-1]
    # "For my dog" says what is looked for where the shop has things for dogs.
    if vocabulary.in_titles(last):
        words.soft += (last,)


_DROPPED: Mapping[str, tuple[tuple[ConstraintKind, ...], tuple[ConstraintKind, ...]]] = (
    MappingProxyType(
        {
            "max": (("max_price",), ("min_price",)),
            "min": (("min_price",), ("max_price",)),
            "brand": (("brand",), ("not_brand",)),
            "not_brand": (("not_brand",), ("brand",)),
            "not": (("not_attribute", "not_word", "not_category"), ()),
            "in_stock": (("in_stock",), ()),
        }
    )
)
"""By what is taken back: the kinds it means, and those it may mean where none of these holds."""


def _drops(reading: Reading, message: str, situation: Situation) -> Iterator[Change]:
    if "all" in reading.drops:
        yield StartOver()
        return
    constraints = situation.constraints.held
    dropped = {
        constraint for name in reading.drops for constraint in _held_of(name, message, situation)
    }
    # The last first: each drop moves the places behind it.
    for place in range(len(constraints), 0, -1):
        if constraints[place - 1] in dropped:
            yield Drop("number", str(place))
    if reading.drops and not dropped:
        yield Drop("attribute", reading.drops[0])  # so that it is said that there is none


def _held_of(name: str, message: str, situation: Situation) -> Sequence[Constraint]:
    """What holds of a kind: those that the message names, else all."""
    constraints = situation.constraints
    if name in _DROPPED:
        kinds, else_kinds = _DROPPED[name]
        of_kind = constraints.of(*kinds) or constraints.of(*else_kinds)
        # The bounds of "about 40" are one wish: they go together.
        sums = {limit.about for limit in of_kind if limit.about is not None}
        of_kind = (*of_kind, *(c for c in constraints.held if c.about in sums and c not in of_kind))
    else:
        # The catalogue's name of an attribute may be another: "farbe" for "colour".
        kind = kind_of(fold(name))
        of_values = constraints.of("attribute", "not_attribute")
        of_kind = tuple(
            constraint for constraint in of_values if kind_of(fold(constraint.name)) == kind
        )
    return [constraint for constraint in of_kind if _is_named(constraint, message)] or of_kind


def _is_named(constraint: Constraint, message: str) -> bool:
    text, words = fold(message), set(tokens(message))
    named = [word for word in (constraint.said, *constraint.values) if tokens(word)]
    # Chinese has no words to compare; elsewhere "tea" is not named by "teapots".
    return any(
        words.issuperset(tokens(word)) or (not word.isascii() and fold(word) in text)
        for word in named
    )
