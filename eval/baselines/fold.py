"""What a baseline may learn from: the known events of one part, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.moments import by_moment, moments_of
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.splits import Part
from llmrec.types import Event

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Fold", "histories_matrix"]


@dataclass(frozen=True)
class Fold:
    """Events that may be learnt from, and the catalogue that is ranked.

    ``cache`` holds what several settings of one model share (a Gram matrix, item vectors), so that
    tuning does not make it again.
    """

    items: ItemTable
    events: tuple[Event, ...]
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, data: EvalData, part: Part) -> Fold:
        """What may be known when ``part`` is asked; see :meth:`llmrec.eval.Split.known`."""
        return cls(data.items, data.split.known(part))

    @cached_property
    def sequences(self) -> list[NDArray[np.int64]]:
        """Each user's item rows, oldest first; items outside the catalogue are left out.

        Those of one moment are in a drawn order, see :mod:`llmrec.catalog.moments`.
        """
        return [
            np.array([self.items.row[event.item] for event in events])
            for _, events in groupby(self._ordered, key=lambda event: event.user)
        ]

    @cached_property
    def moments(self) -> NDArray[np.int64]:
        """A number for each event of all :attr:`sequences`; equal ones have no order."""
        return np.fromiter(moments_of(self._ordered), np.int64, len(self._ordered))

    @cached_property
    def _ordered(self) -> list[Event]:
        return by_moment(event for event in self.events if event.item in self.items.row)

    @cached_property
    def matrix(self) -> csr_matrix:
        """Users by items, 1 where the user touched the item; float32 ``[n_users, n_items]``."""
        return histories_matrix(self.sequences, len(self.items), None)

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """Number of different users of each item; ``[n_items]``."""
        return np.asarray(self.matrix.sum(axis=0), dtype=np.float64).ravel()

    def recent_counts(self, half_life_days: float) -> NDArray[np.float64]:
        """Events of each item, each weighing half as much per ``half_life_days`` of age.

        In a log without times a day is one event: a user's last one is new, wherever it lies. What
        has no time among others that do is as old as the oldest.
        """
        times = [event.at for event in self.events if event.at]
        weights = np.zeros(len(self.items))
        ages = [_days(max(times), event.at or min(times)) for event in self.events if times]
        for event, age in zip(self.events, ages or self._places_from_the_end, strict=True):
            row = self.items.row.get(event.item)
            if row is not None:
                weights[row] += 0.5 ** (age / half_life_days)
        return weights

    @cached_property
    def _places_from_the_end(self) -> list[float]:
        """How many moments each event lies before its user's last one."""
        ages: dict[int, float] = {}
        for _, group in groupby(by_moment(self.events), key=lambda event: event.user):
            history = list(group)
            numbers = list(moments_of(history))
            ages.update(
                (id(event), float(numbers[-1] - n))
                for event, n in zip(history, numbers, strict=True)
            )
        return [ages[id(event)] for event in self.events]


def histories_matrix(
    histories: Sequence[NDArray[np.int64]], n_items: int, half_life: float | None
) -> csr_matrix:
    """Histories as rows, float32 ``[len(histories), n_items]``.

    Args:
        histories: item rows, oldest first.
        n_items: width.
        half_life: entries after which a weight has halved, counted from the last; ``None`` weighs
            all alike. An item that comes twice has the weight of its last time.
    """
    from scipy.sparse import csr_matrix

    columns: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    for history in histories:
        newest_first, age = np.unique(history[::-1], return_index=True)
        columns.append(newest_first.astype(np.int64))
        weight = np.ones(len(age)) if half_life is None else 0.5 ** (age / half_life)
        values.append(weight.astype(np.float32))
    ends = np.concatenate([[0], np.cumsum([len(column) for column in columns], dtype=np.int64)])
    flat = np.concatenate(columns) if columns else np.zeros(0, np.int64)
    data = np.concatenate(values) if values else np.zeros(0, np.float32)
    return csr_matrix((data, flat, ends), shape=(len(histories), n_items))


def _days(newest: datetime, at: datetime) -> float:
    return (newest - at.astimezone(timezone.utc)).total_seconds() / 86_400
