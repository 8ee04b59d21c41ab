"""What the files of a model tell within milliseconds, without reading its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from llmrec.errors import ModelError

__all__ = ["Header", "base_sha256", "safetensors_header"]

Header: TypeAlias = Mapping[str, tuple[str, tuple[int, ...]]]
"""Data type (``F32``, ``BF16``, ``U8`` …) and shape of each tensor of a file, by name."""


def base_sha256(folder: Path) -> str:
    """Hash of the base's config, tokenizer and weights: tells one base model from another.

    Weights are hashed by name and size and by their headers, which hold names and shapes: the whole
    of a large model would take minutes. It catches another model, not a bit flip; ``llmrec models
    verify`` does that.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")):
        digest.update(path.name.encode() + path.read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            # The header as it lies there, which no library gives: eight bytes of length, then JSON.
            length = int.from_bytes(file.read(8), "little")
            digest.update(f"{path.name}:{path.stat().st_size}".encode() + file.read(length))
    return digest.hexdigest()


def safetensors_header(path: Path, *, hint: str = "Fetch the weights again.") -> Header:
    """Names, data types and shapes of the tensors in a safetensors file.

    Args:
        path: the file.
        hint: of the error.

    Raises:
        ModelError: the file is not there, is cut off, or is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    header: dict[str, tuple[str, tuple[int, ...]]] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 - the file itself is not iterable
                tensor = file.get_slice(name)
                header[name] = str(tensor.get_dtype()), tuple(tensor.get_shape())
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read as safetensors: {error}.", hint=hint) from error
    return header
