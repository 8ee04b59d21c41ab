"""What no merchant would show is not said: praise, fragments, titles, fillers."""

from __future__ import annotations

import pytest

from llmrec.explain import Quoter, quotable_sentences
from llmrec.explain.facts import short_title
from llmrec.explain.product_facts import product_facts
from llmrec.explain.requests import WordsRequest
from llmrec.explain.sentences import runs_of, sentences_of
from llmrec.types import EventKind, HistoryEntry, Item


def reason_of(title, text, query, language="en", history=(), **more):
    item = Item("x", title, description=text, language=language, brand=more.pop("brand", None))
    entries = tuple((HistoryEntry(item=one.id, kind=EventKind.PURCHASE), one) for one in history)
    near = tuple(range(len(entries)))
    request = WordsRequest(item, entries, query, False, 1, near, language, **more)
    ((reason, _),) = Quoter().write_many([request])
    return reason.text if reason else None


@pytest.mark.parametrize(
    ("title", "text", "query"),
    [
        ("Acme ball pen", "The Acme pen offers a unique look and feel.", "pen for the left hand"),
        ("Acme scanner", "The sleek scanner makes scanning easier than ever.", "scan receipts"),
        ("Monitor stand", "With a modern design it looks great on a desk.", "against tired eyes"),
        ("Acme binder", "Simple is the smart way to go.", None),
        ("Wall calendar", "The calendar is the perfect resource for events.", "to read in a hall"),
        ("Pencils", "Let your masterpiece be off to a vivid start.", None),
        ("Wok", "A wonderful companion for lovely dinners.", None),
    ],
)
def test_praise_without_a_fact_is_no_reason(title, text, query):
    assert reason_of(title, text, query) is None


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("en", "Ages well.", "bag that counts as hand luggage"),
        ("en", "Loved, cuddled.", "stop the cat from scratching"),
        ("en", "Loved, shredded, refilled.", "stop the cat from scratching"),
        ("en", "Lunch, shell, bottle, map, done.", "a bag for the office"),
        ("en", "For the bag and the beginner.", "kind to sensitive knees"),
        ("de", "Nur Knospen.", "Tee für kalte Abende"),
    ],
)
def test_two_words_that_nobody_asked_for_are_no_reason(language, text, query):
    assert reason_of("Thing", text, query, language) is None


@pytest.mark.parametrize(
    ("title", "text", "query"),
    [
        ("Pot", "Feeds six.", "a pot that feeds six"),
        ("Desk", "Premium oak from managed woods gives a smooth grain to each board.", "board"),
        ("Rain jacket", "Three pockets stay free under a belt.", "jacket for a day of rain"),
        ("Bag", "Ages well.", None),
    ],
)
def test_what_says_something_is_still_quoted(title, text, query):
    assert reason_of(title, text, query, fit=query and "answer") == text


@pytest.mark.parametrize(
    ("language", "title", "text", "query", "is_said"),
    [
        (
            "en",
            "Trail shoes",
            "For long days on a soft sole of foam.",
            "snack for long hikes",
            False,
        ),
        ("en", "Day pack", "A zip runs all the way around it.", "snack for long hikes", False),
        ("en", "Reading lamp", "Turns every way that a book does.", "bicycle light to see", False),
        ("de", "Kerzen aus Wachs", "Tropfen wenig und duften leise.", "warme Hausschuhe", False),
        ("zh", "擀面杖两支装", "短的擀饺子皮，长的擀面条。", "两个人用的小锅", False),
        ("zh", "砂锅", "煲汤、煮粥都合适，保温很久。", "两个人用的小锅", True),
        ("en", "Bicycle light", "Shines far on a dark lane.", "bicycle light to see", True),
        ("en", "Steel flask", "Leaf stays in the strainer on trains.", "thermos for tea", True),
        ("de", "Wanderrucksack", "Mit Sitzkissen im hinteren Fach.", "Rucksack für Touren", True),
    ],
)
def test_of_another_thing_than_was_named_no_filler_is_said(language, title, text, query, is_said):
    said = reason_of(title, text, query, language, fit="answer")
    assert said == (text if is_said else None)


@pytest.mark.parametrize(
    ("fit", "text", "query", "reason"),
    [
        ("near", "Turns the way that a book does.", "bicycle lamp to see the road", None),
        ("none", "Turns the way that a book does.", "bicycle lamp to see the road", None),
        (
            "near",
            "Clips on a bicycle and shines on the road.",
            "bicycle lamp to see the road",
            "Clips on a bicycle and shines on the road.",
        ),
        (
            "answer",
            "Turns the way that a book does.",
            "bicycle lamp to see the road",
            "Turns the way that a book does.",
        ),
    ],
)
def test_of_what_only_comes_near_a_filler_is_not_said(fit, text, query, reason):
    assert reason_of("Reading lamp", text, query, fit=fit) == reason


def test_an_open_question_is_answered_with_a_word_of_it_or_not_at_all():
    query = "was kann ich im Herbst auf dem Balkon säen"
    text = "Wird mit den Jahren langsam silbergrau."
    assert reason_of("Balkonkasten aus Lärche", text, query, "de") is None
    sown = "Keimt im Herbst auf der Fensterbank."
    assert reason_of("Balkonsalat", sown, query, "de") == sown


STOVE = Item("s", "Brisk gas stove", brand="Ember", category=("Outdoor", "Stoves"), language="en")


