"""The profile: rules with evidence, and the shopper's own words over them."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from llmrec.agent.memory import Forgotten, forget
from llmrec.agent.profile import profile_of, rules
from llmrec.errors import DataError
from llmrec.experiment import ShownList
from llmrec.types import Event, EventKind, HistoryEntry, Item

ITEMS = [
    Item(
        f"t{n}",
        f"Tea {n}",
        brand="Leaf" if n < 3 else "Bud",
        category=("Kitchen", "Tea"),
        price=Decimal(n * 10),
        currency="EUR",
    )
    for n in range(1, 6)
] + [Item("lamp", "Lamp", brand="Glow", category=("Home",), price=Decimal(500), currency="EUR")]
AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def parts(memory):
    store, *_ = memory
    store.write_items(ITEMS)
    store.write_events(
        Event("ann", item.id, EventKind.PURCHASE, AT, position=n)
        for n, item in enumerate(ITEMS[:5])
    )
    return memory


def bought(*ids, kind=EventKind.PURCHASE, value=None):
    return [HistoryEntry(item=id, kind=kind, value=value) for id in ids]


def test_lines_count_categories_brands_and_prices_with_their_evidence():
    lines = rules(bought("t1", "t2", "t3", "t4", "t5"), ITEMS)
    assert [(line.key, line.text) for line in lines] == [
        ("category:Kitchen › Tea", "Kitchen › Tea: 5 products, such as Tea 5 and Tea 4"),
        ("brand:Bud", "Brand Bud: 3 products, such as Tea 5 and Tea 4"),
        ("brand:Leaf", "Brand Leaf: 2 products, such as Tea 2 and Tea 1"),
        ("price:EUR", "Mostly between 14 EUR and 46 EUR (5 purchases)"),
    ]
    assert lines[1].evidence == ("t5", "t4", "t3")


def test_what_is_not_wanted_counts_for_nothing_else():
    history = [*bought("t1", "t2"), *bought("lamp", kind=EventKind.DISLIKE)]
    lines = {rule.key: rule for rule in rules(history, ITEMS)}
    assert lines["unwanted"].text == "Not wanted: Lamp" and "brand:Glow" not in lines


def test_ratings_are_averaged_and_one_of_a_kind_is_no_taste():
    history = [
        *bought("t1", kind=EventKind.RATING, value=5.0),
        *bought("lamp", kind=EventKind.RATING, value=2.0),
    ]
    text = "Ratings: 2, 3.5 on average; best: Tea 1; worst: Lamp"
    assert [rule.text for rule in rules(history, ITEMS)] == [text]
    alike = bought("t1", kind=EventKind.RATING, value=4.0)
    assert [rule.text for rule in rules(alike, ITEMS)] == ["Ratings: 1, 4.0 on average"]


def test_a_low_rating_that_counts_as_a_dislike_is_still_a_rating():
    low = bought("lamp", kind=EventKind.DISLIKE, value=1.0)
    lines = {rule.key: rule.text for rule in rules(low, ITEMS)}
    assert lines == {"rating": "Ratings: 1, 1.0 on average", "unwanted": "Not wanted: Lamp"}


@pytest.mark.parametrize(("language", "word"), [("de", "Marke Leaf: 2"), ("zh", "品牌 Leaf：2")])
def test_lines_are_in_the_shoppers_language(language, word):
    assert any(word in rule.text for rule in rules(bought("t1", "t2"), ITEMS, language))


def test_a_stranger_has_no_profile(parts):
    store, _, edits, _ = parts
    assert profile_of(store, edits, None) == profile_of(store, edits, "eve") == []


def test_pins_come_first_and_removed_lines_stay_away(parts):
    store, _, edits, _ = parts
    pin = edits.pin("ann", "  only   loose tea ")
    edits.remove("ann", "brand:Bud")
    lines = profile_of(store, edits, "ann")
    assert (lines[0].text, lines[0].pinned) == ("only loose tea", True)
    assert "brand:Bud" not in [line.key for line in lines]
    edits.remove("ann", pin.key)
    edits.remove("ann", "brand:Bud")
    assert [one.pinned for one in profile_of(store, edits, "ann")] == [False] * 3
    assert profile_of(store, None, "ann")[1].key == "brand:Bud"


@pytest.mark.parametrize("text", ["", "   ", "x" * 201])
def test_a_pin_must_say_something_and_not_too_much(parts, text):
    with pytest.raises(DataError, match="cannot be pinned"):
        parts[2].pin("ann", text)


def test_forgetting_removes_everything_of_one_shopper(parts):
    store, sessions, edits, exposures = parts
    edits.pin("ann", "only loose tea")
    sessions.save(sessions.start("ann"))
    edits.pin("bob", "coffee")
    exposures.record("spring", [ShownList("ann", "A", ("t1",)), ShownList("bob", "B", ("t1",))])
    gone = Forgotten(events=5, sessions=1, edits=1, lists=1)
    assert forget(store, sessions, edits, exposures, "ann") == gone
    assert profile_of(store, edits, "ann") == [] and sessions.list("ann") == []
    assert forget(store, sessions, edits, exposures, "ann") == Forgotten(0, 0, 0, 0)
    assert [one.user for one in exposures.reached("spring", 7)] == ["bob"]
    assert [one.text for one in profile_of(store, edits, "bob")] == ["coffee"]
