"""Writing: what fails is written again once, then made from fields, and says so."""

from dataclasses import replace
from decimal import Decimal

import pytest

from llmrec.config import ExplainSettings
from llmrec.engines import ScriptedEngine
from llmrec.errors import EngineError
from llmrec.explain import WordsRequest, Writer, check, facts_of, words_from_fields
from llmrec.types import EventKind, HistoryEntry, Item

STOVE = Item(
    "S1",
    "Twig-fed camp stove",
    brand="Emberhythe",
    category=("Outdoor", "Camp cooking"),
    description="Burns sticks and cones; no fuel to carry. Leaves soot on every pot.",
    price=Decimal("49.90"),
    currency="EUR",
    language="en",
    attributes={"material": "stainless steel", "weight": "460 g", "foldable": "no"},
)
PAN = Item("P1", "Camp pan, two parts", brand="Emberhythe", category=("Outdoor", "Camp cooking"))
TEA = Item(
    "T1",
    "Sencha aus dem Schatten 100 g",
    brand="Lindenkranz",
    category=("Tea",),
    language="de",
    description="Grasig und süß. Mit 70 °C aufgießen.",
    attributes={"material": "Tee", "pack": "100 g"},
)
BOWL = Item(
    "B1",
    "青花面碗两只装",
    brand="竹溪铺",
    category=("厨房", "餐具"),
    language="zh",
    description="碗口宽，汤不易洒。",
    price=Decimal("23.9"),
    currency="EUR",
    attributes={"colour": "青花"},
)
GOOD = " a camp stove that burns sticks and leaves soot on every pot"
BAD = " a waterproof stove with free shipping"


def request(item=STOVE, entry=None, known=PAN, query=None, describe=False, seed=0, language=None):
    entry = entry or HistoryEntry(item="P1")
    return WordsRequest(item, ((entry, known),), query, describe, seed, (0,), language)


def write(engine, *requests, **settings):
    return Writer(engine, ExplainSettings(**settings)).write_many(requests)


def test_a_sentence_that_holds_is_the_models():
    engine = ScriptedEngine(generate=[GOOD])
    reason, description = write(engine, request())[0]
    assert reason.text.startswith('You bought "Camp pan, two parts"')
    assert reason.text.endswith(": a camp stove that burns sticks and leaves soot on every pot.")
    assert (reason.origin, reason.attempts, reason.problems) == ("model", 1, ())
    assert {"item:P1", "description"} <= set(reason.evidence)
    assert description is None and len(engine.prompts) == 1


def test_what_fails_once_is_written_again():
    reason, _ = write(
        ScriptedEngine(generate=[BAD, " which burns sticks and leaves soot"]), request()
    )[0]
    assert (reason.origin, reason.attempts) == ("model", 2)
    assert reason.text.endswith("Twig-fed camp stove, which burns sticks and leaves soot.")
    assert {"attribute: waterproof", "claim: free shipping"} <= set(reason.problems)


def test_what_fails_twice_is_made_from_fields():
    engine = ScriptedEngine(generate=[BAD])
    reason, _ = write(engine, request())[0]
    assert (reason.origin, reason.attempts) == ("fields", 2) and len(engine.prompts) == 2
    assert "waterproof" not in reason.text and reason.problems
    assert check(reason.text, facts_of(STOVE, request().history)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        ".",
        "<|im_end|>",
        " a a a a a a",
        "(B)",
        " это палатка для всех",
        " a teapot with a lid that stays on while you pour",
        " a camp stove",
    ],
)
def test_degenerate_output_is_never_shown(text):
    reason, description = write(ScriptedEngine(generate=[text]), request(describe=True))[0]
    assert reason.origin == description.origin == "fields" and reason.problems


def test_what_is_no_more_than_its_title_is_not_put_to_the_model():
    engine = ScriptedEngine(generate=[])
    ((reason, description),) = write(engine, request(item=PAN, known=STOVE, describe=True))
    assert (reason.origin, reason.attempts) == ("fields", 0) and description.attempts == 0


def test_a_batch_is_one_call_for_each_attempt():
    calls = []

    class Counting(ScriptedEngine):
        def generate(self, prompts, **options):
            calls.append((len(prompts), options))
            return super().generate(prompts, **options)

    engine = Counting(generate=lambda prompt: BAD if "camp pan" in prompt.lower() else GOOD)
    pan = replace(PAN, description="A deep and a flat part that nest.")
    requests = [request(), request(describe=True), request(item=pan, known=STOVE)]
    done = write(engine, *requests)
    assert [count for count, _ in calls] == [4, len([1 for c in calls[1:] for _ in range(c[0])])]
    assert calls[0][1]["temperature"] == 0 and calls[1][1]["temperature"] > 0
    assert calls[0][1]["max_tokens"] == ExplainSettings().description_max_tokens
    assert [description is not None for _, description in done] == [False, True, False]
    assert done[2][0].origin == "fields"


def test_a_text_that_breaks_off_is_not_shown_half():
    engine = ScriptedEngine(
        generate=[" a camp stove that burns sticks and cones and leaves soot on"]
    )
    reason, _ = write(engine, request(), max_tokens=8)[0]
    assert reason.origin == "fields" and any(
        "breaks off" in problem or "no whole" in problem for problem in reason.problems
    )


def test_switched_off_asks_nobody():
    engine = ScriptedEngine()
    reason, description = write(engine, request(describe=True), enabled=False)[0]
    assert engine.prompts == [] and reason.attempts == 0
    assert reason.origin == description.origin == "fields"


