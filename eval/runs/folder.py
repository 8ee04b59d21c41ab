"""A run on disk: begun with a plan, answered line by line, finished with one file.

::

    RUN/
    ├── plan.json       what it was begun with; it is gone on with that or not at all
    ├── answers.jsonl   one line per user, appended and flushed batch by batch
    ├── sessions.json   when it was worked on, for how long, with which versions
    ├── users.parquet   one row per user: history length, cold, every metric
    ├── run.json        the result; written last, so a folder without it is unfinished
    └── run.lock        held while somebody works on it
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.config import disk_errors
from llmrec.errors import DataError, LockedError
from llmrec.eval.judging.asking import Answer
from llmrec.eval.runs.files import (
    ANSWERS,
    PLAN,
    RESULT,
    SESSIONS,
    USERS,
    append_batch,
    cut,
    read_batches,
    read_json,
    write_json,
)
from llmrec.eval.runs.record import Run, RunPlan

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunFolder"]

_LOCK = "run.lock"


class RunFolder:
    """A run that is being worked on. Get one with :meth:`open`.

    Args:
        path: the folder.
        plan: what it was begun with.
        answers: those given before, in the order of asking, whole batches only.
        sessions: of the work on it so far.
    """

    def __init__(
        self, path: Path, plan: RunPlan, answers: list[Answer], sessions: list[dict[str, Any]]
    ) -> None:
        self.path = path
        self.plan = plan
        self.answers = answers
        self.sessions = sessions

    @classmethod
    @contextmanager
    def open(cls, path: Path, plan: RunPlan, *, resume: bool = False) -> Iterator[RunFolder]:
        """Begin a run in ``path``, or go on with the one that is there.

        A torn last line, and a batch that was not written whole, are dropped: that batch is asked
        again.

        Raises:
            DataError: the folder holds something else, or a run and ``resume`` was not asked for,
                or a run of another plan (the message names what differs), or a damaged one.
            LockedError: another process works on it.
            DiskFull: no space left.
        """
        with _locked(path):
            if (path / PLAN).is_file():
                _check_resumable(path, plan, resume)
            else:
                names = sorted(file.name for file in path.iterdir() if file.name != _LOCK)
                strange = [name for name in names if not name.startswith(".")]
                if strange:
                    raise DataError(
                        f"{path} holds other things ({strange[0]}, …).",
                        hint="Name a new folder for the run.",
                    )
                write_json(path / PLAN, plan.to_dict())
            batches, good = read_batches(path / ANSWERS)
            cut(path / ANSWERS, good)
            sessions = read_json(path / SESSIONS) if (path / SESSIONS).is_file() else []
            yield cls(path, plan, [answer for batch in batches for answer in batch], sessions)

    @property
    def finished(self) -> bool:
        """Whether the result is there already."""
        return (self.path / RESULT).is_file()

    @property
    def seconds(self) -> float:
        """Time spent on it so far, in all sessions."""
        return float(sum(session["seconds"] for session in self.sessions))

    def begin(self, session: Mapping[str, Any]) -> None:
        """Note that work begins; ``session`` says when, and with which versions."""
        self.sessions.append({**session, "seconds": 0.0})
        write_json(self.path / SESSIONS, self.sessions)

    def append(self, batch: Sequence[Answer], seconds: float) -> None:
        """Write a batch's answers; they are on the disk when this returns.

        Args:
            batch: answers in the order of asking.
            seconds: that this session has taken so far.
        """
        append_batch(self.path / ANSWERS, batch)
        self.answers.extend(batch)
        self.sessions[-1]["seconds"] = seconds
        write_json(self.path / SESSIONS, self.sessions)

    def finish(self, record: Mapping[str, Any], users: pd.DataFrame) -> Run:
        """Write the result: first the users, then ``run.json``, each whole or not at all."""
        partial = self.path / f".{USERS}.partial"
        with disk_errors(self.path):
            users.to_parquet(partial, index=False)
            partial.replace(self.path / USERS)
        write_json(self.path / RESULT, record)
        return Run(self.path, record)


def _check_resumable(path: Path, plan: RunPlan, resume: bool) -> None:
    done = (path / RESULT).is_file()
    if not resume:
        raise DataError(
            f"{path} holds {'a finished' if done else 'an unfinished'} run.",
            hint="Go on with it with --resume, or name another folder with --out.",
        )
    differences = _differences(read_json(path / PLAN), plan.to_dict())
    if differences:
        raise DataError(
            f"The run in {path} was begun with another plan: {'; '.join(differences)}.",
            hint="Repeat the command it was begun with, or name another folder with --out.",
        )


def _differences(old: Any, new: Any, name: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            difference
            for key in sorted({*old, *new})
            for difference in _differences(old.get(key), new.get(key), f"{name}.{key}".strip("."))
        ]
    return [] if old == new else [f"{name} was {_short(old)} and is now {_short(new)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / _LOCK)
        try:
            lock.acquire(timeout=0.5)
        except Timeout as error:
            raise LockedError(
                f"Another process works on the run in {path}.", hint="Wait for it, or end it."
            ) from error
    try:
        yield
    finally:
        lock.release()
