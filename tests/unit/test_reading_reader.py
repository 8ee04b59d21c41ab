"""The reader over an engine whose lines and answers are written: what it asks and what it makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmrec.engines import ScriptedEngine
from llmrec.engines.constraints import Grammar
from llmrec.errors import EngineError, EngineTimeout
from llmrec.reading import MessageReader, Reading, ReadingContext, Traced
from llmrec.reading.grammar import line_grammar
from llmrec.reading.lines import Part
from llmrec.reading.scripted import ScriptedReader
from llmrec.reading.signs import LABELS, SUMS

LINE = "find | thing lamp | max 30 | no brand Bolt"
MESSAGE = "a lamp up to 30€, not Bolt"


class Listening(ScriptedEngine):
    """A scripted engine that writes down what it was asked with."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.asked: list[dict[str, Any]] = []

    def generate(self, prompts: Sequence[str], **more: Any) -> list[str]:
        self.asked.append({"prompts": list(prompts), **more})
        return super().generate(prompts, **more)

    def score_labels(
        self, prompts: Sequence[str], labels: Sequence[Sequence[str]], **more: Any
    ) -> Any:
        self.asked.append({"prompts": list(prompts), "labels": labels, **more})
        return super().score_labels(prompts, labels, **more)


def answering(**answers: str) -> Callable[[str, Sequence[str]], list[float]]:
    """A score function that gives each text asked for its label; other words are wanted.

    Other numbers are no prices. In the line, all signs are equally likely.
    """

    def score(prompt: str, labels: Sequence[str]) -> list[float]:
        if len(labels) == len(SUMS):
            return [0.0] * len(SUMS)
        text = prompt.splitlines()[-1].removeprefix("Is ").removesuffix(":")
        default = "other" if text.isdecimal() else "wanted"
        wanted = answers.get(text, answers.get(f"_{text}", default))
        return [10.0 * (label == f" {wanted}") for label in labels]

    return score


def reader(engine: ScriptedEngine, **more: Any) -> MessageReader:
    return MessageReader(engine, **{"adapter": None, "currency": "EUR", **more})


AGREES = answering(_30="most", Bolt="refused")


def test_a_message_is_read() -> None:
    engine = Listening(AGREES, [LINE])
    assert reader(engine).read(MESSAGE) == Traced(
        Reading(
            intent="find",
            looking_for="lamp",
            max=Decimal(30),
            currency="EUR",
            not_brands=("Bolt",),
        )
    )


def test_a_line_may_begin_with_a_space() -> None:
    assert reader(Listening(AGREES, [f" {LINE}\n"])).read(MESSAGE).reading.max == 30


def test_the_line_is_asked_for_under_the_grammar_of_its_message() -> None:
    engine = Listening(AGREES, [LINE])
    context = ReadingContext("torch", {"max": 50}, ["Bolt L", "Ray 2"])
    reader(engine).read(f" {MESSAGE}\n", context)
    line, signs = engine.asked
    head = (
        "Before: torch | max 50\nScreen: 1 Bolt L | 2 Ray 2\nShopper: a lamp up to 30€, not Bolt\n"
        "Named: 1 Bolt\n"
    )
    assert line["prompts"] == [f"{head}Read:"]
    assert line["constraint"] == Grammar(line_grammar(MESSAGE, 2))
    asked, written = f"{head}Is ", f"{head}Read: find | thing lamp |"
    assert signs["prompts"] == [f"{asked}30:", f"{asked}Bolt:", f"{asked}lamp:", written]
    answers = [f" {label}" for label in LABELS]
    assert signs["labels"] == [*[answers] * 3, [f" {kind}" for kind in SUMS]]


@pytest.mark.parametrize("label", ["other", "wanted"])
def test_what_the_second_witness_denies_is_not_held(label: str) -> None:
    engine = Listening(answering(_30="other", Bolt=label), [LINE])
    found = reader(engine).read(MESSAGE)
    assert found.unsure == (Part("max", "30"), Part("no brand", "Bolt"))
    assert found.reading == Reading(intent="find", looking_for="lamp")


