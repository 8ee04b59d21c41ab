"""Options that the commands of ``llmrec eval`` share, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from llmrec.cli.common import console, notes, progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress

    from llmrec.eval import EvalData
    from llmrec.eval.data.opening import Protocol as EvalProtocol
    from llmrec.eval.measures.statistics import Comparison
    from llmrec.eval.runs.record import Run

__all__ = [
    "Budget",
    "Data",
    "DataOptions",
    "Html",
    "Items",
    "Ks",
    "Markdown",
    "Negatives",
    "Order",
    "Out",
    "Part",
    "Protocol",
    "Published",
    "Repeats",
    "Reports",
    "Resume",
    "Seed",
    "TestFrom",
    "Users",
    "ValidFrom",
    "counting",
    "indexing",
    "open_named",
    "runs_folder",
    "say",
]

Data = Annotated[
    str,
    typer.Option(
        "--data",
        help="A workspace; a folder with interactions.parquet and items.parquet; such a table; or "
        "a public set, downloaded once: ml-latest-small, ml-100k, ml-1m, steam, "
        "amazon-2023:CATEGORY.",
        show_default=False,
    ),
]
Items = Annotated[
    list[str] | None,
    typer.Option("--items", help="Item files, or one workspace, for a table that has none."),
]
Protocol = Annotated[
    Literal["auto", "given", "given-time", "given-rows", "leave-one-out", "global-time"],
    typer.Option(
        help="How events are split: by the table's own column (given-time also checks that it is a "
        "split by time), by rows with their own histories, each user's last item, or one moment "
        "for all. auto takes what is given."
    ),
]
Order = Annotated[
    Literal["time", "position"],
    typer.Option(help="What orders a user's rows; position for splits that contradict the times."),
]
Repeats = Annotated[
    Literal["refuse", "drop"],
    typer.Option(help="Targets that the user had before: refuse such a split, or drop them."),
]
ValidFrom = Annotated[
    datetime | None,
    typer.Option("--valid-from", help="For global-time: start of validation (UTC)."),
]
TestFrom = Annotated[
    datetime | None, typer.Option("--test-from", help="For global-time: start of the test (UTC).")
]
Part = Annotated[Literal["valid", "test"], typer.Option("--part", help="Which part is asked.")]
Users = Annotated[
    int | None, typer.Option("--users", help="Draw so many users; all of them otherwise.")
]
Ks = Annotated[
    list[int] | None,
    typer.Option("-k", help="List lengths to report; repeatable.  [default: 5, 10, 20]"),
]
Seed = Annotated[int, typer.Option("--seed", help="Of all draws.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="Folder to write; runs/NAME in the workspace or here otherwise."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what was begun there.")]
Html = Annotated[Path | None, typer.Option("--html", help="Also write a page with plots.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Also write the tables here.")]
Published = Annotated[
    Path | None,
    typer.Option(
        "--published",
        help="JSON with others' figures, to stand beside these; for data that llmrec knows they "
        "come by themselves.",
    ),
]
Negatives = Annotated[
    int | None,
    typer.Option(
        "--negatives",
        help="Rank targets among so many drawn items, as some papers do, not in the whole "
        "catalogue. Reports say so.",
        min=1,
        show_default=False,
    ),
]
Budget = Annotated[int, typer.Option("--budget", help="Settings to try on validation.", min=1)]


@dataclass(frozen=True)
class DataOptions:
    """What the user said of the data."""

    data: str
    items: list[str] | None
    protocol: EvalProtocol
    order: Literal["time", "position"]
    repeats: Literal["refuse", "drop"]
    valid_from: datetime | None
    test_from: datetime | None


def open_named(options: DataOptions) -> EvalData:
    """Open the data, saying what is downloaded and what should be known of it."""
    from llmrec.eval import open_data

    with progress_bar() as bar:
        data = open_data(
            options.data,
            items=tuple(options.items or ()),
            protocol=options.protocol,
            order=options.order,
            repeats=options.repeats,
            valid_from=_utc(options.valid_from),
            test_from=_utc(options.test_from),
            say=say,
            progress=_files(bar),
        )
    split = data.split
    say(
        f"{data.name} ({split.protocol}, {data.sha256[:12]}): {len(data.items):,} items, "
        f"{len(split.train):,} training events, {len(split.valid):,} validation and "
        f"{len(split.test):,} test users"
    )
    for note in data.notes:
        say(f"  {note}")
    return data


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for something that says how much is done of how much."""
    with progress_bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def indexing() -> Iterator[Callable[[int, int], None]]:
    """A progress bar for the evaluation's workspace."""
    with counting("Indexing the evaluation's workspace") as tell:
        yield tell


def runs_folder(data: EvalData, workspace: Path | None) -> Path:
    """Where runs go that nobody named a folder for."""
    return (data.shop or workspace or Path()) / "runs"


@dataclass(frozen=True)
class Reports:
    """Where a report goes beside the terminal, and whose figures stand beside it."""

    html: Path | None = None
    markdown: Path | None = None
    published: Path | None = None

    def show(self, runs: Sequence[Run], comparisons: Sequence[Comparison] = ()) -> None:
        """Print the table, and write the page and the Markdown that were asked for."""
        from llmrec.config import disk_errors
        from llmrec.eval import report

        if self.published:
            rows = report.read_published(self.published)
        else:
            data = runs[0].record["data"]
            full = data["part"] == "test" and not data.get("negatives")
            rows = report.known_published(data["sha256"]) if full else ()
        console.print(report.terminal(runs, comparisons, rows))
        if self.markdown:
            with disk_errors(self.markdown):
                text = report.markdown(runs, comparisons, rows)
                self.markdown.write_text(text, encoding="utf-8")
            say(f"Markdown: {self.markdown}")
        if self.html:
            report.html(runs, comparisons, self.html, rows)
            say(f"Page: {self.html}")


def say(text: str) -> None:
    """A line on standard error, as it stands."""
    notes.print(text, highlight=False, markup=False, soft_wrap=True)


def _files(bar: Progress) -> Callable[[str, int, int], None]:
    tasks: dict[str, Any] = {}

    def tell(name: str, done: int, total: int) -> None:
        if name not in tasks:
            tasks[name] = bar.add_task(name, total=total or None)
        bar.update(tasks[name], completed=done, total=total or None)

    return tell


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=timezone.utc) if moment else None
