"""What several orders of the same candidates are worth (``ranking.permutations``), and cost.

    python scripts/bench/orders.py --examples bench-work/ranker/examples/validation.jsonl \
        --adapter bench-work/ranker/adapter --orders 1 2 4 8 --cases 400

Every example is asked in as many orders as the largest of ``--orders``; smaller numbers average the
first of them, as ``llmrec.ranking`` does. For each number: NDCG@10 of the model alone with its
interval, the paired difference from one order, and the spread between two disjoint averages
(Kendall's tau), which says how much of a ranking is the order that it was asked in. Examples come
from ``scripts/bench/ranker.py``. The cost is the number: so many prompts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from adapted import examples_of, network_of, options
from intervals import interval
from numpy.typing import NDArray
from processes import machine
from scipy.stats import kendalltau

from llmrec.engines.local.head import float32_head
from llmrec.finetune.batches import TokenExample, tokenise
from llmrec.finetune.examples import RankingExample
from llmrec.finetune.ranker.weight import ndcg_at_k

Scores = NDArray[np.float64]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[1, 2, 4, 8])
    args = parser.parse_args()
    network, ids = network_of(args)
    some = examples_of(args.examples, args.cases)
    said = []
    for case in some:
        places = orders(len(case.labels), max(args.orders))
        sheets = [reordered(case, one) for one in places]
        scored = log_probs(network, tokenise(sheets, ids, model=args.base, max_tokens=2048))
        said.append(np.array([by_candidate(*pair) for pair in zip(scored, places, strict=True)]))
    print(json.dumps({"machine": machine(), **figures(said, some, sorted(args.orders))}, indent=2))


def orders(n: int, most: int) -> list[list[int]]:
    """``most`` orders of ``n`` places; the first is the example's own."""
    return [list(range(n))] + [
        random.Random(f"order {one}").sample(range(n), n) for one in range(1, most)
    ]


def reordered(example: RankingExample, order: Sequence[int]) -> RankingExample:
    """The same labels in the same places; behind label ``i`` stands candidate ``order[i]``."""
    lines = example.prompt.split("\n")
    marks = [f"({label}) " for label in example.labels]
    at = [next(i for i, line in enumerate(lines) if line.startswith(mark)) for mark in marks]
    texts = [lines[i].removeprefix(mark) for i, mark in zip(at, marks, strict=True)]
    for i, mark, candidate in zip(at, marks, order, strict=True):
        lines[i] = mark + texts[candidate]
    return replace(example, prompt="\n".join(lines), target=list(order).index(example.target))


@torch.inference_mode()
def log_probs(network: Any, sheets: Sequence[TokenExample]) -> list[Scores]:
    """Of each sheet's labels, by place."""
    said = []
    for one in sheets:
        with torch.autocast("cpu", dtype=torch.bfloat16), float32_head(network):
            tokens = torch.tensor([one.tokens])
            logits = network(input_ids=tokens, use_cache=False, logits_to_keep=1).logits[0, -1]
        labels = torch.tensor(one.label_tokens)
        said.append(logits.double()[labels].log_softmax(0).numpy())
    return said


def by_candidate(scores: Scores, order: Sequence[int]) -> Scores:
    """Scores by place, put in the order of the example's own candidates."""
    made = np.empty_like(scores)
    made[list(order)] = scores
    return made


def figures(
    said: Sequence[Scores], cases: Sequence[RankingExample], numbers: Sequence[int]
) -> dict[str, Any]:
    """``said`` has an array ``[orders, candidates]`` for each case."""
    gains = np.array(
        [
            [ndcg_at_k(own[:n].mean(axis=0), case.target) for n in numbers]
            for own, case in zip(said, cases, strict=True)
        ]
    )
    made = {
        str(n): {
            "ndcg@10": interval(gains[:, i]),
            "against the first": interval(gains[:, i] - gains[:, 0]),
            "tau between halves": agreement(said, n),
        }
        for i, n in enumerate(numbers)
    }
    return {"cases": len(cases), "orders": made}


def agreement(said: Sequence[Scores], n: int) -> float | None:
    """Mean tau of an average of ``n`` orders with one of ``n`` others; None: too few."""
    if 2 * n > len(said[0]):
        return None
    pairs = ((own[:n].mean(axis=0), own[n : 2 * n].mean(axis=0)) for own in said)
    return float(np.nanmean([kendalltau(one, other).statistic for one, other in pairs]))


if __name__ == "__main__":
    main()
