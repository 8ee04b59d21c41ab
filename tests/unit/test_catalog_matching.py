"""The meaning of each filter, by examples that do not come from the code."""

from decimal import Decimal
from typing import Any

import pytest

from llmrec.catalog.matching import matches
from llmrec.types import Filters, Item

KETTLE = Item(
    id="kettle",
    title="Kettle",
    brand="Größe",
    category=("Home", "Kitchen", "Tea"),
    price=Decimal("40"),
    currency="EUR",
    language="de-AT",
    stock=2,
    attributes={"Colour": "Red", "size": "1 l"},
)
BARE = Item(id="bare", title="Bare")


@pytest.mark.parametrize(
    ("filters", "kettle", "bare"),
    [
        ({}, True, True),
        ({"categories": ["kitchen"]}, True, False),
        ({"categories": ["garden", "TEA"]}, True, False),
        ({"categories": ["kit"]}, False, False),
        ({"not_categories": ["home"]}, False, True),
        ({"brands": ["GRÖSSE"]}, True, False),
        ({"brands": ["gro\u0308sse"]}, True, False),
        ({"not_brands": ["größe"]}, False, True),
        ({"min_price": "40"}, True, False),
        ({"min_price": "40.01"}, False, False),
        ({"max_price": "40"}, True, False),
        ({"max_price": "39.99"}, False, False),
        ({"currency": "EUR"}, True, False),
        ({"currency": "USD"}, False, False),
        ({"in_stock": True}, True, True),
        ({"languages": ["de"]}, True, False),
        ({"languages": ["DE-at"]}, True, False),
        ({"languages": ["de-DE", "en"]}, False, False),
        ({"attributes": {"colour": ["blue", "red"]}}, True, False),
        ({"attributes": {"colour": ["red"], "size": ["2 l"]}}, False, False),
        ({"attributes": {"size": []}}, True, True),
        ({"not_attributes": {"colour": ["blue", "RED"]}}, False, True),
        ({"not_attributes": {"size": ["2 l"], "Red": ["colour"]}}, True, True),
        ({"not_words": ["KETTLES", "teapot"]}, False, True),
        ({"not_words": ["kettle stand", "ket", "!"]}, True, True),
        ({"not_items": ["kettle"]}, False, True),
        ({"categories": ["tea"], "max_price": "10"}, False, False),
    ],
    ids=str,
)
def test_filters(filters: dict[str, Any], kettle: bool, bare: bool) -> None:
    chosen = Filters(**filters)
    assert (matches(KETTLE, chosen), matches(BARE, chosen)) == (kettle, bare)


def test_an_empty_stock_fails_in_stock() -> None:
    sold_out = Item("x", "x", stock=0)
    assert not matches(sold_out, Filters(in_stock=True))
    assert matches(sold_out, Filters())


def test_seen() -> None:
    assert not matches(KETTLE, Filters(), seen=["kettle"])
    assert matches(KETTLE, Filters(allow_seen=True), seen=["kettle"])


JACKET = Item(
    id="jacket",
    title="Jacket",
    attributes={"size": ("S", "M", "L"), "material": ("Wool", "Cotton"), "SIZE": ("XL",)},
)


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({"attributes": {"size": ["m"]}}, True),
        ({"attributes": {"Size": ["XL"]}}, True),  # both spellings are one attribute
        ({"attributes": {"size": ["XS", "XXL"]}}, False),
        ({"attributes": {"size": ["S, M, L"]}}, False),
        ({"not_attributes": {"size": ["M"]}}, True),
        ({"not_attributes": {"size": ["S", "m", "L"]}}, True),
        ({"not_attributes": {"size": ["S", "M"], "Size": ["L", "XL"]}}, False),
        ({"not_attributes": {"size": []}}, True),
        ({"not_attributes": {"material": ["wool"]}}, False),
        ({"not_attributes": {"MATERIAL": ["Linen"]}}, True),
        ({"attributes": {"size": ["M"]}, "not_attributes": {"size": ["S"]}}, True),
    ],
    ids=str,
)
def test_filters_over_several_values(filters: dict[str, Any], passes: bool) -> None:
    assert matches(JACKET, Filters(**filters)) is passes


@pytest.mark.parametrize(
    "name",
    ["Material", "Fabric type", "material_composition", "Ingredients", "Allergens", "Contains",
     "Obermaterial", "Zutaten", "Inhaltsstoffe", "Allergene", "Enthält", "ENTHÄLT", "Futter",
     "材质", "主要成分", "配料", "过敏原"],
)  # fmt: skip
def test_one_unwanted_part_is_enough(name: str) -> None:
    blend = Item("blend", "Blend", attributes={name: ("a", "b")})
    assert not matches(blend, Filters(not_attributes={name: ["b"]}))


@pytest.mark.parametrize("name", ["Size", "Colour", "Farbe", "Größe", "Length", "颜色", "尺码"])
def test_of_what_it_comes_in_all_must_be_unwanted(name: str) -> None:
    both = Item("both", "Both", attributes={name: ("a", "b")})
    assert matches(both, Filters(not_attributes={name: ["b"]}))
    assert not matches(both, Filters(not_attributes={name: ["b", "a"]}))
