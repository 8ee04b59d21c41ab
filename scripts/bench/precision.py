"""What a precision costs and gains on this machine: speed, memory, and agreement with float32.

    python scripts/bench/precision.py                       # fp32 against bf16, on a CPU
    python scripts/bench/precision.py --precisions fp32 int8 nf4 --prompts 8
    python scripts/bench/precision.py --device cuda --precisions bf16 int8 nf4

One model is loaded per precision, and they take turns, so that whatever else the machine does meets
all of them alike. Agreement is over the log-odds of 20 candidates in each list: Kendall's tau with
the first precision named, and the share of lists with the same best candidate. "alone" is how far
the log-odds of a list asked by itself lie from those that it gets beside others.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
from apart import odds
from processes import machine
from rank_prompts import rank_prompts
from scipy.stats import kendalltau

from llmrec.config import EngineSettings
from llmrec.engines.local.engine import TransformersEngine
from llmrec.prompting import RankPrompt

Times = dict[str, dict[str, list[float]]]


def measure(
    engines: dict[str, TransformersEngine], rounds: int, lists: list[RankPrompt]
) -> tuple[Times, dict[str, np.ndarray]]:
    """Tokens per second of each precision and round, and log-odds ``[lists, candidates]``."""
    times: Times = {name: {"prompt": [], "decode": []} for name in engines}
    scores = {}
    texts = [text for made in lists for text in made.texts]
    tokens = sum(made.tokens for made in lists)
    for _ in range(rounds):
        for name, engine in engines.items():
            start = perf_counter()
            scores[name] = odds(engine, texts).reshape(len(lists), -1)
            times[name]["prompt"].append(tokens / (perf_counter() - start))
            times[name]["decode"].append(decode_speed(engine, texts[0]))
    return times, scores


def decode_speed(engine: TransformersEngine, prompt: str, tokens: int = 24) -> float:
    """Tokens per second behind a prompt, the prompt's own pass left out."""
    pieces, before = engine.stream(prompt, max_tokens=tokens), engine.decode_steps
    next(pieces)
    first, start = engine.decode_steps - before, perf_counter()
    for _ in pieces:
        pass
    return (engine.decode_steps - before - first) / (perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engines = {
        name: TransformersEngine.load(
            options.model, EngineSettings(device=options.device, precision=name)
        )
        for name in options.precisions
    }
    base = options.precisions[0]
    lists = rank_prompts(engines[base], options.prompts)
    times, scores = measure(engines, options.rounds, lists)
    print(f"{options.model} on {options.device}, {machine()}; {options.prompts} lists, medians")
    print(
        "| weights | MB | prompt tokens/s | ratio | decode tokens/s | ratio | tau | best | alone |"
    )
    print("|---" * 9 + "|")
    for name, engine in engines.items():
        alone = np.stack([odds(engine, made.texts) for made in lists[:4]])
        taus = [kendalltau(a, b).statistic for a, b in zip(scores[base], scores[name], strict=True)]
        same = (scores[base].argmax(1) == scores[name].argmax(1)).mean()
        cells = [name, f"{engine._network.get_memory_footprint() / 1e6:.0f}"]
        for kind in ("prompt", "decode"):
            speed = float(np.median(times[name][kind]))
            ratio = np.median(np.divide(times[name][kind], times[base][kind]))
            cells += [f"{speed:.0f}", f"{ratio:.2f}"]
        cells += [f"{np.mean(taus):.3f}", f"{same:.2f}"]
        cells.append(f"{np.abs(alone - scores[name][:4]).max():.1e}")
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
