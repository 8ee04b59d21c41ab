"""The filters as command-line flags, shared by the commands that recommend."""

from __future__ import annotations

from typing import Annotated

import typer

from llmrec.errors import HistoryError
from llmrec.requests import as_filters
from llmrec.types import Filters

__all__ = [
    "Attributes",
    "Brands",
    "Categories",
    "InStock",
    "Languages",
    "MaxPrice",
    "MinPrice",
    "NotAttributes",
    "NotBrands",
    "NotWords",
    "build_filters",
]

_PANEL = "Filters (hard: nothing that violates one comes back)"


def _option(*names: str, text: str) -> object:
    return typer.Option(*names, help=text, rich_help_panel=_PANEL, show_default=False)


Categories = Annotated[list[str] | None, _option("--category", text="Any step of the path.")]
Brands = Annotated[list[str] | None, _option("--brand", text="Only these brands; repeatable.")]
NotBrands = Annotated[list[str] | None, _option("--not-brand", text="None of these brands.")]
NotWords = Annotated[
    list[str] | None, _option("--not-word", text="No title with this word or phrase; repeatable.")
]
MinPrice = Annotated[str | None, _option("--min-price", text="At least, e.g. 10.")]
MaxPrice = Annotated[str | None, _option("--max-price", text="At most, e.g. 39.90.")]
InStock = Annotated[bool, _option("--in-stock", text="Only what can be delivered.")]
Languages = Annotated[list[str] | None, _option("--language", text="Of the product's text: de.")]
Attributes = Annotated[list[str] | None, _option("--attribute", text="name=value; repeatable.")]
NotAttributes = Annotated[
    list[str] | None,
    _option("--not-attribute", text="name=value: of sizes, what comes in no other; repeatable."),
]


def build_filters(
    *,
    categories: list[str] | None = None,
    brands: list[str] | None = None,
    not_brands: list[str] | None = None,
    not_words: list[str] | None = None,
    min_price: str | None = None,
    max_price: str | None = None,
    in_stock: bool = False,
    languages: list[str] | None = None,
    attributes: list[str] | None = None,
    not_attributes: list[str] | None = None,
    allow_seen: bool = False,
) -> Filters:
    """Put the flags together.

    Raises:
        HistoryError: a value cannot be understood; names the flag.
    """
    given = {
        "categories": categories,
        "brands": brands,
        "not_brands": not_brands,
        "not_words": not_words,
        "min_price": min_price,
        "max_price": max_price,
        "in_stock": in_stock,
        "languages": languages,
        "attributes": _pairs("--attribute", attributes),
        "not_attributes": _pairs("--not-attribute", not_attributes),
        "allow_seen": allow_seen,
    }
    return as_filters({name: value for name, value in given.items() if value})


def _pairs(flag: str, given: list[str] | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in given or []:
        name, equals, value = pair.partition("=")
        if not (equals and name and value):
            raise HistoryError(
                f"'{pair}' is not of the form name=value.",
                field=flag,
                hint=f"Write {flag} colour=blue.",
            )
        found[name] = (*found.get(name, ()), value)
    return found
