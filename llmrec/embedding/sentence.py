"""Sentence encoders by sentence-transformers, MiniLM first of all, from a folder on this machine.

Opening one reads a few small files; the network itself is loaded at the first text, so that a
command which only needs the fingerprint starts quickly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from llmrec.engines.local.quantization import quiet_bitsandbytes
from llmrec.errors import ModelError
from llmrec.types import FloatArray

__all__ = ["SentenceEncoder"]

_BATCH = 32
_DECISIVE = {
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
}
"""The files beside the weights that change a text's vector; a README does not."""

_MAX_CHARS = 8_000
"""Far beyond 256 word pieces; keeps the tokenizer from chewing on a novel."""


class SentenceEncoder:
    """A :class:`~llmrec.embedding.TextEncoder` over sentence-transformers weights, in fp32.

    Args:
        name: what the weights are called.
        folder: where they lie (``modules.json``, ``config.json``, safetensors).
        device: a torch device.

    Raises:
        ModelError: the folder does not hold a sentence encoder.
    """

    def __init__(self, name: str, folder: Path, *, device: str = "cpu") -> None:
        self._name = name
        self._folder = folder
        self._device = device
        if not (folder / "modules.json").is_file():
            raise ModelError(
                f"{folder} does not hold a sentence encoder: there is no modules.json.",
                hint="Set models.encoder in llmrec.toml to one of 'llmrec models list'.",
            )

    @property
    def name(self) -> str:
        """The weights' name."""
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Digest of every file that decides what vector a text gets."""
        digest = blake2b(digest_size=12)
        for path in sorted(self._folder.rglob("*")):
            if path.name in _DECISIVE or path.suffix in (".safetensors", ".bin"):
                digest.update(path.relative_to(self._folder).as_posix().encode())
                with path.open("rb") as file:
                    while block := file.read(1 << 20):
                        digest.update(block)
        return f"{Path(self._name).name}-{digest.hexdigest()}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector, from the pooling layer's settings."""
        for path in sorted(self._folder.glob("*_Pooling/config.json")):
            return int(_json(path)["word_embedding_dimension"])
        return int(_json(self._folder / "config.json")["hidden_size"])

    def knows(self, word: str) -> bool:
        """Whether the word is one piece of the tokenizer's vocabulary."""
        return len(self._model.tokenizer.tokenize(word)) == 1

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Encode ``texts`` into a float32 array ``[len(texts), dimension]`` of unit length.

        Texts of like length share a batch, because a batch costs as much as its longest text.
        """
        vectors = np.empty((len(texts), self.dimension), np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for start in range(0, len(texts), _BATCH):
            chosen = by_length[start : start + _BATCH]
            vectors[chosen] = self._model.encode(
                [texts[index][:_MAX_CHARS] for index in chosen],
                batch_size=_BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            if progress:
                progress(len(chosen))
        return vectors

    @cached_property
    def _model(self) -> Any:
        quiet_bitsandbytes()
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            model = SentenceTransformer(
                str(self._folder), device=self._device, local_files_only=True
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"The encoder '{self._name}' cannot be loaded: {error}.",
                hint=f"Fetch it again: llmrec models rm {self._name}; "
                f"llmrec models pull {self._name}",
            ) from error
        finally:
            if bars:
                logging.enable_progress_bar()
        return model.float()


def _json(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
