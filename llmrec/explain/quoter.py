"""Reasons and descriptions that quote: the facts that matter to this shopper, in the shop's words.

No model is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmrec.explain.from_fields import spoken_language
from llmrec.explain.objections import objections_to
from llmrec.explain.product_facts import product_facts
from llmrec.explain.quoted_description import quoted_description
from llmrec.explain.quoted_reason import quoted_reason
from llmrec.explain.requests import WordsRequest
from llmrec.types import Words

__all__ = ["Quoter"]


class Quoter:
    """Writes words about recommended items by choosing facts and quoting them.

    Args:
        quotes: whether sentences of descriptions are quoted; else fields alone speak.
    """

    def __init__(self, *, quotes: bool = True) -> None:
        self._quotes = quotes

    def write_many(
        self, requests: Sequence[WordsRequest]
    ) -> list[tuple[Words | None, Words | None]]:
        """A reason, and a description where asked for, of each product of one answer, in its order.

        No reason where there is nothing to say to this shopper; no two begin alike, but for those
        that say only what speaks against the products. ``origin`` is ``quote`` where a sentence is
        quoted, else ``fields``; ``evidence`` names sentences and fields.
        """
        beginnings: set[str] = set()
        texts = []
        for request in requests:
            facts = product_facts(request, quotes=self._quotes)
            objections = list(objections_to(request, spoken_language(request)))
            reason = quoted_reason(request, facts, objections, beginnings)
            described = request.describe
            description = quoted_description(request, facts, objections) if described else None
            texts.append((reason, description))
        return texts
