"""What a reading means in the demo store: changes and words to look for, or a command."""

from decimal import Decimal

import pytest
from demo_words import demo_situation, demo_vocabulary, spoken
from hypothesis import given
from hypothesis import strategies as st

from llmrec.agent.constraints import Constraints
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    InStock,
    MoreLike,
    NewQuest,
    Recipient,
    Reference,
    Refusal,
    Values,
    Without,
)
from llmrec.agent.meaning import context_of, meaning_of, requests_of
from llmrec.agent.quest import Quest
from llmrec.agent.reducer import reduced
from llmrec.agent.state import Situation
from llmrec.reading.lines import Part, read_line
from llmrec.reading.prompt import ReadingContext
from llmrec.reading.scripted import ScriptedReader
from llmrec.reading.tracing import traced

EMPTY = Situation()
SEEN = demo_situation()
HELD = reduced(
    SEEN,
    [
        AtLeast(Decimal(10)),
        AtMost(Decimal(40)),
        Brands(("Tamperley",)),
        Brands(("Varsko",), wanted=False),
        Brands(("Limberlow",), wanted=False),
        Values("colour", ("red",), "red"),
        Values("material", ("merino wool",), "wool", wanted=False),
        Without("candles"),
        InStock(),
        Recipient("my mother"),
    ],
    ("EUR",),
)[0]


def meant(message, line, situation=EMPTY):
    """The meaning of a message for which a model writes this line."""
    reader = ScriptedReader({message: line})
    found = reader.read(message, context_of(situation), "EUR")
    (request,) = requests_of(found, len(situation.shown))
    return meaning_of(request, message, situation, demo_vocabulary())


def changes_of(meaning):
    """Each change in a word or two; of a refusal all that it keeps away."""
    return [
        spoken(limit)
        for change in meaning.changes
        for limit in (change.limits if isinstance(change, Refusal) else (change,))
    ]


def left_by(meaning, situation=HELD):
    """What still holds, in a word or two each, when the changes are made."""
    held = reduced(situation, meaning.changes, ("EUR",))[0].constraints.held
    return [
        f"{one.kind} {one.said or ' '.join(one.values) or one.amount or ''}".strip() for one in held
    ]


