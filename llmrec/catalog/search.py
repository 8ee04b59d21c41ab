"""A plain word search over items, as SQL that both databases understand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from llmrec.catalog.schema import items

__all__ = ["search_statement"]

_FIELDS = (items.c.title, items.c.brand, items.c.category, items.c.description)


def search_statement(words: Sequence[str], limit: int) -> sa.Select[Any]:
    """Select items that hold every word somewhere, most words in the title first."""
    one_or_none = (sa.case((_holds(items.c.title, word), 1), else_=0) for word in words)
    in_title: sa.ColumnElement[int] = sum(one_or_none, start=sa.literal(0))
    everywhere = [sa.or_(*(_holds(field, word) for field in _FIELDS)) for word in words]
    order = (sa.desc(in_title), sa.func.length(items.c.title), items.c.id)
    return sa.select(items).where(*everywhere).order_by(*order).limit(limit)


def _holds(field: Any, word: str) -> sa.ColumnElement[bool]:
    # SQLite folds the case of ASCII alone, hence the usual spellings of words such as "Öl".
    spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    return sa.or_(*(field.icontains(spelling, autoescape=True) for spelling in sorted(spellings)))
