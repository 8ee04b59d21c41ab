"""LoRA training for real, on a Llama so small that it fits into a test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from llmrec.artifacts import Artifacts, read_card
from llmrec.errors import (
    ConfigError,
    ContextOverflow,
    DataError,
    DiskFull,
    LockedError,
    MissingExtra,
    ModelError,
    WeightsMissing,
    WorkspaceError,
)
from llmrec.finetune import (
    EvaluationReport,
    ExampleSet,
    LoraSettings,
    RankingExample,
    StepReport,
    publish_adapter,
    train_lora,
)
from llmrec.weights.fingerprint import base_sha256

pytestmark = pytest.mark.integration

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

QUICK = LoraSettings(
    r=8,
    alpha=16,
    learning_rate=3e-3,
    epochs=2,
    batch=4,
    accumulation=2,
    dropout=0.1,
    save_every=1,
    precision="fp32",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two layers that reads bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-llama")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(["<end>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>").save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=0,
        eos_token_id=0,
        # With the usual 0.02 so small a head could never be sure: its logits end at 1.3.
        initializer_range=0.1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def example_set(n: int = 16) -> ExampleSet:
    """Prompts that differ in their history, with answers that follow no rule: learn by heart."""
    draw = np.random.default_rng(5)
    examples = []
    for index in range(n):
        things = [str(one) for one in draw.choice(list("qrstuvwxyz"), 4, replace=False)]
        head = f"{'had ' * (index % 3)}{chr(97 + index)}\n"
        branches = tuple(f"Product: {thing}\nWanted:" for thing in things)
        target, scores = int(draw.integers(4)), (0.0, 0.0, 0.0, 0.0)
        examples.append(
            RankingExample(f"u{index}", head, branches, tuple(things), target, True, scores)
        )
    return ExampleSet(tuple(examples), "rank.test")


def losses(steps: tuple[StepReport, ...]) -> list[float]:
    return [step.loss for step in steps]


def adapter_tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def stop_after(step: int) -> Callable[[StepReport | EvaluationReport], None]:
    def progress(report: StepReport | EvaluationReport) -> None:
        if report.step == step:
            raise KeyboardInterrupt

    return progress


def test_sixteen_examples_are_learnt_by_heart_and_the_saved_adapter_gives_the_same(
    base: Path, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel

    from llmrec.engines.local.engine import TransformersEngine
    from llmrec.engines.local.loading import load_network
    from llmrec.finetune.ranker.lists import list_scores, tokenise_lists
    from llmrec.prompting import yes_and_no

    data, out = example_set(), tmp_path / "adapter"
    settings = QUICK.model_copy(update={"epochs": 80, "accumulation": 1, "save_every": 500})
    report = train_lora(data, str(base), out, settings, validation=data)
    assert report.accuracy == 1.0
    assert report.loss is not None and report.loss < 0.1 < 1.0 < report.steps[0].loss

    network, tokenizer = load_network("tiny", base)
    before = {name: one.clone() for name, one in network.state_dict().items()}
    engine = TransformersEngine("tiny", PeftModel.from_pretrained(network, out).eval(), tokenizer)
    texts = [text for example in data.examples for text in example.prompts]
    scored = engine.score_labels(texts, [yes_and_no(engine.token_ids, texts[0])] * len(texts))
    served = np.array([yes - no for yes, no in scored]).reshape(len(data.examples), -1)
    limits: dict[str, Any] = {"context": 256, "max_tokens": 256}
    tokens = tokenise_lists(data.examples, engine.token_ids, model="tiny", **limits)
    again = list_scores(engine._network, tokens)
    targets = [example.target for example in data.examples]
    assert [int(one.argmax()) for one in served] == targets
    chances = [odds.log_softmax(-1) for odds in again]
    mean = -sum(float(one[t]) for one, t in zip(chances, targets, strict=True)) / len(targets)
    assert mean == pytest.approx(report.loss, abs=1e-5)
    for ours, theirs in zip(again, served, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)
    original = load_network("tiny", base)[0].state_dict()
    assert all(torch.equal(before[name], one) for name, one in original.items())


def test_the_card_says_what_was_done(base: Path, tmp_path: Path) -> None:
    data, out, seen = example_set(10), tmp_path / "models" / "adapter", []
    report = train_lora(
        data, str(base), out, QUICK, validation=example_set(6), progress=seen.append
    )
    card = read_card(out)
    assert (card.kind, card.seed, card.data.sha256) == ("ranker", QUICK.seed, data.sha256)
    assert (card.data.events, card.data.users, card.data.items) == (10, 10, 10)
    assert card.settings == QUICK.model_dump(mode="json")
    assert card.extra["prompt"] == "rank.test"
    assert (card.extra["base"], card.extra["base_sha256"]) == (str(base), base_sha256(base))
    assert card.extra["losses"] == [round(step.loss, 6) for step in report.steps]
    first, second = report.steps[:2]
    assert (first.examples, second.examples) == (8, 2)
    epochs = card.extra["epochs"]
    assert len(epochs) == 2
    assert epochs[0]["loss"] == pytest.approx((8 * first.loss + 2 * second.loss) / 10)
    tensors = adapter_tensors(out)
    assert card.extra["trainable"] == sum(one.numel() for one in tensors.values())
    assert card.main and (card.main[0], card.main[1].n) == ("ndcg@10 lift", 6)
    assert card.metrics["accuracy"].mean == report.accuracy
    assert tuple(one for one in seen if isinstance(one, StepReport)) == report.steps
    assert [step.step for step in report.steps] == [
        1,
        2,
        3,
        4,
    ]  # two steps of 8 and 2 examples, twice
    assert sorted(path.name for path in out.parent.iterdir()) == ["adapter", "adapter.lock"]


def test_a_trained_adapter_becomes_a_version(base: Path, tmp_path: Path) -> None:
    from llmrec.engines.adapters import check_adapter

    out, store = tmp_path / "adapter", Artifacts(tmp_path / "models")
    train_lora(example_set(4), str(base), out, QUICK)
    made = publish_adapter(store, out)
    assert made.name == "ranker/0001" and made.card == read_card(out)
    assert check_adapter(made.name, made.folder, base).rank == QUICK.r
    (out / "card.json").unlink()
    with pytest.raises(ModelError, match=r"card\.json is missing"):
        publish_adapter(store, out)


def test_training_is_seeded_and_leaves_the_random_state_alone(base: Path, tmp_path: Path) -> None:
    import torch

    state = torch.get_rng_state()
    first = train_lora(example_set(), str(base), tmp_path / "a", QUICK)
    assert torch.equal(state, torch.get_rng_state())
    torch.rand(3)
    second = train_lora(example_set(), str(base), tmp_path / "b", QUICK)
    assert losses(first.steps) == losses(second.steps)
    other = QUICK.model_copy(update={"seed": 1})
    assert losses(train_lora(example_set(), str(base), tmp_path / "c", other).steps) != losses(
        first.steps
    )


def test_accumulated_passes_make_the_step_of_one_big_batch(base: Path, tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"dropout": 0.0})
    whole = settings.model_copy(update={"batch": 8, "accumulation": 1})
    parts = settings.model_copy(update={"batch": 3, "accumulation": 3, "epochs": 1})
    one = train_lora(example_set(8), str(base), tmp_path / "whole", whole)
    other = train_lora(example_set(8), str(base), tmp_path / "parts", parts)
    assert other.steps[0].loss == pytest.approx(one.steps[0].loss, abs=1e-5)
    assert other.steps[0].accuracy == one.steps[0].accuracy


@pytest.mark.parametrize("stop", [1, 3])
def test_a_stopped_run_continues_as_if_it_had_not_stopped(
    base: Path, tmp_path: Path, stop: int
) -> None:
    data, through, broken = example_set(), tmp_path / "through", tmp_path / "broken"
    whole = train_lora(data, str(base), through, QUICK)
    with pytest.raises(KeyboardInterrupt):
        train_lora(data, str(base), broken, QUICK, progress=stop_after(stop + 1))
    assert not broken.exists()
    # What a kill in the middle of the next checkpoint leaves behind.
    (tmp_path / "broken.training" / "at-0000000099.partial").mkdir()
    report = train_lora(data, str(base), broken, QUICK)
    assert report.resumed_from == stop
    np.testing.assert_allclose(losses(report.steps), losses(whole.steps), atol=1e-6)
    ours, theirs = adapter_tensors(broken), adapter_tensors(through)
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6)
    assert not (tmp_path / "broken.training").exists()


def test_a_checkpoint_of_another_run_is_not_continued(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    with pytest.raises(KeyboardInterrupt):
        train_lora(example_set(), str(base), out, QUICK, progress=stop_after(2))
    with pytest.raises(ConfigError, match="made with other data"):
        train_lora(example_set(12), str(base), out, QUICK)
    with pytest.raises(ConfigError, match="made with other settings"):
        train_lora(example_set(), str(base), out, QUICK.model_copy(update={"seed": 4}))
    assert train_lora(example_set(12), str(base), out, QUICK, resume=False).resumed_from == 0


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(
    base: Path, tmp_path: Path
) -> None:
    settings = QUICK.model_copy(update={"learning_rate": 1e30, "warmup": 0.0})
    with pytest.raises(ModelError, match=r"not a number any more at step 2 of 4") as caught:
        train_lora(example_set(), str(base), tmp_path / "adapter", settings)
    assert "learning_rate" in caught.value.hint
    assert not (tmp_path / "adapter").exists()


def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, data = tmp_path / "adapter", example_set(2)
    with pytest.raises(DataError, match="no examples"):
        train_lora(ExampleSet((), "rank.test"), str(base), out)
    with pytest.raises(ContextOverflow, match="16 are the limit"):
        train_lora(data, str(base), out, LoraSettings(max_tokens=16))
    with pytest.raises(ModelError, match="takes no adapter on 'nothing'"):
        train_lora(data, str(base), out, LoraSettings(target_modules="nothing"))
    bare = RankingExample("u", "had tea\n", ("Product: x", "Product: y"), ("x", "y"), 0, True)
    with pytest.raises(DataError, match="retriever's scores"):
        train_lora(ExampleSet((bare,), "rank.test"), str(base), out)
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "no-cache"))
    with pytest.raises(WeightsMissing):
        train_lora(data, "smollm2-135m-instruct", out)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"pip install 'llmrec\[train\]'"):
        train_lora(data, str(base), out)
    assert not out.exists() and not (tmp_path / "adapter.training").exists()


def test_a_result_or_a_running_training_is_never_overwritten(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    with FileLock(tmp_path / "adapter.lock"), pytest.raises(LockedError, match="is training in"):
        train_lora(example_set(2), str(base), out, QUICK)
    out.mkdir()
    (out / "precious").touch()
    with pytest.raises(WorkspaceError, match="exists already"):
        train_lora(example_set(2), str(base), out, QUICK)
    assert (out / "precious").exists()


def test_a_full_disk_leaves_nothing_half_written(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmrec.finetune.ranker import train

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(train, "adapter_card", full)
    with pytest.raises(DiskFull):
        train_lora(example_set(4), str(base), tmp_path / "adapter", QUICK)
    assert not list(tmp_path.glob("adapter*partial")) and not (tmp_path / "adapter").exists()
