"""What a text encoder is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from llmrec.types import FloatArray

__all__ = ["TextEncoder"]


class TextEncoder(Protocol):
    """Maps texts to unit vectors whose dot product is their similarity."""

    @property
    def name(self) -> str:
        """The weights' name, e.g. ``minilm-l6-v2``."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would get another vector (weights, pooling, length)."""

    @property
    def dimension(self) -> int:
        """Length ``d`` of a vector."""

    def knows(self, word: str) -> bool:
        """Whether a word in lower case is one that the encoder has met as a whole.

        One that is misspelt it reads in pieces, and its vector says little.
        """

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Encode ``texts`` into a float32 array ``[len(texts), d]`` of unit length.

        Args:
            texts: what to encode; an empty string is allowed.
            progress: called with the number of texts done since the last call.
        """
