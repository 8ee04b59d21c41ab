"""A workspace in which an older version left what nobody can use: it opens, serves, is mended."""

import json
import sqlite3
from datetime import datetime, timedelta, timezone

import pytest
from retrieval_shop import make_events
from serving import make_key, new_shop, one_of_each, serving
from typer.testing import CliRunner

from llmrec.agent.profile_edits import ProfileEdits
from llmrec.agent.sessions import Sessions
from llmrec.agent.state import Conversation
from llmrec.catalog.repair import Damage, Repair
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.types import Event, EventKind

FIRST = -62_135_596_800_000_000  # the year 1
LAST = 253_402_387_139_000_000  # 9999-12-31T23:59:59-23:59, which no datetime in UTC is
SOON = int(datetime(2090, 1, 1, tzinfo=timezone.utc).timestamp()) * 1_000_000
GOOD = int(datetime(2026, 2, 1, tzinfo=timezone.utc).timestamp()) * 1_000_000
NFD, NFC = "cafe\N{COMBINING ACUTE ACCENT}", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
BAD_TIMES = [FIRST, -1, 1, LAST, SOON, 2**62, -(2**62)]


def rows_of(workspace, query, *values):
    with sqlite3.connect(workspace.path / "catalog.db") as database:
        return database.execute(query, values).fetchall()


def spoil_item(workspace, id, like, **fields):
    """A copy of an item with other fields, written as no version of today would."""
    with sqlite3.connect(workspace.path / "catalog.db") as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM llmrec_items WHERE id = ?", (like,)).fetchone())
        row |= {"id": id, **fields}
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT OR REPLACE INTO llmrec_items VALUES ({marks})", [*row.values()])
        database.execute("UPDATE llmrec_meta SET value = value + 1 WHERE key = 'items'")


