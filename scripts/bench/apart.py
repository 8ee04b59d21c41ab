"""What judging candidates apart costs: alone, behind a prefix that is read once, and packed.

    python scripts/bench/apart.py                                  # transformers
    python scripts/bench/apart.py --engine openvino

Lists of the demo store's shoppers. ``alone`` asks each candidate's prompt by itself, ``together``
is what the ranker does, one ``score_labels`` for the list. With transformers also ``rows``, the
same with a row for each candidate, as models with sliding windows have it; and ``one row``, head
and branches under a block mask, as training reads them. The ways take turns on each list, so
that whatever else the machine does meets all alike; times are process times. Then the order: the
smallest Kendall's tau between rankings of one list in ``--shuffles`` orders, and how far apart the
log-odds of the ways lie.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from random import Random
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from processes import machine
from rank_prompts import rank_prompts
from scipy.stats import kendalltau

from llmrec.config import EngineSettings, RankingSettings
from llmrec.engines import Engine, load_engine
from llmrec.prompting import RankPrompt, yes_and_no
from llmrec.ranking import Ranker, RankRequest
from llmrec.types import Candidate, HistoryEntry, Item

Odds = NDArray[np.float64]


def main() -> None:
    """Time the ways, and print their ratios as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--lists", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--shuffles", type=int, default=20)
    options = parser.parse_args()
    engine = load_engine(options.engine, options.model, EngineSettings(timeout_s=None))
    prompts = rank_prompts(engine, options.lists + 1, candidates=options.candidates)
    ways: dict[str, Callable[[RankPrompt], Odds]] = {
        "alone": lambda prompt: np.concatenate([odds(engine, [text]) for text in prompt.texts]),
        "together": lambda prompt: odds(engine, prompt.texts),
    }
    if options.engine == "transformers":
        ways["rows"] = lambda prompt: odds_by_rows(engine, prompt.texts)
        ways["one row"] = lambda prompt: odds_in_one_row(engine, prompt)
    seconds: dict[str, list[float]] = defaultdict(list)
    worst: dict[str, float] = defaultdict(float)
    for number, prompt in enumerate(prompts):
        found = {}
        for name, way in ways.items():
            started = process_time()
            found[name] = way(prompt)
            if number:  # the first list warms up
                seconds[name].append(process_time() - started)
        for name, values in found.items():
            worst[name] = max(worst[name], float(np.abs(values - found["alone"]).max()))
    tokens = float(np.mean([prompt.tokens for prompt in prompts[1:]]))
    print(f"{options.model} on {options.engine}, {options.candidates} candidates, {machine()}")
    print(f"{tokens:.0f} tokens a list, the head once\n")
    print("| way | ms a list | against together | farthest from alone |\n|---|---|---|---|")
    for name, times in seconds.items():
        ratio = sum(times) / sum(seconds["together"])
        row = f"{1000 * np.mean(times):,.0f} | {ratio:.2f} | {worst[name]:.1e}"
        print(f"| {name} | {row} |", flush=True)
    tau = smallest_tau(engine, options.candidates, options.shuffles)
    print(f"\n{options.shuffles} shuffles of one list: the smallest Kendall's tau is {tau:.3f}")


def odds(engine: Engine, texts: list[str]) -> Odds:
    """Log-odds of yes over no behind each prompt, in one call."""
    answers = yes_and_no(engine.token_ids, texts[0])
    scored = np.array(engine.score_labels(texts, [answers] * len(texts)), np.float64)
    return np.asarray(scored[:, 0] - scored[:, 1])


def odds_by_rows(engine: Engine, texts: list[str]) -> Odds:
    """The same, and no candidate shares its row with another."""
    with patch("llmrec.engines.local.scoring.can_pack", lambda _: False):
        return odds(engine, texts)


def odds_in_one_row(engine: Any, prompt: RankPrompt) -> Odds:
    """The same by the pass of training."""
    from llmrec.finetune import RankingExample
    from llmrec.finetune.ranker.lists import list_scores, tokenise_lists

    blank = tuple("" for _ in prompt.branches)
    example = RankingExample("", prompt.head, prompt.branches, blank, 0, True)
    limits: dict[str, Any] = {"context": engine.context_window, "max_tokens": 1 << 20}
    made = tokenise_lists([example], engine.token_ids, model=engine.model, **limits)
    return list_scores(engine._network, made)[0].double().numpy()


def smallest_tau(engine: Engine, candidates: int, shuffles: int) -> float:
    """Of any two rankings of the same candidates in other orders."""
    ranker = Ranker(lambda: engine, RankingSettings(llm_weight=1.0))
    items = [Item(f"i{n}", f"{colour} {thing}") for n, (colour, thing) in enumerate(NAMES)]
    pairs = [(Candidate(item.id, 0.0, {}), item) for item in items[:candidates]]
    past = tuple((HistoryEntry(text=text), None) for text in ("steel kettle", "green tea"))
    places = []
    for seed in range(shuffles):
        shown = tuple(Random(seed).sample(pairs, len(pairs)))
        (ranking,) = ranker.rank_many([RankRequest(past, None, shown)])
        order = [row.item.id for row in ranking.order]
        places.append([order.index(item.id) for _, item in pairs])
    return min(float(kendalltau(a, b).statistic) for a, b in combinations(places, 2))


NAMES = [
    (colour, thing)
    for thing in ("tea pot", "rake", "cup", "tent", "lamp", "glove", "bottle", "rope")
    for colour in ("red", "green", "steel", "dark blue", "small")
]


if __name__ == "__main__":
    main()
