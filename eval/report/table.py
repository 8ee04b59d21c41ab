"""The rows that every form of the report shows: one source, so that they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.errors import DataError
from llmrec.eval.measures.statistics import Comparison

if TYPE_CHECKING:
    from llmrec.eval.report.published import PublishedResult
    from llmrec.eval.runs.record import Run

__all__ = [
    "Cell",
    "beyond_rows",
    "cell",
    "check_same_data",
    "conditions",
    "highest_first",
    "leading_metrics",
    "main_metric",
    "notes_of",
    "ordered",
    "ranked_among",
    "verdicts",
]

_LEADING = ("recall", "ndcg")
_BEYOND = ("coverage", "diversity", "novelty", "serendipity", "popularity", "gini", "calibration")


@dataclass(frozen=True)
class Cell:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def cell(record: Mapping[str, Any], metric: str) -> Cell | None:
    """The metric of a run, or ``None`` if it was not measured."""
    value = record["metrics"].get(metric)
    return Cell(value["mean"], value["low"], value["high"]) if value else None


def leading_metrics(runs: Sequence[Run], most: int = 4) -> list[str]:
    """The metrics that tables show: recall and NDCG at 5 and 10.

    Without 10 the longest lists stand for it, as in the tests (``deciding_metrics``): the column
    that orders a report is the one that was tested.
    """
    common = [
        name
        for name in runs[0].record["metrics"]
        if all(name in run.record["metrics"] for run in runs)
    ]
    ks = sorted({int(name.rpartition("@")[2]) for name in common})
    middle: list[int] = [k for k in (5, 10) if k in ks]
    if 10 not in ks:
        middle = sorted({*(middle or ks[:1]), *ks[-1:]})
    wanted = [f"{name}@{k}" for k in middle for name in _LEADING]
    return [name for name in wanted if name in common][:most] or common[:most]


def check_same_data(runs: Sequence[Run]) -> None:
    """Refuse runs that cannot stand in one table, whose head names one set of data.

    Raises:
        DataError: they are of different data or parts, or ranked different sets of items.
    """
    first = runs[0].record["data"]
    for run in runs[1:]:
        data = run.record["data"]
        for key in ("sha256", "part", "negatives"):
            if data.get(key) != first.get(key):
                raise DataError(
                    f"'{runs[0].name}' is of {first['name']}, {first['part']} part, and "
                    f"'{run.name}' of {data['name']}, {data['part']} part: they differ in {key}.",
                    hint="Report runs on the same data and part together, others apart.",
                )


def main_metric(metrics: Sequence[str]) -> str:
    """The metric that orders a report: the last of the NDCG columns, else the first column."""
    return next((name for name in reversed(metrics) if name.startswith("ndcg")), metrics[0])


def ordered(runs: Sequence[Run], metrics: Sequence[str]) -> list[Run]:
    """The runs, best first by :func:`main_metric`."""
    if not metrics:
        return list(runs)
    main = main_metric(metrics)
    return sorted(runs, key=lambda run: -run.record["metrics"][main]["mean"])


def highest_first(
    published: Sequence[PublishedResult], metrics: Sequence[str]
) -> list[PublishedResult]:
    """Others' rows in the report's order; those without its main metric come last."""
    main = main_metric(metrics)
    return sorted(published, key=lambda row: -row.metrics.get(main, -1.0))


def beyond_rows(runs: Sequence[Run]) -> tuple[list[str], list[list[float | None]]]:
    """Names of the measures beyond accuracy at one list length, and a row of values per run."""
    names = {name for run in runs for name in run.record.get("beyond") or {}}
    by_measure = {}
    for measure in _BEYOND:
        at = sorted(
            (name for name in names if name.partition("@")[0] == measure),
            key=lambda name: abs(int(name.rpartition("@")[2] or 10) - 10),
        )
        if at:
            by_measure[measure] = at[0]
    chosen = list(by_measure.values())
    rows = [[(run.record.get("beyond") or {}).get(name) for name in chosen] for run in runs]
    return chosen, rows


def conditions(record: Mapping[str, Any]) -> dict[str, str]:
    """What a run was made under, for the foot of a report."""
    data, machine = record["data"], record.get("machine") or {}
    users = f"{data['users']:,} of {data['of_users']:,}" if data.get("sampled") else "all"
    versions = record.get("versions") or {}
    return {
        "data": f"{data['name']}, {data['protocol']}, {data['part']} part, sha256 "
        f"{str(data['sha256'])[:12]}",
        "users": f"{users} ({data['users']:,})" if users == "all" else users,
        **({"ties of time": f"{data['ties']:,} cases"} if "ties" in data else {}),
        "catalogue": f"{data['items']:,} items, {ranked_among(data)}",
        "seeds": ", ".join(str(seed) for seed in record.get("seeds") or []),
        "settings": ", ".join(f"{k}={v}" for k, v in _flat(record["recommender"]["settings"])),
        "tuned": _tuning(record["recommender"].get("tuned")),
        "versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
        "machine": f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores, "
        f"{machine.get('memory_gb', '?')} GB, GPU {machine.get('gpu') or 'none'}",
        "seconds": f"{record['seconds']:.0f}",
        "made": str(record["created"]),
        "command": str(record["command"]),
    }


def ranked_among(data: Mapping[str, Any]) -> str:
    """What a case's items were ranked among, for whoever reads the figures."""
    if data.get("negatives"):
        return f"SAMPLED RANKING: targets among {data['negatives']:,} drawn items only"
    return "all of them ranked"


def notes_of(runs: Sequence[Run]) -> list[str]:
    """Everything the runs have to say besides figures, each once."""
    return list(dict.fromkeys(note for run in runs for note in run.record.get("notes") or []))


def verdicts(comparisons: Sequence[Comparison]) -> list[str]:
    """One plain sentence per comparison: who is better, or that nothing is shown."""
    return [str(comparison) for comparison in comparisons]


def _tuning(tuned: Mapping[str, Any] | None) -> str:
    """How the settings were found, if they were looked for."""
    if not tuned or not tuned.get("trials"):
        return ""
    trials = tuned["trials"]
    seconds = sum(trial["seconds"] for trial in trials)
    return (
        f"{len(trials)} settings tried on validation (budget {tuned['budget']}) by "
        f"{tuned['metric']}, {seconds:.0f} s"
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{prefix}{name}.")
        else:
            flat.append((f"{prefix}{name}", value))
    return flat
