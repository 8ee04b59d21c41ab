"""Runs as a terminal table and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmrec.eval.measures.statistics import Comparison
from llmrec.eval.report.headline import headline
from llmrec.eval.report.model import model_rows
from llmrec.eval.report.table import (
    beyond_rows,
    cell,
    check_same_data,
    conditions,
    highest_first,
    leading_metrics,
    notes_of,
    ordered,
    ranked_among,
    verdicts,
)

if TYPE_CHECKING:
    from rich.console import Group

    from llmrec.eval.report.published import PublishedResult
    from llmrec.eval.runs.record import Run

__all__ = ["markdown", "terminal"]

_MOST_PUBLISHED = 5


def terminal(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison] = (),
    published: Sequence[PublishedResult] = (),
) -> Group:
    """A table of the runs, best first in NDCG, with what the tests say below it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    check_same_data(runs)
    metrics = leading_metrics(runs)
    table = Table(title=_title(runs), title_justify="left")
    table.add_column("run")
    for metric in metrics:
        table.add_column(metric, justify="right")
    for run in ordered(runs, metrics):
        cells = [cell(run.record, metric) for metric in metrics]
        table.add_row(run.name, *(str(text) if text else "" for text in cells))
    for row in highest_first(published, metrics)[:_MOST_PUBLISHED]:
        values = [row.metrics.get(metric) for metric in metrics]
        shown = [f"{value:.4f}" if value is not None else "" for value in values]
        table.add_row(f"{row.model} (published)", *shown, style="dim")
    more = len(published) - _MOST_PUBLISHED
    if more > 0:
        table.caption = f"and {more} published rows that are lower; --markdown has all"
    model = [f"{label}: {text}" for run in runs for label, text in model_rows(run.record)]
    lines = [headline(runs, comparisons), *model, *verdicts(comparisons), *notes_of(runs)]
    return Group(table, *(Text(line) for line in lines))


def markdown(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison] = (),
    published: Sequence[PublishedResult] = (),
) -> str:
    """The same, with slices, measures beyond accuracy, and the conditions, as Markdown."""
    check_same_data(runs)
    metrics = leading_metrics(runs)
    runs = ordered(runs, metrics)
    parts = [
        f"# {_title(runs)}",
        "",
        headline(runs, comparisons),
        "",
        "Mean [95 % bootstrap interval over users].",
        "",
    ]
    rows = [
        [run.name, *(str(cell(run.record, metric) or "") for metric in metrics)] for run in runs
    ]
    rows += [
        [
            f"{row.model}, published ({row.source})",
            *(f"{row.metrics[m]:.4f}" if m in row.metrics else "" for m in metrics),
        ]
        for row in highest_first(published, metrics)
    ]
    parts += _table(["run", *metrics], rows)
    if comparisons:
        parts += ["", "## Comparisons", "", *(f"- {line}" for line in verdicts(comparisons))]
    names, values = beyond_rows(runs)
    if names:
        shown = [
            [run.name, *("" if value is None else f"{value:.4f}" for value in row)]
            for run, row in zip(runs, values, strict=True)
        ]
        parts += ["", "## Beyond accuracy", "", *_table(["run", *names], shown)]
    for run in runs:
        if model := model_rows(run.record):
            parts += ["", f"## The language model of {run.name}", ""]
            parts += _table(["", ""], [list(pair) for pair in model])
    parts += _slices(runs, metrics)
    for run in runs:
        parts += ["", f"## How {run.name} was made", ""]
        parts += _table(["", ""], [list(pair) for pair in conditions(run.record).items()])
    notes = notes_of(runs)
    if notes:
        parts += ["", "## Notes", "", *(f"- {note}" for note in notes)]
    return "\n".join(parts) + "\n"


def _title(runs: Sequence[Run]) -> str:
    data = runs[0].record["data"]
    title = f"{data['name']}, {data['part']} part, {data['users']:,} users"
    return f"{title}, {ranked_among(data)}" if data.get("negatives") else title


def _slices(runs: Sequence[Run], metrics: Sequence[str]) -> list[str]:
    parts: list[str] = []
    for slicing in dict.fromkeys(name for run in runs for name in run.record.get("slices") or {}):
        rows = []
        for run in runs:
            for group in (run.record.get("slices") or {}).get(slicing, []):
                cells = [cell(group, metric) if group["metrics"] else None for metric in metrics]
                shown = [str(text) if text else "" for text in cells]
                rows.append([run.name, str(group["name"]), f"{group['users']:,}", *shown])
        if rows:
            parts += [
                "",
                f"## By {slicing}",
                "",
                *_table(["run", "group", "users", *metrics], rows),
            ]
    return parts


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return (
            "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in cells) + " |"
        )

    return [line(head), "|" + "---|" * len(head), *(line(row) for row in rows)]
