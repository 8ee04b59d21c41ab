"""Training the ranker's adapter: it learns, stops early, resumes, and says what is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from llmrec.errors import ConfigError, MissingExtra
from llmrec.finetune import ExampleSet, LoraSettings, RankingExample, train_lora
from llmrec.finetune.ranker.buckets import epoch_batches, epoch_steps
from llmrec.finetune.ranker.lists import ListExample
from llmrec.finetune.ranker.logs import TensorBoard, WandB
from llmrec.finetune.ranker.place import Place, _check_kind, _is_sharded
from llmrec.finetune.ranker.reports import EvaluationReport, StepReport
from llmrec.finetune.ranker.validation import Validation
from llmrec.finetune.ranker.weight import fit_weight, lift_figure, ndcg_at_k
from llmrec.ranking import LIFT

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

QUICK = LoraSettings(
    r=8, learning_rate=3e-3, epochs=2, batch=4, accumulation=2, save_every=1, precision="fp32"
)
WORDS = ("kettle", "tea", "green", "steel")


def planted(n: int, seed: int = 0, *, rule: bool = True) -> ExampleSet:
    """Whoever had a thing takes the same thing again; without ``rule`` anything."""
    draw = np.random.default_rng(seed)
    examples = []
    for index in range(n):
        target, other = (int(one) for one in draw.integers(4, size=2))
        had = WORDS[target] if rule else WORDS[other]
        head = f"{'a ' * int(draw.integers(12))}{index} had {had}\n"
        branches = tuple(f"Product: {word}\nWanted:" for word in WORDS)
        scores = tuple(float(one) for one in draw.permutation(4))
        examples.append(RankingExample(f"u{index}", head, branches, WORDS, target, True, scores))
    return ExampleSet(tuple(examples), "rank.test")


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def test_a_planted_preference_is_learned_and_lifts_the_retriever(
    tiny_model: Path, tmp_path: Path
) -> None:
    settings = QUICK.model_copy(
        update={"epochs": 8, "batch": 16, "accumulation": 1, "save_every": 100}
    )
    report = train_lora(
        planted(160), str(tiny_model), tmp_path / "out", settings, validation=planted(80, 1)
    )
    assert report.accuracy is not None and report.accuracy > 0.6
    assert report.validation[LIFT].low is not None and report.validation[LIFT].low > 0
    assert next(iter(report.validation)) == LIFT
    assert report.llm_weight is not None and report.llm_weight > 0
    assert not report.warnings


def test_it_stops_when_validation_is_no_better_and_writes_the_best(
    tiny_model: Path, tmp_path: Path
) -> None:
    """Answers without a rule can only be learned by heart: validation soon gets worse."""
    settings = QUICK.model_copy(
        update={"epochs": 40, "evaluate_every": 2, "patience": 2, "learning_rate": 1e-2}
    )
    report = train_lora(
        planted(24, rule=False),
        str(tiny_model),
        tmp_path / "out",
        settings,
        validation=planted(24, 9, rule=False),
    )
    losses = {evaluation.step: evaluation.loss for evaluation in report.evaluations}
    assert len(report.steps) == report.best + 4 < 120
    assert report.loss == pytest.approx(min(losses.values()), abs=1e-6)
    assert losses[report.best] == min(losses.values())


def test_a_run_without_time_writes_the_best_until_then(tiny_model: Path, tmp_path: Path) -> None:
    report = train_lora(
        planted(64),
        str(tiny_model),
        tmp_path / "out",
        QUICK.model_copy(update={"epochs": 50}),
        validation=planted(8, 1),
        seconds=0.0,
    )
    assert report.timed_out
    assert (
        [evaluation.step for evaluation in report.evaluations]
        == [len(report.steps)]
        == [report.best]
        == [1]
    )
    assert tensors(tmp_path / "out")
    plenty = train_lora(planted(8), str(tiny_model), tmp_path / "whole", QUICK, seconds=1e6)
    assert not plenty.timed_out
    assert len(plenty.steps) == plenty.steps[-1].steps


def test_batches_are_of_similar_length_and_keep_every_example_once() -> None:
    lengths = [int(one) for one in np.random.default_rng(0).integers(5, 500, 203)]
    for epoch in range(3):
        batches = epoch_batches(lengths, epoch, 1, batch=8, buckets=10)
        assert Counter(one for batch in batches for one in batch) == Counter(range(203))
        assert [len(one) for one in batches] == [8] * 25 + [3]
        assert batches == epoch_batches(lengths, epoch, 1, batch=8, buckets=10)
    spread = [max(lengths[i] for i in one) - min(lengths[i] for i in one) for one in batches[:-1]]
    plain = epoch_batches(lengths, 0, 1, batch=8, buckets=1)
    wide = [max(lengths[i] for i in one) - min(lengths[i] for i in one) for one in plain[:-1]]
    assert np.mean(spread) < np.mean(wide) / 3
    assert epoch_batches(lengths, 0, 1, batch=8, buckets=10) != batches
    steps = epoch_steps(batches, 4)
    assert [len(step) for step in steps] == [4] * 6 + [2]


def test_gradient_checkpointing_changes_no_number(tiny_model: Path, tmp_path: Path) -> None:
    runs = [
        train_lora(
            planted(16),
            str(tiny_model),
            tmp_path / str(saving),
            QUICK.model_copy(update={"gradient_checkpointing": saving}),
        )
        for saving in (False, True)
    ]
    losses = [[step.loss for step in run.steps] for run in runs]
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-6)


def test_bfloat16_learns_as_float32_does(tiny_model: Path, tmp_path: Path) -> None:
    runs = [
        train_lora(
            planted(16),
            str(tiny_model),
            tmp_path / kind,
            QUICK.model_copy(update={"precision": kind}),
        )
        for kind in ("fp32", "bf16")
    ]
    losses = [[step.loss for step in run.steps] for run in runs]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.05)


def test_a_quantized_base_trains_on_a_cpu(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="pip install 'llmrec[quant]'")
    settings = QUICK.model_copy(update={"quantization": "nf4", "epochs": 6})
    report = train_lora(planted(8), str(tiny_model), tmp_path / "out", settings)
    assert report.steps[-1].loss < report.steps[0].loss
    assert all(one.dtype == np.float32 for one in tensors(tmp_path / "out").values())


KILLED = """
import json, os, signal, sys
from pathlib import Path
from llmrec.finetune import LoraSettings, StepReport, train_lora
sys.path.insert(0, sys.argv[1])
from test_ranker_training import QUICK, planted
def tell(report):
    if isinstance(report, StepReport) and report.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
