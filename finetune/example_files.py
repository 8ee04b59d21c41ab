"""Ranking examples in a file: a first line that says what they are, then an example a line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from llmrec.config import disk_errors
from llmrec.finetune.examples import ExampleCounts, ExampleSet, RankingExample

__all__ = ["kept_examples"]

_TUPLES = ("branches", "candidates", "retrieval", "history", "later")


def kept_examples(path: Path, make: Callable[[], ExampleSet]) -> ExampleSet:
    """The examples of ``path``, or of ``make``, which are then written there.

    Raises:
        DiskFull: no space left; nothing stays half-written.
    """
    if path.is_file():
        return _read(path)
    made = make()
    _write(path, made)
    return made


def _write(path: Path, data: ExampleSet) -> None:
    about = {
        "prompt_version": data.prompt_version,
        "counts": asdict(data.counts),
        "last": data.last.isoformat() if data.last else None,
    }
    partial = path.with_name(path.name + ".partial")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as out:
            out.write(json.dumps(about) + "\n")
            out.writelines(json.dumps(asdict(example)) + "\n" for example in data.examples)
        os.replace(partial, path)


def _read(path: Path) -> ExampleSet:
    with path.open(encoding="utf-8") as lines:
        about = json.loads(next(lines))
        rows = [json.loads(line) for line in lines]
    examples = [
        RankingExample(**row | {name: tuple(row[name]) for name in _TUPLES}) for row in rows
    ]
    last = datetime.fromisoformat(about["last"]) if about["last"] else None
    counts = ExampleCounts(**about["counts"])
    return ExampleSet(tuple(examples), about["prompt_version"], counts, last)
