"""What the check of an adapter's folder finds before any engine loads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from artifact_cards import make_card
from safetensors.numpy import load_file, save_file

from llmrec.engines.adapters import check_adapter
from llmrec.errors import AdapterMismatch, ModelError
from llmrec.weights.fingerprint import base_sha256, safetensors_header


@pytest.fixture
def adapter(tiny_adapters: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(tiny_adapters[0], tmp_path / "adapter"))


def change_config(folder: Path, **values: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_good_adapter_is_described(adapter: Path, tiny_model: Path) -> None:
    found = check_adapter("mine", adapter, tiny_model)
    assert (found.name, found.folder, found.rank, found.alpha) == ("mine", adapter, 4, 8.0)
    assert found.modules == tuple(
        f"model.layers.{layer}.self_attn.{part}_proj" for layer in (0, 1) for part in "qv"
    )


@pytest.mark.parametrize("missing", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_file_is_named(adapter: Path, tiny_model: Path, missing: str) -> None:
    (adapter / missing).unlink()
    with pytest.raises(ModelError, match=f"holds no adapter 'mine': it has no {missing}"):
        check_adapter("mine", adapter, tiny_model)


@pytest.mark.parametrize("kept", [0, 4, 100, -10])
def test_a_truncated_file_is_refused(adapter: Path, tiny_model: Path, kept: int) -> None:
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        check_adapter("mine", adapter, tiny_model)


@pytest.mark.parametrize("content", ["{", "[]", "\udcff"])
def test_a_damaged_config_is_refused(adapter: Path, tiny_model: Path, content: str) -> None:
    raw = content.encode("utf-8", "surrogateescape")
    (adapter / "adapter_config.json").write_bytes(raw)
    with pytest.raises(ModelError, match="damaged"):
        check_adapter("mine", adapter, tiny_model)


def test_an_adapter_of_other_shapes_is_refused(foreign_adapter: Path, tiny_model: Path) -> None:
    with pytest.raises(AdapterMismatch, match=r"'mine' does not fit .*\[128, 128\] there"):
        check_adapter("mine", foreign_adapter, tiny_model)


def test_a_layer_that_the_base_has_not_is_named(adapter: Path, tiny_model: Path) -> None:
    weights = adapter / "adapter_model.safetensors"
    save_file(
        {k.replace("layers.1.", "layers.7."): v for k, v in load_file(weights).items()}, weights
    )
    with pytest.raises(AdapterMismatch, match=r"layers\.7\..*no such layer"):
        check_adapter("mine", adapter, tiny_model)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"peft_type": "IA3"}, "kind IA3"),
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "fully trained modules"),
        ({"bias": "all"}, "trained biases"),
    ],
)
def test_kinds_that_not_every_engine_takes_are_refused(
    adapter: Path, tiny_model: Path, config: dict, said: str
) -> None:
    change_config(adapter, **config)
    with pytest.raises(ModelError, match=said):
        check_adapter("mine", adapter, tiny_model)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("base_model.model.lm_head.weight", "no part of a linear layer's LoRA"),
        ("base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", "only one of"),
    ],
)
def test_tensors_that_do_not_belong_are_named(
    adapter: Path, tiny_model: Path, name: str, said: str
) -> None:
    weights = adapter / "adapter_model.safetensors"
    save_file({**load_file(weights), name: np.zeros((4, 128), np.float32)}, weights)
    with pytest.raises(ModelError, match=said):
        check_adapter("mine", adapter, tiny_model)


def test_the_card_tells_another_base_of_the_same_shapes(
    adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    extra = {"base": "tiny", "base_sha256": base_sha256(tiny_model)}
    make_card("ranker", extra=extra).write(adapter)
    assert check_adapter("mine", adapter, tiny_model).rank == 4
    sister = Path(shutil.copytree(tiny_model, tmp_path / "sister"))
    config = json.loads((sister / "config.json").read_text())
    (sister / "config.json").write_text(json.dumps(config | {"rope_theta": 1.0}))
    with pytest.raises(AdapterMismatch, match=r"'mine' was trained on another base.*'tiny'"):
        check_adapter("mine", adapter, sister)
    (adapter / "card.json").write_text("{}")
    with pytest.raises(ModelError, match=r"card\.json is damaged: field 'kind'"):
        check_adapter("mine", adapter, tiny_model)


def test_packed_weights_hide_their_shape_but_not_their_name(adapter: Path, tmp_path: Path) -> None:
    base = tmp_path / "packed"
    base.mkdir()
    names = [f"model.layers.{one}.self_attn.{part}_proj" for one in (0, 1) for part in "qv"]
    packed = {f"{name}.qweight": np.zeros((16, 128), np.int32) for name in names}
    save_file(packed, base / "model.safetensors")
    assert len(check_adapter("mine", adapter, base).modules) == 4
    packed.popitem()
    save_file(packed, base / "model.safetensors")
    with pytest.raises(AdapterMismatch, match="no such layer"):
        check_adapter("mine", adapter, base)


def test_a_header_tells_types_and_shapes(tmp_path: Path) -> None:
    path = tmp_path / "one.safetensors"
    save_file({"a": np.zeros((2, 3), np.float16)}, path, metadata={"format": "np"})
    assert safetensors_header(path) == {"a": ("F16", (2, 3))}
