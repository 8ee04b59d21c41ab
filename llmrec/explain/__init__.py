"""Reasons and descriptions: written by the model, checked claim by claim, else made from fields."""

from llmrec.explain.anchors import Anchor, choose_anchor
from llmrec.explain.check import Problem, check, count_claims, grounding
from llmrec.explain.facts import Facts, facts_of, short_title
from llmrec.explain.from_fields import (
    description_from_fields,
    reason_from_fields,
    words_from_fields,
)
from llmrec.explain.requests import WordsRequest
from llmrec.explain.shape import shape_problems, whole_sentences
from llmrec.explain.writer import Writer

__all__ = [
    "Anchor",
    "Facts",
    "Problem",
    "WordsRequest",
    "Writer",
    "check",
    "choose_anchor",
    "count_claims",
    "description_from_fields",
    "facts_of",
    "grounding",
    "reason_from_fields",
    "shape_problems",
    "short_title",
    "whole_sentences",
    "words_from_fields",
]
