"""What a file changes of items that the catalogue has: the fields that it names, and no others.

A column names its field for all rows of the file. A blank cell in it clears the field; a field
without a column, and a cell that a row does not have at all, leave it as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

from llmrec.ingest.merging import Built
from llmrec.ingest.readers import ABSENT
from llmrec.ingest.recognise import ATTRIBUTE_PREFIX, FilePlan
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.rows import FURTHER_CATEGORIES
from llmrec.types import Item

__all__ = ["Drafting", "ItemDraft", "Settled", "settled"]

V = TypeVar("V")

_FIELDS = (
    "title", "brand", "category", "description", "price", "currency", "language", "stock", "url",
    "image_url", "added_at",
)  # fmt: skip
_MADE_OF = (("price", "price"), ("sale", "price"), ("avail", "stock"), ("option", "attributes"),
            ("variation", "attributes"), ("features", "description"))  # fmt: skip
"""Beginnings and parts of a shape's helping fields -> the field that they are about."""

_BATCH = 2_000
Settled = tuple["list[Item]", "list[tuple[int, BadRow]]"]


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """What a file says of an item.

    Attributes:
        item: with nothing in the fields that are not named; without a title if it says none.
        named: fields it speaks of, and ``attributes.NAME`` for single attributes.
    """

    item: Item
    named: frozenset[str]


class Drafting:
    """Makes drafts of a file's items.

    Args:
        plan: of the file.
        currency: what ``ingest.currency`` alone says of its prices: it is not the file's word, so
            that an item keeps a currency that it has.
    """

    def __init__(self, plan: FilePlan, currency: str | None = None) -> None:
        self._fields = [
            (_field_of(ours), [plan.selected.index(name) for name in those])
            for ours, those in plan.columns.items()
        ]
        self._fields += [
            (field, [plan.selected.index(name) for name in plan.columns["variants"]])
            for field in ("price", "stock", "attributes")
            if "variants" in plan.columns
        ]
        self._currency = currency
        self._title = plan.columns.get("title", ("title",))[0]
        self.named = frozenset(field for field, _ in self._fields)
        self._lacking: dict[tuple[int, ...], frozenset[str]] = {(): self.named}

    def row(
        self,
        build: Callable[[int, Sequence[Any]], Item],
        unread: Callable[[], tuple[int, ...]] = tuple,
    ) -> Callable[[int, Sequence[Any]], ItemDraft]:
        """``build`` for drafts: a row names the fields of those columns that it has.

        What could not be read is not named either: a slip in a price list clears no price.
        """

        def draft(row: int, values: Sequence[Any]) -> ItemDraft:
            item = build(row, values)
            absent = tuple([i for i, value in enumerate(values) if value is ABSENT])
            named = self._lacking.get(absent)
            if named is None:
                named = self._lacking[absent] = self._named_without(set(absent))
            return ItemDraft(item, self._less_unread(item, named, unread()))

        return draft

    def whole(
        self, items: Built[Item], unread: Callable[[], tuple[int, ...]] = tuple
    ) -> Built[ItemDraft]:
        """Drafts of items of several rows, which name all that the file has columns for.

        Args:
            items: of a file.
            unread: the places of the cells that could not be read in the rows of the last one.
        """
        for row, item in items:
            if isinstance(item, BadRow):
                yield row, item
            else:
                yield row, ItemDraft(item, self._less_unread(item, self.named, unread()))

    def _less_unread(
        self, item: Item, named: frozenset[str], unread: tuple[int, ...]
    ) -> frozenset[str]:
        """``named`` without the fields that have nothing because a cell could not be read."""
        if unread:
            lost = {field for field, places in self._fields if not set(unread).isdisjoint(places)}
            named -= {field for field in lost if _lacks(item, field)}
        # A row says what its own price is in: without one it says nothing of an older price.
        return named if "price" in named or "currency" not in named else named - {"currency"}

    def onto(self, old: Item | None, draft: ItemDraft) -> Item | BadRow:
        """The item that ``draft`` makes of ``old``."""
        new, named = draft.item, draft.named
        if not new.title and old is None:
            return BadRow("the title is missing", field=self._title)
        if old is None:
            return new
        kept: dict[str, Any] = {
            name: getattr(old, name)
            for name in _FIELDS
            if name not in named and not getattr(new, name)
        }
        if not new.title:
            kept["title"] = old.title  # an item has one always
        if "currency" not in named and new.currency == self._currency and old.currency:
            kept["currency"] = old.currency
        if "language" not in named and old.language:
            kept["language"] = old.language
        if "attributes" not in named:
            kept["attributes"] = _attributes(old.attributes, new.attributes, named)
        return replace(new, **kept)

    def _named_without(self, absent: set[int]) -> frozenset[str]:
        return frozenset(field for field, places in self._fields if not absent.issuperset(places))


def settled(
    drafts: Built[ItemDraft],
    drafting: Drafting,
    others: Callable[[Mapping[str, Item]], Mapping[str, Item]],
) -> Iterator[Settled]:
    """Drafts as the items that they become, in batches, with the rows that cannot be used.

    A batch must be written before the next is asked for: the next looks for what it made.

    Args:
        drafts: of a file.
        drafting: that made them.
        others: for items by their ids, those that the catalogue has under these ids and that are
            not the same.
    """
    source: Iterable[tuple[int, ItemDraft | BadRow]] = drafts
    source = iter(source)
    while batch := list(islice(source, _BATCH)):
        first: dict[str, Item] = {}
        for _, draft in batch:
            if isinstance(draft, ItemDraft):
                first.setdefault(draft.item.id, draft.item)
        old = dict(others(first))
        good: list[Item] = []
        bad: list[tuple[int, BadRow]] = []
        for row, draft in batch:
            made = (
                draft if isinstance(draft, BadRow) else drafting.onto(old.get(draft.item.id), draft)
            )
            if isinstance(made, BadRow):
                bad.append((row, made))
            else:
                old[made.id] = made
                good.append(made)
        yield good, bad


def _lacks(item: Item, field: str) -> bool:
    if field == "attributes":
        return True  # what other columns say goes beside those that it has
    if field.startswith(ATTRIBUTE_PREFIX):
        return not item.attributes.get(field.removeprefix(ATTRIBUTE_PREFIX))
    return getattr(item, field, None) in (None, "", (), {})


def _field_of(ours: str) -> str:
    if ours in _FIELDS or ours.startswith(ATTRIBUTE_PREFIX):
        return ours
    return next((field for part, field in _MADE_OF if part in ours), ours)


def _attributes(old: Mapping[str, V], new: Mapping[str, V], named: frozenset[str]) -> dict[str, V]:
    """``old`` with what is named replaced, in its order: the same content is the same text."""
    kept = {
        name: new.get(name, value)
        for name, value in old.items()
        if name in new
        or (
            ATTRIBUTE_PREFIX + name not in named
            # Further paths come and go with the category.
            and not (name == FURTHER_CATEGORIES and "category" in named)
        )
    }
    return {**kept, **new}
