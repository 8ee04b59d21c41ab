"""A product that the shopper sees, with the number that it is spoken of by."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

__all__ = ["Shown"]


class Shown(BaseModel):
    """What a message can refer to: a number, an id, a title, a brand, a price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    id: str
    title: str
    brand: str | None = None
    price: Decimal | None = None
    currency: str | None = None

    def __init__(self, number: int, id: str, title: str, **rest: object) -> None:
        super().__init__(number=number, id=id, title=title, **rest)
