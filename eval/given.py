"""Splits that come with the data: a Parquet file of interactions with a ``split`` column."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from llmrec.errors import DataError
from llmrec.eval.leaks import find_leak
from llmrec.eval.splits import Case, Split, new_targets
from llmrec.types import Event, EventKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["given_split"]

# In the order of time; "history" rows are context that must not train anything.
_PARTS = {"train": 0, "history": 0, "valid": 1, "test": 2}
_USER, _ITEM, _SPLIT = "user_id", "item_id", "split"


def given_split(
    path: str | os.PathLike[str],
    *,
    repeats: Literal["refuse", "drop"] = "refuse",
    order: Literal["time", "position"] = "time",
) -> Split:
    """Read a split from ``path``: the file, or a folder with ``interactions.parquet``.

    Columns: ``user_id``, ``item_id``, ``split`` (``train``, ``valid``, ``test``, or ``history`` for
    events that are shown but never trained on); optional ``timestamp`` (seconds since 1970),
    ``position`` (order within a user; else the order of the file) and ``rating``. A user's rows of
    one part are the targets of one case. Validation sees the user's training and history rows, test
    also the validation rows.

    Args:
        path: where it is.
        repeats: what to do with targets that the user had before: refuse the split, or drop them
            (a shop where people buy again).
        order: what says which event came first: the times, where there are any, or ``position``
            alone, for published splits that contradict their own times (the events then carry no
            times; such a split may know the future, and figures on it compare only with others).

    Raises:
        DataError: the file cannot be read, a value is missing or unknown, or the split leaks; the
            message names the 1-based row.
    """
    named = Path(path)
    file = named / "interactions.parquet" if named.is_dir() else named
    frame = _checked(_read(file), str(file))
    rows = _ordered(frame, _times(frame, str(file), order))
    events = list(_events(rows))
    split = _build(events, [str(one) for one in rows[_SPLIT]], drop=repeats == "drop")
    leak = find_leak(split)
    if leak:
        at = next((i for i, event in enumerate(events) if event is leak.event), None)
        row = None if at is None else int(rows.index[at]) + 1
        raise DataError(leak.message, file=str(file), row=row, hint=leak.hint)
    return split


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's errors are among these
        raise DataError(
            f"cannot be read as Parquet: {error}",
            file=str(file),
            hint="Name a Parquet file, or a folder with interactions.parquet.",
        ) from error


def _checked(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    for column in (_USER, _ITEM, _SPLIT):
        if column not in frame:
            raise DataError(
                f"the column is missing; there are {', '.join(map(str, frame.columns))}.",
                file=file,
                field=column,
                hint="Rename the column that holds it.",
            )
        _refuse(frame[column].isna(), "the value is missing.", file, column)
    known = frame[_SPLIT].isin(list(_PARTS))
    _refuse(~known, f"the part is none of {', '.join(_PARTS)}.", file, _SPLIT)
    plain = frame[[name for name in frame.columns if frame[name].dtype != object]]
    _refuse(plain.duplicated(), "the row is a duplicate of an earlier one.", file, None)
    return frame.reset_index(drop=True)


def _refuse(
    bad: pd.Series[bool],
    message: str,
    file: str,
    field: str | None,
    hint: str = "Mend that row.",
) -> None:
    positions = bad.to_numpy().nonzero()[0]
    if len(positions):
        more = f" ({len(positions)} such rows)" if len(positions) > 1 else ""
        row = int(positions[0]) + 1
        raise DataError(message + more, file=file, row=row, field=field, hint=hint)


def _times(frame: pd.DataFrame, file: str, order: str) -> pd.Series[Any]:
    """Seconds since 1970 by row, ``nan`` where there is no time."""
    import pandas as pd

    if order == "position" and "position" not in frame:
        raise DataError(
            "the column is missing.", file=file, field="position", hint="Order by time."
        )
    if order == "position" or "timestamp" not in frame:
        return pd.Series(float("nan"), index=frame.index)
    times = frame["timestamp"]
    if pd.api.types.is_datetime64_any_dtype(times):
        aware = pd.to_datetime(times, utc=True)
        return (aware - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    seconds = pd.to_numeric(times, errors="coerce").astype("float64")
    unread = times.notna() & ~seconds.abs().lt(1e11)  # year 5138; milliseconds are beyond it
    _refuse(unread, "the time is not in seconds since 1970.", file, "timestamp", _BAD_TIME)
    return seconds


_BAD_TIME = "Mend that row, or take the positions as the order with order='position'."


def _ordered(frame: pd.DataFrame, times: pd.Series[Any]) -> pd.DataFrame:
    """Rows by time, with ``_at`` and ``_position``; the index keeps the row in the file.

    Without positions, rows of one moment stand in the order of their parts: a basket that holds
    training and test rows must not look like time travel.
    """
    rows = frame.assign(_at=times, _part=frame[_SPLIT].map(_PARTS))
    if "position" in frame:
        keys = ["_at", "position"]
    else:
        keys = ["_at", "_part"] if times.notna().any() else []
    if keys:
        rows = rows.sort_values(keys, kind="stable", na_position="first")
    position = rows["position"] if "position" in rows else rows.groupby(_USER).cumcount()
    return rows.assign(_position=position)


def _events(rows: pd.DataFrame) -> Iterator[Event]:
    rated = "rating" in rows
    ratings = rows["rating"] if rated else [None] * len(rows)
    kind = EventKind.RATING if rated else EventKind.PURCHASE
    columns = (rows[_USER], rows[_ITEM], rows["_at"], rows["_position"], ratings)
    for user, item, at, position, rating in zip(*columns, strict=True):
        time = datetime.fromtimestamp(at, tz=timezone.utc) if at == at else None
        value = float(rating) if rated else None
        yield Event(str(user), str(item), kind, time, int(position), value)


def _build(events: list[Event], parts: list[str], *, drop: bool) -> Split:
    by_user: dict[str, dict[str, list[Event]]] = {}
    for event, part in zip(events, parts, strict=True):
        by_user.setdefault(event.user, {}).setdefault(part, []).append(event)
    valid: list[Case] = []
    test: list[Case] = []
    for user, rows in by_user.items():
        past = sorted([*rows.get("train", []), *rows.get("history", [])], key=_moment)
        later = rows.get("valid", [])
        for cases, history, wanted in (
            (valid, past, later),
            (test, past + later, rows.get("test", [])),
        ):
            targets = new_targets(history, wanted) if drop else tuple(wanted)
            if targets:
                cases.append(Case(user, tuple(history), targets))
    chosen = {part: [e for e, p in zip(events, parts, strict=True) if p == part] for part in _PARTS}
    train, context = tuple(chosen["train"]), tuple(chosen["history"])
    return Split("given", train, tuple(valid), tuple(test), context)


def _moment(event: Event) -> tuple[float, int]:
    return event.at.timestamp() if event.at else float("-inf"), event.position