def test_a_sum_has_the_sign_that_both_views_find_likeliest_together() -> None:
    found = reader(Listening(answering(_30="least", Bolt="refused"), [LINE])).read(MESSAGE)
    assert found.reading.min == 30 and found.reading.max is None and not found.unsure

    def torn(prompt: str, labels: Sequence[str]) -> list[float]:
        if len(labels) == len(SUMS):
            # The line's view counts half.
            return [8.0, 0.0, 0.0]
        return [4.0 * (label == " least") for label in labels]

    found = reader(Listening(torn, ["find | thing lamp | max 30"])).read(MESSAGE)
    assert found.unsure == (Part("max", "30"),)


NUMBERS = "a lamp, maybe 25, no, 30 is the most, from 10, for 2 rooms"


@pytest.mark.parametrize(
    ("signs", "line", "limits"),
    [
        # The line forgets a sum that the answer is sure of.
        ({"_30": "most", "_10": "least"}, "find | max 30", (10, 30)),
        ({"_30": "most"}, "find", (None, 30)),
        # It takes the place of another only where that is no price.
        ({"_30": "most", "_25": "other"}, "find | max 25", (None, 30)),
        ({"_30": "most", "_25": "most"}, "find | max 25", (None, 25)),
        # Whoever asks the shop something sets no limit.
        ({"_30": "most"}, "shop", (None, None)),
    ],
)
def test_a_number_that_the_line_leaves_out_is_asked_about(
    signs: dict[str, str], line: str, limits: tuple[int | None, int | None]
) -> None:
    everything = {"_2": "other", "_10": "other", "_25": "other", "_30": "other"}
    answers = answering(**everything | signs)
    found = reader(Listening(answers, [line])).read(NUMBERS)
    assert (found.reading.min, found.reading.max) == limits


@pytest.mark.parametrize(
    ("message", "line", "answers", "refused"),
    [
        ("a lamp, not Bolt and no glass", "find | thing lamp | no brand Bolt", {}, ("glass",)),
        ("a lamp, no glass", "find | thing lamp", {"glass": "other"}, ()),
        ("eine Lampe ohne Glas, bitte", "find | thing Lampe", {"Glas": "refused"}, ("Glas",)),
        ("nicht ohne Glas", "find | thing Lampe", {"Glas": "refused"}, ()),
        ("台灯,不要玻璃", "find | thing 台灯", {"玻璃": "refused"}, ("玻璃",)),
        ("不要没有玻璃的", "find | thing 台灯", {"玻璃": "refused"}, ()),
    ],
)
def test_a_refusal_that_the_line_leaves_out_is_asked_about(
    message: str, line: str, answers: dict[str, str], refused: tuple[str, ...]
) -> None:
    score = answering(**{"Bolt": "refused", "glass": "refused", **answers})
    assert reader(Listening(score, [line])).read(message).reading.not_ == refused


def test_a_refusal_beside_a_question_is_a_wish_of_its_own() -> None:
    context = ReadingContext(looking_for="lamp", on_screen=["Glass lamp", "Wooden lamp"])
    engine = Listening(answering(glass="refused"), ["product | item 2"])
    read = reader(engine).read("no glass. how bright is the second?", context)
    assert read.reading.intent == "product_question"
    assert [(request.intent, request.not_) for request in read.also] == [("refine", ("glass",))]


def test_a_name_behind_a_denial_is_a_brand_in_english() -> None:
    engine = Listening(answering(Petrel="refused"), ["find | thing lamp"])
    assert reader(engine).read("a lamp, any except Petrel").reading.not_brands == ("Petrel",)


class Ending(Listening):
    """A scripted engine that knows how an answer ends."""

    end_of_turn = "<end>"

    def token_ids(self, text: str) -> list[int]:
        return super().token_ids(text.replace(" ||", " also").replace("<end>", " end"))


