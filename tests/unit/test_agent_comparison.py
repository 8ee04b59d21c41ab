"""The sentence behind a comparison: what is better in numbers, and nothing else."""

from decimal import Decimal

import pytest

from llmrec.agent.comparison import comparison_sentence
from llmrec.agent.tools.compare import side_by_side
from llmrec.types import Item


def tent(id, price="189", **more):
    attributes = more.pop("attributes", {})
    return Item(
        id, f"Tent {id}", price=Decimal(price), currency="EUR", attributes=attributes, **more
    )


LIGHT = tent("A", "189", attributes={"weight": ("1.35 kg",), "capacity": ("1 person",)})
LARGE = tent("B", "449", attributes={"weight": ("14.8 kg",), "capacity": ("5 people",)})
TWO = tent("C", "219", attributes={"weight": ("980 g",), "capacity": ("2 people",)})


@pytest.mark.parametrize(
    ("items", "language", "sentence"),
    [
        (
            (LIGHT, LARGE),
            "en",
            "Tent A: cheaper (189 EUR), lighter (1.35 kg).",
        ),
        (
            (TWO, LARGE),
            "en",
            "Tent C: cheaper (219 EUR), lighter (980 g). Tent B: holds more (5 people).",
        ),
        (
            (LARGE, TWO),
            "de",
            "Tent B: fasst mehr (5 Personen). Tent C: günstiger (219 EUR), leichter (980 g).",
        ),
        (
            (TWO, LARGE),
            "zh",
            "Tent C：更便宜（219 EUR），更轻（980 g）。Tent B：容量更大（5 人）。",
        ),
        (
            (LIGHT, TWO, tent("D", "300", attributes={"weight": ("2 kg",)})),
            "en",
            "Tent A: the cheapest (189 EUR). Tent C: the lightest (980 g).",
        ),
    ],
)
def test_what_is_better_stands_behind_its_product(items, language, sentence):
    assert comparison_sentence(side_by_side(items), language) == sentence


@pytest.mark.parametrize(
    "items",
    [
        (tent("A", "20"), tent("B", "20")),  # the same price
        (tent("A", "20"), Item("B", "Tent B")),  # one without a price
        (tent("A", "20"), Item("B", "Tent B", price=Decimal(9), currency="USD")),
        (
            tent("A", "20", attributes={"weight": ("1 kg",)}),
            tent("B", "20", attributes={"weight": ("2 lb",)}),  # of another unit
        ),
        (
            tent("A", "20", attributes={"weight": ("1 to 2 kg",)}),
            tent("B", "20", attributes={"weight": ("3 kg",)}),  # of two numbers
        ),
        (
            tent("A", "20", attributes={"weight": ("light",)}),
            tent("B", "20", attributes={"weight": ("heavy",)}),
        ),
        (tent("A", "20", stock=3), tent("B", "20")),  # nothing is known of the other's stock
    ],
)
def test_where_no_number_says_it_nothing_is_said(items):
    assert comparison_sentence(side_by_side(items), "en") == ""


def test_what_can_be_had_is_better_than_what_cannot():
    assert "in stock, the other is not" in comparison_sentence(
        side_by_side((tent("A", "20", stock=3), tent("B", "20", stock=0))), "en"
    )
