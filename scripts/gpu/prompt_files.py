"""Ranking prompts in a file: made where the data are, read where the GPU is.

The first line says what they are, each other line is one list; the whole is JSON Lines in xz.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.prompting import yes_and_no

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmrec.engines.protocol import Engine
    from llmrec.finetune.examples import ExampleSet

__all__ = [
    "PromptFile",
    "RankedPrompt",
    "invented",
    "invented_file",
    "load",
    "of_examples",
    "parts_of",
    "read",
    "scored",
    "tokens_of",
    "write",
]

FORMAT = 2


@dataclass(frozen=True)
class RankedPrompt:
    """A list: the head that its candidates share, and the branch of each of them.

    ``target`` is the index of the item that was chosen (-1: unknown), ``retrieval`` the
    retriever's score of each candidate, ``history`` the items before, oldest first; ``later`` is
    where the head tells of them.
    """

    head: str
    branches: tuple[str, ...]
    target: int = -1
    retrieval: tuple[float, ...] = ()
    user: str = ""
    candidates: tuple[str, ...] = ()
    retrieved: bool = True
    history: tuple[str, ...] = ()
    later: tuple[int, int] = (0, 0)

    @property
    def texts(self) -> list[str]:
        """Each candidate's prompt."""
        return [self.head + branch for branch in self.branches]


def scored(
    engine: Engine, rows: Sequence[RankedPrompt], adapter: str | None = None
) -> list[NDArray[np.float64]]:
    """Log-odds of each list's candidates, all in one call."""
    texts = [text for row in rows for text in row.texts]
    answers = yes_and_no(engine.token_ids, texts[0])
    log_probs = engine.score_labels(texts, [answers] * len(texts), adapters=[adapter] * len(texts))
    odds = np.array([float(yes) - float(no) for yes, no in log_probs])
    ends = np.cumsum([len(row.branches) for row in rows])
    return np.split(odds, ends[:-1])


def tokens_of(engine: Engine, rows: Sequence[RankedPrompt]) -> int:
    """All tokens of some lists, the head of each once."""
    return sum(engine.count_tokens("".join((row.head, *row.branches))) for row in rows)


@dataclass(frozen=True)
class PromptFile:
    """Prompts with what they are: ``about`` has shop, model, part, prompt version and counts."""

    prompts: tuple[RankedPrompt, ...]
    about: dict[str, Any]

    def first(self, number: int | None) -> PromptFile:
        """The first ``number`` prompts, or all."""
        return PromptFile(self.prompts[:number], self.about)

    def check_template(self, engine: Engine) -> None:
        """Make sure that ``engine`` would have begun and ended the prompts alike.

        Raises:
            ValueError: they are for a model with another chat template.
        """
        from llmrec.prompting import rank_prompt
        from llmrec.types import Item

        empty = rank_prompt((), None, Item("", ""))
        text = engine.render(empty.messages)
        head, _, tail = text.partition(empty.messages[-1]["content"])
        if not all(
            prompt.head.startswith(head) and prompt.head.endswith(tail) for prompt in self.prompts
        ):
            raise ValueError(
                f"the prompts are not in the chat template of {engine.model}: make them with "
                f"make_prompts.py --model {engine.model}"
            )

    def examples(self) -> ExampleSet:
        """The prompts as training examples."""
        from llmrec.finetune.examples import ExampleCounts, ExampleSet, RankingExample

        rows = [RankingExample(**_fields(prompt)) for prompt in self.prompts]
        counts = ExampleCounts(**self.about.get("counts", {}))
        return ExampleSet(tuple(rows), self.about["prompt_version"], counts)


def of_examples(data: ExampleSet) -> list[RankedPrompt]:
    """Training examples as prompts; the inverse of :meth:`PromptFile.examples`."""
    return [RankedPrompt(**_fields(example)) for example in data.examples]


def _fields(row: Any) -> dict[str, Any]:
    """An example and a prompt have the same fields."""
    return {field.name: getattr(row, field.name) for field in fields(RankedPrompt)}


def write(path: Path, prompts: Sequence[RankedPrompt], about: dict[str, Any]) -> None:
    """Write a file; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8", preset=6) as out:
        out.write(json.dumps({"format": FORMAT, **about}, ensure_ascii=False) + "\n")
        for prompt in prompts:
            out.write(json.dumps(asdict(prompt), ensure_ascii=False) + "\n")


def read(path: Path) -> PromptFile:
    """Read a file.

    Raises:
        ValueError: it is of another format.
    """
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        about = json.loads(next(lines))
        if about.pop("format", None) != FORMAT:
            raise ValueError(f"{path} is of another format; make it again")
        rows = [json.loads(line) for line in lines]
    tuples = ("branches", "retrieval", "candidates", "history", "later")
    prompts = [
        RankedPrompt(**row | {name: tuple(row.get(name, ())) for name in tuples}) for row in rows
    ]
    return PromptFile(tuple(prompts), about)


def parts_of(data: Path, *parts: str) -> list[PromptFile]:
    """The files ``<data>-<part>.jsonl.xz`` of make_prompts.py."""
    return [read(data.with_name(f"{data.name}-{part}.jsonl.xz")) for part in parts]


def invented_file(model: str, number: int, *, seed: int = 0) -> PromptFile:
    """A few short invented prompts of a model, as a file."""
    from llmrec.finetune.ranker.prompts import prompt_maker
    from llmrec.prompting import rank_prompt_version

    about = {"shop": "invented", "model": model, "prompt_version": rank_prompt_version()}
    rows = invented(prompt_maker(model), number, candidates=4, history=2, seed=seed)
    return PromptFile(tuple(rows), about)


def load(path: Path | None, engine: Engine, number: int, *, candidates: int = 20) -> PromptFile:
    """The first ``number`` prompts of a file, or invented ones if there is no file."""
    if path is None:
        made = invented(engine, number, candidates=candidates)
        return PromptFile(tuple(made), {"shop": "invented requests to the demo store"})
    file = read(path)
    return PromptFile(file.prompts[:number], file.about)


def invented(
    engine: Engine, number: int, *, candidates: int = 20, history: int = 8, seed: int = 0
) -> list[RankedPrompt]:
    """Prompts of random histories and candidates of the demo store; they mean nothing."""
    from llmrec.demo import items_files
    from llmrec.prompting import fit_rank_prompt
    from llmrec.types import EventKind, HistoryEntry, Item

    items = [
        Item(id=row["id"], title=row["title"], brand=row.get("brand"))
        for file in items_files()
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    ]
    made = []
    for index in range(number):
        draw = Random(seed * 1_000_003 + index).sample(items, history + candidates)
        pairs = [(HistoryEntry(item=item.id, kind=EventKind.VIEW), item) for item in draw[:history]]
        prompt = fit_rank_prompt(
            pairs,
            None,
            draw[history:],
            render=engine.render,
            count_tokens=engine.count_tokens,
            budget=min(1800, engine.context_window - 64),
        )
        target = Random(index).randrange(candidates)
        scores = Random(index + 1).sample([1 / (60 + n) for n in range(candidates)], candidates)
        made.append(
            RankedPrompt(
                prompt.head,
                prompt.branches,
                target,
                tuple(scores),
                str(index),
                candidates=tuple(item.id for item in draw[history:]),
                history=tuple(item.id for item in draw[:history]),
                later=prompt.later,
            )
        )
    return made
