"""The query source: what means the same as the shopper's words."""

from __future__ import annotations

from llmrec.retrieval.sources.base import Context, Hits

__all__ = ["QuerySource"]


class QuerySource:
    """Items near the query's vector."""

    def top(self, context: Context, depth: int) -> Hits:
        """The nearest to the query's vector; nothing without a query."""
        if context.query is None:
            return Hits.none()
        return context.query.search.top(context.query.vector, context.allowed, depth)
