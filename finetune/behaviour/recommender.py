"""A behaviour encoder as a recommender of its own, for evaluations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from llmrec.embedding.behaviour import BehaviourEncoder, History
from llmrec.finetune.behaviour.prepare import Catalogue
from llmrec.finetune.behaviour.sequences import LoggedCase
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.train import train_behaviour
from llmrec.finetune.behaviour.validation import as_history
from llmrec.types import Event, FloatArray

__all__ = ["BehaviourRecommender"]


class BehaviourRecommender:
    """Answers histories by the encoder alone, over every item that it has a vector of.

    Args:
        encoder: from :func:`~llmrec.finetune.behaviour.train_behaviour` or ``load_behaviour``.
    """

    def __init__(self, encoder: BehaviourEncoder) -> None:
        self._encoder = encoder

    @classmethod
    def fit(
        cls,
        events: Iterable[Event],
        catalogue: Catalogue,
        settings: BehaviourSettings | None = None,
        *,
        validation: Sequence[LoggedCase] | None = None,
        folder: Path | None = None,
    ) -> BehaviourRecommender:
        """A recommender that has learned from ``events``, such as those known to a baseline.

        The arguments and errors are those of :func:`~llmrec.finetune.behaviour.train_behaviour`.
        """
        made = train_behaviour(events, catalogue, settings, validation=validation, folder=folder)
        return cls(made.encoder)

    def recommend_many(
        self, histories: Sequence[Sequence[str | Event]], *, k: int
    ) -> list[list[str]]:
        """The ``k`` best items outside each history, best first; nothing where none is known.

        Args:
            histories: oldest first; item ids, or whole events, whose kinds and times are then read.
            k: length of a list.
        """
        read = [_history(history) for history in histories]
        users = self._encoder.encode(read)
        scores = users @ self._encoder.item_vectors().T
        answers = zip(read, users, scores, strict=True)
        return [
            self._best(user_scores, known, k) if user.any() else []
            for known, user, user_scores in answers
        ]

    def _best(self, scores: FloatArray, history: History, k: int) -> list[str]:
        row, ids = self._encoder.row, self._encoder.item_ids
        seen = {row[id] for id in history.items if id in row}
        scores[list(seen)] = -np.inf
        k = min(k, len(scores) - len(seen))
        best = np.argpartition(-scores, max(k - 1, 0))[:k]
        order = np.lexsort((best, -scores[best]))[:k]
        return [ids[place] for place in best[order]]


def _history(entries: Sequence[str | Event]) -> History:
    events = [entry for entry in entries if isinstance(entry, Event)]
    if len(events) == len(entries):
        return as_history(events)
    return History(items=[entry.item if isinstance(entry, Event) else entry for entry in entries])