def test_a_brand_in_common_leads_no_answer_to_a_question_and_says_nothing_alone():
    text = "Keeps coffee hot until noon."
    led = reason_of("Enamel mug", text, None, brand="Ember", history=[STOVE])
    asked = reason_of("Enamel mug", text, "mug for coffee", brand="Ember", history=[STOVE])
    alone = reason_of("Enamel mug", "", None, brand="Ember", history=[STOVE])
    assert (led, asked, alone) == (f"Also from Ember: {text}", text, None)


@pytest.mark.parametrize(
    "text",
    [
        "Paper Mate Flair Porous-Point Felt Tip Pen, Medium Tip, Core Colors (70644).",
        "Aurora 4-sheet Cross Cut Paper and Credit Card Shredder with Translucent Wastebasket.",
        "Presented in soft red and black The Corva Phileas Red pen has a band.",
    ],
)
def test_a_headline_is_no_sentence(text):
    item = Item("x", "Thing", description=f"Made of oak. {text}", language="en")
    assert [fact.text for fact in quotable_sentences(item, "en")] == ["Made of oak."]


def test_names_in_a_sentence_make_no_headline():
    text = "Works with Windows, Linux and the Mac from Apple in the same way."
    item = Item("x", "Thing", description=text, language="en")
    assert [fact.text for fact in quotable_sentences(item, "en")] == [text]


@pytest.mark.parametrize(
    ("title", "text", "alone"),
    [
        ("Corva gel pens, blue", "These handy gel pens have a soft grip.", True),
        ("Return stamp", "This stamp can be filled with four lines.", True),
        ("Filzstifte, zwölf", "Diese Filzstifte sind mit Wasser abwaschbar.", True),
        ("Corva gel pens, blue", "These features make it good to hold.", False),
        ("Corva gel pens, blue", "This is good to hold.", False),
        ("Corva gel pens, blue", "They are good to hold.", False),
        ("Pack of pens", "This pack holds a caution for all.", False),
    ],
)
def test_a_sentence_that_names_its_product_leans_on_none(title, text, alone):
    sentences = sentences_of(f"Writes in blue. {text}")
    assert (range(1, 2) in runs_of(sentences, title)) is alone


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("chair, I weigh 115 kg", "Arrives in a heavy box of 17 kg. The back moves with you."),
        ("shelf of 80 cm", "The screws are 4 cm long. Oak from one tree."),
    ],
)
def test_a_unit_that_both_have_is_no_answer(query, text):
    item = Item("x", "Thing", description=text, language="en")
    request = WordsRequest(item, (), query, False, 1)
    assert not any(fact.answers for fact in product_facts(request))


def test_that_it_is_another_thing_is_not_said_alone():
    query = "warm slippers for the winter"
    assert reason_of("Candles", "Simply wonderful and lovely.", query) is None
    said = reason_of("Candles", "Burn for two hours in a draught.", query)
    assert said == "Not quite what you asked for. Burn for two hours in a draught."


@pytest.mark.parametrize(
    ("title", "text", "query", "reason"),
    [
        ("Photo paper, glossy", "Ten mil of thickness.", "paper, thick and not glossy", None),
        ("Fotopapier glänzend", "Es ist sehr dick und weiß.", "Papier, dick, nicht glänzend", None),
        ("Photo paper", "Cards with a glossy finish.", "paper, thick and not glossy", "Worth"),
        ("Mat paper", "Thick and white as snow.", "paper, thick and not glossy", "Thick"),
    ],
)
def test_of_what_has_the_refused_in_its_title_no_good_is_said(title, text, query, reason):
    language = "de" if "nicht" in query else "en"
    said = reason_of(title, text, query, language, fit="answer")
    assert said is None if reason is None else said.startswith(reason)


@pytest.mark.parametrize(
    ("text", "cautions"),
    [
        ("The ink is smear-proof for all of your writing needs.", False),
        ("Holds what a small office needs, and more.", False),
        ("It needs a saucer.", True),
    ],
)
def test_what_somebody_needs_is_no_caution(text, cautions):
    item = Item("x", "Thing", description=text, language="en")
    assert [fact.cautions for fact in quotable_sentences(item, "en")] == [cautions]


@pytest.mark.parametrize(
    "text",
    [
        "Corva is available in two design families.",
        "Each collection has pens and pencils.",
        "Be the boss of all your mail with these labels.",
        "Buy these hanging folders for drawers.",
        "Get rich colors on each photo.",
        "If you wish to draw bold lines, take a marker.",
        "The product line includes four point sizes for every hand.",
        "The family of pens has a wide selection of ink colors.",
    ],
)
def test_calls_to_buy_and_talk_of_a_range_are_not_quoted(text):
    item = Item("x", "Thing", description=f"Made of oak. {text}", language="en")
    assert [fact.text for fact in quotable_sentences(item, "en")] == ["Made of oak."]


def test_a_thing_of_the_same_kind_is_no_companion():
    rest = Item("r", "LetGo silicone gel wrist rest", language="en")
    text = "The Wave Rest gel wrist pad gives your hand room."
    said = reason_of("WaveRest gel wrist pad", text, "soft wrist pad", history=[rest])
    assert said == text


def test_a_word_in_the_middle_of_a_long_title_is_no_companion():
    labels = Item("l", "Corva print or write file folder labels", language="en")
    text = "The side keeps the pocket from the rails when a file is out."
    said = reason_of("Hanging pocket", text, "pocket for a deep drawer", history=[labels])
    assert said == text


def test_a_title_that_is_cut_ends_in_a_noun():
    title = (
        "Wilson Jones Heavy Duty Round Ring View Binder with Extra Durable Hinge, 2 Inch, PC Blue"
    )
    assert short_title(title).endswith("Binder")
