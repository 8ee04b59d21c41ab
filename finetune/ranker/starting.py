"""Going on from an adapter that serves: its settings and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.artifacts import Artifact
from llmrec.errors import AdapterMismatch, ConfigError, ModelError
from llmrec.finetune.settings import LoraSettings
from llmrec.prompting import rank_prompt_version
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_adapter", "start_settings", "start_weights"]

_SHAPE = ("r", "alpha", "target_modules")
_WEIGHTS = "adapter_model.safetensors"
_HINT = "Train it anew: llmrec train --help names the option."


def start_settings(parent: Artifact) -> dict[str, Any]:
    """The settings that ``parent`` was trained with."""
    theirs = parent.card.settings
    return {name: theirs[name] for name in LoraSettings.model_fields if name in theirs}


def check_adapter(parent: Artifact, settings: LoraSettings) -> None:
    """Refuse settings that the weights of ``parent`` do not fit.

    Raises:
        ConfigError: they do not; the message names the first.
        AdapterMismatch: it was trained for another ranking prompt.
    """
    prompt = parent.card.extra.get("prompt") if parent.kind == "ranker" else None
    if prompt not in (None, rank_prompt_version()):
        raise AdapterMismatch(
            f"{parent.name} was trained for the prompt {prompt}, this llmrec asks with "
            f"{rank_prompt_version()}.",
            hint=_HINT,
        )
    known = settings.model_validate(start_settings(parent))
    for name in _SHAPE:
        if getattr(settings, name) != getattr(known, name):
            raise ConfigError(
                f"{name} = {getattr(settings, name)}: {parent.name} was trained with "
                f"{getattr(known, name)}, and goes on with it.",
                hint="Leave it out, or train anew: llmrec train --help names the option.",
            )


def start_weights(parent: Artifact, base: str, folder: Path) -> dict[str, Tensor]:
    """The adapter's tensors, as PEFT names them.

    Args:
        parent: the version.
        base: the model that it goes on with.
        folder: where that lies.

    Raises:
        AdapterMismatch: it was trained on another base.
        ModelError: its weights are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if parent.card.extra.get("base_sha256") != base_sha256(folder):
        theirs = parent.card.extra.get("base")
        raise AdapterMismatch(f"{parent.name} was trained on '{theirs}', not '{base}'.", hint=_HINT)
    path = parent.folder / _WEIGHTS
    try:
        loaded: dict[str, Tensor] = load_file(path)
        return loaded
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is damaged or missing: {error}.", hint=_HINT) from error
