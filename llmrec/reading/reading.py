"""What a message says: the typed value that the reader makes of it. Version 1.

The keys and their conventions are a contract: docs/chat.md lists them. A conversation's state is
not part of it; what this message does to that state is the reducer's work.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from llmrec.types import Sort

__all__ = ["READING_VERSION", "Intent", "Reading", "Sort"]

READING_VERSION = 1

Intent: TypeAlias = Literal[
    "find",
    "refine",
    "drop",
    "compare",
    "why",
    "product_question",
    "shop_question",
    "order_or_human",
    "smalltalk",
    "abuse_or_injection",
    "undo",
    "more",
    "none_of_these",
]


class Reading(BaseModel):
    """What one message says; what it does not say is ``None`` or empty.

    Attributes:
        intent: what the shopper wants to happen.
        looking_for: the kind of thing, in the shopper's words; ``gift`` for a present of no kind.
        min: at least this price.
        max: at most this price.
        around: about this price.
        currency: ISO code, where the message names or signs one.
        brands: wanted.
        not_brands: refused.
        attributes: by loose names (colour, size, material, feature, age, …) the values as said.
        not_: materials, ingredients, features, kinds that must not be in it; ``not`` in JSON.
        for_whom: as said.
        in_stock: whether only what can be had now is wanted.
        sort: which are to come first.
        refers_to: places on the screen, from 1, ascending.
        drops: what is taken back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    intent: Intent
    looking_for: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    around: Decimal | None = None
    currency: str | None = None
    brands: tuple[str, ...] = ()
    not_brands: tuple[str, ...] = ()
    attributes: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    not_: tuple[str, ...] = Field((), alias="not")
    for_whom: str | None = None
    in_stock: Literal[True] | None = None
    sort: Sort | None = None
    refers_to: tuple[int, ...] = ()
    drops: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the contract's keys, for :func:`json.dumps`.

        >>> Reading(intent="find", max=Decimal("30")).to_dict()["max"]
        30
        """
        values = self.model_dump(by_alias=True)
        for key in ("min", "max", "around"):
            values[key] = _number(values[key])
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
        }


def _number(value: Decimal | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
