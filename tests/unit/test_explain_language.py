"""Values, units and texts as the shopper's language has them, and a limit that is in no doubt.

Faults that were seen on 60 products each of the demo store, of real office supplies and of real
German groceries; each case stands for its kind.
"""

from decimal import Decimal

import pytest

from llmrec.explain import Quoter, quotable_sentences
from llmrec.explain.field_values import is_readable, value_in
from llmrec.explain.quotable import text_language
from llmrec.explain.requests import WordsRequest
from llmrec.types import Filters, Item

VALUES = [
    ("2 people", "de", "2 Personen"),
    ("1 person", "de", "1 Person"),
    ("12 hours", "de", "12 Stunden"),
    ("up to 80 kg", "de", "bis 80 kg"),
    ("6 pieces", "de", "6 Stück"),
    ("20 bags", "de", "20 Beutel"),
    ("112 pages", "de", "112 Seiten"),
    ("2 pairs", "de", "2 Paar"),
    ("1-4 cups", "de", "1-4 Tassen"),
    ("bis zu 90 kg", "en", "up to 90 kg"),
    ("12 Stunden", "en", "12 hours"),
    ("4 Personen", "en", "4 people"),
    ("3 Stück", "en", "3 pieces"),
    ("up to 12 kg", "zh", "最多 12 kg"),
    ("40 pieces", "zh", "40 件"),
    ("2 people", "zh", "2 人"),
    ("2-3 人", "de", "2-3 Personen"),
    ("5 双", "en", "5 pairs"),
    ("0.115 g", "de", "0,115 g"),
    ("15.0254 g", "de", "15,0254 g"),
    ("0,019 g", "en", "0.019 g"),
    ("12.5 cm", "de", "12,5 cm"),
]
LEFT = [
    ("1.234 kg", "de"),  # a thousand, or a little more than one
    ("20 bag clips", "de"),
    ("cups and saucers", "de"),
    ("2 x AAA", "zh"),
    ("2.4 kg", "en"),
    ("12 Stunden", "de"),
    ("40 件", "zh"),
]
NOT_ITS_OWN = [
    ("JINHAO is a world famous brand with fine pens."),
    ("Lumo has a tradition of fine quality writing instruments."),
    ("The pencils are valued internationally by professionals."),
    ("A tool of unsurpassed strength."),
    ("Contact Lumo Consumer Affairs for instructions."),
    ("With 15 colors to choose from, every folder finds its place."),
    ("Comes in a variety of colors."),
    ("Available in a wide range of sizes, for books and crafts."),
    ("The clips come in several colors."),
    ("Teachers prefer Lumo for its craftsmanship."),
    ("Trust Lumo staples to provide steady stapling."),
    ("You will be satisfied with these refills."),
    ("Stands strong where many basic binders fall apart."),
    ("Description: high grade leather with a clear pocket."),
    ("HIGH QUALITY AND VERSATILE The holder is made of clear vinyl."),
    ("Neat pages of 11 x 8 1/2easily tear out."),
    ("The brand , its pens , and the ink."),
    ("Sheets of 250 - 0- 6.5 x 10 inches."),
]
STILL_ITS_OWN = [
    "The binder stands upright on a shelf.",
    "The case is lined with wool in two colors.",
    "Holds 25 pens and a ruler.",
    "The contact paper peels off.",
    "Bakes a traditional loaf in forty minutes.",
    "The lid fits all sizes of this pot.",
    "Folds to 4 x 9 cm, pocket size.",
]
FOREIGN = [
    ("Confiserie gélifiée et acidifiée avec le jus de la pomme.", None),
    ("Biscotti di mare con il sale e la pasta della nonna.", None),
    ("Water from the spring and a little of the salt.", "en"),
    ("Wasser, Zucker, natürliches Aroma mit Vitamin C.", "de"),
    ("Speisequark 40 % Fett i. Tr. aus der Region.", "de"),
]