train_lora(planted(24), sys.argv[2], Path(sys.argv[3]), QUICK, validation=planted(8, 1),
           progress=tell)
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
    asked = planted(8, 1)
    again = train_lora(planted(24), str(tiny_model), broken, QUICK, validation=asked)
    whole = train_lora(planted(24), str(tiny_model), tmp_path / "whole", QUICK, validation=asked)
    assert again.resumed_from == 4
    assert again.steps == whole.steps and again.best == whole.best
    ours, theirs = tensors(broken), tensors(tmp_path / "whole")
    assert all((ours[name] == theirs[name]).all() for name in theirs)
    assert not (tmp_path / "broken.training").exists()


def test_the_weight_is_judged_on_cases_that_did_not_fit_it() -> None:
    draw = np.random.default_rng(3)
    targets = [int(one) for one in draw.integers(0, 10, 60)]
    retrieval = [[float(one) for one in draw.normal(size=10)] for _ in targets]
    knows = [[3.0 * (place == target) for place in range(10)] for target in targets]
    good = fit_weight(knows, retrieval, targets)
    assert good.weight > 0.3 and good.lift.mean() > 0.3
    for scores, target in zip(retrieval, targets, strict=True):
        scores[target] = 2.0
    noise = [[float(one) for one in draw.normal(size=10)] for _ in targets]
    bad = fit_weight(noise, retrieval, targets)
    assert bad.weight < 0.3 and bad.lift.mean() <= 0.01
    any_place = np.mean([1 / np.log2(place + 1) for place in (1, 2, 3, 4)])
    assert ndcg_at_k([1.0] * 4, 0) == pytest.approx(any_place)


def test_guessing_is_called_what_it_is() -> None:
    held = [ListExample((1, 2), ((3,), (4,), (5,), (6,)), 0, (7, 8), (4.0, 3.0, 2.0, 1.0))] * 6
    asked = Validation(held, 4, Place(QUICK))

    def after(loss: float, ndcg: float, times: int = 3) -> tuple[str, ...]:
        one = EvaluationReport(1, loss, 0.3, ndcg, True, 0.1)
        return asked.warnings([one] * times)

    assert after(1.4, 0.5, times=2) == () == after(1.0, 1.1)
    assert after(1.4, 0.5)[0].startswith("This is not learning: after 3 evaluations")
    assert "adds nothing to the retriever" in after(1.0, 0.9)[0]


