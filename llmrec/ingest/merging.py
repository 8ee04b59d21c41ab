"""Files where several rows make one item: Shopify's variants, and the sales of a stock code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeVar

from llmrec.errors import DataError
from llmrec.ingest.cleaning import is_missing
from llmrec.ingest.fields import join_texts, parse_stock
from llmrec.ingest.prices import parse_price
from llmrec.ingest.readers import Row
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.rows import ItemBuilder
from llmrec.types import Item

__all__ = ["Built", "each_row", "merge_sales", "merge_variants"]

T = TypeVar("T")
Built = Iterator["tuple[int, T | BadRow]"]

_OPTIONS = ("option1", "option2", "option3")
_DEFAULT_OPTION = "Default Title"


def each_row(rows: Iterable[Row], build: Callable[[int, Sequence[Any]], T]) -> Built[T]:
    """One thing per row."""
    for number, values in rows:
        if isinstance(values, BadRow):
            yield number, values
            continue
        try:
            yield number, build(number, values)
        except BadRow as bad:
            yield number, bad


def merge_variants(rows: Iterable[Row], build: ItemBuilder) -> Built[Item]:
    """One item per handle of a Shopify export, whose rows stand together.

    The first row has the product; all have variants. The price is the lowest, the stock the sum
    over the variants whose stock is kept, the options' values become attributes.
    """

    def product(row: Row) -> Any:
        values = row[1]
        handle = None if isinstance(values, BadRow) else build.cell(values, "id")
        return row[0] if handle is None else handle

    for _, group in groupby(rows, key=product):
        first, *more = group
        number, values = first
        if isinstance(values, BadRow):
            yield number, values
            continue
        try:
            yield number, _product(number, [values, *_good(more)], build)
        except BadRow as bad:
            yield number, bad


def _good(rows: Iterable[Row]) -> Iterator[Sequence[Any]]:
    return (values for _, values in rows if not isinstance(values, BadRow))


def _product(number: int, rows: list[Sequence[Any]], build: ItemBuilder) -> Item:
    item = build(number, rows[0])
    if _says(build, rows[0], "status", ("draft", "archived")) or _says(
        build, rows[0], "published", ("false",)
    ):
        raise BadRow("not published in the shop", field="Status", value=item.id)
    prices = [p for values in rows if (p := _price(build, values, item.currency)) is not None]
    images = (build.cell(values, "image_url") for values in rows)
    image = item.image_url or next((str(one) for one in images if one), None)
    return replace(
        item,
        price=min(prices) if prices else item.price,
        stock=_stock(build, rows),
        attributes={**item.attributes, **_options(build, rows)},
        image_url=image,
    )


def _says(build: ItemBuilder, values: Sequence[Any], name: str, words: tuple[str, ...]) -> bool:
    return str(build.cell(values, name)).strip().lower() in words


def _price(build: ItemBuilder, values: Sequence[Any], currency: str | None) -> Decimal | None:
    return build.parsed(values, "price", lambda value: parse_price(value, currency))[0]


def _stock(build: ItemBuilder, rows: list[Sequence[Any]]) -> int | None:
    variants = [values for values in rows if build.cell(values, "price") is not None]
    counts = [build.parsed(values, "stock", parse_stock) for values in variants]
    known = [count for count in counts if count is not None]
    # One variant whose stock is not kept can always be bought.
    return sum(known) if known and len(known) == len(counts) else None


def _options(build: ItemBuilder, rows: list[Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    found = {}
    for option in _OPTIONS:
        name = build.cell(rows[0], f"{option}.name")
        cells = (build.cell(values, f"{option}.value") for values in rows)
        texts = dict.fromkeys(join_texts(cell, 1000) for cell in cells if not is_missing(cell))
        texts.pop(_DEFAULT_OPTION, None)
        if texts and not is_missing(name):
            found[join_texts(name, 1000)] = tuple(texts)
    return found


@dataclass
class _Sold:
    """What the sales of one stock code say about it."""

    row: int
    titles: Counter[str] = field(default_factory=Counter)
    prices: Counter[Decimal] = field(default_factory=Counter)


def merge_sales(rows: Iterable[Row], build: ItemBuilder, currency: str | None) -> Built[Item]:
    """One item per stock code of a sales log: its commonest description, its median price.

    Rows without a price are stock-keeping ("damaged", "?") and say nothing of the product. Codes
    that do not begin with five digits are postage, fees and vouchers. Memory is for one entry per
    code and price, not per row.
    """
    sold: dict[str, _Sold] = {}
    for number, values in rows:
        if isinstance(values, BadRow):
            yield number, values
            continue
        try:
            _note(sold, number, values, build)
        except BadRow as bad:
            yield number, bad
    for code, found in sold.items():
        yield found.row, _sold_item(code, found, currency)


def _note(sold: dict[str, _Sold], number: int, values: Sequence[Any], build: ItemBuilder) -> None:
    code = build.id(values)
    entry = sold.setdefault(code, _Sold(number))
    price, _ = build.parsed(values, "price", _price_or_none)
    if not price:
        return
    entry.prices[price] += 1
    title = build.parsed(values, "title", lambda value: join_texts(value, 1000))
    if title:
        entry.titles[title] += 1


def _price_or_none(value: Any) -> tuple[Decimal | None, str | None]:
    try:
        return parse_price(value)
    except DataError:  # adjustments of bad debt are negative
        return None, None


def _sold_item(code: str, sold: _Sold, currency: str | None) -> Item | BadRow:
    if not code[:5].isdigit():
        return BadRow("not a product: postage, a fee or a voucher", field="StockCode", value=code)
    if not sold.titles:
        return BadRow("never sold with a price and a description", field="StockCode", value=code)
    title = sold.titles.most_common(1)[0][0]
    return Item(code, title, price=_median(sold.prices), currency=currency)


def _median(prices: Counter[Decimal]) -> Decimal:
    """The higher median, without a list of all rows."""
    left = prices.total() // 2
    for price, count in sorted(prices.items()):
        left -= count
        if left < 0:
            return price
    raise ValueError("no prices")