@pytest.mark.parametrize(
    ("message", "line", "changes", "query"),
    [
        ("a kettle", "find | thing kettle", [], "kettle"),
        ("a kettle under 40", "find | thing kettle | max 40", ["at most 40"], "kettle"),
        ("a kettle <= 40€", "find | thing kettle | max 40", ["at most 40 EUR"], "kettle"),
        ("20 to 40", "find | min 20 | max 40", ["at least 20", "at most 40"], ""),
        ("about 40", "find | around 40", ["at least 30.00", "at most 50.00"], ""),
        ("about 40, 45 at most", "find | around 40 | max 45", ["at least 30.00", "at most 45"], ""),
        ("a red kettle", "find | thing kettle | colour: red", ["colour red (3)"], "kettle"),
        ("ein rotes Zelt", "find | thing Zelt | colour: rotes", ["colour rotes (3)"], "Zelt"),
        ("红色的", "find | colour: 红色", ["colour 红色 (3)"], ""),
        ("red or blue", "find | colour: red | colour: blue", ["colour red, blue (14)"], ""),
        ("a purple mug", "find | thing mug | colour: purple", ["colour purple (1)"], "mug"),
        ("a magenta mug", "find | thing mug | colour: magenta", ["ideally magenta"], "mug"),
        ("red or magenta", "find | colour: red | colour: magenta", ["colour red (3)"], ""),
        ("size M", "find | size: M", ["size M (8)"], ""),
        ("Größe 42", "find | groesse: 42", ["size 42 (5)"], ""),
        ("size 99", "find | size: 99", ["ideally 99"], ""),
        ("of leather", "find | material: leather", ["material leather (2)"], ""),
        ("a teak bench", "find | thing bench | material: teak", ["ideally teak"], "bench"),
        ("a light tent", "find | thing tent | feature: light", ["ideally light"], "tent"),
        ("light tent", "find | thing light tent | feature: light", ["ideally light"], "light tent"),
        ("a tent for two", "find | thing tent | people: two", ["ideally 2 people"], "tent"),
        ("from Tamperley", "find | brand Tamperley", ["brand Tamperley"], ""),
        ("from TAMPERLEY", "find | brand TAMPERLEY", ["brand Tamperley"], ""),
        ("Tamperley's mugs", "find | thing mugs | brand Tamperley's", ["brand Tamperley"], "mugs"),
        ("from harlow kiln", "find | brand harlow kiln", ["brand Harlow Kiln"], ""),
        ("not varsko", "find | no brand varsko", ["not brand Varsko"], ""),
        ("not Acme", "find | no brand Acme", [], ""),
        ("no kettle brand", "find | no brand kettle", ["no “kettle”"], ""),
        ("no peanuts 花生", "find | without 花生", ["not allergens 花生 (1)"], ""),
        ("no candles", "find | without candles", ["no “candles”"], ""),
        ("not a candle", "find | without candle", ["no “candle”"], ""),
        ("none of that candle stuff", "find | without that candle stuff", ["no “candle”"], ""),
        ("no baby things", "find | without baby things", ["no “baby”", "not in Baby"], ""),
        ("keine Tee-Sachen", "find | without Tee-Sachen", ["no “Tee”"], ""),
        ("no leather", "find | without leather", ["not material leather (2)", "no “leather”"], ""),
        ("in stock", "find | in stock", ["in stock"], ""),
        ("for my mother", "find | for my mother", ["for my mother"], ""),
        ("for my dog", "find | for my dog", ["for my dog", "ideally dog"], ""),
        ("bed for my dog", "find | thing bed | for my dog", ["for my dog", "ideally dog"], "bed"),
        ("dog bed for Rex", "find | thing dog bed | for Rex", ["for Rex"], "dog bed"),
        ("for me", "find | for me", [], ""),
        ("a present", "find | thing gift", [], ""),
        ("a cookbook as a gift", "find | thing cookbook", [], "cookbook"),
    ],
)  # fmt: skip
def test_a_first_message_is_changes_and_words_to_look_for(message, line, changes, query):
    meaning = meant(message, line)
    assert (changes_of(meaning), meaning.query) == (changes, query)
    assert isinstance(meaning, Quest)


@pytest.mark.parametrize("said", ["Acme", "kettle"])
def test_a_wanted_brand_that_the_shop_has_not_is_said_and_looked_for(said):
    meaning = meant(f"a tent from {said}", f"find | thing tent | brand {said}")
    assert meaning.unknown_brands == (said,) and meaning.query == f"{said} tent"
    assert not meaning.changes


def test_of_two_brands_the_known_one_holds_and_the_other_is_said():
    meaning = meant("Tamperley or Acme", "find | brand Tamperley | brand Acme")
    assert changes_of(meaning) == ["brand Tamperley"]
    assert (meaning.unknown_brands, meaning.query) == (("Acme",), "Acme")


def test_what_no_word_of_the_catalogue_is_is_not_left_out_but_said():
    meaning = meant("no frills, no candles", "find | without frills | without candles")
    assert meaning.absent == ("frills",) and changes_of(meaning) == ["no “candles”"]


def test_wool_is_refused_in_all_languages_and_cotton_is_not_wool():
    (refusal,) = meant("no wool", "find | without wool").changes
    refused = refusal.limits[0]
    assert {"merino wool", "Schurwolle"} <= set(refused.values)
    assert not any("baumwolle" in value.casefold() for value in refused.values)


def test_singular_and_plural_leave_out_the_same():
    one, many = (
        reduced(EMPTY, meant(f"no {said}", f"find | without {said}").changes, ())[0]
        for said in ("candle", "candles")
    )
    assert len(one.constraints.held) == len(many.constraints.held) == 1


