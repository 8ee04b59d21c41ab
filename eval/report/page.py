"""Runs as one HTML page that needs nothing else: no script, no network, plots inside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.config import disk_errors
from llmrec.errors import DataError
from llmrec.eval.measures.statistics import Comparison
from llmrec.eval.report import plots
from llmrec.eval.report.headline import headline
from llmrec.eval.report.model import model_rows
from llmrec.eval.report.table import (
    beyond_rows,
    cell,
    check_same_data,
    conditions,
    highest_first,
    leading_metrics,
    main_metric,
    notes_of,
    ordered,
    ranked_among,
)

if TYPE_CHECKING:
    from llmrec.eval.report.published import PublishedResult
    from llmrec.eval.runs.record import Run

__all__ = ["html", "page", "telling"]

MOST_IN_PLOTS = 8


def html(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison],
    path: str | os.PathLike[str],
    published: Sequence[PublishedResult] = (),
) -> None:
    """Write the page to ``path``, whole or not at all.

    Raises:
        DataError: there is no run, or they are of different data.
        MissingExtra: matplotlib is not installed.
        DiskFull: there is no space.
    """
    text = page(runs, comparisons, published)
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)


def page(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison] = (),
    published: Sequence[PublishedResult] = (),
) -> str:
    """The page as text; what the data calls things is escaped.

    Raises:
        DataError: there is no run, or they are of different data.
        MissingExtra: matplotlib is not installed.
    """
    from jinja2 import Environment, StrictUndefined

    if not runs:
        raise DataError("There is no run to report.", hint="Name at least one run folder.")
    check_same_data(runs)
    metrics = leading_metrics(runs)
    best = ordered(runs, metrics)
    main = main_metric(metrics)
    names, values = beyond_rows(best)
    template = files("llmrec.eval.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(template).render(
        data=runs[0].record["data"],
        ranked=ranked_among(runs[0].record["data"]),
        headline=headline(runs, comparisons),
        metrics=metrics,
        main=main,
        rows=[(run, [cell(run.record, metric) for metric in metrics]) for run in best],
        published=[
            (row, [row.metrics.get(metric) for metric in metrics])
            for row in highest_first(published, metrics)
        ],
        comparisons=comparisons,
        figures=_figures(best, main),
        beyond=names,
        beyond_rows=list(zip([run.name for run in best], values, strict=True)),
        llm=[(run.name, rows) for run in best if (rows := model_rows(run.record))],
        conditions=[(run.name, conditions(run.record)) for run in best],
        notes=notes_of(runs),
    )


def _figures(best: Sequence[Run], metric: str) -> list[dict[str, Any]]:
    """Title and picture of each figure that the runs have numbers for."""
    from markupsafe import Markup

    drawn = best[:MOST_IN_PLOTS]
    figures = [{"title": f"Accuracy: {metric}", "svg": Markup(plots.bars(best, metric))}]
    if any(run.record.get("recall_curve") for run in drawn):
        figures.append({"title": "Recall over the list", "svg": Markup(plots.recall_curves(drawn))})
    slicings = dict.fromkeys(name for run in drawn for name in run.record.get("slices") or {})
    figures += [
        {"title": f"By {slicing}", "svg": _slice(best, slicing, metric)}
        for slicing in slicings
        if _parts(best, slicing) > 1
    ]
    if any(run.record.get("popularity_scatter") for run in drawn):
        figures.append(
            {"title": "What gets recommended", "svg": Markup(plots.popularity(drawn[:4]))}
        )
    if any((run.record.get("latency") or {}).get("stages") for run in drawn):
        figures.append({"title": "Where the time goes", "svg": Markup(plots.latency(drawn))})
    return figures


def _parts(runs: Sequence[Run], slicing: str) -> int:
    """How many groups a slicing has; one alone is the mean over again."""
    return len({group["name"] for run in runs for group in run.record["slices"].get(slicing, [])})


def _slice(best: Sequence[Run], slicing: str, metric: str) -> Any:
    from markupsafe import Markup

    shown = telling(best, slicing, metric)
    return Markup(plots.slice_bars(shown, slicing, metric, palette=best))


def telling(best: Sequence[Run], slicing: str, metric: str) -> list[Run]:
    """The first three runs and whichever leads in one of the groups: a weak run may serve it best.

    ``best`` are all runs in the report's order.
    """
    leaders: dict[str, tuple[float, str]] = {}
    for run in best:
        for group in (run.record.get("slices") or {}).get(slicing, []):
            value = cell(group, metric) if group["metrics"] else None
            if value and value.mean > leaders.get(group["name"], (0.0, ""))[0]:
                leaders[group["name"]] = value.mean, run.name
    leading = {name for _, name in leaders.values()}
    return [run for place, run in enumerate(best) if place < 3 or run.name in leading]
