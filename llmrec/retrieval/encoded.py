"""Vectors of short texts, remembered: a chat asks with the same words again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from llmrec.embedding import TextEncoder
from llmrec.types import FloatArray

__all__ = ["EncodedTexts"]

_REMEMBERED = 2_000


class EncodedTexts:
    """An encoder with a memory of the last texts."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self._known: dict[str, FloatArray] = {}
        self._traits: dict[str, bool] = {}

    def get(self, texts: Iterable[str]) -> dict[str, FloatArray]:
        """The unit vector ``[d]`` of each text; new ones are encoded in one batch."""
        wanted = dict.fromkeys(texts)
        known = self._known
        new = [text for text in wanted if text not in known]
        if new:
            known = {**known, **dict(zip(new, self.encoder.encode(new), strict=True))}
        vectors = {text: known[text] for text in wanted}
        for text in list(known)[: max(len(known) - _REMEMBERED, 0)]:
            del known[text]
        self._known = known  # one assignment: threads may ask at the same time
        return vectors

    def knows(self, word: str) -> bool:
        """Whether the encoder has met a word in lower case as a whole."""
        return self.encoder.knows(word)

    def trait(self, name: str, ask: Callable[[], bool]) -> bool:
        """Something that is always so of this encoder: asked once, then remembered."""
        if name not in self._traits:
            self._traits[name] = ask()
        return self._traits[name]
