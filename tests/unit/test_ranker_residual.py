"""Training beside the retriever: the model is asked for what the retriever leaves open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmrec.errors import DataError
from llmrec.finetune import ExampleSet, LoraSettings, RankingExample, train_lora
from llmrec.finetune.ranker.lists import ListExample
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.reports import EvaluationReport
from llmrec.finetune.ranker.residual import beside_retriever, retrieval_scale
from llmrec.finetune.ranker.validation import Validation
from llmrec.ranking import LIFT

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

WORDS = ("kettle", "tea", "green", "steel")
QUICK = LoraSettings(r=8, learning_rate=3e-3, epochs=8, batch=16, precision="fp32", accumulation=1)


def a_list(target: int, retrieval: tuple[float, ...] = ()) -> ListExample:
    """A list of as many candidates as there are scores."""
    return ListExample((1,), ((2,),) * len(retrieval), target, (3, 4), retrieval)


def chosen(worth: float, n: int = 4_000, unit: float = 1.0) -> list[ListExample]:
    """Shoppers who choose by ``softmax(worth * s)`` of scores that are known in ``unit``."""
    draw = np.random.default_rng(1)
    made = []
    for _ in range(n):
        scores = draw.normal(size=8)
        chances = np.exp(worth * scores)
        target = int(draw.choice(8, p=chances / chances.sum()))
        made.append(a_list(target, tuple((scores * unit).tolist())))
    return made


@pytest.mark.parametrize("worth", [0.5, 2.0])
def test_the_retrievers_worth_is_found_again(worth: float) -> None:
    assert retrieval_scale(chosen(worth)) == pytest.approx(worth, abs=0.1)


def test_the_size_of_scores_means_nothing() -> None:
    small = retrieval_scale(chosen(1.0, unit=0.01))
    assert small == pytest.approx(100 * retrieval_scale(chosen(1.0)), rel=1e-3)


def test_a_sure_retriever_is_believed_more_than_an_unsure_one() -> None:
    sure, unsure = (a_list(0, (top, 0.0)) for top in (2.0, 0.2))
    wide, narrow = beside_retriever([sure, unsure], 1.0)
    assert wide.offsets == pytest.approx((1.0, -1.0))
    assert narrow.offsets == pytest.approx((0.1, -0.1))


def test_a_retriever_that_is_wrong_is_not_believed() -> None:
    assert retrieval_scale(chosen(-1.0)) == 0.0


def test_a_retriever_that_is_always_right_has_an_end() -> None:
    sure = [a_list(0, (1.0, 0.0))] * 10
    assert 1.0 < retrieval_scale(sure) < 100.0


def test_scores_that_are_missing_are_asked_for() -> None:
    with pytest.raises(DataError, match="do not hold the retriever's scores") as error:
        retrieval_scale([a_list(0)])
    assert "build_examples" in error.value.hint


def planted(n: int, seed: int) -> ExampleSet:
    """The retriever knows which two it may be, the history which of the two."""
    draw = np.random.default_rng(seed)
    examples = []
    for index in range(n):
        target = int(draw.integers(4))
        side = "up" if target % 2 else "down"
        head = f"{'a ' * int(draw.integers(12))}{index} had {side}\n"
        branches = tuple(f"Product: {word}\nWanted:" for word in WORDS)
        scores = tuple(1.0 * (place // 2 == target // 2) for place in range(4))
        examples.append(RankingExample(f"u{index}", head, branches, WORDS, target, True, scores))
    return ExampleSet(tuple(examples), "rank.test")


def test_it_learns_what_the_retriever_does_not_know(tiny_model: Path, tmp_path: Path) -> None:
    report = train_lora(
        planted(160, 0), str(tiny_model), tmp_path / "out", QUICK, validation=planted(80, 1)
    )
    # The retriever leaves two of four open: log 2, and the fresh model's noise; not log 4.
    assert np.log(2) < report.steps[0].loss < np.log(4) - 0.2
    assert report.accuracy is not None and report.accuracy > 0.8
    lift = report.validation[LIFT]
    assert lift.low is not None and lift.low > 0
    assert report.retrieval_scale is not None and report.retrieval_scale > 1


def test_without_scores_there_is_nothing_to_learn_beside(tiny_model: Path, tmp_path: Path) -> None:
    some = planted(8, 0)
    bare = replace(
        some, examples=tuple(replace(example, retrieval=()) for example in some.examples)
    )
    with pytest.raises(DataError, match="retriever's scores"):
        train_lora(bare, str(tiny_model), tmp_path / "out", QUICK)
    assert not (tmp_path / "out").exists()


def test_a_loss_no_lower_than_the_retrievers_own_is_no_learning() -> None:
    held = [a_list(0, (4.0, 3.0, 2.0, 1.0))] * 6
    asked = Validation(beside_retriever(held, 1.0), 4, Place(QUICK))
    z = np.array([1.5, 0.5, -0.5, -1.5])
    own = float(np.log(np.exp(z).sum()) - z[0])

    def after(loss: float) -> tuple[str, ...]:
        return asked.warnings([EvaluationReport(1, loss, 0.3, 1.1, True, 0.1)] * 3)

    assert after(own - 0.01) == ()
    assert f"without an opinion {own:.4f}" in after(own + 0.01)[0]


def test_settings_of_the_letters_are_told_and_ignored() -> None:
    with pytest.warns(FutureWarning) as told:
        assert LoraSettings(orders=3, residual=True) == LoraSettings()
    assert {str(one.message).split()[2] for one in told} == {"training.orders", "training.residual"}
