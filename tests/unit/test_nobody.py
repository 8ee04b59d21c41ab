"""Names that say that there is no shopper, and what an answer says that it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from retrieval_shop import START, make_items, make_shop

from llmrec.agent.sessions import Sessions
from llmrec.catalog.keys import KeyStore
from llmrec.catalog.names import is_nobody, user_name
from llmrec.catalog.schema import events
from llmrec.catalog.scopes import Scope
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.engines import ScriptedEngine
from llmrec.errors import DataError, HistoryError
from llmrec.eval import evaluate, leave_one_out, open_data
from llmrec.ingest import ingest_events
from llmrec.recommender import Recommender
from llmrec.retrieval import build_index
from llmrec.retrieval.events import EventTable
from llmrec.types import Event, EventKind, HistoryEntry

NOBODY = (
    "null", "NULL", "None", "nan", "NaN", "undefined", "Undefined ", "nil", "N/A", "(null)",
    "\\N", "-", "'null'", '"undefined"', " ", "<NA>", "[object Object]", "ｎｕｌｌ", "null\u200b",
)  # fmt: skip
SOMEBODY = ("0", "anna", "guest", "NA", "Nan Ya", "nullification", "None Such", "1e5", "o'null")


@pytest.mark.parametrize("name", NOBODY)
def test_words_that_programs_write_for_nobody(name: str) -> None:
    assert is_nobody(name)
    with pytest.raises(DataError, match="nobody"):
        user_name(name)


@pytest.mark.parametrize("name", SOMEBODY)
def test_what_may_be_a_name_is_one(name: str) -> None:
    assert not is_nobody(name) and user_name(f" {name} ") == name


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    items = make_items(20)
    log = [Event("anna", item.id, EventKind.VIEW, START) for item in items[:6]]
    return make_shop(tmp_path / "shop", items, log)


@pytest.fixture
def recommender(shop: Workspace) -> Iterator[Recommender]:
    overrides = {"models": {"encoder": "hashing", "engine": "scripted"}}
    opened = Workspace.open(shop.path, overrides=overrides)
    with CatalogStore.open(shop.database_url) as store:
        build_index(opened, store, HashingEncoder(), rebuild=True)
    with Recommender.open(opened, engine=ScriptedEngine()) as made:
        yield made


def test_files_reject_nobody_and_keep_the_others(shop: Workspace, tmp_path: Path) -> None:
    rows = [f'"{name}",i0001,2024-03-05' for name in NOBODY if '"' not in name]
    rows += [f"{name},i0001,2024-03-05" for name in SOMEBODY]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user_id,product_id,time", *rows]) + "\n", encoding="utf-8")
    report = ingest_events(shop, [path]).files[0]
    assert report.added == len(SOMEBODY)
    assert report.reasons == {"the id is missing": len(rows) - len(SOMEBODY)}
    with CatalogStore.open(shop.database_url) as store:
        assert set(store.users()) == {"anna", *SOMEBODY}


def test_the_store_takes_no_event_of_nobody(shop: Workspace) -> None:
    with CatalogStore.open(shop.database_url) as store:
        with pytest.raises(DataError, match="nobody"):
            store.write_events([Event("bert", "i0001"), Event("undefined", "i0001")])
        assert store.users() == ["anna"]


def old_rows(shop: Workspace, *names: str) -> None:
    """Events as an older llmrec stored them."""
    with CatalogStore.open(shop.database_url) as store:
        store.write_events(
            [Event(f"x{n}", f"i{i:04}", at=START) for n in range(len(names)) for i in range(1, 5)]
        )
        with store._database.write() as connection:
            for number, name in enumerate(names):
                this = events.update().where(events.c.user_id == f"x{number}")
                connection.execute(this.values(user_id=name))


def test_what_an_older_version_kept_of_nobody_is_not_read_and_can_be_removed(
    shop: Workspace,
) -> None:
    old_rows(shop, "undefined", "NULL")
    with CatalogStore.open(shop.database_url) as store:
        assert store.history("undefined") == [] == store.reviews("NULL")
        assert store.users() == ["anna"] and store.count_users() == 1
        assert {event.user for batch in store.iter_events() for event in batch} == {"anna"}
        assert EventTable.load(store, shop.cache_dir, "key").users.max() == 0
        assert store.count_nobody() == {"NULL": 4, "undefined": 4}
        assert store.forget_user("undefined") == 4 and store.count_nobody() == {"NULL": 4}
    assert {case.user for case in open_data(shop.path).split.test} == {"anna"}


def test_nobody_has_no_key_and_no_conversation(shop: Workspace) -> None:
    with KeyStore.open(shop.database_url) as keys:
        with pytest.raises(DataError, match="nobody"):
            keys.create(Scope.SHOPPER, "undefined")
        assert not keys.any()
        assert keys.create(Scope.SHOPPER, " anna ")[1].user == "anna"
    with Sessions.open(shop.database_url) as sessions:
        with pytest.raises(DataError, match="nobody"):
            sessions.start("null")
        assert sessions.list("null") == []


@pytest.mark.parametrize("name", ["null", "undefined", "NaN"])
def test_a_recommender_is_asked_for_somebody_or_for_no_user(
    name: str, recommender: Recommender
) -> None:
    with pytest.raises(HistoryError, match="nobody"):
        recommender.recommend(user=name)
    with pytest.raises(HistoryError, match="nobody"):
        recommender.recommend_many([[]], users=[name])
    assert recommender.recommend(user="").user is None
    assert recommender.history_of(name) == []


def test_one_visitor_is_told_nothing_of_another(ask: Any) -> None:
    for name in ("undefined", "null", "None", " nan", '"undefined"'):
        event = {"user": name, "item": "i0001", "kind": "purchase"}
        for path, body in (
            ("/v1/events", {"events": [event]}),
            ("/v1/recommend", {"user": name}),
            ("/v1/recommend/batch", {"requests": [{"user": name}]}),
            ("/v1/chat", {"message": "a kettle", "user": name}),
        ):
            refused = ask("POST", path, json=body)
            assert refused.status_code == 422, path
            assert "nobody" in refused.json()["error"]["message"], path
    assert ask("GET", "/v1/users/undefined/profile").status_code == 422
    assert (
        ask("POST", "/v1/events", json={"events": [{"user": "u", "item": "null"}]}).status_code
        == 422
    )
    # What is there of them can be removed.
    assert ask("DELETE", "/v1/users/undefined", "admin").status_code == 200


def test_a_stranger_and_unknown_ids_are_said(recommender: Recommender) -> None:
    (note,) = recommender.recommend(user="nobody-knows", explain=False).trace.notes
    assert note == "the log knows no shopper 'nobody-knows'"
    assert recommender.recommend(user="anna", explain=False).trace.notes == ()
    assert recommender.recommend(["i0001"], user="nobody-knows", explain=False).trace.notes == ()
    (note,) = recommender.recommend(["i0001", "B00XYZ"], explain=False).trace.notes
    assert "knows 1 of the 2 entries" in note and "'B00XYZ'" in note
    (note,) = recommender.recommend([Event("u", "gone 1"), "B1"], explain=False).trace.notes
    assert "knows none of the 2 entries" in note and "'gone 1', 'B1'" in note
    assert recommender.recommend(["red tea kettle"], explain=False).trace.notes == ()
    first, second = recommender.recommend_many([None, ["X1"]], users=["who", None], explain=False)
    assert "who" in first.trace.notes[0] and "X1" in second.trace.notes[0]


def test_an_item_that_is_only_named_was_not_bought(recommender: Recommender) -> None:
    histories: tuple[Any, ...] = (["i0001"], [{"item": "i0001"}], [{"item": "i0001", "kind": None}])
    for history in histories:
        answer = recommender.recommend(history, 20)
        texts = [one.reason.text for one in answer if one.reason]
        assert texts and not any("bought" in text for text in texts)
    bought = recommender.recommend([Event("u", "i0001")], 20)
    assert any("you bought" in one.reason.text for one in bought if one.reason)
    stated = recommender.recommend([{"item": "i0001", "kind": "purchase"}, "i0001"], 20)
    assert any("you bought" in one.reason.text for one in stated if one.reason)


def test_over_http_an_item_that_is_only_named_was_not_bought(ask: Any) -> None:
    for history in (["i0001"], [{"item": "i0001"}]):
        answer = ask("POST", "/v1/recommend", json={"history": history, "k": 20}).json()
        matches = answer["recommendations"]
        reasons = [match["reason"]["text"] for match in matches if match["reason"]]
        assert matches and not any("bought" in text for text in reasons)


class Strange:
    """A model of another shop."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids

    def recommend_many(self, histories: Any, *, k: int) -> list[list[str]]:
        return [list(self.ids[:k]) for _ in histories]


def test_evaluation_says_how_many_ids_are_unknown_and_refuses_a_model_of_another_shop(
    shop: Workspace,
) -> None:
    data = open_data(shop.path)
    partly = evaluate(Strange("i0019", "B1", "B2"), data, (2,), resamples=10)
    assert partly.unknown == 1 and "1 of 2 recommended items are not in the catalogue" in str(
        partly
    )
    assert partly.to_dict()["unknown"] == 1
    with pytest.raises(DataError, match=r"none of the 2 recommended items, such as 'B1'"):
        evaluate(Strange("B1", "B2"), data, (2,), resamples=10)
    bare = evaluate(
        Strange("B1"), leave_one_out([Event("u", i, position=n) for n, i in enumerate("abc")]), (1,)
    )
    assert "not of the split" in str(bare)


def test_an_entry_is_a_purchase_unless_nobody_said() -> None:
    assert HistoryEntry(item="a").stated and HistoryEntry(item="a").kind is EventKind.PURCHASE
