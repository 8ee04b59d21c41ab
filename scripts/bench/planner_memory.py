"""The planner's memory estimate against measured memory, each engine and precision in a process.

    python scripts/bench/planner_memory.py
    python scripts/bench/planner_memory.py --device cuda --engines vllm,transformers

Each process loads the model and reads ``--tokens`` prompt tokens in one batch, keeping their cache.
``standing`` is what is estimated to be there after loading, ``loaded`` what was; ``estimate`` and
``peak`` are with the batch. On a CPU the figures are the process's resident memory; on a card what
NVIDIA's driver says is used, less what was used before, so nothing else may run on it.

Estimated and measured hold the same context, batch and cache. The last column should be at or
below 1: what is taken must not be more than what was estimated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from llmrec.config import EngineSettings
from llmrec.errors import LLMRecError
from llmrec.planner import Memory, Shape, choose, estimate, shape_named, this_machine
from llmrec.planner.machine import read_cards

LENGTH = 512
ANSWER = 4
PRECISIONS = {
    "cpu": {"transformers": ["fp32", "bf16", "int8", "nf4"], "openvino": ["fp32", "int8"]},
    "cuda": {
        "transformers": ["fp32", "bf16", "fp16", "int8", "nf4"],
        "vllm": ["bf16", "fp16", "fp8"],
    },
}


class Watch(threading.Thread):
    """Reads the memory in use a hundred times a second; ``peak`` is the most it saw.

    On a CPU ``mapped`` bytes of the weights' file are used where they lie; other pages of it may
    still be counted as resident, but the system takes them back at will: they are left out.
    """

    def __init__(self, device: str, mapped: int) -> None:
        super().__init__(daemon=True)
        self.device = device
        self.start_bytes = 0 if device == "cpu" else self._card()
        self.file_limit = mapped + _resident()["RssFile"]
        self.peak = 0
        self.stopped = False

    def now(self) -> int:
        """Bytes in use now."""
        if self.device != "cpu":
            return self._card() - self.start_bytes
        resident = _resident()
        return resident["RssAnon"] + min(resident["RssFile"], self.file_limit)

    def run(self) -> None:
        """Until ``stopped`` is set."""
        while not self.stopped:
            self.peak = max(self.peak, self.now())
            time.sleep(0.01)

    @staticmethod
    def _card() -> int:
        (card, *_), _ = read_cards()
        return card.memory_bytes - card.free_bytes


def _resident() -> dict[str, int]:
    """Anonymous and file-backed bytes of this process (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    parts = (line.split() for line in lines if line.startswith(("RssAnon", "RssFile")))
    return {part[0].rstrip(":"): int(part[1]) * 1024 for part in parts}


def child(task: dict[str, Any]) -> dict[str, int]:
    """Load, read, generate; bytes after loading and at the peak of the work."""
    if task["engine"] == "transformers":
        import transformers.generation  # noqa: F401 - its libraries are no part of the weights
    from llmrec.engines.registry import load_engine

    watch = Watch(task["device"], task["mapped"])
    settings = EngineSettings.model_validate(task["settings"])
    engine = load_engine(task["engine"], task["model"], settings)
    loaded = watch.now()
    watch.start()
    engine.generate(_prompts(engine, task["tokens"] // LENGTH), max_tokens=ANSWER)
    watch.stopped = True
    watch.join()
    return {"loaded": loaded, "peak": max(watch.peak, watch.now())}


def _prompts(engine: Any, count: int) -> list[str]:
    """``count`` prompts of :data:`LENGTH` tokens that begin differently."""
    made = []
    for number in range(count):
        words = [f"{number}"]
        while engine.count_tokens(" ".join(words)) < LENGTH - ANSWER:
            words += ["tea"] * 8
        made.append(" ".join(words))
    return made


def measure(model: str, engine: str, precision: str, device: str, tokens: int) -> None:
    """Print one row of the table."""
    shape = shape_named(model)
    settings = EngineSettings.model_validate(
        {
            "device": device,
            "precision": precision,
            "context": 2 * LENGTH,
            "batch": tokens // LENGTH,
            "max_adapters": 0,
        }
    )
    try:
        plan = choose(this_machine(), shape, settings, engine)
    except LLMRecError as error:
        print(f"| {engine} | {precision} | not here: {error.message} | | | | |", flush=True)
        return
    task = {
        "model": model,
        "engine": engine,
        "device": device,
        "tokens": tokens,
        "mapped": _mapped(shape, precision),
        "settings": plan.settings(settings).model_dump(mode="json"),
    }
    run = subprocess.run(
        [sys.executable, __file__, "--child", json.dumps(task)], capture_output=True, text=True
    )
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"| {engine} | {precision} | failed: {reason} | | | | |", flush=True)
        return
    figures = json.loads(run.stdout.strip().splitlines()[-1])
    # vLLM reserves its cache at the start: the plan's. transformers holds what the prompts took.
    guess: Memory = plan.memory
    if engine != "vllm":
        guess = estimate(
            shape,
            plan.precision,
            context=LENGTH,
            batch=tokens // LENGTH,
            engine=engine,
            device=device,
        )
    standing = guess.weights + guess.overhead + (guess.kv if engine == "vllm" else 0)
    print(
        f"| {engine} | {precision} | {guess.weights / 1e9:.2f} | {standing / 1e9:.2f} "
        f"| {figures['loaded'] / 1e9:.2f} | {guess.total / 1e9:.2f} | {figures['peak'] / 1e9:.2f} "
        f"| {figures['peak'] / guess.total:.2f} |",
        flush=True,
    )


def _mapped(shape: Shape, precision: str) -> int:
    """Bytes of float32 weights that torch leaves in their file on a CPU."""
    if precision == "fp32":
        return shape.disk_bytes
    return 4 * shape.embedding_parameters if precision in ("int8", "nf4") else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--device", choices=sorted(PRECISIONS), default="cpu")
    parser.add_argument("--engines", default="transformers", help="with commas between them")
    parser.add_argument("--precisions", help="with commas; else all of each engine")
    parser.add_argument("--tokens", type=int, default=4096, help="of all prompts together")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(json.loads(options.child))))
        return
    print(f"{options.model}, {options.tokens} tokens in prompts of {LENGTH}, {options.device}\n")
    print("| engine | precision | weights | standing | loaded | estimate | peak | share |")
    print("|---|---|---|---|---|---|---|---|")
    for engine in options.engines.split(","):
        wanted = options.precisions.split(",") if options.precisions else None
        for precision in wanted or PRECISIONS[options.device].get(engine, []):
            measure(options.model, engine, precision, options.device, options.tokens)


if __name__ == "__main__":
    main()
