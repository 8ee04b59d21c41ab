"""Tables of interactions: Parquet or CSV, checked row by row, in order, as events.

Columns: ``user_id`` and ``item_id``; optional ``split``, ``timestamp`` (seconds since 1970, or ISO
8601), ``position`` (order within a user) and ``rating``. Without times and positions the order of
the file is the order, unless it is sorted by item; with times alone, rows of a user with the same
time have none, and the same position. Rows are counted from 1; in a CSV file the header is row 1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from llmrec.catalog.moments import is_sorted
from llmrec.catalog.names import is_nobody
from llmrec.errors import DataError
from llmrec.types import Event, EventKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PARTS", "Interactions", "Order", "Repeats", "interactions_file", "read_interactions"]

Order: TypeAlias = Literal["time", "position"]
Repeats: TypeAlias = Literal["refuse", "drop"]

PARTS = {"train": 0, "history": 0, "valid": 1, "test": 2}
"""Values of ``split`` in the order of time; ``history`` is context that must not train anything."""

_USER, _ITEM, _SPLIT = "user_id", "item_id", "split"
_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


@dataclass(frozen=True)
class Interactions:
    """The rows of one file, in the order of time.

    Attributes:
        file: as the user named it.
        events: one per row.
        parts: the row's value of ``split``, or ``None`` where the file has no such column.
        rows: 1-based row in the file of each event.
    """

    file: str
    events: tuple[Event, ...]
    parts: tuple[str, ...] | None
    rows: tuple[int, ...]

    def row_of(self, event: Event) -> int | None:
        """The file's row of an event, found by identity: equal events may stand in two rows."""
        at = next((i for i, other in enumerate(self.events) if other is event), None)
        return None if at is None else self.rows[at]


def interactions_file(path: str | os.PathLike[str]) -> Path:
    """The table that ``path`` means: the file itself, or that of a data folder.

    Raises:
        DataError: there is no such file, or the folder holds none.
    """
    named = Path(path)
    if not named.is_dir():
        return named
    names = [f"interactions{suffix}" for suffix in (".parquet", *_CSV)]
    file = next((named / name for name in names if (named / name).is_file()), None)
    if file is None:
        raise DataError(
            "the folder has no interactions.parquet (or .csv).",
            file=str(named),
            hint="Name a folder with interactions.parquet and items.parquet, or the file itself.",
        )
    return file


def read_interactions(
    path: str | os.PathLike[str], *, order: Order = "time", repeats: Repeats = "refuse"
) -> Interactions:
    """Read and check a table of interactions; see the top of this module.

    Args:
        path: the file, or a folder with ``interactions.parquet``.
        order: what says which event came first: the times, where there are any, or ``position``
            alone (the events then carry no times).
        repeats: whether a user may have two rows of one item at one moment: refused, or kept (two
            baskets of the same minute). Rows that are equal in every column are always refused.

    Raises:
        DataError: the file cannot be read, or a value is missing or impossible; names the row.
    """
    file = interactions_file(path)
    table = _Table(str(file), _read(file), 2 if _is_csv(file) else 1)
    table.check(repeats)
    return table.interactions(order)


def _is_csv(file: Path) -> bool:
    return file.name.lower().endswith(_CSV)


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    kind = "CSV" if _is_csv(file) else "Parquet"
    try:
        if kind == "CSV":
            # Ids stay as they are written: 007 is not 7, and a user may be called "NA".
            ids = {_USER: str, _ITEM: str, _SPLIT: str}
            tab = "\t" if ".tsv" in file.name.lower() else ","
            return pd.read_csv(file, sep=tab, dtype=ids, keep_default_na=False, na_values=[""])
        return pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's and pandas' errors are among these
        raise DataError(
            f"cannot be read as {kind}: {error}",
            file=str(file),
            hint="Name a Parquet or CSV file, or a folder with interactions.parquet.",
        ) from error


