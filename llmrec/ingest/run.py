"""Files into the catalogue: each file in one transaction, bad rows aside, everything else in.

What goes wrong with a row is written to a rejects file and counted; what goes wrong with a file
(cut off, wrong encoding, a missing column, no usable row at all) undoes the whole file.
"""

from __future__ import annotations

import os
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from llmrec.catalog.bulk import batched
from llmrec.catalog.locks import write_lock
from llmrec.catalog.moments import is_sorted
from llmrec.catalog.returns import Return
from llmrec.catalog.store import CatalogStore, WriteCounts
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError
from llmrec.ingest.currencies import DecimalSign
from llmrec.ingest.event_rows import EventBuilder
from llmrec.ingest.merging import Built, each_row, merge_sales, merge_variants
from llmrec.ingest.prices import PriceUnit
from llmrec.ingest.readers import Row, Source
from llmrec.ingest.recognise import Plan, recognise
from llmrec.ingest.rejects import BadRow, RejectsFile
from llmrec.ingest.rows import Defaults, ItemBuilder
from llmrec.ingest.shapes import Target
from llmrec.ingest.sources import open_source
from llmrec.ingest.survey import PriceHints, doubts_of, surveyed, taken
from llmrec.ingest.times import DateOrder
from llmrec.types import Event, EventKind, Item

__all__ = [
    "FileProgress",
    "FileReport",
    "IngestOptions",
    "IngestReport",
    "ingest_events",
    "ingest_items",
]

T = TypeVar("T")

FileProgress = Callable[[str, int, int], None]
"""Called with the file's name, the bytes read so far and its size (0 if not known)."""

_KNOWN_BATCH = 5_000
_LOOKED_AT = 20_000
_MAX_UNKNOWN_KEPT = 200_000


