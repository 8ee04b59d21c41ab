"""No reason where it would say nothing for this shopper; what speaks against the item is said."""

from dataclasses import replace
from decimal import Decimal

import pytest

from llmrec.explain import Quoter
from llmrec.explain.requests import WordsRequest
from llmrec.types import EventKind, Filters, HistoryEntry, Item

PRINTER = Item("p", "Corva ink printer", brand="Corva", category=("Office", "Printers"))


def reason_of(item, query=None, history=(), **more):
    entries = tuple((HistoryEntry(item=one.id, kind=EventKind.PURCHASE), one) for one in history)
    near = tuple(range(len(entries)))
    request = WordsRequest(item, entries, query, True, 1, near, item.language, **more)
    ((reason, description),) = Quoter().write_many([request])
    assert description is not None
    return reason


def pan(description="", **attributes):
    price = Decimal("29.90")
    return Item(
        "a", "Iron pan 28 cm", None, ("Kitchen",), description, price, "EUR", attributes=attributes
    )


@pytest.mark.parametrize(
    ("item", "query"),
    [
        # The title and the price are on the card.
        (pan(), "pan for eggs"),
        # Nobody has asked how much it weighs.
        (pan(weight="1 kg", material="iron"), "pan for eggs"),
        (pan(weight="1 kg", material="iron"), None),
        # How to care for it is told to who has asked.
        (pan("Wash it by hand and oil it."), "pan for eggs"),
        # A text that comes to its pan late talks of something else.
        (
            pan("Best gift ever! Buy it now! You will love it! Put the spoons into a drawer."),
            "pan for eggs",
        ),
        # An open question of which nothing has a word.
        (pan("Heats evenly, right up to the rim."), "what can I still sow in autumn"),
    ],
)
def test_a_filler_is_no_reason(item, query):
    assert reason_of(item, query) is None


@pytest.mark.parametrize(
    ("item", "query", "reason"),
    [
        (pan("Heats evenly, right up to the rim."), "pan for eggs", "Heats evenly, right"),
        (pan("Heats evenly, right up to the rim."), "a present for my aunt", "Heats evenly"),
        (pan("Even eggs come off by themselves."), "what can I fry eggs in", "Even eggs"),
        (pan(weight="1 kg", material="iron"), "not too heavy a pan", "Weight: 1 kg."),
        (
            pan("Best gift ever! Buy it now! You will love it! Put eggs in without butter."),
            "pan for eggs",
            "Put eggs in without butter.",
        ),
        (pan("Wash it by hand and oil it."), "pan to wash in a dishwasher", "Wash it by hand"),
    ],
)
def test_what_answers_or_comes_first_is_one(item, query, reason):
    assert reason in reason_of(item, query).text


def test_what_the_shopper_did_is_a_reason_without_a_fact_and_once_in_an_answer():
    paper = [Item(name, f"Ink paper {name}", category=("Office", "Printers")) for name in "abc"]
    history = ((HistoryEntry(item="p", kind=EventKind.PURCHASE), PRINTER),)
    requests = [WordsRequest(one, history, None, False, 1, (0,), "en") for one in paper]
    reasons = [reason for reason, _ in Quoter().write_many(requests)]
    assert reasons[0].text == "Because you bought the Corva ink printer."
    assert (reasons[0].origin, reasons[0].evidence) == ("fields", ("item:p",))
    assert reasons[1:] == [None, None]


def test_whom_it_is_for_is_no_reason_without_a_fact():
    bed = Item("a", "Dog bed", category=("Pets",), attributes={"weight": "3 kg"})
    assert reason_of(bed, "a bed", recipient="my dog") is None


@pytest.mark.parametrize("item", [pan(), pan(weight="1 kg")])
def test_what_speaks_against_it_is_said_alone(item):
    filters = Filters(max_price=Decimal("20"))
    reason = reason_of(item, "pan for eggs", filters=filters)
    assert reason.text == "At 29.90 EUR it is above your 20 EUR."
    assert (reason.origin, reason.evidence) == ("fields", ("price",))


def test_that_it_is_out_of_stock_alone_is_left_to_the_card():
    sold_out = replace(pan("Heats evenly, right up to the rim."), stock=0)
    assert reason_of(sold_out, "pan for eggs").text.endswith("Not in stock at the moment.")
    assert reason_of(replace(pan(weight="1 kg"), stock=0), "pan for eggs") is None


def test_of_a_product_that_is_something_else_nothing_is_said_without_a_fact():
    soap = Item("a", "Curd soap", description="Wash it by hand.", attributes={"weight": "90 g"})
    assert reason_of(soap, "slippers for the winter") is None
