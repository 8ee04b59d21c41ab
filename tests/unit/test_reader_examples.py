"""What the reader learns from: the messages that ship, their variants, and the loss of branches."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmrec.errors import ContextOverflow, DataError
from llmrec.finetune.reader.examples import reader_examples, sha256_of
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.finetune.reader.saying import as_said, line_of, said_in
from llmrec.finetune.reader.variants import WordPools, variant
from llmrec.reading.lines import read_line, write_line, write_part
from llmrec.reading.prompt import ReadingContext, plain
from llmrec.reading.reading import Reading
from llmrec.reading.signs import LABELS, SUMS

LIMITS = ("min", "max", "around", "currency", "sort")


@cache
def shipped(test: bool = False) -> tuple[WrittenMessage, ...]:
    return tuple(message for path in written_sets(test=test) for message in read_messages(path))


@cache
def pools() -> WordPools:
    return WordPools(shipped(), ["Kestrelwick"])


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        yield f"{path.name}, line {number}", json.loads(line)


def bare(message: str) -> str:
    return re.sub(r"[\W_]+", "", plain(message).casefold())


def test_messages_enough_ship_in_three_languages() -> None:
    count = Counter(one.language for one in shipped())
    assert count["en"] >= 3_000 and count["de"] >= 1_200 and count["zh"] >= 800
    kept = Counter(one.language for one in shipped(test=True))
    assert kept["en"] >= 400 and set(kept) == {"en", "de", "zh"}


def test_no_message_that_is_kept_for_testing_is_trained_on() -> None:
    assert not {path.name for path in written_sets()} & {p.name for p in written_sets(test=True)}
    trained = {bare(one.message) for one in shipped()}
    assert [one.message for one in shipped(test=True) if bare(one.message) in trained] == []


@pytest.mark.parametrize(
    "path", [*written_sets(), *written_sets(test=True)], ids=lambda path: path.stem
)
def test_every_line_keeps_to_the_contract(path: Path) -> None:
    for where, row in rows(path):
        assert {*row} - {"also"} == {"message", "context", "shop_currency", "want"}, where
        assert re.fullmatch("[A-Z]{3}", row["shop_currency"]), where
        context = row["context"] or {}
        assert set(context) <= {"looking_for", "held", "on_screen"}, where
        shown = len(context.get("on_screen") or ())
        for values in (row["want"], *row.get("also", ())):
            want = Reading.model_validate(values)
            if want.intent not in ("find", "refine"):
                assert all(getattr(want, name) is None for name in LIMITS), where
            assert want.intent == "drop" or not want.drops, where
            assert row["context"] is not None or want.intent != "refine", where
            assert list(want.refers_to) == sorted(set(want.refers_to)), where
            assert all(1 <= place <= shown for place in want.refers_to), where
            if want.min is not None and want.max is not None:
                assert want.min <= want.max, where


def test_what_else_a_message_asks_for_is_a_line_of_its_own() -> None:
    several = [one for one in shipped() if one.also]
    assert len(several) > 500
    for one in several:
        line, _ = line_of(one)
        assert len(line.also) == len(one.also) and read_line(write_line(line)) == line, one.message


GOOD = '{"message": "a lamp", "context": null, "shop_currency": "EUR", "want": {"intent": "find"}}'


def test_a_set_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "ours_de2.jsonl"
    context = {"looking_for": "lamp", "on_screen": ["A", "B"]}
    second = {**json.loads(GOOD), "message": " it’s\nred｜", "context": context}
    path.write_text(f"{GOOD}\n{json.dumps(second)}\n")
    assert list(read_messages(path)) == [
        WrittenMessage("a lamp", None, "EUR", {"intent": "find"}, "de"),
        WrittenMessage(
            "it's red/",
            ReadingContext("lamp", {}, ("A", "B")),
            "EUR",
            {"intent": "find"},
            "de",
        ),
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{broken", ""),
        ("[]", ""),
        ("7", ""),
        (GOOD.replace('"message"', '"text"'), "message"),
        (GOOD.replace('"intent"', '"intention"'), "intent"),
        (GOOD.replace("null", '"lamp"'), ""),
        (GOOD.replace('"a lamp"', "7"), ""),
    ],
)
def test_an_error_names_the_file_and_the_line(tmp_path: Path, line: str, field: str) -> None:
    path = tmp_path / "en.jsonl"
    path.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(DataError) as caught:
        list(read_messages(path))
    assert f"{path}, line 2" in caught.value.message and field in caught.value.message


def line_text(message: str, on_screen: int = 0, **want: Any) -> str:
    said, missing = said_in(message, {"intent": "find", **want}, on_screen)
    assert missing == []
    return write_line(said)


def test_a_line_says_things_in_the_order_of_the_message() -> None:
    refused: dict[str, Any] = {"not": ["plastic"]}
    assert (
        line_text(
            "not Bolt, under 40€, a red lamp by Acme for mum, no plastic, cheapest in stock",
            looking_for="lamp",
            max=40,
            brands=["Acme"],
            not_brands=["Bolt"],
            attributes={"colour": "red"},
            for_whom="mum",
            in_stock=True,
            sort="cheapest",
            **refused,
        )
        == "find | thing lamp | no brand Bolt | max 40 | colour: red | brand Acme | for mum"
        " | without plastic | in stock | sort cheapest"
    )


@pytest.mark.parametrize(
    ("message", "want", "line"),
    [
        ("something for mum", {"looking_for": "gift"}, "find | thing gift"),
        ("up to a hundred and twenty", {"max": 120}, "find | max hundred and twenty"),
        ("20, no, 25, I mean 20 max", {"max": 20.0}, "find | max 20"),
        ("treats for my Dog", {"looking_for": "dog treats"}, "find | thing Dog treats"),
        ("a nut allergy", {"not": ["nuts"]}, "find | without nut"),
        ("for two", {"attributes": {"people": "2"}}, "find | people: two"),
        ("with a lid", {"attributes": {"Extra lid": "lid"}}, "find | feature: lid"),
        ("red or blue", {"attributes": {"colour": ["red", "blue"]}}, None),
        (
            "三百以内的电饭煲",
            {"looking_for": "电饭煲", "max": 300},
            "find | thing 电饭煲 | max 三百",
        ),
    ],
)
def test_a_value_is_said_in_the_words_of_the_message(
    message: str, want: dict[str, Any], line: str | None
) -> None:
    assert line_text(message, **want) == (line or "find | colour: red | colour: blue")


def test_places_are_said_unless_the_whole_screen_is_meant() -> None:
    assert line_text("1 or 2", 3, intent="compare", refers_to=[1, 2]) == "compare | item 1 | item 2"
    assert line_text("differences?", 2, intent="compare", refers_to=[1, 2]) == "compare"
    assert line_text("both", 2, intent="order_or_human", refers_to=[1, 2]).endswith(
        "item 1 | item 2"
    )


def test_what_is_taken_back_is_said_by_its_name() -> None:
    assert line_text("any price", intent="drop", drops=["max"]) == "drop | drop max"


def test_what_is_not_in_the_message_is_missing() -> None:
    want = {"intent": "find", "looking_for": "kettle", "max": 30, "attributes": {"colour": "red"}}
    said, missing = said_in("a lamp for 3", want)
    assert said.parts == () and missing == ["thing", "max", "colour"]
    assert as_said(30, "300", number=True) is None


def test_nearly_all_that_ships_can_be_taught() -> None:
    some = [*shipped(), *shipped(test=True)][::7]
    unsaid = 0
    for one in some:
        shown = len(one.context.on_screen) if one.context else 0
        said, missing = said_in(one.message, one.want, shown)
        unsaid += bool(missing)
        assert read_line(write_line(said)) == said, one.message
    assert unsaid < len(some) / 20


def texts_of(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in texts_of(one)]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in texts_of(one)]
    return [str(value)]


# Values that a slip of two letters would hide: said by a stem, or in small letters.
HARD = 10 * [
    WrittenMessage(
        "schlittschuhe damen", None, "EUR", {"intent": "find", "for_whom": "Damen"}, "de"
    ),
    WrittenMessage(
        "die oma strickt",
        None,
        "EUR",
        {"intent": "find", "attributes": {"interest": "Stricken"}},
        "de",
    ),
]


def test_a_variant_says_all_that_it_means() -> None:
    rng = random.Random(5)
    changed = 0
    # Questions and small talk hardly have words that could be others.
    wishes = [one for one in shipped() if one.want["intent"] in ("find", "refine")]
    for one in (*rng.sample(wishes, 200), *HARD):
        other = variant(one, pools(), rng)
        shown = len(one.context.on_screen) if one.context else 0
        lost = set(said_in(other.message, other.want, shown)[1])
        assert lost <= set(said_in(one.message, one.want, shown)[1]), (one, other)
        assert other.want.keys() == one.want.keys() and other.want["intent"] == one.want["intent"]
        assert (other.context is None) == (one.context is None)
        assert len(texts_of(other.want)) == len(texts_of(one.want))
        assert (other.currency, other.language) == (one.currency, one.language)
        changed += other != one
    assert changed > 120


PLANTED = WrittenMessage(
    "a blue teapot, Acme again, not Bolt, 20 to 40 euros",
    ReadingContext("teapot", {"brands": ["Acme"]}, ("Acme teapot, blue", "Bolt teapot")),
    "EUR",
    {
        "intent": "refine",
        "looking_for": "teapot",
        "brands": ["Acme"],
        "not_brands": ["Bolt"],
        "min": 20,
        "max": 40,
        "attributes": {"colour": "blue"},
    },
    "en",
)


def test_words_are_swapped_in_the_context_too() -> None:
    things, brands = set(), set()
    for seed in range(60):
        other = variant(PLANTED, pools(), random.Random(seed))
        want, context = other.want, other.context
        assert context is not None
        thing, (brand,), (refused,) = want["looking_for"], want["brands"], want["not_brands"]
        colour = want["attributes"]["colour"]
        assert context.looking_for == thing and list(context.held["brands"]) == [brand]
        assert context.on_screen == (f"{brand} {thing}, {colour}", f"{refused} {thing}")
        assert want["min"] < want["max"]
        things.add(thing)
        brands |= {brand, refused}
    assert len(things) > 15 and len(brands) > 30


def test_the_same_seed_makes_the_same_examples() -> None:
    some = shipped()[:80]
    once = reader_examples(some, variants=1.5, seed=3)
    assert once == reader_examples(some, variants=1.5, seed=3)
    assert sha256_of(once) == sha256_of(reader_examples(some, variants=1.5, seed=3))
    assert sha256_of(once) != sha256_of(reader_examples(some, variants=1.5, seed=4))
    assert 80 < len(once) <= 240


def test_an_example_asks_for_the_signs_of_what_its_line_says() -> None:
    message = WrittenMessage("a 2 l kettle, not Bolt, max 40", None, "EUR", {
        "intent": "find", "looking_for": "kettle", "not_brands": ["Bolt"], "max": 40,
    }, "en")  # fmt: skip
    (example,) = reader_examples([message], variants=0, seed=0)
    assert example.head == "Shopper: a 2 l kettle, not Bolt, max 40\n"
    assert example.line == "find | thing kettle | no brand Bolt | max 40"
    assert dict(example.questions) == {
        "Is kettle:": "wanted",
        "Is Bolt:": "refused",
        "Is 40:": "most",
        "Is 2:": "other",
    }


def test_words_told_beside_a_wish_are_asked_about_as_neither() -> None:
    text = "We moved house and the neighbours complain, so slippers with felt soles please"
    want = {"intent": "find", "looking_for": "slippers", "attributes": {"feature": "felt soles"}}
    message = WrittenMessage(text, None, "EUR", want, "en")
    drawn: set[str] = set()
    for seed in range(20):
        (example,) = reader_examples([message], variants=0, seed=seed)
        drawn |= {question for question, label in example.questions if label == "other"}
    assert {"Is house:", "Is neighbours:"} & drawn
    assert not any("slippers" in question or "felt" in question for question in drawn)


def test_a_message_that_does_not_say_its_sum_is_left_out() -> None:
    message = WrittenMessage("a cheap kettle", None, "EUR", {"intent": "find", "max": 40}, "en")
    assert reader_examples([message], variants=0, seed=0) == []


def test_every_example_is_a_line_with_answers_that_are_labels() -> None:
    for example in reader_examples(shipped()[::20], variants=0.5, seed=1):
        said = read_line(example.line)
        assert said is not None and write_line(said) == example.line
        assert len(example.questions) <= 5
        assert {label for _, label in example.questions} <= set(LABELS)
        head = example.head.casefold()
        for part in said.of("max", "min", "around", "brand", "no brand"):
            assert part.text.split()[0].casefold() in head, write_part(part)


@pytest.fixture(scope="module")
def network(tiny_model: Path) -> Any:
    pytest.importorskip("torch", reason="pip install 'llmrec[local]'")
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    network.set_attn_implementation("eager")
    return network


def losses(network: Any, *chosen: Any) -> tuple[list[float], list[float]]:
    import torch

    from llmrec.finetune.reader.batches import branch_losses

    with torch.no_grad():
        lost, right = branch_losses(network, chosen, "cpu")
    return lost.tolist(), right.tolist()


def examples() -> tuple[Any, Any]:
    from llmrec.finetune.reader.batches import Branch, BranchedExample

    long = BranchedExample(
        tuple(range(10, 40)),
        (
            Branch((50, 51), (60, 61, 62, 2)),
            Branch((70, 71, 72), (80,)),
            Branch((73,), (81,)),
        ),
    )
    short = BranchedExample((11, 12, 13), (Branch((50, 51), (65, 2)),))
    return long, short


def by_hand(network: Any, head: tuple[int, ...], branch: Any) -> tuple[float, float]:
    """Mean loss and share of likeliest tokens of a branch that continues the head alone."""
    import torch

    ids = torch.tensor([(*head, *branch.given, *branch.learned)])
    with torch.no_grad():
        logits = network(ids).logits[0].float()
    first = ids.shape[1] - len(branch.learned)
    before, target = logits[first - 1 : -1], ids[0, first:]
    lost = torch.nn.functional.cross_entropy(before, target)
    return float(lost), float((before.argmax(-1) == target).float().mean())


def test_a_branch_loses_what_it_would_lose_alone(network: Any) -> None:
    long, _ = examples()
    line, *questions = (by_hand(network, long.head, one) for one in long.branches)
    lost, right = losses(network, long)
    asked = sum(one for one, _ in questions) / len(questions)
    assert lost[0] == pytest.approx(line[0] + asked / 2, rel=1e-4)
    assert right[0] == pytest.approx(line[1], abs=1e-6)


def test_other_branches_change_nothing_of_the_line(network: Any) -> None:
    from dataclasses import replace

    long, _ = examples()
    alone = replace(long, branches=long.branches[:1])
    assert losses(network, alone)[0][0] == pytest.approx(
        by_hand(network, long.head, long.branches[0])[0], rel=1e-4
    )
    assert losses(network, alone)[1] == pytest.approx(losses(network, long)[1])


def test_padding_changes_nothing(network: Any) -> None:
    long, short = examples()
    lost, right = losses(network, short, long)
    assert lost == pytest.approx([losses(network, one)[0][0] for one in (short, long)], rel=1e-4)
    assert right == pytest.approx([losses(network, one)[1][0] for one in (short, long)], abs=1e-6)


def test_heads_lines_and_questions_are_tokenised_apart() -> None:
    from llmrec.finetune.reader.batches import tokenise_reading
    from llmrec.finetune.reader.examples import ReaderExample

    one = ReaderExample("Shopper: hi\n", "talk", (("Is 2:", "other"),))

    def letters(text: str) -> list[int]:
        return [ord(letter) for letter in text]

    (made,) = tokenise_reading([one], letters, 0, max_tokens=60)
    assert made.head == tuple(letters("Shopper: hi\n"))
    line, question = made.branches
    assert (line.given, line.learned) == (tuple(letters("Read:")), (*letters(" talk"), 0))
    assert (question.given, question.learned) == (tuple(letters("Is 2:")), tuple(letters(" other")))
    with pytest.raises(ContextOverflow, match="Shopper: hi"):
        tokenise_reading([one], letters, 0, max_tokens=20)


def test_nearly_every_sum_that_is_meant_can_be_said() -> None:
    sums = untold = 0
    for path in written_sets():
        for message in read_messages(path):
            _, missing = said_in(message.message, message.want)
            sums += sum(key in message.want for key in SUMS)
            untold += sum(name in SUMS for name in missing)
    assert sums > 8_000 and untold < sums / 250
