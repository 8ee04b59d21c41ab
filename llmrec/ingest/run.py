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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar

from llmrec.catalog.bulk import batched
from llmrec.catalog.locks import write_lock
from llmrec.catalog.moments import is_sorted
from llmrec.catalog.returns import Return
from llmrec.catalog.store import CatalogStore, WriteCounts
from llmrec.catalog.writing import ItemWriting
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError
from llmrec.ingest.currencies import DecimalSign
from llmrec.ingest.delimited import Quote, parse_delimiter
from llmrec.ingest.event_rows import EventBuilder
from llmrec.ingest.merging import Built, each_row, merge_sales, merge_variants
from llmrec.ingest.prices import PriceUnit
from llmrec.ingest.readers import Row, RowSource
from llmrec.ingest.recognise import FilePlan, recognise
from llmrec.ingest.rejects import BadRow, RejectsFile
from llmrec.ingest.replacing import Decide, Mentioned, Removal, remove_others
from llmrec.ingest.reports import FileReport, IngestReport, Lacking
from llmrec.ingest.rows import Defaults, ItemBuilder
from llmrec.ingest.shapes import Target
from llmrec.ingest.sources import open_source
from llmrec.ingest.survey import PriceHints, doubts_of, surveyed, taken
from llmrec.ingest.times import DateOrder
from llmrec.ingest.updates import Drafting, ItemDraft, settled
from llmrec.types import Event, EventKind

__all__ = [
    "FileProgress",
    "FileReport",
    "IngestOptions",
    "IngestReport",
    "Removal",
    "ingest_events",
    "ingest_items",
]

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
        format: ``csv``, ``jsonl``, ``json`` or ``parquet``, where the name does not tell.
        delimiter: what parts the columns of CSV files; found out if ``None``.
        quote: what quotes their fields; ``none``: quotes are text.
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
    delimiter: str | None = None
    quote: Quote | None = None
    currency: str | None = None
    language: str | None = None
    kind: EventKind | None = None
    date_order: DateOrder | None = None
    limit: int | None = None
    allow_unknown_items: bool = False
    disliked_below: float | None = None
    decimal: DecimalSign | None = None
    price_unit: PriceUnit | None = None


def ingest_items(
    workspace: Workspace,
    files: Sequence[str | os.PathLike[str]],
    *,
    options: IngestOptions | None = None,
    progress: FileProgress | None = None,
    whole: Decide | None = None,
) -> IngestReport:
    """Add or update the items of files (CSV, TSV, JSON, Parquet, packed or not, ``hf:…``).

    Each file is one transaction. Ingesting the same file again changes nothing. Of an item that the
    catalogue has, a file changes the fields that it has columns for, and no others.

    Args:
        workspace: where to.
        files: paths, or names of Hugging Face data sets (``hf:OWNER/NAME[:CONFIG][:SPLIT]``).
        options: what the files themselves do not say.
        progress: told how far it is.
        whole: the files are the whole catalogue, and this is asked whether the items that are in
            none of them shall go. All files are then one transaction, and a no undoes it.

    Raises:
        DataError: a file that cannot be read, or of which no row is usable; nothing of it went in,
            while the files before it did. Or ``whole`` said no.
        ConfigError: an option that makes no sense.
        LockedError: another command is writing.
        DiskFull: no space left; nothing of that file went in.
        DownloadError: a data set that cannot be loaded.
    """
    options = options or IngestOptions()
    _check(options)
    if whole is not None and options.limit is not None:
        raise ConfigError(
            "The first rows of a file are not the whole catalogue.",
            hint="Say --limit or --replace, not both.",
        )
    with _opened(workspace) as store:
        runs = [_ItemsRun(workspace, store, os.fspath(name), options) for name in files]
        if whole is None:
            reports = []
            for run in runs:
                with run.undone_by_errors(), store.writing_items() as writing:
                    reports.append(run.report(progress, writing))
            removed = 0
        else:
            reports, removed = _replace(store, runs, progress, whole)
        return _report(workspace, "items", reports, removed, store)


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
    options = options or IngestOptions()
    _check(options)
    reports = []
    with _opened(workspace) as store:
        for name in files:
            run = _EventsRun(workspace, store, os.fspath(name), options)
            with run.undone_by_errors():
                reports.append(run.report(progress))
        return _report(workspace, "events", reports, 0, store)


def _check(options: IngestOptions) -> None:
    if options.limit is not None and options.limit < 1:
        raise ConfigError(f"A limit of {options.limit} rows.", hint="Give a limit of 1 or more.")


@contextmanager
def _opened(workspace: Workspace) -> Iterator[CatalogStore]:
    with write_lock(workspace), CatalogStore.open(workspace.database_url) as store:
        RejectsFile.sweep(workspace.rejects_dir)
        yield store


def _replace(
    store: CatalogStore, runs: Sequence[_ItemsRun], progress: FileProgress | None, ask: Decide
) -> tuple[list[FileReport], int]:
    """All files and what goes for them, in one transaction."""
    mentioned = Mentioned()
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(run.undone_by_errors())
        writing = stack.enter_context(store.writing_items())
        before = writing.count()
        reports = [run.report(progress, writing, mentioned) for run in runs]
        rows = sum(report.rows for report in reports)
        rejected = sum(report.rejected for report in reports)
        removed = remove_others(writing, mentioned, before, rows, rejected, ask)
    return reports, removed


