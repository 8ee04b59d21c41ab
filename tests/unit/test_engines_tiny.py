"""The transformers engine over a tiny random Llama: the whole contract, and its failures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from contract.engine_contract import TorchEngineContract, prompts_for

from llmrec.engines import load_engine
from llmrec.engines.local.engine import TransformersEngine
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import (
    ConfigError,
    EngineError,
    ModelError,
    OutOfMemory,
    WeightsMissing,
)


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> TransformersEngine:
    return TransformersEngine.load(str(tiny_model), device="cpu")


class TestTinyLlama(TorchEngineContract):
    @pytest.fixture
    def engine(self, tiny: TransformersEngine) -> TransformersEngine:
        return tiny


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
    assert together == [tiny.generate([one], max_tokens=9)[0] for one in prompts]
    assert len(set(together)) == 3
    twins = tiny.generate([prompts[0]] * 2, max_tokens=9)
    assert twins == [together[0]] * 2


def test_out_of_memory_is_told_from_other_failures() -> None:
    with pytest.raises(OutOfMemory), torch_errors("ranking"):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 GB")
    with pytest.raises(OutOfMemory), torch_errors("ranking"):
        raise MemoryError
    message = "ranking: shapes differ"
    with pytest.raises(EngineError, match=message) as caught, torch_errors("ranking"):
        raise RuntimeError("shapes differ\nmore")
    assert not isinstance(caught.value, OutOfMemory)