def spoil_event(
    workspace, user, at_us, item="i0001", position=0, kind="purchase", value=None, arrival=0
):
    with sqlite3.connect(workspace.path / "catalog.db") as database:
        row = user, at_us, position, item, kind, value, arrival
        database.execute("INSERT INTO llmrec_events VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        database.execute("UPDATE llmrec_meta SET value = value + 1 WHERE key = 'events'")


@pytest.fixture
def poisoned(tmp_path):
    workspace = new_shop(tmp_path, items=30, rates={})
    for number, at_us in enumerate(BAD_TIMES):
        spoil_item(workspace, f"late{number}", "i0001", added_us=at_us)
        spoil_event(workspace, "u001", at_us)
    spoil_event(workspace, "u002", LAST, kind="like")
    spoil_item(workspace, NFD, "i0002")
    spoil_item(workspace, " padded ", "i0003", title="nul\0title")
    spoil_item(workspace, "nul\0id", "i0004")
    spoil_event(workspace, f" {NFD}", GOOD, item=NFD)
    spoil_event(workspace, "nul\0user", GOOD, item="nul\0id")
    spoil_event(workspace, "  ", GOOD)
    return workspace


def asked(workspace):
    """Each page that a shop lives on, by the keys that may see it, and what it answers."""
    keys = one_of_each(workspace)
    with serving(workspace) as call:
        return {
            "search": call("POST", "/v1/search", keys["shopper"], json={"query": "kettle"}),
            "recommend": call("POST", "/v1/recommend", keys["shopper"], json={"user": "u001"}),
            "batch": call(
                "POST",
                "/v1/recommend/batch",
                keys["merchant"],
                json={"requests": [{"user": "u001"}, {"user": "u002"}, {"user": NFC}]},
            ),
            "profile": call("GET", "/v1/users/u001/profile", keys["shopper"]),
            "activity": call("GET", "/v1/activity", keys["merchant"]),
            "numbers": call("GET", "/v1/numbers", keys["merchant"]),
            "items": call("GET", "/v1/items?limit=100", keys["merchant"]),
            "chat": call("POST", "/v1/chat", keys["shopper"], json={"message": "a red kettle"}),
            "like": call(
                "POST",
                "/v1/events",
                keys["shopper"],
                json={"events": [{"item": "i0001", "kind": "like"}]},
            ),
        }


def test_what_an_older_version_stored_is_served(poisoned):
    for page, answer in asked(poisoned).items():
        assert answer.status_code == 200, (page, answer.text)
        assert "event: failed" not in answer.text, page


def test_a_server_process_starts_on_it_and_on_a_mended_one(poisoned):
    assert asked(poisoned)["search"].json()["found"]
    CliRunner().invoke(app, ["repair", "-w", str(poisoned.path), "--yes"])
    assert asked(poisoned)["search"].json()["found"]


def test_the_command_line_trains_and_recommends_on_it(poisoned, monkeypatch):
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    monkeypatch.setenv("LLMREC_MODELS__ENGINE", "scripted")
    with CatalogStore.open(poisoned.database_url) as store:
        items = [store.item(f"i{number:04d}") for number in range(30)]
        store.write_events(make_events(items, users=60, seed=3))
    for command in (
        ["index"],
        ["train", "behaviour", "--epochs", "1"],
        ["recommend", "--user", "u001"],
        ["items", "show", "late0", "late4"],
    ):
        done = CliRunner().invoke(app, [*command, "-w", str(poisoned.path)])
        assert done.exit_code == 0, (command, done.output, done.exception)


def test_a_time_that_no_calendar_has_is_unknown(poisoned):
    with CatalogStore.open(poisoned.database_url) as store:
        assert [store.item(f"late{n}").added_at for n in (0, 1, 3, 5, 6)] == [None] * 5
        bad = [one for one in store.history("u001") if one.at is None]
        assert len(bad) == 5
        assert sum(len(batch) for batch in store.iter_events()) == store.count_events()


def test_doctor_names_what_is_amiss_and_the_command_that_mends_it(poisoned):
    report = json.loads(
        CliRunner().invoke(app, ["doctor", "-w", str(poisoned.path), "--json"]).stdout
    )
    (found,) = [one for one in report["findings"] if one["name"] == "rows"]
    assert found["state"] == "problem" and not report["ok"]
    assert found["value"] == (
        f"{len(BAD_TIMES) + 1} impossible times of events, {len(BAD_TIMES)} impossible times of "
        "items, 3 misspelled item ids, 3 misspelled shoppers, 1 text with a NUL character"
    )
    assert "llmrec repair" in found["hint"]


def test_repair_asks_first_and_changes_nothing_unless_told(poisoned):
    before = rows_of(poisoned, "SELECT * FROM llmrec_events")
    refused = CliRunner().invoke(app, ["repair", "-w", str(poisoned.path)], input="n\n")
    assert refused.exit_code == 1 and "impossible times" in refused.output
    assert rows_of(poisoned, "SELECT * FROM llmrec_events") == before


def test_repair_mends_all_of_it_and_loses_nothing(poisoned):
    count = "SELECT (SELECT count(*) FROM llmrec_events), (SELECT count(*) FROM llmrec_items)"
    before = rows_of(poisoned, count)
    done = CliRunner().invoke(app, ["repair", "-w", str(poisoned.path)], input="y\n")
    assert done.exit_code == 0, done.output
    assert rows_of(poisoned, count) == before
    with Repair.open(poisoned.database_url) as repair:
        assert not repair.look()
    with CatalogStore.open(poisoned.database_url) as store:
        assert all(store.item(f"late{n}").added_at is None for n in range(len(BAD_TIMES)))
        assert store.item(NFC).id == NFC
        assert store.item("padded").title == "nultitle"
        assert store.item("nul\N{REPLACEMENT CHARACTER}id") is not None
        assert [one.item for one in store.history(NFC)] == [NFC]
        assert len([one for one in store.history("u001") if one.at is None]) == len(BAD_TIMES)
        assert store.history("nul\N{REPLACEMENT CHARACTER}user")
    again = CliRunner().invoke(app, ["repair", "-w", str(poisoned.path)])
    assert again.exit_code == 0 and "Nothing to repair" in again.output


def test_events_of_impossible_times_are_removed_if_that_is_wanted(poisoned):
    count = "SELECT count(*) FROM llmrec_events"
    ((before,),) = rows_of(poisoned, count)
    named = ["repair", "-w", str(poisoned.path), "--yes", "--remove-events", "--json"]
    done = CliRunner().invoke(app, named)
    assert json.loads(done.stdout)["event_times"] == len(BAD_TIMES) + 1
    assert rows_of(poisoned, count) == [(before - len(BAD_TIMES) - 1,)]
    assert rows_of(poisoned, f"{count} WHERE at_us = 0") == [(0,)]


def test_two_spellings_of_one_become_one(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    spoil_item(workspace, " i0001", "i0001", title="the other")
    spoil_event(workspace, "u001 ", GOOD, value=2.0)
    spoil_event(workspace, "u001", GOOD, value=1.0)
    with Repair.open(workspace.database_url) as repair:
        assert repair.mend() == Damage(item_ids=1, users=1, merged=2)
    with CatalogStore.open(workspace.database_url) as store:
        assert store.item("i0001").title != "the other"
        (event,) = [one for one in store.history("u001") if one.at == at_of(GOOD)]
        assert event.value == 1.0


def test_events_of_one_time_stay_in_the_order_in_which_they_came(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    came = ["i0003", "i0001", "i0004", "i0002"]
    for number, item in enumerate(came, start=1_000):
        spoil_event(workspace, "u088 ", GOOD, item=item, arrival=number)
    with Repair.open(workspace.database_url) as repair:
        assert repair.mend().users == 1
    with CatalogStore.open(workspace.database_url) as store:
        assert [one.item for one in store.history("u088")] == came


def at_of(us):
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=us)


def test_a_review_goes_with_its_event(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    with CatalogStore.open(workspace.database_url) as store:
        at = datetime(2080, 5, 1, tzinfo=timezone.utc)
        store.write_events([Event("u077", "i0001", EventKind.RATING, at, value=4, text="Warm.")])
    with Repair.open(workspace.database_url) as repair:
        assert repair.mend().event_times == 1
    with CatalogStore.open(workspace.database_url) as store:
        (review,) = store.reviews("u077")
        assert (review.text, review.at, review.value) == ("Warm.", None, 4)


def test_conversations_profile_and_keys_follow_a_shopper_whose_name_is_mended(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    key = make_key(workspace, "shopper", "ann")
    with sqlite3.connect(workspace.path / "catalog.db") as database:
        database.execute("UPDATE llmrec_keys SET user_id = ' ann'")
    with Sessions.open(workspace.database_url) as sessions:
        sessions.save(Conversation(id="0" * 32, user=" ann"))
    with ProfileEdits.open(workspace.database_url) as edits:
        edits.pin(" ann", "No plastic.")
    with Repair.open(workspace.database_url) as repair:
        assert repair.mend().users == 1
    with serving(workspace) as call:
        assert call("GET", "/v1/me", key).json()["user"] == "ann"
        assert call("GET", f"/v1/sessions/{'0' * 32}", key).status_code == 200
        lines = call("GET", "/v1/users/ann/profile", key).json()["lines"]
        assert "No plastic." in [line["text"] for line in lines]


def test_a_shop_in_order_needs_no_repair(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    with Repair.open(workspace.database_url) as repair:
        assert not repair.look()
        assert repair.look().in_words() == ""
