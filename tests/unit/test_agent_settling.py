"""A sign that the assistant asks about is settled by the answer, once, beside what else it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest
from agent_talk import products_of, talk, tools_of, words_of

from llmrec.agent.agent import Agent
from llmrec.agent.constraints import Vocabulary
from llmrec.agent.settling import settled_by
from llmrec.agent.state import Conversation, Unsettled
from llmrec.reading.lines import read_line
from llmrec.reading.prompt import plain
from llmrec.reading.tracing import traced

SUM = Unsettled(kind="max", text="50", amount=Decimal(50))
NAME = Unsettled(kind="without", text="leather")
WORDS = Vocabulary(brands=["Acme"], attributes={"material": {"leather": 2}})


@dataclass(frozen=True)
class Doubting:
    """Reads a message by its line; parts behind ``?`` are those that the second witness denies."""

    lines: Mapping[str, str]

    def read(self, message, context=None, currency=None):
        line, _, denied = self.lines[plain(message)].partition(" ? ")
        whole = read_line(f"{line} | {denied}" if denied else line)
        parts = read_line(f"find | {denied}").parts if denied else ()
        shown = len(context.on_screen) if context else 0
        return traced(message, whole, parts, on_screen=shown, has_context=True, currency=currency)


def answered(agent: Agent, *messages: tuple[str, str]):
    """The conversation after these messages, and the events of the last reply."""
    lines = {plain(message): line for message, line in messages}
    doubting = Agent(agent.shop, reader=Doubting(lines))
    conversation, events = Conversation(), []
    for message, _ in messages:
        conversation, events = talk(doubting, message, after=conversation)
    return conversation, events


ASKED = ("a teapot, 50", "find | thing teapot ? max 50")


@pytest.mark.parametrize(
    ("answer", "sign", "rest"),
    [
        ("at most", "max", ""),
        ("yes, at most", "max", ""),
        ("the first", "max", ""),
        ("50 euros is the most", "max", ""),
        ("that's the most I can pay", "max", ""),
        ("at most, and do you ship to Austria?", "max", "do you ship to Austria?"),
        ("at least", "min", ""),
        ("the latter", "min", ""),
        ("ja, höchstens 50 Euro, und in Rot", "max", "in Rot"),
        ("Mindestens. Liefert ihr nach Wien?", "min", "Liefert ihr nach Wien?"),
        ("das Erste bitte", "max", ""),
        ("不超过50,另外你们寄到奥地利吗?", "max", "你们寄到奥地利吗?"),
        ("至少", "min", ""),
        ("about 50", "around", ""),
    ],
)
def test_an_answer_settles_the_sign_of_a_sum(answer, sign, rest):
    (wish,), left = settled_by(answer, [SUM], WORDS)
    assert (getattr(wish, sign), left) == (50, rest)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("yes", True),
        ("no, I want it", True),
        ("the first", True),
        ("ja bitte", True),
        ("想要", True),
        ("no", False),
        ("yes, I don't want it", False),
        ("no leather", False),
        ("nein, das nicht", False),
        ("不要", False),
    ],
)
def test_an_answer_settles_whether_a_name_is_wanted(answer, wanted):
    (wish,), rest = settled_by(answer, [NAME], WORDS)
    assert rest == ""
    assert wish.attributes == ({"material": "leather"} if wanted else {})
    assert wish.not_ == (() if wanted else ("leather",))


@pytest.mark.parametrize(
    "message",
    [
        "yes",
        "at most 60",
        "most of them are ugly",
        "the second one in red",
        "the first is nice",
        "das erste gefällt mir",
        "最多两个人用的",
    ],
)
def test_what_is_no_answer_is_read_as_it_is(message):
    assert settled_by(message, [SUM], WORDS) == ([], message)
    assert settled_by("at most", [], WORDS) == ([], "at most")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("at most", "max_price"), ("the second", "min_price"), ("至少", "min_price")],
)
def test_a_limit_holds_once_it_is_settled_and_is_not_asked_again(agent, answer, kind):
    _, events = answered(agent, ASKED)
    assert "Is 50 the most it may cost, or the least?" in words_of(events)
    # Out of its question a reader would take "the second" for the product.
    after, events = answered(agent, ASKED, (answer, "find | item 2"))
    (limit,) = after.now.constraints.held
    assert (limit.kind, limit.amount, after.unsettled) == (kind, 50, ())
    assert products_of(events) and "or the least" not in words_of(events)
    assert Conversation.model_validate_json(after.model_dump_json()) == after


def test_what_else_the_answer_asks_is_done_too(agent):
    message = "at most, and do you ship to Austria?"
    both = {"a teapot, 50": ASKED[1], plain("do you ship to Austria?"): "shop"}
    doubting = Agent(agent.shop, reader=Doubting(both))
    conversation, _ = talk(doubting, "a teapot, 50")
    after, events = talk(doubting, message, after=conversation)
    assert [limit.amount for limit in after.now.constraints.of("max_price")] == [50]
    assert tools_of(events)[-1] == "shop_question" and products_of(events)
    assert after.turns[-1].said == message


def test_an_answer_beside_another_thing_holds_of_it(agent):
    lines = {"a teapot, 50": ASKED[1], "show me a lamp": "find | thing lamp"}
    doubting = Agent(agent.shop, reader=Doubting(lines))
    conversation, _ = talk(doubting, "a teapot, 50")
    after, events = talk(doubting, "at most, and show me a lamp", after=conversation)
    assert after.now.words == ("lamp",)
    assert [limit.amount for limit in after.now.constraints.of("max_price")] == [50]
    assert tools_of(events).count("recommend") == 1


@pytest.mark.parametrize(
    ("message", "line", "answer", "amount"),
    [
        ("a teapot, 40 dollars", "find | thing teapot ? max 40", "the most", 40),
        ("上千的茶壶", "find | thing 茶壶 ? min 千", "至少", 1000),
        ("eine Kanne, fuffzig", "find | thing Kanne ? max fuffzig", "höchstens fuffzig", 50),
    ],
)
def test_a_sum_is_worth_what_its_message_says(agent, message, line, answer, amount):
    after, _ = answered(agent, (message, line), (answer, "talk"))
    (limit,) = after.now.constraints.held
    assert limit.amount == amount


def test_nothing_is_asked_twice_in_a_row_and_a_late_answer_counts(agent):
    again = ("50, I said, and nice", "refine | feature: nice ? max 50")
    conversation, events = answered(agent, ASKED, again)
    assert "or the least" not in words_of(events)
    assert conversation.now.constraints.of("max_price") == ()
    after, _ = answered(agent, ASKED, again, ("at most", "talk"))
    assert [limit.amount for limit in after.now.constraints.of("max_price")] == [50]


def test_a_question_ends_with_a_turn_that_does_not_answer_it(agent):
    after, _ = answered(agent, ASKED, ("in stock please", "refine | in stock"), ("at most", "talk"))
    assert after.now.constraints.of("max_price") == ()