@dataclass(frozen=True)
class _Table:
    file: str
    frame: pd.DataFrame
    first: int  # the file's number of the first row

    def check(self, repeats: Repeats) -> None:
        for column in (_USER, _ITEM):
            self._need(column)
            self._refuse(self.frame[column].isna(), "the value is missing.", column)
        names = self.frame[_USER].drop_duplicates().astype(str)
        nobody = self.frame[_USER].astype(str).isin([name for name in names if is_nobody(name)])
        self._refuse(
            nobody, "the user is nobody: programs write so where they know no name.", _USER
        )
        if _SPLIT in self.frame:
            known = self.frame[_SPLIT].isin(list(PARTS))
            self._refuse(~known, f"the part is none of {', '.join(PARTS)}.", _SPLIT)
        plain = [name for name in self.frame.columns if self.frame[name].dtype != object]
        twice = self.frame.duplicated(plain)
        self._refuse(twice, "the row is a duplicate of an earlier one.", None, "Remove that row.")
        self._check_moments(repeats)

    def _check_moments(self, repeats: Repeats) -> None:
        """One user, item and moment: never in two parts, and only on request twice in one."""
        moment = [_USER, _ITEM, *(c for c in ("timestamp", "position") if c in self.frame)]
        if len(moment) == 2:
            return
        timed = self.frame[moment[2:]].notna().any(axis=1)
        same = self.frame.duplicated(moment) & timed
        if _SPLIT in self.frame:
            crossing = same & ~self.frame.duplicated([*moment, _SPLIT])
            message = "the event also stands in another part of the split."
            self._refuse(crossing, message, _SPLIT, "Remove it from one of the parts.")
        if repeats == "refuse":
            message = "the same user has the same item at the same moment twice."
            self._refuse(same, message, _ITEM, _TWICE)

    def interactions(self, order: Order) -> Interactions:
        rows = self._ordered(self._times(order))
        parts = tuple(map(str, rows[_SPLIT])) if _SPLIT in rows else None
        numbers = tuple(int(index) + self.first for index in rows.index)
        return Interactions(self.file, tuple(_events(rows)), parts, numbers)

    def _need(self, column: str) -> None:
        if column not in self.frame:
            raise DataError(
                f"the column is missing; there are {', '.join(map(str, self.frame.columns))}.",
                file=self.file,
                field=column,
                hint="Rename the column that holds it; files of other shapes are taken by 'llmrec "
                "ingest events FILE -w SHOP', then evaluate SHOP.",
            )

    def _refuse(
        self,
        bad: pd.Series[bool],
        message: str,
        field: str | None,
        hint: str = "Mend that row.",
    ) -> None:
        positions = bad.to_numpy().nonzero()[0]
        if len(positions):
            more = f" ({len(positions):,} such rows)" if len(positions) > 1 else ""
            row = int(positions[0]) + self.first
            raise DataError(message + more, file=self.file, row=row, field=field, hint=hint)

    def _times(self, order: Order) -> pd.Series[Any]:
        """Seconds since 1970 by row, ``nan`` where there is no time."""
        import pandas as pd

        if order == "position" and "position" not in self.frame:
            raise DataError(
                "the column is missing.", file=self.file, field="position", hint="Order by time."
            )
        if order == "position" or "timestamp" not in self.frame:
            return pd.Series(float("nan"), index=self.frame.index)
        times = self.frame["timestamp"]
        if not pd.api.types.is_numeric_dtype(times):
            times = _parsed(times)
        seconds = pd.to_numeric(times, errors="coerce").astype("float64")
        # Year 5138; milliseconds are beyond it.
        unread = self.frame["timestamp"].notna() & ~seconds.abs().lt(1e11)
        message = "the time is neither in seconds since 1970 nor ISO 8601."
        self._refuse(unread, message, "timestamp", _BAD_TIME)
        return seconds

    def _ordered(self, times: pd.Series[Any]) -> pd.DataFrame:
        """Rows by time, with ``_at`` and ``_position``; the index keeps the row in the file.

        Without positions, rows of one moment stand in the order of their parts: a basket that holds
        training and test rows must not look like time travel. Their common position is the number
        of the user's rows before them.
        """
        frame = self.frame.reset_index(drop=True)
        rows = frame.assign(_at=times.to_numpy())
        keys: list[str] = []
        if "position" in frame:
            place = rows["position"]
            bad = place.isna() | (place != place.round())
            self._refuse(bad, "the position is not a whole number.", "position")
            keys = ["_at", "position"]
        elif times.notna().any():
            keys = ["_at"]
            if _SPLIT in frame:
                rows = rows.assign(_part=frame[_SPLIT].map(PARTS))
                keys.append("_part")
        if keys:
            rows = rows.sort_values(keys, kind="stable", na_position="first")
        if "position" in rows:
            return rows.assign(_position=rows["position"])
        place = rows.groupby(_USER).cumcount()
        pairs = zip(rows[_USER].astype(str), rows[_ITEM].astype(str), strict=True)
        if keys or is_sorted(pairs):
            first = place.groupby([rows[_USER], rows["_at"]], dropna=False).transform("min")
            # A second row of one item keeps a place of its own, or it would be the same event.
            again = rows.duplicated([_USER, _ITEM, "_at"])
            place = place.where(again, first)
        return rows.assign(_position=place)


_TWICE = (
    "Remove one of them; if they are two baskets of one moment, keep both with repeats='drop' "
    "(--repeats drop)."
)
_BAD_TIME = (
    "Mend that row, or take the positions as the order with order='position' (--order position)."
)


def _parsed(times: pd.Series[Any]) -> pd.Series[Any]:
    """Seconds from times or texts; what is neither number nor ISO 8601 becomes ``nan``."""
    import pandas as pd

    numbers = pd.to_numeric(times, errors="coerce")
    if not pd.api.types.is_datetime64_any_dtype(times) and numbers.notna().any():
        return numbers
    aware = pd.to_datetime(times, utc=True, errors="coerce", format="ISO8601")
    return (aware - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)


def _events(rows: pd.DataFrame) -> Iterator[Event]:
    rated = "rating" in rows
    ratings = rows["rating"] if rated else [None] * len(rows)
    kind = EventKind.RATING if rated else EventKind.PURCHASE
    columns = (rows[_USER], rows[_ITEM], rows["_at"], rows["_position"], ratings)
    for user, item, at, position, rating in zip(*columns, strict=True):
        time = datetime.fromtimestamp(at, tz=timezone.utc) if at == at else None
        value = float(rating) if rated else None
        yield Event(str(user), str(item), kind, time, int(position), value)