@pytest.mark.parametrize(
    ("message", "line", "changes"),
    [
        ("a lamp", "find | thing lamp", ["new quest"]),
        ("in red", "find | colour: red", ["colour red (3)"]),
        ("more tea", "refine | thing tea", []),
        ("for me", "refine | for me", ["drop recipient"]),
        ("for my dad", "refine | for my dad", ["for my dad"]),
        ("like 2 in red", "refine | item 2 | colour: red", ["more like 2", "colour red (3)"]),
        ("like 2, under 20", "refine | item 2 | max 20", ["more like 2", "at most 20"]),
        ("below the 2nd", "refine | sort cheapest | item 2", ["cheaper than 2"]),
        ("above the 2nd", "refine | sort dearest | item 2", ["dearer than 2"]),
        ("best like 2", "refine | sort best_rated | item 2", ["more like 2"]),
    ],
)
def test_a_later_message_changes_what_holds(message, line, changes):
    assert changes_of(meant(message, line, HELD)) == changes


@pytest.mark.parametrize(
    ("message", "line", "left"),
    [
        ("up to 40", "refine | max 40", ["max_price 40"]),
        ("40 at least", "refine | min 40", ["min_price 40"]),
        ("about 20", "refine | around 20", ["min_price 15.00", "max_price 25.00"]),
    ],
)
def test_a_limit_takes_the_place_of_about(message, line, left):
    about = meant("a lamp, about 40", "find | thing lamp | around 40")
    held = reduced(SEEN, about.changes, ("EUR",))[0]
    assert left_by(meant(message, line, held), held) == left


def test_bounds_that_were_said_stand_beside_a_new_limit():
    # As wide as those of "about 40".
    between = meant("a lamp, between 30 and 50", "find | thing lamp | min 30 | max 50")
    held = reduced(SEEN, between.changes, ("EUR",))[0]
    kept = left_by(meant("up to 40", "refine | max 40", held), held)
    assert kept == ["min_price 30", "max_price 40"]


def test_a_limit_whose_sum_is_said_to_be_another_thing_goes():
    meaning = meant("40 litres, not 40 euros", "refine | capacity: 40 litres", HELD)
    assert "min_price 10" in left_by(meaning) and "max_price 40" not in left_by(meaning)
    meaning = meant("40 litres, no leather", "refine | capacity: 40 litres", HELD)
    assert "max_price 40" in left_by(meaning)
    meaning = meant("and 40 litres, please", "refine | capacity: 40 litres", HELD)
    assert "max_price 40" in left_by(meaning)
    meaning = meant("at most 40, it is for 40 people", "refine | max 40 | people: 40", HELD)
    assert {"min_price 10", "max_price 40"} <= {*left_by(meaning)}


def test_a_bare_number_is_looked_for_with_what_it_counts():
    tent = meant("a tent for four", "find | thing tent | people: four")
    assert (changes_of(tent), tent.query) == (["ideally 4 people"], "tent")
    toy = meant("a toy, he is 2", "find | thing toy | age: 2")
    assert (changes_of(toy), toy.query) == (["ideally 2 year old"], "toy")


@pytest.mark.parametrize("name", ["max", "min"])
def test_about_is_taken_back_as_one(name):
    about = meant("a lamp, about 40", "find | thing lamp | around 40")
    held = reduced(SEEN, about.changes, ("EUR",))[0]
    assert left_by(meant("never mind the price", f"drop | drop {name}", held), held) == []


def test_a_new_quest_keeps_price_refusals_and_receiver():
    meaning = meant("a lamp", "find | thing lamp", HELD)
    assert meaning.new and meaning.query == "lamp"
    assert left_by(meaning) == [
        "min_price 10",
        "max_price 40",
        "not_brand Varsko",
        "not_brand Limberlow",
        "not_attribute wool",
        "not_word candles",
        "recipient my mother",
    ]


def test_a_new_quest_may_have_a_brand_and_a_colour_of_its_own():
    line = "find | thing lamp | brand Varsko | colour: blue | in stock"
    left = left_by(meant("a blue Varsko lamp in stock", line, HELD))
    assert {"brand Varsko", "attribute blue", "in_stock"} <= set(left)
    assert "brand Tamperley" not in left and "not_brand Varsko" not in left


