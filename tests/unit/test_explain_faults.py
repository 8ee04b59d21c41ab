"""Faults that blind readers saw in quoted words, each as a kind: what is refused, and what is not.

The cases are written after real shops' texts; none is copied from one.
"""

import pytest

from llmrec.explain import Quoter, quotable_sentences
from llmrec.explain.patterns import TAKES_BACK
from llmrec.explain.requests import WordsRequest
from llmrec.types import Filters, Item

REPEATING = [
    ("en", "Corva gel pen, 0.7 mm, blue, pack of 12", "Corva Gel Pens, 0.7 mm, Blue, 12 per pack."),
    ("en", "Corva gel pen, 0.7 mm, blue, pack of 12", "This set contains 12 blue gel pens."),
    ("en", "Corva gel pen, 0.7 mm, blue, pack of 12", "Original blue Corva gel pen, 0.7 mm tip."),
    ("en", "Lumo hanging file frame, letter size", "Letter size hanging file frames by Lumo."),
    ("en", "Stapler with built-in ruler, grey", "Grey stapler with a ruler."),
    ("en", "Index cards, ruled, 3 x 5, 100 count", "100 ruled index cards, 3 x 5, per pack."),
    ("de", "Kochtopf aus Edelstahl, 24 cm", "Das ist ein Kochtopf aus Edelstahl mit 24 cm."),
    ("de", "Wollsocken grau, Größe 42", "Graue Wollsocken in Größe 42."),
    ("zh", "青瓷盖碗 180毫升", "这是一只青瓷盖碗，容量180毫升。"),
    ("zh", "不锈钢保温杯 500毫升 黑色", "本品为黑色不锈钢保温杯，500毫升。"),
]
BEYOND = [
    ("en", "Corva gel pen, 0.7 mm, blue, pack of 12", "The Corva gel pens are refillable."),
    ("en", "Corva gel pen, 0.7 mm, blue, pack of 12", "The blue gel pen is not waterproof."),
    ("en", "Lumo hanging file frame, letter size", "The frame holds forty letter size files."),
    ("en", "Stapler with built-in ruler, grey", "Opens flat to pin paper to a board."),
    ("de", "Kochtopf aus Edelstahl, 24 cm", "Der Kochtopf aus Edelstahl hält die Hitze."),
    ("zh", "青瓷盖碗 180毫升", "这只青瓷盖碗倒水不烫手。"),
]
NOTED = [
    ("en", "Prints up to 1,200 pages(1)."),
    ("en", "Works with every phone (2), also without a cable."),
    ("en", "Twice as soft as the usual ones*."),
    ("en", "Writes longer** than any pen of its kind."),
    ("en", "Connects to your mobile device1 in a moment."),
    ("en", "Waterproof to ten metres¹."),
    ("en", "Runs for eight hours†."),
    ("en", "Charges in an hour [3]."),
    ("en", "(1)Measured in our own workshop."),
    ("de", "Hält das Wasser acht Stunden lang warm²."),
    ("de", "Der Akku reicht für zwei Tage*."),
    ("zh", "可以连续使用八小时（1）。"),
    ("zh", "防水深度十米①。"),
    ("zh", "比普通杯子轻一半*。"),
]
UNNOTED = [
    ("en", "The photo paper is cut to 10*15 cm."),
    ("en", "The set comes with (6) refills of ink."),
    ("en", "Covers a floor of 12 m² in one coat."),
    ("en", "Its case (4 x 9 cm) fits into a pocket."),
    ("de", "Die Farbe reicht für 12 m² Wand."),
    ("zh", "一罐可以刷十二平方米的墙面。"),
]
TROUBLE = [
    ("en", "Tired of cables that break after a week."),
    ("en", "Most bags tear at the seams."),
    ("en", "Ordinary phone cases crack when they fall."),
    ("en", "Cheap umbrellas tend to turn inside out."),
    ("en", "Many brooms do not reach under the sofa."),
    ("en", "Nobody likes to wait for the kettle."),
    ("en", "We've all been there with cold coffee."),
    ("en", "Say goodbye to a crowded drawer."),
    ("en", "If you're looking for a warm hat, your search is over."),
    ("en", "No more wet feet on the way to school."),
    ("en", "Finding the end of the tape can be a nuisance."),
    ("en", "Never search for your keys again."),
    ("de", "Die meisten Taschen reißen an der Naht."),
    ("de", "Herkömmliche Pfannen verlieren ihre Schicht."),
    ("de", "Schluss mit nassen Füßen."),
    ("de", "Niemand mag kalten Kaffee."),
    ("zh", "还在为杂乱的抽屉烦恼。"),
    ("zh", "市面上的杯子大多不保温。"),
    ("zh", "普通的雨伞容易被风吹翻。"),
]
NO_TROUBLE = [
    ("en", "Most stains come off with warm water."),
    ("en", "Holds no more than two litres."),
    ("en", "A regular bottle fits into the side pocket."),
    ("en", "Many pockets for small parts."),
    ("en", "Unlike a cotton towel, it dries in an hour."),
    ("en", "Never above 60 °C in the washing machine."),
    ("de", "Viele Fächer für kleine Teile."),
    ("de", "Die meisten Flecken gehen mit Wasser heraus."),
    ("zh", "很多口袋，好放小东西。"),
]


