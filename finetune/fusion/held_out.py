"""What validation asks of a shop's sources, and what they may know of its log."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.config import Workspace
from llmrec.errors import DataError
from llmrec.finetune.behaviour import ShopData, shop_data
from llmrec.finetune.behaviour.sequences import HeldOut, hold_out, in_order
from llmrec.types import Event

__all__ = ["Validation", "hold_out_shop"]


@dataclass(frozen=True)
class Validation:
    """A shop's log cut in two.

    Attributes:
        data: all of it, with the catalogue.
        train: events that sources may know.
        cases: each user's last new item, with what came before.
    """

    data: ShopData
    train: list[Event]
    cases: list[HeldOut]


def hold_out_shop(workspace: Workspace) -> Validation:
    """Cut the log of ``workspace``.

    Raises:
        IndexMissing: nothing has been indexed.
        DataError: no user has three different items.
    """
    data = shop_data(workspace)
    train, cases = hold_out(in_order(data.events))
    if not cases:
        raise DataError(
            "There is nobody to validate with: no user has three different items.",
            hint="Ingest a longer event log; until then the weights of retrieval.weights serve.",
        )
    return Validation(data, train, cases)