def test_the_new_quest_comes_before_all_that_is_said_of_it():
    changes = meant(
        "a lamp like 2, in red", "find | thing lamp | colour: red | item 2", SEEN
    ).changes
    assert changes[0] == NewQuest() and MoreLike(Reference(2)) in changes


def test_what_is_said_of_no_other_thing_begins_no_quest():
    meaning = meant("in red", "find | colour: red", HELD)
    assert not meaning.new and "brand Tamperley" in left_by(meaning)


def test_the_thing_named_again_adds_only_what_is_new_of_it():
    meaning = meant(
        "something for tea, light", "refine | thing something for tea | feature: light", SEEN
    )
    assert (changes_of(meaning), meaning.query, meaning.new) == (["ideally light"], "", False)


def test_an_order_of_the_products_is_no_limit():
    meaning = meant("the cheapest first", "refine | sort cheapest", SEEN)
    assert meaning.sort == "cheapest" and not meaning.changes
    assert meant("below the 2nd", "refine | sort cheapest | item 2", SEEN).sort is None
    assert meant("best like 2", "refine | sort best_rated | item 2", SEEN).sort == "best_rated"


@pytest.mark.parametrize(
    ("message", "drops", "gone"),
    [
        ("a higher price", ["max"], ["max_price 40"]),
        ("may cost less", ["min"], ["min_price 10"]),
        ("any price", ["max", "min"], ["min_price 10", "max_price 40"]),
        ("any brand", ["brand"], ["brand Tamperley"]),
        ("all other brands too", ["not_brand"], ["not_brand Varsko", "not_brand Limberlow"]),
        ("Varsko is fine", ["not_brand"], ["not_brand Varsko"]),
        ("any colour", ["colour"], ["attribute red"]),
        ("Farbe egal", ["farbe"], ["attribute red"]),
        ("wool is fine", ["not"], ["not_attribute wool"]),
        ("a candle is fine", ["not"], ["not_word candles"]),
        ("all of that is fine", ["not"], ["not_attribute wool", "not_word candles"]),
        ("sold out is fine", ["in_stock"], ["in_stock"]),
        (
            "any price, wool, any colour",
            ["max", "min", "not", "colour"],
            ["min_price 10", "max_price 40", "attribute red", "not_attribute wool"],
        ),
    ],
)
def test_what_is_taken_back_goes_and_nothing_else(message, drops, gone):
    line = " | ".join(["drop", *(f"drop {one}" for one in drops)])
    before = left_by(meant("hm", "refine", HELD))
    left = left_by(meant(message, line, HELD))
    assert [one for one in before if one not in left] == gone
    assert set(left) < set(before)


def test_to_take_back_the_limit_that_does_not_hold_takes_the_other_of_its_kind():
    only_low = reduced(SEEN, [AtLeast(Decimal(10))], ())[0]
    assert left_by(meant("any price", "drop | drop max", only_low), only_low) == []


def test_to_take_back_all_is_to_start_over():
    assert changes_of(meant("forget it all", "drop | drop max | drop all", HELD)) == ["start over"]


@pytest.mark.parametrize("drop", ["max", "brand", "not", "in_stock", "colour", "pattern"])
def test_to_take_back_what_does_not_hold_is_said(drop):
    meaning = meant("drop it", f"drop | drop {drop}", SEEN)
    after, notes = reduced(SEEN, meaning.changes, ())
    assert after == SEEN and [note.kind for note in notes] == ["nothing_to_drop"]


@pytest.mark.parametrize(
    ("line", "kind", "places"),
    [
        ("compare", "compare", [1, 2, 3]),
        ("compare | item 1 | item 3", "compare", [1, 3]),
        ("why", "why", []),
        ("why | item 2", "why", [2]),
        ("product", "product_question", [1, 2, 3]),
        ("product | item 3", "product_question", [3]),
        ("shop", "shop_question", []),
        ("order", "contact", []),
        ("order | item 2", "offer_cart", [2]),
        ("order | item 1 | item 2", "contact", [1, 2]),
        ("find | item 2", "product", [2]),
        ("refine | item 2", "product", [2]),
        ("talk", "smalltalk", []),
        ("abuse", "hostile", []),
        ("undo", "undo", []),
        ("more", "more", []),
        ("none", "others", []),
    ],
)
def test_what_is_no_quest_is_a_command(line, kind, places):
    command = meant("well", line, SEEN)
    assert (command.kind, [one.number for one in command.references]) == (kind, places)
    assert command.text == "well"


