"""The conversation as a value: what a change does to it, and the way back."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from demo_words import demo_context
from hypothesis import given
from hypothesis import strategies as st

from llmrec.agent.asking import subject_of
from llmrec.agent.constraints import Reference, Shown, read_message
from llmrec.agent.constraints.changes import MoreLike, StartOver, Unwanted
from llmrec.agent.constraints.things import Things
from llmrec.agent.reducer import meant, reduced
from llmrec.agent.refining import looked_for
from llmrec.agent.state import MAX_UNDO, Conversation, Situation, Turn
from llmrec.types import EventKind

SHOWN = (
    Shown(1, "a", "Lamp", brand="Acme", price=Decimal("30"), currency="EUR"),
    Shown(2, "b", "Kettle", brand="Brio", price=Decimal("12.50"), currency="EUR"),
    Shown(3, "c", "Spade", brand=None, price=None),
)
SEEN = Situation(shown=SHOWN)


def after(situation, *messages, currencies=("EUR",)):
    notes = []
    for message in messages:
        changes = read_message(message, demo_context()).changes
        situation, told = reduced(situation, changes, currencies)
        notes += [one.kind for one in told]
    return situation, notes


def limits(situation):
    return situation.constraints.filters().model_dump(exclude_defaults=True, mode="json")


@pytest.mark.parametrize(
    ("message", "expected", "notes"),
    [
        ("cheaper", {"max_price": "12.49"}, []),
        ("cheaper than the first", {"max_price": "29.99"}, []),
        ("more expensive", {"min_price": "30.01"}, []),
        ("cheaper than the third", {}, ["no_price"]),
        ("cheaper than number 9", {}, ["no_such_number"]),
        ("not the brand of the first", {"not_brands": ["Acme"]}, []),
        ("same brand as the second", {"brands": ["Brio"]}, []),
        ("not the brand of the third", {}, ["no_brand"]),
        ("not that brand", {}, ["which_one"]),
        ("not that one", {}, ["which_one"]),
        ("not the second", {"not_items": ["b"]}, []),
        ("not the last one", {"not_items": ["c"]}, []),
        ("under 40 dollars", {"max_price": "40"}, ["currency"]),
        ("any brand", {}, ["nothing_to_drop"]),
        ("for my mother", {}, ["taste_aside"]),
    ],
)
def test_what_is_on_the_screen_settles_a_change(message, expected, notes):
    situation, told = after(SEEN, message)
    assert (limits(situation), told) == (expected, notes)


def test_nothing_on_the_screen_settles_nothing():
    for message in ("cheaper", "not the first", "more like the second", "not that brand"):
        assert after(Situation(), message) == (Situation(), ["nothing_shown"])


def test_that_one_is_the_one_spoken_of_or_the_only_one():
    focused = SEEN.model_copy(update={"focus": 2})
    assert limits(after(focused, "not that one")[0]) == {"not_items": ["b"]}
    assert limits(after(focused, "not that brand")[0]) == {"not_brands": ["Brio"]}
    assert meant(Situation(shown=SHOWN[:1]), Reference()) == SHOWN[0]
    same = Situation(shown=(SHOWN[0], SHOWN[0].model_copy(update={"number": 2})))
    assert limits(after(same, "not that brand")[0]) == {"not_brands": ["Acme"]}


def test_a_shop_of_two_currencies_keeps_the_one_that_is_said():
    both = ("EUR", "USD")
    assert limits(after(SEEN, "under 40 dollars", currencies=both)[0]) == {
        "max_price": "40",
        "currency": "USD",
    }
    crossed = after(SEEN, "at least 10 euros", "under 40 dollars", currencies=both)
    assert limits(crossed[0]) == {"max_price": "40", "currency": "USD"}
    assert crossed[1] == ["replaced"]


def test_an_unwanted_product_comes_back_when_its_constraint_is_dropped():
    situation, _ = after(SEEN, "not the second")
    assert [(one.item, one.kind) for one in situation.marks] == [("b", EventKind.DISLIKE)]
    back, notes = after(situation, "show hidden products again")
    assert (back, notes) == (SEEN, ["dropped"])


def test_unwanted_survives_starting_over_and_can_still_be_taken_back():
    situation, _ = after(SEEN, "under 20", "not the second", "start over")
    assert situation == Situation(marks=situation.marks) and situation.marks
    assert after(situation, "show hidden products again")[0] == Situation()


def test_a_gift_sets_earlier_marks_aside_until_it_is_for_me_again():
    situation, _ = after(SEEN, "not the second", "for my mother", "not the first")
    assert (situation.aside, len(situation.marks)) == (1, 2)
    back, notes = after(situation, "it's for me")
    assert (back.aside, back.recipient, notes) == (0, None, ["dropped", "taste_back"])


def test_more_like_asks_for_the_product():
    situation, _ = reduced(SEEN, [MoreLike(Reference(2))], ("EUR",))
    assert (situation.ask.tool, situation.ask.product, situation.focus) == ("similar", "b", 2)


@pytest.mark.parametrize(
    ("said", "words", "joined"),
    [
        ("it's for my brother, he likes cooking", "cooking", True),
        ("preferably wooden", "wooden", True),
        ("something that is easy to clean", "easy to clean", True),
        ("do you have bigger ones", "bigger", True),
        ("my sister loves blue", "my sister loves blue", True),
        ("I work as a teacher", "I work as a teacher", True),
        ("I also need a headset", "headset", False),
        ("now show me office chairs", "office chairs", False),
        ("I want a cup", "cup", False),
        ("espresso cups", "espresso cups", False),
        ("es soll leicht sein", "leicht", True),
        ("am liebsten aus Holz", "aus Holz", True),
        ("ich brauche auch noch einen Rucksack", "Rucksack", False),
        ("zeig mir jetzt Pfannen", "Pfannen", False),
        ("最好是木头的", "木头", True),
        ("他喜欢做饭", "做饭", True),
        ("我要轻一点的", "轻", True),
        ("das rote Zelt", "rote Zelt", False),
        ("我还要一个帐篷", "帐篷", False),
    ],
)
def test_what_says_more_of_the_quest_joins_it_and_another_thing_begins_anew(said, words, joined):
    found = looked_for(("cutting board",), words, said, Things(["tent", "zelt", "cup"]))
    assert found == (("cutting board", words) if joined else (words,))


@pytest.mark.parametrize(
    ("before", "words", "phrases"),
    [
        ((), "tent", ("tent",)),
        (("tent",), "for two", ("tent", "for two")),
        (("tent",), "espresso cups", ("espresso cups",)),
        (("Zelt",), "leichter", ("Zelt", "leichter")),
        (("帐篷",), "适合两个人", ("帐篷", "适合两个人")),
        (("a", "b", "c", "d"), "lighter", ("a", "c", "d", "lighter")),
        (("tent",), "waterproof", ("tent", "waterproof")),
        (("tent",), "a light tent", ("tent", "a light tent")),
        (("cup",), "Tent", ("Tent",)),
        ((), "for the balcony", ("balcony",)),
        ((), "für den Balkon", ("Balkon",)),
    ],
)
def test_words_go_on_or_begin_anew(before, words, phrases):
    assert looked_for(before, words, things=Things(["tent", "cup"])) == phrases


changes = st.lists(
    st.sampled_from(
        [
            *read_message("under 40", demo_context()).changes,
            *read_message("in blue, from Tamperley, for my mother", demo_context()).changes,
            *read_message("any brand", demo_context()).changes,
            Unwanted(Reference(1)),
            Unwanted(Reference(7)),
            MoreLike(Reference(2)),
            StartOver(),
        ]
    ),
    max_size=40,
)


@given(changes)
def test_undo_goes_back_through_every_state(some):
    states = [Conversation(now=SEEN)]
    for change in some:
        following = states[-1].to(reduced(states[-1].now, [change], ("EUR",))[0])
        assert Conversation.model_validate_json(following.model_dump_json()) == following
        if following != states[-1]:
            states.append(following)
    current = states[-1]
    for state in reversed(states[-1 - MAX_UNDO : -1]):
        current = current.undone()
        assert current.now == state.now
    assert len(states) > MAX_UNDO or current.undone() is None


def test_what_was_said_is_kept():
    turn = Turn(said="hello", answered="Hello!", at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert Conversation().said(turn).turns == (turn,)


def test_a_quest_has_a_subject_where_it_names_a_thing_in_english():
    things, quest = Things(["tent"]), Situation(words=("a light tent", "for two"))
    assert subject_of(quest, "en", things) == ("a light tent", "a light tent, for two")
    assert subject_of(quest, "de", things) == ()
    assert subject_of(Situation(words=("something nice",)), "en", things) == ()
    assert subject_of(Situation(), "en", things) == ()
