"""Ranking in one pass against writing the ranked list as text: same model, candidates and run.

    python scripts/bench/list_generation.py --shops demo ../shared/data/amazon14_beauty

For each request the variants run one after another, in an order that changes with each request:

- ``single``: the labels' log-probabilities behind the ranking prompt, one forward pass.
- ``list``: the model is asked to write all labels, best first, and is read generously; it has room
  for the products' names too.
- ``json``: the same, held to a JSON array of that many of the labels (it can still repeat one).
- ``steps`` (not by default): one label at a time, each held to those that are left, so that the
  list is always valid; one call a label.

Users are those of a seeded sample whose target was retrieved. An answer is invalid if a label in
it was never offered, comes twice or is missing, or if nothing in it can be read as a label. For
NDCG an invalid list is mended: its good labels, then the missing ones as the prompt shows them.
LlamaRec (Yue et al. 2023, arXiv:2311.02089) reports that one pass is 56 times as fast.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import shlex
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from processes import machine
from scipy.stats import kendalltau
from shops import Asked, asked_requests, prepare_shop

from llmrec import Recommender
from llmrec.config import EngineSettings, RankingSettings
from llmrec.engines import load_engine
from llmrec.engines.protocol import Engine
from llmrec.eval.measures.metrics import hits_from_ranks, ndcg
from llmrec.prompting import fit_rank_prompt, rank_prompt
from llmrec.ranking import labels_for, shuffled

VARIANTS = ("single", "list", "json", "steps")
QUESTION = "Which product does the shopper want next? Answer with its letter."
_LABEL = re.compile(r"\W*(?:\d+[.):]\s*)?\W*([A-Za-z0-9]+)(?![A-Za-z0-9])")
_TITLED = re.compile(r"\W*(?:\d+[.):]\s*)?\(?[A-Za-z0-9]{1,3}[).:]\s+\w")
_NEXT_TITLED = re.compile(r"[,;]\s*(?=\([A-Za-z0-9]{1,3}\)\s)")


@dataclass(frozen=True)
class ReadList:
    """A written list as read: ``order`` has each offered label once, as far as they were named."""

    order: tuple[str, ...]
    problems: frozenset[str]

    @property
    def valid(self) -> bool:
        """Whether it is a permutation of what was offered."""
        return not self.problems

    def mended(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The list with the missing labels behind it, in the order of the prompt."""
        return self.order + tuple(label for label in labels if label not in self.order)


def read_list(text: str, labels: Sequence[str]) -> ReadList:
    r"""Read labels from a text, generously: by lines, commas or ">", with numbering and titles.

    >>> read_list("1. (B) Green tea, 4 EUR\n2. A", ["A", "B"]).order
    ('B', 'A')
    >>> sorted(read_list("A, A, Z", ["A", "B"]).problems)
    ['duplicate', 'missing', 'not offered']
    """
    pieces = [piece for line in text.splitlines() for piece in _pieces(line) if piece.strip()]
    if len(pieces) == 1 and not _TITLED.match(pieces[0]):  # spaces alone between the labels
        pieces = text.split()
    found = [match[1] if (match := _LABEL.match(piece)) else piece for piece in pieces]
    known = [label for label in found if label in labels]
    order = tuple(dict.fromkeys(known))
    problems = set()
    if not known:
        problems.add("unreadable")
    if len(known) < len(found):
        problems.add("not offered")
    if len(order) < len(known):
        problems.add("duplicate")
    if len(order) < len(labels):
        problems.add("missing")
    return ReadList(order, frozenset(problems))


def _pieces(line: str) -> list[str]:
    """What may be labels in a line; one that names its product with commas is one piece."""
    parts = re.split(r"[,;>|]+|\s+-+\s+", line)
    return re.split(_NEXT_TITLED, line) if _TITLED.match(parts[0]) else parts


