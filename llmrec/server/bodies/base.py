"""What the bodies share: strict fields, the limits of sizes, ids and texts."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from llmrec.types import Filters

__all__ = [
    "MAX_BATCH",
    "MAX_EVENTS",
    "MAX_HISTORY",
    "MAX_ITEMS",
    "MAX_K",
    "AtFirstFault",
    "Body",
    "FewFilters",
    "Id",
    "Number",
    "Out",
    "Query",
    "Whole",
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
AtFirstFault = Field(fail_fast=True)
"""For sequences: one fault refuses the body. All of a million would be looked for, and told of, by
the thread that answers everybody else."""

_FIELDS = 100
"""Of one object; no body here has half as many."""

_FILTER_VALUES = 2_000
"""Of all filters together; what a shopper sends ahead is some dozens."""


def _few_values(filters: Any) -> Any:
    left, nodes = _FILTER_VALUES, [filters]
    while nodes:
        node = nodes.pop()
        inside = [*node.values()] if isinstance(node, dict) else node
        if isinstance(inside, list):
            left -= len(inside)
            if left < 0:
                raise PydanticCustomError(
                    "too_many_values",
                    "Filters may have at most {most} values",
                    {"most": _FILTER_VALUES},
                )
            nodes += inside
    return filters


FewFilters: TypeAlias = Annotated[Filters, BeforeValidator(_few_values)]
Query: TypeAlias = Annotated[str, StringConstraints(max_length=2_000)]


def _no_boolean(value: Any) -> Any:
    # Python counts with them, the description of the API does not.
    if isinstance(value, bool):
        raise PydanticCustomError("no_number", "Input should be a number, not true or false")
    return value


Whole: TypeAlias = Annotated[int, BeforeValidator(_no_boolean)]
Number: TypeAlias = Annotated[float, BeforeValidator(_no_boolean)]


class Body(BaseModel):
    """What a request holds; an unknown field is refused, so that a typo never passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, data: Any) -> Any:
        # Each unknown field would else be a fault to tell of.
        if isinstance(data, dict) and len(data) > _FIELDS:
            raise PydanticCustomError("too_many_fields", "An object has far too many fields")
        return data


class Out(BaseModel):
    """What an answer holds; made from the dataclass of the same fields."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
