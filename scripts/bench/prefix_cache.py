"""What vLLM's prefix cache saves on ranking prompts: tokens that are not read again, and time.

    make .venv-vllm/.ready
    .venv-vllm/bin/python scripts/bench/prefix_cache.py
    .venv-vllm/bin/python scripts/bench/prefix_cache.py --json prefix-cache.json

Requests of the demo store's shoppers, one at a time, in three rounds: each shopper's request for
the first time; the same request again; the same shopper after one more purchase, with other
candidates. Then how many tokens all prompts begin with alike.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from processes import machine
from vllm_agreement import MODEL, History, read_shop

from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.engines.vllm.engine import VLLMEngine
from llmrec.prompting import fit_rank_prompt
from llmrec.ranking.ranker import labels_for
from llmrec.types import HistoryEntry, Item


@dataclass(frozen=True)
class Round:
    """Requests of one kind: tokens of a prompt, the share found in the cache, median time."""

    name: str
    tokens: float
    cached: float
    milliseconds: float


class Shoppers:
    """Ranking prompts of shoppers, with candidates drawn by a seed."""

    def __init__(self, engine: VLLMEngine, candidates: int, history: int) -> None:
        self._engine = engine
        self._candidates = candidates
        self._history = history
        self.labels = labels_for(engine, candidates)
        self._histories, self._items = read_shop(None)

    def prompt(self, shopper: int, purchases: int = 0) -> str:
        """A shopper's prompt after ``purchases`` more things than the log knows."""
        draw = random.Random(f"{shopper} {purchases}")
        bought = [draw.choice(self._items) for _ in range(purchases)]
        entries: History = [(HistoryEntry(item=one.id), one) for one in bought]
        return fit_rank_prompt(
            [*self._histories[shopper], *entries][-self._history :],
            None,
            self._shown(draw),
            self.labels,
            render=self._engine.render,
            count_tokens=self._engine.count_tokens,
            budget=1800,
        ).text

    def _shown(self, draw: random.Random) -> list[Item]:
        return draw.sample(self._items, self._candidates)


def ask(engine: VLLMEngine, name: str, prompts: Sequence[str], labels: Sequence[str]) -> Round:
    """Score ``prompts`` one by one."""
    counts, times = engine.counts, []
    read, cached = counts.prompt_tokens, counts.cached_tokens
    for prompt in prompts:
        started = perf_counter()
        engine.score_labels([prompt], [labels])
        times.append((perf_counter() - started) * 1000)
    tokens = counts.prompt_tokens - read
    return Round(
        name,
        tokens / len(prompts),
        (counts.cached_tokens - cached) / tokens,
        float(np.median(times)),
    )


def common_tokens(engine: VLLMEngine, prompts: Sequence[str]) -> int:
    """How many tokens all prompts begin with."""
    ids = [engine.token_ids(prompt) for prompt in prompts]
    first, last = min(ids), max(ids)
    limit = min(len(first), len(last))
    return next((at for at in range(limit) if first[at] != last[at]), limit)


def report(rounds: Sequence[Round], common: int) -> None:
    """Print one row per kind of request."""
    base = rounds[0].milliseconds
    print("| request | tokens | found in the cache | median ms | against the first |")
    print("|---|---|---|---|---|")
    for one in rounds:
        print(
            f"| {one.name} | {one.tokens:.0f} | {one.cached:.1%} | {one.milliseconds:.0f} | "
            f"{one.milliseconds / base:.2f} |"
        )
    share = common / rounds[0].tokens
    print(f"\nAll prompts begin with the same {common} tokens, {share:.1%} of a prompt.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoppers", type=int, default=20)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--history", type=int, default=10, help="ranking.history_items")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()

    settings = EngineSettings(context=2048, batch=16, max_adapters=0, timeout_s=None)
    engine = load_engine("vllm", options.model, settings)
    assert isinstance(engine, VLLMEngine)
    shoppers = Shoppers(engine, options.candidates, options.history)
    first = [shoppers.prompt(one) for one in range(options.shoppers)]
    later = [shoppers.prompt(one, purchases=1) for one in range(options.shoppers)]
    engine.score_labels(["("], [shoppers.labels])
    rounds = [
        ask(engine, "each shopper's first", first, shoppers.labels),
        ask(engine, "the same again", first[::-1], shoppers.labels),
        ask(engine, "one purchase later, other candidates", later[::-1], shoppers.labels),
    ]
    common = common_tokens(engine, first)
    engine.close()
    print(f"{options.model}, {options.candidates} candidates; {machine()}\n")
    report(rounds, common)
    if options.json:
        told = {"rounds": [asdict(one) for one in rounds], "common_tokens": common}
        options.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
