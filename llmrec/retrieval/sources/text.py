"""The text source: what reads like the things the shopper liked."""

from __future__ import annotations

from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.vectors import VectorSearch

__all__ = ["TextSource"]


class TextSource:
    """Items near the recency-weighted mean of the history's vectors."""

    def __init__(self, search: VectorSearch) -> None:
        self._search = search

    def top(self, context: Context, depth: int) -> Hits:
        """The nearest to the taste vector; nothing for a shopper without a history."""
        if context.taste is None:
            return Hits.none()
        return self._search.top(context.taste, context.allowed, depth)
