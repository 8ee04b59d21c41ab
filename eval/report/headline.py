"""The report's first sentence: who comes first, and against whom the tests confirm it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmrec.eval.measures.statistics import Comparison
from llmrec.eval.report.table import cell, leading_metrics, main_metric, ordered

if TYPE_CHECKING:
    from llmrec.eval.runs.record import Run

__all__ = ["headline"]


def headline(runs: Sequence[Run], comparisons: Sequence[Comparison] = ()) -> str:
    """Plain words for who does not read tables; says "better" only where a test does."""
    metrics = leading_metrics(runs)
    main, best = main_metric(metrics), ordered(runs, metrics)[0]
    value = cell(best.record, main)
    if len(runs) == 1:
        return f"{best.name}: {main} {value}."
    first = f"{best.name} comes first in {main}: {value}."
    tests = [
        comparison
        for comparison in comparisons
        if comparison.metric == main and best.name in (comparison.a, comparison.b)
    ]
    if not tests:
        return f"{first} Nothing was tested; llmrec eval compare does."
    beaten = [_other(test, best.name) for test in tests if test.better == best.name]
    ahead = [_other(test, best.name) for test in tests if test.better == _other(test, best.name)]
    equal = [_other(test, best.name) for test in tests if test.better is None]
    sentences = [
        f"better than {_listed(beaten)}" if beaten else "",
        f"worse than {_listed(ahead)} user by user" if ahead else "",
        f"no difference shown against {_listed(equal)}" if equal else "",
    ]
    return f"{first} By the tests: {'; '.join(filter(None, sentences))}."


def _other(comparison: Comparison, name: str) -> str:
    return comparison.b if comparison.a == name else comparison.a


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
