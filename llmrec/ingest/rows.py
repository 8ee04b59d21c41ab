"""One row -> one item; what cannot be read is left out and noted, save for id and title."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_id, clean_text, is_missing
from llmrec.ingest.currencies import currencies_named, parse_currency
from llmrec.ingest.fields import (
    join_texts,
    parse_attributes,
    parse_availability,
    parse_language,
    parse_link,
    parse_stock,
    parse_values,
)
from llmrec.ingest.offers import amount_of, gathered, listed_variants, offered, read_offer
from llmrec.ingest.paths import further_steps, main_path, parse_paths
from llmrec.ingest.prices import PriceReader
from llmrec.ingest.readers import Rescued
from llmrec.ingest.recognise import ATTRIBUTE_PREFIX, FilePlan
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.times import parse_time
from llmrec.types import EventKind, Item

__all__ = ["FURTHER_CATEGORIES", "OPTIONS", "Defaults", "ItemBuilder"]

T = TypeVar("T")
Values = Sequence[Any]
Note = Callable[[int, BadRow], None]

FURTHER_CATEGORIES = "also in"
"""The attribute with the steps of the category paths besides the item's own."""
OPTIONS = tuple(f"option{i}" for i in range(1, 7))

_Path = tuple[str, ...]
_Price = tuple[Decimal | None, str | None]
_CACHED_CHARS, _CACHED_PATHS = 500, 5_000
_FALLBACK_TITLE_CHARS = 150
_NO_GENRES = "(no genres listed)"
_DEFAULT_OPTION = "Default Title"
# What Amazon prints among the details though it is no property of the product: ranks and reviews
# would tell a model what others bought. And what Magento's forms need.
_SKIPPED_DETAILS = frozenset(
    {"best sellers rank", "customer reviews", "has_options", "required_options"}
)
_FIRST_AVAILABLE = "Date First Available"
_NOT_PUBLISHED = {
    "status": frozenset(
        {"draft", "archived", "private", "unpublished", "unlisted", "inactive", "disabled",
         "hidden", "trash", "trashed", "pending", "deleted", "future"}
    ),
    "published": frozenset({"false", "0", "-1", "no", "n", "f", "off", "0.0", "2"}),
    "visibility": frozenset({"hidden", "not visible individually", "private"}),
}  # fmt: skip


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
    """Makes items of rows that hold the columns ``plan.selected``, in that order.

    Args:
        plan: what the columns are and how their cells are written.
        defaults: what holds where a row says nothing.
        note: called with a row's number and what was left out of its item.

    Attributes:
        by_handle: rows with the same id are variants (Shopify).
        notes: what the user should know of how items were made.
        read_price: has kept count of the prices that can be read in two ways.
    """

    def __init__(self, plan: FilePlan, defaults: Defaults, note: Note | None = None) -> None:
        self._plan = plan
        self._defaults = defaults
        self._note = note
        self._row = 0
        self._currency = defaults.currency or plan.currency
        self.read_price = PriceReader(plan.prices)
        index = {name: i for i, name in enumerate(plan.selected)}
        self._at = {ours: [index[name] for name in those] for ours, those in plan.columns.items()}
        self._attributes = [name for name in plan.columns if name.startswith(ATTRIBUTE_PREFIX)]
        self._options = [name for name in OPTIONS if f"{name}.value" in plan.columns]
        self._paths_of: dict[str, tuple[_Path, ...]] = {}
        self._unread: list[int] = []
        self._strict = False
        self.notes: list[str] = []
        self.by_handle = plan.merge == "handles"
        self._watched = [name for name in _NOT_PUBLISHED if name in plan.columns]

    def __call__(
        self,
        row: int,
        values: Values,
        *,
        title: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Item:
        """The item of a row.

        Args:
            row: its number, for what is left out.
            values: its cells.
            title: of a variant, which may have none.
            options: the names of the options, where another row has them.

        Raises:
            BadRow: the row cannot be used.
        """
        self._row = row
        self._unread.clear()
        self._strict = isinstance(values, Rescued)
        id = self.id(values)
        title = title or self.title(values)
        price, currency = self._price(values)
        category, further = self._category(values)
        attributes = self._all_attributes(values, options)
        if further:
            attributes[FURTHER_CATEGORIES] = further
        item = Item(
            id=id,
            title=title,
            brand=self.optional(values, "brand", self._text) or None,
            category=category,
            description=self._description(values),
            price=price,
            currency=currency,
            language=self.optional(values, "language", parse_language) or self._defaults.language,
            stock=self._stock(values),
            attributes=attributes,
            url=self.optional(values, "url", self._link),
            image_url=self.optional(values, "image_url", self._link),
            added_at=self._first_available(attributes)
            or self.optional(values, "added_at", self._time),
        )
        return self._with_listed_variants(item, values) if "variants" in self._at else item

    def published(self, row: int, values: Values) -> Item:
        """The item of a row that is no variant of another.

        Raises:
            BadRow: the row cannot be used, or the shop itself does not show it.
        """
        self.check_published(values)
        return self(row, values)

    def check_published(self, values: Values, ignored: str | None = None) -> None:
        """Raise ``BadRow`` for what the shop itself does not show; ``ignored`` does not matter."""
        for name in self._watched:
            value = self.cell(values, name)
            if value is None or name == ignored:
                continue
            if str(value).strip().lower() in _NOT_PUBLISHED[name]:
                column = self._column(name, value, values)
                raise BadRow("not published in the shop", field=column, value=value)

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

    def optional(self, values: Values, name: str, parse: Callable[[Any], T]) -> T | None:
        """The first of a field's columns that can be read; what cannot is noted and left out."""
        places = self._at.get(name, ())
        for i in places:
            value = values[i]
            # What parses a cell knows words such as "null" too; asking twice costs a tenth of all.
            if value is None or value == "" or (len(places) > 1 and is_missing(value)):
                continue
            try:
                return parse(value)
            except DataError as error:
                self._leave_out(error.reason, i, value)
        return None

    def unread(self) -> tuple[int, ...]:
        """The places of the cells that could not be read in the rows that were built last."""
        return tuple(self._unread)

    def note_unread(self, places: Iterable[int]) -> None:
        """These could not be read in all the rows of an item that has several."""
        self._unread[:] = places

    def _leave_out(self, reason: str, place: int, value: Any) -> None:
        if self._strict:
            raise BadRow(reason, field=self._plan.selected[place], value=value)
        self._unread.append(place)
        if self._note is not None:
            self._note(self._row, BadRow(reason, field=self._plan.selected[place], value=value))

    def _column(self, name: str, value: Any, values: Values) -> str:
        places = self._at.get(name, [])
        place = next((i for i in places if values[i] is value), places[0] if places else None)
        return name if place is None else self._plan.selected[place]

    def _text(self, value: Any) -> str:
        return join_texts(value, self._defaults.max_chars)

    def _link(self, value: Any) -> str | None:
        return parse_link(value, self._defaults.max_chars)

    def _time(self, value: Any) -> datetime | None:
        if is_missing(value):
            return None
        return parse_time(value, self._defaults.now, self._plan.order)

    def title(self, values: Values) -> str:
        """The title, or the beginning of what stands for it.

        Raises:
            BadRow: there is none.
        """
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

    def option_names(self, values: Values) -> dict[str, str]:
        """How a row calls its options."""
        names = {}
        for option in self._options:
            if name := self.optional(values, f"{option}.name", self._text):
                names[option] = name
        return names

    def _description(self, values: Values) -> str:
        parts = [self.optional(values, name, self._text) for name in ("description", "features")]
        return clean_text(" ".join(part for part in parts if part), 2 * self._defaults.max_chars)

    def _category(self, values: Values) -> tuple[_Path, _Path]:
        """The category, and steps of other paths that the row names too."""
        if not self._plan.path:
            for i in self._at.get("category", ()):
                if paths := self._paths(values, i):
                    return main_path(paths), further_steps(paths)
            return (), ()
        steps: dict[str, None] = {}
        for i in self._at.get("category", ()):
            steps |= dict.fromkeys(main_path(self._paths(values, i)))
        return tuple(steps), ()

    def _paths(self, values: Values, place: int) -> tuple[_Path, ...]:
        value = values[place]
        cached = isinstance(value, str) and len(value) <= _CACHED_CHARS
        if cached and (paths := self._paths_of.get(value)) is not None:
            return paths
        try:
            paths = parse_paths(value, self._defaults.max_chars, self._plan.paths)
        except DataError as error:
            self._leave_out(error.reason, place, value)
            return ()
        paths = () if paths == ((_NO_GENRES,),) else paths
        # A shop has few categories and many products.
        if cached and len(self._paths_of) < _CACHED_PATHS:
            self._paths_of[value] = paths
        return paths

    def _price(self, values: Values) -> tuple[Decimal | None, str | None]:
        default = self._currency
        if not is_missing(self.cell(values, "currency")):
            default = self.optional(values, "currency", self._currency_of)

        def read(value: Any) -> tuple[Decimal | None, str | None]:
            if isinstance(value, Mapping) or (isinstance(value, str) and value[:1] == "{"):
                return self._priced(*amount_of(value, default))
            return self.read_price(value, default)

        sale = self.optional(values, "sale_price", read) if "sale_price" in self._at else None
        price = self.optional(values, "price", read)
        # Many shops write 0 where there is no sale.
        if sale and sale[0] and not _is_dearer(sale, price) and self._on_sale(values):
            price = sale
        number, currency = price or (None, None)
        return number, currency if number is not None else None

    def _currency_of(self, value: Any) -> str:
        named = currencies_named(str(value))
        if self._currency is not None and self._currency in named[1:]:
            return self._currency
        return parse_currency(value)

    def _on_sale(self, values: Values) -> bool:
        """Whether the sale has begun and is not over; a date that cannot be read sets no bound."""
        first, last = self.cell(values, "sale_from"), self.cell(values, "sale_to")
        both = self.cell(values, "sale_dates")
        if isinstance(both, str):  # Google: 2024-05-01T08:00+0100/2024-05-07T20:00+0100
            first, _, last = both.partition("/")
        now = self._defaults.now
        begins, ends = self._moment(first), self._moment(last)
        return not (begins and begins > now) and not (ends and ends < now)

    def _moment(self, value: Any) -> datetime | None:
        if is_missing(value):
            return None
        try:
            # The far future is no error here: a sale may end then.
            return parse_time(value, self._defaults.now + timedelta(days=36_500), self._plan.order)
        except DataError:
            return None

    def _stock(self, values: Values) -> int | None:
        if "tracked" in self._at and self.cell(values, "tracked") is None:
            return None  # Shopify writes 0 where it does not count
        stock = self.optional(values, "stock", lambda v: parse_stock(v, self._plan.counts))
        if stock == 0 and str(self.cell(values, "policy")).lower() in ("continue", "true"):
            return None  # can be bought although none is left
        if "availability" not in self._at or is_missing(self.cell(values, "availability")):
            return stock
        # What the shop says of the product goes over what it counts: none left may be on order.
        available = self.optional(values, "availability", parse_availability)
        if available == 0:
            return 0
        return available if stock in (None, 0) else stock

    def sold_out(self, values: Values, item: Item) -> bool:
        """Whether nobody can buy what a row offers, as far as the file tells."""
        # Without the policy's column none left may still mean that it can be ordered.
        unsure = self.by_handle and "policy" not in self._at
        return item.stock == 0 and not unsure

    def offers(self, values: Values, *names: str) -> bool:
        """Whether a row says anything of these fields."""
        return any(self.cell(values, name) is not None for name in names)

    def _with_listed_variants(self, item: Item, values: Values) -> Item:
        """The product of a row that lists its variants, as shops' APIs print them."""
        (place, *_) = self._at["variants"]
        names = [
            str(option.get("name", "")) for option in listed_variants(self.cell(values, "options"))
        ]
        offers = []
        for variant in listed_variants(values[place]):
            try:
                offers.append(read_offer(variant, self._priced, names))
            except DataError as error:
                self._leave_out(error.reason, place, variant)
        attributes = gathered([item.attributes, *(offer.attributes for offer in offers)])
        return replace(offered(item, offers), attributes=attributes)

    def _priced(self, value: Any, code: str | None) -> tuple[Decimal | None, str | None]:
        currency = self._currency if code is None else self._currency_of(code)
        price, named = self.read_price(value, currency)
        return price, named if price is not None else None

    def _all_attributes(
        self, values: Values, options: Mapping[str, str] | None = None
    ) -> dict[str, tuple[str, ...]]:
        limit = self._defaults.max_chars

        def parse(value: Any) -> dict[str, tuple[str, ...]]:
            return parse_attributes(value, limit, _SKIPPED_DETAILS)

        attributes = self.optional(values, "attributes", parse) or {}
        for name in self._attributes:
            ours = name.removeprefix(ATTRIBUTE_PREFIX)
            if listed := self._values(values, name, ours):
                attributes[ours] = listed
        if self._options:
            names = {**(options or {}), **self.option_names(values)}
            for option, name in names.items():
                if listed := self._option(values, f"{option}.value", name):
                    attributes[name] = listed
        return attributes

    def _option(self, values: Values, column: str, name: str) -> tuple[str, ...]:
        if not self.by_handle:
            return self._values(values, column, name)  # WooCommerce's parents list "S, M"
        text = self.optional(values, column, self._text)
        return (text,) if text and text != _DEFAULT_OPTION else ()

    def _values(self, values: Values, column: str, name: str) -> tuple[str, ...]:
        """What an attribute's columns say, where it has several all of them."""
        listed: list[str] = []
        for i in self._at.get(column, ()):
            try:
                listed += parse_values(values[i], self._defaults.max_chars, name)
            except DataError as error:
                self._leave_out(error.reason, i, values[i])
        return tuple(dict.fromkeys(listed))

    def _first_available(self, attributes: dict[str, tuple[str, ...]]) -> datetime | None:
        """Amazon's listing date; only a hint among the details, so a bad one is no bad row."""
        listed = attributes.pop(_FIRST_AVAILABLE, None) if attributes else None
        try:
            return None if listed is None else self._time(", ".join(listed))
        except DataError:
            return None


def _is_dearer(sale: _Price, price: _Price | None) -> bool:
    """A sale above the price is none: Google and WooCommerce take it for a slip too."""
    if not (price and price[0] and sale[0]):
        return False
    return sale[1] == price[1] and sale[0] > price[0]


def _shortened(text: str) -> str:
    if len(text) <= _FALLBACK_TITLE_CHARS:
        return text
    return f"{text[:_FALLBACK_TITLE_CHARS].rsplit(' ', 1)[0]}…"
