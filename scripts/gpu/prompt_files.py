"""Ranking prompts in a file: made where the data are, read where the GPU is.

The first line says what they are, each other line is one prompt; the whole is JSON Lines in xz.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine
    from llmrec.finetune.examples import ExampleSet

__all__ = ["PromptFile", "RankedPrompt", "invented", "load", "read", "write"]

FORMAT = 1


@dataclass(frozen=True)
class RankedPrompt:
    """A prompt with its labels in the order shown.

    ``target`` is the index of the item that was chosen (-1: unknown), ``retrieval`` the
    retriever's score of each shown candidate.
    """

    prompt: str
    labels: tuple[str, ...]
    target: int = -1
    retrieval: tuple[float, ...] = ()
    user: str = ""
    candidates: tuple[str, ...] = ()
    retrieved: bool = True


@dataclass(frozen=True)
class PromptFile:
    """Prompts with what they are: ``about`` has shop, model, part, prompt version and counts."""

    prompts: tuple[RankedPrompt, ...]
    about: dict[str, Any]

    def examples(self) -> ExampleSet:
        """The prompts as training examples."""
        from llmrec.finetune.examples import ExampleCounts, ExampleSet, RankingExample

        rows = [
            RankingExample(
                one.user,
                one.prompt,
                one.labels,
                one.candidates,
                one.target,
                one.retrieved,
                one.retrieval,
            )
            for one in self.prompts
        ]
        counts = ExampleCounts(**self.about.get("counts", {}))
        return ExampleSet(tuple(rows), self.about["prompt_version"], counts)


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
    tuples = ("labels", "retrieval", "candidates")
    prompts = [RankedPrompt(**row | {name: tuple(row[name]) for name in tuples}) for row in rows]
    return PromptFile(tuple(prompts), about)


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
        ids = tuple(one.id for one in draw[history:])
        made.append(RankedPrompt(prompt.text, labels, target, tuple(scores), str(index), ids))
    return made
