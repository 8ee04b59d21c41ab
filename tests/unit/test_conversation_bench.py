"""The generator of conversations: what its shoppers mean, and what it finds forbidden."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from llmrec.reading.lines import read_line
from llmrec.reading.prompt import plain
from llmrec.reading.reading import Reading
from llmrec.reading.scripted import ScriptedReader
from llmrec.types import Item

sys.path.append(str(Path(__file__).parents[2] / "scripts" / "bench"))

from meanings import Meant, Shopper, forbidden
from metamorphic import changes_of, said

WISH = Meant(
    thing="tent",
    high=Decimal(200),
    brands=frozenset(("Varsko",)),
    not_brands=frozenset(("Rillbeck",)),
    without=frozenset(("wool",)),
    colour="red",
    size="M",
    in_stock=True,
    receiver="my sister",
    cheapest=True,
)
ITEM = Item(
    id="T-1",
    title="Two-person tent",
    brand="Varsko",
    price=Decimal(100),
    currency="EUR",
    stock=3,
    attributes={"colour": ("dunkelgrün",), "material": ("recycled nylon, cotton",)},
)


def test_a_new_thing_keeps_what_is_true_of_the_shopper_and_gives_up_what_was_said_of_the_last():
    assert WISH.for_a("lamp") == Meant(
        thing="lamp",
        high=Decimal(200),
        not_brands=frozenset(("Rillbeck",)),
        without=frozenset(("wool",)),
        receiver="my sister",
    )


def test_the_first_thing_takes_nothing_back():
    assert replace(WISH, thing="", cheapest=False).for_a("tent") == replace(WISH, cheapest=False)


@pytest.mark.parametrize(
    ("meant", "low", "high"),
    [
        (Meant().at_least(Decimal(80)).at_most(Decimal(50)), None, 50),
        (Meant().at_most(Decimal(50)).at_least(Decimal(80)), 80, None),
        (Meant().at_most(Decimal(50)).at_least(Decimal(50)), 50, 50),
        (Meant().at_most(Decimal(50)).at_most(Decimal(80)), None, 80),
    ],
)
def test_the_newest_of_two_contradicting_limits_holds(meant, low, high):
    assert (meant.low, meant.high) == (low, high)


def test_a_brand_is_wanted_or_refused_and_never_both():
    refused = Meant().from_brand("Varsko").not_from("Varsko")
    assert (refused.brands, refused.not_brands) == (frozenset(), frozenset(("Varsko",)))
    assert refused.from_brand("Varsko") == Meant(brands=frozenset(("Varsko",)))
    assert refused.allowing("Varsko") == Meant()


@pytest.mark.parametrize(
    ("meant", "against"),
    [
        (Meant(), []),
        (Meant(high=Decimal(99)), ["too dear"]),
        (Meant(low=Decimal(101)), ["too cheap"]),
        (Meant(brands=frozenset(("Rillbeck",))), ["another brand"]),
        (Meant(not_brands=frozenset(("Varsko",))), ["refused brand"]),
        (Meant(without=frozenset(("tents",))), []),
        (Meant(without=frozenset(("tent",))), ["with tent"]),
        (Meant(without=frozenset(("cotton",))), ["with cotton"]),
        (Meant(colour="green"), []),
        (Meant(colour="black"), ["another colour"]),
        (Meant(size="M"), ["another size"]),
    ],
)
def test_a_product_is_compared_field_by_field(meant, against):
    assert forbidden(ITEM, meant) == against


def test_a_product_that_is_sold_out_is_forbidden_where_stock_is_asked_for():
    sold_out = replace(ITEM, stock=0)
    assert forbidden(sold_out, Meant(in_stock=True)) == ["out of stock"]


def test_a_range_of_sizes_offers_those_between():
    shirt = replace(ITEM, attributes={"size": ("S-XL",)})
    assert forbidden(shirt, Meant(size="M")) == []
    assert forbidden(shirt, Meant(size="A4")) == ["another size"]


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_each_message_has_a_line_whose_values_stand_in_it(language):
    shopper = Shopper(random.Random(3), language)
    meant, screen = Meant(), [ITEM, ITEM]
    for _ in range(300):
        message = shopper.says(meant, screen, can_undo=True)
        lines = {plain(message.text): message.line}
        assert read_line(message.line) is not None, message
        found = ScriptedReader(lines, "EUR").read(message.text)
        # What points at the screen cannot be traced without one.
        assert not [part for part in found.untraced if part.kind != "item"], message
        meant = message.effect(meant)


def test_a_conversation_can_be_had_again():
    def messages(seed):
        shopper = Shopper(random.Random(seed), "en")
        return [shopper.says(WISH, [ITEM, ITEM], can_undo=True).text for _ in range(50)]

    assert messages(1) == messages(1) != messages(2)


def test_a_message_is_changed_only_where_it_is_known_what_that_means():
    assert list(changes_of("Looking for a lamp, under €30!", "en")) == [
        ("please", "Looking for a lamp, under €30, please"),
        ("please", "Looking for a lamp, under €30, thanks"),
        ("typo", "Lokoing for a lamp, under €30!"),
        ("capitals", "LOOKING FOR A LAMP, UNDER €30!"),
        ("small letters", "looking for a lamp, under €30!"),
        ("no punctuation", "Looking for a lamp under €30"),
        ("currency", "Looking for a lamp, under $30!"),
        ("turned", "Looking for a lamp, over €30!"),
    ]


def test_readings_are_compared_without_case_articles_and_the_currency():
    one = Reading(intent="find", looking_for="A Lamp", max=Decimal(30), currency="EUR")
    other = Reading(intent="find", looking_for="lamps", max=Decimal(30), currency="USD")
    assert said(one) == said(other)
    assert said(one) != said(other.model_copy(update={"max": None, "min": Decimal(30)}))
