"""The files of a run: their names, and how they are read and written without a torn line."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llmrec.config import disk_errors
from llmrec.errors import DataError
from llmrec.eval.judging.asking import Answer

__all__ = [
    "ANSWERS",
    "PLAN",
    "RESULT",
    "SESSIONS",
    "USERS",
    "append_batch",
    "cut",
    "read_batches",
    "read_json",
    "write_json",
]

PLAN, ANSWERS, SESSIONS = "plan.json", "answers.jsonl", "sessions.json"
USERS, RESULT = "users.parquet", "run.json"


def append_batch(file: Path, batch: Sequence[Answer]) -> None:
    """Write a batch's answers; they are on the disk when this returns.

    Raises:
        DiskFull: no space left.
    """
    head = {"batch": len(batch)}
    lines = [json.dumps({**asdict(answer), **head}, ensure_ascii=False) for answer in batch]
    with disk_errors(file), file.open("ab") as out:
        out.write(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))
        out.flush()
        os.fsync(out.fileno())


def read_batches(file: Path) -> tuple[list[list[Answer]], int]:
    """Whole batches of answers, and how many bytes of the file they take.

    Raises:
        DataError: a line before the last is damaged; names it.
    """
    batches: list[list[Answer]] = []
    current: list[Answer] = []
    good = read = 0
    lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
    for number, line in enumerate(lines, start=1):
        read += len(line)
        try:
            row = json.loads(line.decode("utf-8", "surrogatepass"))
            answer = Answer(row["user"], tuple(row["ids"]), row["ms"], row["llm"])
            size = int(row["batch"])
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break  # torn by a kill
            raise DataError(
                "the line is no answer.",
                file=str(file),
                row=number,
                hint="The file was changed or damaged; begin the run anew in another folder.",
            ) from error
        if not line.endswith(b"\n"):
            break
        current.append(answer)
        if len(current) == size:
            batches.append(current)
            current, good = [], read
    return batches, good


def cut(file: Path, size: int) -> None:
    """Shorten the file to ``size`` bytes, where it is longer."""
    if file.is_file() and file.stat().st_size > size:
        with disk_errors(file), file.open("r+b") as out:
            out.truncate(size)


def read_json(file: Path) -> Any:
    """The file's value.

    Raises:
        DataError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"it cannot be read: {error}.",
            file=str(file),
            hint="The file was changed or damaged; begin the run anew in another folder.",
        ) from error


def write_json(file: Path, value: Any) -> None:
    """Write the file, whole or not at all.

    Raises:
        DiskFull: no space left.
    """
    partial = file.with_name(f".{file.name}.partial")
    with disk_errors(file):
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(file)
