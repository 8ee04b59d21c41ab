"""Which column of a file is which of our fields: known shapes, known names, and what the user says.

Flags go over ``llmrec.toml``, that goes over what is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llmrec.errors import ConfigError, DataError, near_miss
from llmrec.ingest.currencies import DecimalSign, currencies_named
from llmrec.ingest.paths import PLAIN_PATHS, PathStyle
from llmrec.ingest.prices import PLAIN_NUMBERS, NumberStyle
from llmrec.ingest.shapes import (
    CENT_COLUMNS,
    EVENT_FIELDS,
    EVENT_NAMES,
    ITEM_FIELDS,
    ITEM_HELPERS,
    ITEM_NAMES,
    OPTION_COLUMNS,
    RATING_COLUMNS,
    SHAPES,
    TITLE_FALLBACKS,
    FileShape,
    Merge,
    Target,
)
from llmrec.ingest.times import DateOrder
from llmrec.types import EventKind

__all__ = ["ATTRIBUTE_PREFIX", "FilePlan", "parse_map", "recognise"]

ATTRIBUTE_PREFIX = "attributes."
_HELPERS = {"price": ("sale_price", "sale_dates", "sale_from", "sale_to"),
            "stock": ("availability",)}  # fmt: skip
_NEEDED: dict[Target, tuple[str, ...]] = {"items": ("id", "title"), "events": ("user", "item")}


@dataclass(frozen=True)
class FilePlan:
    """How the rows of one file become items or events.

    Attributes:
        shape: what the file was recognised as.
        target: what its rows become.
        columns: our field -> columns of the file. Of several the first that says something
            counts, save for a category ``path``, whose steps they are. ``attributes.NAME`` is one
            attribute; shapes have helping fields of their own, such as ``features``.
        currency: of prices that name none.
        kind: of events whose file says none.
        guessed_parent: the column of parents is only called so: it counts where it names a row.
        prices, counts, paths: how the cells of its columns are written.
    """

    shape: str
    target: Target
    columns: Mapping[str, tuple[str, ...]]
    currency: str | None = None
    kind: EventKind | None = None
    order: DateOrder | None = None
    merge: Merge = "none"
    path: bool = False
    guessed_parent: bool = False
    prices: NumberStyle = PLAIN_NUMBERS
    counts: DecimalSign | None = None
    paths: PathStyle = PLAIN_PATHS

    @property
    def selected(self) -> tuple[str, ...]:
        """The columns to read, each once."""
        return tuple(dict.fromkeys(name for names in self.columns.values() for name in names))


@dataclass(frozen=True)
class _ShapeMatch:
    shape: FileShape
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse_map(pairs: Iterable[str], target: Target) -> dict[str, tuple[str, ...]]:
    """``field=column`` flags; a field named twice has several columns, ``field=`` has none.

    Raises:
        ConfigError: not of that form, or a field that we do not have.

    >>> parse_map(["title=product_name", "category=Division", "category=Class"], "items")
    {'title': ('product_name',), 'category': ('Division', 'Class')}
    """
    columns: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        _check_field(name, target, f"--map {pair}")
        if not equals:
            raise ConfigError(
                f"--map {pair}: there is no '='.", hint="Write --map FIELD=COLUMN of the file."
            )
        columns[name] = (*columns.get(name, ()), *((column,) if column else ()))
    return columns


def recognise(
    columns: Sequence[str],
    target: Target,
    *,
    file: str,
    settings: Mapping[str, str] | None = None,
    flags: Mapping[str, tuple[str, ...]] | None = None,
    order: DateOrder | None = None,
    partial: bool = False,
) -> FilePlan:
    """Decide how to read a file with these columns.

    Args:
        columns: the file's.
        target: whether items or events are wanted.
        file: its name, for errors.
        settings: our field -> column, from ``llmrec.toml``.
        flags: our field -> columns, from the command line.
        order: month or day first in slashed dates, where the user says.
        partial: there are items already, so that a file may name their ids and what has changed.

    Raises:
        DataError: a needed column is missing; the error names all columns and the flag to give.
        ConfigError: the settings name a field that we do not have.
    """
    for name in settings or {}:
        _check_field(name, target, f"ingest.{target[:-1]}_columns.{name} in llmrec.toml")
    given: dict[str, tuple[str, ...]] = {
        name: (column,) if column else () for name, column in (settings or {}).items()
    }
    given.update(flags or {})
    match = _shape_of(columns, target) or _by_names(columns, target)
    _check_given(given, columns, file)
    mapped = {**_unclaimed(match.columns, given), **given}
    for field_name, helpers in _HELPERS.items():
        if field_name in given:  # who says which column the price is means no other
            mapped |= {name: () for name in helpers if name not in given}
    mapped = {name: those for name, those in mapped.items() if those}
    _check_needed(mapped, columns, target, file, partial)
    shape = match.shape
    parents = "parent" in mapped and target == "items"
    return FilePlan(
        shape=shape.name,
        target=target,
        columns=mapped,
        currency=shape.currency,
        kind=shape.kind or _kind_of(mapped, target),
        order=order or shape.order,
        merge="parents" if shape.merge == "none" and parents else shape.merge,
        path=shape.path or len(given.get("category", ())) > 1,
        guessed_parent="parent" not in given and _plain_name(mapped.get("parent")) == "parent",
        prices=NumberStyle(
            unit="cents" if _plain_name(mapped.get("price")) in CENT_COLUMNS else "whole"
        ),
        paths=shape.paths,
    )


def _plain_name(names: tuple[str, ...] | None) -> str:
    return re.sub(r"[^a-z0-9]", "", names[0].casefold()) if names else ""


def _shape_of(columns: Sequence[str], target: Target) -> _ShapeMatch | None:
    by_name = {_shape_name(name): name for name in reversed(columns)}
    for shape in SHAPES:
        if shape.target == target and all(_shape_name(need) in by_name for need in shape.needs):
            return _ShapeMatch(
                shape,
                {
                    name: tuple(
                        by_name[_shape_name(column)]
                        for column in those
                        if _shape_name(column) in by_name
                    )
                    for name, those in shape.columns.items()
                },
            )
    return None


def _shape_name(name: str) -> str:
    """Google's feeds write image_link, "image link" and g:image_link."""
    return name.casefold().removeprefix("g:").replace("_", " ")


