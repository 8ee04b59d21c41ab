"""What a query names and the shopper has had: left out, and said instead of silently dropped."""

from __future__ import annotations

from dataclasses import replace

from llmrec.retrieval.sources.base import Context
from llmrec.retrieval.state import State

__all__ = ["left_out_note", "left_out_titles"]

_MOST = 3
"""Titles; who has bought ten teas and asks for tea need not hear of all."""


def left_out_titles(state: State, context: Context) -> tuple[str, ...]:
    """Titles of what the query names, passes the filters, and the history keeps away."""
    named = state.sources.get("named")
    if context.wording is None or not context.had.any():
        return ()
    rows = [row for row in context.wording.exact.tolist() if context.had[row]]
    if not rows and named is not None:
        rows = named.top(replace(context, allowed=context.had), _MOST).rows.tolist()
    return tuple(state.snapshot.titles[row] for row in rows[:_MOST])


def left_out_note(title: str) -> str:
    """The sentence for a trace."""
    return f"left out, since the history has it: “{title}”"
