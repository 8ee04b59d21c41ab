"""Would EASE be worth being a source? The fusion's validation with it and without.

    python scripts/bench/fusion_ease.py ../shared/data/amazon14_beauty --out bench-work/fusion

``--out`` is that of a finished ``scripts/bench/fusion.py``, whose validation workspace is asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from llmrec.catalog.store import CatalogStore
from llmrec.eval import open_data
from llmrec.eval.baselines.fold import Fold
from llmrec.eval.baselines.linear import EASE
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.finetune.fusion import ask_sources, choose_fusion, fused_figures
from llmrec.finetune.fusion.train import drawn
from llmrec.retrieval import RetrievalRequest, Retriever
from llmrec.retrieval.sources.base import Hits, best


class WithEASE(Retriever):
    """A retriever with one source more."""

    ease: EASE | None = None
    depth = 100

    def found(self, requests: Sequence[RetrievalRequest]) -> Any:
        """See :meth:`Retriever.found`."""
        answers, row = super().found(requests)
        if self.ease is not None:
            ids = [
                [row[e.item or ""] for e in request.history if e.item in row]
                for request in requests
            ]
            histories = [np.array(items, np.int64) for items in ids]
            for hits, seen, scores in zip(answers, ids, self.ease.scores(histories), strict=True):
                scores[seen] = -np.inf
                there = np.flatnonzero(scores > 0)
                hits["ease"] = best(there, scores[there], self.depth) if len(there) else Hits.none()
        return answers, row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cases", type=int, default=10_000)
    args = parser.parse_args()
    data = open_data(args.data)
    shop = evaluation_shop(data, "valid", folder=args.out / "shop")
    cases = drawn([case for case in data.split.valid if case.history], args.cases, 0)
    weights = {**shop.settings.retrieval.weights, "ease": 1.5}
    started = perf_counter()
    ease = EASE(Fold.of(data, "valid"), ridge=100.0, half_life=2.0)
    print(f"EASE fitted in {perf_counter() - started:.0f} s", flush=True)
    with (
        CatalogStore.open(shop.database_url) as store,
        WithEASE.open(shop, store) as retriever,
    ):
        assert isinstance(retriever, WithEASE)
        for source in (None, ease):
            retriever.ease = source
            answers = ask_sources(retriever, cases, WithEASE.depth)
            choice = choose_fusion(answers, weights)
            print("with EASE" if source else "without", choice.winner, flush=True)
            for name in choice.places:
                print(" ", name, {k: str(v) for k, v in fused_figures(choice, name).items()})


if __name__ == "__main__":
    main()
