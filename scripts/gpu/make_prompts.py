"""Make the prompt files that travel: examples to train on, to validate with, and test questions.

    python scripts/bench/fusion.py DATA --out bench-work/fusion/NAME --set layer=ligr
    python scripts/gpu/make_prompts.py DATA --shop bench-work/fusion/NAME/shop

Runs where the data are; needs no GPU. ``--shop`` is an evaluation workspace whose test part
retrieves as a shop does, with a behaviour encoder and a fusion of its own; without one, retrieval
has learned nothing. Training and validation are made as ``llmrec train ranker`` makes them: by a
retriever that has not seen what they ask for. Test questions are asked of the shop's retriever.
A target that was not retrieved makes no example, and scores 0 with any ranker, so those are only
counted.

Writes NAME-train.jsonl.xz, -valid and -test to .gpu/data, which pack.py takes along.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from prompt_files import of_examples, write

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.eval import Case, open_data
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.finetune import ExampleSet, build_examples
from llmrec.finetune.behaviour import EpochReport
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.ranker.shop import ExampleOptions, ranker_data
from llmrec.retrieval import Retriever
from llmrec.types import Event

ROOT = Path(__file__).parents[2]


def main() -> None:
    options = arguments()
    data = open_data(options.data, order=options.order)
    name = options.name or data.name
    with tempfile.TemporaryDirectory() as scratch:
        shop = evaluation_shop(data, "test", folder=options.shop or Path(scratch) / "shop")
        engine = prompt_maker(options.model)
        made = ranker_data(
            shop,
            engine,
            Path(scratch),
            ExampleOptions(max_examples=options.examples, retrieved_only=True),
            encoder_progress=told,
            progress=counted,
        )
        sets = {
            "train": made.train,
            "valid": made.validation,
            "test": asked(shop, drawn(data.split.test, options.questions), engine),
        }
    for part, examples in sets.items():
        about = {
            "shop": name,
            "model": options.model,
            "prompt_version": examples.prompt_version,
            "part": part,
            "counts": asdict(examples.counts),
        }
        path = options.out / f"{name}-{part}.jsonl.xz"
        write(path, of_examples(examples), about)
        print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB, {examples.counts}", flush=True)


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", help="what llmrec.eval.open_data takes")
    parser.add_argument("--shop", type=Path, help="an evaluation workspace of the data")
    parser.add_argument("--name", help="of the files; that of the data by default")
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu" / "data")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="whose chat template")
    parser.add_argument("--examples", type=int, help="most users to train on; all by default")
    parser.add_argument("--questions", type=int, default=4000, help="most of the test part")
    return parser.parse_args()


def drawn(cases: Sequence[Case], most: int) -> list[Case]:
    """Some cases with a history, by a seed."""
    known = [case for case in cases if case.history]
    order = np.random.default_rng(0).permutation(len(known))[:most]
    return [known[place] for place in sorted(order)]


def asked(shop: Workspace, cases: Iterable[Case], engine: Any) -> ExampleSet:
    """Questions for the first target of each case; ``counts.missed`` were not retrieved."""
    events: list[Event] = [event for case in cases for event in (*case.history, case.targets[0])]
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store) as retriever:
        return build_examples(
            events,
            retriever,
            store,
            engine,
            shop.settings.ranking,
            candidates=shop.settings.retrieval.candidates,
            insert=False,
        )


def told(report: Any) -> None:
    """Print a line for each epoch of the encoder."""
    if isinstance(report, EpochReport):
        print(f"encoder: epoch {report.epoch}, loss {report.loss:.4f}", flush=True)


def counted(done: int, users: int) -> None:
    """Print every 500 users."""
    if done % 500 == 0:
        print(f"examples: {done:,} of {users:,} users", flush=True)


if __name__ == "__main__":
    main()
