"""What the shop's desk reads: the catalogue by pages, live numbers, what shoppers did by day."""

from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from llmrec.engines import ScriptedEngine
from llmrec.server.numbers import quantile
from llmrec.server.shop import Shop
from llmrec.types import Event, EventKind

NOW = datetime.now(timezone.utc)


def test_pages_of_the_catalogue_meet_and_miss_nothing(ask):
    seen, after = [], ""
    while after is not None:
        page = ask("GET", f"/v1/items?limit=25&after={after}").json()
        seen += [one["id"] for one in page["items"]]
        after = page["after"]
    assert len(seen) == page["total"] == 60 and seen == sorted(set(seen))


def test_words_find_items_and_an_unknown_limit_is_refused(ask):
    title = ask("GET", "/v1/items?limit=1").json()["items"][0]["title"]
    found = ask("GET", "/v1/items", params={"text": title}).json()
    assert title in [one["title"] for one in found["items"]] and found["after"] is None
    refused = ask("GET", "/v1/items?limit=1000")
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "limit")


@pytest.mark.parametrize("path", ["/v1/items", "/v1/numbers", "/v1/activity"])
def test_a_shoppers_key_is_refused(ask, path):
    assert ask("GET", path, "shopper").status_code == 403


def test_the_live_numbers_are_those_of_the_requests(ask):
    def route():
        found = ask("GET", "/v1/numbers").json()
        return found, {one["route"]: one for one in found["routes"]}.get("/v1/recommend")

    _, before = route()
    for _ in range(3):
        assert ask("POST", "/v1/recommend", json={"k": 2, "user": "u001"}).is_success
    found, after = route()
    assert after["requests"] - (before or {"requests": 0})["requests"] == 3
    assert after["failed"] == 0 and 0 < after["p50_ms"] <= after["p95_ms"]
    assert found["model"] and found["adapter"] is None and found["waiting"] == 0


def rankings(ask):
    """How many answers /metrics has counted in the stage that ranks."""
    lines = ask("GET", "/metrics").text.splitlines()
    counted = [
        line for line in lines if line.startswith('llmrec_stage_seconds_count{stage="total"}')
    ]
    return sum(float(one.rpartition(" ")[2]) for one in counted)


def test_what_the_assistant_ranks_is_counted_as_what_a_program_asks_for(ask):
    before = rankings(ask)
    assert ask("POST", "/v1/recommend", json={"user": "u001"}).is_success
    assert rankings(ask) == before + 1
    said = {"message": "recommend me something", "user": "u001"}
    answer = ask("POST", "/v1/chat", json=said)
    assert answer.text.count('"name": "recommend"') >= 1
    assert rankings(ask) == before + 2
    batch = {"requests": [{"user": "u001"}, {"user": "u002"}]}
    assert ask("POST", "/v1/recommend/batch", json=batch).is_success
    assert rankings(ask) == before + 4


def test_days_hold_what_was_done_on_them(ask):
    rows = [
        {"user": "x", "item": "i-1", "kind": kind, "at": (NOW - timedelta(days=ago)).isoformat()}
        for kind, ago in (("like", 0), ("like", 3), ("purchase", 3), ("view", 20))
    ]
    before = ask("GET", "/v1/activity").json()
    assert ask("POST", "/v1/events", json={"events": rows}).is_success
    after = ask("GET", "/v1/activity").json()
    assert len(after["days"]) == 14 and after["shoppers"] == before["shoppers"] + 1

    def counts(found):
        return {
            (one["day"], kind): count
            for one in found["days"]
            for kind, count in one["events"].items()
        }

    grown = {key: n - counts(before).get(key, 0) for key, n in counts(after).items()}
    day = [(NOW - timedelta(days=ago)).date().isoformat() for ago in (0, 3)]
    assert {key: n for key, n in grown.items() if n} == {
        (day[0], "like"): 1,
        (day[1], "like"): 1,
        (day[1], "purchase"): 1,
    }


def test_the_log_is_read_once_for_each_of_its_states(workspace):
    shop = Shop(workspace, engine=ScriptedEngine())
    reads = []

    def look(connection, cursor, statement, *_):
        reads.append("llmrec_events" in statement)

    def asked(now):
        reads.clear()
        found = shop.activity.at(now)
        return found, any(reads)

    try:
        sa.event.listen(shop.recommender.store._database.engine, "before_cursor_execute", look)
        first, counted = asked(NOW)
        assert counted and asked(NOW) == (first, False)
        shop.recommender.store.write_events([Event("new", "i-1", EventKind.LIKE, NOW)])
        second, counted = asked(NOW)
        assert counted and second.shoppers == first.shoppers + 1
        tomorrow, counted = asked(NOW + timedelta(days=1))
        assert counted and tomorrow.days[:-1] == second.days[1:] and not tomorrow.days[-1].events
    finally:
        shop.close()


def test_quantiles_are_linear_within_a_bucket():
    buckets = [(1.0, 0.0), (2.0, 10.0), (float("inf"), 20.0)]
    assert quantile(0.25, buckets) == 1.5
    assert quantile(0.95, buckets) == 2.0
    assert quantile(0.5, [(1.0, 0.0), (float("inf"), 0.0)]) is None
