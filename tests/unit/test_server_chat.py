"""Conversations over HTTP: streamed, kept, owned; and the profile that a shopper can correct."""

import json
import threading

import pytest
from scripted_lines import reading_by
from serving import make_key, new_shop, serving

from llmrec.catalog.store import CatalogStore
from llmrec.engines import ScriptedEngine
from llmrec.errors import EngineUnavailable, NotFound
from llmrec.leaving import Abandoned, Leaving, working_for
from llmrec.server import talking
from llmrec.server.bodies.chat import ChatBody
from llmrec.server.shop import Shop

LINES = {
    "a lamp": "find | thing lamp",
    "a mug": "find | thing mug",
    "a red kettle": "find | thing kettle | colour: red",
    "a green mug": "find | thing mug | colour: green",
    "under 40": "refine | max 40",
    "under 60": "refine | max 60",
    "put number 1 in the cart": "order | item 1",
    "undo": "undo",
    "more": "more",
}
LIKE, DISLIKE = ({"do": do, "product": 1} for do in ("like", "dislike"))


@pytest.fixture(scope="module", autouse=True)
def reader():
    with reading_by(LINES):
        yield


@pytest.fixture(scope="module")
def keys(workspace):
    return {
        "one": make_key(workspace, "shopper", "u001"),
        "two": make_key(workspace, "shopper", "u002"),
        "merchant": make_key(workspace, "merchant"),
        "admin": make_key(workspace, "admin"),
    }


@pytest.fixture(scope="module")
def ask(keys, client):
    return lambda method, path, key="one", **more: client(method, path, keys[key], **more)


def events(answer):
    """Name and data of each event of a stream."""
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            data = json.loads(lines["data"])
            assert data["type"] == lines["event"]
            found.append(data)
    return found


def talk(ask, message, session=None, key="one", **more):
    body = {"message": message, **more, **({"session": session} if session else {})}
    answer = ask("POST", "/v1/chat", key, json=body)
    assert answer.status_code == 200, answer.text
    return events(answer)


def products(found):
    cards = [one["cards"] for one in found if one["type"] == "products"]
    return [card["product"] for card in cards[-1]] if cards else []


def words(found):
    return "".join(one["text"] for one in found if one["type"] == "words")


def test_a_reply_streams_and_limits_hold_in_the_next_one(ask):
    first = talk(ask, "a lamp")
    assert first[0]["type"] == "session" and first[-1]["type"] == "done"
    assert words(first)
    assert products(first)
    session = first[0]["session"]
    second = talk(ask, "under 40", session)
    assert second[0]["session"] == second[-1]["session"] == session
    shown = products(second)
    assert shown and all(float(one["price"]) <= 40 for one in shown)
    assert [one for one in second if one["type"] == "constraints_changed"]


def test_a_conversation_is_kept_and_listed(ask):
    session = talk(ask, "a red kettle")[0]["session"]
    shown = products(talk(ask, "under 60", session))
    kept = ask("GET", f"/v1/sessions/{session}").json()
    assert [turn["said"] for turn in kept["turns"]] == ["a red kettle", "under 60"]
    assert kept["turns"][1]["products"] == [one["id"] for one in shown]
    assert kept["limits"] == ["colour: red", "at most 60 EUR"]
    listed = ask("GET", "/v1/sessions").json()["sessions"]
    assert listed[0]["id"] == session and listed[0]["title"] == "a red kettle"


def test_another_shoppers_conversation_is_as_if_it_were_not_there(ask):
    session = talk(ask, "a lamp")[0]["session"]
    unknown = "0" * 32
    for wanted in (session, unknown):
        read = ask("GET", f"/v1/sessions/{wanted}", "two")
        said = ask("POST", "/v1/chat", "two", json={"message": "more", "session": wanted})
        assert (read.status_code, said.status_code) == (404, 404)
        assert read.json()["error"]["message"] == "There is no such conversation."
    assert session not in ask("GET", "/v1/sessions", "two").text
    assert ask("GET", "/v1/sessions?user=u001", "two").status_code == 403
    assert session in ask("GET", "/v1/sessions?user=u001", "merchant").text


def test_a_conversation_is_not_found_by_its_first_digits(ask):
    session = talk(ask, "a lamp")[0]["session"]
    assert ask("GET", f"/v1/sessions/{session[:8]}").status_code == 422


