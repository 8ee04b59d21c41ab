"""What validation asks of a shop's sources, and what they may know of its log."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.config import Workspace
from llmrec.errors import DataError
from llmrec.finetune.behaviour import ShopData, shop_data
from llmrec.finetune.behaviour.continuing import hold_out_new
from llmrec.finetune.behaviour.sequences import HeldOutCase, hold_out, in_order
from llmrec.finetune.since import Since
from llmrec.types import Event

__all__ = ["CutLog", "hold_out_shop"]


@dataclass(frozen=True)
class CutLog:
    """A shop's log cut in two.

    Attributes:
        data: all of it, with the catalogue.
        train: events that sources may know.
        cases: each user's last new item, with what came before.
        since: what is gone on from, if something is; the cases are then those that are new to it.
        new: how many events are new to it.
    """

    data: ShopData
    train: list[Event]
    cases: list[HeldOutCase]
    since: Since | None = None
    new: int = 0


def hold_out_shop(workspace: Workspace, since: Since | None = None) -> CutLog:
    """Cut the log of ``workspace``.

    Args:
        workspace: the shop.
        since: hold out new events only, which may be none.

    Raises:
        IndexMissing: nothing has been indexed.
        DataError: no user has three different items.
    """
    data = shop_data(workspace)
    known = in_order(data.events)
    if since is not None:
        new = since.new(known)
        train, cases = hold_out_new(known, new, len(known), 0, share=1.0)
        return CutLog(data, train, cases, since, len(new))
    train, cases = hold_out(known)
    if not cases:
        raise DataError(
            "There is nobody to validate with: no user has three different items.",
            hint="Ingest a longer event log; until then the weights of retrieval.weights serve.",
        )
    return CutLog(data, train, cases)
