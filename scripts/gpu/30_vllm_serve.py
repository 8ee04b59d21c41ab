"""vLLM as a server: ranking at 1, 8, 64 and 256 requests at a time, in each precision.

    python scripts/gpu/30_vllm_serve.py --precisions bf16 fp8

Starts ``vllm serve`` here with llmrec's own arguments, asks it through the engine for remote
servers, one thread a concurrent request, and ends it. Each level asks its own prompts, and at last
the first level's once more, for the prefix cache. ``--url`` measures a server that runs already,
``--in-process`` the offline engine, where a level is the number of prompts in a call.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.request import urlopen

from measures import latency, matmul_parameters, share_of_limit
from prompt_files import PromptFile, RankedPrompt, load, scored, tokens_of
from report import Report, limit, parser

from llmrec.config import EngineSettings
from llmrec.engines import Engine, load_engine
from llmrec.engines.remote.serving import serve_command
from llmrec.errors import LLMRecError
from llmrec.weights import locate

LEVELS = (1, 8, 64, 256)
_METRIC = re.compile(r"^vllm:(prefix_cache_(?:hits|queries)_total)\{[^}]*\} (\S+)$", re.MULTILINE)


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--precisions", nargs="+", default=["bf16", "fp8"])
    options_of.add_argument("--levels", type=int, nargs="+", default=list(LEVELS))
    options_of.add_argument("--candidates", type=int, default=20)
    options_of.add_argument("--seconds", type=float, default=25.0, help="of each level")
    options_of.add_argument("--new-tokens", type=int, default=32)
    options_of.add_argument("--port", type=int, default=8123)
    options_of.add_argument("--url", help="of a server that runs already")
    options_of.add_argument("--in-process", action="store_true")
    options = options_of.parse_args()
    if options.smoke:
        options.levels, options.candidates, options.seconds = [1, 2], 5, 2.0
        options.new_tokens, options.precisions = 4, ["auto"]
    report = Report(__file__, options)
    for precision in options.precisions:
        started = perf_counter()
        try:
            with opened(options, precision) as (engine, url):
                ready = round(perf_counter() - started, 1)
                figures = {"start_seconds": ready, **measured(engine, url, precision, options)}
        except LLMRecError as error:
            figures = {"error": f"{error.message} {error.hint}"}
        report.add(precision, figures)
    report.finish()


@contextmanager
def opened(options: Any, precision: str) -> Iterator[tuple[Engine, str | None]]:
    """The engine to measure, and the server's URL if there is one."""
    settings = EngineSettings(
        device=device(),
        precision=precision,
        timeout_s=None,
        max_adapters=0,
        connections=max(options.levels),
    )
    if options.in_process:
        engine = load_engine("vllm", options.model, settings)
        try:
            yield engine, None
        finally:
            engine.close()
        return
    if options.url:
        yield connected(options.model, options.url, settings), options.url
        return
    with served(options.model, settings, options.port) as url:
        engine = connected(options.model, url, settings)
        try:
            yield engine, url
        finally:
            engine.close()


def device() -> str:
    """``cuda`` where there is a card, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def connected(model: str, url: str, settings: EngineSettings) -> Engine:
    """An engine that asks the server at ``url``."""
    return load_engine("openai", model, settings.model_copy(update={"url": url}))


@contextmanager
def served(model: str, settings: EngineSettings, port: int) -> Iterator[str]:
    """``vllm serve`` as ``llmrec serve-llm`` would start it."""
    command = serve_command(
        locate(model), settings, served_as=model, adapters={}, host="127.0.0.1", port=port
    )
    print(command, flush=True)
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        process = subprocess.Popen(
            program(command.arguments),
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | command.variables,
        )
        try:
            wait_until_ready(process, f"http://127.0.0.1:{port}/health", Path(log.name))
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def program(arguments: Sequence[str]) -> list[str]:
    """The command with this Python: a folder of carried packages has no programs on the PATH.

    >>> program(["vllm", "serve", "model"])[1:]
    ['-m', 'vllm.entrypoints.cli.main', 'serve', 'model']
    """
    if arguments[0] == "vllm":
        return [sys.executable, "-m", "vllm.entrypoints.cli.main", *arguments[1:]]
    return [sys.executable, *arguments[1:]]


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the server answers.

    Raises:
        SystemExit: it ended, or took longer than five minutes; its last words are printed.
    """
    end = time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")