GLUED = [
    "Built To Last The frame is made of steel.",
    "A Lamp That Works Every Time Its arm turns by itself.",
    "Corva Gel Pens, 12 Colors Corva Gel Pens are filled with soft ink.",
    "Heavy Duty Binders Heavy Duty Binders have a wide spine.",
    "Covers For You Make your binder look like yours.",
    "Presented in soft grey The Lumo pen has a round clip.",
    "1. The mesh keeps your desk in order.",
    "Order your inbox daily. 3.Give each paper a place.",
    "A rack for pens(All of them) and scissors.",
    "Scans at up to 1200 1200 dots in each square.",
    "Large 2 in.",
]
LOUD = [
    "Comes in THREE sizes for every desk.",
    "You can ADD a page with ease.",
    "It is a pen AND a pencil.",
]
WITHOUT_APOSTROPHES = [
    "Youll be able to keep all papers together.",
    "The ink wont go through most paper.",
    "Smudges arent a problem any more.",
    "Its a tray for the whole family.",
]
OF_THE_SELLER = [
    "Our wide variety of stamps suits all ages.",
    "Our mega-packs of paper are worth a shelf.",
    "Our goal is not to be the cheapest.",
    "We source the best raw materials.",
    "Available in black, blue and green.",
    "The name is a combination of two words.",
    "Corva is dedicated to the environment.",
    "Lumo is a Brellan company based in Ohio.",
    "Corva is a reliable source of labels.",
    "Over 70 years later, Lumo boasts many varieties.",
    "You may find cheaper deals if you shop around.",
    "Visit the manufacturer for details.",
    "Corva makes the best pencils for colouring, the best for you.",
]
NEW_TROUBLE = [
    "Your wrist is pressed on the hard desk all day.",
    "Traveling to school and home can be rough on your papers.",
]
STILL_QUOTED = [
    ("Lumo Lamp", "The Lumo lamp has an arm of steel."),
    ("Corva Pen", "Corva Gel Pens are filled with soft ink."),
    ("Cutters", "Fox, owl, oak leaf and company."),
    ("LATEX gloves", "Made of LATEX without powder."),
    ("Charger", "It has a USB port and a LED."),
    ("Pouch", "Made for the Corva label maker(s) in your office."),
    ("Tea", "Three cups for each person, or two for a guest."),
    ("Case", "In this case the lid stays open."),
    ("Refills", "Two inserts for our refillable pad."),
]
NO_CAUTION = [
    "Ink dries quickly and won't bleed through most paper.",
    "Provides the support that computer users need.",
    "Tape that doesn't yellow.",
    "The pencil never breaks.",
    "It does not rust.",
    "The printer needs no toner.",
]
STILL_CAUTION = [
    "The pencil won't write on glass.",
    "It needs a screen in the wind.",
    "The ink smears on glossy paper.",
    "The cover never dries quite.",
]


@pytest.mark.parametrize(
    "text", [*GLUED, *LOUD, *WITHOUT_APOSTROPHES, *OF_THE_SELLER, *NEW_TROUBLE]
)
def test_remains_of_a_page_and_talk_of_the_seller_are_not_quoted(text):
    assert text not in quoted("en", f"Made of oiled oak. {text}")
    assert text not in quoted("en", text)


@pytest.mark.parametrize(("title", "text"), STILL_QUOTED)
def test_what_only_looks_like_it_is_quoted(title, text):
    assert quoted("en", text, title) == [text]


