"""What ``llmrec ingest`` prints: how files were read, what they lack, what to type next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from llmrec.cli.common import console, notes

if TYPE_CHECKING:
    from llmrec.ingest import FileReport, IngestReport, Removal

__all__ = ["print_removal", "print_report"]

_REASONS_SHOWN = 8
_SPEED = "Rows/s"
_COUNTS: tuple[tuple[str, Callable[[FileReport], int]], ...] = (
    ("Rows", lambda file: file.rows),
    ("Added", lambda file: file.added),
    ("Updated", lambda file: file.updated),
    ("Unchanged", lambda file: file.unchanged),
    ("Repeated", lambda file: file.duplicates),
    ("Rejected", lambda file: file.rejected),
    (_SPEED, lambda file: round(file.rows / max(file.seconds, 1e-9))),
)
_LEAST_TELLING = (_SPEED, "Repeated", "Unchanged", "Updated", "Added")
_NAME_WIDTH, _LEAST_NAME = 30, 12
_UNUSED_SHOWN = 8


def print_report(
    report: IngestReport,
    as_json: bool,
    workspace: Path | None,
    scale: tuple[float, float] | None = None,
) -> None:
    """Print a report for people, or as JSON.

    Args:
        report: of all files.
        as_json: one object on standard output instead.
        workspace: as it was named on the command line, for the commands to type next.
        scale: the shop's lowest and highest rating, where events were read.
    """
    if as_json:
        print(json.dumps(report.to_dict(), ensure_ascii=False))
        return
    for file in report.files:
        _describe(file)
    console.print(_counts(report, console.width), highlight=False)
    for file in report.files:
        if len(report.files) > 1:
            console.print(escape(file.file), highlight=False)
        _explain_rejects(file)
        _explain_order(file)
        _explain_returns(file)
        _explain_lacks(file)
        _explain_ratings(file)
        if scale and "text" in file.columns:
            _explain_texts(file, scale)
    if report.removed:
        console.print(f"Removed {_products(report.removed)} in none of the files.", highlight=False)
    where = f" -w {shlex.quote(str(workspace))}" if workspace else ""
    if report.next:
        commands = "\n      ".join(command + where for command in report.next)
        console.print(f"Next: {escape(commands)}", highlight=False, soft_wrap=True)


def _counts(report: IngestReport, width: int) -> Table | str:
    """What became of the rows of each file: a table, or a line each where none fits ``width``.

    Where not all columns fit, those go that say least: the speed, then counts that are 0 for all
    files. Numbers are never cut; what a file is called is, in its middle, for names of parts of an
    export differ at their ends.
    """
    columns = {name: [f"{count(file):,}" for file in report.files] for name, count in _COUNTS}
    names = [Path(file.file).name for file in report.files]
    wanted = max([len("File"), *(min(cell_len(name), _NAME_WIDTH) for name in names)])
    for name in _LEAST_TELLING:
        if _room(columns, width) < wanted and (name == _SPEED or set(columns[name]) == {"0"}):
            del columns[name]
    room = _room(columns, width)
    if room < min(wanted, _LEAST_NAME):
        rows = zip(names, *columns.values(), strict=True)
        return "\n".join(
            f"{escape(name)}: "
            + ", ".join(f"{n} {title.lower()}" for title, n in zip(columns, counts, strict=True))
            for name, *counts in rows
        )
    table = Table()
    table.add_column("File", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for name, *counts in zip(names, *columns.values(), strict=True):
        table.add_row(escape(_cut(name, room)), *counts)
    return table


def _room(columns: dict[str, list[str]], width: int) -> int:
    """The width that is left for names beside columns of counts, each with three of frame."""
    return width - 4 - sum(3 + max(map(len, (name, *cells))) for name, cells in columns.items())


def _cut(name: str, room: int) -> str:
    if cell_len(name) <= room:
        return name
    ending = (room - 1) // 2
    beginning = set_cell_size(name, room - 1 - ending)
    return f"{beginning}…{set_cell_size(name[::-1], ending)[::-1]}"


def print_removal(removal: Removal) -> None:
    """Show on standard error what ``--replace`` would remove."""
    notes.print(
        f"{removal.gone:,} of {removal.before:,} products are in none of the files and would go:",
        highlight=False,
    )
    for id, title in removal.first:
        notes.print(f"  {escape(id)}  {escape(title)}", highlight=False, overflow="ellipsis")
    if removal.gone > len(removal.first):
        notes.print(f"  and {removal.gone - len(removal.first):,} more", highlight=False)
    if removal.doubt:
        notes.print(f"[bold]Careful:[/] {removal.doubt}.", highlight=False)


def _products(count: int) -> str:
    return "1 product that is" if count == 1 else f"{count:,} products that are"


def _indented(text: str) -> None:
    console.print(Padding(escape(text), (0, 0, 0, 2)), highlight=False)


def _describe(file: FileReport) -> None:
    mapped = ", ".join(f"{ours} ← {theirs}" for ours, theirs in file.columns.items())
    console.print(
        f"{escape(file.file)}: {escape(file.format)}, recognised by: {file.shape}", highlight=False
    )
    _indented(mapped)
    if file.unused:
        more = len(file.unused) - _UNUSED_SHOWN
        shown = ", ".join(file.unused[:_UNUSED_SHOWN]) + (f" and {more} more" if more > 0 else "")
        _indented(f"not used: {shown}")
    for note in (*file.notes, *file.warnings):
        _indented(f"note: {note}" if note in file.warnings else note)


def _explain_lacks(file: FileReport) -> None:
    """Which fields products lack, those alike together: "no brand, image: all 142"."""
    by_share: dict[str, list[str]] = {}
    for field, count in file.lacking.items():
        of = file.priced if field == "currency" else file.accepted
        priced = " with a price" if field == "currency" else ""
        share = f"all {of:,}{priced}" if count == of else f"{count:,} of {of:,}{priced}"
        by_share.setdefault(share, []).append(field.removesuffix("_url"))
    if by_share:
        lacks = (f"no {', '.join(fields)}: {share}" for share, fields in by_share.items())
        _indented("; ".join(lacks))
    if file.lacking.get("currency"):
        _indented("--currency EUR says what prices without a currency are in")


def _explain_order(file: FileReport) -> None:
    if file.unordered:
        _indented(
            "each shopper's rows are sorted by item: their order does not say what came first; "
            "times or positions would"
        )


def _explain_returns(file: FileReport) -> None:
    """What was taken back; returns without a purchase alone stand among the rejected rows."""
    if not file.returned:
        return
    text = f"returned: {file.returned:,} {'purchase' if file.returned == 1 else 'purchases'} taken "
    text += "back"
    if file.unmatched:
        lost = "return" if file.unmatched == 1 else "returns"
        text += f", {file.unmatched:,} {lost} without a purchase"
    _indented(text)


def _explain_ratings(file: FileReport) -> None:
    if file.ratings is None:
        return
    low, high = file.ratings
    below = file.disliked_below
    meaning = (
        "each speaks for its product; --disliked-below takes low ones for dislikes"
        if below is None
        else f"those below {below:g} are dislikes"
    )
    console.print(f"  ratings from {low:g} to {high:g}: {meaning}", highlight=False)


def _explain_texts(file: FileReport, scale: tuple[float, float]) -> None:
    console.print(f"  {file.texts:,} review texts are new or changed", highlight=False)
    low, high = file.ratings or scale
    if low < scale[0] or high > scale[1]:
        console.print(
            f"  profiles read reviews on a scale of {scale[0]:g} to {scale[1]:g}: set "
            "ingest.lowest_rating and ingest.highest_rating to the shop's own",
            highlight=False,
        )


def _explain_rejects(file: FileReport) -> None:
    for reason, count in list(file.reasons.items())[:_REASONS_SHOWN]:
        console.print(f"  rejected {count:,}: {escape(reason)}", highlight=False)
    for reason, count in list(file.left_out.items())[:_REASONS_SHOWN]:
        console.print(f"  left out {count:,}: {escape(reason)}", highlight=False)
    if file.rejects:
        console.print(
            f"  all of them: {escape(str(file.rejects))}", highlight=False, soft_wrap=True
        )
