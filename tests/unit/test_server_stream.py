"""Cards first, words behind, over HTTP: in a conversation, and for recommendations."""

import json
import threading

import pytest
from scripted_lines import reading_by
from serving import serving
from tool_shop import make_store

from llmrec import Item, Workspace
from llmrec.engines import ScriptedEngine
from llmrec.errors import EngineUnavailable

THINGS = ("tent", "stove", "lamp", "mug", "rope")
TEXT = " something to look at"  # holds of no product: then it is tried twice
CHAT, STREAM = "/v1/chat", "/v1/recommend/stream"


@pytest.fixture(scope="module", autouse=True)
def reader():
    with reading_by({"a lamp": "find | thing lamp", "hello": "talk"}):
        yield


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    items = [
        Item(
            f"p{number:02}",
            f"Norra {THINGS[number % len(THINGS)]} no. {number}",
            description=f"A {THINGS[number % len(THINGS)]} of oiled beech for the outdoors.",
            language="en",
        )
        for number in range(30)
    ]
    return make_store(tmp_path_factory.mktemp("streamed") / "shop", items)


def with_settings(workspace: Workspace, words: str, **server) -> Workspace:
    models = {"encoder": "hashing", "engine": "scripted"}
    settings = {"models": models, "explain": {"words": words}, "server": server}
    return Workspace.open(workspace.path, overrides=settings)


def events(answer):
    assert answer.status_code == 200, answer.text
    blocks = answer.text.split("\n\n")
    return [json.loads(block.split("data: ", 1)[1]) for block in blocks if "data: " in block]


def ask_for(path, ask, **more):
    asked = {"message": "a lamp", "language": "en"} if path == CHAT else {"query": "a lamp", "k": 3}
    return events(ask("POST", path, json={**asked, **more}))


def kinds(found):
    """The kinds of events, those that only tell of work and speech left out."""
    talk = ("session", "thinking", "tool_called", "tool_returned", "words", "constraints_changed")
    return [one["type"] for one in found if one["type"] not in talk]


def cards_of(found):
    return next(one["cards"] for one in found if one["type"] == "products")


def words_of(found):
    return [one for one in found if one["type"] == "product_words"]


def numbered(found):
    """Number and product of each card, and of each event with words."""
    cards = [(card["number"], card["product"]["id"]) for card in cards_of(found)]
    return cards, [(word["number"], word["product"]) for word in words_of(found)]


@pytest.mark.parametrize(
    ("path", "end"), [(CHAT, ["answered", "done"]), (STREAM, ["done"])], ids=["chat", "recommend"]
)
@pytest.mark.parametrize("words", ["model", "quote"])
def test_the_words_of_each_card_come_behind_all_cards(workspace, path, end, words):
    engine = ScriptedEngine(generate=[TEXT])
    with serving(with_settings(workspace, words), engine) as ask:
        found = ask_for(path, ask)
        kept, last = end[:-1], end[-1:]
        assert kinds(found) == ["products", *kept, *3 * ["product_words"], *last]
        cards, behind = numbered(found)
        assert behind == cards and [number for number, _ in cards] == [1, 2, 3]
        assert all(word["reason"] and word["error"] is None for word in words_of(found))
        waits = words == "model"
        assert [card["pending"] for card in cards_of(found)] == 3 * [waits]
        told = [card["reason"] for card in cards_of(found)]
        assert told == ([None] * 3 if waits else [word["reason"] for word in words_of(found)])


def test_a_client_that_knows_only_the_older_events_still_reads_the_reply(workspace):
    with serving(with_settings(workspace, "quote"), ScriptedEngine()) as ask:
        found = ask_for(CHAT, ask)
    older = [one for one in found if one["type"] not in ("answered", "product_words")]
    assert older[0]["type"] == "session" and older[-1]["type"] == "done"
    assert all(card["reason"] for card in cards_of(older))
    assert set(older[-1]) == {"type", "session", "language"}


