"""What shoppers ask a shop about, in three languages: from their words to those of a document.

"What if she doesn't like it?" shares no word and little meaning with "within 30 days of the day it
reached you". Both are near to the topic of returns: the one to how it is asked for, the other to
what it is about. The topics in ``topics.json`` hold for shops in general; some of them stand in no
document, and three are no matter of documents at all (products, wishes, small talk).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmrec.embedding import TextEncoder
from llmrec.embedding.languages import ENGLISH_ENCODER
from llmrec.embedding.universal import UniversalEncoder
from llmrec.retrieval.cache import cache_key, cached
from llmrec.types import FloatArray

__all__ = [
    "THRESHOLDS",
    "WITHOUT_TOPICS",
    "Topic",
    "TopicVectors",
    "default_threshold",
    "topics",
]

THRESHOLDS = {ENGLISH_ENCODER: 0.34, UniversalEncoder.NAME: 0.25}
"""Where F0.5 is best on the questions to fit on (precision counts twice: a wrong quotation is worse
than none). ``scripts/bench/questions.py`` prints the curve."""

WITHOUT_TOPICS = 0.44
"""For bare similarity: what fitted MiniLM's before there were topics."""

_TEMPERATURE = 0.03
"""By how much nearer one way of asking must be to count e times as much. Fitted with the threshold:
``scripts/bench/questions.py``."""


@dataclass(frozen=True)
class Topic:
    """A topic: what a document would say of it, if one can, and how shoppers ask for it."""

    name: str
    about: str | None
    asked: tuple[str, ...]


@lru_cache(maxsize=1)
def topics() -> tuple[Topic, ...]:
    """All topics, in the order of the file."""
    rows = json.loads((files("llmrec.documents") / "topics.json").read_text(encoding="utf-8"))
    return tuple(
        Topic(
            row["name"], row["about"], tuple(way for ways in row["asked"].values() for way in ways)
        )
        for row in rows
    )


def default_threshold(encoder: TextEncoder) -> float:
    """The score from which a passage answers, where the settings name none."""
    return THRESHOLDS.get(encoder.name, WITHOUT_TOPICS)


class TopicVectors:
    """The topics as one encoder sees them.

    Attributes:
        about: float32 ``[topics, d]``, of what documents say; zeros where they say nothing.
        asked: float32 ``[ways of asking, d]``.
    """

    def __init__(self, about: FloatArray, asked: FloatArray) -> None:
        self.about = about
        self.asked = asked

    @classmethod
    def load(cls, encoder: TextEncoder, cache: Path) -> TopicVectors | None:
        """Those of ``encoder``, encoded once for each workspace.

        ``None`` for an encoder whose scores with topics have no fitted threshold.

        Raises:
            DiskFull: no space left.
            WorkspaceError: the cache folder cannot be written.
        """
        if encoder.name not in THRESHOLDS:
            return None

        def build(folder: Path) -> None:
            about = encoder.encode([topic.about or "" for topic in topics()])
            about[[topic.about is None for topic in topics()]] = 0
            np.save(folder / "about.npy", about)
            ways = [way for topic in topics() for way in topic.asked]
            np.save(folder / "asked.npy", encoder.encode(ways))

        def read(folder: Path) -> TopicVectors:
            return cls(np.load(folder / "about.npy"), np.load(folder / "asked.npy"))

        name = f"topics-{encoder.name}"
        return cached(cache, name, cache_key(encoder.fingerprint, topics()), build=build, load=read)

    def weights(self, question: FloatArray) -> NDArray[np.float64]:
        """How much a question's vector ``[d]`` is of each topic: ``[topics]``, their sum is 1."""
        scores = (self.asked @ question).astype(np.float64)
        shares = np.exp((scores - scores.max()) / _TEMPERATURE)
        summed = np.bincount(_topic_of_way(), shares, minlength=len(topics()))
        return np.asarray(summed / summed.sum(), np.float64)


@lru_cache(maxsize=1)
def _topic_of_way() -> NDArray[np.int64]:
    return np.repeat(np.arange(len(topics())), [len(topic.asked) for topic in topics()])
