"""The checker, on sentences about real-looking items: what holds passes, what does not is found."""

from decimal import Decimal

import pytest

from llmrec.explain import check, facts_of, grounding
from llmrec.types import EventKind, HistoryEntry, Item

TENT = Item(
    "OUT-1",
    "Skerry 2 two-person tent",
    brand="Kestrelwick",
    category=("Outdoor", "Camping", "Tents"),
    description="Two doors and two porches. The poles are colour-coded. Headroom is 104 cm. "
    "Rated for three seasons; the mesh inner is cold below freezing. Not for winter.",
    price=Decimal("219.00"),
    currency="EUR",
    language="en",
    attributes={"colour": "moss green", "weight": "2.4 kg", "material": "ripstop polyester"},
)
KETTLE = Item(
    "KIT-1",
    "Enamel kettle 1.7 l, whistling",
    brand="Copperwren",
    category=("Kitchen", "Kettles"),
    description="Whistles when it boils. Not dishwasher-safe. Award-winning handle design.",
    price=Decimal("39.90"),
    currency="EUR",
    attributes={"colour": "cream", "material": "enamelled steel", "induction": "no"},
)
KANNE = Item(
    "KIT-505",
    "Isolierkanne 1 l mit Holzbecher",
    brand="Lindenkranz",
    category=("Küche", "Tee"),
    description="Hält acht Stunden warm. Der Deckel ist nicht spülmaschinenfest. Aus Edelstahl.",
    price=Decimal("34.50"),
    currency="EUR",
    language="de",
    attributes={"Farbe": "schwarz"},
)
WOK = Item(
    "KIT-705",
    "手工熟铁炒锅 32 厘米",
    brand="禾灶",
    category=("厨房", "锅具"),
    description="一锤一锤敲出来的圆底炒锅，受热快。木柄不烫手，但不能进烤箱。",
    price=Decimal("62"),
    currency="EUR",
    language="zh",
    attributes={"材质": "熟铁", "重量": "1.7 千克"},
)
BOOTS = Item("OUT-9", "Brown waterproof hiking boots", brand="Varsko")
HISTORY = (
    (HistoryEntry(item="OUT-9"), BOOTS),
    (HistoryEntry(item="KIT-1", kind=EventKind.VIEW), KETTLE),
    (HistoryEntry(text="a rainy week in Norway"), None),
)

TRUE = [
    (TENT, 'You bought "Brown waterproof hiking boots", and this tent is from Kestrelwick.'),
    (TENT, "It weighs 2.4 kg and has two doors."),
    (TENT, "A green tent for two, 219 EUR."),
    (TENT, "The tent costs €219 and is made of polyester."),
    (TENT, "For under 250 euros you get two porches."),
    (TENT, "Headroom of 104 cm, and poles that are colour-coded."),
    (TENT, "Made for the outdoors, as what you have from Varsko."),
    (TENT, "It is not for winter."),
    (TENT, 'You mentioned "a rainy week in Norway": this has two porches.'),
    (TENT, 'You viewed "Enamel kettle 1.7 l, whistling" before.'),
    (TENT, "Das Zelt ist grün und wiegt 2,4 kg."),
    (TENT, "Ein Zelt von Kestrelwick für 219 Euro, mit zwei Türen."),
    (TENT, "这款帐篷重 2.4 公斤，绿色。"),
    (KETTLE, "The kettle is award-winning and holds 1.7 litres."),
    (KETTLE, "It is not dishwasher-safe."),
    (KETTLE, "A cream kettle of steel that whistles."),
    (KETTLE, "Ein Wasserkocher aus Stahl für 39,90 EUR."),
    (KANNE, "Du hast „Brown waterproof hiking boots“ gekauft; diese Kanne ist aus Edelstahl."),
    (KANNE, "Sie haben „Brown waterproof hiking boots“ gekauft; diese Kanne ist aus Edelstahl."),
    (WOK, "你买过“Brown waterproof hiking boots”，这口锅是熟铁做的。"),
    (WOK, "您买过“Brown waterproof hiking boots”，这口锅是熟铁做的。"),
    (KANNE, "Die Isolierkanne von Lindenkranz hält acht Stunden warm und kostet 34,50 €."),
    (KANNE, "The flask is insulated steel in black, from Lindenkranz."),
    (KANNE, "Der Deckel ist nicht spülmaschinenfest."),
    (WOK, "这口炒锅是熟铁做的，重 1.7 千克。"),
    (WOK, "来自禾灶，价格 62 欧元。"),
    (WOK, "手工敲打，木柄，不能进烤箱。"),
    (WOK, "An iron pan, handmade, 32 cm."),
]

