"""What vLLM's prefix cache saves on ranking prompts: tokens that are not read again, and time.

    make .venv-vllm/.ready
    .venv-vllm/bin/python scripts/bench/prefix_cache.py
    .venv-vllm/bin/python scripts/bench/prefix_cache.py --json prefix-cache.json

Requests of the demo store's shoppers, one at a time, in three rounds: each shopper's request for
the first time; the same request again; the same shopper after one more purchase, with other
candidates. A request is a prompt for each candidate, which share all but their last lines. Then how
many tokens the prompts of all requests begin with alike.
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
from llmrec.prompting import fit_rank_prompt, yes_and_no
from llmrec.types import HistoryEntry, Item


@dataclass(frozen=True)
class Round:
    """Requests of one kind: tokens of a request, the share found in the cache, median time."""

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
        self._histories, self._items = read_shop(None)

    def prompts(self, shopper: int, purchases: int = 0) -> list[str]:
        """A shopper's prompts after ``purchases`` more things than the log knows."""
        draw = random.Random(f"{shopper} {purchases}")
        bought = [draw.choice(self._items) for _ in range(purchases)]
        entries: History = [(HistoryEntry(item=item.id), item) for item in bought]
        return fit_rank_prompt(
            [*self._histories[shopper], *entries][-self._history :],
            None,
            self._shown(draw),
            render=self._engine.render,
            count_tokens=self._engine.count_tokens,
            budget=1800,
        ).texts

    def _shown(self, draw: random.Random) -> list[Item]:
        return draw.sample(self._items, self._candidates)


def ask(engine: VLLMEngine, name: str, requests: Sequence[list[str]]) -> Round:
    """Score the candidates of each request in one call, one request after another."""
    answers = yes_and_no(engine.token_ids, requests[0][0])
    counts, times = engine.counts, []
    read, cached = counts.prompt_tokens, counts.cached_tokens
    for prompts in requests:
        started = perf_counter()
        engine.score_labels(prompts, [answers] * len(prompts))
        times.append((perf_counter() - started) * 1000)
    tokens = counts.prompt_tokens - read
    return Round(
        name,
        tokens / len(requests),
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
    for figures in rounds:
        print(
            f"| {figures.name} | {figures.tokens:.0f} | {figures.cached:.1%} | "
            f"{figures.milliseconds:.0f} | {figures.milliseconds / base:.2f} |"
        )
    print(f"\nAll prompts begin with the same {common} tokens.")


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
    first = [shoppers.prompts(number) for number in range(options.shoppers)]
    later = [shoppers.prompts(number, purchases=1) for number in range(options.shoppers)]
    engine.score_labels(["Wanted:"], [(" yes", " no")])
    rounds = [
        ask(engine, "each shopper's first", first),
        ask(engine, "the same again", first[::-1]),
        ask(engine, "one purchase later, other candidates", later[::-1]),
    ]
    common = common_tokens(engine, [prompts[0] for prompts in first])
    engine.close()
    print(f"{options.model}, {options.candidates} candidates; {machine()}\n")
    report(rounds, common)
    if options.json:
        measured = {"rounds": [asdict(figures) for figures in rounds], "common_tokens": common}
        options.json.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