def read_json_list(text: str, labels: Sequence[str]) -> ReadList:
    """Read a JSON array of labels; a text that is not one is read as :func:`read_list` does."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        read = read_list(text.strip("[] \n").replace('"', ""), labels)
        return ReadList(read.order, read.problems | {"not JSON"})
    items = values if isinstance(values, list) else []
    return read_list(",".join(str(item) for item in items), labels)


@dataclass(frozen=True)
class Sheet:
    """One request as both prompts; labels stand as the candidates are shown."""

    rank_prompt: str
    list_prompt: str
    json_prompt: str
    labels: tuple[str, ...]
    target: str
    tokens: int


def sheet(engine: Engine, asked: Asked, settings: RankingSettings) -> Sheet:
    """Both prompts show the same history and candidates with the same detail."""
    shown = shuffled(asked.request.candidates, asked.request.seed)
    items = [item for _, item in shown]
    labels = labels_for(engine, len(shown))
    history = asked.request.history[-settings.history_items :]
    # What the model writes takes room too: both prompts are fitted to what is left.
    room = list_room(len(labels)) + 64
    prompt = fit_rank_prompt(
        history,
        asked.request.query,
        items,
        labels,
        render=engine.render,
        count_tokens=engine.count_tokens,
        budget=min(settings.token_budget, engine.context_window - room),
    )
    kept = history[len(history) - prompt.history :]
    messages = rank_prompt(kept, asked.request.query, items, labels, prompt.detail).messages
    target = labels[[item.id for item in items].index(asked.target)]

    def asking(question: str, prefix: str) -> str:
        system, user = messages
        assert user["content"].endswith(QUESTION), "the ranking template has changed"
        content = user["content"].removesuffix(QUESTION) + question
        turns = [{**system}, {**user, "content": content}]
        return engine.render(turns, answer_prefix=prefix)  # type: ignore[arg-type]

    return Sheet(
        rank_prompt=prompt.text,
        # It starts as the ranking prompt's answer does, which keeps small models to letters.
        list_prompt=asking(_question(labels, "separated by commas."), "Best first: ("),
        json_prompt=asking(_question(labels, "as a JSON array."), ""),
        labels=labels,
        target=target,
        tokens=prompt.tokens,
    )


def _question(labels: Sequence[str], how: str) -> str:
    # No example list: small models repeat it.
    return (
        f"Rank all {len(labels)} products for the shopper, the one wanted most first. Answer with "
        f"all {len(labels)} letters, each once, {how}"
    )


def list_room(labels: int) -> int:
    """Most tokens of a free list: enough for letters with the products' names."""
    return 30 * labels


def json_room(labels: int) -> int:
    """Most tokens of a JSON list: a label, quotes, comma and space, and some to spare."""
    return 5 * labels + 8


@dataclass
class Outcome:
    """What one variant did with one request.

    ``rank`` is the target's; ``as_shown`` says whether the labels merely repeat the prompt's order;
    ``tau`` compares a valid list with the single pass.
    """

    seconds: float
    tokens: int
    problems: list[str]
    rank: int
    order: tuple[str, ...]
    as_shown: bool
    tau: float | None = None
    text: str = ""


@dataclass
class Tally:
    """All outcomes of one shop and number of candidates, by variant."""

    candidates: int
    prompt_tokens: list[int] = field(default_factory=list)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)


def single(engine: Engine, one: Sheet) -> Outcome:
    started = perf_counter()
    (scores,) = engine.score_labels([one.rank_prompt], [one.labels])
    seconds = perf_counter() - started
    order = tuple(one.labels[place] for place in np.argsort(-scores, kind="stable"))
    return Outcome(seconds, 0, [], order.index(one.target) + 1, order, order == one.labels)


def written(engine: Engine, one: Sheet) -> Outcome:
    started = perf_counter()
    room = list_room(len(one.labels))
    (text,) = engine.generate([one.list_prompt], max_tokens=room, stop=("\n\n",))
    return _read(engine, one, text, perf_counter() - started, read_list(text, one.labels))


def constrained(engine: Engine, one: Sheet) -> Outcome:
    from llmrec.engines.constraints import JsonSchema

    n = len(one.labels)
    schema = {
        "type": "array",
        "items": {"type": "string", "enum": list(one.labels)},
        "minItems": n,
        "maxItems": n,
    }
    started = perf_counter()
    (text,) = engine.generate(
        [one.json_prompt], max_tokens=json_room(n), constraint=JsonSchema(schema)
    )
    return _read(engine, one, text, perf_counter() - started, read_json_list(text, one.labels))


def stepwise(engine: Engine, one: Sheet) -> Outcome:
    from llmrec.engines.constraints import Choices

    started, text, left = perf_counter(), "", list(one.labels)
    while left:
        (label,) = engine.generate([one.list_prompt + text], max_tokens=8, constraint=Choices(left))
        text += f"{label}), ("
        left.remove(label)
    text = text.removesuffix("), (")
    return _read(engine, one, text, perf_counter() - started, read_list(text, one.labels))


def _read(engine: Engine, one: Sheet, text: str, seconds: float, read: ReadList) -> Outcome:
    labels, order = one.labels, read.mended(one.labels)
    return Outcome(
        seconds,
        engine.count_tokens(text),
        sorted(read.problems),
        order.index(one.target) + 1,
        read.order,
        bool(read.order) and read.order == tuple(x for x in labels if x in read.order),
        text=text,
    )


RUNNERS: dict[str, Callable[[Engine, Sheet], Outcome]] = {
    "single": single,
    "list": written,
    "json": constrained,
    "steps": stepwise,
}


