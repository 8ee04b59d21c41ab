"""What a run was begun with, and what it came to: ``plan.json`` and ``run.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.errors import DataError
from llmrec.eval.judging.asking import Answer
from llmrec.eval.runs.files import ANSWERS, PLAN, RESULT, USERS, read_batches, read_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VERSION", "Run", "RunPlan", "read_run"]

VERSION = 1
"""Of the files; raised when their meaning changes."""


@dataclass(frozen=True)
class RunPlan:
    """Everything that decides a run's figures, save the machine and the versions.

    Attributes:
        name: how reports call the run.
        recommender: ``name``, ``kind``, ``settings`` and ``tuned`` (or ``None``).
        data: ``name``, ``sha256``, ``protocol`` and ``part``.
        users: how many users are drawn; ``None`` for all.
        ks: list lengths to report.
        depth: length of the lists that are asked for.
        seed: of the draw of users, the recommender and the intervals.
        negatives: targets are ranked among so many drawn items; ``None`` for full ranking.
        batch: users asked at once. Models may answer a little differently in other company, so a
            run that goes on asks the very same batches.
    """

    name: str
    recommender: Mapping[str, Any]
    data: Mapping[str, Any]
    users: int | None
    ks: tuple[int, ...]
    depth: int
    seed: int
    batch: int
    negatives: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps({"version": VERSION, **asdict(self)}))
        return plain


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and what ``run.json`` says."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What reports call it."""
        return str(self.record["name"])

    def users(self) -> pd.DataFrame:
        """One row per case: ``user``, ``owner``, ``history_length``, ``cold``, and each metric."""
        import pandas as pd

        return pd.read_parquet(self.folder / USERS)

    def answers(self) -> list[Answer]:
        """What every user got, in the order of ``users``."""
        return [answer for batch in read_batches(self.folder / ANSWERS)[0] for answer in batch]


def read_run(folder: str | os.PathLike[str]) -> Run:
    """Read a finished run.

    Raises:
        DataError: there is none, it is not finished, or a newer llmrec wrote it.
    """
    path = Path(folder)
    file = path / RESULT
    if not file.is_file():
        begun = (path / PLAN).is_file()
        raise DataError(
            f"The run {path} is not finished." if begun else f"{path} holds no run.",
            hint="Go on with it: the same command with --resume."
            if begun
            else "Name the folder that 'llmrec eval run' wrote, with its run.json.",
        )
    record = read_json(file)
    if record.get("version") != VERSION:
        raise DataError(
            f"it is a run of version {record.get('version')}; this llmrec reads {VERSION}.",
            file=str(file),
            hint="Upgrade llmrec, or run it again.",
        )
    return Run(path, record)
