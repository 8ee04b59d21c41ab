"""The item ids that look most like one that is unknown: for a hint after a slip of the finger."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import takewhile

import sqlalchemy as sa

from llmrec.catalog.schema import items
from llmrec.catalog.store import CatalogStore

__all__ = ["nearest_ids"]

_LIKE = 0.6
"""The ratio of :mod:`difflib` from which two ids are like each other."""

_LOOKED_AT = 500
"""Ids of one beginning that are compared letter by letter; more would be slow and no nearer."""


def nearest_ids(store: CatalogStore, id: str, n: int = 3) -> list[str]:
    """Up to ``n`` known ids that look like ``id``, the likest first.

    Looked for among the ids that begin the same (in any case of letters), then among those that
    share half of that beginning, and so on down to the first ids of the catalogue.
    """
    for halvings in range(len(id).bit_length() + 1):
        known = _beginning(store, id[: len(id) >> halvings])
        if found := _likest(id.casefold(), known, n):
            return [known[key] for key in found]
    return []


def _likest(id: str, known: Iterable[str], n: int) -> list[str]:
    """Among equally like ones that which is the same for longer."""
    likeness = {name: ratio for name in known if (ratio := _ratio(id, name)) >= _LIKE}
    like = list(likeness)
    like.sort(key=lambda name: (-likeness[name], -_same_beginning(id, name), name))
    return like[:n]


def _ratio(id: str, other: str) -> float:
    """The likeness; 0 where the lengths or the letters alone say that it is too small.

    To compare two ids in full takes the product of their lengths.
    """
    matcher = SequenceMatcher(None, id, other)
    bounds = (matcher.real_quick_ratio, matcher.quick_ratio)
    return matcher.ratio() if all(bound() >= _LIKE for bound in bounds) else 0.0


def _same_beginning(name: str, other: str) -> int:
    pairs = zip(name, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _beginning(store: CatalogStore, start: str) -> dict[str, str]:
    """Ids that begin so, by their folded form."""
    query = sa.select(items.c.id).where(items.c.id.istartswith(start, autoescape=True))
    pages = store.stream_rows(query.order_by(items.c.id).limit(_LOOKED_AT), _LOOKED_AT)
    return {row[0].casefold(): row[0] for rows in pages for row in rows}