def measure(
    engine: Engine, shop: Recommender, cases: Any, variants: Sequence[str], candidates: int, n: int
) -> Tally:
    """Run all variants over ``n`` requests, each variant first in its turn."""
    tally = Tally(candidates, outcomes={variant: [] for variant in variants})
    for number, asked in enumerate(asked_requests(shop, cases, candidates)):
        if number > n:
            break
        one = sheet(engine, asked, shop.settings.ranking)
        turn = number % len(variants)
        done = {name: RUNNERS[name](engine, one) for name in (*variants[turn:], *variants[:turn])}
        if number == 0:
            continue  # a warm-up: the first call of each kind is never like the others
        tally.prompt_tokens.append(one.tokens)
        best = done["single"].order
        for name, outcome in done.items():
            if name != "single" and not outcome.problems:
                places = [best.index(label) for label in outcome.order]
                outcome.tau = float(kendalltau(range(len(places)), places).statistic)
            tally.outcomes[name].append(outcome)
    return tally


def summary(tally: Tally) -> list[dict[str, Any]]:
    """One row for each variant."""
    rows = []
    base = tally.outcomes["single"]
    for name, all_of in tally.outcomes.items():
        ratios = [one.seconds / own.seconds for one, own in zip(all_of, base, strict=True)]
        taus = [one.tau for one in all_of if one.tau is not None]
        ranks = np.array([one.rank for one in all_of])
        gains = ndcg(hits_from_ranks(ranks, 10), np.ones(len(ranks), dtype=np.int64), 10)
        kinds = sorted({problem for one in all_of for problem in one.problems})
        shares = {kind: _share(kind in one.problems for one in all_of) for kind in kinds}
        rows.append(
            {
                "variant": name,
                "requests": len(all_of),
                "candidates": tally.candidates,
                "prompt_tokens": statistics.median(tally.prompt_tokens),
                "milliseconds": statistics.median(one.seconds for one in all_of) * 1000,
                "times_single": statistics.median(ratios),
                "tokens": statistics.median(one.tokens for one in all_of),
                "invalid": _share(bool(one.problems) for one in all_of),
                "problems": shares,
                "tau_with_single": statistics.mean(taus) if taus else None,
                "as_shown": _share(one.as_shown for one in all_of),
                "ndcg10": float(gains.mean()),
            }
        )
    return rows


def _share(flags: Any) -> float:
    values = list(flags)
    return sum(values) / len(values)


def table(name: str, rows: Sequence[dict[str, Any]]) -> str:
    head = (
        f"### {name}, {rows[0]['requests']} requests, {rows[0]['candidates']} candidates, "
        f"{rows[0]['prompt_tokens']:.0f} prompt tokens\n\n"
        "| variant | ms (median) | times single | tokens written | invalid | of these | "
        "tau with single (valid ones) | in the order shown | NDCG@10 |\n" + "|---" * 9 + "|"
    )
    lines = [head]
    for row in rows:
        kinds = ", ".join(f"{kind} {share:.0%}" for kind, share in row["problems"].items()) or "–"
        tau = "–" if row["tau_with_single"] is None else f"{row['tau_with_single']:+.2f}"
        lines.append(
            f"| {row['variant']} | {row['milliseconds']:,.0f} | {row['times_single']:.1f} | "
            f"{row['tokens']:.0f} | {row['invalid']:.0%} | {kinds} | {tau} | "
            f"{row['as_shown']:.0%} | {row['ndcg10']:.3f} |"
        )
    return "\n".join(lines)


def possible(engine: Engine, variants: Sequence[str]) -> list[str]:
    """The variants that this engine can run; says which it cannot."""
    if "constraint" in inspect.signature(engine.generate).parameters:
        return list(variants)
    print(f"{engine.name} takes no constraints: json and steps are left out")
    return [one for one in variants if one in ("single", "list")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", nargs="+", default=["demo"], help="'demo' or data folders")
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--candidates", type=int, nargs="+", default=[20])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS[:3]), choices=VARIANTS)
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--json", type=Path, help="also write the figures and all answers here")
    options = parser.parse_args()
    engine = load_engine(options.engine, options.model, EngineSettings())
    variants = possible(engine, list(dict.fromkeys(["single", *options.variants])))
    packages = {name: version(name) for name in ("llmrec", "torch", "transformers")}
    print(f"Machine: {machine()}; {engine.name}, {engine.model}; {packages}", flush=True)
    found: dict[str, Any] = {}
    for source in options.shops:
        with tempfile.TemporaryDirectory() as folder:
            workspace, split = prepare_shop(source, Path(folder) / "shop")
            with Recommender.open(workspace, engine=engine) as shop:
                for candidates in options.candidates:
                    cases = split.cases("valid")
                    tally = measure(engine, shop, cases, variants, candidates, options.requests)
                    rows = summary(tally)
                    print(f"\n{table(Path(source).name, rows)}", flush=True)
                    found[f"{Path(source).name}, {candidates} candidates"] = {
                        "rows": rows,
                        "outcomes": {
                            name: [asdict(one) for one in all_of]
                            for name, all_of in tally.outcomes.items()
                        },
                    }
    if options.json:
        report = {
            "command": shlex.join(["python", *sys.argv]),
            "machine": machine(),
            "engine": engine.name,
            "model": engine.model,
            "versions": packages,
            "shops": found,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
