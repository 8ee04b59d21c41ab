"""The shipped catalogue: enough products, each whole, in three languages."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from llmrec.demo import items_files
from llmrec.demo.simulate import END, START
from llmrec.types import Item

_FIELDS = {
    "id",
    "title",
    "brand",
    "category",
    "description",
    "price",
    "currency",
    "language",
    "stock",
    "attributes",
    "added_at",
}
_HAN = re.compile(r"[一-鿿]")


@pytest.fixture(scope="module")
def items() -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in items_files()
        for line in file.read_text(encoding="utf-8").splitlines()
    ]


def test_enough_products_in_three_languages(items: list[dict[str, Any]]) -> None:
    counts = Counter(item["language"] for item in items)
    assert len(items) >= 450
    assert counts["en"] >= 340
    assert counts["de"] >= 40
    assert counts["zh"] >= 30
    assert set(counts) == {"en", "de", "zh"}


def test_every_line_is_an_item_and_nothing_else(items: list[dict[str, Any]]) -> None:
    for item in items:
        assert set(item) == _FIELDS
        added = datetime.fromisoformat(item["added_at"].replace("Z", "+00:00"))
        built = Item(
            **{
                **item,
                "category": tuple(item["category"]),
                "price": Decimal(item["price"]),
                "added_at": added,
            }
        )
        assert 2 <= len(built.category) <= 3
        assert item["added_at"].endswith("Z")
        assert START <= added < END


def test_ids_and_titles_are_unique_even_without_case_and_punctuation(
    items: list[dict[str, Any]],
) -> None:
    ids = [item["id"] for item in items]
    titles = ["".join(filter(str.isalnum, item["title"].casefold())) for item in items]
    assert len(set(ids)) == len(ids)
    assert [title for title, count in Counter(titles).items() if count > 1] == []


def test_prices_are_positive_euros_with_cents(items: list[dict[str, Any]]) -> None:
    for item in items:
        assert re.fullmatch(r"\d+\.\d\d", item["price"]), item["id"]
        assert Decimal(item["price"]) > 0
        assert item["currency"] == "EUR"


def test_descriptions_are_written_and_of_several_lengths(items: list[dict[str, Any]]) -> None:
    lengths = [len(item["description"].strip()) for item in items]
    assert min(lengths) > 0
    assert sum(length < 60 for length in lengths) >= 50
    assert sum(length > 250 for length in lengths) >= 30


def test_a_description_is_shared_by_variants_only(items: list[dict[str, Any]]) -> None:
    by_text: dict[str, set[str]] = {}
    for item in items:
        base = "-".join(item["id"].split("-")[:2])
        by_text.setdefault(item["description"], set()).add(base)
    assert {text: bases for text, bases in by_text.items() if len(bases) > 1} == {}


def test_variants_are_a_small_part(items: list[dict[str, Any]]) -> None:
    variants = [item for item in items if item["id"].count("-") == 2]
    assert 10 <= len(variants) <= len(items) / 3


def test_language_is_what_it_says(items: list[dict[str, Any]]) -> None:
    german = re.compile(r"\b(der|die|das|und|nicht|mit|ein|eine|für|ohne|im|in|auf|fürs)\b", re.I)
    english = re.compile(
        r"\b(the|and|a|an|of|for|with|not|in|to|it|is|on|your|no|its|by|from)\b", re.I
    )
    for item in items:
        text = f"{item['title']}. {item['description']}"
        assert bool(_HAN.search(text)) == (item["language"] == "zh"), item["id"]
    of = {
        tag: [item["description"] for item in items if item["language"] == tag]
        for tag in ("en", "de")
    }
    assert sum(bool(english.search(text)) for text in of["en"]) > 0.9 * len(of["en"])
    assert sum(bool(german.search(text)) for text in of["de"]) > 0.8 * len(of["de"])


def test_attributes_stock_and_dates(items: list[dict[str, Any]]) -> None:
    assert sum(len(item["attributes"]) >= 2 for item in items) > 0.85 * len(items)
    assert all(
        isinstance(value, str) and value for item in items for value in item["attributes"].values()
    )
    assert all(item["stock"] >= 0 for item in items)
    assert 10 <= sum(item["stock"] == 0 for item in items) <= 60
    months = Counter(item["added_at"][:7] for item in items)
    assert len(months) == 18
    assert months["2026-10"] >= 20


def test_a_brand_and_a_category_have_more_than_one_item(items: list[dict[str, Any]]) -> None:
    categories = Counter(tuple(item["category"]) for item in items)
    brands = Counter(item["brand"] for item in items)
    assert min(categories.values()) >= 3
    assert min(brands.values()) >= 3
