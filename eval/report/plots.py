"""Plots of runs as SVG text, drawn with matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.errors import MissingExtra
from llmrec.eval.report.table import cell

if TYPE_CHECKING:
    from llmrec.eval.runs.record import Run

__all__ = ["bars", "latency", "popularity", "recall_curves", "slice_bars"]

# Okabe & Ito's palette, which colour-blind readers can tell apart.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C", "#B8A800")
_INK, _GRID = "#1f2933", "#e4e7eb"


def bars(runs: Sequence[Run], metric: str) -> str:
    """One bar per run with its interval, best at the top."""
    shown = [(run.name, value) for run in runs if (value := cell(run.record, metric))]
    shown.sort(key=lambda pair: pair[1].mean)
    with _axes(7.2, 0.9 + 0.42 * len(shown)) as (axes, done):
        for place, (name, value) in enumerate(shown):
            colour = _colour(runs, name)
            axes.barh(place, value.mean, color=colour, height=0.62)
            low, high = value.mean - value.low, value.high - value.mean
            axes.errorbar(value.mean, place, xerr=[[low], [high]], color=_INK, capsize=3, lw=1.1)
            axes.annotate(
                f"{value.mean:.4f}",
                (value.high, place),
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                color=_INK,
                size=9,
            )
        axes.set_yticks(range(len(shown)), [name for name, _ in shown])
        axes.set_xlim(0, max((value.high for _, value in shown), default=1.0) * 1.18 or 1.0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"{metric}, 95 % interval")
    return done()


def recall_curves(runs: Sequence[Run]) -> str:
    """Recall over the length of the list."""
    with _axes(7.2, 3.6) as (axes, done):
        for run in runs:
            curve = run.record.get("recall_curve")
            if curve:
                colour = _colour(runs, run.name)
                axes.plot(
                    curve["k"], curve["recall"], marker="o", ms=4, label=run.name, color=colour
                )
        axes.set_xscale("log")
        ticks = [1, 2, 5, 10, 20, 50, 100]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_xlabel("length of the list, k")
        axes.set_ylabel("recall@k")
        axes.legend(frameon=False, fontsize=9)
    return done()


def slice_bars(runs: Sequence[Run], slicing: str, metric: str, palette: Sequence[Run] = ()) -> str:
    """One group of bars per slice; slices of fewer than 30 users are pale.

    ``palette`` are all runs of the report, so that a run keeps its colour where others are left
    out.
    """
    palette = palette or runs
    names = list(
        dict.fromkeys(
            str(group["name"])
            for run in runs
            for group in (run.record.get("slices") or {}).get(slicing, [])
        )
    )
    width = 0.8 / max(1, len(runs))
    with _axes(7.2, 3.3) as (axes, done):
        for place, run in enumerate(runs):
            for group in (run.record.get("slices") or {}).get(slicing, []):
                value = cell(group, metric) if group["metrics"] else None
                if value is None:
                    continue
                at = names.index(str(group["name"])) + (place - (len(runs) - 1) / 2) * width
                colour = _colour(palette, run.name)
                pale = 0.35 if group["users"] < 30 else 1.0
                axes.bar(at, value.mean, width * 0.92, color=colour, alpha=pale)
                error = [[value.mean - value.low], [value.high - value.mean]]
                axes.errorbar(at, value.mean, yerr=error, color=_INK, capsize=2, lw=0.9)
            axes.bar(0, 0, color=_colour(palette, run.name), label=run.name)
        users = _users(runs, slicing)
        axes.set_xticks(
            range(len(names)), [f"{name}\n{users.get(name, 0):,} users" for name in names]
        )
        axes.grid(axis="x", visible=False)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(metric)
        axes.legend(frameon=False, fontsize=9)
    return done()


def popularity(runs: Sequence[Run]) -> str:
    """How often items are recommended, over how often they were touched in training."""
    shown = [run for run in runs if run.record.get("popularity_scatter")]
    with _axes(7.2, 3.8) as (axes, done):
        for run in shown:
            points = np.asarray(run.record["popularity_scatter"], dtype=float)
            colour = _colour(runs, run.name)
            x, y = points[:, 0] + 1, points[:, 1] + 1
            axes.scatter(x, y, s=9, alpha=0.4, lw=0, color=colour, label=run.name)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("users who touched the item in training, plus 1")
        # The lists may be shorter than the ten that are counted.
        first = min(10, *(max(run.record["ks"]) for run in shown))
        axes.set_ylabel(f"times among the first {first}, plus 1")
        axes.legend(frameon=False, fontsize=9, markerscale=2)
    return done()


def latency(runs: Sequence[Run]) -> str:
    """Milliseconds per user by stage, stacked."""
    shown = [run for run in runs if (run.record.get("latency") or {}).get("stages")]
    stages = list(dict.fromkeys(s for run in shown for s in run.record["latency"]["stages"]))
    stages = [stage for stage in stages if stage != "total"]
    with _axes(7.2, 1.2 + 0.42 * len(shown)) as (axes, done):
        left = np.zeros(len(shown))
        for number, stage in enumerate(stages):
            spent = np.array([run.record["latency"]["stages"].get(stage, 0.0) for run in shown])
            colour = _COLOURS[number % len(_COLOURS)]
            axes.barh(range(len(shown)), spent, left=left, height=0.55, label=stage, color=colour)
            left += spent
        axes.set_yticks(range(len(shown)), [run.name for run in shown])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("milliseconds per user")
        # Below the axis: there is no free corner in a stack of bars.
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.5)}
        axes.legend(frameon=False, fontsize=9, ncols=4, **below)
    return done()


def _users(runs: Sequence[Run], slicing: str) -> dict[str, int]:
    return {
        str(group["name"]): int(group["users"])
        for run in runs
        for group in (run.record.get("slices") or {}).get(slicing, [])
    }


def _colour(runs: Sequence[Run], name: str) -> str:
    """The same colour for a run in every plot."""
    place = next(place for place, run in enumerate(runs) if run.name == name)
    return _COLOURS[place % len(_COLOURS)]


@contextmanager
def _axes(width: float, height: float) -> Iterator[tuple[Any, Callable[[], str]]]:
    """Axes in the report's style, and a function that gives the SVG once they are drawn."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", extra="eval") from error

    style = {
        "svg.fonttype": "none",  # text stays text: it can be searched and scales with the page
        "font.family": "sans-serif",
        "svg.hashsalt": "llmrec",
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    with rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(_GRID)
        axes.grid(color=_GRID, lw=0.8)
        axes.set_axisbelow(True)

        def done() -> str:
            with rc_context(style):
                text = io.StringIO()
                figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
            drawn = text.getvalue()
            return drawn[drawn.index("<svg") :]

        yield axes, done