@pytest.mark.parametrize(
    ("item", "language", "reason", "description"),
    [
        (
            STOVE,
            "de",
            "Du hast „Camp pan, two parts“ gekauft; auch das hier ist von Emberhythe. "
            "Kurz gesagt: aus Camp cooking, für 49,90 EUR.",
            "Twig-fed camp stove, Emberhythe. "
            "Kurz gesagt: Material: stainless steel, Gewicht: 460 g. 49,90 EUR.",
        ),
        (
            STOVE,
            "zh",
            "你买过“Camp pan, two parts”，这件也来自Emberhythe。"
            "它属于Camp cooking，价格49.90 EUR。",
            "Twig-fed camp stove, Emberhythe。 它材质为stainless steel，重量为460 g。 49.90 EUR。",
        ),
        (
            BOWL,
            "en",
            'You bought "Camp pan, two parts"; this is close to it. '
            "It comes in 青花 and is from 竹溪铺.",
            "青花面碗两只装, 竹溪铺. It comes in 青花. 23.90 EUR.",
        ),
    ],
)
def test_a_shopper_is_told_in_their_own_language(item, language, reason, description):
    """The model, which writes English, is not asked; facts stay as the catalogue has them."""
    engine = ScriptedEngine(generate=[GOOD])
    wanted = request(item, language=language, describe=True, seed=1)
    written = write(engine, wanted)[0]
    assert [one.text for one in written] == [reason, description]
    assert {one.origin for one in written} == {"fields"} and not engine.prompts
    facts = facts_of(item, wanted.history)
    assert all(check(one.text, facts, language=language) == () for one in written)


def test_the_model_writes_english_for_whoever_speaks_it():
    reason, _ = write(ScriptedEngine(generate=[GOOD]), request(language="en"))[0]
    assert reason.origin == "model"


def test_a_german_sentence_is_checked_as_one_whatever_it_quotes():
    facts, invented = facts_of(BOWL), "青花面碗. Kurz gesagt: Farbe: 青花, von IKEA."
    assert {one.claim for one in check(invented, facts, language="de")} >= {"IKEA"}
    assert check(invented.replace("IKEA", "竹溪铺"), facts, language="de") == ()


def test_other_languages_get_their_own_sentences():
    engine = ScriptedEngine()
    (german, _), (chinese, described) = write(engine, request(TEA), request(BOWL, describe=True))
    assert engine.prompts == []
    assert "Du hast „Camp pan, two parts“ gekauft" in german.text
    assert "你买过“Camp pan, two parts”" in chinese.text
    assert described.text.startswith("青花面碗两只装, 竹溪铺。 碗口宽")


def test_a_failing_engine_is_said():
    with pytest.raises(EngineError):
        write(ScriptedEngine(fail_with=EngineError("down")), request())


def test_no_requests_no_call():
    engine = ScriptedEngine()
    assert write(engine) == [] and engine.prompts == []


@pytest.mark.parametrize(
    ("entry", "known", "query", "expected"),
    [
        (HistoryEntry(item="P1", kind=EventKind.VIEW), PAN, None, "You viewed"),
        (HistoryEntry(item="P1", kind=EventKind.CART), PAN, None, "in your cart"),
        (HistoryEntry(item="P1", kind=EventKind.RATING, value=5), PAN, None, "You rated"),
        (HistoryEntry(text="cooking outdoors"), None, None, 'You mentioned "cooking outdoors"'),
        (HistoryEntry(item="P1"), PAN, "a camp stove", 'You asked for "a camp stove"'),
        (HistoryEntry(item="P1"), PAN, "any pot", 'You asked for "any pot"'),
        (HistoryEntry(item="P1"), PAN, "for the scarf and not silk", "You bought"),
    ],
)
def test_the_reason_names_what_it_hangs_on(entry, known, query, expected):
    reason, _ = words_from_fields(request(entry=entry, known=known, query=query))
    assert expected in reason.text


@pytest.mark.parametrize(
    "entry",
    [
        HistoryEntry(item="P1", kind=EventKind.DISLIKE),
        HistoryEntry(item="P1", kind=EventKind.RATING, value=1),
    ],
)
def test_what_was_not_welcome_is_no_reason(entry):
    reason, _ = words_from_fields(request(entry=entry))
    assert "Camp pan" not in reason.text and len(reason.text) > 20


def test_a_list_from_fields_does_not_repeat_itself():
    texts = [words_from_fields(request(seed=rank))[0].text for rank in range(3)]
    assert len(set(texts)) == 3
    assert words_from_fields(request(seed=1))[0].text == texts[1]


def test_evidence_resolves():
    for describe in (True, False):
        for words in words_from_fields(request(describe=describe)):
            for one in words.evidence if words else ():
                assert one == "item:P1" or one in facts_of(STOVE).fields


def test_an_item_of_which_nothing_is_known_still_gets_words():
    bare = Item("X", "Thing")
    reason, description = words_from_fields(WordsRequest(bare, (), None, True, 0))
    assert reason.text and description.text == "Thing."


def test_a_title_with_a_full_stop_is_no_description():
    engine = ScriptedEngine(generate=[GOOD, ". Burns sticks and cones.", BAD])
    _, description = write(engine, request(describe=True), attempts=2)[0]
    assert description.origin == "fields"
    assert "shape: a title is no sentence" in description.problems
