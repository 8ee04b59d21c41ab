"""What a request refuses and how its numbers bind, and that nothing is objected to beyond that."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmrec.explain.objections import objections_to
from llmrec.explain.requests import WordsRequest
from llmrec.explain.wishes import measure_wishes, price_limit, refusals
from llmrec.types import Item

NO_REFUSAL = [
    "无线耳机",
    "不锈钢保温杯",
    "航拍无人机",
    "特别的礼物",
    "我没有烤箱",
    "我不喝牛奶",
    "没有烤箱怎么办",
    "孩子不爱喝水",
    "分不清左右的孩子",
    "we live in a house with no garden",
    "für jemanden, der nicht schlafen kann",
    "睡不着喝的茶",
    "不要超过200元的杯子",
    "I cannot sleep, tea please",
    "I have no oven",
    "we have no garden",
    "there is no socket in the bathroom, a lamp",
    "I do not drink milk, a mug",
    "my son does not eat fish",
    "I have never used a tent",
    "plants for a flat without a balcony",
    "shelf no wider than 40 cm",
    "Tee, kann nicht schlafen",
    "ich kann nicht schlafen",
    "wir haben keinen Garten",
    "Ich habe leider keinen Ofen",
    "Pflanzen für eine Wohnung ohne Balkon",
]
REFUSED = [
    ("snack that does not contain nuts", "nuts"),
    ("clock that doesn't tick", "tick"),
    ("pen that cannot smear", "smear"),
    ("clock, never ticks", "ticks"),
    ("toy that does not need batteries", "batteries"),
    ("I want a snack without nuts", "nuts"),
    ("Uhr, die nicht tickt", "tickt"),
    ("Tee, kein Koffein", "koffein"),
    ("Seife ohne Parfüm", "parfüm"),
    ("不会漏水的杯子", "漏水"),
    ("不含糖", "糖"),
]


@pytest.mark.parametrize("question", NO_REFUSAL)
def test_what_the_shopper_lacks_or_cannot_do_is_no_refusal(question):
    assert refusals(question) == ()


@pytest.mark.parametrize(("question", "word"), REFUSED)
def test_what_the_product_must_not_have_or_do_is_refused(question, word):
    assert [refusal.word for refusal in refusals(question)] == [word]


AT_MOST = [
    "shelf no longer than 50 cm",
    "not longer than 50 cm",
    "must not be wider than 50 cm",
    "should not exceed 50 cm",
    "doesn't weigh more than 2 kg",
    "no heavier than about 2 kg",
    "nicht mehr als 2 kg",
    "nicht länger als 50 cm",
    "Regal, nicht über 50 cm",
    "重量不超过2公斤的帐篷",
    "不要超过2公斤",
    "不大于50厘米",
    "2公斤以内",
    "2 kg or less",
]
AT_LEAST = [
    "not less than 2 l",
    "no smaller than 2 l",
    "nicht weniger als 2 l",
    "nicht kleiner als 50 cm",
    "不少于2升",
    "不低于2升",
    "2升以上的壶",
    "longer than 50 cm",
    "mehr als 2 kg",
    "超过2升",
    "64 GB+",
]


@pytest.mark.parametrize(
    ("question", "bound"),
    [*((one, "most") for one in AT_MOST), *((one, "least") for one in AT_LEAST)],
)
def test_a_limit_that_is_denied_counts_the_other_way_round(question, bound):
    assert [wish.bound for wish in measure_wishes(question)] == [bound]


@pytest.mark.parametrize(
    ("question", "currency", "limit"),
    [
        ("grinder under 50 EUR", "EUR", 50),
        ("grinder, not over 50 EUR", "EUR", 50),
        ("nicht teurer als 50 EUR", "EUR", 50),
        ("not more than 50 EUR", "EUR", 50),
        ("不要超过50元的杯子", "CNY", 50),
        ("gift under 20 pounds", "GBP", 20),
        ("not under 50 EUR", "EUR", None),
        ("dumbbell, weighs under 20 pounds", "GBP", None),
        ("bed for dogs up to 20 pounds", "GBP", None),
        ("purse for up to 200 EUR in coins", "EUR", None),
        ("Kasse bis 200 EUR in Münzen", "EUR", None),
        ("最多放200元硬币的存钱罐", "CNY", None),
    ],
)
def test_a_price_is_told_from_a_weight_and_from_money_that_is_kept(question, currency, limit):
    item = Item("x", "Thing", price=Decimal(90), currency=currency)
    request = WordsRequest(item, (), question, False, 1)
    assert price_limit(request) == (None if limit is None else Decimal(limit))


@pytest.mark.parametrize(
    ("question", "unit", "values"),
    [
        ("twelve people", "people", [12]),
        ("tent for twenty-four people", "people", [24]),
        ("Tisch für vierundzwanzig Personen", "people", [24]),
        ("十二人的帐篷", "people", [12]),
        ("二十四个人的桌子", "people", [24]),
        ("2 or 3 people", "people", [2, 3]),
        ("two to four players", "people", [2, 4]),
        ("zwei oder drei Personen", "people", [2, 3]),
        ("size 42 or 43", "size", [42, 43]),
        ("Größe 42/43", "size", [42, 43]),
        ("64 GB or 128 GB", "gb", [64, 128]),
        ("bottle of 1½ l", "l", [1.5]),
        ("bottle of ½ l", "l", [0.5]),
        ("bottle of 1/2 litre", "l", [0.5]),
    ],
)
def test_a_number_is_read_whole_and_alternatives_are_one_wish(question, unit, values):
    (wish,) = measure_wishes(question)
    assert (wish.unit, list(map(float, wish.values))) == (unit, values)


def said(question, title="Thing", language="en", **attributes):
    named = {name.replace("_", " "): (value,) for name, value in attributes.items()}
    item = Item("x", title, description="Comes in a box.", language=language, attributes=named)
    request = WordsRequest(item, (), question, False, 1, language=language)
    return [remark.text for remark in objections_to(request, language)]


NOTHING = [
    ("shelf less than 40 cm wide and 20 cm deep", {"width": "38 cm", "depth": "39 cm"}),
    ("width under 40 cm, depth under 50 cm", {"width": "38 cm", "depth": "45 cm"}),
    ("Regal unter 40 cm breit", {"width": "38 cm", "depth": "45 cm"}),
    ("宽不超过40厘米的架子", {"width": "38 cm", "depth": "45 cm"}),
    ("lamp less than 30 cm high", {"height": "28 cm", "cable": "150 cm"}),
    ("vacuum less than 30 cm", {"hose": "150 cm", "cable": "500 cm"}),
    ("food for dogs under 10 kg", {"weight": "12 kg"}),
    ("Futter für Hunde unter 10 kg", {"weight": "12 kg"}),
    ("10公斤以下的狗吃的狗粮", {"weight": "12 kg"}),
    ("meals in at most 30 minutes", {"battery": "8 h"}),
    ("tent for 2 or 3 people", {"capacity": "2 people"}),
    ("shoes in size 42 or 43", {"size": "43-45"}),
    ("game for 4 players", {"players": "2+"}),
    ("game for 5 players", {"players": "2-4 (up to 6 with the expansion)"}),
    ("Spiel für 4 Spieler", {"players": "ab 2"}),
    ("game for 4 players", {"players": "2 or more players"}),
    ("headphones for 8 hours", {"battery": "10 h, charges in 2-3 h"}),
    ("Kopfhörer für 8 Stunden", {"battery": "10 h, lädt in 2-3 h"}),
    ("set of bottles for 1.5 litres", {"capacity": "2 x 750 ml"}),
    ("bottle of at most 750 ml", {"capacity": "2 x 750 ml"}),
    ("bottle of 1.5 l", {"capacity": "1½ l"}),
    ("bottle of 1.5 l", {"capacity": "1 1/2 l"}),
    ("bottle of at most half a litre, 0.5 l", {"capacity": "½ l"}),
]
SOMETHING = [
    ("shelf less than 40 cm wide", {"width": "45 cm", "depth": "39 cm"}, "Width: 45 cm"),
    ("cable of at least 2 m", {"cable": "150 cm"}, "Cable: 150 cm, less than 2 m."),
    ("tent for 4 or 5 people", {"capacity": "2 people"}, "not 4 or 5 people."),
    ("game for 2 players", {"players": "3+"}, "Players: 3+, not 2 players."),
    ("headphones for 20 hours", {"battery": "10 h, charges in 2-3 h"}, "less than 20 hours."),
    ("bottles for 2 litres", {"capacity": "2 x 750 ml"}, "less than 2 litres."),
    ("bottle of 1 l", {"capacity": "½ l"}, "less than 1 l."),
    ("stove no heavier than 300 g", {"weight": "460 g"}, "Weight: 460 g, more than 300 g."),
    ("tent for twenty-four people", {"capacity": "12 people"}, "not twenty-four people."),
    ("table for twenty-one guests", {"serves": "20 people"}, "not twenty-one guests."),
    ("tent under 2 kg for two people", {"weight": "2.4 kg"}, "Weight: 2.4 kg, more than 2 kg."),
    ("flask that keeps warm for ten hours", {"keeps_warm": "6 hours"}, "less than ten hours."),
]


@pytest.mark.parametrize(("question", "attributes"), NOTHING)
def test_a_wish_is_held_against_nothing_that_it_is_not_of(question, attributes):
    assert said(question, **attributes) == []


@pytest.mark.parametrize(("question", "attributes", "text"), SOMETHING)
def test_what_breaks_a_wish_is_said_once(question, attributes, text):
    (objection,) = said(question, **attributes)
    assert text in objection


@pytest.mark.parametrize(
    ("question", "title", "objections"),
    [
        ("card of 64 GB or 128 GB", "Corva card 128 GB", []),
        ("card of 64 GB or 128 GB", "Corva card 32 GB", ["32 GB, not 64 GB or 128 GB."]),
        ("laptop, 16 GB RAM and 512 GB SSD", "Corva laptop 16 GB, 1 TB", []),
        ("laptop with 512 GB SSD", "Corva laptop 16 GB RAM, 1 TB", []),
        ("pump for 12 V/230 V", "Corva pump 12 V", []),
        ("pump for 12 V or 24 V", "Corva pump 24 V", []),
    ],
)
def test_of_alternatives_one_will_do(question, title, objections):
    assert said(question, title) == objections


@pytest.mark.parametrize(
    ("question", "language", "attributes"),
    [
        ("I cannot sleep, tea please", "en", {"use": "helps you sleep"}),
        ("I have no oven, a bread tin", "en", {"use": "oven"}),
        ("wir haben keinen Garten", "de", {"use": "Garten und Balkon"}),
        ("无线耳机", "zh", {"连接": "线控耳机"}),
        ("不锈钢锅", "zh", {"材质": "锈钢"}),
    ],
)
def test_what_was_not_refused_is_not_objected_to(question, language, attributes):
    assert said(question, "Thing" if language != "zh" else "东西", language, **attributes) == []
