"""The demo store's names and three of its products on the screen, and changes in a few words."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache

from llmrec.agent.asking import shown_by
from llmrec.agent.constraints import Vocabulary
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
    Unwanted,
    Values,
    Wish,
    Without,
    WithoutCategory,
)
from llmrec.agent.state import Situation
from llmrec.catalog.values import split_values
from llmrec.demo import items_files
from llmrec.types import Item


@lru_cache(maxsize=1)
def demo_items() -> tuple[Item, ...]:
    lines = [line for path in items_files() for line in path.read_text("utf-8").splitlines()]
    rows = [json.loads(line) for line in lines if line]
    return tuple(
        Item(
            id=row["id"],
            title=row["title"],
            brand=row.get("brand"),
            category=tuple(row["category"]),
            price=Decimal(row["price"]),
            currency=row["currency"],
            attributes={
                name: split_values(text, name) for name, text in row.get("attributes", {}).items()
            },
            stock=row.get("stock"),
            language=row.get("language"),
        )
        for row in rows
    )


@lru_cache(maxsize=1)
def demo_vocabulary() -> Vocabulary:
    return Vocabulary.of_items(demo_items())


@lru_cache(maxsize=1)
def demo_situation() -> Situation:
    """Something for tea is looked for; shown are 1 a dripper, 2 a carafe, 3 a tea."""
    by_id = {item.id: item for item in demo_items()}
    return Situation(
        words=("something for tea",),
        shown=shown_by([by_id[id] for id in ("KIT-001", "KIT-002", "KIT-501")]),
    )


def spoken(change: Change) -> str:
    """A change in a few words."""
    sign = "" if getattr(change, "wanted", True) else "not "
    if isinstance(change, (AtMost, AtLeast)):
        word = "at most" if isinstance(change, AtMost) else "at least"
        return f"{word} {change.amount} {change.currency or ''}".rstrip()
    if isinstance(change, Than):
        than = f" than {_number(change.reference)}" if change.reference else ""
        return f"{change.direction}{than}"
    if isinstance(change, Brands):
        return f"{sign}brand {' | '.join(change.names)}"
    if isinstance(change, Values):
        return f"{sign}{change.name} {change.said} ({len(change.values)})"
    if isinstance(change, Wish):
        return f"ideally {change.text}"
    if isinstance(change, Without):
        return f"no “{change.words}”"
    if isinstance(change, WithoutCategory):
        return f"not in {change.name}"
    if isinstance(change, Drop):
        return f"drop {change.kind}{f' {change.name}' if change.name else ''}"
    if isinstance(change, Unwanted):
        return f"unwanted {_number(change.reference)}"
    if isinstance(change, MoreLike):
        return f"more like {_number(change.reference)}"
    if isinstance(change, Recipient):
        return f"for {change.who or 'somebody'}"
    return {InStock: "in stock", NewQuest: "new quest", StartOver: "start over"}[type(change)]


def _number(reference: Reference) -> str:
    return "that" if reference.number is None else str(reference.number)
