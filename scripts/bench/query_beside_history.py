"""A shopper with a history asks for a thing: how much the words should count beside the history.

    python scripts/bench/query_beside_history.py ../shared/data/online_retail --repeats drop \
        --shop bench-work/fusion-online/shop --part valid --cases 1000

As in personalised product search (Ai et al. 2017, https://arxiv.org/abs/1708.08123), a query is
made of what was chosen: the last words of the target's title, the thing without its kind ("cake
stand" of PINK SMALL GLASS CAKE STAND), and what shoppers' logs say must pick the right one. Each of
``--shares`` is tried as ``retrieval.beside_query``; 0 asks without the history. Printed: NDCG@10
and recall@10 of the target with intervals, paired differences from share 1, and the share of the
first ten whose titles hold all words of the query. ``--shop`` is a workspace of
``scripts/bench/fusion.py``.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from intervals import interval
from processes import machine

from llmrec.catalog.store import CatalogStore
from llmrec.catalog.tokens import tokens
from llmrec.eval import Case, open_data
from llmrec.eval.judging.asking import sample_cases
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.finetune.fusion.ask import request_of
from llmrec.retrieval import RetrievalRequest, Retriever
from llmrec.retrieval.fusion import ReciprocalRanks, fuse
from llmrec.retrieval.sources.base import Hits

BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data")
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--repeats", default="keep", choices=("keep", "drop"))
    parser.add_argument("--shop", type=Path, required=True)
    parser.add_argument("--part", default="valid", choices=("valid", "test"))
    parser.add_argument("--cases", type=int, help="so many of the part, drawn by a seed")
    parser.add_argument("--words", type=int, default=2, help="of the title's end")
    parser.add_argument("--shares", type=float, nargs="*", default=[0, 0.1, 0.2, 0.33])
    args = parser.parse_args()
    data = open_data(args.data, order=args.order, repeats=args.repeats)
    shop = evaluation_shop(data, args.part, folder=args.shop)
    cases = [case for case in getattr(data.split, args.part) if case.history]
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store) as retriever:
        titles = {item.id: item.title for items in store.iter_items() for item in items}
        chosen = [case for case in cases if query_of(titles, case, args.words)]
        chosen = sample_cases(chosen, args.cases, 0) if args.cases else chosen
        requests = [asked(titles, case, args.words) for case in chosen]
        weights, k = shop.settings.retrieval.weights, shop.settings.retrieval.rrf_k
        hits_of_all = []
        for start in range(0, len(requests), BATCH):
            answers, row = retriever.found(requests[start : start + BATCH])
            hits_of_all += answers
    ids = sorted(row, key=row.__getitem__)
    every = ReciprocalRanks(weights, k)
    ways = {f"{share:g}": every.beside_words(share) for share in (1.0, *args.shares)}
    lists = {name: [ranked(hits, way, ids) for hits in hits_of_all] for name, way in ways.items()}
    print(json.dumps({"machine": machine(), **figures(lists, chosen, requests, titles)}, indent=2))


def query_of(titles: Mapping[str, str], case: Case, words: int) -> str:
    """The last words of the target's title that are words, or ``""``."""
    words_found = re.findall(r"[^\W\d_]{3,}", titles.get(case.targets[0].item, ""))
    return " ".join(words_found[-words:]).lower() if len(words_found) >= words else ""


def asked(titles: Mapping[str, str], case: Case, words: int) -> RetrievalRequest:
    """The shopper's history, and the query."""
    return replace(request_of(case), query=query_of(titles, case, words))


def ranked(hits: Mapping[str, Hits], blend: ReciprocalRanks, ids: Sequence[str]) -> list[str]:
    """The first ten of those sources that the blend uses."""
    used = {name: source_hits for name, source_hits in hits.items() if blend.uses(name)}
    return [candidate.item for candidate in fuse(used, blend, ids, n=10)]


def figures(
    lists: Mapping[str, Sequence[Sequence[str]]],
    cases: Sequence[Case],
    requests: Sequence[RetrievalRequest],
    titles: Mapping[str, str],
) -> dict[str, Any]:
    """What each way found, over all cases."""
    targets = [case.targets[0].item for case in cases]
    gains = {
        name: np.array([gain(*pair) for pair in zip(answer_lists, targets, strict=True)])
        for name, answer_lists in lists.items()
    }
    queries = [set(tokens(request.query or "")) for request in requests]
    made = {
        name: {
            "ndcg@10": interval(gains[name]),
            "recall@10": interval((gains[name] > 0).astype(float)),
            "ndcg@10 against 1": interval(gains[name] - gains["1"]),
            "titles with the words": float(
                np.mean(
                    [
                        words <= set(tokens(titles[id]))
                        for answer, words in zip(lists[name], queries, strict=True)
                        for id in answer
                    ]
                )
            ),
        }
        for name in lists
    }
    return {"cases": len(cases), "ways": made}


def gain(items: Sequence[str], target: str) -> float:
    """NDCG of one target."""
    return 1 / np.log2(items.index(target) + 2) if target in items else 0.0


if __name__ == "__main__":
    main()