def test_a_strangers_conversation_belongs_to_no_shopper(ask):
    stranger = talk(ask, "a lamp", key="merchant")[0]["session"]
    assert ask("GET", f"/v1/sessions/{stranger}", "merchant").json()["user"] is None
    assert ask("GET", f"/v1/sessions/{stranger}").status_code == 404


def test_a_conversation_is_deleted_by_its_shopper_or_an_admin(ask):
    mine, other = (talk(ask, words)[0]["session"] for words in ("a lamp", "a mug"))
    stranger = talk(ask, "a lamp", key="admin")[0]["session"]
    assert ask("DELETE", f"/v1/sessions/{mine}", "two").status_code == 404
    assert ask("DELETE", f"/v1/sessions/{stranger}").status_code == 404
    assert ask("DELETE", f"/v1/sessions/{mine}?user=u001", "merchant").status_code == 403
    assert ask("DELETE", f"/v1/sessions/{mine}").status_code == 204
    assert ask("DELETE", f"/v1/sessions/{mine}").status_code == 404
    left = ask("GET", "/v1/sessions").text
    assert mine not in left and other in left
    assert ask("DELETE", f"/v1/sessions/{other}?user=u001", "admin").status_code == 204
    assert ask("DELETE", f"/v1/sessions/{stranger}", "admin").status_code == 204
    assert stranger not in ask("GET", "/v1/sessions", "admin").text


def test_a_like_in_a_conversation_goes_to_the_log(ask):
    found = talk(ask, "a green mug", key="two")
    first = products(found)[0]["id"]

    def recommended():
        answer = ask("POST", "/v1/recommend", "two", json={"k": 60, "explain": False}).json()
        return {one["item"]["id"] for one in answer["recommendations"]}

    assert first in recommended()
    talk(ask, "Like", found[0]["session"], key="two", act=LIKE)
    assert first not in recommended()  # it is part of the history now


def test_a_model_that_is_away_is_told_without_its_address(tmp_path, caplog):
    engine = ScriptedEngine()
    with serving(new_shop(tmp_path), engine) as ask:
        engine.fail_with = EngineUnavailable("http://10.0.0.9 is away.", hint="See 10.0.0.9.")
        answer = ask("POST", "/v1/chat", json={"message": "a lamp"})
    assert answer.status_code == 200 and "10.0.0.9" not in answer.text
    failed = [event for event in events(answer) if event["type"] == "failed"]
    assert failed[0]["message"] == "The language model cannot be reached."
    assert failed[0]["code"] == "model_unavailable" and failed[0]["retryable"]
    assert failed[0]["request_id"] == answer.headers["X-Request-ID"]
    logged = [vars(record)["fields"] for record in caplog.records if record.msg == "failed"]
    assert "10.0.0.9" in logged[0]["words"]


def test_a_turn_that_failed_and_may_be_tried_again_is_not_stored(tmp_path):
    engine = ScriptedEngine()
    with serving(new_shop(tmp_path), engine) as ask:
        session = events(ask("POST", "/v1/chat", json={"message": "a mug"}))[0]["session"]
        engine.fail_with = EngineUnavailable("It is away.", hint="Wait.")
        again = {"message": "a lamp", "session": session, "turn": 2}
        assert events(ask("POST", "/v1/chat", json=again))[-1]["type"] == "failed"
        assert len(ask("GET", f"/v1/sessions/{session}").json()["turns"]) == 1
        engine.fail_with = None
        answer = events(ask("POST", "/v1/chat", json=again))
        assert answer[-1]["type"] == "done" and products(answer)
        assert len(ask("GET", f"/v1/sessions/{session}").json()["turns"]) == 2


