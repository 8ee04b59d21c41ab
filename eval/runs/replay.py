r"""Answers that were given elsewhere: another library's lists, read from a file and judged here.

A model that cannot live in this environment is run in its own, and leaves a file of JSON lines, one
for each user::

    {"user": "u1", "ids": ["best", "second", ...], "history": "9f2c..."}

``history`` is optional: 16 hex digits of SHA-256 over the ids of the history, oldest first, joined
by ``\x1f``. With it a list is refused that was given for another history than the split's, as when
the peer read another order or saw the target. ``NAME.json`` beside ``NAME.jsonl`` may say
``name``, ``part``, ``settings`` and ``tuned``; they go into the run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrec.errors import DataError
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.splits import Case
from llmrec.eval.runs.record import Run
from llmrec.eval.runs.runner import Observer, PlanOptions, make_plan, run
from llmrec.types import Event

__all__ = ["ReplayedAnswers", "about_answers", "history_fingerprint", "run_answers"]

_BATCH = 1024


class ReplayedAnswers:
    """A recommender that says what a file says; ask it with ``history="events"``.

    >>> split = leave_one_out(events)                                        # doctest: +SKIP
    >>> model = ReplayedAnswers("sasrec.jsonl", split.test)                  # doctest: +SKIP
    >>> evaluate(model, split, (5, 10), history="events")                    # doctest: +SKIP

    Args:
        file: of JSON lines, see the top of this module.
        cases: what will be asked.

    Raises:
        DataError: a line is no answer, a user comes twice or is missing, or a list was given for
            another history; names the line.
    """

    def __init__(self, file: str | os.PathLike[str], cases: Sequence[Case]) -> None:
        lines = _read(Path(file))
        for case in cases:
            _check(Path(file), lines.get(case.user), case)
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        for case in cases:
            self._learn(Path(file), case, lines[case.user])

    def recommend_many(
        self, histories: Sequence[Sequence[Any]], *, k: int
    ) -> list[tuple[str, ...]]:
        """The first ``k`` of each list; the history's events say who asks, and of what row."""
        return [self._lists.get(_asker(history), ())[:k] for history in histories]

    def _learn(self, file: Path, case: Case, line: _Line) -> None:
        # Nobody stands in an empty history; whoever knows nothing of them has one list for all.
        whose = "users" if case.is_cold else "rows of one user"
        if self._lists.setdefault(_asker(case.history), line.ids) != line.ids:
            raise DataError(
                f"{whose} {'without a history' if case.is_cold else 'and one history'} got "
                "different lists.",
                file=str(file),
                row=None if case.is_cold else line.row,
                hint="Nothing else is known of them, so give them all the same list.",
            )


def _asker(history: Sequence[Event]) -> tuple[str, ...]:
    return (history[0].user, *(event.item for event in history)) if history else ()


def run_answers(
    data: EvalData,
    answers: str | os.PathLike[str],
    out: Path,
    options: PlanOptions | None = None,
    *,
    resume: bool = False,
    progress: Observer | None = None,
) -> Run:
    """Judge the lists in ``answers`` on ``data`` and write a run, like that of any recommender.

    Args:
        data: on what.
        answers: the file of JSON lines.
        out: the run's folder.
        options: of the run, whose name is by default what ``NAME.json`` says, or the file's own.
        resume: go on with what is there; refused if the file has changed since.
        progress: told the number of users answered and of all.

    Raises:
        DataError: see :class:`ReplayedAnswers`, or the lists are for the other part.
    """
    options, file = options or PlanOptions(), Path(answers)
    model = ReplayedAnswers(file, data.split.cases(options.part))
    plan = make_plan(data, _described(file, options), options, batch=_BATCH)
    return run(
        model,
        data,
        plan,
        out,
        resume=resume,
        history="events",
        from_cache=lambda: True,  # reading a list says nothing of what it took to make it
        notes=[f"The lists were made elsewhere and read from {file.name}."],
        progress=progress,
    )


def _described(file: Path, options: PlanOptions) -> dict[str, Any]:
    """The recommender as a plan names it: what is said of the lists, and their hash."""
    about = about_answers(file)
    if about.get("part", options.part) != options.part:
        raise DataError(
            f"the answers are for the part '{about['part']}', not for '{options.part}'.",
            file=str(file.with_suffix(".json")),
            hint=f"Use --part {about['part']}.",
        )
    origin = {key: about[key] for key in ("library", "learnt_from", "versions") if key in about}
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return {
        "name": options.name or str(about.get("name", file.stem)),
        "kind": "other",
        "settings": {**about.get("settings", {}), **origin, "answers_sha256": sha256},
        "tuned": about.get("tuned"),
    }


def about_answers(file: Path) -> dict[str, Any]:
    """What ``NAME.json`` beside ``NAME.jsonl`` says; nothing if there is none.

    Raises:
        DataError: it is no JSON object.
    """
    beside = file.with_suffix(".json")
    if beside == file or not beside.is_file():
        return {}
    try:
        about = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"cannot be read as JSON: {error}", file=str(beside), hint="Mend or remove it."
        ) from error
    if not isinstance(about, dict):
        raise DataError("is no JSON object.", file=str(beside), hint="Mend or remove it.")
    return about


def history_fingerprint(ids: Sequence[str]) -> str:
    """16 hex digits of SHA-256 over the item ids of a history, oldest first.

    >>> history_fingerprint(["a", "b"])
    'f04cdced9736a69d'
    """
    return hashlib.sha256("\x1f".join(ids).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Line:
    row: int
    ids: tuple[str, ...]
    history: str | None


def _read(file: Path) -> Mapping[str, _Line]:
    lines: dict[str, _Line] = {}
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot be read: {error}", file=str(file), hint="Name a file of JSON lines."
        ) from error
    for row, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        user, parsed = _parsed(file, row, line)
        if user in lines:
            raise DataError(
                f"the user '{user}' has a line already (row {lines[user].row}).",
                file=str(file),
                row=row,
                hint="Keep one of them.",
            )
        lines[user] = parsed
    return lines


def _parsed(file: Path, row: int, line: str) -> tuple[str, _Line]:
    try:
        read = json.loads(line)
        user, ids, history = read["user"], read["ids"], read.get("history")
        good = isinstance(user, str) and isinstance(ids, list)
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good or not all(isinstance(item, str) for item in ids):
        raise DataError(
            "the line is no answer.",
            file=str(file),
            row=row,
            hint='Write {"user": "...", "ids": ["best", ...]}, all ids as strings.',
        )
    return user, _Line(row, tuple(ids), history)


def _check(file: Path, line: _Line | None, case: Case) -> None:
    if line is None:
        raise DataError(
            f"there is no line for the user '{case.user}'.",
            file=str(file),
            hint="Give every user of the part a line; an empty list is an answer too.",
        )
    if line.history is not None and line.history != history_fingerprint(case.history_ids):
        raise DataError(
            f"the list of the user '{case.user}' was given for another history.",
            file=str(file),
            row=line.row,
            field="history",
            hint="Show the peer the same events in the same order (see --order).",
        )
