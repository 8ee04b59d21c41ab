"""What a button sends instead of words, and who the key says one is."""

import pytest
from serving import make_key, new_shop, serving
from test_server_chat import products, talk

from llmrec.agent.constraints import Constraint, Constraints
from llmrec.agent.constraints.changes import AtMost, Drop
from llmrec.agent.state import Situation
from llmrec.server.bodies.acts import PriceAct


@pytest.fixture(scope="module")
def ask(client):
    return lambda method, path, key=None, **more: client(method, path, **more)


def act(ask, session, do, **more):
    return talk(ask, f"({do})", session, act={"do": do, **more})


def held(ask, session):
    return ask("GET", f"/v1/sessions/{session}").json()["held"]


def test_a_price_is_set_edited_and_dropped(ask):
    session = act(ask, None, "price", low="10", high="50")[0]["session"]
    kinds = {one["constraint"]["kind"]: one["constraint"]["amount"] for one in held(ask, session)}
    assert kinds == {"min_price": "10", "max_price": "50"}
    shown = products(act(ask, session, "price", high="40"))
    assert shown and all(float(one["price"]) <= 40 for one in shown)
    assert [one["constraint"]["kind"] for one in held(ask, session)] == ["max_price"]
    act(ask, session, "drop", place=1)
    assert held(ask, session) == []


def test_only_what_differs_is_changed():
    low, high = (Constraint(kind=kind, amount=40) for kind in ("min_price", "max_price"))
    now = Situation(constraints=Constraints(held=(Constraint(kind="in_stock"), low, high)))
    assert PriceAct(do="price", low="40", high="40").action(now) == ()
    assert PriceAct(do="price", high="50").action(now) == (Drop("number", "2"), AtMost(50))
    assert PriceAct(do="price").action(now) == (Drop("number", "3"), Drop("number", "2"))


def test_a_like_and_a_dislike_change_the_next_answer(ask):
    first = talk(ask, "a lamp", user="u003")
    session, shown = first[0]["session"], products(first)

    def button(do):
        return talk(ask, "button", session, user="u003", act={"do": do, "product": 1})

    after = button("like")
    assert products(after)[0]["id"] == shown[0]["id"]
    kept = ask("GET", f"/v1/sessions/{session}?user=u003").json()
    assert kept["marks"] == {shown[0]["id"]: "like"}
    unwanted = products(after)[0]["id"]
    assert unwanted not in [product["id"] for product in products(button("dislike"))]


def test_why_says_what_the_reason_stands_on_and_undo_takes_back(ask):
    session = talk(ask, "a lamp")[0]["session"]
    told = [one for one in act(ask, session, "why", product=1) if one["type"] == "tool_returned"]
    assert told[0]["name"] == "explain"
    assert told[0]["result"]["sources"] and told[0]["result"]["evidence"]
    act(ask, session, "price", high="30")
    act(ask, session, "undo")
    assert held(ask, session) == []


def test_the_end_says_in_which_language_it_was_answered(ask):
    ends = [talk(ask, message)[-1] for message in ("a lamp for reading", "ich suche eine Lampe")]
    assert [one["language"] for one in ends] == ["en", "de"]


def test_a_conversation_may_begin_with_a_button_in_the_pages_language(ask):
    body = {"message": "(more)", "act": {"do": "more"}, "language": "de"}
    events = talk(ask, **body)
    assert events[-1]["language"] == "de"
    said = ask("GET", f"/v1/sessions/{events[0]['session']}").json()["turns"][0]["answered"]
    assert said.startswith("Das kann ich anbieten:")
    again = talk(ask, "(more)", events[0]["session"], act={"do": "more"}, language="zh")
    assert again[-1]["language"] == "de"  # a page in another language does not change it


def test_an_unknown_button_is_refused(ask):
    for wrong in ({"do": "buy"}, {"do": "like"}, {"do": "like", "product": 0}, {"do": "drop"}):
        answer = ask("POST", "/v1/chat", json={"message": "x", "act": wrong})
        assert answer.status_code == 422, wrong


def test_a_key_says_who_one_is(workspace, ask, tmp_path):
    assert ask("GET", "/v1/me").json() == {"scope": "admin", "user": None}
    other = new_shop(tmp_path, items=5)
    key = make_key(other, "shopper", "u001")
    with serving(other) as client:
        assert client("GET", "/v1/me", key).json() == {"scope": "shopper", "user": "u001"}
        assert client("GET", "/v1/me").status_code == 401
