"""What a caller may hand to ``recommend``, checked and turned into the field's words.

A history is given as ids, as events, as free text, or mixed; a string that the catalogue does not
know as an id counts by its text. Nothing here asks a model or a vector store.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from numbers import Real
from typing import Any, TypeAlias, TypedDict, get_args

from pydantic import TypeAdapter, ValidationError
from typing_extensions import Unpack

from llmrec.catalog.ids import is_plain, one_form
from llmrec.catalog.names import user_name
from llmrec.catalog.times import check_time
from llmrec.errors import DataError, HistoryError
from llmrec.linear import composed
from llmrec.types import Event, EventKind, Filters, HistoryEntry, Language, Sort, shown

__all__ = [
    "MAX_HISTORY",
    "HistoryInput",
    "ListOptions",
    "ListWishes",
    "as_filters",
    "as_history",
    "as_language",
    "as_options",
    "as_sort",
    "as_user",
    "check_k",
    "check_lengths",
    "check_whole",
    "clean_query",
    "clean_subject",
    "condense_history",
    "judged",
    "resolve_history",
]

HistoryInput: TypeAlias = Sequence["str | Event | HistoryEntry | Mapping[str, Any]"]

MAX_HISTORY = 100_000
MAX_QUERY_CHARS = 2_000
_NO_TEXT = ("Cc", "Cs")  # controls, and halves of characters that no encoder can read
_ENTRY = TypeAdapter(HistoryEntry)
_TELLING = {
    EventKind.VIEW: 0,
    EventKind.CART: 1,
    EventKind.PURCHASE: 2,
    EventKind.RATING: 3,
    EventKind.LIKE: 4,
    EventKind.DISLIKE: 5,
}
_ENTRY_HINT = "An entry has item or text, and may have kind, at (1990 to now) and value."
_KINDS = tuple(kind.value for kind in EventKind)
_MOST_SEED = 2**62
"""Seeds are counted up from it, and engines keep them in 64 bits."""


class ListWishes(TypedDict, total=False):
    """What may be wanted of a list beside its length and its limits; all of it can be left out.

    Attributes:
        describe: for how many of the first recommendations a description is written; default 0.
        explain: whether a reason is written for each, as by default. The scores by source are in
            ``scores`` of each recommendation in any case.
        seed: of the writing; default from the settings.
        language: of reasons and descriptions, ``en``, ``de`` or ``zh``; by default that of each
            product.
        shown: whether the user is going to see the list, as by default; if not, no experiment
            counts it.
        subject: everything must be about one of these, in words: near to what fits it best in the
            whole catalogue. Fewer than ``k`` come back where fewer are.
        sort: ``cheapest``, ``dearest``, ``best_rated`` or ``newest`` first, by the catalogue and
            the log alone: no model ranks, and no experiment counts the list. With a query only
            what is called so comes. By default what fits best comes first.
        recipient: whom it is for, in words ("my sister"), where it is somebody else than the user:
            a reason may say so, and with a query nothing comes that is made for others.
        thing: the kind of thing within the query ("tent" of "a light tent for two"), where it is
            known: what answers the query is then measured by it alone.
        cut: whether, with a query, only what answers it comes, and a few that are near where
            nothing does, however few; by default ``fit`` of each recommendation says which do.
    """

    describe: int
    explain: bool
    seed: int | None
    language: str | None
    shown: bool
    subject: Sequence[str]
    sort: str | None
    recipient: str | None
    thing: str | None
    cut: bool


@dataclass(frozen=True)
class ListOptions:
    """What is wanted of every list of a batch, checked; see :class:`ListWishes`."""

    k: int
    filters: Filters
    describe: int
    explain: bool
    seed: int
    language: Language | None
    shown: bool
    subject: tuple[str, ...]
    sort: Sort | None
    recipient: str | None
    thing: str | None = None
    cut: bool = False


def as_options(
    k: int,
    filters: Filters | Mapping[str, Any] | None,
    default_seed: int,
    **wishes: Unpack[ListWishes],
) -> ListOptions:
    """Check what a caller wants of the lists.

    Raises:
        HistoryError: something of it cannot be served; names it.
        TypeError: there is no such option.
    """
    for name in wishes.keys() - ListWishes.__annotations__.keys():
        raise TypeError(f"recommend() has no option '{name}'")
    describe, explain = wishes.get("describe", 0), wishes.get("explain", True)
    check_whole("describe", describe, sys.maxsize)
    seed = wishes.get("seed")
    if seed is not None:
        check_whole("seed", seed, _MOST_SEED)
    return ListOptions(
        k=check_k(k),
        filters=as_filters(filters),
        describe=describe,
        explain=explain,
        seed=default_seed if seed is None else seed,
        language=as_language(wishes.get("language")),
        shown=wishes.get("shown", True),
        subject=clean_subject(wishes.get("subject", ())),
        sort=as_sort(wishes.get("sort")),
        recipient=clean_query(wishes.get("recipient")),
        thing=clean_query(wishes.get("thing")),
        cut=wishes.get("cut", False),
    )


def check_k(k: int) -> int:
    """Return ``k`` if it can be served.

    Raises:
        HistoryError: ``k`` is not a whole number of at least 1.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= sys.maxsize:
        raise HistoryError(
            f"k must be a whole number of at least 1, not {shown(k)}.",
            field="k",
            hint="Ask for one recommendation or more; a k above the catalogue's size is fine.",
        )
    return k