FALSE = [
    (TENT, "It weighs 1.9 kg.", "number"),
    (TENT, "It weighs 2.4 l.", "number"),
    (TENT, "A tent for four people.", "number"),
    (TENT, "It costs 199 EUR.", "price"),
    (TENT, "It costs $219.", "price"),
    (TENT, "Yours for under 200 euros.", "price"),
    (TENT, "Save 20 % today.", "number"),
    (TENT, "A waterproof tent.", "attribute"),
    (TENT, 'Like your "Brown waterproof hiking boots", this tent is waterproof.', "attribute"),
    (TENT, "A red tent.", "colour"),
    (TENT, "Made of cotton.", "material"),
    (TENT, "The best tent you can get.", "superlative"),
    (TENT, "Our best-selling tent.", "claim"),
    (TENT, "It comes with free shipping.", "claim"),
    (TENT, "Made by Nordwall in Sweden.", "name"),
    (TENT, "as good as anything from patagonia", "brand"),
    (TENT, 'You also bought the "Alder stove".', "name"),
    (TENT, "You bought a tent like this before.", "history"),
    (TENT, 'You bought "Enamel kettle 1.7 l, whistling", so here is a tent.', "history"),
    (TENT, "It is good for winter, not for summer.", "negation"),
    (TENT, "These boots keep you dry.", "product"),
    (TENT, "Das Zelt ist wasserdicht.", "attribute"),
    (TENT, "Ein rotes Zelt für 219 Euro.", "colour"),
    (TENT, "这款帐篷防水。", "attribute"),
    (KETTLE, "The kettle is dishwasher-safe.", "attribute"),
    (KETTLE, "An organic cotton kettle.", "material"),
    (KETTLE, "Customers love it.", "claim"),
    (KETTLE, "It holds 1.2 litres.", "number"),
    (KETTLE, "A Miele kettle.", "name"),
    (KANNE, "Die Kanne ist spülmaschinenfest.", "attribute"),
    (KANNE, "Sie hält zwölf Stunden warm.", "number"),
    (KANNE, "Die meistverkaufte Kanne, jetzt mit Rabatt.", "claim"),
    (KANNE, "Eine Kanne von WMF.", "name"),
    (KANNE, "Nur 29,90 €.", "price"),
    (KANNE, "Aus Kupfer gefertigt.", "material"),
    (WOK, "这口锅不锈钢制成。", "material"),
    (WOK, "全店最好的炒锅。", "superlative"),
    (WOK, "包邮，七折优惠。", "claim"),
    (WOK, "价格 58 欧元。", "price"),
    (WOK, "来自苏泊尔 Supor 的炒锅。", "name"),
    (WOK, "重 2.5 千克。", "number"),
    (WOK, "可以进烤箱。", "attribute"),
    (WOK, "你买过这样的锅。", "history"),
    (WOK, "您买过这样的锅。", "history"),
    (WOK, "你买过“Enamel kettle 1.7 l, whistling”，这口锅是熟铁做的。", "history"),
    (WOK, "您买过“Enamel kettle 1.7 l, whistling”，这口锅是熟铁做的。", "history"),
]


@pytest.mark.parametrize(("item", "sentence"), TRUE, ids=lambda value: getattr(value, "id", value))
def test_what_holds_passes(item, sentence):
    assert check(sentence, facts_of(item, HISTORY, None)) == ()


@pytest.mark.parametrize(
    ("item", "sentence", "kind"), FALSE, ids=lambda value: getattr(value, "id", value)
)
def test_what_does_not_hold_is_found(item, sentence, kind):
    assert kind in {one.kind for one in check(sentence, facts_of(item, HISTORY, None))}


def test_a_shops_own_brands_are_names_in_any_case():
    facts = facts_of(TENT)
    assert check("as light on the back as quillstep", facts, {"Quillstep"})[-1].kind == "attribute"
    assert "brand" in {one.kind for one in check("as good as quillstep", facts, {"Quillstep"})}
    assert check("from kestrelwick", facts, {"Kestrelwick"}) == ()


def test_the_query_may_be_quoted_and_its_price_named():
    facts = facts_of(TENT, (), "waterproof tent under 300 EUR")
    assert check('You asked for "waterproof tent under 300 EUR"; this is green.', facts) == ()
    assert check("Under 300 EUR, as you asked.", facts) == ()
    assert check("So here is a waterproof one.", facts) != ()


