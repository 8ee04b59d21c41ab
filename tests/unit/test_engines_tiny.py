"""The transformers engine over a tiny random Llama: the whole contract, and its failures."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from contract.engine_contract import StepwiseContract, TorchEngineContract, prompts_for

from llmrec.config import EngineSettings
from llmrec.engines import Choices, JsonSchema, load_engine
from llmrec.engines.adapters import Adapter
from llmrec.engines.calls import Deadline
from llmrec.engines.local.adapted import AdaptedNetwork
from llmrec.engines.local.engine import TransformersEngine
from llmrec.engines.local.placement import SPREAD, spread_needed
from llmrec.engines.local.prefix import shared_length
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import (
    AdapterMismatch,
    ConfigError,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    MissingExtra,
    ModelError,
    OutOfMemory,
    WeightsMissing,
)

CPU = EngineSettings(device="cpu")


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> TransformersEngine:
    return TransformersEngine.load(str(tiny_model), CPU)


class TestTinyLlama(StepwiseContract, TorchEngineContract):
    @pytest.fixture
    def engine(self, tiny: TransformersEngine) -> TransformersEngine:
        return tiny

    @pytest.fixture
    def adapter_folders(self, tiny_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return tiny_adapters


def test_reports_what_it_is(tiny: TransformersEngine) -> None:
    assert tiny.context_window == 1024
    assert tiny.name == "transformers"
    assert "float" in tiny.device


def test_load_engine_takes_a_folder(tiny_model: Path) -> None:
    assert load_engine("transformers", str(tiny_model)).model == str(tiny_model)


def test_an_unknown_engine_is_named(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="'warp'"):
        load_engine("warp", str(tiny_model))


def test_missing_weights_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path))
    with pytest.raises(WeightsMissing) as caught:
        load_engine("transformers", "smollm2-135m-instruct")
    assert "llmrec models pull smollm2-135m-instruct" in caught.value.hint


def test_a_folder_that_is_no_decoder_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (broken / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_engine("transformers", str(broken))
    (broken / "config.json").write_text("{not json")
    with pytest.raises(ModelError):
        load_engine("transformers", str(broken))


def test_a_damaged_weights_file_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (broken / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_engine("transformers", str(broken))


def test_a_tokenizer_without_a_chat_template_is_said_so(tmp_path: Path, tiny_model: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tiny_model, bare)
    (bare / "chat_template.jinja").unlink()
    engine = load_engine("transformers", str(bare))
    with pytest.raises(EngineError, match="no chat template"):
        engine.render([{"role": "user", "content": "Hello"}])


def test_a_template_without_a_system_turn_gets_it_in_the_first_turn(
    tmp_path: Path, tiny_model: Path
) -> None:
    strict = tmp_path / "strict"
    shutil.copytree(tiny_model, strict)
    template = (strict / "chat_template.jinja").read_text()
    refusal = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"
    (strict / "chat_template.jinja").write_text(refusal + template)
    engine = load_engine("transformers", str(strict))
    prompt = engine.render(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    )
    assert "<|im_start|>user\nBe brief.\n\nHello<|im_end|>" in prompt
    with pytest.raises(EngineError, match="refuses"):
        engine.render([{"role": "system", "content": "Be brief."}])


def test_an_empty_prompt_is_refused(tiny: TransformersEngine) -> None:
    with pytest.raises(EngineError, match="empty"):
        tiny.generate([""], max_tokens=2)


def test_equal_labels_are_refused(tiny: TransformersEngine) -> None:
    with pytest.raises(EngineError, match="same token"):
        tiny.score_labels(prompts_for(tiny)[:1], [("A", "A")])


def test_texts_leave_the_batch_when_they_end(tiny: TransformersEngine) -> None:
    """One text stops at once, the other must go on as if it were alone."""
    first, second, _ = prompts_for(tiny)
    alone = tiny.generate([second], max_tokens=12)[0]
    opening = tiny.generate([first], max_tokens=3)[0]
    assert opening not in alone
    assert tiny.generate([first, second], max_tokens=12, stop=[opening]) == ["", alone]


@pytest.mark.parametrize("ends", [(" tea", " cup", " pot"), (" tea", " a steel kettle", "")])
def test_a_shared_beginning_changes_no_text(
    tiny: TransformersEngine, ends: tuple[str, ...]
) -> None:
    """Equal and unequal rests behind a beginning that is read once, and one with no rest."""
    prompts = [prompts_for(tiny)[1] + end for end in ends]
    together = tiny.generate(prompts, max_tokens=9)
    assert together == [tiny.generate([prompt], max_tokens=9)[0] for prompt in prompts]
    assert len(set(together)) == 3
    twins = tiny.generate([prompts[0]] * 2, max_tokens=9)
    assert twins == [together[0]] * 2


def test_a_long_shared_beginning_is_read_once_and_scores_alike(tiny: TransformersEngine) -> None:
    """One history, other candidates: rests of unequal length behind most of the prompt."""
    start = "<|im_start|>user\nBought: " + "green tea, a steel kettle, " * 20
    prompts = [f"{start}{end} Answer: (" for end in ("a cup", "a cup and a pot", "tea")]
    ids = [tiny.token_ids(one) for one in prompts]
    assert shared_length(ids) > 0.25 * max(map(len, ids))
    labels = [("A", "B", "C")] * 3
    before = tiny.forward_passes
    together = tiny.score_labels(prompts, labels)
    assert tiny.forward_passes == before + 1
    for prompt, scores in zip(prompts, together, strict=True):
        (alone,) = tiny.score_labels([prompt], labels[:1])
        np.testing.assert_allclose(scores, alone, atol=1e-4)


def test_constrained_texts_of_unequal_length_leave_the_batch_one_by_one(
    tiny: TransformersEngine,
) -> None:
    prompts = [prompts_for(tiny)[1] + end for end in (" tea", " cup", " pot", "")]
    schema = JsonSchema({"type": "array", "items": {"enum": [1, 22, 333]}, "maxItems": 3})
    how = {"max_tokens": 40, "temperature": 1.5, "constraint": schema}
    together = tiny.generate(prompts, **how)
    assert together == [tiny.generate([prompt], **how)[0] for prompt in prompts]
    assert len({len(text) for text in together}) > 1
    assert all(set(json.loads(text)) <= {1, 22, 333} for text in together)


def test_choices_may_begin_alike_and_hold_any_character(tiny: TransformersEngine) -> None:
    choices = Choices(["tea", "tea pot", 'gr\u00fcn "x"\n\u4f60 \\d+'])
    texts = {
        tiny.generate(
            prompts_for(tiny)[:1], max_tokens=60, temperature=3.0, seed=seed, constraint=choices
        )[0]
        for seed in range(12)
    }
    assert texts <= set(choices.texts)
    assert len(texts) > 1


def test_a_constraint_is_compiled_once(tiny: TransformersEngine) -> None:
    for _ in range(2):
        tiny.generate(["tea"], max_tokens=2, constraint=Choices(["once"]))
    kept = tiny._grammars._compiled
    assert sum(one == Choices(["once"]) for one in kept) == 1


def test_the_last_adapter_leaves_the_network_as_it_was(
    tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    engine = TransformersEngine.load(str(tiny_model), CPU)
    prompt, labels = prompts_for(engine)[:1], [("A", "B", "C")]
    layers = [type(module) for module in engine._network.modules()]
    (before,) = engine.score_labels(prompt, labels)
    for _ in range(2):
        engine.load_adapter("v1.2 of us", tiny_adapters[0])
        (adapted,) = engine.score_labels(prompt, labels, adapters=["v1.2 of us"])
        assert np.abs(adapted - before).max() > 1e-3
        engine.unload_adapter("v1.2 of us")
        np.testing.assert_array_equal(engine.score_labels(prompt, labels)[0], before)
        assert [type(module) for module in engine._network.modules()] == layers
    assert engine.adapters == ()


def test_a_refused_adapter_leaves_the_one_of_its_name(
    tiny_model: Path, tiny_adapters: tuple[Path, Path], foreign_adapter: Path
) -> None:
    engine = TransformersEngine.load(str(tiny_model), CPU)
    engine.load_adapter("one", tiny_adapters[0])
    prompt, labels = prompts_for(engine)[:1], [("A", "B", "C")]
    before = engine.score_labels(prompt, labels, adapters=["one"])[0]
    with pytest.raises(AdapterMismatch, match="'one'"):
        engine.load_adapter("one", foreign_adapter)
    np.testing.assert_array_equal(engine.score_labels(prompt, labels, adapters=["one"])[0], before)


def test_the_shapes_are_checked_again_by_the_network(
    tiny_model: Path, tiny_adapters: tuple[Path, Path], foreign_adapter: Path
) -> None:
    """Weights in other formats than safetensors show no shapes beforehand."""
    network = TransformersEngine.load(str(tiny_model), CPU)._network
    adapted = AdaptedNetwork(network)
    adapted.load("one", Adapter("one", tiny_adapters[0], 4, 8.0, ()))
    with pytest.raises(AdapterMismatch, match="'two'"):
        adapted.load("two", Adapter("two", foreign_adapter, 4, 8.0, ()))
    assert adapted.names == ("one",)
    adapted.unload("one")
    with pytest.raises(AdapterMismatch, match="'two'"):
        adapted.load("two", Adapter("two", foreign_adapter, 4, 8.0, ()))
    assert adapted.names == ()


@pytest.mark.parametrize(("package", "extra"), [("peft", "train"), ("bitsandbytes", "quant")])
def test_a_missing_package_is_named(
    tiny_model: Path,
    tiny_adapters: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"'{package}'.*llmrec\[{extra}\]"):
        if package == "peft":
            TransformersEngine.load(str(tiny_model), CPU).load_adapter("one", tiny_adapters[0])
        else:
            settings = CPU.model_copy(update={"precision": "nf4"})
            TransformersEngine.load(str(tiny_model), settings)


def test_a_closed_engine_says_so(tiny_model: Path, tiny_adapters: tuple[Path, Path]) -> None:
    engine = TransformersEngine.load(str(tiny_model), CPU)
    prompt = prompts_for(engine)[0]
    left = engine.stream(prompt, max_tokens=4)
    engine.load_adapter("one", tiny_adapters[0])
    engine.close()
    engine.close()
    for call in (
        lambda: engine.score_labels([prompt], [("A",)]),
        lambda: engine.generate([prompt], max_tokens=2),
        lambda: engine.stream(prompt, max_tokens=2),
        lambda: engine.load_adapter("one", tiny_adapters[0]),
        lambda: next(left),
    ):
        with pytest.raises(EngineError, match="has been closed"):
            call()
    assert engine.device == "closed"


def test_waiting_for_another_call_counts(tiny_model: Path) -> None:
    engine = TransformersEngine.load(str(tiny_model), CPU)
    prompt = prompts_for(engine)[0]
    pieces = engine.stream(prompt, max_tokens=50)
    next(pieces)
    engine.timeout_s = 0.05
    with ThreadPoolExecutor(1) as pool, engine._turns.turn(Deadline(None, "tiny")):
        waiting = pool.submit(engine.generate, [prompt], max_tokens=2)
        assert isinstance(waiting.exception(), EngineTimeout)
    assert next(pieces) is not None  # it began when there was time


def test_settings_bound_context_batch_and_time(tiny_model: Path) -> None:
    settings = CPU.model_copy(update={"context": 300, "batch": 2, "timeout_s": 9.0})
    engine = TransformersEngine.load(str(tiny_model), settings)
    assert (engine.context_window, engine.timeout_s) == (300, 9.0)
    engine.score_labels([prompts_for(engine)[0]] * 5, [("A", "B")] * 5)
    assert engine.forward_passes == 3


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"context": 4096}, ConfigError, "reads at most 1024"),
        ({"device": "warp"}, ConfigError, "'warp'"),
        ({"precision": "awq"}, ConfigError, "'awq'"),
        ({"precision": "fp8"}, ConfigError, "'fp8'"),
        ({"tensor_parallel": 2}, ConfigError, "tensor_parallel is 2"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused(
    tiny_model: Path, settings: dict, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        TransformersEngine.load(str(tiny_model), CPU.model_copy(update=settings))


def test_a_card_that_is_not_there_is_named(tiny_model: Path) -> None:
    cards = torch_cards()
    with pytest.raises(EngineUnavailable, match=f"'cuda:{cards}'"):
        TransformersEngine.load(
            str(tiny_model), EngineSettings(device=f"cuda:{cards}", precision="fp32")
        )


def test_precisions_are_what_they_say(tiny_model: Path) -> None:
    for precision, said in (("auto", "cpu float32"), ("bf16", "cpu bfloat16")):
        settings = CPU.model_copy(update={"precision": precision})
        assert TransformersEngine.load(str(tiny_model), settings).device == said


def test_weights_that_are_stored_otherwise_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    stored = Path(shutil.copytree(tiny_model, tmp_path / "stored"))
    config = json.loads((stored / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "awq", "bits": 4}
    (stored / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="stored as awq"):
        TransformersEngine.load(str(stored), CPU.model_copy(update={"precision": "nf4"}))


GIB = 2**30


@pytest.mark.parametrize(
    ("weights", "free", "place"),
    [(10, [20], "cuda:0"), (10, [4, 20], "cuda:1"), (30, [20, 24], SPREAD)],
)
def test_weights_go_to_one_card_or_to_all(weights: int, free: list[int], place: str) -> None:
    assert spread_needed(weights * GIB, [one * GIB for one in free]) == place


def test_weights_too_large_for_all_cards_are_refused() -> None:
    with pytest.raises(OutOfMemory, match=r"40\.0 GiB"):
        spread_needed(40 * GIB, [20 * GIB, 20 * GIB])
    with pytest.raises(OutOfMemory):
        spread_needed(18 * GIB, [20 * GIB])


def torch_cards() -> int:
    import torch

    return torch.cuda.device_count()


def test_out_of_memory_is_told_from_other_failures() -> None:
    with pytest.raises(OutOfMemory), torch_errors("ranking"):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 GB")
    with pytest.raises(OutOfMemory), torch_errors("ranking"):
        raise MemoryError
    message = "ranking: shapes differ"
    with pytest.raises(EngineError, match=message) as caught, torch_errors("ranking"):
        raise RuntimeError("shapes differ\nmore")
    assert not isinstance(caught.value, OutOfMemory)
