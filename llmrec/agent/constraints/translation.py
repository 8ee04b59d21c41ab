"""What a shopper refuses in one language, in the catalogue's words of another: "Huhn" is chicken.

Titles, values and categories are matched by their letters, and a refusal that matches none holds
nothing. Before that is said, the multilingual encoder looks for the name that means the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from llmrec.embedding.protocol import TextEncoder
    from llmrec.types import FloatArray

__all__ = ["Translator"]


class Translator:
    """Finds names of a catalogue that mean what a word of another language means.

    Safe to share between threads; the names are encoded when it is first asked, about a
    millisecond each.

    Args:
        names: of the catalogue.
        encoder: asked when first needed; ``None`` where no encoder reads several languages.
    """

    SAME = 0.76
    """Cosine from which two names mean the same; docs/design/021-conversation.md has the table."""

    AS_GOOD = 0.05
    """How far below the best another form of the same name may lie: "tool" below "Tools"."""

    def __init__(self, names: Sequence[str], encoder: Callable[[], TextEncoder | None]) -> None:
        self.names = tuple(names)
        self._load = encoder
        self._lock = threading.Lock()

    def names_of(self, word: str, sought: str = "") -> tuple[str, ...]:
        """The names that mean the same as ``word``, the likeliest first.

        Args:
            word: of a shopper.
            sought: what they look for, which is never what they refuse: who wants tea and no green
                tea wants tea.
        """
        scores = self._scores([word, sought] if sought else [word])
        if not scores.size:
            return ()
        same = scores[0] >= max(self.SAME, float(scores[0].max()) - self.AS_GOOD)
        if sought:
            same &= scores[1] < self.SAME
        places = np.flatnonzero(same)
        return tuple(self.names[n] for n in places[np.argsort(-scores[0, places])])

    def nearest(self, words: Sequence[str]) -> list[tuple[str, float]]:
        """The nearest name of each word and its cosine; empty without an encoder or names."""
        scores = self._scores(words)
        if not scores.size:
            return []
        best = scores.argmax(axis=1)
        return [(self.names[n], float(row[n])) for row, n in zip(scores, best, strict=True)]

    def _scores(self, words: Sequence[str]) -> FloatArray:
        """Cosines, float32 ``[len(words), len(names)]``; none without an encoder or names."""
        with self._lock:
            encoder, vectors = self._encoder, self._vectors
        if encoder is None or not vectors.size:
            return np.empty((0, 0), np.float32)
        return np.asarray(encoder.encode(words) @ vectors.T, np.float32)

    @cached_property
    def _encoder(self) -> TextEncoder | None:
        return self._load()

    @cached_property
    def _vectors(self) -> FloatArray:
        if self._encoder is None or not self.names:
            return np.empty((0, 0), np.float32)
        return self._encoder.encode(self.names)
