"""Look at a LoRA adapter's folder before an engine loads it: is it one, and for this base model.

Engines differ in what they do with a wrong adapter: some fail with a stack of shapes, some answer
as the base model. So all of them ask here first. Nothing but headers is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrec.artifacts import CARD_NAME, read_card
from llmrec.errors import AdapterMismatch, ModelError
from llmrec.weights.fingerprint import Header, base_sha256, safetensors_header

__all__ = ["Adapter", "check_adapter"]

_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_HALVES = {".lora_A.weight": "lora_A", ".lora_B.weight": "lora_B"}
# Parts of PEFT that change more than W + BA: not every engine has them, so none takes them.
_UNSUPPORTED = {
    "use_dora": "DoRA",
    "modules_to_save": "fully trained modules",
    "trainable_token_indices": "trained tokens",
    "target_parameters": "adapted parameters",
    "lora_bias": "trained biases",
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter that fits its base: ``W + (alpha / rank) B A`` (Hu et al. 2021).

    ``modules`` are the base's linear layers that it changes; ``folder`` is absolute; ``rank`` is
    the largest of its layers.
    """

    name: str
    folder: Path
    rank: int
    alpha: float
    modules: tuple[str, ...]


def check_adapter(name: str, folder: str | os.PathLike[str], base_folder: Path) -> Adapter:
    """Check the adapter in ``folder`` against the base model in ``base_folder``.

    Args:
        name: what the adapter is called, for messages.
        folder: as PEFT, or llmrec's training, saves it.
        base_folder: the base model, with safetensors weights.

    Raises:
        ModelError: there is no adapter, it is damaged, or of a kind that engines do not take.
        AdapterMismatch: its shapes, or the base that its card names, are not this base's.
    """
    home = Path(folder).expanduser().resolve()
    config = _config(name, home)
    header = safetensors_header(home / _WEIGHTS, hint="Copy or train it once more.")
    pairs = _pairs(name, home, header)
    _check_card(name, home, base_folder)
    _check_shapes(name, pairs, base_folder, transposed=bool(config.get("fan_in_fan_out")))
    return Adapter(
        name=name,
        folder=home,
        rank=max(halves["lora_A"][0] for halves in pairs.values()),
        alpha=float(config.get("lora_alpha") or 1),
        modules=tuple(sorted(pairs)),
    )


def _config(name: str, home: Path) -> dict[str, Any]:
    for needed in (_CONFIG, _WEIGHTS):
        if not (home / needed).is_file():
            raise ModelError(
                f"The folder {home} holds no adapter '{name}': it has no {needed}.",
                hint="Name a folder that PEFT, or llmrec's training, has saved.",
            )
    try:
        config = json.loads((home / _CONFIG).read_text(encoding="utf-8"))
        kind = str(config.get("peft_type"))
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"The adapter '{name}' has a damaged {_CONFIG}: {error}.",
            hint="Copy or train it once more.",
        ) from error
    extras = [text for key, text in _UNSUPPORTED.items() if config.get(key)]
    if config.get("bias", "none") != "none":
        extras.append("trained biases")
    if kind.upper() != "LORA" or extras:
        what = f"has {' and '.join(extras)}" if extras else f"is of the kind {kind}"
        raise ModelError(
            f"The adapter '{name}' {what}; engines take plain LoRA adapters.",
            hint="Train a plain LoRA adapter, or merge this one into its base model.",
        )
    return dict(config)


def _pairs(name: str, home: Path, header: Header) -> dict[str, dict[str, tuple[int, ...]]]:
    """Shapes of both halves by the name of the layer that they change."""
    pairs: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, (_, shape) in header.items():
        ending = next((half for half in _HALVES if key.endswith(half)), None)
        if ending is None or len(shape) != 2:
            raise ModelError(
                f"The adapter '{name}' holds a tensor that is no part of a linear layer's LoRA: "
                f"{key} of shape {list(shape)}.",
                hint="Train an adapter on linear layers only.",
            )
        layer = key.removeprefix(_PREFIX).removesuffix(ending)
        pairs.setdefault(layer, {})[_HALVES[ending]] = shape
    halved = [layer for layer, halves in pairs.items() if len(halves) < 2]
    if halved or not pairs:
        raise ModelError(
            f"The adapter '{name}' in {home} is incomplete"
            + (f": {halved[0]} has only one of lora_A and lora_B." if halved else ": no tensors."),
            hint="Copy or train it once more.",
        )
    return pairs


def _check_card(name: str, home: Path, base_folder: Path) -> None:
    if not (home / CARD_NAME).is_file():  # trained elsewhere
        return
    extra = read_card(home).extra
    trained_on = extra.get("base_sha256")
    if trained_on and trained_on != base_sha256(base_folder):
        raise AdapterMismatch(
            f"The adapter '{name}' was trained on another base model than the one in "
            f"{base_folder} (its card says '{extra.get('base')}').",
            hint="Run the base model that the adapter was trained on, or train it again.",
        )


def _check_shapes(
    name: str,
    pairs: Mapping[str, Mapping[str, tuple[int, ...]]],
    base_folder: Path,
    *,
    transposed: bool,
) -> None:
    base: dict[str, tuple[str, tuple[int, ...]]] = {}
    for path in sorted(base_folder.glob("*.safetensors")):
        base.update(safetensors_header(path))
    if not base:  # weights in another format show no shapes here; loading them will
        return
    for layer, halves in pairs.items():
        (rank, inputs), (outputs, other) = halves["lora_A"], halves["lora_B"]
        wanted = (inputs, outputs) if transposed else (outputs, inputs)
        there = _shape_in(layer, base)
        if there is None or rank != other or there not in ((), wanted):
            is_there = "has no such layer" if there is None else f"has {list(there)} there"
            raise AdapterMismatch(
                f"The adapter '{name}' does not fit the base model in {base_folder}: it changes "
                f"{layer} by {list(halves['lora_B'])} x {list(halves['lora_A'])}, and the base "
                f"{is_there}.",
                hint="Run the base model that the adapter was trained on, or train it again.",
            )


def _shape_in(layer: str, base: Header) -> tuple[int, ...] | None:
    """Shape of a layer's weights, ``()`` if they are packed so that it does not show."""
    # Some checkpoints leave the outermost part of the names out ("h.0..." of "transformer.h.0...").
    for prefix in (layer, layer.partition(".")[2]):
        if not prefix:
            continue
        if f"{prefix}.weight" in base:
            dtype, shape = base[f"{prefix}.weight"]
            # 4-bit weights are bytes in one column, those of int8 and fp8 keep their shape.
            return () if dtype == "U8" else shape
        if any(key.startswith(f"{prefix}.") for key in base):
            return ()
    if layer == "lm_head":
        tied = [shape for key, (_, shape) in base.items() if key.endswith("embed_tokens.weight")]
        return tied[0] if tied else None
    return None
