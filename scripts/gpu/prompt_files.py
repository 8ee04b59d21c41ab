"""Ranking prompts in a file: made where the data are, read where the GPU is.

The first line says what they are, each other line is one prompt; the whole is JSON Lines in xz.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    "write",
]

FORMAT = 1


@dataclass(frozen=True)
class RankedPrompt:
    """A prompt with its labels in the order shown.

    ``target`` is the index of the item that was chosen (-1: unknown), ``retrieval`` the
    retriever's score of each shown candidate, ``history`` the items before, oldest first.
    """

    prompt: str
    labels: tuple[str, ...]
    target: int = -1
    retrieval: tuple[float, ...] = ()
    user: str = ""
    candidates: tuple[str, ...] = ()
    retrieved: bool = True
    history: tuple[str, ...] = ()


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

        empty = rank_prompt((), None, (), ())
        text = engine.render(empty.messages, answer_prefix=empty.answer_prefix)
        head, _, tail = text.partition(empty.messages[-1]["content"])
        if not all(
            one.prompt.startswith(head) and one.prompt.endswith(tail) for one in self.prompts
        ):
            raise ValueError(
                f"the prompts are not in the chat template of {engine.model}: make them with "
                f"make_prompts.py --model {engine.model}"
            )

    def examples(self) -> ExampleSet:
        """The prompts as training examples."""
        from llmrec.finetune.examples import ExampleCounts, ExampleSet, RankingExample

        rows = [RankingExample(**_fields(one)) for one in self.prompts]
        counts = ExampleCounts(**self.about.get("counts", {}))
        return ExampleSet(tuple(rows), self.about["prompt_version"], counts)


def of_examples(data: ExampleSet) -> list[RankedPrompt]:
    """Training examples as prompts; the inverse of :meth:`PromptFile.examples`."""
    return [RankedPrompt(**_fields(one)) for one in data.examples]


def _fields(row: Any) -> dict[str, Any]:
    """An example and a prompt have the same fields."""
    return {one.name: getattr(row, one.name) for one in fields(RankedPrompt)}


def write(path: Path, prompts: Sequence[RankedPrompt], about: dict[str, Any]) -> None:
    """Write a file; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8", preset=6) as out:
        out.write(json.dumps({"format": FORMAT, **about}, ensure_ascii=False) + "\n")
        for one in prompts:
            out.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")


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
    tuples = ("labels", "retrieval", "candidates", "history")
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
    found = read(path)
    return PromptFile(found.prompts[:number], found.about)


def invented(
    engine: Engine, number: int, *, candidates: int = 20, history: int = 8, seed: int = 0
) -> list[RankedPrompt]:
    """Prompts of random histories and candidates of the demo store; they mean nothing."""
    from llmrec.demo import items_files
    from llmrec.prompting import fit_rank_prompt
    from llmrec.ranking import labels_for
    from llmrec.types import EventKind, HistoryEntry, Item

    items = [
        Item(id=row["id"], title=row["title"], brand=row.get("brand"))
        for file in items_files()
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    ]
    labels, made = labels_for(engine, candidates), []
    for index in range(number):
        draw = Random(seed * 1_000_003 + index).sample(items, history + candidates)
        pairs = [(HistoryEntry(item=one.id, kind=EventKind.VIEW), one) for one in draw[:history]]
        prompt = fit_rank_prompt(
            pairs,
            None,
            draw[history:],
            labels,
            render=engine.render,
            count_tokens=engine.count_tokens,
            budget=min(1800, engine.context_window - 64),
        )
        target = Random(index).randrange(candidates)
        scores = Random(index + 1).sample([1 / (60 + n) for n in range(candidates)], candidates)
        made.append(
            RankedPrompt(
                prompt.text,
                labels,
                target,
                tuple(scores),
                str(index),
                candidates=tuple(one.id for one in draw[history:]),
                history=tuple(one.id for one in draw[:history]),
            )
        )
    return made
