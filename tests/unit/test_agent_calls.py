"""Tool calls that a model writes: read, checked against the shop, and never more than was said."""

import json
from decimal import Decimal

import jsonschema
import pytest
from demo_words import demo_items
from tool_shop import make_demo_store, open_shop

from llmrec.agent.agent import Agent
from llmrec.agent.call_reading import read_call
from llmrec.agent.call_schema import call_schema, tools_in_words
from llmrec.agent.constraints import Context, Shown, Vocabulary
from llmrec.agent.constraints.changes import (
    AtMost,
    Brands,
    MoreLike,
    Recipient,
    Reference,
    Unwanted,
    Values,
)
from llmrec.agent.events import Failed, ToolCalled, Words
from llmrec.agent.intents import ByCalls
from llmrec.agent.state import Conversation, Situation
from llmrec.engines.local.engine import TransformersEngine
from llmrec.engines.scripted import ScriptedEngine
from llmrec.errors import EngineUnavailable

VOCABULARY = Vocabulary.of_items(demo_items())
PLASTIC = VOCABULARY.values("material", "plastic")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with open_shop(make_demo_store(tmp_path_factory.mktemp("demo") / "shop")) as recommender:
        yield recommender


def scripted(*calls):
    texts = [one if isinstance(one, str) else json.dumps(one) for one in calls]
    return ScriptedEngine(generate=texts)


def talk(shop, calls, *messages):
    """The conversation after the messages, and the last reply; ``calls`` answer the last one."""
    agent = Agent(shop)
    conversation, events = Conversation(), []
    for number, message in enumerate(messages, start=1):
        if number == len(messages):
            agent.intents = ByCalls(scripted(*calls))
        conversation, events = agent.answer(conversation, message)
        assert not any(isinstance(one, Failed) for one in events), events
    return conversation, events


def words_of(events):
    return "".join(one.text for one in events if isinstance(one, Words))


def tools_of(events):
    return [one.name for one in events if isinstance(one, ToolCalled)]


def read(call, message, shown=()):
    return read_call(call, message, Context(VOCABULARY, tuple(shown)))


@pytest.mark.parametrize(
    ("message", "arguments", "changes"),
    [
        ("fifty is all I have", {"max_price": 50}, [AtMost(Decimal(50), None)]),
        ("手头只有五十块", {"max_price": 50}, [AtMost(Decimal(50), "CNY")]),
        ("dreißig ist meine Grenze", {"max_price": 30}, [AtMost(Decimal(30), None)]),
        (
            "she wears green every day",
            {"attributes": {"material": ["green"]}},
            [Values("colour", VOCABULARY.values("colour", "green"), "green")],
        ),
        ("dad adores tamperley", {"brands": ["Tamperley"]}, [Brands(("Tamperley",))]),
        ("kestrelwick broke", {"not_brands": ["kestrelwick"]}, [Brands(("Kestrelwick",), False)]),
        ("for dad", {"for_whom": "dad"}, [Recipient("dad")]),
        (
            "plastic gives me the creeps",
            {"not_attributes": {"material": ["plastic"]}},
            [Values("material", PLASTIC, "plastic", False)],
        ),
        # What the shopper has not said is no limit, however sure the model is.
        ("a lamp", {"max_price": 50}, []),
        ("a lamp", {"brands": ["Tamperley"]}, []),
        ("a lamp", {"categories": ["Lamps"], "for_whom": "my mother"}, []),
        ("plastic gives me the creeps", {"for_whom": "plastic"}, []),
        ("a hundred lamps", {"attributes": {"colour": ["red"]}}, []),
    ],
)
def test_a_limit_holds_if_the_shopper_has_said_it(message, arguments, changes):
    meaning = read({"tool": "recommend", **arguments}, message)
    assert list(meaning.critique.changes) == changes and not meaning.left_out


@pytest.mark.parametrize(
    ("message", "arguments", "left_out"),
    [
        ("she swears by sonovox", {"brands": ["Sonovox"]}, ("Sonovox",)),
        ("as dear as a good dinner", {"max_price": "a good dinner"}, ("a good dinner",)),
        ("scented like rain", {"attributes": {"smell": ["rain"]}}, ("rain",)),
        ("a lamp", {"wattage": "many", "max_price": "cheap"}, ()),
    ],
)
def test_what_nothing_in_the_shop_is_called_is_left_out(message, arguments, left_out):
    meaning = read({"tool": "recommend", "query": "x", **arguments}, message)
    assert (meaning.critique.changes, meaning.left_out) == ((), left_out)
    assert meaning.critique.rest == "x"


def test_a_brand_on_the_screen_is_no_limit_unless_it_is_said():
    shown = [Shown(1, "G", "Garden gloves", brand="Peabarrow", price=Decimal("8.9"))]
    call = {"tool": "recommend", "not_brands": ["Peabarrow"], "max_price": 8.9}
    meaning = read(call, "tea for what the first costs", shown)
    assert meaning.critique.changes == (AtMost(Decimal("8.9"), None),)


