"""What a caller may hand to ``recommend``, checked and turned into the field's words.

A history is given as ids, as events, as free text, or mixed; a string that the catalogue does not
know as an id counts by its text. Nothing here asks a model or a vector store.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias, get_args

from pydantic import TypeAdapter, ValidationError

from llmrec.errors import HistoryError
from llmrec.linear import composed
from llmrec.types import Event, EventKind, Filters, HistoryEntry, Language

__all__ = [
    "MAX_HISTORY",
    "HistoryInput",
    "as_filters",
    "as_history",
    "as_language",
    "check_k",
    "check_lengths",
    "clean_query",
    "condense_history",
    "judged",
    "resolve_history",
]

HistoryInput: TypeAlias = Sequence["str | Event | HistoryEntry | Mapping[str, Any]"]

MAX_HISTORY = 100_000
MAX_QUERY_CHARS = 2_000
_ENTRY = TypeAdapter(HistoryEntry)
_TELLING = {
    EventKind.VIEW: 0,
    EventKind.CART: 1,
    EventKind.PURCHASE: 2,
    EventKind.RATING: 3,
    EventKind.LIKE: 4,
    EventKind.DISLIKE: 5,
}


def check_k(k: int) -> int:
    """Return ``k`` if it can be served.

    Raises:
        HistoryError: ``k`` is not a whole number of at least 1.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise HistoryError(
            f"k must be a whole number of at least 1, not {k!r}.",
            field="k",
            hint="Ask for one recommendation or more; a k above the catalogue's size is fine.",
        )
    return k


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


def as_language(language: str | None) -> Language | None:
    """A language that sentences can be made in, from a tag such as ``de-AT``; none is none.

    Raises:
        HistoryError: it is none of them.
    """
    if language is None:
        return None
    tag = str(language).casefold().replace("_", "-").partition("-")[0]
    known: dict[str, Language] = {one: one for one in get_args(Language)}
    if tag not in known:
        raise HistoryError(
            f"no sentences can be made in the language {language!r}.",
            field="language",
            hint=f"Take one of {', '.join(known)}, or leave it out for each product's own.",
        )
    return known[tag]


def as_filters(filters: Filters | Mapping[str, Any] | None) -> Filters:
    """Accept filters as they are, as a mapping of their fields, or none.

    Raises:
        HistoryError: a field is unknown or its value impossible; the message names it.
    """
    if filters is None:
        return Filters()
    if isinstance(filters, Filters):
        return filters
    try:
        return Filters.model_validate(filters)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "filters"
        raise HistoryError(
            f"{first['msg']}.",
            field=name,
            hint=f"Known filters: {', '.join(Filters.model_fields)}.",
        ) from error


def as_history(history: HistoryInput | None) -> tuple[HistoryEntry, ...]:
    """Turn a caller's history, oldest first, into entries that are not yet looked up.

    A string becomes an entry with ``item`` set; :func:`resolve_history` decides whether it is one.

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
    return tuple(_entry(one, number) for number, one in enumerate(history, start=1))


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
    told: dict[str, HistoryEntry] = {}
    for entry in entries:
        name = f"item {entry.item}" if entry.item else f"text {entry.text}"
        before = told.pop(name, None)
        told[name] = entry if before is None else _more_telling(before, entry)
    return tuple(told.values())


def _more_telling(before: HistoryEntry, entry: HistoryEntry) -> HistoryEntry:
    if before.kind is EventKind.DISLIKE or _TELLING[entry.kind] >= _TELLING[before.kind]:
        return entry
    return before


def _entry(value: str | Event | HistoryEntry | Mapping[str, Any], number: int) -> HistoryEntry:
    if isinstance(value, str):
        value = HistoryEntry(item=_clean(value))
    elif isinstance(value, Event):
        value = HistoryEntry(item=value.item, kind=value.kind, at=value.at, value=value.value)
    elif isinstance(value, Mapping):
        value = _from_mapping(value, number)
    if not isinstance(value, HistoryEntry) or not (value.item or value.text):
        raise HistoryError(
            f"entry {number} is neither an item id, a text, an event nor a mapping: {value!r:.80}.",
            field="history",
            hint='Write "B00123", {"item": "B00123", "kind": "view"} or {"text": "red shoes"}.',
        )
    return value


def _from_mapping(value: Mapping[str, Any], number: int) -> HistoryEntry:
    unknown = sorted(set(value) - {one.name for one in fields(HistoryEntry)})
    if unknown:
        raise HistoryError(f"entry {number}: unknown key '{unknown[0]}'.", field="history")
    try:
        return _ENTRY.validate_python(dict(value))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise HistoryError(
            f"entry {number}: {first['msg']}.",
            field=f"history.{name}" if name else "history",
            hint="An entry has item or text, and may have kind, at and value.",
        ) from error


def _clean(text: str) -> str:
    visible = (" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(composed("".join(visible)).split())
