"""The shipped reviews: enough, in the product's language, laid to opinions, true to the fields."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from typing import Any

import pytest

from llmrec.demo import events_file, items_files, reviews_file
from llmrec.demo.reviews import with_reviews

_HAN = re.compile(r"[一-鿿]")
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s?(kg|g|l|ml|mAh|W|m)\b")


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def items() -> dict[str, dict[str, Any]]:
    files = (file.read_text(encoding="utf-8") for file in items_files())
    return {item["id"]: item for text in files for item in _rows(text)}


@pytest.fixture(scope="module")
def reviews() -> list[dict[str, Any]]:
    return _rows(reviews_file().read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return _rows(gzip.decompress(events_file().read_bytes()).decode("utf-8"))


def test_enough_reviews_of_enough_products_good_and_bad(reviews):
    per_product = Counter(review["item"] for review in reviews)
    assert len(reviews) >= 250 and 55 <= len(per_product) <= 65 and min(per_product.values()) >= 3
    assert len({review["text"] for review in reviews}) == len(reviews)
    assert all(
        10 <= len(review["text"]) <= 140 for review in reviews if not _HAN.search(review["text"])
    )
    low = [r for r in reviews if r["kind"] == "dislike" or r.get("value", 5) <= 3]
    assert 0.15 < len(low) / len(reviews) < 0.3


def test_a_review_is_in_the_language_of_its_product(reviews, items):
    counts = Counter(items[review["item"]]["language"] for review in reviews)
    assert counts["en"] > 200 and counts["de"] >= 15 and counts["zh"] >= 20
    for review in reviews:
        han = bool(_HAN.search(review["text"]))
        assert han == (items[review["item"]]["language"] == "zh"), review


def test_every_review_is_an_opinion_of_the_log_and_nobody_writes_twice(reviews, events):
    written = [event for event in events if "text" in event]

    def opinion(row):
        return row["item"], row["kind"], row.get("value"), row["text"]

    assert sorted(map(opinion, written), key=str) == sorted(map(opinion, reviews), key=str)
    authors = Counter((event["user"], event["item"]) for event in written)
    assert set(authors.values()) == {1}


def test_an_amount_that_a_review_names_is_one_of_the_product_or_of_the_reviewer(reviews, items):
    """1.97 m and 1.68 m are shoppers, 80 g the paper's weight per square metre."""
    for review in reviews:
        fields = json.dumps(items[review["item"]], ensure_ascii=False)
        for number, unit in _AMOUNT.findall(review["text"]):
            mine = unit == "m" and number.startswith("1.")
            assert mine or re.search(rf"{re.escape(number)}\s?{unit}\b", fields), review


def test_a_text_without_its_opinion_is_left_out_and_the_log_stays_as_it_is():
    like = {"user": "ann", "item": "tea", "kind": "like", "at": 1}
    stars = {"user": "ann", "item": "tea", "kind": "rating", "at": 2, "value": 4.0}
    other = {"user": "bob", "item": "tea", "kind": "like", "at": 0}
    texts = [
        {"item": "tea", "kind": "rating", "value": 4.0, "text": "Fine."},
        {"item": "tea", "kind": "like", "text": "Lovely."},
        {"item": "tea", "kind": "like", "text": "One too many."},
        {"item": "pot", "kind": "like", "text": "Nobody likes it."},
    ]
    log = with_reviews([other, like, stars], texts)
    assert [event.get("text") for event in log] == ["Lovely.", None, "Fine."]
    assert with_reviews([like, stars], []) == [like, stars]
