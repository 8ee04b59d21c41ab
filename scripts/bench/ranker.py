"""The LoRA ranker over its retriever on a data folder: train it, then rank the whole test part.

    python scripts/bench/ranker.py ../shared/data/amazon14_beauty --shop bench-work/fusion/shop \
        --out bench-work/ranker --candidates 10 --history 5

``--shop`` is the workspace that ``scripts/bench/fusion.py --out`` leaves, with a behaviour encoder
and a fusion for the test part. The ranker trains as ``llmrec train ranker`` does: on each user's
last new item but one before the test, with a retriever that has not learned from it, and validates
on the last. Targets that this retriever did not find are left out. If validation says that the
adapter helps, the language model is asked on the test users whose target is among the candidates;
on the others no order of the candidates changes a figure, and they count as 0 on both sides.

Stopped at any moment, the same command goes on where it was. ``result.json`` has the figures,
``adapter/`` the adapter, ``adapter-curves/`` TensorBoard's files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from processes import machine
from scipy.special import log_softmax

from llmrec.artifacts import Artifacts
from llmrec.cli.train_shared import training_settings
from llmrec.config import Workspace
from llmrec.eval import Case, EvalData, RunScores, compare_all, open_data
from llmrec.eval.judging.asking import in_batches
from llmrec.eval.main_path.recommenders import open_main_path, open_retriever
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.finetune import (
    EvaluationReport,
    ExampleSet,
    LoraSettings,
    StepReport,
    train_lora,
)
from llmrec.finetune.example_files import kept_examples
from llmrec.finetune.ranker.logs import TensorBoard
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.ranker.publish import publish_ranker
from llmrec.finetune.ranker.shop import ExampleOptions, RankerData, ranker_data
from llmrec.finetune.ranker.weight import ndcg_at_k
from llmrec.ranking import fuse
from llmrec.types import Recommendations

METRIC = "ndcg@10"


def main() -> None:
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    data = open_data(args.data, order=args.order)
    ranking = {"history_items": args.history, "token_budget": args.tokens}
    asked = {"ranking": ranking, "retrieval": {"candidates": args.candidates}}
    shop = evaluation_shop(data, "test", folder=args.shop, overrides=asked)
    found: dict[str, Any] = {"machine": machine(), "asked": vars(args) | {"data": data.name}}
    found["training"] = trained(shop, args)
    if Artifacts(shop.models_dir).current("ranker"):
        found["test"] = judged(data, shop, args, found["training"]["llm_weight"])
    else:
        say("the adapter does not serve, so that every list is the retriever's: no test")
    (args.out / "result.json").write_text(json.dumps(found, indent=2, default=str))
    print(json.dumps(found.get("test", found["training"]), indent=2))


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="what llmrec.eval.open_data takes")
    parser.add_argument("--shop", type=Path, required=True, help="an evaluation's workspace")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything")
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--history", type=int, default=10, help="latest entries in a prompt")
    parser.add_argument("--tokens", type=int, default=1800, help="of a candidate's prompt, at most")
    parser.add_argument("--examples", type=int, help="train on so many users; default: all")
    parser.add_argument("--minutes", type=float, help="of training, at most")
    parser.add_argument("--validation", type=int, default=6_000, help="users that validate")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def settings_of(args: argparse.Namespace) -> LoraSettings:
    """The adapter's settings: ``--seed`` and ``--set``."""
    return training_settings(LoraSettings, {"seed": args.seed}, args.set)


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def trained(shop: Any, args: argparse.Namespace) -> dict[str, Any]:
    """Train unless that was done, let the adapter serve, and return what its card says."""
    folder = args.out / "adapter"
    if not folder.exists():
        data = ranker_data(
            shop,
            prompt_maker(shop.settings.models.llm),
            args.out / "examples",
            ExampleOptions(
                max_examples=args.examples,
                per_user=settings_of(args).per_user,
                folds=settings_of(args).folds,
                retrieved_only=True,
                validation=args.validation,
                seed=args.seed,
            ),
            progress=lambda done, of: say(f"  {done:,} of {of:,}") if done % 2_000 == 0 else None,
        )
        say(f"{len(data.train.examples):,} examples, {len(data.validation.examples):,} to validate")
        learned(shop, data, folder, args)
        publish_ranker(shop, folder)
    card = json.loads((folder / "card.json").read_text())
    extra = card["extra"]
    return {
        "seconds": card["seconds"],
        "examples": extra["examples"],
        "llm_weight": extra["llm_weight"],
        "retrieval_scale": extra.get("retrieval_scale"),
        "retriever_loss": retriever_loss(args.out / "examples", extra.get("retrieval_scale")),
        "evaluations": extra["evaluations"],
        "validation": card["metrics"],
    }


