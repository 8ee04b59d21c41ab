"""Sums in the words of a single query become limits, and are said."""

from decimal import Decimal

import pytest

from llmrec.agent.constraints.query import read_query
from llmrec.types import Filters


@pytest.mark.parametrize(
    ("query", "rest", "low", "high"),
    [
        ("kite under 200 euros", "kite", None, 200),
        ("kite under 200", "kite", None, 200),
        ("a lamp between 20 and 40 euros", "a lamp", 20, 40),
        ("ein Drachen unter 200 Euro", "ein Drachen", None, 200),
        ("不超过200元的风筝", "的风筝", None, 200),
        ("tent over 300", "tent", 300, None),
        ("under fifty euros", None, None, 50),
        ("kite < 100 €", "kite", None, 100),
        ("kite <=€100", "kite", None, 100),
        ("tent > 300 euros", "tent", 300, None),
        ("kite under 200euros", "kite", None, 200),
        ("4k tv under 500", "4k tv", None, 500),
        ("tent under 1.500 euros", "tent", None, 1500),
        ("laptop stand under 1k", "laptop stand", None, 1000),
        ("kite under 1.5k", "kite", None, 1500),
        ("lamp under twenty five", "lamp", None, 25),
        ("kettle under a tenner", "kettle", None, 10),
        ("sofa below half a grand", "sofa", None, 500),
        ("nothing over 50, lamp", "lamp", None, 50),
        ("lamp not below 40", "lamp", 40, None),
        ("eine Lampe, nicht über 50 Euro", "eine Lampe", None, 50),
        ("lamp ≤ 30€", "lamp", None, 30),
        ("lamp around 50 euros", "lamp", None, 60),
    ],
)
def test_a_sum_is_a_limit(query, rest, low, high):
    read = read_query(query, Filters(), ["EUR"])
    assert read.query == rest
    assert (read.filters.min_price, read.filters.max_price) == (low, high)
    assert read.notes


@pytest.mark.parametrize(
    "query",
    [
        "a tent for 2 persons",
        "kite",
        "40 cm cushion",
        "",
        None,
        "at least 2 pockets",
        "under 4K tv",
        "bulb under 3000K",
        "size < 42",
        "no lamps over 50",
        "a kettle that doesn't cost more than 30 euros",
        "keine Lampe über 50",
        "别给我50以上的灯",
        "shoes from 36 to 42",
        "heater, power usage between 500 and 1000",
    ],
)
def test_other_numbers_stay_words(query):
    read = read_query(query, Filters(brands=("Acme",)), ["EUR"])
    assert (read.query, read.filters, read.notes) == (query, Filters(brands=("Acme",)), ())


def test_limits_given_as_filters_win_over_words():
    given = Filters(max_price=Decimal(10))
    assert read_query("kite under 200 euros", given, ["EUR"]).filters == given


def test_a_strange_currency_is_said_and_a_second_one_filters():
    strange = read_query("kite under 200 dollars", Filters(), ["EUR"])
    assert strange.filters == Filters(max_price=Decimal(200))
    assert strange.notes == (
        "read as a limit: at most 200 EUR",
        "prices here are in EUR, not in USD",
    )
    second = read_query("kite under 200 dollars", Filters(), ["EUR", "USD"])
    assert second.filters == Filters(max_price=Decimal(200), currency="USD")
    assert second.notes == ("read as a limit: at most 200 USD",)
