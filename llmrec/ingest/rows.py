"""One row -> one item, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_id, clean_text, is_missing
from llmrec.ingest.fields import (
    join_texts,
    parse_attributes,
    parse_category,
    parse_language,
    parse_link,
    parse_stock,
)
from llmrec.ingest.prices import parse_currency, parse_price
from llmrec.ingest.recognise import ATTRIBUTE_PREFIX, Plan
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.times import parse_time
from llmrec.types import EventKind, Item

__all__ = ["Defaults", "ItemBuilder"]

T = TypeVar("T")
Values = Sequence[Any]

_FALLBACK_TITLE_CHARS = 150
_NO_GENRES = "(no genres listed)"
# What Amazon prints among the details though it is no property of the product: ranks and reviews
# would tell a model what others bought.
_SKIPPED_DETAILS = frozenset({"best sellers rank", "customer reviews"})
_FIRST_AVAILABLE = "Date First Available"


@dataclass(frozen=True)
class Defaults:
    """What holds where a row says nothing, and the bounds of what a row may say.

    ``untitled`` lets an item pass without a title: the catalogue may know it already.
    """

    now: datetime
    currency: str | None = None
    language: str | None = None
    kind: EventKind | None = None
    disliked_below: float | None = None
    max_chars: int = 200_000
    untitled: bool = False


class ItemBuilder:
    """Makes items of rows that hold the columns ``plan.selected``, in that order."""

    def __init__(self, plan: Plan, defaults: Defaults) -> None:
        self._plan = plan
        self._defaults = defaults
        self._currency = defaults.currency or plan.currency
        index = {name: i for i, name in enumerate(plan.selected)}
        self._at = {ours: [index[name] for name in those] for ours, those in plan.columns.items()}
        self._attributes = [name for name in plan.columns if name.startswith(ATTRIBUTE_PREFIX)]

    def __call__(self, row: int, values: Values) -> Item:
        """The item of a row.

        Raises:
            BadRow: the row cannot be used.
        """
        id, title = self.id(values), self._title(values)
        price, currency = self._price(values)
        attributes = self._all_attributes(values)
        added = self.cell(values, "added_at")
        return Item(
            id=id,
            title=title,
            brand=self.parsed(values, "brand", self._text) or None,
            category=self._category(values),
            description=self._description(values),
            price=price,
            currency=currency,
            language=self.parsed(values, "language", parse_language) or self._defaults.language,
            stock=self.parsed(values, "stock", parse_stock),
            attributes=attributes,
            url=self.parsed(values, "url", self._link),
            image_url=self.parsed(values, "image_url", self._link),
            added_at=self._first_available(attributes)
            if is_missing(added)
            else self.parsed(values, "added_at", self._time),
        )

    def id(self, values: Values) -> str:
        """The id alone, for rows that belong to an item of another row."""
        return self.parsed(values, "id", clean_id)

    def cell(self, values: Values, name: str) -> Any:
        """The first of a field's columns that says something, else ``None``."""
        for i in self._at.get(name, ()):
            if not is_missing(values[i]):
                return values[i]
        return None

    def parsed(self, values: Values, name: str, parse: Callable[[Any], T]) -> T:
        """A field's value, parsed; ``BadRow`` names the column that could not be."""
        value = self.cell(values, name)
        try:
            return parse(value)
        except DataError as error:
            raise BadRow(
                error.reason, field=self._column(name, value, values), value=value
            ) from None

    def _column(self, name: str, value: Any, values: Values) -> str:
        places = self._at.get(name, [])
        found = next((i for i in places if values[i] is value), places[0] if places else None)
        return name if found is None else self._plan.selected[found]

    def _text(self, value: Any) -> str:
        return join_texts(value, self._defaults.max_chars)

    def _link(self, value: Any) -> str | None:
        return parse_link(value, self._defaults.max_chars)

    def _time(self, value: Any) -> datetime:
        return parse_time(value, self._defaults.now, self._plan.order)

    def _title(self, values: Values) -> str:
        for place, i in enumerate(self._at.get("title", ())):
            try:
                title = self._text(values[i])
            except DataError as error:
                column = self._plan.selected[i]
                raise BadRow(error.reason, field=column, value=values[i]) from None
            if title:
                return title if place == 0 else _shortened(title)
        if self._defaults.untitled:
            return ""
        raise BadRow("the title is missing", field=self._plan.columns.get("title", ("title",))[0])

    def _description(self, values: Values) -> str:
        parts = [self.parsed(values, name, self._text) for name in ("description", "features")]
        return clean_text(" ".join(part for part in parts if part), 2 * self._defaults.max_chars)

    def _category(self, values: Values) -> tuple[str, ...]:
        def parse(value: Any) -> tuple[str, ...]:
            steps = parse_category(value, self._defaults.max_chars, self._plan.comma)
            return () if steps == (_NO_GENRES,) else steps

        if not self._plan.path:
            return self.parsed(values, "category", parse)
        steps: list[str] = []
        for i in self._at.get("category", ()):
            try:
                found = parse(values[i])
            except DataError as error:
                column = self._plan.selected[i]
                raise BadRow(error.reason, field=column, value=values[i]) from None
            steps += [step for step in found if step not in steps]
        return tuple(steps)

    def _price(self, values: Values) -> tuple[Decimal | None, str | None]:
        default = self._currency
        if not is_missing(self.cell(values, "currency")):
            default = self.parsed(values, "currency", parse_currency)
        price, currency = self.parsed(values, "price", lambda value: parse_price(value, default))
        return price, currency if price is not None else None

    def _all_attributes(self, values: Values) -> dict[str, str]:
        limit = self._defaults.max_chars
        found = self.parsed(
            values, "attributes", lambda value: parse_attributes(value, limit, _SKIPPED_DETAILS)
        )
        for name in self._attributes:
            text = self.parsed(values, name, self._text)
            if text:
                found[name.removeprefix(ATTRIBUTE_PREFIX)] = text
        return found

    def _first_available(self, attributes: dict[str, str]) -> datetime | None:
        """Amazon's listing date; only a hint among the details, so a bad one is no bad row."""
        text = attributes.pop(_FIRST_AVAILABLE, None)
        try:
            return None if text is None else self._time(text)
        except DataError:
            return None


def _shortened(text: str) -> str:
    if len(text) <= _FALLBACK_TITLE_CHARS:
        return text
    return f"{text[:_FALLBACK_TITLE_CHARS].rsplit(' ', 1)[0]}…"
