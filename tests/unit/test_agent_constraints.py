"""What holds: any words make filters, and every constraint can be dropped again."""

from dataclasses import replace
from decimal import Decimal

import pytest
from demo_words import demo_context
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.agent.constraints import Constraint, Constraints, read_message
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Categories,
    Drop,
    InStock,
    Recipient,
    Values,
    Without,
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
    st.builds(Categories, st.lists(words, min_size=1, max_size=2).map(tuple), wants),
    st.builds(
        Values,
        st.sampled_from(["colour", "size"]),
        st.lists(words, min_size=1, max_size=2, unique_by=str.casefold).map(tuple),
        st.just("a word"),
        wants,
    ),
    st.builds(Without, words),
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


_DROPPING = {
    "price": ("no price limit", "Preis egal", "价格不限"),
    "brand": ("any brand", "egal welche Marke", "品牌不限"),
    "category": ("any category", "egal welche Kategorie", "类别不限"),
    "attribute": ("any colour", "Farbe egal", "颜色随便"),
    "word": ("teapots are fine", "Teapots sind in Ordnung", "teapots也可以"),
    "stock": ("even if sold out", "auch ausverkaufte", "缺货也可以"),
    "recipient": ("it's for me", "für mich", "我自己用"),
    "unwanted": ("show hidden products again", "ausgeblendete wieder zeigen", "恢复隐藏的商品"),
}
_ADDING = {
    "price": ["under 40", "at least 10"],
    "brand": ["from Tamperley", "not Varsko"],
    "category": ["only tents", "nothing from Kitchen"],
    "attribute": ["in blue", "not in black"],
    "word": ["no teapots"],
    "stock": ["in stock"],
    "recipient": ["for my mother"],
    "unwanted": [],
}


@pytest.mark.parametrize("kind", list(_ADDING))
@pytest.mark.parametrize("language", [0, 1, 2])
def test_there_are_words_that_undo_each_kind_of_filter(kind, language):
    held = Constraints()
    if kind == "unwanted":
        held = held.add([Constraint(kind="not_item", values=("x",))]).constraints
    for message in _ADDING[kind]:
        for change in read_message(message, demo_context()).changes:
            held = held.apply(change).constraints
    assert held.held
    left_out = tuple(word for one in held.of("not_word") for word in one.values)
    context = replace(demo_context(), left_out=left_out)
    for change in read_message(_DROPPING[kind][language], context).changes:
        held = held.apply(change).constraints
    assert held == Constraints()


@pytest.mark.parametrize(
    ("messages", "filters"),
    [
        (["at least 50", "under 40"], {"max_price": "40"}),
        (["under 40", "at least 50"], {"min_price": "50"}),
        (["under 40", "under 20"], {"max_price": "20"}),
        (["not Tamperley", "from Tamperley"], {"brands": ["Tamperley"]}),
        (
            ["only Tamperley or Varsko", "not Varsko"],
            {"brands": ["Tamperley"], "not_brands": ["Varsko"]},
        ),
        (["from Tamperley", "not Tamperley"], {"not_brands": ["Tamperley"]}),
        (["not Varsko", "not Tamperley"], {"not_brands": ["Varsko", "Tamperley"]}),
        (["not Varsko", "Varsko is fine again"], {}),
        (["in stock", "under 40", "any brand"], {"in_stock": True, "max_price": "40"}),
        (["for my mother", "under 40"], {"max_price": "40"}),
    ],
)
def test_the_newest_word_wins(messages, filters):
    held = Constraints()
    for message in messages:
        for change in read_message(message, demo_context()).changes:
            held = held.apply(change).constraints
    assert held.filters() == Filters(**filters)


def test_a_colour_of_a_newer_message_takes_the_place_of_the_older():
    held = Constraints()
    for message in ("in red", "not in black", "in blue"):
        (change,) = read_message(message, demo_context()).changes
        held = held.apply(change).constraints
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
