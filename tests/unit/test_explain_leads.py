"""What stands before a fact: what the shopper has, what is akin to it, and that it is no match."""

from __future__ import annotations

import pytest

from llmrec.explain import Quoter
from llmrec.explain.misfits import MISFITS, is_misfit
from llmrec.explain.requests import WordsRequest
from llmrec.types import EventKind, HistoryEntry, Item


def product(id, title, description="", **more):
    more = {"language": "en", **more}
    return Item(id, title, description=description, **more)


def reason_of(item, query=None, history=(), kind=EventKind.PURCHASE, **more):
    entries = tuple((HistoryEntry(item=one.id, kind=kind), one) for one in history)
    near = tuple(range(len(entries)))
    request = WordsRequest(item, entries, query, True, 1, near, item.language, **more)
    reason = Quoter().write_many([request])[0][0]
    return reason.text if reason else ""


WARMER = product("w", "Tea warmer in cast iron", category=("Kitchen", "Tea"))
STOVE = product("s", "Brisk gas stove", category=("Outdoor", "Cooking"), brand="Ember")
POST = product("p", "Scratching post 80 cm", category=("Pets", "Cats"))


@pytest.mark.parametrize(
    ("item", "history", "query", "begins"),
    [
        (
            product("a", "Porcelain pot", "Pours well. Stands on our warmer."),
            [WARMER],
            None,
            "Because you bought the Tea warmer in cast iron: Stands on our warmer.",
        ),
        (
            product("a", "Porcelain pot", "Pours well. Stands on our warmer."),
            [STOVE, WARMER],
            "pot for the evening",
            "Because you bought the Tea warmer in cast iron: Stands on our warmer.",
        ),
        (
            product("a", "Nesting pots", "Two pots, one lid. The stove fits inside."),
            [STOVE],
            None,
            "Because you bought the Brisk gas stove: The stove fits inside.",
        ),
        (
            product("a", "Cat cave", "Cats sleep in it.", category=("Pets", "Cats")),
            [POST],
            None,
            "Because you bought the Scratching post 80 cm: Cats sleep in it.",
        ),
        # A brand in common, and nothing else: the brand is said.
        (
            product("a", "Enamel mug", "Keeps coffee hot.", brand="Ember"),
            [STOVE],
            None,
            "Also from Ember: ",
        ),
    ],
)
def test_what_the_shopper_has_leads_where_it_is_akin(item, history, query, begins):
    assert reason_of(item, query, history).startswith(begins)


@pytest.mark.parametrize(
    "item",
    [
        product("a", "Wool bedspread", "Woven in the hills.", category=("Home", "Textiles")),
        # A word for the looks, or one that every title has, ties nothing.
        product("b", "Small cast board", "Woven in the hills, from iron wood."),
        # A house and its parts are far apart.
        product("c", "Bread box", "Woven in the hills.", category=("Kitchen", "Bread")),
    ],
)
def test_what_is_only_near_is_no_reason(item):
    text = reason_of(item, None, [WARMER])
    assert text.startswith("Woven in the hills")


def test_what_was_only_viewed_is_not_what_the_shopper_has():
    pot = product("a", "Porcelain pot", "Pours well. Stands on our warmer.")
    assert "Because" not in reason_of(pot, "pot for guests", [WARMER], EventKind.VIEW)


CANDLE = product("c", "Beeswax candles", "Burn for two hours.", category=("Home", "Candles"))
GERMAN = product("g", "Wollsocken grau", "Halten lange warm.", language="de")
CHINESE = product("z", "青瓷盖碗", "倒水不烫手。", language="zh")


@pytest.mark.parametrize(
    ("item", "query", "misfit"),
    [
        (CANDLE, "warm slippers for the winter", True),
        (CANDLE, "frying pan for induction", True),
        (CANDLE, "candles for the tree", False),
        (CANDLE, "something that burns long", False),
        (CANDLE, "lamp for two hours of reading", False),
        # Whether it is a good present nobody can tell, nor what an open question is about.
        (CANDLE, "a present for a sailor", False),
        (CANDLE, "what do I need for a power cut", False),
        # One word may have a synonym.
        (CANDLE, "slippers", False),
        (GERMAN, "Pfanne für den Induktionsherd", True),
        (GERMAN, "warme Strümpfe für Wanderer", False),
        (GERMAN, "Socken zum Schlafen", False),
        (GERMAN, "Geschenk zum Einzug", False),
        (CHINESE, "电磁炉能用的炒锅", True),
        (CHINESE, "不烫手的杯子", False),
        (CHINESE, "送长辈的茶", False),
    ],
)
def test_a_product_that_has_nothing_of_what_was_asked_is_told_as_such(item, query, misfit):
    request = WordsRequest(item, (), query, True, 1, language=item.language)
    assert is_misfit(request, item.language) is misfit
    begins = reason_of(item, query).startswith(MISFITS[item.language][0])
    assert begins is misfit


def test_a_description_says_it_too():
    request = WordsRequest(CANDLE, (), "frying pan for induction", True, 1, language="en")
    _, description = Quoter().write_many([request])[0]
    assert description.text == "Not quite what you asked for. Burn for two hours."


def test_nothing_is_said_of_a_text_in_another_language():
    request = WordsRequest(GERMAN, (), "frying pan for induction", True, 1, language="en")
    assert not is_misfit(request, "en")


def test_three_misfits_of_one_answer_begin_apart():
    items = [product(str(n), f"Candle {n}", "Burns for two hours.") for n in range(4)]
    requests = [WordsRequest(item, (), "pan for induction", True, 1) for item in items]
    texts = [reason.text for reason, _ in Quoter().write_many(requests)]
    for text, begins in zip(texts, MISFITS["en"], strict=False):
        assert text.startswith(begins)
    assert texts[3].startswith("Candle 3: ")


def test_a_value_below_zero_keeps_its_sign():
    bag = product("a", "Ember bag", "Packs small.", attributes={"comfort temperature": "-3 °C"})
    assert "Comfort temperature: -3 °C." in reason_of(bag, "sleeping bag for freezing nights")


def test_a_value_that_answers_stands_behind_another_beginning_before_it_is_left_out():
    pans = [
        product(str(n), f"Pan {n}", f"Has {n} handles.", attributes={"hob": "all with induction"})
        for n in range(3)
    ]
    requests = [WordsRequest(one, (), "wok for an induction hob", True, 1) for one in pans]
    texts = [reason.text for reason, _ in Quoter().write_many(requests)]
    assert texts[0].startswith("Hob: all with induction.")
    assert texts[1].endswith("Hob: all with induction.") and texts[1].startswith("Has 1 handles.")
    assert all("all with induction" in text for text in texts)
