"""Items that a shopper names by a code: an id, a model number, an SKU, an EAN.

Who types a code wants that product and no other, and neither meaning nor rarity says so: a text
encoder reads "MUG-3" in pieces, and BM25 adds up the pieces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from operator import add

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.tokens import tokens
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.types import Item

__all__ = ["named_rows"]

_MOST_WORDS = 20
"""Of a longer text the first words are looked at: codes are typed, essays are pasted."""

_MOST_ITEMS = 20
"""What stands in more items than that is no code: 1080p, 18650."""

_EDGES = ".,;:!?\"'()[]{}“”„‘’«»"
_MEASURE = re.compile(
    r"[€$£¥ø⌀±~≤≥<>]?\d{1,4}(?:[.,/x×-]\d{1,4})*"
    r"(?:-?[a-zµ]{0,4}|-(?-i:[a-z]+))[²³%°\"'€$£¥]?",
    re.IGNORECASE,
)
"""500ml, 500-ml, 24x24, €100, 2-person: a number with its unit says how large, not which."""

_BETWEEN = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]+")
"""Chinese, Japanese and Korean stand beside a code or a measure without a space: 茶壶500ml."""

_PLAIN = re.compile(r"[a-z0-9._/-]+", re.IGNORECASE)
_RUNS = re.compile(r"[a-z]+|\d+")
_JOINTS = ("", "-", "_", "/", ".", " ")
"""What stands between the parts of an id, where a shopper has left it out or typed another."""

_MOST_RUNS = 6
"""Parts of a code that are joined in every way (32); a code of more is looked for as it stands."""

_LONGEST_LETTERS = 3
"""Letters in a row in a code with spaces: "WH 1000 XM4" is meant as one, "size 42" is not."""


def named_rows(
    query: str,
    row: Mapping[str, int],
    lexical: LexicalSource | None,
    items: Callable[[Iterable[int]], Mapping[int, Item]],
) -> NDArray[np.int64]:
    """The catalogue rows that a query names by a code, int64 ``[k]``, the surest first.

    Args:
        query: the shopper's words.
        row: the row of each id.
        lexical: finds the items in whose texts a code may stand; without it only ids are codes.
        items: looks rows up, to see whether the code really stands there.
    """
    words = [word.strip(_EDGES) for word in query.split()[:_MOST_WORDS]]
    rows: list[int] = []
    for text in dict.fromkeys([query.strip(), *filter(None, words)]):
        alone = text == query.strip()
        code = _is_code(text) or (alone and _is_spaced_code(text))
        if alone or code:
            rows += [row[id] for id in (text, text.upper(), text.lower()) if id in row]
        if code:
            rows += [row[id] for id in _other_spellings(text) if id in row]
        if lexical is not None and (code or (alone and _may_say_which(text))):
            rows += _standing(text, _others(words, text, lexical, len(row)), lexical, items)
    return np.array(list(dict.fromkeys(rows)), np.int64)


def _is_code(word: str) -> bool:
    """Whether a word among others can only be a code.

    >>> [_is_code(word) for word in ("TRA708SST", "18V-55", "4006381333931", "500ml", "tent")]
    [True, True, True, False, False]
    >>> [_is_code(word) for word in ("型号TRA708SST", "茶壶500ml", "500-ml", "€100", "Ø28cm")]
    [True, False, False, False, False]
    """
    parts = _BETWEEN.split(word)
    return any(_says_which(part) and not _MEASURE.fullmatch(part) for part in parts)


def _may_say_which(query: str) -> bool:
    """Whether a whole query may be a code though it looks like a measure: 501, 100-abc."""
    return _says_which(query) and _PLAIN.fullmatch(query) is not None


def _says_which(text: str) -> bool:
    compact = _compact(text)
    return len(compact) >= 3 and not compact.isalpha() and " " not in text


def _is_spaced_code(text: str) -> bool:
    """Whether a whole query is one code that was typed with spaces.

    >>> [_is_spaced_code(text) for text in ("WH 1000 XM4", "mug 3", "28 cm", "size 42", "a tent")]
    [True, True, False, False, False]
    """
    runs = _RUNS.findall(text.lower())
    letters = [len(run) for run in runs if run.isalpha()]
    short = 0 < max(letters, default=0) <= _LONGEST_LETTERS and len(runs) <= _MOST_RUNS
    return short and _is_code(_compact(text))


def _other_spellings(code: str) -> Iterator[str]:
    """Ids that are the code but for what joins its parts, and for capitals: mug3 is MUG-3."""
    runs = _RUNS.findall(code.lower())
    if 1 < len(runs) <= _MOST_RUNS:
        for joined in (joint.join(runs) for joint in _JOINTS):
            yield from (joined.upper(), joined, joined.capitalize())


def _others(
    words: list[str], code: str, lexical: LexicalSource, size: int
) -> list[NDArray[np.int64]]:
    """Rows that hold each telling word of the query but the code; a tenth of all tells nothing."""
    rest = dict.fromkeys(token for word in words if word != code for token in tokens(word))
    return [rows for token in rest if len(rows := lexical.rows(token)) * 10 <= size]


def _compact(text: str) -> str:
    return "".join(_RUNS.findall(text.lower()))


def _standing(
    code: str,
    others: list[NDArray[np.int64]],
    lexical: LexicalSource,
    items: Callable[[Iterable[int]], Mapping[int, Item]],
) -> list[int]:
    """Rows of the items in whose title, brand or attributes the code stands; the surest first.

    As it is typed, and as a whole ("SML-C2", but not the beginning of SML-C2-250), before other
    spellings of it; then what holds more of the other words ("cover for TRA708SST" is a cover, not
    the grill); then in a title before other fields.
    """
    runs = _RUNS.findall(code.lower())
    ways = [tokens(code), *map(tokens, _joined(runs))]
    rows = {int(row) for way in ways for row in _holding(way, lexical)}
    if not 0 < len(rows) <= _MOST_ITEMS:
        return []
    form = re.compile(rf"(?<![a-z0-9]){'[^a-z0-9]*'.join(map(re.escape, runs))}(?![a-z0-9])")
    whole = re.compile(rf"(?<![a-z0-9/-]){re.escape(code.lower())}(?![a-z0-9/-])")

    def surest(item: Item) -> tuple[int, int] | None:
        texts = (item.title.lower(), _fields(item))
        places = (
            (spelling, field)
            for spelling, pattern in enumerate((whole, form))
            for field, text in enumerate(texts)
            if pattern.search(text)
        )
        return next(places, None)

    surest_places = {row: surest(item) for row, item in items(sorted(rows)).items()}
    others_held = {row: sum(row in holding for holding in others) for row in surest_places}
    standing = [
        (place[0], -others_held[row], place[1], row)
        for row, place in surest_places.items()
        if place
    ]
    return [row for *_, row in sorted(standing)]


def _joined(runs: list[str]) -> Iterator[str]:
    """The parts of a code, each joined to the next or not: WH-1000XM4 stands there as wh 1000xm4.

    "MUG-3" may stand there as MUG3, and the other way round; each is another set of tokens.
    """
    ways = (" ", "") if len(runs) <= _MOST_RUNS else ()
    for joints in product(ways, repeat=len(runs) - 1):
        yield "".join(map(add, ("", *joints), runs))
    if not ways:
        yield from (" ".join(runs), "".join(runs))


def _holding(way: list[str], lexical: LexicalSource) -> NDArray[np.int64]:
    """The rows that hold all tokens, the rarest first so that little is compared."""
    postings = sorted((lexical.rows(token) for token in dict.fromkeys(way)), key=len)
    rows = postings[0] if postings else np.empty(0, np.int64)
    for others in postings[1:]:
        rows = np.intersect1d(rows, others, assume_unique=True)
    return rows


def _fields(item: Item) -> str:
    values = (value for several in item.attributes.values() for value in several)
    return "\n".join((item.brand or "", *values)).lower()
