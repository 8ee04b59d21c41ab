import json
from dataclasses import FrozenInstanceError
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from llmrec.errors import HistoryError
from llmrec.types import Filters, Item, Recommendation, Recommendations, Trace, Words

LAMP = Item(
    "l1",
    "Lamp",
    brand="Lumo",
    price=Decimal("19.90"),
    currency="EUR",
    attributes={"colour": "red"},
    added_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
)
TRACE = Trace("m", "scripted", "rank.v1", 0, 9, 3, {"text": 3}, {"total": 1.0})


def answer(**changes):
    one = Recommendation(LAMP, 1, 0.5, {"llm": -1.0}, reason=Words("Because.", "model", 1))
    return Recommendations((one,), changes.pop("trace", TRACE), **changes)


def test_answers_are_sequences_and_frozen():
    found = answer(user="u")
    assert len(found) == 1 and found[0].id == "l1" and found[:1] == (found[0],)
    assert list(found) == [found[0]] and found.ids == ("l1",)
    with pytest.raises(FrozenInstanceError):
        found[0].rank = 2


def test_to_dict_is_plain_json():
    data = json.loads(json.dumps(answer().to_dict()))
    item = data["recommendations"][0]["item"]
    assert item["price"] == "19.90" and item["added_at"] == "2026-01-01T00:00:00+00:00"
    assert data["recommendations"][0]["reason"]["origin"] == "model"


def test_printing_shows_title_price_reason_and_degradation():
    from dataclasses import replace

    text = str(answer(trace=replace(TRACE, degraded="the model is down")))
    assert text.splitlines()[0] == " 1. Lamp  19.90 EUR"
    assert "Because." in text and "degraded: the model is down" in text
    assert str(Recommendations((), TRACE)) == "(nothing to recommend)"


def test_filters_refuse_typos_and_know_when_they_are_empty():
    with pytest.raises(HistoryError, match=r"'x'.*brands") as caught:
        Filters(brand="x")
    assert caught.value.field == "brand"
    assert Filters(allow_seen=True).is_empty and not Filters(not_items=("a",)).is_empty
