"""Items as they come and go over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints

from llmrec.catalog.ids import MAX_ID_CHARS
from llmrec.catalog.values import split_values
from llmrec.server.bodies.base import (
    MAX_ITEMS,
    NO_NUL,
    AtFirstFault,
    Body,
    ItemId,
    Moment,
    Out,
    Price,
    Whole,
)
from llmrec.types import Item

__all__ = [
    "ItemChange",
    "ItemFields",
    "ItemOut",
    "ItemRow",
    "ItemsBody",
    "ItemsPageOut",
    "ItemsQuery",
    "WrittenOut",
]

_Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
_Title: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000, pattern=NO_NUL)
]
_Text: TypeAlias = Annotated[str, StringConstraints(max_length=20_000, pattern=NO_NUL)]
_Value: TypeAlias = Annotated[str, StringConstraints(max_length=1_000, pattern=NO_NUL)]
_Values: TypeAlias = _Value | Annotated[tuple[_Value, ...], Field(max_length=100)]
_Url: TypeAlias = Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL)]
_Category: TypeAlias = Annotated[tuple[_Name, ...], AtFirstFault]
_Currency: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
_Stock: TypeAlias = Annotated[Whole, Field(ge=0, le=10**9)]

_KETTLE: dict[str, Any] = {
    "title": "Kettle, 1.2 l",
    "brand": "Acme",
    "category": ["Kitchen", "Tea"],
    "description": "Steel, with a wooden handle.",
    "price": "39.90",
    "currency": "EUR",
    "language": "en",
    "stock": 12,
    "attributes": {"colour": "black", "capacity": ["1.2 l", "1.7 l"]},
}
_ATTRIBUTES = (
    "by name a list of values, kept as it is; a text is one value, or several if it is a list such "
    "as 'S, M, L'"
)


class ItemFields(Body):
    """All of an item but its id; what is left out is unknown."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KETTLE]})

    title: _Title
    brand: _Name | None = None
    category: _Category = Field((), max_length=20, description="general to specific")
    description: _Text = ""
    price: Price | None = None
    currency: _Currency | None = Field(None, description="ISO 4217")
    language: _Name | None = Field(None, description="BCP 47, e.g. de")
    stock: _Stock | None = Field(None, description="a count; null: the shop does not say")
    attributes: dict[_Name, _Values] = Field(
        default_factory=dict, max_length=100, description=_ATTRIBUTES
    )
    url: _Url | None = None
    image_url: _Url | None = None
    added_at: Moment | None = Field(None, description="from 1990 to now")

    def item(self, id: str) -> Item:
        """The item of these fields."""
        sent = {name: getattr(self, name) for name in ItemFields.model_fields}
        return Item(id=id, **{**sent, "attributes": _listed(self.attributes)})


class ItemRow(ItemFields):
    """An item with its id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "KETTLE-01", **_KETTLE}]})

    id: ItemId


class ItemsBody(Body):
    """Items to add or to replace; the same id twice: the later wins."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"id": "KETTLE-01", **_KETTLE}]}]}
    )

    items: tuple[ItemRow, ...] = Field(min_length=1, max_length=MAX_ITEMS, fail_fast=True)


class ItemChange(Body):
    """Fields to change; those that are left out stay, null makes one unknown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"price": "34.90", "stock": 0}]})

    title: _Title | None = None
    brand: _Name | None = None
    category: _Category | None = Field(None, max_length=20)
    description: _Text | None = None
    price: Price | None = None
    currency: _Currency | None = None
    language: _Name | None = None
    stock: _Stock | None = None
    attributes: dict[_Name, _Values] | None = Field(None, max_length=100, description=_ATTRIBUTES)
    url: _Url | None = None
    image_url: _Url | None = None
    added_at: Moment | None = Field(None, description="from 1990 to now")

    def applied(self, item: Item) -> Item:
        """``item`` with the fields that were sent."""
        empty = {"category": (), "description": "", "attributes": {}}
        sent: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if sent.get("title", item.title) is None:
            del sent["title"]  # an item has one always
        for name, value in sent.items():
            sent[name] = empty.get(name) if value is None else value
        if "attributes" in sent:
            sent["attributes"] = _listed(sent["attributes"])
        return replace(item, **sent)


class ItemOut(Out):
    """An item of the catalogue."""

    id: str
    title: str
    brand: str | None
    category: tuple[str, ...]
    description: str
    price: Decimal | None
    currency: str | None
    language: str | None
    stock: int | None
    attributes: dict[str, tuple[str, ...]]
    url: str | None
    image_url: str | None
    added_at: datetime | None


def _listed(attributes: dict[str, str | tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        name: split_values(value, name) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


class ItemsQuery(Body):
    """Which part of the catalogue."""

    text: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = Field(
        "", description="words that the items must hold, best first; empty: all, by id"
    )
    after: Annotated[str, StringConstraints(max_length=MAX_ID_CHARS, pattern=NO_NUL)] = Field(
        "", description="goes on behind this id; without text"
    )
    limit: int = Field(20, ge=1, le=100)


class ItemsPageOut(Out):
    """Items of the catalogue, and how many it has in all; ``after`` asks for the next page."""

    items: tuple[ItemOut, ...]
    after: str | None
    total: int


class WrittenOut(Out):
    """What became of the rows that were sent; the three add up to their number."""

    added: int
    updated: int
    unchanged: int
