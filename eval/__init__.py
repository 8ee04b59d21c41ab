"""Evaluation that can be believed: splits without leaks, metrics, intervals, baselines."""

from __future__ import annotations

from llmrec.eval.data import open_data
from llmrec.eval.eval_data import EvalData
from llmrec.eval.evaluate import evaluate
from llmrec.eval.given import given_split
from llmrec.eval.items import ItemTable
from llmrec.eval.leaks import check_split
from llmrec.eval.outcome import Evaluation
from llmrec.eval.popularity import PopularityBaseline
from llmrec.eval.splits import Case, Split, global_time, leave_one_out, time_cuts
from llmrec.eval.statistics import Comparison, RunScores, compare, compare_all

__all__ = [
    "Case",
    "Comparison",
    "EvalData",
    "Evaluation",
    "ItemTable",
    "PopularityBaseline",
    "RunScores",
    "Split",
    "check_split",
    "compare",
    "compare_all",
    "evaluate",
    "given_split",
    "global_time",
    "leave_one_out",
    "open_data",
    "time_cuts",
]
