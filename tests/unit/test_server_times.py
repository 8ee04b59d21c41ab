"""Times, ids and prices as they come in: one rule, by HTTP and by file, for each key."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from serving import make_key
from typer.testing import CliRunner

from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.types import Event, Item

NOW = datetime.now(timezone.utc)
IMPOSSIBLE = [
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00Z",
    "1989-12-31T23:59:59Z",
    "2999-01-01T00:00:00Z",
    (NOW + timedelta(days=2)).isoformat(),
    -1,
    0,
    10**11,
    10**400,
    "2020-01-01T00:00:00+25:00",
    "yesterday",
    True,
]
NFD, NFC = "cafe\N{COMBINING ACUTE ACCENT}", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"


def refused(answer, field):
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["field"] == field


@pytest.mark.parametrize("at", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_an_impossible_time_is_refused_with_its_field_whoever_sends_it(ask, at):
    item = {"title": "Kettle", "added_at": at}
    event = {"user": "u001", "item": "i0001", "at": at}
    entry = {"item": "i0001", "at": at}
    for key in ("merchant", "admin"):
        refused(ask("PUT", "/v1/items/T1", key, json=item), "added_at")
        refused(ask("PATCH", "/v1/items/i0001", key, json={"added_at": at}), "added_at")
        posted = ask("POST", "/v1/items", key, json={"items": [{"id": "T1", **item}]})
        refused(posted, "items.0.added_at")
    for key in ("shopper", "merchant", "admin"):
        refused(ask("POST", "/v1/events", key, json={"events": [event]}), "events.0.at")
        refused(ask("POST", "/v1/recommend", key, json={"history": [entry]}), "history.0.at")
    assert ask("GET", "/v1/items/T1").status_code == 404


@pytest.mark.parametrize(
    "at",
    [NOW, NOW + timedelta(hours=23), datetime(1990, 1, 1, tzinfo=timezone.utc)],
    ids=["now", "in a day", "1990"],
)
def test_a_possible_time_comes_back_in_utc(ask, at):
    zone = timezone(timedelta(hours=-7))
    sent = {"title": "Kettle", "added_at": at.astimezone(zone).isoformat()}
    assert ask("PUT", "/v1/items/T2", json=sent).is_success
    assert datetime.fromisoformat(ask("GET", "/v1/items/T2").json()["added_at"]) == at


def test_files_are_held_to_the_same_rule(tmp_path, workspace):
    rows = ["2026-01-01T00:00:00Z", *(at for at in IMPOSSIBLE if isinstance(at, str))]
    lines = [{"id": f"f{n}", "title": "Cup", "added_at": at} for n, at in enumerate(rows)]
    items = tmp_path / "items.jsonl"
    items.write_text("\n".join(map(json.dumps, lines)))
    named = ["ingest", "items", str(items), "-w", str(workspace.path), "--json"]
    done = CliRunner().invoke(app, named)
    (report,) = json.loads(done.stdout)["files"]
    # The time is refused and said; the product is in without it.
    assert (report["added"], report["rejected"]) == (len(rows), 0)
    assert sum(report["left_out"].values()) == len(rows) - 1
    with CatalogStore.open(workspace.database_url) as store:
        stored = store.items(line["id"] for line in lines)
    assert [bool(item.added_at) for item in stored.values()] == [True, *[False] * (len(rows) - 1)]


@pytest.mark.parametrize(
    "at", [datetime(1960, 1, 1), datetime(9999, 12, 31, 23, 59, 59)], ids=["1960", "9999"]
)
@pytest.mark.parametrize("zone", [-23, 0, 23])
def test_the_store_refuses_what_it_could_not_read_again(workspace, at, zone):
    aware = at.replace(tzinfo=timezone(timedelta(hours=zone)))
    with CatalogStore.open(workspace.database_url) as store:
        before = store.count_events(), store.count_items()
        with pytest.raises(Exception, match="none that a shop has") as caught:
            store.write_events([Event("u001", "i0001", at=aware)])
        assert caught.value.field == "at"
        with pytest.raises(Exception, match="none that a shop has") as caught:
            store.write_items([Item("T9", "Kettle", added_at=aware)])
        assert caught.value.field == "added_at"
        assert (store.count_events(), store.count_items()) == before


def test_an_id_has_one_form_whichever_way_it_comes_in(ask, workspace, tmp_path):
    spellings = [NFD, f" {NFC}", f"{NFD}\N{NO-BREAK SPACE}"]
    for spelling in spellings:
        sent = {"items": [{"id": spelling, "title": "Coffee"}]}
        assert ask("POST", "/v1/items", json=sent).is_success
        event = {"user": f"{spelling} ", "item": spelling, "at": "2026-01-01T00:00:00Z"}
        assert ask("POST", "/v1/events", json={"events": [event]}).json()["unknown_items"] == 0
        assert ask("GET", f"/v1/items/{spelling}").json()["id"] == NFC
        assert ask("GET", f"/v1/users/{spelling}/profile").json() == (
            ask("GET", f"/v1/users/{NFC}/profile").json()
        )
        body = {"history": [{"item": spelling}], "filters": {"not_items": [spelling]}, "k": 50}
        found = ask("POST", "/v1/recommend", json=body).json()["recommendations"]
        assert NFC not in [one["item"]["id"] for one in found]
    key = make_key(workspace, "shopper", NFD)
    assert ask("GET", "/v1/me").is_success
    with CatalogStore.open(workspace.database_url) as store:
        assert len(store.history(NFC)) == 1 == len(store.history(NFD))
        store.write_items([Item(f" {NFD}", "Tea")])
        assert store.item(NFC).title == "Tea" == store.item(NFD).title
        assert store.has_items([NFD, NFC]) == {NFD, NFC}
        assert [item.id for item in store.items([NFD, "i0001"]).values()] == [NFC, "i0001"]
        assert store.delete_item(NFD) and store.item(NFC) is None
    assert key


@pytest.mark.parametrize("id", ["%20", "%00", "a%00b", "%C2%85", "x" * 513], ids=str)
def test_an_id_that_is_none_is_refused(ask, id):
    assert ask("PUT", f"/v1/items/{id}", json={"title": "Cup"}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("59.699999999999996", "59.7"),
        ("0.30000000000000004", "0.3"),
        ("100.00000000000001", "100"),
        ('"39.90"', "39.90"),
        ("1e3", "1000.0"),
        ('"-0"', "0"),
        ("1e-7", "0"),
        (f'"0.{"1" * 50}"', "0.111111"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_a_price_is_kept_without_the_noise_of_floats(ask, sent, kept):
    headers = {"Content-Type": "application/json"}
    for method, path, content in (
        ("PUT", "/v1/items/P1", f'{{"title": "Cup", "price": {sent}}}'),
        ("PATCH", "/v1/items/P1", f'{{"price": {sent}}}'),
        ("POST", "/v1/items", f'{{"items": [{{"id": "P1", "title": "Cup", "price": {sent}}}]}}'),
    ):
        answer = ask(method, path, content=content, headers=headers)
        assert answer.is_success, answer.text
        assert ask("GET", "/v1/items/P1").json()["price"] == kept


@pytest.mark.parametrize(
    "price", ["1e12", '"1e1000000"', "-0.01", "NaN", "1e400", "true", '"free"']
)
def test_what_is_no_price_is_refused(ask, price):
    headers = {"Content-Type": "application/json"}
    content = f'{{"title": "Cup", "price": {price}}}'
    refused(ask("PUT", "/v1/items/P2", content=content, headers=headers), "price")


@pytest.mark.parametrize("field", ["title", "brand", "description", "language", "url"])
def test_a_text_with_a_nul_is_refused_with_its_field(ask, field):
    sent = {"title": "Cup", field: "a\0b"}
    refused(ask("PUT", "/v1/items/N1", json=sent), field)
