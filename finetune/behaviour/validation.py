"""Full-ranking validation: where each held-out item stands among all others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmrec.embedding.behaviour import BehaviourEncoder, History
from llmrec.finetune.behaviour.sequences import LoggedCase
from llmrec.types import Event, FloatArray

__all__ = ["EncoderValidation", "K", "Scores", "as_history"]

K = 10
_BLOCK = 256


@dataclass(frozen=True)
class Scores:
    """Recall and NDCG at 10 by case, float64 ``[cases]``."""

    recall: NDArray[np.float64]
    ndcg: NDArray[np.float64]

    @property
    def main(self) -> float:
        """Mean NDCG@10: what is stopped by."""
        return float(self.ndcg.mean())


class EncoderValidation:
    """Cases with at least one event in their history, at most ``users`` of them.

    Args:
        cases: histories with what came next.
        users: how many are drawn by ``seed``.
        seed: of the draw.
    """

    def __init__(self, cases: Sequence[LoggedCase], users: int, seed: int) -> None:
        warm = [case for case in cases if case.history and case.targets]
        if len(warm) > users:
            chosen = np.random.default_rng(seed).choice(len(warm), users, replace=False)
            warm = [warm[place] for place in np.sort(chosen)]
        self.histories = [as_history(case.history) for case in warm]
        self._targets = [[event.item for event in case.targets] for case in warm]

    def __len__(self) -> int:
        return len(self.histories)

    @property
    def sha256(self) -> str:
        """Of all that is asked: figures of other cases must not be gone on with."""
        whole = hashlib.sha256()
        for history, targets in zip(self.histories, self._targets, strict=True):
            parts = history.items, history.kinds, map(str, history.at), targets
            whole.update(json.dumps([list(part) for part in parts]).encode())
        return whole.hexdigest()

    def scores(self, encoder: BehaviourEncoder, among: Collection[str] | None = None) -> Scores:
        """How well ``encoder`` answers; targets that it does not know count as missed.

        Args:
            encoder: what is judged.
            among: items that may be answered; by default all that it knows.
        """
        users, table, row = encoder.encode(self.histories), encoder.item_vectors(), encoder.row
        if among is not None:
            there = [id for id in among if id in row]
            table = table[[row[id] for id in there]]
            row = {id: at for at, id in enumerate(there)}
        return self._judge(users, table, row)

    def popularity(self, counts: NDArray[np.int64], row: Mapping[str, int]) -> Scores:
        """How well the most popular items outside each history answer.

        Args:
            counts: events of each item ``[items]``.
            row: the row of each item.
        """
        # A fraction of an event, drawn: ties would all count against popularity.
        table = counts + np.random.default_rng(0).random(len(counts))
        ones = np.ones((len(self), 1), np.float32)
        return self._judge(ones, table.astype(np.float32)[:, None], row)

    def _judge(self, users: FloatArray, table: FloatArray, row: Mapping[str, int]) -> Scores:
        recall, ndcg = np.zeros(len(self)), np.zeros(len(self))
        for start in range(0, len(self), _BLOCK):
            scores = users[start : start + _BLOCK] @ table.T
            for place, user_scores in enumerate(scores, start=start):
                ranks = _ranks(user_scores, self.histories[place].items, self._targets[place], row)
                recall[place], ndcg[place] = _at_k(ranks, len(self._targets[place]))
        return Scores(recall, ndcg)


def as_history(events: Sequence[Event]) -> History:
    """Events, oldest first, as the encoder reads them."""
    return History(
        items=[event.item for event in events],
        kinds=[event.kind.value for event in events],
        at=[event.at.timestamp() if event.at else np.nan for event in events],
    )


def _ranks(
    scores: FloatArray, seen: Sequence[str], targets: Sequence[str], row: Mapping[str, int]
) -> NDArray[np.int64]:
    """1-based ranks of the known targets outside the history; ties count against them.

    A score that is no number stands above the others, and is last where it is a target's.
    """
    scores[[row[id] for id in seen if id in row]] = -np.inf
    wanted = scores[[row[id] for id in targets if id in row]]
    # Not ">=": comparisons with nan are false, which must not help the target.
    return np.array([int((~(scores < score)).sum()) for score in wanted], np.int64)


def _at_k(ranks: NDArray[np.int64], targets: int) -> tuple[float, float]:
    """Recall and NDCG at 10 (Järvelin & Kekäläinen 2002) with ``targets`` relevant items."""
    top = ranks[ranks <= K]
    ideal = (1 / np.log2(np.arange(min(targets, K)) + 2)).sum()
    return len(top) / targets, float((1 / np.log2(top + 1.0)).sum() / ideal)
