"""Ranking among a sample of items, as many older papers did it; only on request, and labelled.

The figures are another measure than those of full ranking, and can order systems differently
(Krichene & Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020). They serve to compare
with papers that report nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmrec.errors import DataError
from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.splits import Case

__all__ = ["SampledItems", "sampled_items"]


@dataclass(frozen=True)
class SampledItems:
    """Each case is ranked among its targets and ``negatives`` items drawn alike for everybody.

    Neither targets nor items of the history are drawn. What a case gets depends on ``seed`` and on
    its user alone, so every recommender faces the same sample.

    Attributes:
        ids: the whole catalogue; recommenders are asked to rank all of it.
        negatives: how many are drawn for a case.
        seed: of the draw.

    Raises:
        DataError: fewer than one is to be drawn, or more than there are.
    """

    ids: Sequence[str]
    negatives: int
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.negatives <= len(self.ids):
            raise DataError(
                f"{self.negatives} negatives cannot be drawn from {len(self.ids)} items.",
                hint="Draw at least 1, or leave them out to rank the whole catalogue.",
            )

    def drawn(self, case: Case) -> list[str]:
        """The case's negatives; fewer where the catalogue has fewer that qualify."""
        barred = {*case.target_ids, *case.history_ids}
        free = [id for id in self.ids if id not in barred]
        draw = random.Random(f"{self.seed}:{case.user}")
        return draw.sample(free, min(self.negatives, len(free)))

    def keep(self, ids: Iterable[str], case: Case) -> list[str]:
        """What is left of a case's list, in its order."""
        among = {*case.target_ids, *self.drawn(case)}
        return [id for id in ids if id in among]


def sampled_items(items: ItemTable | None, negatives: int | None, seed: int) -> SampledItems | None:
    """What targets are ranked among; ``None`` for full ranking, where ``negatives`` is ``None``.

    Raises:
        DataError: there is no catalogue to draw from, or it is too small.
    """
    if negatives is None:
        return None
    if items is None:
        raise DataError(
            "negatives are drawn from a catalogue, and a split alone has none.",
            hint="Pass what open_data returns, or rank the whole catalogue.",
        )
    return SampledItems(items.ids, negatives, seed)
