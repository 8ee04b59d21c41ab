"""The behaviour encoder on a data folder: train it for some seeds, evaluate, write JSON.

    python scripts/bench/behaviour.py --data ../shared/data/ml_latest_small --seeds 0 1 2 \
        --order position --set history=50 --set dropout=0.4 --out bench-work/behaviour/ml

Stopped at any moment, the same command goes on where it was: finished seeds are read from
``--out``, an unfinished one continues from its last checkpoint. Without refit the test
figures are those of the training that validation stopped; with it (``--set refit=true``) the
encoder has also learned the validation targets, as the harness's baselines have. ``--out`` keeps
of each seed the encoder, as ``load_behaviour`` reads it, and a run, as ``llmrec eval compare``
reads it: runs of one name with different seeds count as one system.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from typing import Any

import numpy as np

from llmrec.cli.train_shared import training_settings
from llmrec.embedding import load_encoder
from llmrec.embedding.behaviour import load_behaviour, save_behaviour
from llmrec.eval import EvalData, open_data
from llmrec.eval.data.splits import Case
from llmrec.eval.runs.runner import PlanOptions, make_plan
from llmrec.eval.runs.runner import run as run_planned
from llmrec.finetune.behaviour import (
    BehaviourRecommender,
    BehaviourResult,
    BehaviourSettings,
    Catalogue,
    EncoderStepReport,
    EpochReport,
    train_behaviour,
)
from llmrec.types import Event


def main() -> None:
    args = arguments()
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    data = open_data(args.data, order=args.order)
    print(f"{data.name}: {data.events:,} events, {len(data.items):,} items", flush=True)
    catalogue = Catalogue(data.items.ids, *texts(data, args.encoder, out.parent))
    chosen = settings_of(args.set)
    runs = []
    for seed in args.seeds:
        runs.append(one_seed(data, catalogue, chosen.model_copy(update={"seed": seed}), args))
        (out / "summary.json").write_text(json.dumps(summary(data, chosen, runs), indent=2))
    print(json.dumps(summary(data, chosen, runs)["mean"], indent=2))


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="what llmrec.eval.open_data takes")
    parser.add_argument("--out", type=Path, required=True, help="folder for results, checkpoints")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--encoder", default="minilm-l6-v2", help="of the texts; 'none' for none")
    parser.add_argument("--threads", type=int, default=None, help="of torch")
    parser.add_argument("--users", type=int, default=None, help="train on so many users only")
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--name", default="behaviour", help="what reports call the runs")
    parser.add_argument("--no-test", action="store_true", help="leave the test part alone")
    return parser.parse_args()


def settings_of(pairs: list[str]) -> BehaviourSettings:
    """``name=value`` pairs, the values as JSON where they are JSON."""
    return training_settings(BehaviourSettings, {}, pairs)


def texts(data: EvalData, encoder: str, cache: Path) -> tuple[Any, str]:
    """Text vectors of the items, encoded once for each data set and encoder."""
    if encoder == "none":
        return None, ""
    model = load_encoder(encoder)
    key = hashlib.sha256(f"{data.sha256} {model.fingerprint}".encode()).hexdigest()[:16]
    path = cache / f"texts-{key}.npy"
    if not path.exists():
        done = 0

        def tell(more: int) -> None:
            nonlocal done
            done += more
            if done % 1024 < more:
                print(f"  encoded {done:,} of {len(data.items):,} texts", flush=True)

        vectors = model.encode(data.items.text, progress=tell)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, vectors)
        os.replace(partial, path)
    return np.load(path), model.fingerprint


def one_seed(
    data: EvalData, catalogue: Catalogue, settings: BehaviourSettings, args: argparse.Namespace
) -> dict[str, Any]:
    """Train and evaluate one seed, or read what an earlier call found."""
    report: Path = args.out / f"seed-{settings.seed}.json"
    if report.exists():
        return _earlier_report(report, data, settings, args)
    if args.threads:
        import torch

        torch.set_num_threads(args.threads)
    train, cases = _of_users(data.split.train, data.split.valid, args.users)
    started = perf_counter()
    result = train_behaviour(
        train,
        catalogue,
        settings,
        validation=cases,
        folder=args.out / f"training-{settings.seed}",
        progress=Teller(settings.seed),
    )
    kept_at: Path = args.out / f"encoder-{settings.seed}"
    kept_at.mkdir(exist_ok=True)
    save_behaviour(result.encoder, kept_at)
    for warning in result.warnings:
        print("WARNING", warning, flush=True)
    figures = {"seed": settings.seed, "data": data.sha256, **_of_training(result, settings)}
    if not args.no_test:
        figures |= tested(data, settings, args)
    print(f"seed {settings.seed}: {perf_counter() - started:.0f} s in this call", flush=True)
    shown = {"valid": figures["valid"], "test": figures.get("test")}
    print(json.dumps(shown, indent=2), flush=True)
    report.write_text(json.dumps(figures, indent=2))
    return figures


def _earlier_report(
    report: Path, data: EvalData, settings: BehaviourSettings, args: argparse.Namespace
) -> dict[str, Any]:
    """What an earlier call found, if it was asked the same."""
    figures: dict[str, Any] = json.loads(report.read_text())
    same = figures["settings"] == settings.model_dump(mode="json")
    if not same or figures["data"] != data.sha256:
        raise SystemExit(f"{report} is of other settings or data; name another --out")
    print(f"seed {settings.seed}: read from {report}", flush=True)
    return figures if args.no_test else figures | tested(data, settings, args)


def _of_users(
    train: Sequence[Event], cases: Sequence[Case], most: int | None
) -> tuple[Sequence[Event], Sequence[Case]]:
    """Events and cases of the users of the first ``most`` cases; all of them for ``None``."""
    if not most:
        return train, cases
    users = {case.user for case in cases[:most]}
    return (
        tuple(event for event in train if event.user in users),
        tuple(case for case in cases if case.user in users),
    )


def _of_training(result: BehaviourResult, settings: BehaviourSettings) -> dict[str, Any]:
    """What is written of a training: settings, curve, seconds, MB and validation's means."""
    return {
        "settings": settings.model_dump(mode="json"),
        "config": result.encoder.config.model_dump(mode="json"),
        "parameters": result.parameters,
        "epochs": len(result.reports),
        "best": result.best,
        "refitted": result.refitted,
        "curve": [
            [report.loss, report.recall, report.ndcg, report.seconds] for report in result.reports
        ],
        "seconds": round(result.seconds, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "valid": {
            "recall@10": float(result.scores.recall.mean()),
            "ndcg@10": float(result.scores.ndcg.mean()),
            "popularity ndcg@10": float(result.popularity.ndcg.mean()),
        },
    }


def tested(data: EvalData, settings: BehaviourSettings, args: argparse.Namespace) -> dict[str, Any]:
    """Means and intervals on the test part, from the seed's run, which is made if it is not there.

    The encoder is read from where it was kept.
    """
    plan = make_plan(
        data,
        {
            "name": "behaviour",
            "kind": "other",
            "settings": settings.model_dump(mode="json", exclude={"seed"}),
        },
        PlanOptions(name=args.name, seed=settings.seed, batch=256),
    )
    model = BehaviourRecommender(load_behaviour(args.out / f"encoder-{settings.seed}"))
    folder = args.out / f"run-{settings.seed}"
    metrics = run_planned(model, data, plan, folder, resume=True, history="events").record[
        "metrics"
    ]
    names = ("recall@5", "ndcg@5", "recall@10", "ndcg@10", "recall@20", "ndcg@20")
    return {
        "test": {name: metrics[name]["mean"] for name in names},
        "intervals": {name: [metrics[name]["low"], metrics[name]["high"]] for name in names},
    }


class Teller:
    """Prints a line for each epoch, and one a minute in long ones."""

    def __init__(self, seed: int) -> None:
        self._seed, self._told = seed, perf_counter()

    def __call__(self, report: EpochReport | EncoderStepReport) -> None:
        """Hear of a step or an epoch."""
        if isinstance(report, EncoderStepReport):
            if perf_counter() - self._told > 60:
                self._told = perf_counter()
                print(f"    step {report.step}/{report.steps} loss {report.loss:.4f}", flush=True)
            return
        self._told = perf_counter()
        figures = "" if report.ndcg is None else f"R@10 {report.recall:.4f} N@10 {report.ndcg:.4f}"
        star = " *" if report.best and report.ndcg is not None else ""
        print(
            f"  seed {self._seed} epoch {report.epoch:3d} loss {report.loss:.4f} {figures} "
            f"{report.seconds:.1f} s{star}",
            flush=True,
        )


def summary(
    data: EvalData, settings: BehaviourSettings, runs: list[dict[str, Any]]
) -> dict[str, Any]:
    """All seeds, and the mean and standard deviation over them."""
    parts = [part for part in ("valid", "test") if part in runs[0]]
    return {
        "data": data.name,
        "sha256": data.sha256,
        "settings": settings.model_dump(mode="json", exclude={"seed"}),
        "mean": {
            f"{part} {name}": spread([run[part][name] for run in runs])
            for part in parts
            for name in runs[0][part]
        },
        "runs": runs,
    }


def spread(values: list[float]) -> dict[str, float]:
    """Mean and standard deviation over seeds; of one seed 0."""
    return {"mean": mean(values), "sd": stdev(values) if len(values) > 1 else 0.0}


if __name__ == "__main__":
    main()
