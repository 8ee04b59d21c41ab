"""An encoder without weights: hashed words and letter triples, for tests and for trying things.

Feature hashing with signs, after Weinberger et al., "Feature Hashing for Large Scale Multitask
Learning" (2009). Texts that share words or parts of words come out similar; meaning is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from llmrec.types import FloatArray

__all__ = ["HashingEncoder"]

_TRIPLE_WEIGHT = 0.3


class HashingEncoder:
    """A deterministic :class:`~llmrec.embedding.TextEncoder` in numpy alone.

    Args:
        dimension: length of the vectors.

    >>> one, two, other = HashingEncoder().encode(["red lamp", "red lamps", "kettle"])
    >>> bool(one @ two > one @ other)
    True
    """

    def __init__(self, dimension: int = 64) -> None:
        self._dimension = dimension

    @property
    def name(self) -> str:
        """Always ``hashing``."""
        return "hashing"

    @property
    def fingerprint(self) -> str:
        """Version of the scheme and the dimension."""
        return f"hashing-1-{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def knows(self, word: str) -> bool:
        """Never: every word is as good as another here."""
        return False

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Encode ``texts`` into a float32 array ``[len(texts), dimension]`` of unit length."""
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(text):
                slot, sign = _hash(feature, self._dimension)
                vectors[row, slot] += sign * weight
            if not vectors[row].any():
                vectors[row, 0] = 1.0
            if progress:
                progress(1)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in text.casefold().split():
        yield word, 1.0
        padded = f"^{word}$"
        for start in range(len(padded) - 2):
            yield f"3:{padded[start : start + 3]}", _TRIPLE_WEIGHT


def _hash(feature: str, dimension: int) -> tuple[int, float]:
    value = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "little")
    return (value >> 1) % dimension, 1.0 if value & 1 else -1.0
