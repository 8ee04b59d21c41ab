"""Evaluation that can be believed: splits without leaks, metrics, intervals, baselines."""

from __future__ import annotations

from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.given import given_split
from llmrec.eval.data.items import ItemTable
from llmrec.eval.data.leaks import check_split
from llmrec.eval.data.opening import open_data
from llmrec.eval.data.splits import Case, Split, global_time, leave_one_out, time_cuts
from llmrec.eval.judging.evaluate import evaluate
from llmrec.eval.judging.outcome import Evaluation
from llmrec.eval.judging.popularity import PopularityBaseline
from llmrec.eval.measures.statistics import Comparison, RunScores, compare, compare_all

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
