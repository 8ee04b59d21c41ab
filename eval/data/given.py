"""Splits that come with the data: a table of interactions with a ``split`` column."""

from __future__ import annotations

import os

from llmrec.catalog.moments import by_moment
from llmrec.errors import DataError
from llmrec.eval.data.interactions import PARTS, Interactions, Order, Repeats, read_interactions
from llmrec.eval.data.leaks import find_leak
from llmrec.eval.data.splits import Case, Split, new_targets
from llmrec.types import Event

__all__ = ["given_split", "split_of"]


def given_split(
    path: str | os.PathLike[str],
    *,
    repeats: Repeats = "refuse",
    order: Order = "time",
    by_time: bool = False,
) -> Split:
    """Read a split from ``path``: a Parquet or CSV file, or a folder with ``interactions.parquet``.

    The columns are those of :mod:`llmrec.eval.data.interactions`, and ``split``: ``train``,
    ``valid``, ``test``, or ``history`` for events that are shown but never trained on. A user's
    rows of one part are the targets of one case. Validation sees the user's training and history
    rows, test also the validation rows.

    Args:
        path: where it is.
        repeats: what to do with targets that the user had before: refuse the split, or drop them
            (a shop where people buy again).
        order: what says which event came first: the times, where there are any, or ``position``
            alone, for published splits that contradict their own times (the events then carry no
            times; such a split may know the future, and figures on it compare only with others).
        by_time: the split claims to be one by time, so nothing of training may lie after the first
            validation target of anybody, and nothing of validation after the first test target.

    Raises:
        DataError: the file cannot be read, a value is missing or unknown, or the split leaks; the
            message names the 1-based row.
    """
    return split_of(read_interactions(path, order=order, repeats=repeats), repeats, by_time)


def split_of(table: Interactions, repeats: Repeats = "refuse", by_time: bool = False) -> Split:
    """The split that a table's ``split`` column says; see :func:`given_split`.

    Raises:
        DataError: there is no such column, or the split leaks; names the row.
    """
    if table.parts is None:
        raise DataError(
            "the column is missing.",
            file=table.file,
            field="split",
            hint="Add it, or let it be split here: --protocol leave-one-out.",
        )
    split = _build(table.events, table.parts, drop=repeats == "drop", by_time=by_time)
    leak = find_leak(split)
    if leak:
        raise DataError(
            leak.message,
            file=table.file,
            row=table.row_of(leak.event),
            field=leak.field,
            hint=leak.hint,
        )
    return split


def _build(
    events: tuple[Event, ...], parts: tuple[str, ...], *, drop: bool, by_time: bool
) -> Split:
    by_user: dict[str, dict[str, list[Event]]] = {}
    chosen: dict[str, list[Event]] = {part: [] for part in PARTS}
    for event, part in zip(events, parts, strict=True):
        by_user.setdefault(event.user, {}).setdefault(part, []).append(event)
        chosen[part].append(event)
    valid: list[Case] = []
    test: list[Case] = []
    for user, rows in by_user.items():
        past = by_moment([*rows.get("train", []), *rows.get("history", [])])
        later = by_moment(rows.get("valid", []))
        for cases, history, wanted in (
            (valid, past, later),
            (test, past + later, by_moment(rows.get("test", []))),
        ):
            targets = new_targets(history, wanted) if drop else tuple(wanted)
            if targets:
                cases.append(Case(user, tuple(history), targets))
    train, context = tuple(chosen["train"]), tuple(chosen["history"])
    protocol = "given-time" if by_time else "given"
    return Split(protocol, train, tuple(valid), tuple(test), context)