def test_what_is_named_in_the_history_does_not_describe_the_item():
    facts = facts_of(KETTLE, ((HistoryEntry(item="OUT-1"), TENT),))
    assert check('You bought "Skerry 2 two-person tent", so here is a kettle.', facts) == ()
    assert {one.kind for one in check("Moss green, 2.4 kg.", facts)} == {"colour", "number"}


@pytest.mark.parametrize(
    ("sentence", "grounded"),
    [
        ("a tent with two porches and colour-coded poles", True),
        ("a tent with mesh and doors", True),
        ("a tent", False),
        ("a great choice for you", False),
        ("a mix of clay and sand for tomatoes", False),
        ("Das Zelt hat zwei Türen und ist grün", True),
    ],
)
def test_a_sentence_must_speak_of_the_item(sentence, grounded):
    assert (grounding(sentence, facts_of(TENT)) == ()) is grounded


@pytest.mark.parametrize(
    "sentence",
    ["a hot water bottle, keeping the water cool", "a classic bottle for water, keeping it hot"],
)
def test_what_has_nothing_but_a_title_is_not_described(sentence):
    bottle = facts_of(Item("H1", "HOT WATER BOTTLE KEEP CALM", price=Decimal("4.95")))
    assert {problem.kind for problem in grounding(sentence, bottle)} == {"grounding"}


def test_a_sentence_may_begin_with_an_article_before_a_name():
    gloves = Item("G1", "Garden gloves", description="Thin grip.", attributes={"colour": "olive"})
    assert check("The Garden gloves come in olive.", facts_of(gloves)) == ()
    assert [str(one) for one in check("The Acme gloves come in olive.", facts_of(gloves))] == [
        "name: Acme"
    ]


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("The Skerry 2 two-person tent is made of moss green, 2.4 kg, ripstop polyester.", False),
        ("The Skerry 2 two-person tent is made of 2.4 kg, ripstop polyester.", False),
        ("The Skerry 2 two-person tent is made of green, ripstop polyester.", False),
        ("The Skerry 2 two-person tent is made of ripstop polyester and weighs 2.4 kg.", True),
        ("The Skerry 2 two-person tent is made of mesh inner.", False),
        ("The Skerry 2 two-person tent is made of moss.", False),
        ("The Skerry 2 two-person tent comes in moss green and is for two.", True),
        ("The Skerry 2 two-person tent comes in ripstop polyester.", False),
        ("The Skerry 2 two-person tent comes in two doors.", False),
    ],
)
def test_a_colour_or_a_measure_is_no_material(sentence, holds):
    assert (check(sentence, facts_of(TENT)) == ()) is holds


STOVE = Item("o", "Ember gas stove", brand="Emberhythe", description="Burns for an hour.")
PLAIN_TENT = Item(
    "x",
    "Skerry tent",
    brand="Kestrel",
    price=Decimal(90),
    currency="EUR",
    description="A tent with two porches.",
    attributes={"weight": ("2.4 kg",)},
)


@pytest.mark.parametrize(
    ("query", "text", "kind"),
    [
        ("tent under 50 EUR", "This is a tent for 50 EUR.", "price"),
        ("tent at 50 EUR", "The tent costs 50 EUR.", "price"),
        ("tent for 4 people, 2 kg", "The tent weighs 2 kg.", "number"),
        ("tent for 4 people", "It is a tent for 4 people.", "number"),
        ("Hilleberg tent", "This is a Hilleberg tent.", "name"),
        ("Zelt für 50 EUR", "Das Zelt ist für 50 EUR zu haben.", "price"),
        ("50元的帐篷", "这顶帐篷只要50元。", "price"),
        (None, "This is an Emberhythe tent.", "name"),
        (None, "The tent is by Emberhythe.", "name"),
    ],
)
def test_the_question_and_the_history_vouch_for_nothing_of_the_item(query, text, kind):
    history = ((HistoryEntry(item="o", kind=EventKind.PURCHASE), STOVE),)
    facts = facts_of(PLAIN_TENT, history, query)
    assert kind in {problem.kind for problem in check(text, facts, {"Emberhythe"})}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("tent for 4 people", 'You asked for "tent for 4 people": the tent has two porches.'),
        ("tent under 100 EUR", "The tent is under 100 EUR."),
        (None, "Because you bought the Ember gas stove: the tent has two porches."),
        (None, "A tent, as what you have from Emberhythe."),
    ],
)
def test_what_was_asked_and_bought_may_be_named_as_such(query, text):
    history = ((HistoryEntry(item="o", kind=EventKind.PURCHASE), STOVE),)
    assert check(text, facts_of(PLAIN_TENT, history, query), {"Emberhythe"}) == ()