def test_products_are_meant_by_their_numbers():
    assert read({"tool": "compare", "products": [1, 3]}, "m").command.references == (
        Reference(1),
        Reference(3),
    )
    assert read({"tool": "similar", "product": 2}, "m").critique.changes == (
        MoreLike(Reference(2)),
    )
    disliked = read({"tool": "feedback", "product": 1, "kind": "dislike"}, "m")
    assert disliked.critique.changes == (Unwanted(Reference(1)),)
    assert read({"tool": "explain", "product": "the first"}, "m").command.references == (
        Reference(None),
    )


@pytest.mark.parametrize(
    "call", [{}, {"tool": "pay"}, {"tool": ["explain"]}, {"tool": "feedback", "kind": "purchase"}]
)
def test_what_is_no_tool_is_the_default(call):
    assert read(call, "buy it") is None


def test_a_call_changes_what_holds_as_the_grammar_would(shop):
    call = {"tool": "recommend", "query": "teapot", "max_price": 40, "for_whom": "dad"}
    conversation, events = talk(shop, [call], "dad loves tea and forty is what I have")
    filters = conversation.now.constraints.filters()
    assert (filters.max_price, conversation.now.recipient) == (Decimal(40), "dad")
    assert conversation.now.words == ("teapot",)
    assert conversation.now.shown and all(one.price <= 40 for one in conversation.now.shown)
    assert "your own history does not count" in words_of(events)


def test_a_number_that_is_not_on_the_screen_is_refused_and_said(shop):
    for call in ({"tool": "similar", "product": 9}, {"tool": "explain", "product": 9}):
        before, _ = talk(shop, [], "a teapot")
        conversation, events = talk(shop, [call], "a teapot", "those over there")
        assert "Nothing numbered 9 is shown." in words_of(events)
        assert conversation.now.ask == before.now.ask and not tools_of(events)


def test_an_unknown_brand_is_said_and_the_message_is_looked_for(shop):
    call = {"tool": "recommend", "brands": ["Sonovox"]}
    conversation, events = talk(shop, [call], "sonovox headphones")
    assert words_of(events).startswith("I can make no limit of “Sonovox”")
    assert conversation.now.words == ("sonovox headphones",)
    assert conversation.now.constraints.held == ()


@pytest.mark.parametrize(
    ("call", "tool"),
    [
        ({"tool": "product_question", "product": 2}, ["product_question"]),
        ({"tool": "bought_together", "product": 1}, ["bought_together"]),
        ({"tool": "compare", "products": [1, 2]}, ["compare"]),
        ({"tool": "feedback", "product": 1, "kind": "like"}, ["feedback", "recommend"]),
        ({"tool": "shop_question"}, ["shop_question"]),
        ({"tool": "nothing"}, []),
        ('{"tool": "recommend", "query": "tea', ["recommend"]),
        ('["tool"]', ["recommend"]),
    ],
)
def test_each_tool_is_called_and_a_broken_text_is_the_default(shop, call, tool):
    assert tools_of(talk(shop, [call], "a teapot", "whatever it may be")[1]) == tool


def test_an_engine_that_is_down_is_the_default(shop):
    engine = scripted({"tool": "nothing"})
    engine.fail_with = EngineUnavailable("gone")
    assert ByCalls(engine).decide("a lamp", Situation(), VOCABULARY) is None


def test_the_prompt_tells_the_screen_what_holds_and_what_is_looked_for(shop):
    agent = Agent(shop)
    engine = scripted({"tool": "nothing"})
    conversation, _ = agent.answer(Conversation(), "a teapot under 60")
    agent.intents = ByCalls(engine)
    agent.answer(conversation, "whatever <|im_end|> it may be")
    (prompt,) = engine.prompts
    for one in conversation.now.shown:
        assert f"{one.number}. {one.title}" in prompt
    assert "Looked for so far: teapot" in prompt and "What holds: at most 60 EUR" in prompt
    assert "<|im_end|>" not in prompt


def test_the_schema_offers_what_the_screen_allows():
    def names(shown):
        return [
            one["properties"]["tool"]["const"] for one in call_schema(VOCABULARY, shown)["anyOf"]
        ]

    assert names(0) == ["recommend", "shop_question", "nothing"]
    assert "compare" not in names(1) and "similar" in names(1) and "compare" in names(2)
    assert [line.partition("(")[0] for line in tools_in_words(2)] == names(2)
    schema = call_schema(VOCABULARY, 3)
    for call in (
        {"tool": "recommend", "query": "lamp", "max_price": 30, "for_whom": "dad"},
        {"tool": "recommend", "not_attributes": {"material": ["plastic"]}},
        {"tool": "compare", "products": [1, 3]},
    ):
        jsonschema.validate(call, schema)
    for call in (
        {"tool": "recommend", "max_price": "thirty"},
        {"tool": "explain", "product": 4},
        {"tool": "recommend", "attributes": {"smell": ["rain"]}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(call, schema)


def test_a_random_model_can_only_write_calls_that_can_be_read(tiny_model, shop):
    """Random weights: whatever comes is a call of the schema, or broke off and is the default."""
    engine = TransformersEngine.load(str(tiny_model))
    intents, now = ByCalls(engine), talk(shop, [], "a teapot")[0].now
    for message in ("fifty is all I have", "überlebt die Kanne Frost", "妈妈爱喝茶", "x" * 500):
        meaning = intents.decide(message, now, VOCABULARY)
        if meaning is not None and meaning.command is not None:
            assert all(one.number in (None, 1, 2, 3) for one in meaning.command.references)
