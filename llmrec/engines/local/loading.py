"""Load a decoder and its tokenizer from a folder, as this machine runs it best."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import ModelError

if TYPE_CHECKING:
    import torch

__all__ = ["load_network", "usable_cores"]


def load_network(name: str, folder: Path, *, device: str | None = None) -> tuple[Any, Any]:
    """A causal language model in evaluation mode, and its tokenizer; never from the network.

    Args:
        name: what the weights are called, for messages.
        folder: where config, tokenizer and safetensors lie.
        device: a torch device; else a GPU if there is one, else the CPU.

    Raises:
        ModelError: the folder does not hold a decoder language model.
        OutOfMemory: it does not fit.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place, dtype = _placement(device)
    # torch counts the machine's cores, a container may own fewer.
    if place.type == "cpu" and torch.get_num_threads() > usable_cores():
        torch.set_num_threads(usable_cores())
    try:
        with torch_errors(f"loading '{name}'"), _quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            network = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, dtype=dtype, attn_implementation="sdpa"
            )
            network = network.to(place)
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"'{name}' cannot be loaded as a language model: {reason}",
            hint=f"Check it with 'llmrec models verify {name}', or name another model.",
        ) from error
    return network.eval().requires_grad_(False), tokenizer


def usable_cores() -> int:
    """Physical cores that this process may use."""
    import psutil

    physical = psutil.cpu_count(logical=False) or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))


def _placement(device: str | None) -> tuple[torch.device, torch.dtype]:
    import torch

    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    # Without bf16 instructions, which few CPUs have, bf16 is half as fast there as float32.
    halved = place.type == "cuda" and torch.cuda.is_bf16_supported()
    return place, torch.bfloat16 if halved else torch.float32


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
