"""What the bodies share: strict fields, the limits of sizes, ids and texts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from llmrec.catalog.ids import MAX_ID_CHARS, checked_id
from llmrec.catalog.names import is_nobody, user_name
from llmrec.catalog.times import check_time
from llmrec.errors import DataError
from llmrec.types import Filters

__all__ = [
    "MAX_BATCH",
    "MAX_EVENTS",
    "MAX_HISTORY",
    "MAX_ITEMS",
    "MAX_K",
    "NO_NUL",
    "AtFirstFault",
    "Body",
    "FewFilters",
    "Id",
    "ItemId",
    "Moment",
    "Number",
    "Out",
    "Price",
    "Query",
    "UserId",
    "Whole",
]

MAX_K = 100
MAX_HISTORY = 500
MAX_BATCH = 64
MAX_ITEMS = 500
MAX_EVENTS = 1_000

NO_NUL = r"^[^\x00]*$"
"""No database has a text that holds a NUL; some cut it there without a word."""

_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
_PLACES = 6
_V = TypeVar("_V")


def _valid(check: Callable[[_V], _V]) -> Callable[[_V], _V]:
    """A check of ours as one of pydantic's, which knows the field's name."""

    def checked(value: _V) -> _V:
        try:
            return check(value)
        except DataError as error:
            raise PydanticCustomError("value_error", "{reason}", {"reason": error.reason}) from None

    return checked


def _tidy(price: Decimal) -> Decimal:
    """A price with six places at most, as files' are: floats end in ...9999996 or ...00001."""
    rounded = round(price, _PLACES) if _exponent(price) < -_PLACES else price
    if rounded is price and _exponent(price) <= 0 and not price.is_signed():
        return price  # as it was written: 39.90 is no 39.9
    text = f"{abs(rounded):f}"
    return Decimal(text.rstrip("0").rstrip(".") if rounded is not price else text)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


Id: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_ID_CHARS, pattern=_NO_CONTROLS),
    AfterValidator(_valid(checked_id)),
]
"""In its one form: composed, without white space around it."""


def _something(id: str) -> str:
    if is_nobody(id):
        reason = f"'{id}' is no item's id. Send the product's id in the catalogue"
        raise PydanticCustomError("value_error", "{reason}", {"reason": reason})
    return id


ItemId: TypeAlias = Annotated[Id, AfterValidator(_something)]
"""An item that is written of; ``null`` and ``undefined`` are refused, as in files."""


def _somebody(name: str) -> str:
    try:
        return user_name(name)
    except DataError as error:
        reason = f"{error.reason} {error.hint}".rstrip(".")  # every refusal ends in a point
        raise PydanticCustomError("value_error", "{reason}", {"reason": reason}) from None


UserId: TypeAlias = Annotated[Id, AfterValidator(_somebody)]
"""A shopper; what programs write where they know none (``null``, ``undefined``) is refused."""

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
Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(_valid(check_time))]
"""A time from 1990 to a day from now, with a zone; in UTC from here on."""

Price: TypeAlias = Annotated[Decimal, Field(ge=0, lt=10**12), AfterValidator(_tidy)]
"""Rounded to six decimals: a shop's own arithmetic may have left 59.699999999999996."""

Query: TypeAlias = Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL)]


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