def going_on(share: float) -> Callable[[str, Sequence[str]], list[float]]:
    """As ``AGREES``, and a further request has this share where the line has ended."""

    def score(prompt: str, labels: Sequence[str]) -> list[float]:
        if "<end>" in labels:
            # Logits whose softmax at the engine's temperature is the share.
            return [0.25 * math.log(share if label == " ||" else 1 - share) for label in labels]
        return AGREES(prompt, labels)

    return score


def test_a_line_that_ends_too_early_goes_on_with_what_is_asked_besides() -> None:
    def write(prompt: str) -> str:
        return " shop" if prompt.endswith(" ||") else f" {LINE}"

    engine = Ending(going_on(0.3), write)
    read = reader(engine).read(f"{MESSAGE}, and do you ship to Austria?")
    assert (read.reading.intent, [request.intent for request in read.also]) == (
        "find",
        ["shop_question"],
    )
    # The longer line is asked about anew, but not whether it goes on once more: one request.
    *_, further = (call["constraint"] for call in engine.asked if "constraint" in call)
    assert "request){0,0}" in further.text
    assert sum("<end>" in labels for call in engine.asked for labels in call.get("labels", ())) == 1


@pytest.mark.parametrize(("line", "share"), [(LINE, 0.1), (f"{LINE} || shop", 0.9)])
def test_a_line_that_surely_ends_or_has_two_requests_is_left_alone(line: str, share: float) -> None:
    engine = Ending(going_on(share), [line])
    assert reader(engine).read(f"{MESSAGE}, and do you ship?").reading.max == Decimal(30)
    assert sum("max_tokens" in call for call in engine.asked) == 1


def test_a_line_that_was_cut_is_not_asked_whether_it_goes_on() -> None:
    engine = Ending(going_on(0.9), ["find | thing " + "lamp " * 96])
    assert len(reader(engine).read("lamp " * 96).also) == 0
    assert sum("max_tokens" in call for call in engine.asked) == 1


def test_a_model_without_a_token_for_further_requests_is_not_asked_for_them() -> None:
    engine = Listening(AGREES, [LINE])
    engine.end_of_turn = "."
    assert reader(engine).read(MESSAGE).also == ()


def test_without_a_second_witness_the_line_holds() -> None:
    engine = Listening(answering(_30="least"), [LINE])
    found = reader(engine, witness=False).read(MESSAGE)
    assert found.reading.max == 30 and not found.unsure
    assert len(engine.asked) == 1


def test_where_nothing_is_to_be_confirmed_nothing_is_asked() -> None:
    engine = Listening(AGREES, ["find | thing gift | occasion: birthday"])
    reading = reader(engine).read("birthday").reading
    assert reading.attributes == {"occasion": "birthday"}
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    ("answers", "attributes"),
    [
        ({"red": "wanted", "shoes": "wanted"}, {"colour": "red", "feature": "shoes"}),
        ({"red": "wanted", "shoes": "other"}, {"colour": "red"}),
        ({"red": "wanted", "shoes": "refused"}, {"colour": "red"}),
    ],
)
def test_what_is_only_told_beside_a_wish_is_none(
    answers: dict[str, str], attributes: dict[str, str]
) -> None:
    engine = Listening(answering(**answers), ["find | thing lamp | colour: red | feature: shoes"])
    traced = reader(engine).read("he ate my shoes. a red lamp")
    assert traced.reading.attributes == attributes
    assert not traced.unsure, "nobody is asked whether a story is a wish"


def test_two_signs_of_one_number_become_the_likelier() -> None:
    found = reader(Listening(AGREES, ["find | max 30 | around 30"])).read("30, about 30")
    assert found.reading.max == 30 and found.reading.around is None and not found.unsure


