"""Reasons and descriptions: quoted from the shop, or the model's own, checked; else from fields."""

from llmrec.explain.anchors import Anchor, choose_anchor
from llmrec.explain.check import Problem, check, count_claims, grounding
from llmrec.explain.facts import Facts, facts_of, short_title
from llmrec.explain.from_fields import (
    description_from_fields,
    reason_from_fields,
    words_from_fields,
)
from llmrec.explain.quotable import Quotable, quotable_sentences
from llmrec.explain.quoter import Quoter
from llmrec.explain.requests import WordsRequest
from llmrec.explain.sentences import sentences_of
from llmrec.explain.shape import shape_problems, whole_sentences
from llmrec.explain.writer import Writer, model_can_write

__all__ = [
    "Anchor",
    "Facts",
    "Problem",
    "Quotable",
    "Quoter",
    "WordsRequest",
    "Writer",
    "check",
    "choose_anchor",
    "count_claims",
    "description_from_fields",
    "facts_of",
    "grounding",
    "model_can_write",
    "quotable_sentences",
    "reason_from_fields",
    "sentences_of",
    "shape_problems",
    "short_title",
    "whole_sentences",
    "words_from_fields",
]
