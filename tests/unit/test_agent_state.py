"""The conversation as a value: what a change does to it, and the way back."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.agent.asking import subject_of
from llmrec.agent.constraints import Reference, Shown
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Drop,
    InStock,
    MoreLike,
    NewQuest,
    Recipient,
    StartOver,
    Than,
    Unwanted,
    Values,
    Without,
)
from llmrec.agent.reducer import meant, reduced
from llmrec.agent.state import MAX_UNDO, Conversation, Mark, Situation, Turn
from llmrec.catalog.things import Things
from llmrec.types import EventKind

SHOWN = (
    Shown(1, "a", "Lamp", brand="Acme", price=Decimal("30"), currency="EUR"),
    Shown(2, "b", "Kettle", brand="Brio", price=Decimal("12.50"), currency="EUR"),
    Shown(3, "c", "Spade", brand=None, price=None),
)
SEEN = Situation(shown=SHOWN)
DOLLARS = AtMost(Decimal(40), "USD")


def after(situation, *changes, currencies=("EUR",)):
    situation, notes = reduced(situation, changes, currencies)
    return situation, [note.kind for note in notes]


def limits(situation):
    return situation.constraints.filters().model_dump(exclude_defaults=True, mode="json")


@pytest.mark.parametrize(
    ("change", "expected", "notes"),
    [
        (Than("cheaper"), {"max_price": "12.49"}, []),
        (Than("cheaper", Reference(1)), {"max_price": "29.99"}, []),
        (Than("dearer"), {"min_price": "30.01"}, []),
        (Than("cheaper", Reference(3)), {}, ["no_price"]),
        (Than("cheaper", Reference(9)), {}, ["no_such_number"]),
        (Unwanted(Reference()), {}, ["which_one"]),
        (Unwanted(Reference(2)), {"not_items": ["b"]}, []),
        (Unwanted(Reference(-1)), {"not_items": ["c"]}, []),
        (DOLLARS, {"max_price": "40"}, ["currency"]),
        (Drop("brand"), {}, ["nothing_to_drop"]),
        (Recipient("my mother"), {}, ["taste_aside"]),
    ],
)
def test_what_is_on_the_screen_settles_a_change(change, expected, notes):
    situation, told = after(SEEN, change)
    assert (limits(situation), told) == (expected, notes)


def test_nothing_on_the_screen_settles_nothing():
    for change in (
        Than("cheaper"),
        Unwanted(Reference(1)),
        MoreLike(Reference(2)),
    ):
        assert after(Situation(), change) == (Situation(), ["nothing_shown"])


def test_that_one_is_the_one_spoken_of_or_the_only_one():
    focused = SEEN.model_copy(update={"focus": 2})
    assert limits(after(focused, Unwanted(Reference()))[0]) == {"not_items": ["b"]}
    assert meant(Situation(shown=SHOWN[:1]), Reference()) == SHOWN[0]


def test_a_shop_of_two_currencies_keeps_the_one_that_is_said():
    both = ("EUR", "USD")
    dollars = {"max_price": "40", "currency": "USD"}
    assert limits(after(SEEN, DOLLARS, currencies=both)[0]) == dollars
    crossed = after(SEEN, AtLeast(Decimal(10), "EUR"), DOLLARS, currencies=both)
    assert (limits(crossed[0]), crossed[1]) == (dollars, ["replaced"])


def test_a_new_quest_keeps_what_is_true_of_the_shopper_and_not_of_the_thing():
    held = (
        AtMost(Decimal(40)),
        Brands(("Acme",)),
        Brands(("Brio",), wanted=False),
        Values("colour", ("jet",), "jet"),
        Values("material", ("wool",), "wool", wanted=False),
        Without("kettle"),
        InStock(),
        Recipient("my mother"),
    )
    situation, _ = after(SEEN.model_copy(update={"words": ("lamp",), "sort": "newest"}), *held)
    following, notes = after(situation, NewQuest())
    kinds = {"max_price", "not_brand", "not_attribute", "not_word", "recipient"}
    assert {one.kind for one in following.constraints.held} == kinds
    assert (following.words, following.sort, notes) == ((), None, ["dropped"])


def test_an_unwanted_product_comes_back_when_its_constraint_is_dropped():
    situation, _ = after(SEEN, Unwanted(Reference(2)))
    assert [(mark.item, mark.kind) for mark in situation.marks] == [("b", EventKind.DISLIKE)]
    back, notes = after(situation, Drop("unwanted"))
    assert (back, notes) == (SEEN, ["dropped"])


def test_unwanted_survives_starting_over_and_can_still_be_taken_back():
    situation, _ = after(SEEN, AtMost(Decimal(20)), Unwanted(Reference(2)), StartOver())
    assert situation == Situation(marks=situation.marks) and situation.marks
    assert after(situation, Drop("unwanted"))[0] == Situation()


def test_a_gift_sets_earlier_marks_aside_until_it_is_for_me_again():
    gift = (Unwanted(Reference(2)), Recipient("my mother"), Unwanted(Reference(1)))
    situation, _ = after(SEEN, *gift)
    assert (situation.aside, len(situation.marks)) == (1, 2)
    back, notes = after(situation, Drop("recipient"))
    assert (back.aside, back.recipient, notes) == (0, None, ["dropped", "taste_back"])


def test_another_receiver_has_none_of_the_marks_of_the_first():
    mother, _ = reduced(Situation(), [Recipient("my mother")], ("EUR",))
    mark = Mark(item="A", title="A", kind=EventKind.LIKE)
    liked = mother.model_copy(update={"marks": (mark,)})
    brother, notes = reduced(liked, [Recipient("my brother")], ("EUR",))
    assert brother.aside == 1 and not notes
    same, _ = reduced(liked, [Recipient("my mother")], ("EUR",))
    assert same.aside == 0


def test_more_like_asks_for_the_product():
    situation, _ = reduced(SEEN, [MoreLike(Reference(2))], ("EUR",))
    assert (situation.ask.tool, situation.ask.product, situation.focus) == ("similar", "b", 2)


changes = st.lists(
    st.sampled_from(
        [
            AtMost(Decimal(40)),
            Values("colour", ("dusk blue",), "blue"),
            Brands(("Acme",)),
            Recipient("my mother"),
            Drop("brand"),
            NewQuest(),
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
