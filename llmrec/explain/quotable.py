"""What may be quoted of a product: sentences of its description that stand alone, and its fields.

Shop text is not all facts. Sales talk, the trouble that an advertisement begins with, promises
about shipping, prices that were true once, the maker's history and remains of a page say nothing
about the product, nor does its title once more; they are never quoted. Nothing here asks who the
shopper is: see :mod:`llmrec.explain.choice`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from llmrec.explain.claims import language_of
from llmrec.explain.patterns import CARE, CAUTION, FOOTNOTE, NO_FACT, OF_TROUBLE
from llmrec.explain.phrases import PHRASES
from llmrec.explain.repeats import repeats_title
from llmrec.explain.sentences import runs_of, sentences_of
from llmrec.linear import bounded
from llmrec.types import Item, Language

__all__ = ["Quotable", "quotable_sentences", "text_language"]

MOST = {"en": 240, "de": 240, "zh": 90}
"""Characters of a quotation; a card has room for two lines."""

_FEWEST_WORDS, _FEWEST_CHINESE = 2, 3
_MOST_COMMAS = 10
_CHINESE_END = bounded("[。！？][”’」》）]{0,3}$")

_LOUD = bounded(
    r"\b(?:[A-ZÄÖÜ]{5,40}|BIG|NEW|ADD|NOT|ALL|AND|FREE|BEST|ANY|ONLY|EASY|MORE|VERY|MUST|SIZE|YOU)\b"
)
_OPENERS = (
    "The|This|These|Those|Its|Our|Your|You|We|That|When|Every|With|Make|Keep|Use|Get|Add|Give|Create"
    "|Store|Take|Find|Choose|Enjoy|Perfect for|Great for|Ideal for|Designed|Made"
)

# Marks of a page or of a template, entities, columns, a text that breaks off, hidden characters.
_BROKEN = bounded(
    r"[<>{}\[\]|\\^~_=\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd\ue000-\uf8ff]"
    r"|&#?\w{1,8};|\.\.|\s\.|[^\W_]{2}\.[A-Z][a-z]|…|\?|？|!|！|--|：\S*：|:[^:]*:|\s[-–]\s.*\s[-–]\s"
    # Words run together, a comma apart from its word, the label of a page's part, its heading.
    r"|\d[a-z]{5,40}|\w\s,\s|^(?:Description|Features?|Beschreibung|Eigenschaften|Hinweis)\s?:"
    r"|^(?:[A-Z]{3,40}\s){2,40}|\d-\s|^Contact\s"
    # A word glued to what stands in brackets, an item's number, a lost ×.
    r"|[^\W\d_]{3}\((?!s\)|R\)|TM\))[^\W\d_]{2}|\)-[A-Za-z]|^\d{1,2}[.)]\s|\d\.[A-Z]|\b(\d{2,40})\s\1\b"
    r"|\d\s?in\.$|^[^.,;:]{3,80}[a-z] The [A-Z]\w+ [A-Z]\w+"
    # Apostrophes that a page has lost: "youll", "its not".
    r"|\b(?:[Yy]ou(?:ll|re|ve)|[Tt]hey(?:ll|re)|[Ww]ont|[Dd]ont|[Dd]oesnt|[Aa]rent|[Ii]snt|[Cc]ant"
    r"|[Ww]hats|[Tt]heres|[Ww]eve|[Ii]ts (?:not|a|an|the|like|easy|so|just|time))\b"
    r"|\)\s[A-Z][\w’']*\s[A-Z]\w+\s|^Fact\s?:"
    # A heading that runs into its sentence: "Built To Last The frame is ...".
    rf"|[^\W\d_][\w’']*\s(?:{_OPENERS})\s(?:[a-z]|[A-Z]\w+\s[a-z])"
    r"|^(\w{4,40})\s(?:\S+\s){2,9}?\2\s(?:[A-Z]\S+\s){0,3}(?:is|are|has|have|makes?|comes?)\b"
    r"|\b([A-Z]\w+[®™]? [A-Z]\w+)[®™]?\s(?:\w+[®™]?\s){0,6}\3\b"
    # Of a whole range, and not of this.
    r"|^Our (?:wide|new|mega\S*|range|large|huge|line|selection|variety|collection|full|premium)\b"
    r"|^(?:Also )?[Aa]vailable in\b|^We\b|^Our (?:goal|aim|promise|philosophy)\b"
    r"|\b(?:chair|product|item|it|pen|bag|box) have\b"
)
_REFUSED = (_BROKEN, FOOTNOTE, NO_FACT, OF_TROUBLE)
_CHINESE = bounded("[\u4e00-\u9fff]")
_LATIN_WORD = bounded(r"[A-Za-z]{2,40}")
_BEGINS = bounded(r"[^\W_]|[\"“„('’]")
_PAUSE = bounded(r"[,;，；：。]|\.\s|\sbut\s|\saber\s")
_ENGLISH_WORDS = (
    "the and of for with is to in it on you your that from are an as at or by no not one two all "
    "its when so into out up can"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_ENGLISH_ALONE = _ENGLISH - {"in", "an", "all", "so", "one", "on"}
# Only words that German does not have.
_HEADLINE_WORDS, _HEADLINE = 5, 0.6
"""Words, and the share of them with capitals, from which a sentence is a title."""

_ROMANCE_WORDS = "le la les et avec pour une dans de aux con di il per della delle y el los"
_ROMANCE = frozenset(_ROMANCE_WORDS.split())
_SPEAKS = 0.1
"""The share of such words from which a text is in that language."""


@dataclass(frozen=True, slots=True)
class Quotable:
    """What may be said of a product in the shop's own words.

    Attributes:
        text: as it stands in the field, white space folded.
        evidence: as :class:`~llmrec.types.Words` names it: ``sentence:<n>`` from 0, or a field.
        cautions: whether it begins with what speaks against the product or asks for care; such a
            sentence must not stand where praise is expected.
    """

    text: str
    evidence: tuple[str, ...]
    cautions: bool = False


def quotable_sentences(item: Item, language: Language) -> tuple[Quotable, ...]:
    """The sentences that may be quoted for a shopper who reads ``language``, in their order.

    None where the description is in another language. Some come twice: alone and with one that
    leans on them.
    """
    if text_language(item) != language:
        return ()
    return _quotable(item.title, item.description, language)


def text_language(item: Item) -> Language | None:
    """The language of the description, ``None`` if it is none of ours.

    The tag says it; where the text itself speaks another of our languages, the text does.
    """
    spoken = language_of(item.description)
    if spoken != "en":
        return "zh" if spoken == "zh" else "de"
    tag = re.split(r"[-_]", (item.language or "").casefold())[0]
    words = re.findall(r"[^\W\d_]+", item.description[:2_000].casefold())
    if tag == "de" and (foreign := _foreign_to_german(words)):
        return None if foreign == "other" else "en"
    if tag:
        return next(
            (language for language in PHRASES if language == tag and language != "zh"), None
        )
    return "en" if _share_of(_ENGLISH, words) >= _SPEAKS else None


def _foreign_to_german(words: Sequence[str]) -> Literal["en", "other"] | None:
    """What a text that is called German, and has no German in it, speaks instead."""
    if _share_of(_ENGLISH_ALONE, words) >= _SPEAKS:
        return "en"
    return "other" if _share_of(_ROMANCE, words) >= _SPEAKS else None


def _share_of(known: frozenset[str], words: Sequence[str]) -> float:
    return sum(word in known for word in words) / max(len(words), 1)


# The same products come in answer after answer; a text takes some milliseconds.
@lru_cache(maxsize=2_048)
def _quotable(title: str, description: str, language: Language) -> tuple[Quotable, ...]:
    sentences = sentences_of(description)
    quotables: dict[str, Quotable] = {}
    for run in runs_of(sentences, title):
        text = _joined_as_written([sentences[place].text for place in run])
        if text not in quotables and _is_fact(text, title, language):
            evidence = tuple(f"sentence:{place}" for place in run)
            quotables[text] = Quotable(text, evidence, _cautions(text))
    return tuple(quotables.values())


def _is_fact(text: str, title: str, language: Language) -> bool:
    if len(text) > MOST[language] or any(pattern.search(text) for pattern in _REFUSED):
        return False
    if _shouts(text, title) or repeats_title(text, title):
        return False
    if language == "en" and _is_headline(text):
        return False
    return _is_sentence(text, language)


def _is_sentence(text: str, language: Language) -> bool:
    signs = len(_CHINESE.findall(text))
    if language == "zh":
        # A name in Latin letters is at home in a Chinese sentence, an English sentence is not.
        return signs >= max(_FEWEST_CHINESE, 2 * len(_LATIN_WORD.findall(text)))
    return not signs and _begins_well(text) and _few_commas(text) and _balanced(text)


def _begins_well(text: str) -> bool:
    letters = next((char for char in text if char.isalpha()), "")
    begins = not letters.islower() or text[:1].isdigit()
    return begins and bool(_BEGINS.match(text)) and len(text.split()) >= _FEWEST_WORDS


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and _quotes(text) % 2 == 0


def _quotes(text: str) -> int:
    """Quotation marks, without those that mean inches."""
    return len(re.findall(r"(?<!\d)(?<!\d[ ½¼¾])\"", text))


def _few_commas(text: str) -> bool:
    return text.count(",") <= _MOST_COMMAS and text.count(";") <= 2


def _shouts(text: str, title: str) -> bool:
    """Capitals for half of the letters, or a word of them that is no name and no abbreviation."""
    letters = [char for char in text if char.isalpha()]
    loud = sum(char.isupper() for char in letters)
    name = title.casefold()
    return loud * 2 > len(letters) or any(
        word.casefold() not in name for word in _LOUD.findall(text)
    )


def _is_headline(text: str) -> bool:
    """Whether most words have capitals: a title, or a list of what is in the box."""
    words = re.findall(r"[^\W\d_][\w’'-]*", text)
    capitals = sum(word[0].isupper() for word in words)
    return len(words) >= _HEADLINE_WORDS and capitals >= _HEADLINE * len(words)


def _cautions(text: str) -> bool:
    first = _PAUSE.split(text, maxsplit=1)[0]
    return bool(CAUTION.search(first) or CARE.search(text))


def _joined_as_written(texts: Sequence[str]) -> str:
    """Sentences in a row: behind a Chinese full stop there is no space."""
    joined = texts[0]
    for text in texts[1:]:
        joined += text if _CHINESE_END.search(joined) else f" {text}"
    return joined
