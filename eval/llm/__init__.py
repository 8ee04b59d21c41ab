"""What only a language model that ranks and writes needs measured."""

from __future__ import annotations

from llmrec.eval.llm.lift import Lift, lift
from llmrec.eval.llm.words import distinct_n, words_report

__all__ = [
    "Lift",
    "distinct_n",
    "lift",
    "words_report",
]
