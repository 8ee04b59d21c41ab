"""Training the words' adapter: what it learns from holds, and only answers are learned."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmrec.artifacts import Artifacts, CardData, Figure, read_card
from llmrec.config import ExplainSettings, Workspace
from llmrec.demo import items_files
from llmrec.engines import ScriptedEngine
from llmrec.errors import ConfigError, ContextOverflow, ModelError
from llmrec.explain import WordsRequest, check, facts_of
from llmrec.finetune import LoraSettings
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.words.batches import (
    TextExample,
    answer_losses,
    text_batch,
    tokenise_words,
)
from llmrec.finetune.words.clauses import clauses_of
from llmrec.finetune.words.examples import (
    WordsCounts,
    WordsExample,
    WordsSet,
    build_words,
    small_words,
)
from llmrec.finetune.words.measure import FIRST_TRY, SAMPLES, add_to_card, write_texts
from llmrec.finetune.words.publish import publish_words
from llmrec.finetune.words.sentences import continuations
from llmrec.finetune.words.session import WordsSession
from llmrec.finetune.words.train import WordsTask, train_words
from llmrec.finetune.words.variety import distinct_2, skeletons
from llmrec.types import HistoryEntry, Item

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

QUICK = LoraSettings(
    r=4,
    learning_rate=3e-3,
    epochs=2,
    batch=4,
    accumulation=2,
    save_every=1,
    precision="fp32",
    max_tokens=1024,
)
# The tiny model's tokens are little more than letters.
LONG = ExplainSettings(max_tokens=160, description_max_tokens=160)
LOG = CardData(sha256="", events=1, users=1, items=1)
ANCHOR = Item("A1", "Camp pan, two parts", brand="Emberhythe")
BOTTLE = Item(
    "B1",
    "Wide bottle 700 ml",
    description="A bottle with a steel loop. It keeps tea warm for six hours. Never boil it! "
    "The cap opens with one thumb. Two cups fit. Holds ice.",
    language="en",
    price=Decimal("20"),
    attributes={"material": "stainless steel", "weight": "310 g", "colour": "sand, sage"},
)
# Words of the grammar itself; all others must come from the item.
_GRAMMAR = """
this which that they with made comes come from holds hold weighs weigh weighing measures measuring
measure pack have room runs running
"""
GRAMMAR = frozenset(_GRAMMAR.split())


@cache
def demo_items(most: int = 40) -> tuple[Item, ...]:
    """Some English items of the demo store, from all its files."""
    rows = [
        json.loads(line)
        for path in items_files()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    english = [row for row in rows if row.get("language") == "en"]
    return tuple(
        Item(
            row["id"],
            row["title"],
            brand=row["brand"],
            category=tuple(row["category"]),
            description=row["description"],
            price=Decimal(row["price"]),
            currency=row["currency"],
            language="en",
            attributes=row["attributes"],
        )
        for row in english[:: max(1, len(english) // most)]
    )


def asked(item: Item) -> WordsRequest:
    history = ((HistoryEntry(item="A1"), ANCHOR),)
    return WordsRequest(item, history, None, True, 3, (0,))


@pytest.fixture(scope="module")
def examples(tiny_model: Path) -> WordsSet:
    items = demo_items()
    return build_words(
        [asked(item) for item in items],
        prompt_maker(str(tiny_model)),
        LONG,
        brands={"Kestrelwick"},
        lower=small_words(items),
    )


def test_every_example_holds_and_says_only_what_its_prompt_shows(examples: WordsSet) -> None:
    items = {item.id: item for item in demo_items()}
    assert len(examples.examples) > 80
    assert {example.describes for example in examples.examples} == {True, False}
    for one in examples.examples:
        item = items[one.item]
        opening = one.prompt.rpartition("assistant\n")[2]
        assert check(f"{opening}{one.answer}", facts_of(item)) == (), one.answer
        shown = one.prompt.rpartition("<|im_start|>user\n")[2].casefold()
        for word in re.findall(r"[a-z]{4,}", one.answer.casefold()):
            assert word in GRAMMAR or word[:4] in shown, (word, one.answer)
        for number in re.findall(r"\d+", one.answer):
            assert number in shown


def test_sentences_differ_from_each_other(examples: WordsSet) -> None:
    answers = [example.answer for example in examples.examples]
    assert skeletons(answers) > 0.2
    assert distinct_2(answers) > 0.25


def test_the_same_seed_makes_the_same_examples(tiny_model: Path) -> None:
    some = [asked(item) for item in demo_items()[:6]]

    def made(seed: int, most: int | None = None) -> WordsSet:
        engine = prompt_maker(str(tiny_model))
        return build_words(some, engine, LONG, brands=(), lower=frozenset(), seed=seed, most=most)

    assert made(1) == made(1)
    assert made(1).sha256 != made(2).sha256
    assert len(made(1, most=5).examples) == 5


def test_pieces_of_a_description_are_told_by_their_first_words() -> None:
    shown = "Wide bottle 700 ml. " + BOTTLE.description + " stainless steel, 310 g, sand, sage."
    said = {clause.says or clause.noun or clause.own for clause in clauses_of(BOTTLE, shown)}
    assert said == {
        "a bottle with a steel loop",
        "keeps tea warm for six hours",
        "the cap opens with one thumb",
        "holds ice",
        "is made of stainless steel",
        "weighs 310 g",
    }
    # What the prompt does not show is not said.
    assert {
        clause.says for clause in clauses_of(BOTTLE, "Wide bottle 700 ml. Holds ice. 310 g.")
    } == {
        "holds ice",
        "weighs 310 g",
    }


def test_a_plural_title_gets_a_plural_verb() -> None:
    clauses = clauses_of(replace(BOTTLE, description=""), "stainless steel, 310 g.")
    assert continuations("Hiking socks", clauses, "description", 1, lower=()) == {
        "are made of stainless steel",
        "weigh 310 g",
        "are made of stainless steel and weigh 310 g",
        "weigh 310 g and are made of stainless steel",
        "are made of stainless steel. They weigh 310 g",
        "weigh 310 g. They are made of stainless steel",
        ", made of stainless steel, weigh 310 g",
        ", weighing 310 g, are made of stainless steel",
    }


def test_the_loss_is_over_the_answers_tokens_alone(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    ids = prompt_maker(str(tiny_model)).token_ids
    pair = [WordsExample("a", "The kettle", " is steel.", True)]
    pair.append(WordsExample("b", "A bottle of green tea that the shopper bought", " is it.", True))
    short, long = tokenise_words(pair, ids, 2, max_tokens=99)
    assert short.tokens[-1] == 2 and short.answer == len(ids(" is steel.")) + 1
    batch = text_batch([short, long])
    assert (batch.targets[0][batch.targets[0] >= 0]).tolist() == list(short.tokens[-short.answer :])
    with torch.no_grad():
        together, right = answer_losses(model, [short, long], "cpu")
        for place, one in enumerate((short, long)):
            logits = model(torch.tensor([one.tokens])).logits[0].log_softmax(-1)
            first = len(one.tokens) - one.answer
            by_hand = [-logits[at - 1, one.tokens[at]] for at in range(first, len(one.tokens))]
            assert float(together[place]) == pytest.approx(float(np.mean(by_hand)), abs=1e-4)
    assert ((right >= 0) & (right <= 1)).all()


def test_an_example_that_does_not_fit_and_a_base_without_an_end_are_refused() -> None:
    one = [WordsExample("a", "a long prompt", " and its answer", False)]
    with pytest.raises(ContextOverflow, match="item 'a' has 29 tokens; 20 are the limit"):
        tokenise_words(one, lambda text: [ord(char) for char in text], 2, max_tokens=20)

    class Endless:
        base, end_id, context = "endless", None, 99

    with pytest.raises(ModelError, match="'endless' has no token that ends an answer"):
        planted(2).tokens(Endless(), QUICK)  # type: ignore[arg-type]


def planted(n: int, seed: int = 0) -> WordsTask:
    """Answers that follow from their prompts."""

    def made(seed: int) -> WordsSet:
        draw = np.random.default_rng(seed)
        things = ("kettle", "tea", "steel", "bottle")
        chosen = [things[int(one)] for one in draw.integers(4, size=n)]
        return WordsSet(
            tuple(
                WordsExample(f"{place}", f"{place} green {thing}. It is", f" {thing}.", True)
                for place, thing in enumerate(chosen)
            ),
            WordsCounts(items=n),
        )

    return WordsTask(made(seed), made(seed + 100), LOG)


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def test_an_adapter_learns_to_write(tiny_model: Path, tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"epochs": 6, "save_every": 100})
    report = train_words(planted(32), str(tiny_model), tmp_path / "out", settings)
    losses = [evaluation.loss for evaluation in report.evaluations]
    assert losses[-1] < losses[0] / 2 and report.evaluations[-1].ndcg is None
    card = read_card(tmp_path / "out")
    assert card.kind == "words" and card.extra["base_sha256"] and card.data.sha256
    assert set(card.metrics) == {"accuracy", "loss"}


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_words_training import QUICK, planted, train_words
from llmrec.finetune import StepReport
def tell(report):
    if isinstance(report, StepReport) and report.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
train_words(planted(24), sys.argv[2], Path(sys.argv[3]), QUICK, progress=tell)
"""


