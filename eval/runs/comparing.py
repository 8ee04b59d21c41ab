"""Finished runs against each other: the same data, the same users, paired tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from llmrec.errors import DataError
from llmrec.eval.measures.statistics import Comparison, RunScores, compare_all
from llmrec.eval.runs.record import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["best_of", "compare_runs", "deciding_metrics"]


def compare_runs(
    runs: Sequence[Run], *, metrics: Sequence[str] | None = None, against: str | None = None
) -> tuple[Comparison, ...]:
    """Compare finished runs; see :func:`~llmrec.eval.measures.statistics.compare_all`.

    Runs of one name that differ in their seeds are one system: a user's score is the mean over
    them.

    Args:
        runs: on the same data and part, over the same users.
        metrics: names; see :func:`deciding_metrics` for the default.
        against: compare only with the run of this name.

    Raises:
        DataError: the runs are of different data or users, or there are fewer than two systems.
    """
    first = runs[0].record["data"] if runs else {}
    for other in runs[1:]:
        data = other.record["data"]
        for key, word in (("sha256", "data"), ("part", "parts")):
            if data[key] != first[key]:
                raise DataError(
                    f"The runs '{runs[0].name}' and '{other.name}' are of different {word}: "
                    f"{first['name']} {first[key][:12]} and {data['name']} {data[key][:12]}.",
                    hint="Compare runs on the same data; how it was split counts too.",
                )
        if data.get("negatives") != first.get("negatives"):
            raise DataError(
                f"The runs '{runs[0].name}' and '{other.name}' ranked different sets of items: one "
                "the whole catalogue, or a sample of another size.",
                hint="Run both with the same --negatives, or better without.",
            )
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.name, []).append(run)
    drawn = {tuple(sorted(run.record["seeds"][0] for run in group)) for group in groups.values()}
    if first.get("negatives") and len(drawn) > 1:
        raise DataError(
            f"The runs were ranked among items that different seeds have drawn: {sorted(drawn)}.",
            hint="Run all of them with the same --seed, or better without --negatives.",
        )
    scores = [_scores(name, group) for name, group in groups.items()]
    wanted = list(metrics) if metrics else deciding_metrics(runs)
    return compare_all(scores, metrics=wanted, against=against)


def best_of(runs: Sequence[Run]) -> str:
    """Name of the run with the highest mean of the first deciding metric; the first of equals."""
    metric = deciding_metrics(runs)[0]
    return max(runs, key=lambda run: float(run.record["metrics"][metric]["mean"])).name


def deciding_metrics(runs: Sequence[Run]) -> list[str]:
    """NDCG and recall at 10, or at the largest k that all runs have where 10 is none of them.

    Each further metric makes Holm's correction stricter for all.
    """
    common = set.intersection(*({int(k) for k in run.record["ks"]} for run in runs))
    if not common:
        raise DataError("The runs have no k in common.", hint="Run one of them again with -k.")
    k = 10 if 10 in common else max(common)
    return [f"ndcg@{k}", f"recall@{k}"]


def _scores(name: str, runs: Sequence[Run]) -> RunScores:
    if len({tuple(run.record["seeds"]) for run in runs}) < len(runs):
        raise DataError(
            f"Two of the runs are called '{name}' and have the same seed.",
            hint="Name one of them differently (--name), or leave it out.",
        )
    tables = [run.users().set_index("user") for run in runs]
    users = tuple(str(user) for user in tables[0].index)
    for table in tables[1:]:
        if set(table.index) != set(users):
            raise DataError(
                f"The runs called '{name}' are over different users.",
                hint="The seed also draws the users: repeat them without --users.",
            )
    names = sorted(runs[0].record["metrics"])
    values = {metric: _stacked(tables, users, metric) for metric in names}
    return RunScores(name, users, values, _owners(tables[0]))


def _owners(table: pd.DataFrame) -> tuple[str, ...] | None:
    """Whose each row is; runs of earlier versions do not say."""
    return tuple(map(str, table["owner"])) if "owner" in table else None


def _stacked(
    tables: Sequence[pd.DataFrame], users: tuple[str, ...], metric: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rows = [table.loc[list(users), metric].to_numpy(dtype=np.float64) for table in tables]
    return rows[0] if len(rows) == 1 else np.vstack(rows)
