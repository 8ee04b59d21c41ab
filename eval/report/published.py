"""Figures that others have published for the same data, to stand beside one's own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from llmrec.errors import DataError

__all__ = ["PublishedResult", "known_published", "read_published"]

_NAMES = {"R": "recall", "N": "ndcg", "H": "hit", "HR": "hit", "M": "mrr"}


@dataclass(frozen=True)
class PublishedResult:
    """One row of somebody's table; ``metrics`` by our names, ``source`` says where it stands."""

    model: str
    metrics: Mapping[str, float]
    source: str


def read_published(path: str | os.PathLike[str]) -> tuple[PublishedResult, ...]:
    """Read a JSON list of objects with ``model``, ``source`` and metrics such as ``N@10``.

    Metric names may be ours (``ndcg@10``) or short (``R``, ``N``, ``H``, ``HR``, ``M``).

    Raises:
        DataError: the file cannot be read, or a row has no model or no figure; names the row.
    """
    file = Path(path)
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot be read as JSON: {error}", file=str(file), hint="Give a JSON list of objects."
        ) from error
    if not isinstance(rows, list):
        raise DataError("is not a list.", file=str(file), hint="Give a JSON list of objects.")
    return tuple(_row(str(file), number, row) for number, row in enumerate(rows, start=1))


def known_published(data_sha256: str) -> tuple[PublishedResult, ...]:
    """The figures that ship with llmrec for this very data: same events, same split, same items.

    They lie in ``eval/report/others``, one file for each data set, with the source of each row.
    Found by the hash, so that they never stand beside figures of another split.
    """
    for file in files("llmrec.eval.report").joinpath("others").iterdir():
        known = json.loads(file.read_text(encoding="utf-8"))
        if known["sha256"] == data_sha256:
            return tuple(_row(file.name, n, row) for n, row in enumerate(known["rows"], start=1))
    return ()


def _row(file: str, number: int, row: object) -> PublishedResult:
    if not isinstance(row, dict) or not row.get("model"):
        raise DataError("has no model.", file=file, row=number, field="model", hint="Name it.")
    metrics = {
        _name(key): float(value)
        for key, value in row.items()
        if "@" in key and isinstance(value, (int, float))
    }
    if not metrics:
        raise DataError(
            "has no figure.", file=file, row=number, hint="Give one such as 'N@10': 0.0318."
        )
    return PublishedResult(str(row["model"]), metrics, str(row.get("source", "")))


def _name(key: str) -> str:
    short, _, k = key.partition("@")
    return f"{_NAMES.get(short, short.lower())}@{k}"
