"""What the bodies share: strict fields, the limits of sizes, ids and texts."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from llmrec.catalog.names import is_nobody, user_name
from llmrec.errors import DataError

__all__ = [
    "MAX_BATCH",
    "MAX_EVENTS",
    "MAX_HISTORY",
    "MAX_ITEMS",
    "MAX_K",
    "Body",
    "Id",
    "ItemId",
    "Out",
    "Query",
    "UserId",
]

MAX_K = 100
MAX_HISTORY = 500
MAX_BATCH = 64
MAX_ITEMS = 500
MAX_EVENTS = 1_000

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"

Id: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=256, pattern=_NO_CONTROLS)
]


def _something(id: str) -> str:
    if is_nobody(id):
        raise ValueError(f"'{id}' is no item's id. Send the product's id in the catalogue.")
    return id


ItemId: TypeAlias = Annotated[Id, AfterValidator(_something)]
"""An item that is written of; ``null`` and ``undefined`` are refused, as in files."""


def _somebody(name: str) -> str:
    try:
        return user_name(name)
    except DataError as error:
        raise ValueError(f"{error.reason} {error.hint}") from None


UserId: TypeAlias = Annotated[Id, AfterValidator(_somebody)]
"""A shopper; what programs write where they know none (``null``, ``undefined``) is refused."""

Query: TypeAlias = Annotated[str, StringConstraints(max_length=2_000)]


class Body(BaseModel):
    """What a request holds; an unknown field is refused, so that a typo never passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What an answer holds; made from the dataclass of the same fields."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
