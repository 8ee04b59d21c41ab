"""The fingerprint of a decoder's folder: tells one base model from another within milliseconds."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["base_sha256"]


def base_sha256(folder: Path) -> str:
    """Hash of the base's config, tokenizer and weights.

    Weights are hashed by name and size and by their headers, which hold names and shapes: the whole
    of a large model would take minutes. It catches another model, not a bit flip; ``llmrec models
    verify`` does that.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")):
        digest.update(path.name.encode() + path.read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            digest.update(f"{path.name}:{path.stat().st_size}".encode() + file.read(length))
    return digest.hexdigest()
