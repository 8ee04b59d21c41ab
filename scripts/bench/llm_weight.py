"""How much the model's opinion is worth: NDCG@10 over the share of the model in the score.

    python scripts/bench/llm_weight.py --data ../shared/data/amazon14_beauty --users 200

Training events alone go into the store; the validation targets are what has to be found. Each
user's candidates are ranked once, and the parts of the score are mixed again for each weight. The
users are those of a seeded sample whose target was retrieved: elsewhere no weight can help.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from processes import machine
from shops import prepare_shop

from llmrec import Recommendations, Recommender
from llmrec.engines import load_engine
from llmrec.eval.data.splits import Case
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.ranking import Ranker
from llmrec.ranking.fusion import fuse

WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def gain(answer: Recommendations, targets: frozenset[str], weight: float) -> float:
    """NDCG@10 of one target when the model has ``weight`` in the score; ties count against it."""
    llm = np.array([one.scores["llm"] for one in answer.considered])
    retrieval = np.array([one.scores["retrieval"] for one in answer.considered])
    scores = np.asarray(fuse(list(retrieval), list(llm), weight))
    at = next(place for place, one in enumerate(answer.considered) if one.id in targets)
    rank = int((scores >= scores[at]).sum())
    return float(1 / np.log2(rank + 1)) if rank <= 10 else 0.0


def report(answers: list[tuple[Recommendations, frozenset[str]]], name: str) -> None:
    """Print one row per weight: the mean, its 95 % interval, the difference to the retriever."""
    found = [
        (answer, targets)
        for answer, targets in answers
        if targets & {one.id for one in answer.considered}
    ]
    gains = {w: np.array([gain(a, t, w) for a, t in found]) for w in WEIGHTS}
    print(f"\n{name}: the target is among the candidates of {len(found)} of {len(answers)} users")
    print("| weight | NDCG@10 | difference to weight 0, with 95 % interval |\n|---|---|---|")
    for weight, values in gains.items():
        difference = values - gains[0.0]
        low, high = bootstrap_intervals(difference[:, None], seed=0)[0]
        lift = f"{difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]"
        print(f"| {weight} | {values.mean():.4f} | {lift} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--users", type=int, default=200, help="with a retrieved target")
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calibrate", action="store_true", help="also without the label prior")
    options = parser.parse_args()
    print(f"{options.data.name}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        workspace, split = prepare_shop(options.data, Path(folder) / "shop", options.order)
        cases = split.cases("valid")
        chosen = np.random.default_rng(options.seed).permutation(len(cases))
        engine = load_engine(workspace.settings.models.engine, workspace.settings.models.llm)
        flags = (False, True) if options.calibrate else (False,)
        kinds: dict[bool, list[tuple[Recommendations, frozenset[str]]]] = {f: [] for f in flags}
        shops = {flag: Recommender.open(workspace, engine=engine) for flag in kinds}
        for flag, shop in shops.items():
            shop.__dict__["ranker"] = Ranker(engine, workspace.settings.ranking, calibrate=flag)
        for index in chosen:
            case = cases[index]
            if len(kinds[False]) == options.users:
                break
            if not retrieved(shops[False], case):
                continue
            for flag, shop in shops.items():
                answer = shop.recommend(case.history_ids, k=20, explain=False)
                kinds[flag].append((answer, case.target_ids))
        for flag, answers in kinds.items():
            report(answers, "calibrated" if flag else "as it comes")


def retrieved(shop: Recommender, case: Case) -> bool:
    """Whether the target is among the candidates at all."""
    from llmrec.requests import as_history
    from llmrec.retrieval import RetrievalRequest
    from llmrec.types import Filters

    request = RetrievalRequest(as_history(case.history_ids), None, Filters())
    found = shop.retriever.retrieve(request, shop.settings.retrieval.candidates)
    return bool(case.target_ids & {one.item for one in found.candidates})


if __name__ == "__main__":
    main()
