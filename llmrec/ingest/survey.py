"""What the first rows of a file tell of how its cells are written, decided per column.

"1.299" alone may be a thousand or a little more than one, and 3/4/2021 may be in March or in April;
beside "899,00" and 25/3/2021 they cannot. What stays open is said, not chosen in silence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmrec.errors import DataError
from llmrec.ingest.cleaning import is_missing
from llmrec.ingest.currencies import DecimalSign, minor_digits, parse_currency
from llmrec.ingest.paths import first_step, has_bare_slash
from llmrec.ingest.prices import (
    NumberStyle,
    PriceReader,
    PriceUnit,
    decimal_evidence,
    reads_two_ways,
)
from llmrec.ingest.readers import Row
from llmrec.ingest.recognise import FilePlan
from llmrec.ingest.rejects import BadRow
from llmrec.ingest.times import DateOrder, order_evidence

__all__ = ["PriceHints", "doubts_of", "surveyed", "taken"]

_ROWS = 20_000
_CHARS = 64 * 2**20
# So many times as often must one decimal sign be proven as the other: hands mistype.
_CLEARLY = 10
_FINE_DECIMALS = 3
_WHOLE_FROM = 100
_SLASHED_SHARE = 0.6
_PLAINLY = re.compile(r"\d+\.\d\d?", re.ASCII)


@dataclass(frozen=True)
class PriceHints:
    """What the user says of prices; it goes over what their column tells."""

    currency: str | None = None
    decimal: DecimalSign | None = None
    unit: PriceUnit | None = None


def taken(rows: Iterator[Row]) -> list[Row]:
    """The first rows of a file: up to 20,000, less where they are long."""
    head: list[Row] = []
    chars = 0
    for row in rows:
        head.append(row)
        if not isinstance(row[1], BadRow):
            try:
                chars += sum(map(len, row[1]))
            except TypeError:  # not only text
                chars += sum(len(cell) for cell in row[1] if isinstance(cell, str))
        if len(head) >= _ROWS or chars > _CHARS:
            break
    return head


def surveyed(
    plan: FilePlan, head: Sequence[Row], hints: PriceHints
) -> tuple[FilePlan, tuple[str, ...]]:
    """The plan with what the first rows tell, and what the user should know of it."""
    columns = _SurveyedColumns(plan, head)
    warnings: list[str] = []
    if plan.target == "events":
        plan = _with_order(plan, columns, "at", warnings)
        _warn_of_quantities(plan, columns, warnings)
        return plan, tuple(warnings)
    plan = _with_order(plan, columns, "added_at", warnings)
    plan = replace(
        plan,
        prices=_price_style(plan, columns, hints),
        counts=_count_sign(columns),
        paths=replace(
            plan.paths,
            roots=plan.paths.roots | _roots(columns),
            slashes=plan.paths.slashes or _slashes(columns),
        ),
    )
    if hints.unit is None and plan.prices.unit == "whole":
        _warn_of_cents(plan, columns, hints, warnings)
    return plan, tuple(warnings)


class _SurveyedColumns:
    """The cells of the first rows, by our field."""

    def __init__(self, plan: FilePlan, head: Sequence[Row]) -> None:
        self.names = plan.columns
        self._index = {name: i for i, name in enumerate(plan.selected)}
        self._rows = [values for _, values in head if not isinstance(values, BadRow)]

    def cells(self, *fields: str) -> Iterator[Any]:
        """What says something in the columns of some fields."""
        places = [self._index[name] for field in fields for name in self.names.get(field, ())]
        for values in self._rows:
            for i in places:
                if not is_missing(values[i]):
                    yield values[i]

    def priced(self) -> Iterator[tuple[Any, Any]]:
        """Each price with the cell of its row's currency."""
        places = [self._index[n] for f in ("price", "sale_price") for n in self.names.get(f, ())]
        currency = [self._index[name] for name in self.names.get("currency", ())[:1]]
        for values in self._rows:
            for i in places:
                if not is_missing(values[i]):
                    yield values[i], values[currency[0]] if currency else None


def _price_style(plan: FilePlan, columns: _SurveyedColumns, hints: PriceHints) -> NumberStyle:
    unit = hints.unit or plan.prices.unit
    if hints.decimal:
        return NumberStyle({None: hints.decimal}, fine=True, unit=unit)
    proofs: dict[str | None, Counter[DecimalSign]] = defaultdict(Counter)
    read = PriceReader()
    fine = doubtful = False
    for cell, currency in columns.priced():
        if not isinstance(cell, str):
            continue
        if _PLAINLY.fullmatch(cell):  # most prices: nothing beside them can name a currency
            proofs[None]["."] += 1
            if code := _code(currency) or hints.currency or plan.currency:
                proofs[code]["."] += 1
            continue
        sign, decimals = decimal_evidence(cell)
        fine |= decimals >= _FINE_DECIMALS
        if sign is None:
            doubtful = doubtful or reads_two_ways(cell)
            continue
        proofs[None][sign] += 1
        try:
            _, code = read(cell, _code(currency) or hints.currency or plan.currency)
        except DataError:
            continue
        if code:
            proofs[code][sign] += 1
    if not doubtful and not proofs:
        return NumberStyle(unit=unit)
    decided = {code: sign for code, counts in proofs.items() if (sign := _clear(counts))}
    return NumberStyle(decided, fine=fine, unit=unit)


