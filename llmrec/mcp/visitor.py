"""Who asks over a connection: a shopper of the log, or a stranger whose visit is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import ToolResult
from llmrec.agent.tools.feedback import FeedbackResult
from llmrec.types import HistoryEntry

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["Visitor"]


class Visitor:
    """The shopper at each moment of a connection.

    Args:
        shop: whose log.
        user: who asks; ``None`` for a stranger.
        remember: whether a stranger's feedback counts in later answers. A connection that several
            strangers share must not mix them up.
    """

    def __init__(self, shop: Recommender, user: str | None, *, remember: bool) -> None:
        self._shop = shop
        self._user = user
        self._remember = remember
        self._visit: tuple[HistoryEntry, ...] = ()

    def shopper(self) -> Shopper:
        """The shopper as the log, or the visit so far, knows them now."""
        known = Shopper.of_log(self._shop, self._user)
        return replace(known, history=(*known.history, *self._visit))

    def note(self, result: ToolResult) -> None:
        """Keep what was said and is not in the log."""
        if self._remember and isinstance(result, FeedbackResult) and not result.stored:
            self._visit = (*self._visit, result.entry)
