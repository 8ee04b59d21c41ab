"""The two default weights as a pull leaves them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmrec import weights
from llmrec.errors import WeightsCorrupt
from llmrec.weights.convert import convert_gguf

pytestmark = pytest.mark.integration


def test_every_file_has_its_recorded_hash(smollm2: Path, minilm: Path) -> None:
    for name in weights.DEFAULTS:
        assert weights.verify(name) == weights.installed(weights.describe(name))


def test_the_converted_model_is_whole(smollm2: Path) -> None:
    from safetensors import safe_open

    config = json.loads((smollm2 / "config.json").read_text())
    assert "quantization_config" not in config
    assert "<|im_start|>" in (smollm2 / "chat_template.jinja").read_text()
    with safe_open(smollm2 / "model.safetensors", framework="np") as tensors:
        names = list(tensors.keys())
        assert tensors.get_slice("model.embed_tokens.weight").get_shape() == [49152, 576]
    # 30 layers of 9 tensors, the embedding and the last norm; the output layer is tied.
    assert len(names) == 272


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + b"\x00" * 64)
    with pytest.raises(WeightsCorrupt, match="cannot be read"):
        convert_gguf(tmp_path / "model.gguf", tmp_path)
