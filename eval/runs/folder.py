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
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.config import disk_errors
from llmrec.errors import DataError, LockedError
from llmrec.eval.judging.asking import Answer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VERSION", "Plan", "Run", "RunFolder", "read_run"]

VERSION = 1
"""Of the files; raised when their meaning changes."""

_PLAN, _ANSWERS, _SESSIONS = "plan.json", "answers.jsonl", "sessions.json"
_USERS, _RESULT, _LOCK = "users.parquet", "run.json", "run.lock"


@dataclass(frozen=True)
class Plan:
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
        """One row per user: ``user``, ``history_length``, ``cold``, and a column per metric."""
        import pandas as pd

        return pd.read_parquet(self.folder / _USERS)

    def answers(self) -> list[Answer]:
        """What every user got, in the order of ``users``."""
        return [answer for batch in _read_batches(self.folder / _ANSWERS)[0] for answer in batch]


def read_run(folder: str | os.PathLike[str]) -> Run:
    """Read a finished run.

    Raises:
        DataError: there is none, it is not finished, or a newer llmrec wrote it.
    """
    path = Path(folder)
    file = path / _RESULT
    if not file.is_file():
        begun = (path / _PLAN).is_file()
        raise DataError(
            f"The run {path} is not finished." if begun else f"{path} holds no run.",
            hint="Go on with it: the same command with --resume."
            if begun
            else "Name the folder that 'llmrec eval run' wrote, with its run.json.",
        )
    record = _read_json(file)
    if record.get("version") != VERSION:
        raise DataError(
            f"it is a run of version {record.get('version')}; this llmrec reads {VERSION}.",
            file=str(file),
            hint="Upgrade llmrec, or run it again.",
        )
    return Run(path, record)


class RunFolder:
    """A run that is being worked on. Get one with :meth:`open`.

    Args:
        path: the folder.
        plan: what it was begun with.
        answers: those given before, in the order of asking, whole batches only.
        sessions: of the work on it so far.
    """

    def __init__(
        self, path: Path, plan: Plan, answers: list[Answer], sessions: list[dict[str, Any]]
    ) -> None:
        self.path = path
        self.plan = plan
        self.answers = answers
        self.sessions = sessions

    @classmethod
    @contextmanager
    def open(cls, path: Path, plan: Plan, *, resume: bool = False) -> Iterator[RunFolder]:
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
            if (path / _PLAN).is_file():
                _check_resumable(path, plan, resume)
            else:
                names = sorted(one.name for one in path.iterdir() if one.name != _LOCK)
                strange = [one for one in names if not one.startswith(".")]
                if strange:
                    raise DataError(
                        f"{path} holds other things ({strange[0]}, …).",
                        hint="Name a new folder for the run.",
                    )
                _write_json(path / _PLAN, plan.to_dict())
            batches, good = _read_batches(path / _ANSWERS)
            _cut(path / _ANSWERS, good)
            sessions = _read_json(path / _SESSIONS) if (path / _SESSIONS).is_file() else []
            yield cls(path, plan, [one for some in batches for one in some], sessions)

    @property
    def finished(self) -> bool:
        """Whether the result is there already."""
        return (self.path / _RESULT).is_file()

    @property
    def seconds(self) -> float:
        """Time spent on it so far, in all sessions."""
        return float(sum(one["seconds"] for one in self.sessions))

    def begin(self, session: Mapping[str, Any]) -> None:
        """Note that work begins; ``session`` says when, and with which versions."""
        self.sessions.append({**session, "seconds": 0.0})
        _write_json(self.path / _SESSIONS, self.sessions)

    def append(self, batch: Sequence[Answer], seconds: float) -> None:
        """Write a batch's answers; they are on the disk when this returns.

        Args:
            batch: answers in the order of asking.
            seconds: that this session has taken so far.
        """
        head = {"batch": len(batch)}
        lines = [json.dumps({**asdict(one), **head}, ensure_ascii=False) for one in batch]
        file = self.path / _ANSWERS
        with disk_errors(file), file.open("ab") as out:
            out.write(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))
            out.flush()
            os.fsync(out.fileno())
        self.answers.extend(batch)
        self.sessions[-1]["seconds"] = seconds
        _write_json(self.path / _SESSIONS, self.sessions)

    def finish(self, record: Mapping[str, Any], users: pd.DataFrame) -> Run:
        """Write the result: first the users, then ``run.json``, each whole or not at all."""
        partial = self.path / f".{_USERS}.partial"
        with disk_errors(self.path):
            users.to_parquet(partial, index=False)
            partial.replace(self.path / _USERS)
        _write_json(self.path / _RESULT, record)
        return Run(self.path, record)


def _check_resumable(path: Path, plan: Plan, resume: bool) -> None:
    done = (path / _RESULT).is_file()
    if not resume:
        raise DataError(
            f"{path} holds {'a finished' if done else 'an unfinished'} run.",
            hint="Go on with it with --resume, or name another folder with --out.",
        )
    differences = _differences(_read_json(path / _PLAN), plan.to_dict())
    if differences:
        raise DataError(
            f"The run in {path} was begun with another plan: {'; '.join(differences)}.",
            hint="Repeat the command it was begun with, or name another folder with --out.",
        )


def _differences(old: Any, new: Any, name: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            one
            for key in sorted({*old, *new})
            for one in _differences(old.get(key), new.get(key), f"{name}.{key}".strip("."))
        ]
    return [] if old == new else [f"{name} was {_short(old)} and is now {_short(new)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _read_batches(file: Path) -> tuple[list[list[Answer]], int]:
    """Whole batches of answers, and how many bytes of the file they take."""
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


def _cut(file: Path, size: int) -> None:
    if file.is_file() and file.stat().st_size > size:
        with disk_errors(file), file.open("r+b") as out:
            out.truncate(size)


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"it cannot be read: {error}.",
            file=str(file),
            hint="The file was changed or damaged; begin the run anew in another folder.",
        ) from error


def _write_json(file: Path, value: Any) -> None:
    partial = file.with_name(f".{file.name}.partial")
    with disk_errors(file):
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(file)


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
