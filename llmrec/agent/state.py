"""A conversation as a value: what holds now, what held before, and what was said.

Frozen: a turn makes a new one, so that a cancelled turn has changed nothing and "undo" is the state
before. What goes to a prompt is only the present situation (:attr:`Situation.words`, constraints,
marks), which does not grow with the number of turns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from llmrec.agent.constraints import Constraint, Constraints, Shown
from llmrec.agent.constraints.held import FOR_WHOM, OCCASION
from llmrec.agent.language import Language
from llmrec.catalog.matching import fold
from llmrec.linear import bounded
from llmrec.reading.reading import Sort
from llmrec.types import EventKind, HistoryEntry

__all__ = ["Ask", "AskTool", "Conversation", "Mark", "Situation", "Turn", "Unsettled"]

MAX_UNDO = 30
MAX_WORDS = 4
"""Phrases of a quest that count: a tent; for two; lighter; with a porch."""

_OR = bounded(r"\s+(?:or|oder)\s+|或者?|还是", re.IGNORECASE)
"""Between alternatives; to search, another word would make a description of two names."""

MAX_WISHES = 6
"""Of what a thing should be like; more words than that find nothing better."""

AskTool: TypeAlias = Literal["recommend", "search", "similar", "bought_together"]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mark(_Value):
    """A product that the shopper has liked, put in the cart or turned down in this conversation."""

    item: str
    title: str
    kind: EventKind
    at: datetime | None = None

    def entry(self) -> HistoryEntry:
        """As an entry of the history."""
        return HistoryEntry(item=self.item, kind=self.kind, at=self.at)


class Ask(_Value):
    """What the products shown were an answer to; a new constraint asks the same again.

    ``product`` is the one in the middle, for ``similar`` and ``bought_together``.
    """

    tool: AskTool = "recommend"
    product: str | None = None
    title: str = ""


class Situation(_Value):
    """What holds at one moment.

    Attributes:
        constraints: hard ones, and for whom the quest is.
        ask: what is being asked.
        words: what is looked for, newest last.
        shown: the products on the screen, by their numbers.
        passed: items shown for this very ask before; "more" leaves them out.
        focus: number of the product spoken of last: "that one".
        marks: likes and dislikes of this conversation, oldest first.
        sort: what is to come first; ``None`` is what fits best.
        aside: how many of the marks are from before somebody else is to be pleased.
    """

    constraints: Constraints = Constraints()
    ask: Ask = Ask()
    words: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = ()
    passed: tuple[str, ...] = ()
    focus: int | None = None
    marks: tuple[Mark, ...] = ()
    sort: Sort | None = None
    aside: int = 0

    @property
    def query(self) -> str | None:
        """What is looked for, in the shopper's words: what it should be like, then the thing."""
        return _phrase(self.wishes, self._searched)

    @property
    def thing(self) -> str | None:
        """What is looked for, without what it should be like; alternatives side by side."""
        return next(iter(self._searched), None)

    @property
    def _searched(self) -> tuple[str, ...]:
        return tuple(_OR.sub(" ", phrase) for phrase in self.words)

    @property
    def phrase(self) -> str | None:
        """As :attr:`query`, to be read: alternatives as such, and no word for who gets it."""
        theirs = {text for wish in self._wishes if wish.name == FOR_WHOM for text in wish.values}
        wishes = (text for text in self.wishes if text not in theirs)
        return _phrase(tuple(wishes), self.words)

    @property
    def suits_receiver(self) -> bool:
        """Whether words for who gets it are among those that are looked for: "dog"."""
        return self.phrase != _phrase(self.wishes, self.words)

    @property
    def wishes(self) -> tuple[str, ...]:
        """What the thing should be like, as far as no filter holds it; the newest that count.

        An occasion says when a thing is given, and no product is called so.
        """
        texts = [value for wish in self._wishes for value in wish.values]
        return tuple(texts[-MAX_WISHES:])

    @property
    def _wishes(self) -> tuple[Constraint, ...]:
        return tuple(wish for wish in self.constraints.of("wish") if wish.name != OCCASION)

    @property
    def recipient(self) -> str | None:
        """Who is to be pleased, if somebody else than the shopper; may be empty."""
        found = self.constraints.of("recipient")
        return found[0].said if found else None


def _phrase(wishes: Sequence[str], words: Sequence[str]) -> str | None:
    """What a thing should be like, the thing, and what else was said of it."""
    thing = fold(words[0]) if words else ""
    wishes = [text for text in wishes if fold(text) not in thing]
    return ", ".join([" ".join([*wishes, *words[:1]]), *words[1:]]) or None


class Unsettled(_Value):
    """What two readings saw differently, and the assistant has asked about.

    Attributes:
        kind: how it was read: as a sum, a brand or a refusal.
        text: the message's words for it.
        amount: of a sum.
        currency: of a sum, where the message names one.
    """

    kind: Literal["max", "min", "around", "brand", "no brand", "without"]
    text: str
    amount: Decimal | None = None
    currency: str | None = None


class Turn(_Value):
    """What was said: the shopper's words and the answer's, with the products' ids."""

    said: str
    answered: str
    products: tuple[str, ...] = ()
    at: datetime | None = None


class Conversation(_Value):
    """All of a conversation. JSON in and out: ``model_dump_json``, ``model_validate_json``.

    Attributes:
        id: of the session.
        user: whose; ``None`` for a stranger.
        language: that the shopper speaks.
        now: what holds.
        before: earlier situations, oldest first; "undo" goes back to the last.
        turns: what was said, oldest first.
        unsettled: what the last reply has asked about.
        asked: read from old conversations, and no longer used.
    """

    version: Literal[1] = 1
    id: str = ""
    user: str | None = None
    language: Language = "en"
    now: Situation = Situation()
    before: tuple[Situation, ...] = Field((), max_length=MAX_UNDO)
    turns: tuple[Turn, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()
    asked: str = ""

    def to(self, situation: Situation) -> Conversation:
        """The conversation in another situation; the present one can be gone back to.

        Looking at another product is no step of its own: "why 1?" is nothing to take back.
        """
        if situation.model_copy(update={"focus": self.now.focus}) == self.now:
            return self.model_copy(update={"now": situation})
        before = (*self.before, self.now)[-MAX_UNDO:]
        return self.model_copy(update={"now": situation, "before": before})

    def undone(self) -> Conversation | None:
        """The conversation in the situation before; ``None`` where there is none."""
        if not self.before:
            return None
        return self.model_copy(update={"now": self.before[-1], "before": self.before[:-1]})

    def said(self, turn: Turn) -> Conversation:
        """The conversation with one turn more."""
        return self.model_copy(update={"turns": (*self.turns, turn)})
