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


@pytest.mark.parametrize(
    ("title", "text", "language", "query"),
    [
        # Other names of the same thing.
        ("Steel bottle", "A vacuum bottle of steel.", "en", "thermos flask for hiking"),
        ("Wool sweater", "Knitted in one piece.", "en", "warm jumper for winter"),
        ("Canvas backpack", "Two straps.", "en", "small rucksack for school"),
        ("Wollpullover", "In einem Stück gestrickt.", "de", "warmer Pulli für kalte Tage"),
        ("双肩包", "两条肩带。", "zh", "上学用的书包"),
        # A question in another language than the product's.
        ("Felt slippers", "Soles of leather.", "en", "warme Hausschuhe für den Winter"),
        ("Felt slippers", "Soles of leather.", "en", "冬天的拖鞋"),
        ("Filzpantoffeln", "Sohlen aus Leder.", "de", "warm shoes for the house"),
    ],
)
def test_the_right_thing_by_another_name_is_no_misfit(title, text, language, query):
    item = product("x", title, text, language=language)
    request = WordsRequest(item, (), query, True, 1, language=language)
    assert not is_misfit(request, language)


@pytest.mark.parametrize(("fit", "misfit"), [("answer", False), ("near", True), ("none", True)])
def test_what_the_search_holds_to_answer_is_no_misfit(fit, misfit):
    request = WordsRequest(CANDLE, (), "warm slippers for the winter", True, 1, fit=fit)
    assert is_misfit(request, "en") is misfit
    reason, description = Quoter().write_many([request])[0]
    assert description.text.startswith(MISFITS["en"][0]) is misfit
    # On a card nothing is said of what has no word of the question, whoever holds it to answer.
    assert reason is None


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
        product(
            str(n),
            f"Pan {n}",
            f"Has {n} handles of oiled beech.",
            attributes={"hob": "all with induction"},
        )
        for n in range(3)
    ]
    requests = [WordsRequest(one, (), "wok for an induction hob", True, 1) for one in pans]
    texts = [reason.text for reason, _ in Quoter().write_many(requests)]
    assert texts[0].startswith("Hob: all with induction.")
    assert texts[1].endswith("Hob: all with induction.") and texts[1].startswith(
        "Has 1 handles of oiled beech."
    )
    assert all("all with induction" in text for text in texts)


@pytest.mark.parametrize(
    ("recipient", "title", "attributes"),
    [
        ("my two-year-old child", "Marble run", {"warning": "not suitable for children"}),
        ("my children", "Marble run", {"safety": "keep away from children"}),
        ("my dog", "Lily bulbs", {"care": "poisonous to dogs"}),
        ("my dog", "Chocolate", {"hazard": "dogs"}),
        ("my cat", "Cat 6 cable, 5 m", {}),
        ("my cat", "Patch cable Cat.7 grey", {}),
        ("my cat", "Network cable, cat. 6", {}),
        ("meinen Hund", "Lilienzwiebeln", {"Hinweis": "giftig für Hunde"}),
        ("mein Kind", "Murmelbahn", {"Alter": "nicht für Kinder"}),
        ("我家的猫", "百合", {"提示": "对猫有毒"}),
        ("我的孩子", "弹珠", {"提示": "不适合孩子"}),
        ("我家的狗", "手工制作的家的味道", {}),
    ],
)
def test_what_warns_of_somebody_is_not_for_them(recipient, title, attributes):
    language = "zh" if recipient[0] in "我" else "de" if recipient.startswith("mein") else "en"
    fields = {name: (value,) for name, value in attributes.items()}
    text = {"en": "Comes in a box.", "de": "Kommt in einer Kiste.", "zh": "装在一个盒子里。"}
    item = product("x", title, text[language], language=language, attributes=fields)
    lead = {"en": "For your", "de": "Für dein", "zh": "送给"}[language]
    assert lead not in reason_of(item, None, recipient=recipient)


@pytest.mark.parametrize(
    ("recipient", "title", "language", "begins"),
    [
        ("My sister", "Scarf for a sister", "en", "For your sister: "),
        ("OUR cat", "Bed for cats", "en", "For your cat: "),
        ("Meine Katze", "Bett für eine Katze", "de", "Für deine Katze: "),
        ("MEINE Katze", "Bett für eine Katze", "de", "Für deine Katze: "),
        ("unseren Hund", "Bett für einen Hund", "de", "Für euren Hund: "),
        ("我的猫", "给猫的窝", "zh", "送给你的猫："),
    ],
)
def test_for_whom_it_is_is_said_to_the_shopper(recipient, title, language, begins):
    text = {"en": "Comes in a box.", "de": "Kommt in einer Kiste.", "zh": "装在一个盒子里。"}
    item = product("x", title, text[language], language=language)
    assert reason_of(item, None, recipient=recipient).startswith(begins)


def test_a_title_before_a_value_keeps_the_capitals_of_an_abbreviation():
    lamps = [product(str(n), f"Lamp {n}", attributes={"LED": "warm white"}) for n in range(2)]
    requests = [WordsRequest(one, (), "warm white light", False, 1) for one in lamps]
    texts = [reason.text for reason, _ in Quoter().write_many(requests)]
    assert texts == ["LED: warm white.", "Lamp 1, LED: warm white."]