def test_of_two_turns_at_once_one_is_stored_and_the_other_ends_with_failed(tmp_path):
    inside, go_on, gate = threading.Event(), threading.Event(), []

    def score(prompt, labels):
        if gate:
            gate.clear()
            inside.set()
            assert go_on.wait(30)
        return [0.0] * len(labels)

    with serving(new_shop(tmp_path), ScriptedEngine(score)) as ask:
        session = events(ask("POST", "/v1/chat", json={"message": "a mug"}))[0]["session"]
        body = {"message": "a lamp", "session": session}
        gate.append(True)
        results = []
        slow = threading.Thread(target=lambda: results.append(ask("POST", "/v1/chat", json=body)))
        slow.start()
        assert inside.wait(30)
        # A button that needs no model, which the other turn holds.
        cart = {"message": "Cart", "session": session, "act": {"do": "cart", "product": 1}}
        assert events(ask("POST", "/v1/chat", json=cart))[-1]["type"] == "done"
        go_on.set()
        slow.join(30)
        failed = events(results[0])[-1]
        assert (failed["type"], failed["code"]) == ("failed", "turn_conflict")
        turns = ask("GET", f"/v1/sessions/{session}").json()["turns"]
        assert [turn["said"] for turn in turns] == ["a mug", "Cart"]


def test_a_reply_that_takes_too_long_ends_with_failed_and_stores_nothing(tmp_path):
    go_on = threading.Event()

    def score(prompt, labels):
        assert go_on.wait(30)
        return [0.0] * len(labels)

    with serving(new_shop(tmp_path, timeout_s=0.3), ScriptedEngine(score)) as ask:
        found = events(ask("POST", "/v1/chat", json={"message": "a lamp"}))
        go_on.set()
        assert found[-1]["type"] == "failed" and found[-1]["code"] == "timeout"
        session = found[0]["session"]
        assert ask("GET", f"/v1/sessions/{session}").status_code == 404


@pytest.mark.parametrize("path", ["/v1/sessions/{session}?user=u001", "/v1/users/u001"])
def test_what_is_deleted_while_a_reply_runs_is_not_stored_again(tmp_path, path):
    inside, go_on, gate = threading.Event(), threading.Event(), []

    def score(prompt, labels):
        if gate:
            inside.set()
            assert go_on.wait(30)
        return [0.0] * len(labels)

    with serving(new_shop(tmp_path), ScriptedEngine(score)) as ask:
        said = {"user": "u001", "message": "a lamp"}
        session = events(ask("POST", "/v1/chat", json=said))[0]["session"]
        gate.append(True)
        results = []
        more = {**said, "session": session, "message": "a mug"}
        talking = threading.Thread(
            target=lambda: results.append(ask("POST", "/v1/chat", json=more))
        )
        talking.start()
        assert inside.wait(30)
        assert ask("DELETE", path.format(session=session)).is_success
        go_on.set()
        talking.join(30)
        failed = events(results[0])[-1]
        assert (failed["type"], failed["code"]) == ("failed", "not_found")
        assert ask("GET", "/v1/sessions?user=u001").json() == {"sessions": []}


