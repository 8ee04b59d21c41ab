"""Items and events over HTTP: stored, indexed, and known to the very next answer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import unquote

import pytest
from serving import MODELS, make_key, new_shop, serving

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace

KETTLE = {
    "title": "Copper samovar",
    "brand": "Acme",
    "category": ["Home", "Tea"],
    "price": "49.90",
    "currency": "EUR",
    "stock": 3,
    "attributes": {"colour": "copper"},
}


def found(ask, query, **filters):
    answer = ask("POST", "/v1/search", json={"query": query, "k": 100, "filters": filters})
    return [one["item"]["id"] for one in answer.json()["found"]]


def recommended(ask, **body):
    answer = ask("POST", "/v1/recommend", json={"k": 100, "explain": False, **body}).json()
    return [one["item"] for one in answer["recommendations"]]


def test_a_new_item_is_found_by_its_words_and_its_vector_at_once(ask):
    put = ask("PUT", "/v1/items/samovar", json=KETTLE)
    assert put.status_code == 200 and put.json()["price"] == "49.90"
    assert ask("GET", "/v1/items/samovar").json() == put.json()
    answer = ask("POST", "/v1/recommend", json={"query": "copper samovar", "k": 1}).json()
    first = answer["recommendations"][0]
    assert first["item"]["id"] == "samovar"
    assert "source:query" in first["scores"] and "source:lexical" in first["scores"]


def test_of_several_who_add_one_id_at_once_one_does_and_the_others_are_told(ask):
    def add(number):
        item = {**KETTLE, "title": f"Contested samovar {number}"}
        return ask("PUT", "/v1/items/contested", json=item, headers={"If-None-Match": "*"})

    with ThreadPoolExecutor(6) as writers:
        answers = list(writers.map(add, range(6)))
    (first,) = (answer for answer in answers if answer.is_success)
    late = [answer for answer in answers if answer is not first]
    assert {(one.status_code, one.json()["error"]["code"]) for one in late} == {
        (412, "already_there")
    }
    assert ask("GET", "/v1/items/contested").json() == first.json()
    assert found(ask, "contested samovar")[0] == "contested"


def test_adding_knows_one_condition_and_replaces_without(ask):
    path = "/v1/items/conditional"
    refused = ask("PUT", path, json=KETTLE, headers={"If-None-Match": '"v1"'})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "if-none-match")
    assert ask("PUT", path, json=KETTLE, headers={"If-None-Match": "*"}).is_success
    assert ask("PUT", path, json={**KETTLE, "stock": 1}).json()["stock"] == 1
    nameless = ask("PUT", "/v1/items/", json=KETTLE, headers={"If-None-Match": "*"})
    assert (nameless.status_code, nameless.json()["error"]["field"]) == (422, "id")


@pytest.mark.parametrize(
    "id", ["null", "undefined", "NaN", "None", "[object Object]", "%22null%22"]
)
def test_a_scripts_word_for_nothing_makes_no_item(ask, id):
    for headers in ({}, {"If-None-Match": "*"}):
        answer = ask("PUT", f"/v1/items/{id}", json=KETTLE, headers=headers)
        error = answer.json()["error"]
        assert (answer.status_code, error["field"]) == (422, "id")
        assert error["message"].endswith("is no item's id. Send the product's id in the catalogue.")
        assert error["message"].startswith("'")
    many = ask("POST", "/v1/items", json={"items": [{"id": unquote(id), **KETTLE}]})
    assert (many.status_code, many.json()["error"]["field"]) == (422, "items.0.id")


def test_what_an_older_version_let_in_under_null_can_be_read_changed_and_removed(ask, workspace):
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items([replace(store.item("i0001"), id="null")])
    assert ask("GET", "/v1/items/null").status_code == 200
    assert ask("PATCH", "/v1/items/null", json={"stock": 1}).json()["stock"] == 1
    assert ask("DELETE", "/v1/items/null").status_code == 204


def test_a_changed_price_and_stock_count_in_the_next_answer(ask):
    ask("PUT", "/v1/items/pot", json={**KETTLE, "title": "Enamel samovar pot"})
    assert "pot" in found(ask, "enamel samovar", max_price="50", in_stock=True)
    changed = ask("PATCH", "/v1/items/pot", json={"price": "51"})
    assert changed.json()["price"] == "51" and changed.json()["stock"] == 3
    assert "pot" not in found(ask, "enamel samovar", max_price="50")
    assert "pot" in found(ask, "enamel samovar", in_stock=True)
    ask("PATCH", "/v1/items/pot", json={"stock": 0})
    assert "pot" not in found(ask, "enamel samovar", in_stock=True)
    assert {one["id"]: one["price"] for one in recommended(ask)}["pot"] == "51"


def test_a_changed_title_is_found_by_its_new_words(ask):
    ask("PUT", "/v1/items/thing", json={"title": "Zinc bucket"})
    ask("PATCH", "/v1/items/thing", json={"title": "Marble chessboard", "brand": None})
    assert found(ask, "marble chessboard")[0] == "thing"


def test_null_makes_a_field_unknown_and_never_takes_the_title(ask):
    ask("PUT", "/v1/items/plain", json=KETTLE)
    nothing = {name: None for name in KETTLE}
    item = ask("PATCH", "/v1/items/plain", json=nothing).json()
    assert item["title"] == KETTLE["title"]
    assert (item["price"], item["stock"], item["brand"]) == (None, None, None)
    assert (item["category"], item["attributes"]) == ([], {})


def test_a_deleted_item_never_comes_back(ask):
    ask("PUT", "/v1/items/gone", json={**KETTLE, "title": "Short-lived samovar"})
    assert ask("DELETE", "/v1/items/gone").status_code == 204
    assert "gone" not in found(ask, "short-lived samovar")
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"stock": 1})):
        answer = ask(method, "/v1/items/gone", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_many_items_are_written_at_once_all_or_none(ask):
    rows = [{"id": f"bulk/{number}", **KETTLE} for number in range(30)]
    assert ask("POST", "/v1/items", json={"items": rows}).json()["added"] == 30
    rows[3]["stock"] = 9
    again = ask("POST", "/v1/items", json={"items": rows}).json()
    assert again == {"added": 0, "updated": 1, "unchanged": 29}
    assert ask("GET", "/v1/items/bulk/3").json()["stock"] == 9
    bad = [{"id": "bulk/99", **KETTLE}, {"id": "bulk/98", "title": ""}]
    refused = ask("POST", "/v1/items", json={"items": bad})
    assert refused.status_code == 422
    assert refused.json()["error"]["field"] == "items.1.title"
    assert ask("GET", "/v1/items/bulk/99").status_code == 404


def test_shoppers_read_items_and_write_none(ask):
    assert ask("GET", "/v1/items/i0001", "shopper").is_success
    for method, path, body in (
        ("PUT", "/v1/items/x", KETTLE),
        ("PATCH", "/v1/items/x", {}),
        ("DELETE", "/v1/items/i0001", None),
        ("POST", "/v1/items", {"items": [{"id": "x", **KETTLE}]}),
    ):
        assert ask(method, path, "shopper", json=body).status_code == 403


def test_an_event_counts_in_the_next_answer(ask):
    before = [one["id"] for one in recommended(ask, user="new-one")]
    row = {"user": "new-one", "item": before[0], "kind": "purchase"}
    answer = ask("POST", "/v1/events", json={"events": [row, {**row, "item": "unheard-of"}]})
    counts = {"added": 2, "updated": 0, "unchanged": 0, "unknown_items": 1, "texts": 0}
    assert answer.json() == counts
    after = [one["id"] for one in recommended(ask, user="new-one")]
    assert before[0] not in after and after != before[1:]


def test_events_with_times_may_be_sent_again(ask):
    row = {"user": "u007", "item": "i0001", "kind": "rating", "at": "2026-11-01T10:00:00+02:00"}
    assert ask("POST", "/v1/events", json={"events": [{**row, "value": 4}]}).json()["added"] == 1
    again = ask("POST", "/v1/events", json={"events": [{**row, "value": 4}]}).json()
    assert (again["added"], again["unchanged"]) == (0, 1)


def test_low_ratings_are_stored_as_dislikes_where_the_shop_says_so(tmp_path):
    settings = {**MODELS, "ingest": {"disliked_below": 3}}
    strict = Workspace.open(new_shop(tmp_path).path, overrides=settings)
    rated = [
        {"user": "x", "item": f"i-{value}", "kind": "rating", "value": value} for value in (2, 3)
    ]
    with serving(strict) as client, CatalogStore.open(strict.database_url) as store:
        assert client("POST", "/v1/events", json={"events": rated}).is_success
        kinds = {one.item: one.kind.value for one in store.history("x")}
    assert kinds == {"i-2": "dislike", "i-3": "rating"}


def test_a_shopper_speaks_of_own_events_only(ask):
    own = {"item": "i0001"}
    assert ask("POST", "/v1/events", "shopper", json={"events": [own]}).is_success
    other = {"item": "i0002", "user": "u002"}
    refused = ask("POST", "/v1/events", "shopper", json={"events": [own, other]})
    assert refused.status_code == 403
    nobody = ask("POST", "/v1/events", "merchant", json={"events": [own]})
    assert (nobody.status_code, nobody.json()["error"]["field"]) == (422, "events.user")


def test_a_forgotten_shopper_leaves_nothing_behind(ask, keys, workspace):
    name = "forget-me-not-8c1"
    keys["own"] = make_key(workspace, "shopper", name)
    ask("POST", "/v1/events", "own", json={"events": [{"item": "i0001"}, {"item": "i0002"}]})
    ask("POST", "/v1/chat", "own", json={"message": "a red lamp"})
    ask("POST", f"/v1/users/{name}/profile", "own", json={"pin": "No plastic."})
    nothing = {"events": 0, "sessions": 0, "edits": 0, "lists": 0, "keys": 0}
    gone = {"events": 2, "sessions": 1, "edits": 1, "lists": 0, "keys": 1}
    for key in ("shopper", "merchant"):
        assert ask("DELETE", f"/v1/users/{name}", key).status_code == 403
    assert ask("DELETE", f"/v1/users/{name}", "own").json() == gone
    assert ask("POST", "/v1/recommend", "own", json={"k": 1}).status_code == 401
    assert ask("DELETE", f"/v1/users/{name}", "admin").json() == nothing
    for file in workspace.path.rglob("*"):
        assert not file.is_file() or name.encode() not in file.read_bytes(), file
