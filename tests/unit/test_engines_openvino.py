"""The OpenVINO engine over a tiny random Llama: the whole contract, and its failures."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from contract.engine_contract import RealEngineContract, StepwiseContract, prompts_for

pytest.importorskip("openvino")

from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.engines.calls import Deadline
from llmrec.engines.openvino import conversion
from llmrec.engines.openvino.engine import OpenVINOEngine
from llmrec.engines.openvino.paging import Blocks, KeyValues, Sequence
from llmrec.engines.openvino.parts import read_parts
from llmrec.engines.openvino.rewriting import compress, shrink
from llmrec.engines.openvino.runtime_errors import openvino_errors
from llmrec.errors import (
    ConfigError,
    EngineError,
    EngineTimeout,
    LLMRecError,
    MissingExtra,
    ModelError,
    OutOfMemory,
)

LABELS = ("A", "B", "C")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("LLMREC_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def tiny(tiny_model: Path, cache: Path) -> OpenVINOEngine:
    return OpenVINOEngine.load(str(tiny_model))


class TestTinyLlama(StepwiseContract, RealEngineContract):
    @pytest.fixture
    def engine(self, tiny: OpenVINOEngine) -> Iterator[OpenVINOEngine]:
        yield tiny
        assert tiny._blocks.used == 0, "a call kept blocks of keys and values"

    @pytest.fixture
    def adapter_folders(self, tiny_adapters: tuple[Path, Path]) -> tuple[Path, Path]:
        return tiny_adapters


def test_reports_what_it_is(tiny: OpenVINOEngine) -> None:
    assert (tiny.name, tiny.device, tiny.context_window) == ("openvino", "cpu fp32", 1024)


def test_a_shared_beginning_changes_no_answer(tiny: OpenVINOEngine) -> None:
    """Beginnings of several blocks, one with no rest of its own, and equal prompts."""
    begin = prompts_for(tiny)[1]
    assert tiny.count_tokens(begin) > 64
    prompts = [begin + end for end in ("", " tea (", " a steel kettle (", " tea (")]
    alone = [tiny.score_labels([prompt], [LABELS])[0] for prompt in prompts]
    together = tiny.score_labels(prompts, [LABELS] * 4)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    texts = tiny.generate(prompts, max_tokens=40)
    assert texts == [tiny.generate([prompt], max_tokens=40)[0] for prompt in prompts]


def test_many_prompts_are_split_but_scored_alike(tiny: OpenVINOEngine) -> None:
    prompts = prompts_for(tiny) * 2
    whole = tiny.score_labels(prompts, [LABELS] * 6)
    before, kept = tiny.forward_passes, tiny._score_tokens
    tiny._score_tokens = 1
    try:
        split = tiny.score_labels(prompts, [LABELS] * 6)
    finally:
        tiny._score_tokens = kept
    assert tiny.forward_passes - before == 6
    for one, other in zip(whole, split, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_texts_leave_the_batch_when_they_end(tiny: OpenVINOEngine) -> None:
    """One text stops at once, the other must go on as if it were alone."""
    first, second, _ = prompts_for(tiny)
    alone = tiny.generate([second], max_tokens=12)[0]
    opening = tiny.generate([first], max_tokens=3)[0]
    assert opening not in alone
    assert tiny.generate([first, second], max_tokens=12, stop=[opening]) == ["", alone]


def test_a_stream_that_lies_keeps_its_place_while_others_run(tiny: OpenVINOEngine) -> None:
    """Keys and values grow under a stream that has begun; leaving it gives its blocks back."""
    prompt = prompts_for(tiny)[0]
    (text,) = tiny.generate([prompt], max_tokens=60)
    pieces = tiny.stream(prompt, max_tokens=60)
    shown = list(islice(pieces, 2))
    rows = len(next(iter(tiny._memory._arrays.values())))
    tiny.generate([f"{n} tea " * 100 for n in range(40)], max_tokens=2)
    assert len(next(iter(tiny._memory._arrays.values()))) > rows
    shown += list(pieces)
    assert "".join(shown) == text
    left = tiny.stream(prompt, max_tokens=500)
    steps = tiny.decode_steps
    list(islice(left, 2))
    assert tiny._blocks.used
    left.close()
    assert not tiny._blocks.used
    assert tiny.decode_steps - steps < 40


def test_a_pass_that_takes_too_long_is_given_up(tiny: OpenVINOEngine) -> None:
    """The time ends while the network runs: the next pass waits for its end, and is right."""
    network = tiny._networks[None]
    prompt = prompts_for(tiny)[0]
    (before,) = tiny.score_labels([prompt], [LABELS])
    long = [Sequence([5] * 1000) for _ in range(40)]
    with pytest.raises(EngineTimeout):
        network.read(long, _FiveMilliseconds(1.0, "tiny"))
    assert tiny._memory.busy is not None
    with pytest.raises(EngineTimeout):
        network.read([Sequence([5])], _FiveMilliseconds(1.0, "tiny"))
    assert not any(one.read for one in long)
    for one in long:
        tiny._blocks.give_back(one)
    np.testing.assert_allclose(tiny.score_labels([prompt], [LABELS])[0], before, atol=1e-6)


class _FiveMilliseconds(Deadline):
    """Ends while the network runs, however long the way there takes."""

    @property
    def left(self) -> float:
        return 0.005


def test_calls_after_close_are_refused(tiny_model: Path) -> None:
    engine = load_engine("openvino", str(tiny_model))
    pieces = engine.stream("tea", max_tokens=50)
    next(pieces)
    engine.close()
    for call in (
        lambda: next(pieces),
        lambda: engine.generate(["tea"], max_tokens=2),
        lambda: engine.score_labels(["tea ("], [LABELS]),
        lambda: engine.stream("tea", max_tokens=2),
    ):
        with pytest.raises(EngineError, match="closed"):
            call()


def test_there_are_no_more_adapters_than_allowed(
    tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    engine = OpenVINOEngine.load(str(tiny_model), EngineSettings(max_adapters=1))
    engine.load_adapter("one", tiny_adapters[0])
    with pytest.raises(EngineError, match="no room for the adapter 'two'"):
        engine.load_adapter("two", tiny_adapters[1])
    engine.load_adapter("one", tiny_adapters[1])
    engine.unload_adapter("one")
    engine.load_adapter("two", tiny_adapters[1])
    assert engine.adapters == ("two",)


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_other_precisions_answer_nearly_the_same(
    tiny: OpenVINOEngine, tiny_model: Path, precision: str
) -> None:
    settings = EngineSettings(precision=precision)  # type: ignore[arg-type]
    try:
        engine = OpenVINOEngine.load(str(tiny_model), settings)
    except ConfigError as error:
        assert precision == "bf16"
        pytest.skip(error.message)
    assert engine.device == f"cpu {precision}"
    prompts = prompts_for(tiny)
    exact = tiny.score_labels(prompts, [LABELS] * 3)
    near = engine.score_labels(prompts, [LABELS] * 3)
    apart = max(np.abs(one - other).max() for one, other in zip(exact, near, strict=True))
    assert 1e-4 < apart < 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (EngineSettings(device="cuda"), "engine.device is 'cuda'"),
        (EngineSettings(precision="nf4"), "does not run in nf4"),
        (EngineSettings(tensor_parallel=2), "splits no layers"),
        (EngineSettings(context=4096), "at most 1024"),
    ],
)
def test_impossible_settings_are_refused(
    tiny_model: Path, settings: EngineSettings, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        OpenVINOEngine.load(str(tiny_model), settings)


def test_without_openvino_the_extra_is_named(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtra, match=r"llmrec\[cpu\]"):
        OpenVINOEngine.load(str(tiny_model))


def test_a_model_is_converted_once_even_by_many(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path))
    made: list[object] = []
    trace = conversion.trace
    monkeypatch.setattr(conversion, "trace", lambda network: made.append(1) or trace(network))

    def convert(_: int) -> Path:
        return conversion.converted("tiny", tiny_model, context=1024, threads=1)

    with ThreadPoolExecutor(3) as pool:
        places = set(pool.map(convert, range(3)))
    assert len(places) == len(made) == 1
    assert sorted(path.name for path in places.pop().iterdir()) == ["model.bin", "model.xml"]


def test_other_weights_are_converted_anew_and_the_old_ones_go(
    tiny_model: Path, tmp_path: Path
) -> None:
    import os

    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    first = conversion.converted("tiny", folder, context=1024, threads=1)
    weights = folder / "model.safetensors"
    os.utime(weights, ns=(1, 1))
    second = conversion.converted("tiny", folder, context=1024, threads=1)
    assert second != first
    assert [path.name for path in first.parent.iterdir()] == [second.name]


def test_a_graph_with_other_answers_is_refused(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversion that goes wrong must not be kept."""
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path))
    monkeypatch.setattr(conversion, "read_graph", _rounded)
    with pytest.raises(ModelError, match="answers differently") as caught:
        conversion.converted("tiny", tiny_model, context=1024, threads=1)
    assert "transformers" in caught.value.hint
    assert not list(tmp_path.glob("openvino/*/*"))