@dataclass(frozen=True)
class IngestOptions:
    """What the user said of the files; what is ``None`` is found out or comes from the settings.

    Attributes:
        columns: our field -> columns of the file (``--map``).
        encoding: of text files; UTF-8 unless a byte order mark says otherwise.
        format: ``csv``, ``jsonl`` or ``parquet``, where the name does not tell.
        currency: ISO 4217, of prices that name none.
        language: BCP 47, of items that name none.
        kind: of all events.
        date_order: month or day first in slashed dates.
        limit: rows to read of each file.
        allow_unknown_items: keep events of items that the catalogue does not know.
        disliked_below: a rating lower than that is a dislike.
        decimal: the sign before the decimals of prices, where their column does not tell.
        price_unit: whether prices count cents.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    encoding: str | None = None
    format: str | None = None
    currency: str | None = None
    language: str | None = None
    kind: EventKind | None = None
    date_order: DateOrder | None = None
    limit: int | None = None
    allow_unknown_items: bool = False
    disliked_below: float | None = None
    decimal: DecimalSign | None = None
    price_unit: PriceUnit | None = None


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    ``rows`` = those that were accepted + ``rejected`` + those merged into the item of another row,
    and of events ``returned``: returns that took back a purchase or a part of one. ``unmatched``
    of the rejected are returns without a purchase. ``unordered`` says that rows without times stand
    by item for each shopper, so that their order was not taken for what came first;
    ``duplicates`` counts accepted rows whose id (for events: user, item, kind, time and position)
    an earlier row of the file had: the later one won. ``ratings`` are the lowest and the highest of
    the file, and ``disliked_below`` says which of them are dislikes. ``texts`` are the reviews that
    were added, replaced or removed. ``left_out`` counts what rows went in without, by column and
    reason; ``warnings`` say what was decided although it could be otherwise.
    """

    file: str
    format: str
    shape: str
    columns: Mapping[str, str]
    rows: int
    added: int
    updated: int
    unchanged: int
    duplicates: int
    rejected: int
    reasons: Mapping[str, int]
    rejects: Path | None
    seconds: float
    ratings: tuple[float, float] | None = None
    disliked_below: float | None = None
    texts: int = 0
    returned: int = 0
    unmatched: int = 0
    unordered: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class IngestReport:
    """What became of all files, in their order."""

    target: Target
    files: tuple[FileReport, ...]

    @property
    def accepted(self) -> int:
        """Rows that went in, or were in already."""
        return sum(one.added + one.updated + one.unchanged for one in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        files = [{**asdict(one), "rejects": one.rejects and str(one.rejects)} for one in self.files]
        return {"target": self.target, "accepted": self.accepted, "files": files}


def ingest_items(
    workspace: Workspace,
    files: Sequence[str | os.PathLike[str]],
    *,
    options: IngestOptions | None = None,
    progress: FileProgress | None = None,
) -> IngestReport:
    """Add or update the items of files (CSV, TSV, JSON Lines, Parquet, packed or not, ``hf:…``).

    Each file is one transaction. Ingesting the same file again changes nothing.

    Args:
        workspace: where to.
        files: paths, or names of Hugging Face data sets (``hf:OWNER/NAME[:CONFIG][:SPLIT]``).
        options: what the files themselves do not say.
        progress: told how far it is.

    Raises:
        DataError: a file that cannot be read, or of which no row is usable; nothing of it went in,
            while the files before it did.
        ConfigError: an option that makes no sense.
        LockedError: another command is writing.
        DiskFull: no space left; nothing of that file went in.
        DownloadError: a data set that cannot be loaded.
    """
    return _ingest(workspace, files, "items", options or IngestOptions(), progress)


def ingest_events(
    workspace: Workspace,
    files: Sequence[str | os.PathLike[str]],
    *,
    options: IngestOptions | None = None,
    progress: FileProgress | None = None,
) -> IngestReport:
    """Add or update the events of files; see :func:`ingest_items`.

    An event of an item that the catalogue does not know is rejected, unless the options allow it.
    """
    return _ingest(workspace, files, "events", options or IngestOptions(), progress)


def _ingest(
    workspace: Workspace,
    files: Sequence[str | os.PathLike[str]],
    target: Target,
    options: IngestOptions,
    progress: FileProgress | None,
) -> IngestReport:
    if options.limit is not None and options.limit < 1:
        raise ConfigError(f"A limit of {options.limit} rows.", hint="Give a limit of 1 or more.")
    reports = []
    with write_lock(workspace), CatalogStore.open(workspace.database_url) as store:
        RejectsFile.sweep(workspace.rejects_dir)
        for name in files:
            run = _FileRun(workspace, store, os.fspath(name), target, options)
            reports.append(run.report(progress))
    return IngestReport(target, tuple(reports))


class _FileRun:
    """One file on its way into the store."""

    def __init__(
        self,
        workspace: Workspace,
        store: CatalogStore,
        name: str,
        target: Target,
        options: IngestOptions,
    ) -> None:
        self._workspace, self._store, self._name = workspace, store, name
        self._target, self._options = target, options
        self._settings = workspace.settings.ingest
        self._rejects = RejectsFile(workspace.rejects_dir, name)
        self._rows = 0
        self._hashes = array("q")
        self._rejects_path: Path | None = None
        self._ratings: tuple[float, float] | None = None
        self._unordered = False
        asked = options.disliked_below
        self._warnings: tuple[str, ...] = ()
        self._disliked_below = self._settings.disliked_below if asked is None else asked

    def report(self, progress: FileProgress | None) -> FileReport:
        """Write the file's rows in one transaction and say what became of them."""
        start = time.perf_counter()
        tell = None if progress is None else _bound(progress, self._name)
        with ExitStack() as stack:
            source = open_source(
                self._name,
                stack,
                format=self._options.format,
                encoding=self._options.encoding,
                max_bytes=self._settings.max_unpacked_bytes,
                scratch=self._workspace.cache_dir,
                progress=tell,
            )
            plan = self._plan(source)
            try:
                counts = self._write(plan, source)
            except BaseException as error:
                if not isinstance(error, _NothingUsable):
                    self._rejects.discard()
                raise
        reasons: Counter[str] = self._rejects.reasons
        return FileReport(
            file=self._name,
            format=source.format,
            shape=plan.shape,
            columns={ours: " + ".join(those) for ours, those in plan.columns.items()},
            rows=self._rows,
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            duplicates=_repeats(self._hashes),
            rejected=self._rejects.count,
            reasons=dict(reasons.most_common()),
            rejects=self._rejects_path,
            seconds=time.perf_counter() - start,
            ratings=self._ratings,
            disliked_below=self._disliked_below,
            texts=counts.texts,
            returned=counts.returned,
            unmatched=counts.unmatched,
            unordered=self._unordered,
            left_out=dict(self._rejects.left_out.most_common()),
            warnings=self._warnings,
        )

    def _plan(self, source: Source) -> Plan:
        ours = self._settings
        return recognise(
            source.columns,
            self._target,
            file=self._name,
            settings=ours.item_columns if self._target == "items" else ours.event_columns,
            flags=self._options.columns,
            order=self._options.date_order,
        )

    def _defaults(self) -> Defaults:
        return Defaults(
            now=datetime.now(timezone.utc),
            currency=self._options.currency or self._settings.currency,
            language=self._options.language or self._settings.language,
            kind=self._options.kind,
            disliked_below=self._disliked_below,
            max_chars=self._settings.max_field_chars,
        )

    def _write(self, plan: Plan, source: Source) -> WriteCounts:
        rows = self._counted(source.rows(plan.selected))
        defaults = self._defaults()
        head = taken(rows)
        hints = PriceHints(defaults.currency, self._options.decimal, self._options.price_unit)
        plan, self._warnings = surveyed(plan, head, hints)
        rows = chain(head, rows)
        if plan.target == "events":
            rows = self._looked_at(plan, rows)
            build_event = EventBuilder(plan, defaults, unordered=self._unordered)
            events: Built[Event | Return] = each_row(rows, build_event)
            if not self._options.allow_unknown_items:
                events = _of_known_items(events, self._store, plan.columns["item"][0])
            accepted: Iterator[Event | Return] = self._accepted(events, _event_key)
            written = self._store.write_events(accepted, settled=self._settled)
            self._ratings = build_event.ratings
            return written
        build = ItemBuilder(plan, defaults, self._rejects.leave_out)
        if plan.merge == "sales":
            items = merge_sales(rows, build, defaults.currency or plan.currency)
        elif plan.merge == "none":
            items = each_row(rows, build.published)
        else:
            items = merge_variants(rows, build, plan)
        written = self._store.write_items(self._finished(self._accepted(items, _item_key)))
        self._warnings += (*doubts_of(build.read_price), *build.notes)
        return written

    def _looked_at(self, plan: Plan, rows: Iterator[Row]) -> Iterator[Row]:
        """The same rows, once it is known whether those without times are sorted by item."""
        if {"at", "position"} & set(plan.columns):
            return rows
        user, item = (plan.selected.index(plan.columns[name][0]) for name in ("user", "item"))
        first = list(islice(rows, _LOOKED_AT))
        self._unordered = is_sorted(
            (str(values[user]), str(values[item]))
            for _, values in first
            if not isinstance(values, BadRow)
        )
        return chain(first, rows)

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in islice(rows, self._options.limit):
            self._rows += 1
            yield row

    def _accepted(self, built: Built[T], key: Callable[[T], int]) -> Iterator[T]:
        """The good ones."""
        rejects, note = self._rejects, self._hashes.append
        for row, value in built:
            if isinstance(value, BadRow):
                rejects.add(row, value)
            else:
                # Eight bytes per row tell how many ids stood twice; a set would take a hundred.
                note(key(value))
                yield value

    def _finished(self, accepted: Iterator[T]) -> Iterator[T]:
        yield from accepted
        self._finish(len(self._hashes))

    def _settled(self, unmatched: Sequence[Return]) -> None:
        for one in sorted(unmatched, key=lambda one: one.row):
            value = None if one.quantity is None else -one.quantity
            self._rejects.add(one.row, BadRow(one.reason, value=value))
        self._finish(len(self._hashes) - len(unmatched))

    def _finish(self, usable: int) -> None:
        """Runs inside of the transaction: what is raised here undoes it."""
        if not self._rows:
            raise DataError(
                "there are no rows below the header.", file=self._name, hint="Is it complete?"
            )
        # Before the commit: no moment may exist in which rows are in and their rejects are lost.
        self._rejects_path = self._rejects.finish()
        if not usable:
            raise _NothingUsable(self._name, self._rejects.reasons, self._rejects_path)


class _NothingUsable(DataError):
    """All rows were rejected; their rejects file stays."""

    def __init__(self, file: str, reasons: Counter[str], rejects: Path | None) -> None:
        reason, count = reasons.most_common(1)[0]
        super().__init__(
            f"none of its {sum(reasons.values()):,} rows can be used, most often ({count:,}) "
            f"because: {reason}.",
            file=file,
            hint=f"Nothing was written. All rows with their reasons are in {rejects}.",
        )


def _of_known_items(
    events: Built[Event | Return], store: CatalogStore, column: str
) -> Built[Event | Return]:
    """Reject events of items that the catalogue does not know, asking it for many at once.

    A return may be of an item that the shop no longer has; without a purchase it changes nothing.
    """
    known: set[str] = set()
    unknown: set[str] = set()
    for batch in batched(events, _KNOWN_BATCH):
        asked = {one.item for _, one in batch if isinstance(one, Event)} - known - unknown
        if asked:
            found = store.has_items(asked)
            known |= found
            if len(unknown) > _MAX_UNKNOWN_KEPT:
                unknown.clear()
            unknown |= asked - found
        for row, one in batch:
            if not isinstance(one, Event) or one.item in known:
                yield row, one
            else:
                yield row, BadRow("an unknown item", field=column, value=one.item)


def _item_key(item: Item) -> int:
    return hash(item.id)


def _event_key(event: Event | Return) -> int:
    kind = "return" if isinstance(event, Return) else event.kind
    return hash((event.user, event.item, kind, event.at, event.position))


def _repeats(hashes: array[int]) -> int:
    """How many hashes stood there before. Two of 10^6 are equal by chance once in 10^7 files."""
    import numpy as np

    values = np.frombuffer(hashes, dtype=np.int64) if hashes else np.empty(0, dtype=np.int64)
    return len(values) - len(np.unique(values))


def _bound(progress: FileProgress, name: str) -> Callable[[int, int], None]:
    return lambda done, size: progress(name, done, size)
