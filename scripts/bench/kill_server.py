"""Kill a vLLM server in the middle of 200 requests, start it again, and see what became of them.

The same prompts are asked three times: once for warmth, once undisturbed, and once with the server
killed (``kill -9``, all of its processes) when a third has been answered, and started again at
once. Half of the requests are label scores, half are texts; they come as calls of several threads.
Every request's id is counted at the client, so that a request that was answered twice would show.
Example::

    python scripts/bench/kill_server.py --python /path/to/environment/bin/python
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from processes import machine
from vllm_process import VLLMProcess

from llmrec.config import EngineSettings
from llmrec.engines.remote.engine import RemoteEngine

LABELS = tuple("ABCDEFGHIJ")
TOKENS = 12


def prompts_of(engine: RemoteEngine, count: int) -> list[str]:
    """So many different prompts that end before a label or before free text."""
    lines = "\n".join(f"({label}) product number {ord(label)}" for label in LABELS)
    return [
        engine.render(
            [{"role": "user", "content": f"Shopper {number} bought item {number * 7}.\n{lines}"}],
            answer_prefix="Answer: (" if number % 2 else "",
        )
        for number in range(count)
    ]


class Answers:
    """What came back for each prompt, and when."""

    def __init__(self, engine: RemoteEngine, prompts: Sequence[str]) -> None:
        self._engine = engine
        self._prompts = prompts
        self._lock = threading.Lock()
        self.found: dict[int, Any] = {}
        self.errors: list[str] = []
        self.times: list[float] = []
        self.third = threading.Event()

    def ask(self, place: int) -> None:
        """Ask one prompt and keep what comes of it."""
        prompt = self._prompts[place]
        try:
            if place % 2:
                answer: Any = self._engine.score_labels([prompt], [LABELS])[0]
            else:
                answer = self._engine.generate([prompt], max_tokens=TOKENS)[0]
        except Exception as error:
            with self._lock:
                self.errors.append(f"{place}: {error}")
            return
        with self._lock:
            if place in self.found:
                self.errors.append(f"{place}: answered twice")
            self.found[place] = answer
            self.times.append(time.monotonic())
            if len(self.found) >= len(self._prompts) // 3:
                self.third.set()

    def equal_to(self, other: Answers) -> tuple[int, float]:
        """How many are equal (scores within 1e-3), and the largest difference of a score."""
        equal, worst = 0, 0.0
        for place, answer in self.found.items():
            theirs = other.found[place]
            if isinstance(answer, str):
                equal += answer == theirs
            else:
                difference = float(np.abs(answer - theirs).max())
                worst = max(worst, difference)
                equal += difference < 1e-3
        return equal, worst


def count_answers(engine: RemoteEngine) -> collections.Counter[str]:
    """From now on, how many whole answers each request's body has got."""
    counts: collections.Counter[str] = collections.Counter()

    async def count(response: httpx.Response) -> None:
        if response.is_success and response.request.url.path.endswith("/completions"):
            await response.aread()
            counts[response.request.content.decode()] += 1

    engine._client._http.event_hooks = {"response": [count]}
    return counts


def run(engine: RemoteEngine, prompts: Sequence[str], threads: int) -> Answers:
    """Ask all prompts from so many threads and wait for the answers."""
    answers = Answers(engine, prompts)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(answers.ask, range(len(prompts))))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--python", default=sys.executable, help="of the environment with vLLM")
    options = parser.parse_args()
    on_cpu = options.device == "cpu"
    settings = EngineSettings(
        device=options.device,
        precision="fp32" if on_cpu else "bf16",
        context=2048,
        batch=16 if on_cpu else 64,
        max_adapters=0,
        retry_s=1800,
        timeout_s=None,
    )
    with tempfile.TemporaryDirectory() as folder:
        server = VLLMProcess(
            options.model, settings, Path(folder) / "vllm.log", python=options.python
        )
        try:
            server.start()
            print(f"{machine()}; first start {server.wait_until_ready():.0f} s", flush=True)
            trial(server, settings, options)
        finally:
            server.kill()


def trial(server: VLLMProcess, settings: EngineSettings, options: argparse.Namespace) -> None:
    """Kill the server in the middle of the answers, start it again, and print what came of them."""
    engine = RemoteEngine.connect(options.model, settings.model_copy(update={"url": server.url}))
    prompts = prompts_of(engine, options.requests)
    run(engine, prompts, options.threads)
    started = time.monotonic()
    peace = run(engine, prompts, options.threads)
    in_peace = time.monotonic() - started
    counts = count_answers(engine)
    answers = Answers(engine, prompts)
    with ThreadPoolExecutor(options.threads) as pool:
        futures = [pool.submit(answers.ask, place) for place in range(len(prompts))]
        answers.third.wait()
        server.kill()
        killed = time.monotonic()
        before = len(answers.found)
        server.start()
        up = server.wait_until_ready()
        for future in futures:
            future.result()
    first_after = min(
        (moment for moment in answers.times if moment > killed + up), default=float("nan")
    )
    equal, worst = answers.equal_to(peace)
    twice = sum(count > 1 for count in counts.values())
    print(
        f"{len(prompts)} requests from {options.threads} threads, killed after {before} answers\n"
        f"lost: {len(prompts) - len(answers.found)}, failed: {len(answers.errors)}, "
        f"answered twice: {twice}, distinct requests answered: {len(counts)}\n"
        f"equal to the undisturbed run: {equal} of {len(prompts)} "
        f"(largest difference of a log-probability {worst:.1e})\n"
        f"the server was up again after {up:.1f} s, the first answer came "
        f"{first_after - killed - up:.1f} s later; all of it took "
        f"{max(answers.times) - killed:.1f} s from the kill (undisturbed {in_peace:.1f} s)"
    )
    for error in answers.errors[:5]:
        print(error)
    engine.close()
    if answers.errors or twice or len(counts) != len(prompts) or equal != len(prompts):
        sys.exit(1)


if __name__ == "__main__":
    main()