def _by_names(columns: Sequence[str], target: Target) -> _ShapeMatch:
    names = ITEM_NAMES if target == "items" else EVENT_NAMES
    plain = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in reversed(columns)}
    mapped: dict[str, tuple[str, ...]] = {}
    for name, aliases in names.items():
        column = next((plain[alias] for alias in aliases if alias in plain), None)
        if column is not None and (column,) not in mapped.values():
            mapped[name] = (column,)
    currency = None
    if target == "items":
        currency = _priced_columns(plain, mapped)
        rest = tuple(plain[alias] for alias in TITLE_FALLBACKS if alias in plain)
        if rest:
            mapped["title"] = (*mapped.get("title", ()), *rest)
        mapped |= _attribute_columns(columns)
        if "parent" in mapped:
            options = [column for column in columns if _plain_name((column,)) in OPTION_COLUMNS]
            mapped |= {f"{ATTRIBUTE_PREFIX}{column}": (column,) for column in options}
    native = bool(mapped) and all(names[0] == name for name, names in mapped.items())
    label = "llmrec's own fields" if native else "column names"
    return _ShapeMatch(FileShape(label, target, (), currency=currency), mapped)


def _attribute_columns(columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Attribute -> its columns: of two that are called alike, the second is ``NAME (2)``."""
    mapped: dict[str, tuple[str, ...]] = {}
    for column in columns:
        if column.startswith(ATTRIBUTE_PREFIX):
            first = re.sub(r" \(\d+\)$", "", column)
            name = first if first in columns else column
            mapped[name] = (*mapped.get(name, ()), column)
    return mapped


def _priced_columns(plain: dict[str, str], mapped: dict[str, tuple[str, ...]]) -> str | None:
    """Take a price from a column whose name has its currency: ``price_eur``, ``Price (USD)``."""
    for alias, column in reversed(plain.items()):  # the first of the file's columns
        match = re.fullmatch(r"(\w*?price)(?:in)?([a-z]{3})", alias)
        code = currencies_named(match[2])[:1] if match else ()
        if not match or not code or code[0] is None:
            continue
        ours = "sale_price" if match[1] in ITEM_NAMES["sale_price"] else "price"
        if match[1] in ITEM_NAMES[ours] and ours not in mapped:
            mapped[ours] = (column,)
            return code[0]
    return None


def _kind_of(mapped: Mapping[str, tuple[str, ...]], target: Target) -> EventKind | None:
    if target == "items":
        return None
    values = {re.sub(r"[^a-z0-9]", "", name.casefold()) for name in mapped.get("value", ())}
    return EventKind.RATING if values & RATING_COLUMNS else EventKind.PURCHASE


def _unclaimed(
    mapped: Mapping[str, tuple[str, ...]], given: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What was recognised, less the columns that the user said to be something else."""
    claimed = {column for those in given.values() for column in those}
    return {
        name: tuple(column for column in those if column not in claimed)
        for name, those in mapped.items()
    }


def _check_given(given: Mapping[str, tuple[str, ...]], columns: Sequence[str], file: str) -> None:
    for name, those in given.items():
        for column in those:
            if column not in columns:
                raise DataError(
                    f"there is no column '{column}', said to be '{name}'. {_list(columns)}",
                    file=file,
                    hint=f"{near_miss(column, columns)}Say which of them it is with "
                    f"--map {name}=COLUMN.",
                )


def _check_needed(
    mapped: Mapping[str, tuple[str, ...]],
    columns: Sequence[str],
    target: Target,
    file: str,
    partial: bool,
) -> None:
    missing = [name for name in _NEEDED[target] if name not in mapped]
    if partial and target == "items" and missing == ["title"] and len(mapped) > 1:
        return
    if not missing:
        return
    flags = " ".join(f"--map {name}=COLUMN" for name in missing)
    hint = f"Say which column it is: {flags}"
    if partial and target == "items" and missing == ["title"]:
        hint = "Say which column has what changed, such as --map price=COLUMN; new products need "
        hint += "--map title=COLUMN"
    if len(columns) == 1:
        hint = "If something else parts its columns, name it: --delimiter CHARACTER"
    other: Target = "events" if target == "items" else "items"
    shape = _shape_of(columns, other)
    if shape or all(name in _by_names(columns, other).columns for name in _NEEDED[other]):
        what = f" ({shape.shape.name})" if shape else ""
        hint += f"; or is it a file of {other}{what}: llmrec ingest {other} {file}"
    raise DataError(
        f"no column for {' and '.join(missing)} was recognised. {_list(columns)}",
        file=file,
        field=missing[0],
        hint=f"{hint}.",
    )


def _check_field(name: str, target: Target, source: str) -> None:
    fields = (*ITEM_FIELDS, *ITEM_HELPERS) if target == "items" else EVENT_FIELDS
    attribute = target == "items" and name.startswith(ATTRIBUTE_PREFIX) and name != ATTRIBUTE_PREFIX
    if name not in fields and not attribute:
        more = f", {ATTRIBUTE_PREFIX}NAME" if target == "items" else ""
        raise ConfigError(
            f"{source}: '{name}' is not a field of {target}.",
            hint=f"{near_miss(name, fields)}The fields are {', '.join(fields)}{more}.",
        )


def _list(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:40])
    return f"Its columns: {shown}{', …' if len(columns) > 40 else ''}."
