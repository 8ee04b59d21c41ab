"""How far vLLM's rankings are from those of transformers in float32, label by label.

    make .venv-vllm/.ready
    .venv-vllm/bin/python scripts/bench/vllm_agreement.py
    .venv-vllm/bin/python scripts/bench/vllm_agreement.py --data ../shared/data/amazon14_beauty

Real ranking prompts: the histories of shoppers, candidates drawn from the catalogue by a seed (what
is compared is the reading of a prompt, so their order of merit does not matter). Each prompt is
scored by both engines, with 50 and with 100 labels; a ranking takes 50 candidates at most, so the
longer prompts are rendered one level below the ranker. Writes a table, and JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from processes import machine
from scipy.stats import kendalltau

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.config import EngineSettings
from llmrec.demo import events_file, items_files
from llmrec.engines import Engine, load_engine
from llmrec.eval.data.given import given_split
from llmrec.ingest import ingest_events, ingest_items
from llmrec.prompting import fit_rank_prompt
from llmrec.ranking.ranker import labels_for
from llmrec.requests import condense_history
from llmrec.types import HistoryEntry, Item

MODEL = "smollm2-135m-instruct"
CONTEXT = 2048
HISTORY = 10

History = list[tuple[HistoryEntry, Item | None]]


@dataclass(frozen=True)
class Agreement:
    """Two engines over the same prompts.

    ``difference`` is the largest of a label's log-probabilities; ``tau`` Kendall's over a prompt's
    labels (tau-b), ``same_top10`` the share of prompts with the same ten first in the same order.
    """

    labels: int
    prompts: int
    tokens: float
    difference: float
    tau_mean: float
    tau_min: float
    same_top10: float


def read_shop(data: Path | None) -> tuple[list[History], list[Item]]:
    """Shoppers' histories, oldest first, and the catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "shop")
        ingest_items(workspace, [data / "items.parquet"] if data else items_files())
        if not data:
            ingest_events(workspace, [events_file()])
        with CatalogStore.open(workspace.database_url) as store:
            if data:
                store.write_events(given_split(data, order="position", repeats="drop").train)
            items = {one.id: one for batch in store.iter_items() for one in batch}
            histories = []
            for user in store.users():
                entries = [
                    HistoryEntry(item=one.item, kind=one.kind, at=one.at, value=one.value)
                    for one in store.history(user)
                ]
                recent = condense_history(entries)[-HISTORY:]
                histories.append([(entry, items.get(entry.item or "")) for entry in recent])
    return histories, [items[one] for one in sorted(items)]


def make_prompts(
    engine: Engine, histories: Sequence[History], items: Sequence[Item], n: int, labels: int
) -> tuple[list[str], tuple[str, ...]]:
    """``n`` prompts over ``labels`` candidates each; shoppers come again with other candidates."""
    draw, names = random.Random(labels), labels_for(engine, labels)
    order = draw.sample(range(len(histories)), len(histories))
    prompts = [
        fit_rank_prompt(
            histories[order[at % len(order)]],
            None,
            draw.sample(list(items), labels),
            names,
            render=engine.render,
            count_tokens=engine.count_tokens,
            budget=engine.context_window - 1,
        ).text
        for at in range(n)
    ]
    return prompts, names


def compare(one: Engine, other: Engine, prompts: Sequence[str], labels: Sequence[str]) -> Agreement:
    """Score ``prompts`` with both."""
    asked = [labels] * len(prompts)
    first, second = one.score_labels(prompts, asked), other.score_labels(prompts, asked)
    pairs = list(zip(first, second, strict=True))
    taus = [float(kendalltau(a, b).statistic) for a, b in pairs]
    return Agreement(
        labels=len(labels),
        prompts=len(prompts),
        tokens=float(np.mean([one.count_tokens(prompt) for prompt in prompts])),
        difference=max(float(np.abs(a - b).max()) for a, b in pairs),
        tau_mean=float(np.mean(taus)),
        tau_min=min(taus),
        same_top10=float(np.mean([top10(a) == top10(b) for a, b in pairs])),
    )


def top10(scores: Any) -> list[int]:
    """Places of the ten best labels, best first."""
    return [int(one) for one in np.argsort(-scores, kind="stable")[:10]]


def report(rows: Sequence[Agreement]) -> None:
    """Print one row per number of labels."""
    print("| labels | prompts | tokens | largest difference | tau mean | tau min | same top 10 |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.labels} | {row.prompts} | {row.tokens:.0f} | {row.difference:.1e} | "
            f"{row.tau_mean:.6f} | {row.tau_min:.6f} | {row.same_top10:.1%} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a data folder; else the demo store")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--labels", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()

    settings = EngineSettings(
        device="cpu", precision="fp32", context=CONTEXT, max_adapters=0, timeout_s=None
    )
    histories, items = read_shop(options.data)
    plain = load_engine("transformers", options.model, settings)
    vllm = load_engine("vllm", options.model, settings)
    print(f"{options.model}, {options.data or 'demo store'}; {machine()}\n", flush=True)
    rows = []
    for labels in options.labels:
        prompts, names = make_prompts(vllm, histories, items, options.prompts, labels)
        rows.append(compare(vllm, plain, prompts, names))
    vllm.close()
    report(rows)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