def test_why_of_the_only_product_on_the_screen_is_of_that():
    alone = SEEN.model_copy(update={"shown": SEEN.shown[:1]})
    assert meant("why?", "why", alone).references == (Reference(1),)


def test_a_place_that_is_not_on_the_screen_is_none():
    assert isinstance(meant("the ninth", "find | item 9", SEEN), Quest)
    assert meant("why the ninth", "why | item 9", EMPTY).references == ()


@pytest.mark.parametrize("part", ["max 40", "min 40", "no brand Varsko", "without wool"])
def test_what_two_readings_see_differently_is_not_held_but_asked(part):
    message = "a lamp 40 Varsko wool"
    said = read_line(f"find | thing lamp | in stock | {part}")
    (doubted,) = (one for one in said.parts if one.kind not in ("thing", "in stock"))
    found = traced(message, said, [doubted])
    meaning = meaning_of([found.reading], message, EMPTY, demo_vocabulary())
    assert found.unsure == (Part(doubted.kind, doubted.text),)
    assert changes_of(meaning) == ["in stock"] and meaning.query == "lamp"


def test_what_the_message_does_not_say_is_not_held():
    line = "find | thing lamp | max 30 | brand Varsko | colour: red | without wool"
    meaning = meant("a lamp for 20", line)
    assert not meaning.changes and meaning.query == "lamp"


def test_nothing_was_asked_before_the_first_message():
    assert context_of(EMPTY) is None
    assert context_of(Situation(shown=SEEN.shown)) is not None


def test_the_reader_is_told_what_holds_and_what_is_shown():
    context = context_of(HELD)
    assert context == ReadingContext(
        "something for tea",
        {
            "min": Decimal(10),
            "max": Decimal(40),
            "brands": ["Tamperley"],
            "not_brands": ["Varsko", "Limberlow"],
            "attributes": {"colour": "red"},
            "not": ["wool", "candles"],
            "in_stock": True,
            "for_whom": "my mother",
        },
        tuple(one.title for one in SEEN.shown),
    )


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("I'll take the second", "cart"),
        ("ich nehme das zweite", "cart"),
        ("第二个我要了", "cart"),
        ("the second looks good", "offer_cart"),
        ("vergessen Sie die zweite", "smalltalk"),
        ("第二个不要", "offer_cart"),
        ("第二个算了", "smalltalk"),
        ("don't add the second", "offer_cart"),
        ("I'll take the second, no rush", "offer_cart"),
        ("the second is lovely", "offer_cart"),
        ("leave the second", "smalltalk"),
        ("in den Warenkorb mit dem zweiten", "cart"),
    ],
)
def test_nothing_goes_into_the_cart_on_the_models_word_alone(message, kind):
    command = meant(message, "order | item 2", SEEN)
    assert (command.kind, command.references) == (kind, (Reference(2),))


def test_a_titles_own_word_and_it_are_plainer_than_a_place_that_a_model_names():
    word = next(
        word
        for word in SEEN.shown[2].title.split()
        if word.isalpha() and sum(word in shown.title for shown in SEEN.shown) == 1
    )
    assert meant(f"is the {word} heavy?", "product | item 1", SEEN).references == (Reference(3),)
    focused = SEEN.model_copy(update={"focus": 2})
    assert meant("how heavy is it?", "product | item 1", focused).references == (Reference(2),)
    assert meant("is the first heavy?", "product | item 1", focused).references == (Reference(1),)
    assert meant("is it heavy?", "product | item 1", SEEN).references == (Reference(1),)