def measured(engine: Engine, url: str | None, precision: str, options: Any) -> dict[str, Any]:
    """All levels, the first one's prompts again, and writing at the largest level."""
    # Every level its own prompts: those of an earlier one would be in the cache.
    per_level = 8 if options.smoke else 1000
    prompts = load(
        options.prompts, engine, per_level * len(options.levels), candidates=options.candidates
    )
    share = max(1, len(prompts.prompts) // len(options.levels))
    parameters = matmul_parameters(locate(options.model))
    best = limit(options.out, precision)
    figures: dict[str, Any] = {"prompts": prompts.about}
    for row in prompts.prompts[:2]:
        scored(engine, [row])
    parts = [
        prompts.prompts[place * share : (place + 1) * share] for place in range(len(options.levels))
    ]
    plan = [(f"at {level}", level, part) for level, part in zip(options.levels, parts, strict=True)]
    plan.append((f"at {options.levels[0]}, again", options.levels[0], parts[0]))
    for name, level, part in plan:
        before = cache_counts(url)
        row = ranked(engine, part, level, options)
        row |= share_of_limit(parameters, row["prompt_tokens"], row["seconds"], best)
        row["prefix_cache_hits"] = hit_share(before, cache_counts(url))
        figures[name] = row
        print(f"{precision} {name}: {json.dumps(row)}", flush=True)
    figures["writing"] = written(engine, prompts, max(options.levels), options.new_tokens)
    return figures


def ranked(
    engine: Engine, prompts: Sequence[RankedPrompt], level: int, options: Any
) -> dict[str, Any]:
    """Rank each prompt once, ``level`` at a time, for at most so many seconds."""
    end = perf_counter() + options.seconds
    groups = [prompts[n : n + level] for n in range(0, len(prompts), level)]
    work = groups if options.in_process else [[prompt] for prompt in prompts]

    def ask(group: Sequence[RankedPrompt]) -> float | None:
        if perf_counter() > end:
            return None
        started = perf_counter()
        scored(engine, group)
        return perf_counter() - started

    started = perf_counter()
    with ThreadPoolExecutor(1 if options.in_process else level) as pool:
        done = list(pool.map(ask, work))
    seconds = perf_counter() - started
    answered = [
        prompt for group, taken in zip(work, done, strict=True) if taken for prompt in group
    ]
    tokens, number = tokens_of(engine, answered), len(answered)
    return latency([taken for taken in done if taken]) | {
        "requests": number,
        "seconds": round(seconds, 3),
        "prompt_tokens": tokens,
        "recommendations_per_s": round(number / seconds, 2),
        "prompt_tokens_per_s": round(tokens / seconds, 1),
    }


def written(engine: Engine, prompts: PromptFile, number: int, new_tokens: int) -> dict[str, float]:
    """Speed of writing: ``number`` texts in one call."""
    texts = [prompt.texts[0] for prompt in islice(cycle(prompts.prompts), number)]
    started = perf_counter()
    made = engine.generate(texts, max_tokens=new_tokens, temperature=1.0)
    seconds = perf_counter() - started
    tokens = sum(engine.count_tokens(text) for text in made)
    return {
        "texts": number,
        "seconds": round(seconds, 3),
        "tokens_per_s": round(tokens / seconds, 1),
    }


def cache_counts(url: str | None) -> dict[str, float]:
    """The server's counters of tokens looked up and found in the prefix cache."""
    if url is None:
        return {}
    with urlopen(f"{url.removesuffix('/v1')}/metrics", timeout=10) as answer:
        return {name: float(value) for name, value in _METRIC.findall(answer.read().decode())}


def hit_share(before: dict[str, float], after: dict[str, float]) -> float | None:
    """Share of the prompts' tokens between two readings that the cache had.

    >>> hit_share({"prefix_cache_hits_total": 0.0, "prefix_cache_queries_total": 0.0},
    ...           {"prefix_cache_hits_total": 30.0, "prefix_cache_queries_total": 40.0})
    0.75
    """
    names = ("prefix_cache_hits_total", "prefix_cache_queries_total")
    if not all(name in before and name in after for name in names):
        return None
    hits, queries = (after[name] - before[name] for name in names)
    return round(hits / queries, 4) if queries else None


if __name__ == "__main__":
    main()
