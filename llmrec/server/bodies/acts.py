"""What a button means, sent instead of words to be read: the same actions as slash commands."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from llmrec.agent.commands import Command
from llmrec.agent.constraints import Change, Reference
from llmrec.agent.constraints.changes import AtLeast, AtMost, Drop, StartOver, Unwanted
from llmrec.agent.state import Situation
from llmrec.agent.turns import Action
from llmrec.server.bodies.base import Body, Price, Whole

__all__ = ["ActBody"]

_Number: TypeAlias = Annotated[Whole, Field(ge=1, le=1_000)]


class ProductAct(Body):
    """Something about a product that is shown, by the number on its card."""

    do: Literal["why", "like", "dislike", "describe", "together", "cart"]
    product: _Number

    def action(self, _: Situation) -> Action:
        """As the assistant takes it."""
        if self.do == "dislike":
            return (Unwanted(Reference(self.product)),)
        return Command(self.do, (Reference(self.product),))


class DropAct(Body):
    """Give up one of the constraints that hold, by its place among them, from 1."""

    do: Literal["drop"]
    place: _Number

    def action(self, _: Situation) -> Action:
        """As the assistant takes it."""
        return (Drop("number", str(self.place)),)


class PriceAct(Body):
    """Both price limits as they are to be; left out or null: none."""

    do: Literal["price"]
    low: Price | None = None
    high: Price | None = None

    def action(self, now: Situation) -> Action:
        """Only what differs from what holds ``now``, so that nothing else is told."""
        limits = {"min_price": self.low, "max_price": self.high}
        changes: list[Change] = []
        # The last first: each drop moves the places behind it.
        for place, one in reversed(list(enumerate(now.constraints.held, start=1))):
            if one.kind in limits and one.amount == limits[one.kind]:
                del limits[one.kind]
            elif one.kind in limits and limits[one.kind] is None:
                changes.append(Drop("number", str(place)))
        for kind, amount in limits.items():
            if amount is not None:
                changes.append(AtLeast(amount) if kind == "min_price" else AtMost(amount))
        return tuple(changes)


class PlainAct(Body):
    """Take the last step back, begin again, or show others."""

    do: Literal["undo", "over", "more"]

    def action(self, _: Situation) -> Action:
        """As the assistant takes it."""
        return (StartOver(),) if self.do == "over" else Command(self.do)


ActBody: TypeAlias = Annotated[
    ProductAct | DropAct | PriceAct | PlainAct, Field(discriminator="do")
]