def _code(cell: Any) -> str | None:
    try:
        return None if is_missing(cell) else parse_currency(cell)
    except DataError:
        return None


def _clear(counts: Counter[DecimalSign]) -> DecimalSign | None:
    (sign, most), *rest = counts.most_common()
    return sign if not rest or most >= _CLEARLY * rest[0][1] else None


def _count_sign(columns: _SurveyedColumns) -> DecimalSign | None:
    """The decimal sign of stock counts: 12.000 is twelve where every count has three decimals."""
    counts: Counter[DecimalSign] = Counter()
    zeros = others = 0
    for cell in columns.cells("stock"):
        if not isinstance(cell, str):
            continue
        sign, decimals = decimal_evidence(cell)
        if sign and decimals:
            counts[sign] += 1
        elif cell.strip().endswith(".000") and reads_two_ways(cell):
            zeros += 1
        elif any(map(str.isdigit, cell)):
            others += 1
    if counts:
        return _clear(counts)
    return "." if zeros > 1 and not others else None


def _roots(columns: _SurveyedColumns) -> frozenset[str]:
    cells = {cell for cell in columns.cells("category") if isinstance(cell, str)}
    if not any("," in cell for cell in cells):
        return frozenset()
    return frozenset(step for cell in cells if (step := first_step(cell)))


def _slashes(columns: _SurveyedColumns) -> bool:
    """Whether a bare slash parts steps: most categories have it, and some have it twice."""
    cells = {cell for cell in columns.cells("category") if isinstance(cell, str)}
    slashed = [cell for cell in cells if "/" in cell and has_bare_slash(cell)]
    deep = any(cell.strip("/").count("/") > 1 for cell in slashed)
    return deep and len(slashed) >= _SLASHED_SHARE * len(cells)


def _with_order(
    plan: FilePlan, columns: _SurveyedColumns, field: str, warnings: list[str]
) -> FilePlan:
    if plan.order is not None or field not in plan.columns:
        return plan
    proofs: dict[DateOrder, str] = {}
    for cell in columns.cells(field):
        order = order_evidence(cell) if isinstance(cell, str) else None
        if order:
            proofs.setdefault(order, cell.strip())
            if len(proofs) > 1:
                break
    column = plan.columns[field][0]
    if len(proofs) > 1:
        warnings.append(
            f"the dates of '{column}' have both orders ('{proofs['dmy']}' and '{proofs['mdy']}'): "
            "those that can be read two ways are not read. Say which it is with --date-order."
        )
        return plan
    for order, cell in proofs.items():
        first = "day" if order == "dmy" else "month"
        warnings.append(
            f"the dates of '{column}' are read {first} first, since '{cell}' stands among them. "
            "If that is wrong, say --date-order."
        )
        return replace(plan, order=order)
    return plan


def _warn_of_quantities(plan: FilePlan, columns: _SurveyedColumns, warnings: list[str]) -> None:
    if "value" not in plan.columns:
        return
    cell = next(
        (
            c
            for c in columns.cells("value")
            if isinstance(c, str) and reads_two_ways(c) and "." in c
        ),
        None,
    )
    if cell is not None:
        warnings.append(
            f"values such as '{cell}' in '{plan.columns['value'][0]}' are read with decimals: a "
            "point before three digits groups no thousands there."
        )


def _warn_of_cents(
    plan: FilePlan, columns: _SurveyedColumns, hints: PriceHints, warnings: list[str]
) -> None:
    """Where every price is whole and high, they may be cents; only the user can tell."""
    example = None
    for cell, currency in columns.priced():
        code = _code(currency) or hints.currency or plan.currency
        whole = isinstance(cell, int) or (isinstance(cell, str) and cell.strip().isdigit())
        if not whole or int(cell) < _WHOLE_FROM or minor_digits(code) == 0:
            return
        example = example or cell
    if example is not None:
        warnings.append(
            f"every price is whole, such as {example}. If they count cents, say --price-unit cents."
        )


_DOUBTS = {
    "two ways": "{n} can be read two ways, such as '{text}', here {read}. If that is wrong, say "
    "--decimal comma or --decimal point.",
    "sign": "{n} with a sign of several currencies, such as '{text}', taken for {read}. If it is "
    "another one, say --currency.",
    "unnamed": "{n} with a sign of several currencies, such as '{text}', went in without a "
    "currency. Say which it is with --currency.",
    "lowest": "{n} with a range or 'from', such as '{text}': the lowest counts.",
}


def doubts_of(read: PriceReader) -> tuple[str, ...]:
    """What the user should know of the prices that were read."""
    return tuple(
        template.format(n=_prices(read.doubts[name]), text=text, read=value)
        for name, template in _DOUBTS.items()
        if name in read.doubts
        for text, value in [read.examples[name]]
    )


def _prices(count: int) -> str:
    return "1 price" if count == 1 else f"{count:,} prices"
