"""The behaviour source: what shoppers with such a history took next."""

from __future__ import annotations

from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.vectors import VectorSearch

__all__ = ["BehaviourSource"]


class BehaviourSource:
    """Items of the largest inner product with the behaviour encoder's vector of the shopper.

    Args:
        search: over the encoder's item vectors.
    """

    def __init__(self, search: VectorSearch) -> None:
        self._search = search

    def top(self, context: Context, depth: int) -> Hits:
        """The best; nothing for a shopper whose history the encoder does not know."""
        if context.behaviour is None:
            return Hits.none()
        return self._search.top(context.behaviour, context.allowed, depth)
