"""Splits whose cases are rows: each has its own history, and a user may have many.

Published sliding-window splits come so: ``valid.parquet`` and ``test.parquet`` with ``user_id``,
``history`` (a list of items, oldest first), ``item_id``, and where there are times
``history_timestamp`` and ``timestamp``. Training events stand in ``interactions.parquet``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.errors import DataError
from llmrec.eval.data.interactions import Repeats, read_interactions
from llmrec.eval.data.leaks import find_leak
from llmrec.eval.data.splits import Case, Split
from llmrec.types import Event

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["given_rows"]

_NEEDED = ("user_id", "history", "item_id")
_Place = tuple[str, int]


def given_rows(folder: str | os.PathLike[str], *, repeats: Repeats = "refuse") -> Split:
    """Read the rows of ``folder`` as cases; the user of row 7 is called ``USER#7``.

    Args:
        folder: with ``interactions.parquet``, ``valid.parquet`` and ``test.parquet``.
        repeats: rows whose item the user had before, in training or in an earlier row of either
            part: refuse the split, or leave them out. A recommender that does not return what was
            bought could not find them.

    Raises:
        DataError: a file is missing or cannot be read, or the split leaks; names file and row.
    """
    root = Path(folder)
    table = read_interactions(root, repeats="drop")
    if table.parts is None:
        raise DataError(
            "the column is missing.", file=table.file, field="split", hint="Say what trains."
        )
    pairs = list(zip(table.events, table.parts, strict=True))
    train = tuple(event for event, part in pairs if part == "train")
    context = tuple(event for event, part in pairs if part == "history")
    had = {(event.user, event.item) for event in train}
    places: dict[int, _Place] = {}
    parts = [_cases(root / f"{part}.parquet", places) for part in ("valid", "test")]
    if repeats == "drop":
        parts = [_without_repeats(cases, had) for cases in parts]
    split = Split("given-rows", train, tuple(parts[0]), tuple(parts[1]), context)
    leak = find_leak(split)
    if leak:
        file, row = places.get(id(leak.event), (table.file, table.row_of(leak.event)))
        raise DataError(leak.message, file=file, row=row, field=leak.field, hint=leak.hint)
    return split


def _without_repeats(cases: Iterable[Case], had: set[tuple[str, str]]) -> list[Case]:
    """The cases that ask for something new; what they ask for is had from then on."""
    kept = []
    for case in cases:
        (target,) = case.targets
        if target.item not in case.history_ids and (target.user, target.item) not in had:
            had.add((target.user, target.item))
            kept.append(case)
    return kept


def _cases(file: Path, places: dict[int, _Place]) -> list[Case]:
    rows = _read(file)
    times = rows["timestamp"] if "timestamp" in rows else [None] * len(rows)
    before = rows["history_timestamp"] if "history_timestamp" in rows else [None] * len(rows)
    columns = (rows["user_id"], rows["history"], before, rows["item_id"], times)
    cases = []
    for number, (user, history, moments, item, at) in enumerate(zip(*columns, strict=True), 1):
        events = _history(str(user), history, moments)
        target = Event(str(user), str(item), at=_moment(at), position=len(events))
        for event in (*events, target):
            places[id(event)] = (str(file), number)
        cases.append(Case(f"{user}#{number}", events, (target,)))
    return cases


def _history(user: str, items: Sequence[Any], moments: Sequence[Any] | None) -> tuple[Event, ...]:
    known = list(moments) if moments is not None else [None] * len(items)
    return tuple(
        Event(user, str(item), at=_moment(at), position=place)
        for place, (item, at) in enumerate(zip(items, known, strict=True))
    )


def _moment(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), tz=timezone.utc)


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        rows = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot be read as Parquet: {error}",
            file=str(file),
            hint="Splits by rows have valid.parquet and test.parquet beside the interactions.",
        ) from error
    for column in _NEEDED:
        if column not in rows:
            raise DataError(
                f"the column is missing; there are {', '.join(map(str, rows.columns))}.",
                file=str(file),
                field=column,
                hint="Each row of a split by rows has its own history.",
            )
        empty = rows[column].isna().to_numpy().nonzero()[0]
        if len(empty):
            raise DataError(
                "the value is missing.",
                file=str(file),
                row=int(empty[0]) + 1,
                field=column,
                hint="Mend that row.",
            )
    return rows
