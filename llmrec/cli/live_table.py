"""A long training in the terminal: a table that grows, and a bar for what runs at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typing_extensions import Self

__all__ = ["LiveTable"]

# A live table must not be higher than a terminal: rich cannot redraw what has scrolled away.
_SHOWN = 12


class LiveTable:
    """Shows rows while they come; where there is no terminal, a line for each.

    Args:
        console: where.
        columns: headings.
        doing: beside the bar until the first step.
    """

    def __init__(self, console: Console, columns: Sequence[str], doing: str) -> None:
        self._console, self._columns = console, columns
        self._rows: list[Sequence[str]] = []
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task(doing, total=None)
        self._live = Live(self._picture(), console=console)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def step(self, doing: str, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description=doing, completed=done, total=total)
        self._show()

    def row(self, cells: Sequence[str]) -> None:
        """Add a row."""
        self._rows.append(cells)
        if not self._console.is_terminal:
            self._console.print("  ".join(cells), highlight=False)
        self._show()

    def _show(self) -> None:
        if self._console.is_terminal:
            self._live.update(self._picture())

    def _picture(self) -> Group:
        table = Table(box=None, pad_edge=False)
        for column in self._columns:
            table.add_column(column, justify="right")
        for cells in self._rows[-_SHOWN:]:
            table.add_row(*cells)
        return Group(table, self._bar)
