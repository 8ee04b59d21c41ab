"""What does not fit is said, and nothing is said where it does or where nobody can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmrec.explain import Quoter
from llmrec.explain.objections import objections_to
from llmrec.explain.requests import WordsRequest
from llmrec.explain.wishes import measure_wishes, refusals
from llmrec.types import EventKind, HistoryEntry, Item

# question, attribute, value, and what is said of it
BROKEN = [
    ("tent for four people", "capacity", "2 people", "Capacity: 2 people, not four people."),
    ("tent for 3 persons", "sleeps", "2 persons", "Sleeps: 2 persons, not 3 persons."),
    ("game for two players", "players", "3-5", "Players: 3-5, not two players."),
    ("board game for 6 players", "players", "2-4", "Players: 2-4, not 6 players."),
    ("hotpot for six people", "serves", "2-3 people", "Serves: 2-3 people, not six people."),
    ("sleeping bag for 3 °C", "comfort temperature", "8 °C", "temperature 8 °C: cold for 3 °C."),
    ("bag for -5 °C", "comfort temperature", "-3 °C", "temperature -3 °C: cold for -5 °C."),
    ("bag for nights around freezing", "comfort temperature", "5 °C", "cold for freezing."),
    ("kettle for 1.7 litres", "capacity", "1 l", "Capacity: 1 l, less than 1.7 litres."),
    ("watering can of 10 l", "capacity", "8 l", "Capacity: 8 l, less than 10 l."),
    ("bottle, at least 750 ml", "capacity", "500 ml", "less than 750 ml."),
    ("flask that is warm for 12 hours", "keeps warm", "6 hours", "less than 12 hours."),
    ("headphones for 20 hours", "battery", "8 h", "Battery: 8 h, less than 20 hours."),
    ("chair, I weigh 130 kg", "load", "up to 120 kg", "Load: up to 120 kg, less than 130 kg."),
    ("carrier for a cat of 9 kg", "load", "up to 7 kg", "less than 9 kg."),
    ("stove under 300 g", "weight", "460 g", "Weight: 460 g, more than 300 g."),
    ("tent, no more than 2 kg", "weight", "2.4 kg", "Weight: 2.4 kg, more than 2 kg."),
    ("shelf less than 30 cm wide", "width", "42 cm", "Width: 42 cm, more than 30 cm."),
    ("scarf at least 180 cm long", "length", "150 cm", "Length: 150 cm, less than 180 cm."),
    ("shoes in size 44", "size", "36-42", "Size: 36-42, not 44."),
    ("rain jacket, size XL", "size", "XS-L", "Size: XS-L, not XL."),
    ("torch with at least 500 lumens", "brightness", "300 lm", "less than 500 lumens."),
]
KEPT = [
    ("tent for two people", "capacity", "2 people"),
    ("tent for one person", "capacity", "2 people"),
    ("game for three players", "players", "3-5"),
    ("hotpot for three people", "serves", "2-3 people"),
    ("sleeping bag for 3 °C", "comfort temperature", "-3 °C"),
    ("bag for nights around freezing", "comfort temperature", "-3 °C"),
    ("kettle for 1.5 litres", "capacity", "1.7 l"),
    ("kettle for 1 litre", "capacity", "0.98 l"),
    ("bottle, at most 750 ml", "capacity", "500 ml"),
    ("flask that is warm for 6 hours", "keeps warm", "12 hours"),
    ("chair, I weigh 95 kg", "load", "up to 120 kg"),
    ("stove under 500 g", "weight", "460 g"),
    ("shelf at least 30 cm wide", "width", "42 cm"),
    ("shoes in size 40", "size", "36-42"),
    ("rain jacket, size M", "size", "XS-L"),
    ("torch with at least 200 lumens", "brightness", "300 lm"),
    # What the number is of, nobody can tell: the room, the pot, the price.
    ("lamp for a table of 120 cm", "height", "40 cm"),
    ("box that is under 30 cm", "length", "40 cm"),
    ("coffee beans 1 kg", "weight", "250 g"),
    ("mat for a dog of 30 kg", "weight", "1 kg"),
    ("pots for two people", "capacity", "1.4 l, 0.9 l"),
    ("cover for a 20 l bag", "battery", "8 h"),
    ("bowl for two people", "capacity", "2 l"),
    ("tent for four people", "season", "3-season"),
]
# question, attribute, value, and the sentence
DENIED = [
    ("pan for induction", "hob", "gas and electric, poor on induction", "poor on induction."),
    ("wok for an induction hob", "hob", "gas, not for induction", "Hob: gas, not for induction."),
    ("plate for the oven", "care", "never in the oven", "Care: never in the oven."),
    ("tea without caffeine", "caffeine", "high", "Not free of caffeine: high."),
    ("caffeine-free tea", "caffeine", "medium", "Not free of caffeine: medium."),
    ("snack with no peanuts", "allergens", "peanuts, soy", "Not free of peanuts: peanuts, soy."),
    ("bag without leather", "material", "canvas, leather", "Not free of leather: canvas, leather."),
    ("candle, no scent please", "scent", "cedar, clove", "Not free of scent: cedar, clove."),
    ("coffee, not too dark", "roast", "dark", "Roast: dark."),
]
NOT_DENIED = [
    ("pan for induction", "hob", "all including induction"),
    ("pan for gas", "hob", "gas and electric, poor on induction"),
    ("wok for gas", "hob", "gas, not for induction"),
    ("tea without caffeine", "caffeine", "none"),
    ("tea with caffeine", "caffeine", "high"),
    ("candle, no scent please", "scent", "none added"),
    ("bag without leather", "material", "canvas"),
    ("bag without leather", "material", "leather-free canvas"),
    ("lamp that does not flicker", "power", "6 W"),
    ("coffee, not too dark", "roast", "medium"),
    ("shirt, not too heavy", "weight", "200 g"),
]


def request_for(query, name, value, language="en", **more):
    item = Item(
        "x",
        "Thing" if language == "en" else "Ding",
        description="Comes in a box.",
        language=language,
        attributes={name: value},
    )
    return WordsRequest(item, (), query, True, 1, language=language, **more)


def said(request):
    return [remark.text for remark in objections_to(request, request.language)]


@pytest.mark.parametrize(("query", "name", "value", "text"), [*BROKEN, *DENIED])
def test_what_a_field_has_against_it_is_said_in_both_texts(query, name, value, text):
    request = request_for(query, name, value)
    (objection,) = said(request)
    assert objection.endswith(text)
    for words in Quoter().write_many([request])[0]:
        assert words.text.endswith(objection) and f"attributes.{name}" in words.evidence
        assert words.text.count(value) <= 1


@pytest.mark.parametrize(("query", "name", "value"), [*KEPT, *NOT_DENIED])
def test_what_fits_or_is_not_certain_is_not_objected_to(query, name, value):
    assert said(request_for(query, name, value)) == []


@pytest.mark.parametrize(
    ("language", "query", "name", "value", "text"),
    [
        ("de", "Zelt für vier Personen", "capacity", "2 Personen", "2 Personen, nicht vier"),
        ("de", "Schuhe Größe 44", "size", "36-42", "Größe: 36-42, nicht 44."),
        ("de", "Tee ohne Koffein", "caffeine", "hoch", "Nicht ohne Koffein: hoch."),
        ("de", "Schlafsack für 0 Grad", "comfort temperature", "5 °C", "bei 0 Grad zu kalt."),
        ("de", "Pfanne für Induktion", "hob", "Gas, nicht für Induktion", "nicht für Induktion."),
        ("zh", "四个人的帐篷", "capacity", "2 人", "容量：2 人，不是 四个人。"),
        ("zh", "电磁炉能用的锅", "hob", "燃气灶，不适合电磁炉", "炉灶：燃气灶，不适合电磁炉。"),
        ("zh", "至少2升的壶", "capacity", "1.2 升", "容量：1.2 升，不到 2升。"),
    ],
)
def test_objections_speak_the_shoppers_language(language, query, name, value, text):
    (objection,) = said(request_for(query, name, value, language))
    assert text in objection


def test_what_was_bought_is_said_and_no_lead_names_it_again():
    two = Item("two", "Skerry tent, two people", brand="Kestrel", category=("Outdoor", "Tents"))
    three = replace(two, id="three", title="Skerry tent, three people", description="Two porches.")
    bag = replace(three, id="bag", title="Bag for a Skerry tent")
    history = ((HistoryEntry(item="two"), two),)
    (owned, again, other) = (
        WordsRequest(item, history, None, False, 1, (0,), "en") for item in (three, two, bag)
    )
    assert said(owned) == ["You have bought the Skerry tent, two people already."]
    assert Quoter().write_many([owned])[0][0].text.count("Skerry tent, two people") == 1
    assert said(again) == ["You have bought it before."]
    assert said(other) == []
    viewed = ((HistoryEntry(item="two", kind=EventKind.VIEW), two),)
    assert said(replace(owned, history=viewed)) == []


SENTENCES = [
    ("clock that makes no ticking noise", "It has two bells. Ticks softly at night.", "Ticks"),
    ("moka pot for induction", "Strong coffee. Does not work on induction.", "Does not work"),
    ("tent for the winter", "Two porches. Not for winter storms.", "Not for winter"),
    ("mug for the microwave", "Keeps tea warm. Not for the microwave.", "Not for the microwave"),
    ("spikes for two weeks", "Push in and go. Not enough for two weeks.", "Not enough"),
    ("snack, no nuts please", "Dark and bitter. Nuts are roasted in it.", "Nuts are"),
    ("jacket for heavy rain", "Light and soft. Sheds drizzle but not heavy rain.", "Sheds drizzle"),
    ("pen for contracts", "Dries in a second. The ink is not for contracts.", "The ink is not"),
]


@pytest.mark.parametrize(("query", "text", "begins"), SENTENCES)
def test_a_sentence_that_denies_what_was_asked_is_always_quoted(query, text, begins):
    item = Item("x", "Thing", description=text, language="en")
    request = WordsRequest(item, (), query, True, 1, language="en")
    for words in Quoter().write_many([request])[0]:
        assert begins in words.text
    reason, _ = Quoter().write_many([request])[0]
    assert "Worth knowing: " in reason.text or not reason.text.startswith(begins)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("pen that does not smear", "The ink does not smear."),
        ("stapler that does not jam", "Jam-free for a thousand sheets."),
        ("clock that makes no ticking noise", "Without any ticking at night."),
        ("snack, no nuts please", "Made without nuts."),
        ("jacket for rain", "Rain runs off, and not only drizzle."),
        ("lead for the dog", "Burns hands without gloves when a big dog pulls."),
        ("pan for gas", "On gas and electric hobs, but not in the oven."),
    ],
)
def test_what_keeps_off_the_refused_is_no_objection(query, text):
    item = Item("x", "Thing", description=text, language="en")
    request = WordsRequest(item, (), query, False, 1, language="en")
    reason, _ = Quoter().write_many([request])[0]
    assert not reason.text.startswith("Worth knowing: ")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Tee ohne Koffein für kalte Abende", ["koffein"]),
        ("gluten-free flour with no sugar", ["sugar", "gluten"]),
        ("zuckerfreie Bonbons", ["zucker"]),
        ("送长辈的茶，不要太浓", ["浓"]),
        ("没有糖的饼干", ["糖的饼"]),
        ("no more than 20 EUR", []),
        ("paper that does not let ink through", []),
        ("a bag, not only for work", []),
    ],
)
def test_a_refusal_is_read_where_there_is_one(query, words):
    assert sorted(one.word for one in refusals(query)) == sorted(words)


def test_a_price_is_no_measure():
    assert list(measure_wishes("grinder under 50 EUR")) == []


@pytest.mark.parametrize(
    ("query", "title", "objections"),
    [
        ("pencil 0.5 mm for drawing", "Corva pencil, 0.7mm, blue", ["0.7mm, not 0.5 mm."]),
        ("pencil 0.7 mm for drawing", "Corva pencil, 0.7mm, blue", []),
        ("card of 64 GB", "Corva card 32 GB", ["32 GB, not 64 GB."]),
        ("pencil 0.5 mm", "Corva pencils, 0.5 mm and 0.7 mm", []),
        ("shelf for a wall of 80 cm", "Oak shelf 60 cm", []),
    ],
)
def test_a_measure_of_the_title_is_held_against_the_one_asked_for(query, title, objections):
    item = Item("x", title, description="Comes in a box.", language="en")
    assert said(WordsRequest(item, (), query, False, 1, language="en")) == objections


@pytest.mark.parametrize(
    ("query", "text", "short"),
    [
        ("stapler for 60 sheets at once", "Staples up to 20 sheets.", True),
        ("stapler for 15 sheets at once", "Staples up to 20 sheets.", False),
        ("shelf for 40 books", "Carries up to 25 books.", True),
        ("Locher für 60 Blatt", "Locht bis zu 20 Blatt.", True),
        ("shelf for 40 books", "Carries up to 25 kilograms.", False),
    ],
)
def test_what_is_too_few_is_worth_knowing(query, text, short):
    language = "de" if "Locher" in query else "en"
    item = Item("x", "Thing", description=text, language=language)
    request = WordsRequest(item, (), query, False, 1, language=language)
    reason, _ = Quoter().write_many([request])[0]
    assert reason.text.startswith(("Worth knowing: ", "Gut zu wissen: ")) is short
