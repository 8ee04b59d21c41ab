"""Hostile values by Python, by tools and by raw requests: refused in our own words, or served."""

import asyncio
import json
import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from serving import new_shop, serving

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS
from llmrec.engines import ScriptedEngine
from llmrec.errors import HistoryError, LLMRecError
from llmrec.recommender import Recommender
from llmrec.requests import as_filters, as_history, as_user
from llmrec.retrieval.events import EventTable
from llmrec.types import Event, Filters, HistoryEntry, shown

NFD, NFC = "cafe\N{COMBINING ACUTE ACCENT}", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(hours=23, minutes=59)))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = new_shop(tmp_path_factory.mktemp("python"), items=30)
    with serving(made):  # which indexes it
        return made


@pytest.fixture(scope="module")
def shop(workspace):
    with Recommender(workspace, engine=ScriptedEngine()) as made:
        yield made


def endless():
    lists = []
    for _ in range(5_000):
        lists = [lists]
    return lists


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("max_price", "abc", "'abc'"),
        ("max_price", math.nan, "nan"),
        ("max_price", Decimal("1e1000000"), "1E\\+1000000"),
        ("min_price", -1, "-1"),
        ("brands", "Acme", "'Acme'"),
        ("attributes", {"colour": "red"}, "'red'"),
        ("in_stock", "maybe", "'maybe'"),
        ("colour", "red", "Known filters: categories"),
    ],
)
@pytest.mark.parametrize("make", [lambda given: Filters(**given), as_filters])
def test_a_filter_that_cannot_be_is_refused_with_field_value_and_hint(make, field, value, told):
    with pytest.raises(HistoryError, match=told) as caught:
        make({field: value})
    assert caught.value.field.startswith(field) and caught.value.hint
    assert caught.value.exit_code == 2 and "pydantic" not in str(caught.value)


def test_limits_that_contradict_each_other_are_refused_in_our_words():
    with pytest.raises(HistoryError, match="min_price 5 is above max_price 1"):
        Filters(min_price=5, max_price=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "9999-12-31T23:59:59-23:59"),
        ("at", END),
        ("at", "2999-01-01T00:00:00Z"),
        ("at", "0001-01-01T00:00:00Z"),
        ("at", 1e308),
        ("at", -1),
        ("at", 10**400),
        ("at", "yesterday"),
        ("value", math.inf),
        ("value", 10**400),
        ("value", "many"),
        ("kind", "bogus"),
        ("item", 5),
        ("item", "  "),
    ],
)
def test_a_history_entry_that_cannot_be_is_refused_with_its_field(field, value):
    with pytest.raises(HistoryError, match="entry 2") as caught:
        as_history(["i0001", {"item": "i0002", field: value}])
    assert caught.value.field == f"history.{field}"


def test_a_history_entry_gets_its_one_form():
    naive = datetime(2026, 1, 1)
    (entry,) = as_history([{"item": f" {NFD} ", "at": naive, "value": math.nan}])
    assert entry == HistoryEntry(NFC, at=naive.replace(tzinfo=timezone.utc))
    assert as_history([HistoryEntry(NFD)]) == as_history([Event("u", NFC)]) == as_history([NFC])
    assert as_user(f" {NFD}") == NFC and as_user("") is None


def test_an_event_of_the_log_with_a_wrong_clock_is_no_reason_to_refuse_its_shopper(shop):
    shop.store.write_events([Event("late", "i0001", at=datetime(2999, 1, 1, tzinfo=timezone.utc))])
    assert shop.recommend(user="late", explain=False).ids
    assert not shop.recommend([Event("late", "i0001", at=END)], explain=False).trace.degraded


HOSTILE = [
    None,
    -1,
    2**63,
    10**5_000,
    1e308,
    math.nan,
    "\0",
    "\ud800",
    "x" * 10_000,
    [None],
    {},
    b"x",
]


@pytest.mark.parametrize(
    "field",
    ["history", "k", "query", "filters", "user", "describe", "seed", "language", "subject"],
)
def test_whatever_recommend_is_given_it_answers_or_raises_ours(shop, field):
    for value in (*HOSTILE, endless()):
        given = {"history": ["i0001"], "explain": False, field: value}
        try:
            assert shop.recommend(**given) is not None
        except LLMRecError as error:
            assert str(error)


@pytest.mark.parametrize("name", [*TOOLS])
def test_whatever_a_tool_is_given_it_answers_or_raises_ours(shop, name):
    tool = TOOLS[name]
    usual = {"product": "i0001", "query": "kettle", "products": ["i0001", "i0002"], "kind": "like"}
    usual = {field: value for field, value in usual.items() if field in tool.takes}
    for field in tool.takes:
        for value in (*HOSTILE, ["\ud800"], {"\ud800": ["\0"]}, endless()):
            try:
                result = tool.call(shop, Shopper.of_log(shop, None), {**usual, field: value})
                json.dumps(result.to_dict(), ensure_ascii=False).encode()
            except LLMRecError as error:
                assert str(error)


def test_a_value_is_shown_short_whatever_it_is():
    assert all(len(shown(value)) <= 80 for value in (*HOSTILE, endless()))


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ([(b"content-length", b"9" * 5_000)], b"", 413),
        ([(b"content-length", b"-1")], b"", 200),
        ([], b"text=\xff", 400),
        ([(b"authorization", b"Bearer \xff")], b"", 401),
        ([(b"host", b"[::1")], b"", 200),
    ],
    ids=["length", "negative length", "query", "key", "host"],
)
def test_raw_requests_that_no_client_sends_are_answered(workspace, headers, query, status):
    """A client of ours would refuse to send them: so they are put in as a server hands them on."""
    known = {name for name, _ in headers}
    plain = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    body = b'{"query": "kettle"}'
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/search",
        "raw_path": b"/v1/search",
        "query_string": query,
        "root_path": "",
        "headers": [*headers, *(one for one in plain if one[0] not in known)],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    sent = []

    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        while not pending:  # as servers do: nothing more comes until the client leaves
            await asyncio.sleep(60)
        return pending.pop()

    async def send(message):
        sent.append(message)

    with serving(workspace) as call:

        async def ask():
            await call.app(scope, receive, send)

        call.run(ask)
    assert sent[0]["status"] == status


def test_a_time_in_the_future_does_not_age_all_others():
    import numpy as np

    now = datetime.now(timezone.utc).timestamp()
    at = np.array([now, now - 86_400 * 30, now + 86_400 * 36_500, np.nan])
    whole = np.zeros(4, np.int32)
    log = EventTable(whole, whole, at, np.ones(4, np.float32), np.arange(4), ["i0001"])
    assert log.decay(30.0) == pytest.approx([1.0, 0.5, 1.0, 0.5], rel=1e-3)