def test_the_conversation_itself_stays_the_servers(workspace):
    with serving(with_settings(workspace, "quote"), ScriptedEngine()) as ask:
        answered = [one for one in ask_for(CHAT, ask) if one["type"] == "answered"]
    assert [set(one) for one in answered] == [{"type", "session", "language"}]


def test_the_end_of_recommendations_has_the_whole_trace(workspace):
    with serving(with_settings(workspace, "model"), ScriptedEngine(generate=[TEXT])) as ask:
        done = ask_for(STREAM, ask)[-1]
        whole = ask("POST", "/v1/recommend", json={"query": "a lamp", "k": 3}).json()
    assert done["query"] == "a lamp" and done["trace"]["generated"] >= 3
    assert set(done["trace"]) == set(whole["trace"])
    assert {"rank", "write", "total"} <= set(done["trace"]["milliseconds"])


def test_a_description_comes_with_the_words(workspace):
    with serving(with_settings(workspace, "model"), ScriptedEngine(generate=[TEXT])) as ask:
        words = words_of(ask_for(STREAM, ask, describe=1))
        alone = words_of(ask_for(STREAM, ask, describe=1, explain=False))
        none = ask_for(STREAM, ask, explain=False)
    assert [word["description"] is not None for word in words] == [True, False, False]
    assert alone[0]["description"] and not any(one["reason"] for one in alone)
    assert kinds(none) == ["products", "done"]


class FailsToWrite(ScriptedEngine):
    """Ranks, and is away as soon as it is to write."""

    def __init__(self) -> None:
        error = EngineUnavailable("http://10.0.0.9 is away.", hint="See 10.0.0.9.")
        super().__init__(fail_with=error, fail_on=("generate", "stream"))


@pytest.mark.parametrize("path", [CHAT, STREAM])
def test_a_model_that_fails_to_write_costs_no_card(workspace, path):
    with serving(with_settings(workspace, "model"), FailsToWrite()) as ask:
        answer = ask(
            "POST", path, json={"message": "a lamp"} if path == CHAT else {"query": "a lamp"}
        )
        found = events(answer)
    assert "failed" not in kinds(found) and found[-1]["type"] == "done"
    cards, behind = numbered(found)
    assert cards == behind and cards
    for word in words_of(found):
        assert word["reason"] and word["origin"] == "fields"
        assert word["error"]["code"] == "model_unavailable" and word["error"]["retryable"]
    assert "10.0.0.9" not in answer.text
    if path == STREAM:
        assert found[-1]["trace"]["degraded"] == "The language model cannot be reached."


@pytest.mark.parametrize("path", [CHAT, STREAM])
def test_a_model_that_takes_too_long_ends_words_and_no_cards(workspace, path):
    go_on = threading.Event()
    engine = ScriptedEngine(generate=[TEXT], on_step=lambda: go_on.wait(30))
    with serving(with_settings(workspace, "model", timeout_s=1.0), engine) as ask:
        found = ask_for(path, ask)
        go_on.set()
        assert kinds(found)[-1] == "done" and "failed" not in kinds(found)
        cards, behind = numbered(found)
        assert cards == behind and len(cards) == 3
        assert [word["reason"] for word in words_of(found)] == [None] * 3
        assert {word["error"]["code"] for word in words_of(found)} == {"timeout"}
        if path == CHAT:
            session = found[-1]["session"]
            assert len(ask("GET", f"/v1/sessions/{session}").json()["turns"]) == 1


def test_a_failure_before_the_cards_ends_the_stream_with_failed(workspace):
    engine = ScriptedEngine(fail_with=EngineUnavailable("It is away."))
    with serving(with_settings(workspace, "model"), engine) as ask:
        assert kinds(ask_for(STREAM, ask)) == ["failed"]
        refused = ask("POST", STREAM, json={"k": 0})
        assert refused.status_code == 422 and refused.json()["error"]["field"] == "k"


def test_answers_of_the_stream_are_counted(workspace):
    with serving(with_settings(workspace, "model"), FailsToWrite()) as ask:
        ask_for(STREAM, ask)
        assert "llmrec_degraded_answers_total 1.0" in ask("GET", "/metrics").text
