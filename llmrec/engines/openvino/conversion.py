"""Convert a model once, check that it answers as before, and keep it in the machine-wide cache.

::

    ~/.cache/llmrec/openvino/       (or LLMREC_CACHE)
    ├── NAME-FOLDER/KEY/            model.xml, model.bin; KEY changes with weights and versions
    ├── NAME-FOLDER/.KEY.partial/   being made
    └── NAME-FOLDER.lock            one conversion of a model at a time
"""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from llmrec.config import EngineSettings, disk_errors
from llmrec.engines.calls import Deadline
from llmrec.engines.openvino.network import PagedNetwork
from llmrec.engines.openvino.paging import Blocks, KeyValues, Sequence
from llmrec.engines.openvino.runtime_errors import reason_of
from llmrec.engines.openvino.tracing import trace
from llmrec.errors import DiskFull, LLMRecError, LockedError, ModelError
from llmrec.types import FloatArray
from llmrec.weights import derived_folder
from llmrec.weights.fingerprint import base_sha256

__all__ = ["TOLERANCE", "converted", "read_graph"]

FORMAT = 1
"""Raise it when what :mod:`tracing` makes changes."""

TOLERANCE = 1e-3
"""Largest difference between log-probabilities of transformers and of the converted model."""

_MORE = 3
_LOCK_TIMEOUT = 1800.0
_XML = "model.xml"
_NO_SPACE = ("no space left", "can't write", "cannot write", "bad write")


def converted(model: str, folder: Path, *, context: int, threads: int) -> Path:
    """The folder of the converted model; converting takes seconds for a small one.

    Args:
        model: what the weights are called, for messages.
        folder: where they lie.
        context: most tokens that it reads; the check keeps to them.
        threads: CPU threads of the check.

    Raises:
        ModelError: the weights are no decoder, or OpenVINO cannot run such a one faithfully.
        DiskFull: no space for it; nothing is left half-written.
        LockedError: another process has been converting it for very long.
        OutOfMemory: the weights do not fit into memory.
    """
    from filelock import FileLock, Timeout

    home = derived_folder("openvino", folder)
    place = home / _key(folder)
    if (place / _XML).is_file():
        return place
    with disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(home.with_suffix(".lock"), timeout=_LOCK_TIMEOUT):
                # Another process may have finished while this one waited.
                if not (place / _XML).is_file():
                    _convert(model, folder, place, context, threads)
        except Timeout as error:
            raise LockedError(
                f"Another process is still converting '{model}'.", hint="Wait for it, or end it."
            ) from error
    return place


def read_graph(place: Path) -> Any:
    """A fresh ``openvino.Model`` of a converted model; its weights are read as they are needed."""
    import openvino as ov

    return ov.Core().read_model(place / _XML)


def _convert(model: str, folder: Path, place: Path, context: int, threads: int) -> None:
    from llmrec.engines.local.loading import load_network

    partial = place.with_name(f".{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        settings = EngineSettings(device="cpu", precision="fp32")
        network, _ = load_network(model, folder, settings)
        prompts = _probes(network.config.get_text_config().vocab_size, context)
        with disk_errors(partial):
            partial.mkdir(parents=True)
        expected = [_plain(network, prompt) for prompt in (*prompts, *_longer(prompts))]
        _write(network, partial / _XML)
        del network
        _check(model, read_graph(partial), prompts, expected, threads)
        with disk_errors(place):
            for old in place.parent.iterdir():
                if old != partial:
                    shutil.rmtree(old, ignore_errors=True)
            partial.rename(place)
    except (LLMRecError, OSError, MemoryError):
        raise
    # What torch and OpenVINO raise for a model that they do not know has no common class.
    except Exception as error:
        raise _refusal(model, f"cannot be converted: {reason_of(error)}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(network: Any, xml: Path) -> None:
    import openvino as ov

    graph = trace(network)
    try:
        ov.save_model(graph, xml, compress_to_fp16=False)
    except RuntimeError as error:
        if shutil.disk_usage(xml.parent).free > 2**24 and not any(
            sign in str(error).lower() for sign in _NO_SPACE
        ):
            raise
        raise DiskFull(
            f"No space left on the device while writing {xml.parent}.",
            hint="Free some space and run the same command again; nothing was half-written.",
        ) from error


def _check(
    model: str, graph: Any, prompts: list[list[int]], expected: list[FloatArray], threads: int
) -> None:
    """Refuse a graph that answers other than the network it came from.

    Prompts of several lengths run together, longer than a block and shorter; then each goes on by
    some tokens, so that keys and values from the first pass are used as well.
    """
    network = PagedNetwork(
        graph, precision="fp32", threads=threads, memory=KeyValues(), blocks=Blocks()
    )
    sequences = [Sequence(list(prompt)) for prompt in prompts]
    logits = list(network.read(sequences, Deadline(None, model)))
    for sequence, ids in zip(sequences, _longer(prompts), strict=True):
        sequence.ids = ids
    logits += list(network.read(sequences, Deadline(None, model)))
    worst = max(
        float(np.abs(_log_softmax(row) - _log_softmax(other)).max())
        for row, other in zip(logits, expected, strict=True)
    )
    if not worst <= TOLERANCE:
        raise _refusal(model, f"answers differently there (log-probabilities by {worst:.2g})")


def _probes(vocabulary: int, context: int) -> list[list[int]]:
    draw = np.random.default_rng(7)
    lengths = [min(n, context - _MORE) for n in (75, 5, 33)]
    return [[int(id) for id in draw.integers(0, vocabulary, n)] for n in lengths]


def _longer(prompts: list[list[int]]) -> list[list[int]]:
    return [prompt + prompt[:_MORE] for prompt in prompts]


def _plain(network: Any, ids: list[int]) -> FloatArray:
    import torch

    with torch.inference_mode():
        logits: FloatArray = network(torch.tensor([ids]), use_cache=False).logits[0, -1].numpy()
    return logits


def _log_softmax(logits: FloatArray) -> Any:
    values = logits.astype(np.float64)
    values -= values.max()
    return values - np.log(np.exp(values).sum())


def _refusal(model: str, reason: str) -> ModelError:
    return ModelError(
        f"OpenVINO cannot run '{model}': it {reason}.", hint="Set models.engine='transformers'."
    )


def _key(folder: Path) -> str:
    """Changes whenever the conversion would come out differently."""
    parts = [str(FORMAT), base_sha256(folder)]
    # The fingerprint reads headers only; weights that were trained in place have another time.
    parts += [
        f"{file.name}:{file.stat().st_mtime_ns}" for file in sorted(folder.glob("*.safetensors"))
    ]
    parts += [f"{name} {version(name)}" for name in ("openvino", "transformers", "torch")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