def test_without_a_place_a_conversation_gets_503_and_no_stream(tmp_path):
    inside, go_on = threading.Semaphore(0), threading.Event()

    def score(prompt, labels):
        inside.release()
        assert go_on.wait(30)
        return [0.0] * len(labels)

    with serving(new_shop(tmp_path, running=1, waiting=0), ScriptedEngine(score)) as ask:
        talking = threading.Thread(
            target=lambda: results.append(ask("POST", "/v1/chat", json={"message": "a lamp"}))
        )
        results = []
        talking.start()
        assert inside.acquire(timeout=30)
        refused = ask("POST", "/v1/chat", json={"message": "a mug"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        go_on.set()
        talking.join(30)
        assert events(results[0])[-1]["type"] == "done"
        # The place is free again.
        assert ask("POST", "/v1/chat", json={"message": "a mug"}).status_code == 200


def test_a_profile_is_read_and_corrected_by_its_own_shopper(ask):
    rows = [{"item": f"i{number:04}", "kind": "purchase"} for number in range(30)]
    assert ask("POST", "/v1/events", json={"events": rows}).is_success
    lines = ask("GET", "/v1/users/u001/profile").json()["lines"]
    brand = next(line for line in lines if line["key"].startswith("brand:"))
    assert brand["evidence"] and brand["key"].removeprefix("brand:") in brand["text"]
    change = {"pin": "No plastic.", "remove": brand["key"]}
    after = ask("POST", "/v1/users/u001/profile", json=change).json()["lines"]
    assert after[0]["text"] == "No plastic." and after[0]["pinned"]
    assert brand["key"] not in {one["key"] for one in after}
    for method, body in (("GET", None), ("POST", change)):
        assert ask(method, "/v1/users/u001/profile", "two", json=body).status_code == 403
    unknown = ask("GET", "/v1/users/u001/profile?lang=de")
    assert (unknown.status_code, unknown.json()["error"]["field"]) == (422, "lang")
    german = ask("GET", "/v1/users/u001/profile?language=de", "merchant").json()["lines"]
    assert any("Produkte" in one["text"] for one in german)


def log_of(workspace, user):
    with CatalogStore.open(workspace.database_url) as store:
        return [(event.item, event.kind.value) for event in store.history(user)]


@pytest.mark.parametrize("ends", ["deleted", "left"])
def test_a_turn_that_is_not_stored_takes_back_what_it_wrote_to_the_log(tmp_path, ends):
    workspace = new_shop(tmp_path)
    shop = Shop(workspace, engine=ScriptedEngine())
    shop.open()
    body = ChatBody(message="a lamp", user="u001", language="en")
    first = list(talking.reply(shop, talking.find_session(shop, None, "u001", "en"), body))
    conversation = first[-1].conversation
    before = log_of(workspace, "u001")
    liking = ChatBody(message="put number 1 in the cart", user="u001", session=conversation.id)
    caller, error = Leaving(), NotFound
    with working_for(caller):
        events = talking.reply(shop, conversation, liking)
        for event in events:
            if event.type == "words":
                break
        assert len(log_of(workspace, "u001")) == len(before) + 1
        if ends == "deleted":
            shop.sessions.remove(conversation.id)
        else:
            caller.leave()
            error = Abandoned
        with pytest.raises(error):
            list(events)
    assert log_of(workspace, "u001") == before
    shop.close()


def test_an_undoing_that_is_cut_off_leaves_what_it_would_have_undone(tmp_path):
    workspace = new_shop(tmp_path)
    shop = Shop(workspace, engine=ScriptedEngine())
    shop.open()
    conversation = talking.find_session(shop, None, "u001", "en")
    for message in ("a lamp", "put number 1 in the cart"):
        conversation, _ = shop.agent.answer(conversation, message)
    before = log_of(workspace, "u001")
    events = shop.agent.reply(conversation, "undo")
    for event in events:
        if event.type == "words":
            break
    assert len(log_of(workspace, "u001")) == len(before) - 1
    events.close()
    assert log_of(workspace, "u001") == before
    shop.close()


@pytest.mark.parametrize(
    ("said", "act"), [("Like", LIKE), ("put number 1 in the cart", None)], ids=["button", "words"]
)
def test_what_is_said_again_is_in_the_log_once(ask, workspace, said, act):
    session = talk(ask, "a mug", key="two")[0]["session"]
    before = log_of(workspace, "u002")
    talk(ask, said, session, key="two", act=act)
    once = log_of(workspace, "u002")
    talk(ask, said, session, key="two", act=act)
    assert len(once) == len(before) + 1
    assert log_of(workspace, "u002") == once


def test_a_turn_that_is_sent_again_is_not_done_twice(ask, workspace):
    first = talk(ask, "a mug", key="two", turn=1)
    session = first[0]["session"]
    # Without its number it would now mean another product, which has come to the first place.
    done = talk(ask, "Not for me", session, key="two", turn=2, act=DISLIKE)
    once = log_of(workspace, "u002")
    again = talk(ask, "Not for me", session, key="two", turn=2, act=DISLIKE)
    assert log_of(workspace, "u002") == once
    assert products(again) == [{**product} for product in products(done)]
    words = [
        "".join(one["text"] for one in found if one["type"] == "words") for found in (done, again)
    ]
    assert words[0] == words[1] and again[-1] == done[-1]
    kept = ask("GET", f"/v1/sessions/{session}", "two").json()
    assert [turn["said"] for turn in kept["turns"]] == ["a mug", "Not for me"]
    assert talk(ask, "under 60", session, key="two", turn=3)[-1]["type"] == "done"


@pytest.mark.parametrize(("turn", "message"), [(1, "a mug"), (3, "a mug"), (1, "a lamp, please")])
def test_a_turn_that_the_conversation_is_not_at_is_refused(ask, turn, message):
    session = talk(ask, "a lamp", key="two")[0]["session"]
    body = {"message": message, "session": session, "turn": turn}
    refused = ask("POST", "/v1/chat", "two", json=body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "turn")
    assert len(ask("GET", f"/v1/sessions/{session}", "two").json()["turns"]) == 1
