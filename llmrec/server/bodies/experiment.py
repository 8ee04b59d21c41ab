"""What came of an experiment, as it goes out; see :mod:`llmrec.experiment.outcomes`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llmrec.server.bodies.base import Out

__all__ = ["ExperimentOut"]


class ShareOut(Out):
    """How many of an arm's shoppers, as a share with its 95 % interval; null of nobody."""

    count: int
    share: float | None
    low: float | None
    high: float | None


class ArmOut(Out):
    """One arm."""

    arm: Literal["A", "B"]
    what: str = Field(description="how it ranks, in words")
    shoppers: int = Field(description="who were shown a list")
    lists: int
    outcomes: dict[str, ShareOut] = Field(description="by like, cart and purchase")


class TestOut(Out):
    """Whether both arms have the same share; ``adjusted_p`` is Holm's over all outcomes."""

    outcome: str
    p: float
    adjusted_p: float


class ExperimentOut(Out):
    """An experiment so far."""

    name: str
    days: float = Field(description="for which an event counts after its item was shown")
    arms: tuple[ArmOut, ...]
    both: int = Field(description="shoppers of both arms, who are left out")
    split_p: float = Field(description="of so many shoppers in B; tiny if an arm loses some")
    tests: tuple[TestOut, ...]
    sentence: str = Field(description="all of it in words")