@pytest.mark.parametrize(("value", "language", "text"), VALUES)
def test_a_number_and_what_it_counts_are_written_as_the_language_does(value, language, text):
    assert value_in(value, language) == text
    assert is_readable(text, language)


@pytest.mark.parametrize(("value", "language"), LEFT)
def test_what_is_no_count_or_in_doubt_stays_as_it_is(value, language):
    assert value_in(value, language) == value


def test_small_foreign_words_stand_in_no_chinese_sentence():
    assert not is_readable("up to the rim", "zh") and not is_readable("no", "zh")
    assert is_readable("9 x 60 ml", "zh") and is_readable("USB-C 65 W", "zh")


@pytest.mark.parametrize("text", NOT_ITS_OWN)
def test_what_is_said_of_the_maker_of_others_or_of_the_whole_line_is_not_quoted(text):
    assert quotable_sentences(Item("x", "Thing", description=text, language="en"), "en") == ()


@pytest.mark.parametrize("text", STILL_ITS_OWN)
def test_what_only_looks_like_it_is_quoted(text):
    (fact,) = quotable_sentences(Item("x", "Thing", description=text, language="en"), "en")
    assert fact.text == text


@pytest.mark.parametrize(("text", "language"), FOREIGN)
def test_a_text_that_is_called_german_and_is_not_is_told_as_what_it_is(text, language):
    assert text_language(Item("x", "Ding", description=text, language="de")) == language


def test_an_abbreviation_ends_no_german_sentence():
    item = Item("x", "Ding", description="Speisequark 40 % Fett i. Tr. aus Bayern.", language="de")
    assert [fact.text for fact in quotable_sentences(item, "de")] == [item.description]


@pytest.mark.parametrize(
    "text", ["Gets warm with a display attached; that is normal.", "Turn the sticks once a week."]
)
def test_what_speaks_against_it_or_asks_for_care_is_no_praise(text):
    (fact,) = quotable_sentences(Item("x", "Thing", description=text, language="en"), "en")
    assert fact.cautions


@pytest.mark.parametrize(
    "text",
    [
        "The pen has an ink that is check-safe and smear-proof on any paper.",
        "The lamp is made for a reader who needs both hands for the book.",
        "The binder keeps papers flat, so an hour of sorting doesn't go to waste.",
        "The binder keeps papers flat so an hour of sorting doesn't go to waste.",
    ],
)
def test_what_only_sounds_like_a_caution_is_praise(text):
    (fact,) = quotable_sentences(Item("x", "Thing", description=text, language="en"), "en")
    assert not fact.cautions


def words(item, language, filters=None):
    request = WordsRequest(item, (), None, True, 0, (), language, filters or Filters())
    (pair,) = Quoter().write_many([request])
    return pair


def test_a_description_repeats_neither_title_nor_brand_nor_price():
    german = Item(
        "x",
        "Teekanne Porzellan",
        brand="Lindenkranz",
        price=Decimal("46"),
        currency="EUR",
        description="Gießt ohne zu tropfen.",
        language="de",
    )
    _, english = words(german, "en")
    assert english.text == "The shop describes it in German only."
    _, chinese = words(german, "zh")
    assert chinese.text == "店铺只有德文介绍。"
    bare = Item("x", "Money tray, black", brand="Sparco", language="en")
    _, silent = words(bare, "de")
    assert silent.text == "Mehr als auf der Karte sagt der Shop nicht dazu."
    assert (english.evidence, silent.evidence) == (("description",), ("title",))


def test_a_limit_in_another_currency_is_neither_kept_nor_broken():
    item = Item("x", "Pan", price=Decimal("20"), currency="USD", description="Pours well.")
    reason, _ = words(item, "en", Filters(max_price=Decimal("30"), currency="EUR"))
    assert reason is None
    reason, _ = words(item, "en", Filters(max_price=Decimal("10"), currency="EUR"))
    assert reason is None
    reason, _ = words(item, "en", Filters(max_price=Decimal("10"), currency="usd"))
    assert reason.text == "At 20 USD it is above your 10 USD."
