"""What a tool must know of whoever asks: a frozen value that is made anew at every turn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmrec.types import Filters, HistoryEntry, Language

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["Shopper"]


@dataclass(frozen=True, slots=True)
class Shopper:
    """A shopper at one moment.

    Items that the shopper does not want are dislikes in ``history`` or stand in
    ``filters.not_items``; both are kept away before any top-k.

    Attributes:
        user: who it is in the event log; ``None`` for a stranger, of whom nothing is stored.
        history: oldest first, the log's and the conversation's.
        filters: hard constraints; what a tool is asked can only narrow them.
        query: what the conversation is about, in words, if a tool is asked for nothing else.
        thing: the kind of thing within the query, if it is known.
        subject: everything that is found must be about one of these; without any, about anything.
        seed: of shuffle and writing; ``None`` takes the one of the settings.
        recipient: whom the quest is for, in their words, if it is somebody else.
        language: that they speak, if it is known; words are in each product's own otherwise.
    """

    user: str | None = None
    history: tuple[HistoryEntry, ...] = ()
    filters: Filters = field(default_factory=Filters)
    query: str | None = None
    subject: tuple[str, ...] = ()
    seed: int | None = None
    language: Language | None = None
    recipient: str | None = None
    thing: str | None = None

    @classmethod
    def of_log(cls, shop: Recommender, user: str | None, filters: Filters | None = None) -> Shopper:
        """The shopper as the event log knows them now; a stranger has no history."""
        history = tuple(shop.history_of(user)) if user else ()
        return cls(user, history, filters or Filters())

    def after(self, entry: HistoryEntry) -> Shopper:
        """The same shopper, who has done one thing more."""
        return replace(self, history=(*self.history, entry))
