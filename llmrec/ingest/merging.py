"""Files where several rows make one item: variants of a product, and the sales of a stock code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile
from typing import Any, TypeVar

from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_id
from llmrec.ingest.fields import join_texts
from llmrec.ingest.offers import Offer, gathered, offered
from llmrec.ingest.readers import Row
from llmrec.ingest.recognise import FilePlan
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.rows import ItemBuilder
from llmrec.types import Item

__all__ = ["Built", "each_row", "merge_sales", "merge_variants"]

T = TypeVar("T")
Built = Iterator["tuple[int, T | BadRow]"]


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


@dataclass
class _VariantRow:
    """One row of a file with variants."""

    row: int
    values: Sequence[Any]
    id: str
    parent: str | None


def merge_variants(rows: Iterable[Row], build: ItemBuilder, plan: FilePlan) -> Built[Item]:
    """One item per product of a file whose variants have rows of their own, wherever they stand.

    The price is the lowest of what can be bought; the stock is the sum where every variant is
    counted, and unknown where one is not; what the variants are of (sizes, colours) is gathered in
    the attributes. Variants belong to the row that has their parent's id, to the other variants of
    a parent that has no row, or (Shopify) to the rows with their own id. The rows are kept until
    the end of the file.
    """
    entries: list[_VariantRow] = []
    for number, values in rows:
        if isinstance(values, BadRow):
            yield number, values
            continue
        try:
            entries.append(_VariantRow(number, values, build.id(values), _parent(build, values)))
        except BadRow as bad:
            yield number, bad
    groups = _grouped(entries, build, plan)
    for product, group in groups.items():
        yield from _product(product, group, build)
    _say_what_was_folded(groups, build)


def _say_what_was_folded(
    groups: dict[str, dict[str, list[_VariantRow]]], build: ItemBuilder
) -> None:
    folded = {product: set(group) - {product} for product, group in groups.items()}
    count = sum(map(len, folded.values()))
    if count:
        product, variants = next((p, v) for p, v in folded.items() if v)
        are = "1 row is a variant" if count == 1 else f"{count:,} rows are variants"
        build.notes.append(
            f"{are}, such as '{min(variants)}' of '{product}', and went into "
            "the product: events must name that. --map parent= keeps each variant as a product."
        )


def _parent(build: ItemBuilder, values: Sequence[Any]) -> str | None:
    cell = build.cell(values, "parent")
    if cell is None:
        return None
    # WooCommerce names a parent by its SKU or as id:14; WordPress writes 0 for none.
    parent = clean_id(cell).removeprefix("id:")
    return None if parent == "0" else parent


def _grouped(
    entries: list[_VariantRow], build: ItemBuilder, plan: FilePlan
) -> dict[str, dict[str, list[_VariantRow]]]:
    """Product -> id -> the rows with that id, in the order of the file."""
    ids = {entry.id: entry for entry in entries}
    aliases = _skus(entries, build) if "sku" in plan.columns else {}
    parents = _listed_variations(entries, build) if "variations" in plan.columns else {}
    groups: dict[str, dict[str, list[_VariantRow]]] = {}
    for entry in entries:
        parent = entry.parent and aliases.get(entry.parent, entry.parent)
        parent = parent or parents.get(entry.id) or entry.id
        if parent not in ids and plan.guessed_parent:
            parent = entry.id  # a column that is only called "parent" may hold anything
        above = ids.get(parent)
        if above and above.parent and above.id != entry.id and above.parent in ids:
            parent = above.parent
        groups.setdefault(parent, {}).setdefault(entry.id, []).append(entry)
    return groups


def _skus(entries: list[_VariantRow], build: ItemBuilder) -> dict[str, str]:
    skus = ((build.cell(entry.values, "sku"), entry.id) for entry in entries)
    return {clean_id(sku): id for sku, id in skus if sku is not None}


def _listed_variations(entries: list[_VariantRow], build: ItemBuilder) -> dict[str, str]:
    """Magento: the parent's row lists its variants, ``sku=A-S,size=S|sku=A-M,size=M``."""
    parents = {}
    for entry in entries:
        cell = build.cell(entry.values, "variations")
        for sku in re.findall(r"(?:^|\|)\s*sku=([^,|]+)", str(cell or "")):
            parents[sku.strip()] = entry.id
    return parents


