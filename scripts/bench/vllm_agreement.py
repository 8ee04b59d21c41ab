"""How far vLLM's rankings are from those of transformers in float32, candidate by candidate.

    make .venv-vllm/.ready
    .venv-vllm/bin/python scripts/bench/vllm_agreement.py
    .venv-vllm/bin/python scripts/bench/vllm_agreement.py --data ../shared/data/amazon14_beauty

Real ranking prompts: the histories of shoppers, candidates drawn from the catalogue by a seed (what
is compared is the reading of prompts, so their order of merit does not matter). Both engines score
lists of 20 and of 50 candidates. Writes a table, and JSON with --json.
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
from apart import odds
from processes import machine
from scipy.stats import kendalltau

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.config import EngineSettings
from llmrec.demo import events_file, items_files
from llmrec.engines import Engine, load_engine
from llmrec.eval.data.given import given_split
from llmrec.ingest import ingest_events, ingest_items
from llmrec.prompting import RankPrompt, fit_rank_prompt
from llmrec.requests import condense_history
from llmrec.types import HistoryEntry, Item

MODEL = "smollm2-135m-instruct"
CONTEXT = 2048
HISTORY = 10

History = list[tuple[HistoryEntry, Item | None]]


@dataclass(frozen=True)
class Agreement:
    """Two engines over the same lists.

    ``difference`` is the largest of a candidate's log-odds; ``tau`` Kendall's over a list (tau-b),
    ``same_top10`` the share of lists with the same ten first in the same order.
    """

    candidates: int
    lists: int
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
            items = {item.id: item for batch in store.iter_items() for item in batch}
            histories = []
            for user in store.users():
                entries = [
                    HistoryEntry(item=event.item, kind=event.kind, at=event.at, value=event.value)
                    for event in store.history(user)
                ]
                recent = condense_history(entries)[-HISTORY:]
                histories.append([(entry, items.get(entry.item or "")) for entry in recent])
    return histories, [items[item] for item in sorted(items)]


def make_prompts(
    engine: Engine, histories: Sequence[History], items: Sequence[Item], n: int, candidates: int
) -> list[RankPrompt]:
    """``n`` lists of so many candidates; shoppers come again with other candidates."""
    draw = random.Random(candidates)
    order = draw.sample(range(len(histories)), len(histories))
    return [
        fit_rank_prompt(
            histories[order[at % len(order)]],
            None,
            draw.sample(list(items), candidates),
            render=engine.render,
            count_tokens=engine.count_tokens,
            budget=engine.context_window - 1,
        )
        for at in range(n)
    ]


def compare(one: Engine, other: Engine, lists: Sequence[RankPrompt]) -> Agreement:
    """Score all candidates of ``lists`` with both."""
    texts = [text for prompt in lists for text in prompt.texts]
    first, second = (odds(engine, texts).reshape(len(lists), -1) for engine in (one, other))
    pairs = list(zip(first, second, strict=True))
    taus = [float(kendalltau(a, b).statistic) for a, b in pairs]
    return Agreement(
        candidates=first.shape[1],
        lists=len(lists),
        tokens=float(np.mean([prompt.tokens for prompt in lists])),
        difference=max(float(np.abs(a - b).max()) for a, b in pairs),
        tau_mean=float(np.mean(taus)),
        tau_min=min(taus),
        same_top10=float(np.mean([top10(a) == top10(b) for a, b in pairs])),
    )


def top10(scores: Any) -> list[int]:
    """Places of the ten best candidates, best first."""
    return [int(place) for place in np.argsort(-scores, kind="stable")[:10]]


def report(rows: Sequence[Agreement]) -> None:
    """Print one row per number of candidates."""
    print("| candidates | lists | tokens | largest difference | tau mean | tau min | same top 10 |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.candidates} | {row.lists} | {row.tokens:.0f} | {row.difference:.1e} | "
            f"{row.tau_mean:.6f} | {row.tau_min:.6f} | {row.same_top10:.1%} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a data folder; else the demo store")
    parser.add_argument("--lists", type=int, default=100)
    parser.add_argument("--candidates", type=int, nargs="+", default=[20, 50])
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
    for candidates in options.candidates:
        lists = make_prompts(vllm, histories, items, options.lists, candidates)
        rows.append(compare(vllm, plain, lists))
    vllm.close()
    report(rows)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