def retriever_loss(folder: Path, scale: float | None) -> float | None:
    """The validation loss of the retriever's scores times ``scale``, where there is one."""
    if scale is None:
        return None
    examples = kept_examples(folder / "validation.jsonl", _missing).examples
    said = [
        log_softmax(scale * np.array(example.retrieval))[example.target] for example in examples
    ]
    return float(-np.mean(said))


def _missing() -> ExampleSet:
    raise SystemExit("The examples are gone; remove the adapter, and it is trained anew.")


def learned(shop: Workspace, data: RankerData, folder: Path, args: argparse.Namespace) -> None:
    """Train an adapter into ``folder``, with TensorBoard's curves beside it."""
    with closing(TensorBoard(folder.with_name(f"{folder.name}-curves"))) as board:

        def tell(report: StepReport | EvaluationReport) -> None:
            board.tell(report)
            if isinstance(report, EvaluationReport) or report.step % 10 == 0:
                say(f"  {report}")

        train_lora(
            data.train,
            shop.settings.models.llm,
            folder,
            settings_of(args),
            validation=data.validation,
            seconds=None if args.minutes is None else 60 * args.minutes,
            progress=tell,
        )


def judged(data: EvalData, shop: Any, args: argparse.Namespace, weight: float) -> dict[str, Any]:
    """Figures of the whole test part."""
    cases = [one for one in data.split.test if one.history]
    lists = retrieved(data, shop, cases)
    some = [one for one, own in zip(cases, lists, strict=True) if one.target_ids & set(own)]
    say(f"the target is among {args.candidates} candidates of {len(some):,} of {len(cases):,}")
    answers = ranked(data, shop, some)
    return figures(answers, some, len(cases), weight)


def retrieved(data: EvalData, shop: Any, cases: Sequence[Case]) -> list[list[str]]:
    """The retriever's list for each case, best first, as long as the model would rank."""
    lists: list[list[str]] = []
    with open_retriever(data, "test", shop) as path:
        for batch in in_batches(cases, 256):
            shown = [list(one.history) for one in batch]
            lists += path.recommend_many(shown, k=shop.settings.retrieval.candidates)
            if len(lists) % 4_096 == 0:
                say(f"  retrieved for {len(lists):,} of {len(cases):,}")
    return lists


def ranked(data: EvalData, shop: Any, cases: Sequence[Case]) -> list[Recommendations]:
    """The main path's answer to each case, ten items at most."""
    answers: list[Recommendations] = []
    with open_main_path(data, "test", shop) as path:
        for batch in in_batches(cases, 64):
            shown = [list(one.history) for one in batch]
            answers += path.recommend_many(shown, k=min(10, shop.settings.retrieval.candidates))
            if len(answers) % 512 == 0:
                say(f"  ranked for {len(answers):,} of {len(cases):,}")
    return answers


def figures(
    answers: Sequence[Recommendations], cases: Sequence[Case], everybody: int, weight: float
) -> dict[str, Any]:
    """NDCG@10 of three orders of the same candidates, with the paired test; see the docstring."""
    users = tuple(f"{one.user} {number}" for number, one in enumerate(cases))
    weights = {"retriever": 0.0, "model": 1.0, "fused": weight}
    values = {
        name: np.array([gain(*pair, share) for pair in zip(answers, cases, strict=True)])
        for name, share in weights.items()
    }
    made: dict[str, Any] = {"users": everybody, "retrieved": len(cases), "weight": weight}
    made["on retrieved"] = compared(users, values)
    missing = everybody - len(cases)
    filled = {name: np.concatenate([one, np.zeros(missing)]) for name, one in values.items()}
    made["on all"] = compared((*users, *map(str, range(missing))), filled)
    return made


def compared(users: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Means with 95 % intervals of each order, and each against the retriever's, paired."""
    ends = bootstrap_intervals(np.column_stack(list(values.values())))
    runs = [RunScores(name, users, {METRIC: one}) for name, one in values.items()]
    return {
        METRIC: {
            name: [float(one.mean()), *map(float, end)]
            for (name, one), end in zip(values.items(), ends, strict=True)
        },
        "against the retriever": [
            one.to_dict() for one in compare_all(runs, metrics=[METRIC], against="retriever")
        ],
    }


def gain(answer: Recommendations, case: Case, weight: float) -> float:
    """NDCG@10 with ``weight`` for the model."""
    shown = answer.considered
    found = [one.scores["retrieval"] for one in shown]
    said = [one.scores["llm"] for one in shown]
    target = next(place for place, one in enumerate(shown) if one.id in case.target_ids)
    return ndcg_at_k(fuse(found, said, weight), target)


if __name__ == "__main__":
    main()
