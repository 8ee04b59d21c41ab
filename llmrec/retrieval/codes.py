"""Items that a shopper names by a code: an id, a model number, an SKU, an EAN.

Who types a code wants that product and no other, and neither meaning nor rarity says so: a text
encoder reads "MUG-3" in pieces, and BM25 adds up the pieces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

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
_MEASURE = re.compile(r"\d{1,4}(?:[.,/x×-]\d{1,4})*[a-z%°\"']{0,4}", re.IGNORECASE)
"""500ml, 12v, 24x24, 1/2": a number with its unit says how large, not which."""

_RUNS = re.compile(r"[a-z]+|\d+")


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
        if alone or _is_code(text):
            rows += [row[id] for id in (text, text.upper(), text.lower()) if id in row]
        if lexical is not None and (_is_code(text) or (alone and _says_which(text))):
            rows += _standing(text, lexical, items)
    return np.array(list(dict.fromkeys(rows)), np.int64)


def _is_code(word: str) -> bool:
    """Whether a word among others can only be a code.

    >>> [_is_code(word) for word in ("TRA708SST", "18V-55", "4006381333931", "500ml", "tent")]
    [True, True, True, False, False]
    """
    return _says_which(word) and not _MEASURE.fullmatch(word)


def _says_which(text: str) -> bool:
    compact = _compact(text)
    return len(compact) >= 3 and not compact.isalpha() and " " not in text


def _compact(text: str) -> str:
    return "".join(_RUNS.findall(text.lower()))


def _standing(
    code: str, lexical: LexicalSource, items: Callable[[Iterable[int]], Mapping[int, Item]]
) -> Iterator[int]:
    """Rows of the items in whose title, brand or attributes the code stands; the surest first.

    As it is typed, and as a whole ("SML-C2", but not the beginning of SML-C2-250), before other
    spellings of it; in a title before other fields.
    """
    runs = _RUNS.findall(code.lower())
    # "MUG-3" may stand there as MUG3, and the other way round; each is another set of tokens.
    ways = (tokens(code), tokens(" ".join(runs)), tokens("".join(runs)))
    rows = {int(row) for way in ways for row in _holding(way, lexical)}
    if not 0 < len(rows) <= _MOST_ITEMS:
        return
    form = re.compile(rf"(?<![a-z0-9]){'[^a-z0-9]*'.join(map(re.escape, runs))}(?![a-z0-9])")
    whole = re.compile(rf"(?<![a-z0-9/-]){re.escape(code.lower())}(?![a-z0-9/-])")
    found = items(sorted(rows))
    for pattern in (whole, form):
        yield from (row for row, item in found.items() if pattern.search(item.title.lower()))
        yield from (row for row, item in found.items() if pattern.search(_fields(item)))


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