def _report(
    workspace: Workspace,
    target: Target,
    reports: list[FileReport],
    removed: int,
    store: CatalogStore,
) -> IngestReport:
    report = IngestReport(target, tuple(reports), removed)
    if not report.changed:
        return report
    if target == "items":
        more = () if store.count_events() else ("llmrec ingest events FILE",)
        return replace(report, next=("llmrec index", *more))
    indexed = workspace.chroma_dir.exists() or workspace.settings.chroma.url
    return replace(report, next=(*(() if indexed else ("llmrec index",)), "llmrec train all"))


class _FileRun:
    """One file on its way into the store."""

    target: ClassVar[Target]

    def __init__(
        self, workspace: Workspace, store: CatalogStore, name: str, options: IngestOptions
    ) -> None:
        self._workspace, self._store, self._name = workspace, store, name
        self._options = options
        self._settings = workspace.settings.ingest
        self._rejects = RejectsFile(workspace.rejects_dir, name)
        self._rows = 0
        self._hashes = array("q")
        self._rejects_path: Path | None = None
        self._warnings: list[str] = []
        below = options.disliked_below
        self._disliked_below = self._settings.disliked_below if below is None else below

    @contextmanager
    def undone_by_errors(self) -> Iterator[None]:
        """Rejects are worth keeping only of what was written, or where they are all that is."""
        try:
            yield
        except BaseException as error:
            if not (isinstance(error, _NothingUsable) and error.file == self._name):
                self._rejects.discard()
            raise

    @contextmanager
    def _source(self, progress: FileProgress | None) -> Iterator[RowSource]:
        options = self._options
        with ExitStack() as stack:
            yield open_source(
                self._name,
                stack,
                format=options.format,
                encoding=options.encoding,
                delimiter=options.delimiter and parse_delimiter(options.delimiter),
                quote=options.quote,
                limit=options.limit,
                max_bytes=self._settings.max_unpacked_bytes,
                scratch=self._workspace.cache_dir,
                progress=None if progress is None else _bound(progress, self._name),
            )

    def _counts(
        self, source: RowSource, plan: FilePlan, counts: WriteCounts, start: float
    ) -> FileReport:
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
            disliked_below=self._disliked_below,
            texts=counts.texts,
            unused=tuple(name for name in source.columns if name not in set(plan.selected)),
            notes=source.notes,
            returned=counts.returned,
            unmatched=counts.unmatched,
            left_out=dict(self._rejects.left_out.most_common()),
            warnings=tuple(self._warnings),
        )

    def _plan(self, source: RowSource, partial: bool = False) -> FilePlan:
        ours = self._settings
        return recognise(
            source.columns,
            self.target,
            file=self._name,
            settings=ours.item_columns if self.target == "items" else ours.event_columns,
            flags=self._options.columns,
            order=self._options.date_order,
            partial=partial,
        )

    def _defaults(self, untitled: bool = False) -> Defaults:
        return Defaults(
            now=datetime.now(timezone.utc),
            currency=self._options.currency or self._settings.currency,
            language=self._options.language or self._settings.language,
            kind=self._options.kind,
            disliked_below=self._disliked_below,
            max_chars=self._settings.max_field_chars,
            untitled=untitled,
        )

    def _surveyed(self, plan: FilePlan, source: RowSource) -> tuple[FilePlan, Iterator[Row]]:
        """The plan with what the first rows tell of how cells are written, and all rows."""
        options = self._options
        rows = self._counted(source.rows(plan.selected))
        head = taken(rows)
        hints = PriceHints(self._defaults().currency, options.decimal, options.price_unit)
        plan, warnings = surveyed(plan, head, hints)
        self._warnings += warnings
        return plan, chain(head, rows)

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in islice(rows, self._options.limit):
            self._rows += 1
            yield row

    def _finish(self, usable: int) -> None:
        """Before the commit: no moment may exist in which rows are in and rejects are lost."""
        if not self._rows:
            raise DataError(
                "there are no rows below the header.", file=self._name, hint="Is it complete?"
            )
        self._rejects_path = self._rejects.finish()
        if not usable:
            raise _NothingUsable(self._name, self._rejects.reasons, self._rejects_path)