@pytest.mark.parametrize(
    ("text", "cautions"),
    [*((one, False) for one in NO_CAUTION), *((one, True) for one in STILL_CAUTION)],
)
def test_what_a_thing_does_not_do_wrong_is_no_caution(text, cautions):
    item = Item("x", "Thing", description=text, language="en")
    assert [fact.cautions for fact in quotable_sentences(item, "en")] == [cautions]


def quoted(language, text, title="Thing"):
    item = Item("x", title, description=text, language=language)
    return [fact.text for fact in quotable_sentences(item, language)]


@pytest.mark.parametrize(("language", "title", "text"), REPEATING)
def test_a_title_once_more_is_not_quoted(language, title, text):
    assert quoted(language, text, title) == []
    assert quoted(language, text, "Thing" if language != "zh" else "东西") == [text]


@pytest.mark.parametrize(("language", "title", "text"), BEYOND)
def test_what_says_something_of_the_title_is_quoted(language, title, text):
    assert quoted(language, text, title) == [text]


@pytest.mark.parametrize(("language", "text"), NOTED)
def test_what_has_a_mark_of_a_note_is_not_quoted(language, text):
    assert quoted(language, text) == []


@pytest.mark.parametrize(("language", "text"), UNNOTED)
def test_what_only_looks_like_a_mark_is_quoted(language, text):
    assert quoted(language, text) == [text]


@pytest.mark.parametrize(("language", "text"), TROUBLE)
def test_the_readers_trouble_and_other_products_are_no_facts(language, text):
    assert quoted(language, text) == []
    first = {"en": "Made of oiled oak.", "de": "Aus geölter Eiche gemacht.", "zh": "用榉木做成。"}
    both = (first[language], text)
    together = quoted(language, "".join(both) if language == "zh" else " ".join(both))
    # "Never ..." and "No ..." may take back what stands before, which is then not quoted alone.
    assert together == ([] if TAKES_BACK.match(text) else [both[0]])


@pytest.mark.parametrize(("language", "text"), NO_TROUBLE)
def test_what_is_said_of_this_product_is_quoted(language, text):
    assert quoted(language, text) == [text]


LONG = {
    "en": "The rack has a frame of steel and shelves of beech and feet of rubber and rails of "
    "brass and hooks of iron, and the whole of it stands on the floor of a kitchen or a hall or "
    "a cellar or of any other room that there is in a house",
    "de": "Das Regal hat einen Rahmen aus Stahl und Böden aus Buche und Füße aus Gummi und Haken "
    "aus Eisen, und das Ganze steht auf dem Boden einer Küche oder eines Flurs oder eines Kellers "
    "oder auch in jedem anderen Zimmer im Haus",
    "zh": "这个架子有钢做的框，有榉木做的板，有橡胶做的脚，有黄铜做的杆，有铁做的钩，整个架子可以"
    "放在厨房里，也可以放在走廊里，还可以放在地下室里，或者放在家里任何一个有地方的房间里",
}
SHORT = {
    "en": "It takes ten kilos a shelf.",
    "de": "Trägt zehn Kilo je Boden.",
    "zh": "每层可以放十公斤。",
}
STOP = {"en": ".", "de": ".", "zh": "。"}


@pytest.mark.parametrize("language", ["en", "de", "zh"])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("asks", [True, False])
def test_a_short_sentence_that_says_as_much_comes_before_a_long_one(language, is_first, asks):
    long, short = LONG[language] + STOP[language], SHORT[language].replace("It takes", "Takes")
    texts = [long, short] if is_first else [short, long]
    space = "" if language == "zh" else " "
    title = {"en": "Rack", "de": "Regal", "zh": "架子"}[language]
    item = Item("x", title, description=space.join(texts), language=language)
    query = {"en": "ten kilos", "de": "zehn Kilo", "zh": "十公斤"}[language] if asks else None
    ((reason, _),) = Quoter().write_many([WordsRequest(item, (), query, False, 0)])
    assert reason.text == short


@pytest.mark.parametrize(
    ("language", "query"), [("en", "hooks for a cellar"), ("de", "Haken im Keller"), ("zh", "走廊")]
)
def test_a_long_sentence_that_says_more_is_quoted(language, query):
    long = LONG[language] + STOP[language]
    space = "" if language == "zh" else " "
    item = Item("x", "Thing", description=f"{long}{space}{SHORT[language]}", language=language)
    ((reason, _),) = Quoter().write_many([WordsRequest(item, (), query, False, 0)])
    assert long in reason.text