def test_curves_go_to_tensorboard_and_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    step = StepReport(1, 2, 1, 8, 2.5, 0.25, 1e-4)
    judged = EvaluationReport(1, 2.0, 0.5, 0.7, True, 0.1)
    board = TensorBoard(tmp_path)
    board.tell(step)
    board.tell(judged)
    board.close()
    (written,) = tmp_path.glob("events.out.tfevents.*")
    assert b"validation/ndcg" in written.read_bytes()
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match=r"pip install 'llmrec\[track\]'"):
        WandB("shop", {})
    sent: list[tuple[dict[str, float], int]] = []
    run = SimpleNamespace(log=lambda values, step: sent.append((values, step)), finish=lambda: None)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **_: run))
    other = WandB("shop", {})
    other.tell(judged)
    other.close()
    assert sent == [
        ({"validation/loss": 2.0, "validation/accuracy": 0.5, "validation/ndcg": 0.7}, 1)
    ]


def test_ways_to_split_the_model_that_are_not_known_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _check_kind("DistributedType.MULTI_GPU")
    _check_kind("DistributedType.FSDP")
    with pytest.raises(ConfigError, match="started for DEEPSPEED") as error:
        _check_kind("DistributedType.DEEPSPEED")
    assert "ddp.yaml" in error.value.hint
    assert not _is_sharded(QUICK)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(ConfigError, match="fsdp_version: 2"):
        _is_sharded(QUICK)
    monkeypatch.setenv("FSDP_VERSION", "2")
    with pytest.raises(ConfigError, match="efficient_loading: false"):
        _is_sharded(QUICK)
    monkeypatch.setenv("FSDP_CPU_RAM_EFFICIENT_LOADING", "false")
    assert _is_sharded(QUICK)
    with pytest.raises(ConfigError, match="nf4"):
        _is_sharded(QUICK.model_copy(update={"quantization": "nf4"}))


def _cases(ties: str, n: int, seed: int) -> tuple[list[list[float]], list[int]]:
    """A retriever that knows something, with scores of which some are equal, or that knows none."""
    draw = np.random.default_rng(seed)
    made = {"none": lambda: draw.normal(size=10), "all": lambda: np.zeros(10)}
    made["some"] = lambda: draw.integers(3, size=10).astype(float)
    scores = [made[ties]() for _ in range(n)]
    # One that is worse than chance leaves most to gain.
    worse = -1 if ties == "none" and seed % 2 else 1
    targets = [int(np.argmax(worse * one + draw.normal(size=10))) for one in scores]
    return [one.tolist() for one in scores], targets


@pytest.mark.parametrize("ties", ["none", "some", "all"])
@pytest.mark.parametrize("cases", [2, 10, 60])
@pytest.mark.parametrize("size", [0.0, 0.1, -7.3, 1e9, float("nan")])
def test_constant_scores_are_no_lift(ties: str, cases: int, size: float) -> None:
    """Ties are the retriever's to break, as in serving, also where it is worse than chance."""
    for seed in range(4):
        retrieval, targets = _cases(ties, cases, seed)
        fitted = fit_weight([[size] * 10] * cases, retrieval, targets)
        figure = lift_figure(fitted.lift)
        assert fitted.weight == 0 and not fitted.lift.any()
        assert figure.low is not None and figure.low <= 0


@pytest.mark.parametrize("ties", ["some", "all"])
@pytest.mark.parametrize("cases", [2, 3, 10, 60])
def test_random_scores_show_no_lift_by_breaking_ties(ties: str, cases: int) -> None:
    shown = []
    for seed in range(40):
        retrieval, targets = _cases(ties, cases, seed)
        noise = np.random.default_rng(seed + 999).normal(size=(cases, 10)).tolist()
        low = lift_figure(fit_weight(noise, retrieval, targets).lift).low
        shown.append(low is not None and low > 0)
    # By chance one in forty; before, all of them for 60 cases.
    assert sum(shown) <= 3


@pytest.mark.parametrize("same", [0.369, 1.0])
def test_a_few_cases_that_rose_alike_show_nothing(same: float) -> None:
    for cases in (2, 3, 5):
        assert (lift_figure(np.full(cases, same)).low or 0.0) <= 0
    low = lift_figure(np.full(9, same)).low
    assert low is not None and low > 0


def test_an_order_of_ties_is_that_of_the_retriever_then_any() -> None:
    assert ndcg_at_k([1.0, 1.0, 0.0], 0, [0.2, 0.5, 0.9]) == pytest.approx(1 / np.log2(3))
    assert ndcg_at_k([1.0, 1.0, 0.0], 1, [0.2, 0.5, 0.9]) == 1
    assert ndcg_at_k([np.nan] * 3, 0) == ndcg_at_k([1.0, 2.0, 3.0], 0)
    assert ndcg_at_k([1.0, np.nan, 0.0], 0) == pytest.approx(1 / np.log2(3))