def test_what_the_message_does_not_say_is_untraced() -> None:
    found = reader(Listening(AGREES, ["find | thing kettle | max 30"])).read(MESSAGE)
    assert found.untraced == (Part("thing", "kettle"),)
    assert found.reading.looking_for is None


@pytest.mark.parametrize("message", ["", "   ", "?!", "🎁🎉", ":-)", "\x00\n", "…", "||"])
def test_a_message_without_a_letter_is_small_talk_and_costs_nothing(message: str) -> None:
    engine = Listening(AGREES, [LINE])
    assert reader(engine).read(message) == Traced(Reading(intent="smalltalk"))
    assert not engine.asked


def test_places_and_refinements_need_a_context() -> None:
    line = "refine | item 2 | colour: red"
    alone = reader(Listening(AGREES, [line])).read("the second in red")
    assert alone.reading.intent == "find" and alone.reading.refers_to == ()
    assert alone.untraced == (Part("item", "2"),)
    context = ReadingContext("tent", {}, ["Tarn 2", "Duo 3"])
    beside = reader(Listening(AGREES, [line])).read("the second in red", context)
    assert beside.reading.intent == "refine" and beside.reading.refers_to == (2,)


def test_a_calls_currency_goes_over_the_readers() -> None:
    engine = Listening(answering(_30="most"), ["find | max 30"])
    own = reader(engine, currency="CAD")
    assert own.read("$30 max").reading.currency == "CAD"
    assert own.read("$30 max", currency="AUD").reading.currency == "AUD"


@pytest.mark.parametrize("line", ["", "kettle", "The shopper wants a lamp.", '{"intent": "find"}'])
def test_no_line_is_an_error_that_says_what_to_check(line: str) -> None:
    with pytest.raises(EngineError, match="wrote no line") as caught:
        reader(Listening(AGREES, lambda _: line)).read(MESSAGE)
    assert "adapter" in (caught.value.hint or "")


@pytest.mark.parametrize("method", ["generate", "score_labels"])
@pytest.mark.parametrize("error", [EngineTimeout("too long"), EngineError("broken")])
def test_the_engines_failure_passes_through(method: str, error: Exception) -> None:
    engine = ScriptedEngine(AGREES, [LINE], fail_with=error, fail_on=[method])
    with pytest.raises(type(error)) as caught:
        reader(engine).read(MESSAGE)
    assert caught.value is error


def test_the_adapters_name_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    engine = Listening(AGREES, [LINE])
    engine.load_adapter("ours", tmp_path)
    assert reader(engine, adapter="ours").read(MESSAGE).reading.max == 30
    assert [one["adapters"] for one in engine.asked] == [["ours"], ["ours"] * 4]


def test_an_adapter_that_is_not_loaded_is_named() -> None:
    with pytest.raises(EngineError, match="'reader'"):
        MessageReader(ScriptedEngine(AGREES, [LINE])).read(MESSAGE)


def test_a_long_message_is_read_up_to_two_thousand_characters() -> None:
    engine = Listening(AGREES, ["find | thing lamp"])
    reader(engine).read("lamp " * 1_000)
    assert engine.asked[0]["prompts"][0].count("lamp") == 400


def test_a_scripted_reader_checks_its_lines_as_a_models() -> None:
    own = ScriptedReader({MESSAGE: LINE, "x": "no line"}, "EUR")
    assert own.read(MESSAGE) == reader(Listening(AGREES, [LINE])).read(MESSAGE)
    assert own.read("a red lamp").reading == Reading(intent="find", looking_for="a red lamp")
    assert own.read("?!").reading == Reading(intent="smalltalk")
    with pytest.raises(EngineError, match="'x'"):
        own.read("x")


def test_lines_may_be_given_to_a_scripted_reader_later() -> None:
    lines = {"a lamp": "find | thing lamp"}
    scripted = ScriptedReader(lines)
    assert scripted.read("a lamp").reading.looking_for == "lamp"
    lines["under 30"] = "refine | max 30"
    assert scripted.read("under 30").reading.max == 30
