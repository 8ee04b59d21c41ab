"""What the bodies share: strict fields, the limits of sizes, ids and texts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from llmrec.catalog.ids import MAX_ID_CHARS, checked_id
from llmrec.catalog.times import check_time
from llmrec.errors import DataError

__all__ = [
    "MAX_BATCH",
    "MAX_EVENTS",
    "MAX_HISTORY",
    "MAX_ITEMS",
    "MAX_K",
    "NO_NUL",
    "Body",
    "Id",
    "Moment",
    "Out",
    "Price",
    "Query",
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

Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(_valid(check_time))]
"""A time from 1990 to a day from now, with a zone; in UTC from here on."""

Price: TypeAlias = Annotated[Decimal, Field(ge=0, lt=10**12), AfterValidator(_tidy)]
"""Rounded to six decimals: a shop's own arithmetic may have left 59.699999999999996."""

Query: TypeAlias = Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL)]


class Body(BaseModel):
    """What a request holds; an unknown field is refused, so that a typo never passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What an answer holds; made from the dataclass of the same fields."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
