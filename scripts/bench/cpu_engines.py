"""CPU engines side by side: prompt and decoding speed, ranking latency, memory, and agreement.

    OMP_NUM_THREADS=2 python scripts/bench/cpu_engines.py
    OMP_NUM_THREADS=2 python scripts/bench/cpu_engines.py --engines transformers torch-compile \
        torch-int8 torch-bf16 openvino openvino-bf16 openvino-int8 --vllm-python PATH

Each engine is a process of its own; they take turns (A B C, B C A, ...), one runs at a time, and a
table of medians with ratios against the first engine is printed. All read the same prompts:
rankings of 20 products for the demo store's shoppers, another shopper's in each round, so that no
engine finds in a cache what it read before.

- ``prompt``: tokens of one ranking prompt by the seconds of :meth:`score_labels`; ``rank`` are
  those milliseconds, ``prompt x5`` is for five prompts in one call.
- ``decode N``: new tokens by seconds, N texts together; what reading their prompts takes (a call
  for one token) is subtracted.
- ``start`` is loading, with all conversions done before; ``MB`` is the peak of resident memory.
- ``--busy`` counts the CPU seconds of the engine's own process: for a machine on which other things
  run, with one thread; alone, both clocks show the same.
- agreement with the first engine: the largest difference of a label's log-probability, Kendall's
  tau (mean over prompts), how many of the greedy texts are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).parents[2]
MODEL = "smollm2-135m-instruct"
DECODED = (1, 5, 10)
NEW_TOKENS = 33
DEFAULT = ("transformers", "openvino", "openvino-int8")


# The worker: an engine that does what it is told, a line of JSON at a time.


def _load(name: str, model: str) -> Any:
    from llmrec.config import EngineSettings
    from llmrec.engines import load_engine

    kind, _, variant = name.partition("-")
    precision = {"int8": "int8", "bf16": "bf16"}.get(variant, "fp32")
    if kind == "torch":
        return _torch_variant(variant, model)
    settings = EngineSettings(device="cpu", precision=precision, timeout_s=None)
    return load_engine(kind, model, settings)


def _torch_variant(variant: str, model: str) -> Any:
    """Other ways to make transformers itself faster on a CPU."""
    import torch

    from llmrec.config import EngineSettings
    from llmrec.engines import load_engine

    precision = "bf16" if variant == "bf16" else "fp32"
    settings = EngineSettings(device="cpu", precision=precision, timeout_s=None)
    engine: Any = load_engine("transformers", model, settings)
    network = engine._network
    if variant == "int8":
        torch.ao.quantization.quantize_dynamic(
            network, {torch.nn.Linear}, dtype=torch.qint8, inplace=True
        )
    elif variant == "compile":
        network.forward = torch.compile(network.forward, dynamic=True)
    return engine


def _timed(call: Callable[[], Any], busy: bool = False) -> tuple[float, Any]:
    clock = process_time if busy else perf_counter
    start = clock()
    result = call()
    return clock() - start, result


def _speed(
    engine: Any, prompts: Sequence[str], labels: Sequence[str], busy: bool
) -> dict[str, float]:
    """One round's figures; the texts that are continued are the prompts' beginnings."""
    first, several = prompts[:1], prompts[1:6]
    seconds, _ = _timed(lambda: engine.score_labels(first, [labels]), busy)
    figures = {"prompt": engine.count_tokens(first[0]) / seconds, "rank": 1000 * seconds}
    seconds, _ = _timed(lambda: engine.score_labels(several, [labels] * len(several)), busy)
    figures["prompt x5"] = sum(engine.count_tokens(prompt) for prompt in several) / seconds
    for n in DECODED:
        texts = [prompt[:400] for prompt in prompts[-n:]]
        short, _ = _timed(partial(engine.generate, texts, max_tokens=1), busy)
        long, made = _timed(partial(engine.generate, texts, max_tokens=NEW_TOKENS), busy)
        tokens = sum(engine.count_tokens(text) for text in made) - n
        figures[f"decode {n}"] = tokens / (long - short)
    return figures


def _answers(engine: Any, prompts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    scores = engine.score_labels(prompts, [labels] * len(prompts))
    texts = engine.generate([prompt[:400] for prompt in prompts[:10]], max_tokens=24)
    return {"scores": [score.tolist() for score in scores], "texts": texts}


def worker(name: str, model: str) -> None:
    """Load an engine, then answer tasks: JSON lines in, JSON lines out."""
    seconds, engine = _timed(lambda: _load(name, model))
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print stays out of the answers
    print(json.dumps({"start": seconds}), file=out, flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        if task["do"] == "prompts":
            from rank_prompts import rank_prompts

            from llmrec.prompting import yes_and_no

            prompts = [made.texts[0] for made in rank_prompts(engine, task["n"])]
            labels = yes_and_no(engine.token_ids, prompts[0])
            answer: Any = {"prompts": prompts, "labels": labels}
        elif task["do"] == "speed":
            answer = _speed(engine, task["prompts"], task["labels"], task["busy"])
        else:
            answer = _answers(engine, task["prompts"], task["labels"])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"answer": answer, "MB": peak}), file=out, flush=True)


# The conductor.


@dataclass
class Player:
    """An engine's process."""

    name: str
    process: subprocess.Popen[str]
    start: float = 0.0
    megabytes: float = 0.0

    def ask(self, **task: Any) -> Any:
        """Let it do a task and wait for the answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()}; see above")
        reply = json.loads(line)
        self.megabytes = reply["MB"]
        return reply["answer"]


def open_player(name: str, model: str, python: str) -> Player:
    """Start a worker in its own process and wait until its engine has loaded."""
    folder = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), folder])}
    command = [python, __file__, "--worker", name, "--model", model]
    if name.startswith("openvino"):
        # Converting is done once, by a process of its own, and is not starting.
        subprocess.run([*command, "--prepare"], check=True, env=environment)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{name} could not be loaded; see above")
    return Player(name, process, start=json.loads(line)["start"])


def agreement(one: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """How alike two engines answer: scores, order, first candidate and texts."""
    from scipy.stats import kendalltau

    pairs = list(zip(one["scores"], other["scores"], strict=True))
    worst = max(abs(a - b) for mine, theirs in pairs for a, b in zip(mine, theirs, strict=True))
    same = [a == b for a, b in zip(one["texts"], other["texts"], strict=True)]
    tops = [mine.index(max(mine)) == theirs.index(max(theirs)) for mine, theirs in pairs]
    return {
        "difference": worst,
        "tau": statistics.mean(kendalltau(mine, theirs)[0] for mine, theirs in pairs),
        "same first": statistics.mean(tops),
        "same texts": statistics.mean(same),
    }


def measure(
    players: Sequence[Player], rounds: int, compared: int, busy: bool
) -> dict[str, dict[str, Any]]:
    """Figures by engine over rounds in turn, and its agreement with the first one."""
    many = rounds * 10 + compared
    given = players[0].ask(do="prompts", n=many)
    prompts, labels = given["prompts"], given["labels"]
    if len(prompts) < many:
        raise SystemExit(f"the demo store has {len(prompts)} shoppers; ask for fewer rounds")
    runs: dict[str, list[dict[str, float]]] = {player.name: [] for player in players}
    for player in players:
        player.ask(do="speed", prompts=prompts[-10:], labels=labels, busy=busy)
    for turn in range(rounds):
        shift = turn % len(players)
        chosen = prompts[10 * turn : 10 * turn + 10]
        for player in (*players[shift:], *players[:shift]):
            runs[player.name].append(
                player.ask(do="speed", prompts=chosen, labels=labels, busy=busy)
            )
            print(turn, player.name, runs[player.name][-1], file=sys.stderr, flush=True)
    tail = {"prompts": prompts[-compared:], "labels": labels}
    answers = {player.name: player.ask(do="answers", **tail) for player in players}
    figures = {}
    for player in players:
        medians = {
            key: statistics.median(run[key] for run in runs[player.name])
            for key in runs[player.name][0]
        }
        agreed = agreement(answers[players[0].name], answers[player.name])
        figures[player.name] = {**medians, "start": player.start, "MB": player.megabytes, **agreed}
    return figures


def table(figures: dict[str, dict[str, Any]]) -> str:
    """The figures as Markdown, a column for each engine, with ratios to the first one's speeds."""
    names = list(figures)
    base = figures[names[0]]
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for key, reference in base.items():
        cells = []
        for name in names:
            value = figures[name][key]
            compare = key.startswith(("prompt", "decode")) and name != names[0]
            shown = f"{value:.2g}" if key == "difference" else f"{value:,.4g}"
            cells.append(shown + (f" ({value / reference:.2f}x)" if compare else ""))
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="+", default=list(DEFAULT), help="the first is the base")
    parser.add_argument("--vllm-python", help="also vllm, by this interpreter")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compared", type=int, default=30, help="prompts whose answers count")
    parser.add_argument("--busy", action="store_true", help="count CPU seconds, not wall seconds")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        _load(options.worker, options.model).close()
        return
    if options.worker:
        worker(options.worker, options.model)
        return
    from processes import machine

    players = [open_player(name, options.model, sys.executable) for name in options.engines]
    if options.vllm_python:
        players.append(open_player("vllm", options.model, options.vllm_python))
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    try:
        results = measure(players, options.rounds, options.compared, options.busy)
    finally:
        for player in players:
            player.process.kill()
            player.process.wait()
    clock = "CPU seconds" if options.busy else "wall seconds"
    print(f"{options.model}, {machine()}, {threads} threads, {options.rounds} rounds, {clock}\n")
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
