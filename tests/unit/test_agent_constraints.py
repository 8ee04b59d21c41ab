"""What holds: any words make filters, and every constraint can be dropped again."""

from decimal import Decimal

import pytest
from demo_words import demo_vocabulary
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.agent.constraints import Constraint, Constraints
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Drop,
    InStock,
    Recipient,
    Values,
    Without,
    WithoutCategory,
)
from llmrec.types import Filters

words = st.sampled_from(["Acme", "ACME", "Brio", "Corva"])
amounts = st.integers(0, 50).map(Decimal)
currencies = st.sampled_from([None, None, "EUR", "USD"])
wants = st.booleans()
adding = st.one_of(
    st.builds(AtMost, amounts, currencies),
    st.builds(AtLeast, amounts, currencies),
    st.builds(Brands, st.lists(words, min_size=1, max_size=2).map(tuple), wants),
    st.builds(
        Values,
        st.sampled_from(["colour", "size"]),
        st.lists(words, min_size=1, max_size=2, unique_by=str.casefold).map(tuple),
        st.just("a word"),
        wants,
    ),
    st.builds(Without, words),
    st.builds(WithoutCategory, words),
    st.just(InStock()),
    st.builds(Recipient, st.sampled_from(["", "my mother"])),
)
dropping = st.builds(
    Drop,
    st.sampled_from(
        ["price", "brand", "category", "word", "stock", "recipient", "unwanted", "all"]
    ),
) | st.builds(Drop, st.just("attribute"), st.sampled_from([None, "colour", "SIZE"]))
changes = st.lists(adding | dropping, max_size=8)


def after(changes):
    held = Constraints()
    for change in changes:
        held = held.apply(change).constraints
    return held


@given(changes)
def test_any_words_make_filters_and_keep_their_json(some):
    held = after(some)
    assert isinstance(held.filters(), Filters)
    assert Constraints.model_validate_json(held.model_dump_json()) == held


@given(changes, adding)
def test_what_is_new_holds_whatever_held_before(some, change):
    before = after(some)
    applied = before.apply(change)
    assert set(applied.added) <= set(applied.constraints.held)
    lost = set(before.held) - set(applied.constraints.held)
    assert lost <= set(applied.gone) | set(applied.added)


@given(changes, adding)
def test_applying_and_dropping_gives_the_state_back_if_nothing_had_to_go(some, change):
    before = after(some)
    applied = before.apply(change)
    if not applied.gone and not set(applied.added) & set(before.held):
        assert applied.constraints.drop(*applied.added) == before


@given(changes)
def test_each_constraint_can_be_dropped_alone(some):
    held = after(some)
    for number, one in enumerate(held.held, start=1):
        left = held.apply(Drop("number", str(number))).constraints
        assert left.held == tuple(other for other in held.held if other != one)
        assert len(left.held) == len(held.held) - 1
    assert after([*some, Drop("all")]) == Constraints()


_HELD = {
    "price": (AtMost(Decimal(40)), AtLeast(Decimal(10))),
    "brand": (Brands(("Acme",)), Brands(("Brio",), wanted=False)),
    "attribute": (
        Values("colour", ("dusk blue",), "blue"),
        Values("colour", ("jet",), "jet", False),
    ),
    "word": (Without("teapots"),),
    "stock": (InStock(),),
    "recipient": (Recipient("my mother"),),
}


@pytest.mark.parametrize("kind", [*_HELD, "unwanted"])
def test_each_kind_of_filter_can_be_given_up(kind):
    held = after(_HELD.get(kind, ()))
    if kind == "unwanted":
        held = held.add([Constraint(kind="not_item", values=("x",))]).constraints
    assert held.held
    assert held.apply(Drop(kind)).constraints == Constraints()


@pytest.mark.parametrize(
    ("some", "filters"),
    [
        ([AtLeast(Decimal(50)), AtMost(Decimal(40))], {"max_price": "40"}),
        ([AtMost(Decimal(40)), AtLeast(Decimal(50))], {"min_price": "50"}),
        ([AtMost(Decimal(40)), AtMost(Decimal(20))], {"max_price": "20"}),
        ([Brands(("Acme",), wanted=False), Brands(("Acme",))], {"brands": ["Acme"]}),
        (
            [Brands(("Acme", "Brio")), Brands(("Brio",), wanted=False)],
            {"brands": ["Acme"], "not_brands": ["Brio"]},
        ),
        ([Brands(("Acme",)), Brands(("Acme",), wanted=False)], {"not_brands": ["Acme"]}),
        (
            [Brands(("Brio",), wanted=False), Brands(("Acme",), wanted=False)],
            {"not_brands": ["Brio", "Acme"]},
        ),
        ([Brands(("Brio",), wanted=False), Drop("brand", "Brio")], {}),
        (
            [InStock(), AtMost(Decimal(40)), Drop("brand")],
            {"in_stock": True, "max_price": "40"},
        ),
        ([Recipient("my mother"), AtMost(Decimal(40))], {"max_price": "40"}),
    ],
)
def test_the_newest_word_wins(some, filters):
    assert after(some).filters() == Filters(**filters)


def colour(said, wanted=True):
    return Values("colour", demo_vocabulary().values("colour", said), said, wanted)


def test_a_colour_of_a_newer_message_takes_the_place_of_the_older():
    held = after([colour("red"), colour("black", wanted=False), colour("blue")])
    assert [(one.kind, one.said) for one in held.held] == [
        ("not_attribute", "black"),
        ("attribute", "blue"),
    ]
    filters = held.filters()
    # "blue-black" is banned by the one and wanted by the other: the newest has taken it back.
    assert "blue" in filters.attributes["colour"]


@given(changes)
@settings(max_examples=50)
def test_constraints_are_frozen(some):
    held = after(some)
    for change in (InStock(), Drop("all")):
        before = held.model_dump_json()
        held.apply(change)
        assert held.model_dump_json() == before