def _rounded(place: Path):
    import openvino as ov

    graph = ov.Core().read_model(place / "model.xml")
    compress(graph)
    return graph


def test_a_folder_that_is_no_decoder_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (broken / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(LLMRecError):
        OpenVINOEngine.load(str(broken))
    (broken / "config.json").write_text("{not json")
    with pytest.raises(ModelError, match="cannot be loaded"):
        OpenVINOEngine.load(str(broken))


@pytest.mark.parametrize(
    "kind", ["Qwen2Config", "Qwen3Config", "MistralConfig", "Gemma3TextConfig", "GPT2Config"]
)
def test_other_kinds_of_decoders_are_converted(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    """Converting compares the answers, so that it is enough to come through it."""
    _save_random(tiny_model, tmp_path / kind, kind)
    parts = read_parts(kind, tmp_path / kind, None)
    place = conversion.converted(kind, tmp_path / kind, context=parts.context, threads=1)
    assert (place / "model.xml").is_file()
    assert parts.context == (64 if kind == "MistralConfig" else 1024)


def test_a_kind_that_openvino_does_not_know_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    _save_random(tiny_model, tmp_path / "moe", "Qwen3MoeConfig")
    with pytest.raises(ModelError, match="cannot be converted") as caught:
        OpenVINOEngine.load(str(tmp_path / "moe"))
    assert "transformers" in caught.value.hint


def _save_random(tiny_model: Path, folder: Path, kind: str) -> None:
    import torch
    import transformers

    shutil.copytree(tiny_model, folder)
    shape = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    if kind == "GPT2Config":
        shape = {"n_embd": 128, "n_layer": 2, "n_head": 4, "n_positions": 1024}
    else:
        shape |= {"intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 32}
        shape |= {"max_position_embeddings": 1024, "sliding_window": 64}
        if kind != "MistralConfig":
            del shape["sliding_window"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_model)
    config = getattr(transformers, kind)(vocab_size=len(tokenizer), eos_token_id=2, **shape)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)


def test_a_changing_rope_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    import json

    folder = tmp_path / "rope"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"] = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="positions are of the kind dynamic"):
        OpenVINOEngine.load(str(folder))


def test_weights_that_are_whole_numbers_by_groups_shrink_and_stay_the_same() -> None:
    import openvino as ov
    import openvino.opset14 as op

    draw = np.random.default_rng(0)
    scales = draw.random((96, 2, 1)).astype(np.float16).astype(np.float32)
    whole = draw.integers(-127, 128, (96, 2, 32)).astype(np.float32)
    whole[..., 0] = 127
    whole[5, 1] = 0
    exact = (whole * scales).reshape(96, 64)
    other = exact.copy()
    other[70, 3] *= np.float32(1 + 2**-20)
    for weights, shrunk in ((exact, True), (other, False)):
        given = op.parameter([-1, 64], np.float32)
        layer = op.matmul(given, op.constant(weights), False, True)
        layer.set_friendly_name("__module.network.lm_head/aten::linear/MatMul")
        graph = ov.Model([layer], [given])
        shrink(graph)
        kinds = {str(one.get_output_element_type(0)) for one in graph.get_ops() if _constant(one)}
        assert ("<Type: 'int8_t'>" in kinds) == shrunk
        result = ov.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
            [np.eye(64, dtype=np.float32)]
        )[0]
        assert np.array_equal(result, weights.T)


def _constant(node: object) -> bool:
    return node.get_type_name() == "Constant"  # type: ignore[attr-defined]


def test_blocks_are_given_lowest_first_shared_and_given_back() -> None:
    blocks = Blocks()
    first = Sequence([1], blocks=blocks.take(3))
    assert first.blocks == [0, 1, 2]
    second = Sequence([1], blocks=blocks.share(first.blocks[:2]) + blocks.take(1))
    blocks.give_back(first)
    assert blocks.used == 3
    assert blocks.take(1) == [2]
    blocks.give_back(second)
    blocks.give_back(second)
    assert blocks.used == 1
    assert len(set(blocks.take(500))) == 500


def test_keys_and_values_stay_when_their_memory_grows() -> None:
    memory = KeyValues()
    memory.reserve(1, {"key": (2, 4, 8)}, np.float32)
    before = memory._arrays["key"]
    before[:] = 7
    memory.reserve(len(before) + 1, {"key": (2, 4, 8)}, np.float32)
    after = memory._arrays["key"]
    assert memory.version == 2
    assert len(after) > len(before)
    assert (after[: len(before)] == 7).all()
    assert not after[len(before) :].any()


def test_out_of_memory_is_told_from_other_failures() -> None:
    with pytest.raises(OutOfMemory), openvino_errors("ranking"):
        raise RuntimeError("Exception from src/x.cpp:1:\nstd::bad_alloc")
    with pytest.raises(OutOfMemory), openvino_errors("ranking"):
        raise MemoryError
    message = r"ranking: shapes differ\.$"
    with pytest.raises(EngineError, match=message) as caught, openvino_errors("ranking"):
        raise RuntimeError("Exception from src/x.cpp:1:\nCheck 'a' failed at b:\nshapes differ\n")
    assert not isinstance(caught.value, OutOfMemory)