def _product(
    product: str, group: dict[str, list[_VariantRow]], build: ItemBuilder
) -> Iterator[tuple[int, Item | BadRow]]:
    """The item of all rows of a product; rows that cannot be used are left aside."""
    handles = build.by_handle
    if len(group) == 1 and not handles:
        for entry in next(iter(group.values())):
            yield entry.row, _built(entry, build, product)
        return
    # Where an id stands twice the later row wins, as everywhere; Shopify's handle is no such id.
    entries = [entry for rows in group.values() for entry in (rows if handles else rows[-1:])]
    base = next((entry for entry in entries if _is_base(entry, product, build)), entries[0])
    try:
        build.check_published(base.values)
        title = _title(base, entries, build)
    except BadRow as bad:
        yield base.row, bad
        return
    options = build.option_names(base.values)
    members: list[tuple[_VariantRow, Item]] = []
    unread: list[int] = []
    for entry in entries:
        try:
            if entry is not base:
                build.check_published(entry.values, ignored="visibility")
            members.append((entry, build(entry.row, entry.values, title=title, options=options)))
            unread += build.unread()
        except BadRow as bad:
            yield entry.row, bad
    if not members:
        return  # all of its rows are set aside
    build.note_unread(unread)
    yield base.row, _merged(product, base, members, build)


def _is_base(entry: _VariantRow, product: str, build: ItemBuilder) -> bool:
    return entry.id == product and build.offers(entry.values, "title")


def _built(entry: _VariantRow, build: ItemBuilder, product: str) -> Item | BadRow:
    try:
        return replace(build.published(entry.row, entry.values), id=product)
    except BadRow as bad:
        return bad


def _title(base: _VariantRow, entries: list[_VariantRow], build: ItemBuilder) -> str:
    """The parent's title; of variants without a parent what their titles begin with."""
    titles = [build.title(e.values) for e in entries if build.offers(e.values, "title")]
    if base.parent is None or len(titles) < 2:
        return build.title(base.values)
    columns = zip(*(title.split() for title in titles), strict=False)
    words = [column[0] for column in takewhile(lambda words: len(set(words)) == 1, columns)]
    while words and not any(map(str.isalnum, words[-1])):
        words.pop()
    # "Tee, S" and "Tee, M" begin with "Tee,".
    return " ".join(words).rstrip(",;:(/-–—") or titles[0]


def _merged(
    product: str, base: _VariantRow, members: list[tuple[_VariantRow, Item]], build: ItemBuilder
) -> Item:
    item = next((item for entry, item in members if entry is base), members[0][1])
    above = base.id == product and base.parent is None and not build.by_handle
    children = [m for m in members if not (above and m[0] is base)] or members
    others = [other for _, other in members]
    return replace(
        offered(item, [_offer(entry, child, build) for entry, child in children]),
        id=product,
        attributes=gathered(
            [item.attributes, *(other.attributes for other in others if other is not item)]
        ),
        brand=item.brand or _first(others, "brand"),
        category=item.category or _first(others, "category") or (),
        description=item.description or _first(others, "description") or "",
        url=item.url or _first(others, "url"),
        image_url=item.image_url or _first(others, "image_url"),
        added_at=item.added_at or _first(others, "added_at"),
    )


def _offer(entry: _VariantRow, item: Item, build: ItemBuilder) -> Offer:
    counted = build.offers(entry.values, "stock", "availability")
    if build.by_handle:
        counted = item.price is not None  # the other rows are of further images
    return Offer(
        item.price,
        item.currency,
        item.stock,
        counted,
        build.sold_out(entry.values, item),
        item.attributes,
    )


def _first(items: list[Item], name: str) -> Any:
    return next((value for item in items if (value := getattr(item, name))), None)


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
    for code, row in sold.items():
        yield row.row, _sold_item(code, row, currency)


def _note(sold: dict[str, _Sold], number: int, values: Sequence[Any], build: ItemBuilder) -> None:
    code = build.id(values)
    entry = sold.setdefault(code, _Sold(number))
    price, _ = build.parsed(values, "price", lambda value: _price_or_none(build, value))
    if not price:
        return
    entry.prices[price] += 1
    title = build.parsed(values, "title", lambda value: join_texts(value, 1000))
    if title:
        entry.titles[title] += 1


def _price_or_none(build: ItemBuilder, value: Any) -> tuple[Decimal | None, str | None]:
    try:
        return build.read_price(value, None)
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
