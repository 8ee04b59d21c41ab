"""Evaluation that can be believed: splits without leaks, metrics, intervals, baselines."""

from __future__ import annotations

from llmrec.eval.baselines import PopularityBaseline
from llmrec.eval.evaluate import Evaluation, evaluate
from llmrec.eval.given import given_split
from llmrec.eval.leaks import check_split
from llmrec.eval.splits import Case, Split, global_time, leave_one_out

__all__ = [
    "Case",
    "Evaluation",
    "PopularityBaseline",
    "Split",
    "check_split",
    "evaluate",
    "given_split",
    "global_time",
    "leave_one_out",
]