@pytest.mark.parametrize(
    ("message", "line", "changes", "query"),
    [
        ("for my back", "find | for my back", ["ideally back"], ""),
        ("für meine Füße", "find | for meine Füße", ["ideally Füße"], ""),
        ("für uns beide", "find | for uns beide", [], ""),
        ("for my wife and me", "find | for my wife and me", [], ""),
        ("a tent for me and my kids", "find | thing tent | for me and my kids", [], "tent"),
        ("给我妈妈买茶壶", "find | thing 茶壶 | for 我妈妈", ["for 我妈妈"], "茶壶"),
        ("我和孩子用的帐篷", "find | thing 帐篷 | for 我和孩子", [], "帐篷"),
    ],
)
def test_who_is_for_whom(message, line, changes, query):
    meaning = meant(message, line)
    assert (changes_of(meaning), meaning.query) == (changes, query)


def test_one_thing_that_is_named_twice_is_one_quest():
    line = "find | thing lamp || find | thing magenta lamp | max 40"
    message = "a lamp, a magenta lamp, 40 at most"
    found = traced(message, read_line(line))
    (request,) = requests_of(found, 0)
    assert changes_of(meaning_of(request, message, EMPTY, demo_vocabulary())) == ["at most 40"]


# Two requests in one message -----------------------------------------------------------------


def orders(line, on_screen=3, has_context=True):
    """The intents of a line's requests in the order in which they are done, with their places."""
    found = traced(MESSAGE, read_line(line), on_screen=on_screen, has_context=has_context)
    return [
        [(reading.intent, reading.refers_to) for reading in request]
        for request in requests_of(found, on_screen)
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("refine | max 40 || product | item 2", [[("product_question", (2,))], [("refine", ())]]),
        ("refine | colour: red || product", [[("refine", ())], [("product_question", ())]]),
        ("find | thing lamp || shop", [[("find", ())], [("shop_question", ())]]),
        ("find | thing lamp || drop | drop max", [[("find", ()), ("drop", ())]]),
        ("find | thing lamp || find | thing wool", [[("find", ())], [("find", ())]]),
        ("refine | max 40 || none", [[("none_of_these", ())], [("refine", ())]]),
        ("order | item 1 || shop", [[("order_or_human", (1,))], [("shop_question", ())]]),
        ("find | thing lamp || talk", [[("find", ())]]),
        ("find | thing lamp || refine", [[("find", ())]]),
        ("find | thing lamp || find | thing lamp", [[("find", ())]]),
    ],
)
def test_requests_are_done_in_an_order_that_keeps_their_places_true(line, expected):
    assert orders(line) == expected


def test_what_is_taken_back_goes_before_the_wish_beside_it():
    found = traced(MESSAGE, read_line("find | thing lamp | for me || drop | drop max"))
    (request,) = requests_of(found, 0)
    meaning = meaning_of(request, MESSAGE, HELD, demo_vocabulary())
    assert changes_of(meaning)[0].startswith("drop number") and meaning.query == "lamp"
    assert "max_price 40" not in left_by(meaning)


_PARTS = """
thing lamp, thing gift, max 40, min 10, around 30, brand Varsko, brand Acme, no brand Varsko,
no brand lamp, colour: red, colour: magenta, size: M, without wool, without frills, for my dog,
for me, in stock, sort cheapest, sort newest, item 1, item 3, drop max, drop not, drop colour,
drop all
"""
parts = st.sampled_from([one.strip() for one in _PARTS.split(",")])
MESSAGE = "lamp gift 40 10 30 Varsko Acme red magenta M wool frills for my dog me"
intents = st.sampled_from(["find", "refine", "drop", "compare", "why", "product", "order"])


@given(intents, st.lists(parts, max_size=6), st.sampled_from([EMPTY, SEEN, HELD]))
def test_any_line_has_a_meaning_that_can_be_done(intent, some, situation):
    meaning = meant(MESSAGE, " | ".join([intent, *some]), situation)
    changes = meaning.changes if isinstance(meaning, Quest) else ()
    after, _ = reduced(situation, changes, ("EUR",))
    assert Constraints.model_validate_json(after.constraints.model_dump_json()) == after.constraints
    assert after.constraints.filters()
    context_of(after)
