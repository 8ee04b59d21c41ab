"""The behaviour source: what shoppers with such a history took next."""

from __future__ import annotations

from llmrec.retrieval.lifting import lift_user
from llmrec.retrieval.sources.base import Context, Hits
from llmrec.retrieval.vectors import VectorSearch

__all__ = ["BehaviourSource"]


class BehaviourSource:
    """Items of the largest inner product with the behaviour encoder's vector of the shopper.

    Args:
        search: over lifted item vectors, see :mod:`~llmrec.retrieval.lifting`.
    """

    def __init__(self, search: VectorSearch) -> None:
        self._search = search

    def top(self, context: Context, depth: int) -> Hits:
        """The best; nothing for a shopper whose history the encoder does not know."""
        if context.behaviour is None:
            return Hits.none()
        return self._search.top(lift_user(context.behaviour), context.allowed, depth)