FOREIGN_VALUES = [
    ("zh", "en", "材质", "陶瓷"),
    ("zh", "en", "颜色", "青色"),
    ("zh", "de", "产地", "景德镇"),
    ("zh", "de", "重量", "半斤"),
    ("en", "zh", "material", "stainless steel"),
    ("en", "zh", "colour", "dusk blue"),
    ("de", "zh", "Material", "Gusseisen"),
    ("de", "zh", "Farbe", "rot"),
]


@pytest.mark.parametrize(("language", "spoken", "name", "value"), FOREIGN_VALUES)
def test_a_value_in_another_script_is_not_shown(language, spoken, name, value):
    title = "盖碗" if language == "zh" else "Pot"
    item = Item("x", title, attributes={name: value}, language=language)
    filters = Filters(attributes={name: (value,)})
    request = WordsRequest(item, (), None, True, 0, language=spoken, filters=filters)
    ((reason, description),) = Quoter().write_many([request])
    assert reason is None and value not in description.text


@pytest.mark.parametrize(
    ("language", "spoken", "name", "value", "shown"),
    [
        ("zh", "en", "重量", "1.2 kg", "Weight: 1.2 kg."),
        ("zh", "en", "重量", "310 克", "Weight: 310 g."),
        ("zh", "de", "重量", "1.7 千克", "Gewicht: 1,7 kg."),
        ("zh", "de", "长度", "34 厘米", "34 cm."),
        ("zh", "de", "容量", "1.5 l", "1,5 l"),
        ("en", "zh", "weight", "1.2 kg", "1.2 kg"),
        ("en", "zh", "size", "XL", "XL"),
        ("zh", "en", "年龄", "3 岁以上", "from 3 years"),
        ("en", "de", "material", "beech", "Material: beech."),
    ],
)
def test_numbers_and_units_are_shown_in_every_language(language, spoken, name, value, shown):
    title = "盖碗" if language == "zh" else "Pot"
    item = Item("x", title, attributes={name: value}, language=language)
    filters = Filters(attributes={name: (value,)})
    request = WordsRequest(item, (), None, True, 0, language=spoken, filters=filters)
    ((reason, description),) = Quoter().write_many([request])
    assert shown in reason.text and shown in description.text


@pytest.mark.parametrize(
    ("language", "spoken", "query", "ending"),
    [
        ("zh", "en", "bag for 3 °C", "Comfort temperature 8 °C: cold for 3 °C."),
        ("zh", "de", "Schlafsack für 3 °C", "Komforttemperatur 8 °C: bei 3 °C zu kalt."),
        ("zh", "zh", "3 度用的睡袋", "舒适温度 8 度：3 度时会冷。"),
        ("en", "zh", "3 度用的睡袋", "舒适温度 8 °C：3 度时会冷。"),
    ],
)
def test_a_field_that_speaks_against_it_is_named_in_the_shoppers_language(
    language, spoken, query, ending
):
    fields = {"舒适温度": "8 度"} if language == "zh" else {"comfort temperature": "8 °C"}
    title = "睡袋" if language == "zh" else "Sleeping bag"
    item = Item("x", title, attributes=fields, language=language)
    ((reason, _),) = Quoter().write_many([WordsRequest(item, (), query, False, 0, language=spoken)])
    assert reason.text.endswith(ending)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The bowl is of 青瓷 and fits a hand."),
        ("en", "材质: fired twice and glazed by hand."),
        ("de", "Die Schale ist aus 青瓷 und passt in die Hand."),
        ("zh", "Stainless steel cup with a lid 不锈钢杯。"),
        ("zh", "Keeps warm for twelve hours 保温时间长。"),
        ("zh", "Made by hand in a small pottery 手工制作。"),
    ],
)
def test_a_sentence_in_two_scripts_is_not_quoted(language, text):
    around = {
        "en": "It keeps the tea warm and is good to hold for a long while in the evening.",
        "de": "Die Kanne hält den Tee warm und ist gut zu halten, auch mit einer Hand.",
        "zh": "整个杯子拿在手里很轻，放在桌上很稳，冬天喝茶也不会很快变凉。",
    }[language]
    space = "" if language == "zh" else " "
    assert all(text not in sentence for sentence in quoted(language, f"{around}{space}{text}"))
    assert quoted(language, "支持 Bluetooth 5.0 的音箱。" if language == "zh" else around)