def check_whole(name: str, value: int, most: int) -> int:
    """Return a count, or a seed, if it can be served.

    Raises:
        HistoryError: it is not a whole number from 0 to ``most``; names it.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise HistoryError(
            f"{name} must be a whole number from 0 to {most}, not {shown(value)}.",
            field=name,
            hint="Leave it out, or give one.",
        )
    return value


def check_lengths(histories: int, **given: Sequence[str | None] | None) -> None:
    """Refuse a batch whose parts do not belong together.

    Raises:
        HistoryError: something is given that is not as long as the histories; names it.
    """
    for name, values in given.items():
        if values is not None and len(values) != histories:
            raise HistoryError(
                f"{len(values)} {name} for {histories} histories.",
                field=name,
                hint="Give one for each history, or leave them out.",
            )


def clean_query(query: str | None) -> str | None:
    """Fold white space and drop control characters; an empty query is no query.

    Raises:
        HistoryError: the query is not text, or longer than 2,000 characters.
    """
    if query is None:
        return None
    if not isinstance(query, str):
        raise HistoryError(f"the query must be text, not {type(query).__name__}.", field="query")
    text = _clean(query)
    if len(text) > MAX_QUERY_CHARS:
        raise HistoryError(
            f"the query has {len(text):,} characters; {MAX_QUERY_CHARS:,} are the limit.",
            field="query",
            hint="Say it shorter.",
        )
    return text or None


def clean_subject(subject: Sequence[str]) -> tuple[str, ...]:
    """What everything must be about, each in clean words.

    Raises:
        HistoryError: it is not a list of texts.
    """
    if isinstance(subject, (str, bytes)) or not isinstance(subject, Sequence):
        raise HistoryError(
            f"the subject must be a list of texts, not {type(subject).__name__}.",
            field="subject",
            hint='Write ["teapots", "kettles"].',
        )
    for words in subject:
        if not isinstance(words, str):
            raise HistoryError(
                f"{shown(words)} is no text.", field="subject", hint="Give words, as ['teapots']."
            )
    return tuple(filter(None, map(_clean, subject)))


def as_language(language: str | None) -> Language | None:
    """A language that sentences can be made in, from a tag such as ``de-AT``; none is none.

    Raises:
        HistoryError: it is none of them.
    """
    if language is None:
        return None
    tag = language if isinstance(language, str) else ""
    tag = tag[:80].casefold().replace("_", "-").partition("-")[0]
    known: dict[str, Language] = {name: name for name in get_args(Language)}
    if tag not in known:
        raise HistoryError(
            f"no sentences can be made in the language {shown(language)}.",
            field="language",
            hint=f"Take one of {', '.join(known)}, or leave it out for each product's own.",
        )
    return known[tag]


def as_sort(sort: str | None) -> Sort | None:
    """What is to come first; none is what fits best.

    Raises:
        HistoryError: nothing is sorted by it.
    """
    if sort is None:
        return None
    known: dict[str, Sort] = {name: name for name in get_args(Sort)}
    if not isinstance(sort, str) or sort not in known:
        raise HistoryError(
            f"nothing is sorted by {shown(sort)}.",
            field="sort",
            hint=f"Take one of {', '.join(known)}, or leave it out for what fits best.",
        )
    return known[sort]


def as_user(user: str | None) -> str | None:
    """A shopper's name; none for an empty one.

    Raises:
        HistoryError: what a program writes where it knows no name (``undefined``), or no text.
    """
    if not user:
        return None
    if not isinstance(user, str):
        raise HistoryError(
            f"the user must be text, not {type(user).__name__}.",
            field="user",
            hint="Write numbers as text: '42'.",
        )
    try:
        return user_name(user)
    except DataError as error:
        raise HistoryError(error.reason, field="user", hint=error.hint) from None


def as_filters(filters: Filters | Mapping[str, Any] | None) -> Filters:
    """Accept filters as they are, as a mapping of their fields, or none.

    Raises:
        HistoryError: a field is unknown or its value impossible; the message names it.
    """
    if filters is None:
        return Filters()
    if isinstance(filters, Filters):
        return filters
    if not isinstance(filters, Mapping):
        raise HistoryError(
            f"the filters must be a mapping, not {type(filters).__name__}.",
            field="filters",
            hint=f"Known filters: {', '.join(Filters.model_fields)}.",
        )
    return Filters(**{str(name): value for name, value in filters.items()})


def as_history(history: HistoryInput | None) -> tuple[HistoryEntry, ...]:
    """Turn a caller's history, oldest first, into entries that are not yet looked up.

    A string becomes an entry with ``item`` set; :func:`resolve_history` decides whether it is one.
    What was done with it is not stated, as in a mapping without ``kind``.

    Raises:
        HistoryError: an entry is of no known form; the message says which one (counted from 1).
    """
    if history is None:
        return ()
    if isinstance(history, (str, bytes, Mapping)) or not isinstance(history, Sequence):
        raise HistoryError(
            f"the history must be a list, not {type(history).__name__}.",
            field="history",
            hint="Give item ids, events or texts in a list, oldest first.",
        )
    if len(history) > MAX_HISTORY:
        raise HistoryError(
            f"the history has {len(history):,} entries; {MAX_HISTORY:,} are the limit.",
            field="history",
            hint="Send the most recent ones.",
        )
    return tuple(_entry(value, number) for number, value in enumerate(history, start=1))


def judged(
    entries: Sequence[HistoryEntry], disliked_below: float | None
) -> tuple[HistoryEntry, ...]:
    """The same entries, with ratings lower than that as dislikes."""
    return tuple(
        replace(entry, kind=entry.kind.judged(entry.value, disliked_below)) for entry in entries
    )


def resolve_history(
    entries: Sequence[HistoryEntry], known: Collection[str]
) -> tuple[HistoryEntry, ...]:
    """Keep what the catalogue knows as items; the rest counts by its text."""
    return tuple(
        entry
        if entry.item is None or entry.item in known
        else replace(entry, item=None, text=entry.text or entry.item)
        for entry in entries
    )


def condense_history(entries: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """Name each thing once, at its latest place, with the most telling thing done to it.

    A log says that a tent was viewed, put in the cart, bought and rated; a prompt has room to say
    that it was rated. A dislike tells most, unless something else came after it.
    """
    latest: dict[str, HistoryEntry] = {}
    for entry in entries:
        name = f"item {entry.item}" if entry.item else f"text {entry.text}"
        before = latest.pop(name, None)
        latest[name] = entry if before is None else _more_telling(before, entry)
    return tuple(latest.values())


def _more_telling(before: HistoryEntry, entry: HistoryEntry) -> HistoryEntry:
    if before.kind is EventKind.DISLIKE or _telling(entry) >= _telling(before):
        return entry
    return before


def _telling(entry: HistoryEntry) -> int:
    return _TELLING[entry.kind] if entry.stated else -1


def _entry(value: str | Event | HistoryEntry | Mapping[str, Any], number: int) -> HistoryEntry:
    if isinstance(value, str):
        value = HistoryEntry(item=_clean(value), stated=False)
    elif isinstance(value, Event):
        value = HistoryEntry(item=value.item, kind=value.kind, at=value.at, value=value.value)
    elif isinstance(value, Mapping):
        value = _from_mapping(value, number)
    if not isinstance(value, HistoryEntry) or not (value.item or value.text):
        raise HistoryError(
            f"entry {number} is neither an item id, a text, an event nor a mapping: "
            f"{shown(value)}.",
            field="history",
            hint='Write "B00123", {"item": "B00123", "kind": "view"} or {"text": "red shoes"}.',
        )
    return _checked(value, number)


def _checked(entry: HistoryEntry, number: int) -> HistoryEntry:
    """The entry with its id in its one form and its time in UTC; most are as they should be."""
    changes: dict[str, Any] = {}
    for name in ("item", "text"):
        text = getattr(entry, name)
        if not isinstance(text, str | None):
            raise _bad_entry(number, name, text, "is not text")
    if entry.item and not is_plain(entry.item):
        changes["item"] = one_form(entry.item)
        if not changes["item"] and not entry.text:
            raise _bad_entry(number, "item", entry.item, "is only white space")
    if not isinstance(entry.kind, str) or entry.kind not in _TELLING:
        raise _bad_entry(number, "kind", entry.kind, f"is none of {', '.join(_KINDS)}")
    if entry.value is not None:
        changes |= _value(entry.value, number)
    at = entry.at
    if at is not None:
        if not isinstance(at, datetime):
            raise _bad_entry(number, "at", at, "is not a time")
        if at.tzinfo is None:  # as in files: a time without a zone is UTC
            changes["at"] = at.replace(tzinfo=timezone.utc)
    return replace(entry, **changes) if changes else entry


def _value(value: float, number: int) -> dict[str, float | None]:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise _bad_entry(number, "value", value, "is not a number")
    if value != value:  # what a table of numbers has in its empty cells
        return {"value": None}
    if abs(value) > sys.float_info.max:
        raise _bad_entry(number, "value", value, "is not a finite number")
    return {}


def _bad_entry(number: int, name: str, value: object, what: str) -> HistoryError:
    return HistoryError(
        f"entry {number}: {shown(value)} {what}.",
        field=f"history.{name}",
        hint=_ENTRY_HINT,
    )


def _from_mapping(value: Mapping[str, Any], number: int) -> HistoryEntry:
    names = {field.name for field in fields(HistoryEntry) if field.compare}
    unknown = sorted(str(name) for name in set(value) - names)
    if unknown:
        raise HistoryError(
            f"entry {number}: unknown key '{unknown[0]:.80}'.",
            field="history",
            hint=_ENTRY_HINT,
        )
    try:
        cells = {name: None if _is_empty_cell(cell) else cell for name, cell in value.items()}
        stated = cells.get("kind") is not None
        given = {name: cell for name, cell in cells.items() if name != "kind" or stated}
        entry = replace(_ENTRY.validate_python(given), stated=stated)
    except RecursionError:  # a list within a list, and so on, has no words
        raise HistoryError(
            f"entry {number} cannot be read: it has no end.", field="history", hint=_ENTRY_HINT
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise HistoryError(
            f"entry {number}: {shown(first['input'])}: {first['msg']}.",
            field=f"history.{name}" if name else "history",
            hint=_ENTRY_HINT,
        ) from error
    at = entry.at
    if at is None:
        return entry
    try:
        return replace(entry, at=check_time(at if at.tzinfo else at.replace(tzinfo=timezone.utc)))
    except DataError as error:
        what = f"cannot be: {error.reason}"
        raise _bad_entry(number, "at", value["at"], what) from None


def _is_empty_cell(cell: object) -> bool:
    # NaN or NaT, which compare unequal to themselves.
    return isinstance(cell, float | datetime) and cell != cell


def _clean(text: str) -> str:
    visible = (" " if unicodedata.category(char) in _NO_TEXT else char for char in text)
    return " ".join(composed("".join(visible)).split())
