"""Load a decoder and its tokenizer from a folder, as this machine runs it best."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmrec.config import EngineSettings
from llmrec.engines.local.placement import SPREAD, floating_type, place
from llmrec.engines.local.quantization import (
    quantization_config,
    same_on_every_cpu,
    stored_precision,
)
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import ModelError, OutOfMemory
from llmrec.planner.host import usable_cores

__all__ = ["load_network"]

_SMALLER = "Set engine.precision to int8 or nf4, or use a smaller model."


def load_network(
    name: str, folder: Path, settings: EngineSettings | None = None, *, training: bool = False
) -> tuple[Any, Any]:
    """A causal language model in evaluation mode, and its tokenizer; never from the network.

    Args:
        name: what the weights are called, for messages.
        folder: where config, tokenizer and safetensors lie.
        settings: device and precision.
        training: for a network that will learn: never in fp16 unless asked for.

    Raises:
        ConfigError: device or precision cannot be had.
        MissingExtra: the precision wants a package that is not installed.
        ModelError: the folder does not hold a decoder language model.
        OutOfMemory: it does not fit.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    settings = settings or EngineSettings()
    stored = stored_precision(folder)
    device = place(settings.device, folder, "stored" if stored else settings.precision)
    dtype = floating_type(settings.precision, device, training=training)
    quantization = quantization_config(name, settings.precision, stored, dtype)
    # torch counts the machine's cores, a container may own fewer.
    if device == "cpu" and torch.get_num_threads() > usable_cores():
        torch.set_num_threads(usable_cores())
    try:
        with torch_errors(f"loading '{name}'", hint=_SMALLER), _quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            network = AutoModelForCausalLM.from_pretrained(
                folder,
                local_files_only=True,
                dtype=dtype,
                attn_implementation="sdpa",
                **_how(device, quantization),
            )
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"'{name}' cannot be loaded as a language model: {reason}",
            hint=f"Check it with 'llmrec models verify {name}', or name another model.",
        ) from error
    if device == "cpu":
        same_on_every_cpu(network)
        # A map with "cpu" in it means offloaded layers to PEFT, which would move them about.
        vars(network).pop("hf_device_map", None)
    elif device == SPREAD:
        _check_on_cards(name, network)
    return network.eval().requires_grad_(False), tokenizer


def _how(device: str, quantization: Any) -> dict[str, Any]:
    """What ``from_pretrained`` must be told beside the type."""
    arguments: dict[str, Any] = {"quantization_config": quantization} if quantization else {}
    if device == SPREAD:
        arguments["device_map"] = SPREAD
    elif device != "cpu" or quantization:
        arguments["device_map"] = {"": device}
    return arguments


def _check_on_cards(name: str, network: Any) -> None:
    """Refuse layers that accelerate has put beside the cards: each token would fetch them anew."""
    if {str(device) for device in network.hf_device_map.values()} & {"cpu", "disk"}:
        raise OutOfMemory(
            f"'{name}' does not fit into the memory of all cards together.",
            hint=_SMALLER,
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if bars:
            logging.enable_progress_bar()
