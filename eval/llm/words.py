"""Reasons and descriptions: who wrote them, what they claim, how much they repeat each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from llmrec.explain import count_claims
from llmrec.types import Recommendations, Words

__all__ = ["distinct_n", "words_report"]

# Problems of a draft's form, not of what it claims.
_NO_CLAIM = ("shape:", "grounding:")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def words_report(answers: Sequence[Recommendations]) -> dict[str, Any]:
    """Measure the texts of answers, reasons and descriptions apart.

    For each kind:

    - ``texts``: how many, of which ``by_model`` the model's own, ``repaired`` of these at a later
      attempt, ``quoted`` sentences of the product's description, and ``from_fields`` sentences
      made from fields instead;
    - ``attempts``: mean number of attempts where the model was asked;
    - ``claims``: what the shown texts claim (names, numbers, words of the lexicon, the past), and
      ``refused``: what drafts claimed that neither catalogue nor history support;
    - ``claims_that_hold``: ``claims / (claims + refused)``: of all that was said in drafts that
      were shown or refused. The checker is a lexical one: it overlooks what it has no word for;
    - ``distinct_1``, ``distinct_2``: :func:`distinct_n`;
    - ``words``: mean length.
    """
    kinds = {
        "reasons": [item.reason for answer in answers for item in answer if item.reason],
        "descriptions": [
            item.description for answer in answers for item in answer if item.description
        ],
    }
    return {kind: _report(texts) for kind, texts in kinds.items() if texts}


def distinct_n(texts: Iterable[str], n: int) -> float:
    """Different n-grams of words / all n-grams (Li et al. 2016, https://arxiv.org/abs/1510.03055).

    It falls with the number of texts: compare samples of equal size.

    >>> distinct_n(["a red cup", "a red pot"], 2)
    0.75
    """
    grams: list[tuple[str, ...]] = []
    for text in texts:
        words = _WORD.findall(text.casefold())
        grams += zip(*(words[start:] for start in range(n)), strict=False)
    return len(set(grams)) / len(grams) if grams else 0.0


def _report(texts: Sequence[Words]) -> dict[str, Any]:
    model = [text for text in texts if text.origin == "model"]
    quoted = sum(text.origin == "quote" for text in texts)
    asked_model = [text for text in texts if text.attempts]
    claims = sum(count_claims(text.text) for text in texts)
    refused = sum(not problem.startswith(_NO_CLAIM) for text in texts for problem in text.problems)
    shown = [text.text for text in texts]
    return {
        "texts": len(texts),
        "by_model": len(model) / len(texts),
        "repaired": sum(text.attempts > 1 for text in model) / len(model) if model else 0.0,
        "quoted": quoted / len(texts),
        "from_fields": 1 - (len(model) + quoted) / len(texts),
        "attempts": sum(text.attempts for text in asked_model) / len(asked_model)
        if asked_model
        else 0.0,
        "claims": claims,
        "refused": refused,
        "claims_that_hold": claims / (claims + refused) if claims + refused else 1.0,
        "distinct_1": distinct_n(shown, 1),
        "distinct_2": distinct_n(shown, 2),
        "words": sum(len(_WORD.findall(sentence)) for sentence in shown) / len(shown),
    }