def test_a_run_that_was_killed_ends_as_if_nothing_had_been(
    tiny_model: Path, tmp_path: Path
) -> None:
    here, broken = str(Path(__file__).parent), tmp_path / "broken"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, here, str(tiny_model), str(broken)], capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (tmp_path / "broken.training").is_dir() and not broken.exists()
    again = train_words(planted(24), str(tiny_model), broken, QUICK)
    whole = train_words(planted(24), str(tiny_model), tmp_path / "whole", QUICK)
    assert again.resumed_from == 4
    assert again.steps == whole.steps and again.best == whole.best
    ours, theirs = tensors(broken), tensors(tmp_path / "whole")
    assert all((ours[name] == theirs[name]).all() for name in theirs)


def test_what_passes_is_counted_with_and_without_the_adapter(
    tiny_model: Path, tmp_path: Path
) -> None:
    requests = [asked(BOTTLE), asked(replace(BOTTLE, id="B2"))]
    good, bad = " a bottle that keeps tea warm for six hours", " a waterproof one"
    # A batch holds, for each request, the reason and then the description.
    mixed = ScriptedEngine(generate=[good, bad, good, bad, bad, bad])
    written = write_texts(mixed, requests, LONG, adapter=None, brands=())
    assert written.first_try == [True, True, False, False]
    worse = write_texts(ScriptedEngine(generate=[bad] * 8), requests, LONG, adapter=None, brands=())
    assert not any(worse.by_model)
    folder = tmp_path / "adapter"
    train_words(planted(8), str(tiny_model), folder, QUICK)
    add_to_card(folder, worse, written)
    card = read_card(folder)
    assert card.main is not None and card.main[0] == FIRST_TRY and card.main[1].mean == 0.5
    assert card.metrics[f"{FIRST_TRY}, base"].mean == 0 and card.metrics["lift"].mean == 0.5
    assert card.extra["words"]["adapter"]["reasons"]["first_try"] == 1.0
    # Of each item the reason passes and the description does not: two witnesses that agree.
    assert card.metrics["lift"].n == 2
    assert card.metrics["lift"].low == card.metrics["lift"].high == 0.5
    rows = [json.loads(line) for line in (folder / SAMPLES).read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["reason"] * 2 + ["description"] * 2
    assert rows[0]["text"].endswith("keeps tea warm for six hours.")


def test_only_what_passes_more_often_serves(tiny_model: Path, tmp_path: Path) -> None:
    shop = Workspace.init(tmp_path / "shop")
    trained = tmp_path / "trained"
    train_words(planted(8), str(tiny_model), trained, QUICK)

    def folder(name: str, own: float | None, base: float = 0.2) -> Path:
        made = shutil.copytree(trained, tmp_path / name)
        figures = {
            FIRST_TRY: Figure(mean=own or 0.0, n=9),
            f"{FIRST_TRY}, base": Figure(mean=base, n=9),
        }
        card = read_card(made)
        card.model_copy(update={"metrics": card.metrics if own is None else figures}).write(made)
        return made

    store = Artifacts(shop.models_dir)
    below = publish_words(shop, folder("below", 0.2))
    assert not below.promoted and "no more often than those of the base" in below.reason
    good = publish_words(shop, folder("good", 0.6))
    assert good.promoted and store.serving("words") == good.artifact.version
    worse = publish_words(shop, folder("worse", 0.5))
    assert not worse.promoted and "goes on serving" in worse.reason
    unknown = publish_words(shop, folder("unknown", None))
    assert not unknown.promoted and "Nothing is known" in unknown.reason
    held = publish_words(shop, folder("held", 0.9), promote=False)
    assert not held.promoted and store.serving("words") == good.artifact.version


def test_several_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="train in one process"):
        WordsSession(Workspace.init(tmp_path / "shop"), QUICK)


def test_batches_come_in_few_lengths() -> None:
    made = [text_batch([TextExample(tuple(range(1, n)), 3)]) for n in range(20, 48)]
    assert {one.tokens.shape[1] for one in made} == {32, 48}
    assert {one.targets.shape[1] for one in made} == {16}
