"""The experiment over HTTP: an arm in each answer, outcomes for merchants, forgotten on demand."""

import pytest
from serving import MODELS, serving

from llmrec.config import Workspace


@pytest.fixture(scope="module")
def ask(workspace, keys):
    settings = {**MODELS, "experiment": {"name": "spring", "adapter": "none", "llm_weight": 1.0}}
    with serving(Workspace.open(workspace.path, overrides=settings)) as client:
        yield client


def recommended(ask, keys, user):
    body = {"user": user, "k": 3, "explain": False}
    answer = ask("POST", "/v1/recommend", keys["admin"], json=body).json()
    return answer["trace"]["arm"], [one["item"]["id"] for one in answer["recommendations"]]


def test_what_is_bought_after_it_was_shown_is_counted_for_the_arm(ask, keys):
    shown = {f"u{number:03d}": recommended(ask, keys, f"u{number:03d}") for number in range(12)}
    users = [{"user": user} for user in shown]
    body = {"requests": [*users, {"history": ["i0001"]}], "k": 3, "explain": False}
    batch = ask("POST", "/v1/recommend/batch", keys["merchant"], json=body).json()["answers"]
    assert [one["trace"]["arm"] for one in batch] == [*(arm for arm, _ in shown.values()), None]
    buyer, (arm, items) = next(iter(shown.items()))
    row = {"user": buyer, "item": items[0], "kind": "purchase"}
    assert ask("POST", "/v1/events", keys["admin"], json={"events": [row]}).is_success
    found = ask("GET", "/v1/experiment", keys["merchant"]).json()
    assert set(found) == {"name", "days", "arms", "both", "split_p", "tests", "sentence"}
    arms = {one["arm"]: one for one in found["arms"]}
    assert arms["A"]["shoppers"] + arms["B"]["shoppers"] == 12
    assert arms["A"]["lists"] + arms["B"]["lists"] == 24
    other = "B" if arm == "A" else "A"
    purchases = {name: arms[name]["outcomes"]["purchase"]["count"] for name in arms}
    assert purchases == {arm: 1, other: 0}
    assert arms["B"]["what"] == "no adapter, llm_weight 1"
    assert [one["outcome"] for one in found["tests"]] == ["like", "cart", "purchase"]
    assert found["sentence"].startswith("No difference shown")


def test_a_chat_is_counted_once_for_each_list_and_not_for_asking_why(ask, keys):
    def lists():
        return sum(
            one["lists"] for one in ask("GET", "/v1/experiment", keys["admin"]).json()["arms"]
        )

    before = lists()
    said = {"user": "talker", "message": "a red lamp"}
    assert ask("POST", "/v1/chat", keys["admin"], json=said).is_success
    assert lists() == before + 1
    sessions = ask("GET", "/v1/sessions?user=talker", keys["admin"]).json()["sessions"]
    why = {"user": "talker", "session": sessions[0]["id"], "act": {"do": "why", "product": 1}}
    assert "failed" not in ask("POST", "/v1/chat", keys["admin"], json=why).text
    assert lists() == before + 1


def test_merchants_may_read_it_and_shoppers_may_not(ask, keys):
    statuses = {scope: ask("GET", "/v1/experiment", key).status_code for scope, key in keys.items()}
    assert statuses == {"shopper": 403, "merchant": 200, "admin": 200}
    assert ask("GET", "/v1/experiment").status_code == 401


def test_a_forgotten_shopper_was_never_in_it(ask, keys, workspace):
    name = "never-was-here-77"
    recommended(ask, keys, name)
    assert ask("DELETE", f"/v1/users/{name}", keys["admin"]).json()["lists"] == 1
    assert ask("DELETE", f"/v1/users/{name}", keys["admin"]).json()["lists"] == 0
    for file in workspace.path.rglob("*"):
        assert not file.is_file() or name.encode() not in file.read_bytes(), file


def test_where_none_runs_it_is_not_found(workspace, keys):
    with serving(workspace) as ask:
        answer = ask("GET", "/v1/experiment", keys["merchant"])
    assert answer.status_code == 404
    assert "No experiment runs" in answer.json()["error"]["message"]
    assert "[experiment]" in answer.json()["error"]["hint"]
