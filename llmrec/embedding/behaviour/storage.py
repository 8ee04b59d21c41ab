"""A behaviour encoder on disk: ``config.json``, ``items.json`` and ``weights.safetensors``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmrec.embedding.behaviour.config import BehaviourConfig
from llmrec.embedding.behaviour.encoder import BehaviourEncoder
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.errors import ModelError

__all__ = ["load_behaviour", "save_behaviour"]

_CONFIG, _ITEMS, _WEIGHTS = "config.json", "items.json", "weights.safetensors"
_BASIS = "text_basis."


def save_behaviour(encoder: BehaviourEncoder, folder: Path) -> None:
    """Write ``encoder`` into ``folder``, which is there already."""
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous() for name, tensor in encoder.network.state_dict().items()}
    save_file(tensors | _basis_tensors(encoder.basis), folder / _WEIGHTS)
    config = encoder.config.model_dump_json(indent=2) + "\n"
    (folder / _CONFIG).write_text(config, encoding="utf-8")
    (folder / _ITEMS).write_text(
        json.dumps({"known": encoder.known, "ids": encoder.item_ids}, ensure_ascii=False),
        encoding="utf-8",
    )


def load_behaviour(folder: Path) -> BehaviourEncoder:
    """The encoder in ``folder``.

    Raises:
        ModelError: a file is missing or damaged, or the files do not belong together.
    """
    from llmrec.embedding.behaviour.network import BehaviourNetwork

    config = _config(folder)
    known, ids = _items(folder)
    tensors = _tensors(folder)
    basis = {name: tensors.pop(_BASIS + name, None) for name in ("mean", "directions")}
    network = BehaviourNetwork(config, known, tensors.get("features"))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise _damaged(folder / _WEIGHTS, f"it does not fit {_CONFIG}: {first}") from error
    if len(ids) != network.n_items:
        raise _damaged(folder / _ITEMS, f"{len(ids)} items for {network.n_items} vectors")
    network.eval()
    reads_text = basis["mean"] is not None and basis["directions"] is not None
    return BehaviourEncoder(
        network, ids, TextBasis(**{k: v.numpy() for k, v in basis.items()}) if reads_text else None
    )


def _basis_tensors(basis: TextBasis | None) -> dict[str, Any]:
    import torch

    if basis is None:
        return {}
    parts = {"mean": basis.mean, "directions": basis.directions}
    return {_BASIS + name: torch.from_numpy(part).contiguous() for name, part in parts.items()}


def _config(folder: Path) -> BehaviourConfig:
    path = folder / _CONFIG
    try:
        return BehaviourConfig.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise _damaged(path, f"field '{field}': {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _items(folder: Path) -> tuple[int, tuple[str, ...]]:
    path = folder / _ITEMS
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return int(content["known"]), tuple(map(str, content["ids"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, repr(error)) from error


def _tensors(folder: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / _WEIGHTS
    try:
        loaded: dict[str, Any] = load_file(path)
        return loaded
    except (OSError, SafetensorError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path} is damaged or missing: {why}.",
        hint="Restore the folder, or train again: llmrec train behaviour",
    )