class _ItemsRun(_FileRun):
    """A file of items."""

    target = "items"

    def report(
        self,
        progress: FileProgress | None,
        writing: ItemWriting,
        mentioned: Mentioned | None = None,
    ) -> FileReport:
        """Write the file's items and say what became of them; what it mentions is noted."""
        start = time.perf_counter()
        lacking = Lacking()
        with self._source(progress) as source:
            plan, rows = self._surveyed(self._plan(source, partial=writing.count() > 0), source)
            counts = self._write(plan, rows, writing, lacking, mentioned)
        report = self._counts(source, plan, counts, start)
        return replace(report, lacking=lacking.counts, priced=lacking.priced)

    def _write(
        self,
        plan: FilePlan,
        rows: Iterator[Row],
        writing: ItemWriting,
        lacking: Lacking,
        mentioned: Mentioned | None,
    ) -> WriteCounts:
        # What the settings alone say of the currency must not overwrite what an item has.
        file_says = self._options.currency or plan.currency
        drafting = Drafting(plan, None if file_says else self._settings.currency)
        left_out: list[tuple[int, BadRow]] = []
        build = ItemBuilder(
            plan, self._defaults(untitled=True), lambda row, bad: left_out.append((row, bad))
        )
        drafts = self._drafts(plan, rows, build, drafting, mentioned)
        counts, note = WriteCounts(), self._hashes
        for good, bad in settled(drafts, drafting, writing.others):
            self._set_aside(bad, left_out)
            left_out.clear()
            if mentioned is not None:
                for row, reject in bad:
                    mentioned.rejected(row, reject)
            # Eight bytes per row tell how many ids stood twice; a set would take a hundred.
            hashes = [hash(item.id) for item in good]
            note.extend(hashes)
            if mentioned is not None:
                mentioned.hashes.extend(hashes)
            lacking.note(good)
            counts += writing.write(good)
        self._warnings += (*doubts_of(build.read_price), *build.notes)
        self._finish(len(self._hashes))
        return counts

    def _set_aside(
        self, rejected: Sequence[tuple[int, BadRow]], left_out: Sequence[tuple[int, BadRow]]
    ) -> None:
        """Keep what could not be used, in order of rows; of a row that is not in, only why."""
        gone = {row for row, _ in rejected}
        kept = [(row, bad, True) for row, bad in left_out if row not in gone]
        for row, bad, is_kept in sorted(
            [*kept, *((row, bad, False) for row, bad in rejected)], key=lambda entry: entry[0]
        ):
            if is_kept:
                self._rejects.leave_out(row, bad)
            else:
                self._rejects.add(row, bad)

    def _drafts(
        self,
        plan: FilePlan,
        rows: Iterator[Row],
        build: ItemBuilder,
        drafting: Drafting,
        mentioned: Mentioned | None,
    ) -> Built[ItemDraft]:
        if mentioned is not None:
            rows = mentioned.watched(rows, build.id)
        if plan.merge == "none":
            return each_row(rows, drafting.row(build.published, build.unread))
        if plan.merge == "sales":
            currency = self._defaults().currency or plan.currency
            return drafting.whole(merge_sales(rows, build, currency))
        return drafting.whole(merge_variants(rows, build, plan), build.unread)


class _EventsRun(_FileRun):
    """A file of events."""

    target = "events"

    def report(self, progress: FileProgress | None) -> FileReport:
        """Write the file's events in one transaction and say what became of them."""
        start = time.perf_counter()
        with self._source(progress) as source:
            plan, rows = self._surveyed(self._plan(source), source)
            rows, unordered = _looked_at(plan, rows)
            build = EventBuilder(plan, self._defaults(), unordered=unordered)
            events: Built[Event | Return] = each_row(rows, build)
            if not self._options.allow_unknown_items:
                events = _of_known_items(events, self._store, plan.columns["item"][0])
            counts = self._store.write_events(self._accepted(events), settled=self._settled)
        report = self._counts(source, plan, counts, start)
        return replace(report, ratings=build.ratings, unordered=unordered)

    def _accepted(self, built: Built[Event | Return]) -> Iterator[Event | Return]:
        """The good ones."""
        rejects, note = self._rejects, self._hashes.append
        for row, value in built:
            if isinstance(value, BadRow):
                rejects.add(row, value)
            else:
                note(_event_key(value))
                yield value

    def _settled(self, unmatched: Sequence[Return]) -> None:
        """Runs inside of the transaction: what is raised here undoes it."""
        for returned in sorted(unmatched, key=lambda returned: returned.row):
            value = None if returned.quantity is None else -returned.quantity
            self._rejects.add(returned.row, BadRow(returned.reason, value=value))
        self._finish(len(self._hashes) - len(unmatched))


def _looked_at(plan: FilePlan, rows: Iterator[Row]) -> tuple[Iterator[Row], bool]:
    """The same rows, and whether those without times or positions are sorted by item."""
    if {"at", "position"} & set(plan.columns):
        return rows, False
    user, item = (plan.selected.index(plan.columns[name][0]) for name in ("user", "item"))
    first = list(islice(rows, _LOOKED_AT))
    unordered = is_sorted(
        (str(values[user]), str(values[item]))
        for _, values in first
        if not isinstance(values, BadRow)
    )
    return chain(first, rows), unordered


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
        unsure = {event.item for _, event in batch if isinstance(event, Event)} - known - unknown
        if unsure:
            stored = store.has_items(unsure)
            known |= stored
            if len(unknown) > _MAX_UNKNOWN_KEPT:
                unknown.clear()
            unknown |= unsure - stored
        for row, event in batch:
            if not isinstance(event, Event) or event.item in known:
                yield row, event
            else:
                yield row, BadRow("an unknown item", field=column, value=event.item)


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
