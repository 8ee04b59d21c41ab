r"""SASRec of RecTools on one of the data folders: tuned on validation, its lists written to a file.

``make peers`` makes the environment; then, for example::

    .venv-peers/bin/python scripts/peers/sasrec_rectools.py \
        --data ../shared/data/ml_latest_small --out bench-work/peers/ml_latest_small \
        --grid '{"session_max_len": [50, 200], "dropout_rate": [0.2, 0.5]}'

For every combination of ``--grid`` a model learns from the training events alone, and validation
(NDCG@10, the whole catalogue, history left out) says when to stop and which combination is best.
Then the test users get their lists, in up to two ways:

- ``sasrec.jsonl``: from that very model, as most papers do it;
- ``sasrec-known.jsonl``: from a model of the same settings that learns anew, for as many epochs,
  from training and validation events together, as the harness does with its own baselines.

``NAME.json`` beside each has settings, trials with their epoch curves, seconds and versions.
``llmrec eval run --data ... --answers FILE`` then scores the lists.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import platform
import time
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from answers import write_answers
from data_folder import Folder, read_folder
from rectools_sasrec import DEFAULTS, ESASREC, Trained, dataset, learn, lists, train

DEPTH = 100
PACKAGES = ("rectools", "torch", "pytorch-lightning", "numpy", "pandas")
BASES = {"sasrec": DEFAULTS, "esasrec": ESASREC}


def main() -> None:
    options = arguments()
    quiet()
    folder = read_folder(options.data, options.order)
    started = Clock()
    settings, best, trials = tune(folder, options)
    about = {
        "name": options.model,
        "library": f"rectools {version('rectools')}",
        "data": folder.name,
        "order": options.order,
        "part": "test",
        "settings": {**settings, "epochs": best.epoch, "seed": options.seed},
        "tuned": {"budget": len(trials), "metric": "ndcg@10", "trials": trials},
        "machine": {"cores": os.cpu_count(), "threads": os.environ.get("OMP_NUM_THREADS")},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }
    answer(folder, best.model, options.out / f"{options.model}.jsonl", started, "train", about)
    if "known" in options.learn_from:
        say(f"learning anew from training and validation, {best.epoch} epochs")
        model = learn(settings, folder.known("test"), seed=options.seed, epochs=best.epoch)
        answer(folder, model, options.out / f"{options.model}-known.jsonl", started, "known", about)


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with interactions.parquet")
    parser.add_argument("--out", type=Path, required=True, help="folder for the answers")
    parser.add_argument("--model", choices=BASES, default="sasrec", help="where settings start")
    parser.add_argument("--order", choices=("position", "time"), default="position")
    parser.add_argument(
        "--grid", type=json.loads, default={}, help="JSON: values to try for each setting"
    )
    parser.add_argument("--epochs", type=int, default=200, help="at most, for each trial")
    parser.add_argument("--every", type=int, default=5, help="epochs between looks at validation")
    parser.add_argument("--patience", type=int, default=4, help="looks without a new best")
    parser.add_argument("--cpu-minutes", type=float, help="at most, for each trial")
    parser.add_argument(
        "--learn-from", nargs="+", choices=("train", "known"), default=["train", "known"]
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def combinations(base: Mapping[str, Any], grid: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """``base`` with every combination of the grid's values."""
    for values in itertools.product(*grid.values()):
        yield {**base, **dict(zip(grid, values, strict=True))}


def tune(
    folder: Folder, options: argparse.Namespace
) -> tuple[dict[str, Any], Trained, list[dict[str, Any]]]:
    """The best settings, the model at its best epoch, and all trials."""
    training, shown, targets = folder.training(), folder.shown("valid"), folder.targets("valid")
    chosen: tuple[dict[str, Any], Trained] | None = None
    trials = []
    for settings in combinations(BASES[options.model], options.grid):
        say(f"trial {len(trials) + 1}: {json.dumps(settings)}")
        started, worked = time.perf_counter(), time.process_time()
        trained = train(
            settings,
            training,
            shown,
            targets,
            seed=options.seed,
            epochs=options.epochs,
            every=min(options.every, options.epochs),
            patience=options.patience,
            cpu_minutes=options.cpu_minutes,
            tell=lambda look: say(json.dumps(look)),
        )
        trials.append(
            {
                "settings": settings,
                "value": trained.value,
                "seconds": round(time.perf_counter() - started, 1),
                "cpu_seconds": round(time.process_time() - worked, 1),
                "epoch": trained.epoch,
                "stopped": trained.stopped,
                "curve": trained.curve,
            }
        )
        say(f"best {trained.value:.4f} at epoch {trained.epoch}; stopped by {trained.stopped}")
        if chosen is None or trained.value > chosen[1].value:
            chosen = settings, trained
    assert chosen is not None
    return (*chosen, trials)


def answer(
    folder: Folder,
    model: Any,
    file: Path,
    started: Clock,
    learnt_from: str,
    about: Mapping[str, Any],
) -> None:
    """Rank the whole catalogue for every test user and write what came out."""
    begun = Clock()
    histories = folder.histories("test")
    by_user = lists(model, dataset(folder.shown("test")), histories, DEPTH)
    seconds = {"ranking": begun.seconds(), "all": started.seconds()}
    description = {**about, "learnt_from": learnt_from, "seconds": seconds}
    write_answers(file, by_user, histories, description)
    say(f"{file}: {len(histories)} users, {seconds['all']['wall']} seconds so far")


class Clock:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def seconds(self) -> dict[str, float]:
        """``wall`` and ``cpu``."""
        now = time.perf_counter(), time.process_time()
        return {
            name: round(end - start, 1)
            for name, start, end in zip(("wall", "cpu"), self._started, now, strict=True)
        }


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def quiet() -> None:
    """Leave out what the libraries tell of themselves on every call."""
    for module in ("pytorch_lightning", "rectools", "pydantic"):
        warnings.filterwarnings("ignore", module=module)
    for name in ("pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)


if __name__ == "__main__":
    main()
