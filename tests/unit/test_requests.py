from datetime import datetime, timezone

import pytest

from llmrec.errors import HistoryError
from llmrec.requests import (
    as_filters,
    as_history,
    as_options,
    check_k,
    clean_query,
    condense_history,
    resolve_history,
)
from llmrec.types import Event, EventKind, Filters, HistoryEntry

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize("k", [0, -1, 1.5, "3", True, None])
def test_impossible_k_is_refused(k):
    with pytest.raises(HistoryError, match="k must be a whole number of at least 1"):
        check_k(k)


def test_a_history_may_mix_ids_events_texts_and_mappings():
    event = Event("u", "b", EventKind.VIEW, NOW, value=2.0)
    entries = as_history(["a", event, HistoryEntry(text="tent"), {"text": "x", "kind": "like"}])
    assert entries == (
        HistoryEntry(item="a"),
        HistoryEntry(item="b", kind=EventKind.VIEW, at=NOW, value=2.0),
        HistoryEntry(text="tent"),
        HistoryEntry(text="x", kind=EventKind.LIKE),
    )


def test_what_the_catalogue_does_not_know_counts_by_its_text():
    entries = as_history(["a", "red running shoes", {"item": "gone", "text": "Old lamp"}])
    resolved = resolve_history(entries, {"a"})
    assert [(one.item, one.text) for one in resolved] == [
        ("a", None),
        (None, "red running shoes"),
        (None, "Old lamp"),
    ]


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("abc", "must be a list"),
        ({"item": "a"}, "must be a list"),
        ([None], "entry 1"),
        (["a", 7], "entry 2"),
        (["a", ""], "entry 2"),
        ([{"item": "a", "kind": "steal"}], "history.kind"),
        ([{"item": "a", "knd": "like"}], "unknown key .knd."),
        (["a"] * 100_001, "100,001 entries"),
    ],
)
def test_bad_histories_name_the_entry(history, message):
    with pytest.raises(HistoryError, match=message):
        as_history(history)


def test_queries_are_cleaned():
    assert clean_query("  warm\x00 \tsocks\n") == "warm socks"
    assert clean_query(" \n") is None
    with pytest.raises(HistoryError, match="2,001 characters"):
        clean_query("x" * 2001)
    with pytest.raises(HistoryError, match="must be text"):
        clean_query(7)


def test_filters_come_as_mapping_and_name_the_wrong_field():
    assert as_filters({"brands": ["Acme"]}) == Filters(brands=("Acme",))
    assert as_filters(None).is_empty
    assert not as_filters({"in_stock": True}).is_empty
    with pytest.raises(HistoryError, match="colour"):
        as_filters({"colour": "red"})
    with pytest.raises(HistoryError, match="max_price"):
        as_filters({"max_price": "cheap"})
    with pytest.raises(HistoryError, match="min_price 9 is above max_price 3"):
        as_filters({"min_price": 9, "max_price": 3})


def test_each_thing_is_named_once_with_the_most_telling_act():
    def entry(item, kind):
        return HistoryEntry(item=item, kind=EventKind(kind))

    log = [entry("a", "purchase"), entry("b", "view"), entry("b", "cart"), entry("a", "view")]
    assert condense_history(log) == (entry("b", "cart"), entry("a", "purchase"))
    regretted = [entry("a", "purchase"), entry("a", "dislike")]
    assert condense_history(regretted) == (entry("a", "dislike"),)
    assert condense_history([*regretted, entry("a", "like")]) == (entry("a", "like"),)
    assert len(condense_history([HistoryEntry(text="a"), HistoryEntry(item="a")])) == 2


def test_an_option_that_is_none_is_named():
    with pytest.raises(TypeError, match="no option 'colour'"):
        as_options(3, None, 1, colour="red")
