"""Open what an evaluation is run on: a workspace, a folder, a table, or a public set by name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from llmrec.config import CONFIG_NAME, Workspace
from llmrec.errors import DataError
from llmrec.eval.data.eval_data import EvalData, fingerprint
from llmrec.eval.data.given import split_of
from llmrec.eval.data.given_rows import given_rows
from llmrec.eval.data.interactions import Interactions, Order, Repeats, read_interactions
from llmrec.eval.data.items import ItemTable, read_items
from llmrec.eval.data.leaks import check_split
from llmrec.eval.data.public import prepare_public, public_names, public_set
from llmrec.eval.data.splits import Part, Split, global_time, leave_one_out, time_cuts
from llmrec.types import Event, EventKind, Item

__all__ = ["Protocol", "open_data"]

Protocol: TypeAlias = Literal[
    "auto", "given", "given-time", "given-rows", "leave-one-out", "global-time"
]
"""How the events are split; see :func:`open_data`."""

_ITEM_FILES = ("items.parquet", "items.jsonl", "items.csv", "items.tsv")


def open_data(
    name: str | os.PathLike[str],
    *,
    protocol: Protocol = "auto",
    order: Order = "time",
    repeats: Repeats = "refuse",
    items: Sequence[str | os.PathLike[str]] = (),
    kinds: Collection[EventKind] | None = None,
    valid_from: datetime | None = None,
    test_from: datetime | None = None,
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> EvalData:
    """Open what an evaluation is run on.

    Args:
        name: a workspace; a folder with ``interactions.parquet`` (or .csv) and ``items.parquet``
            (or .jsonl, .csv); such a table alone; or a public set by name (``ml-1m``, …), which is
            downloaded if it is not in the cache. Something of that name on the disk goes first.
        protocol: ``given`` takes the table's ``split`` column; ``given-time`` also holds it to be a
            split by time for all users; ``given-rows`` takes a folder's ``valid.parquet`` and
            ``test.parquet``, whose rows bring their own histories; ``leave-one-out`` and
            ``global-time`` split here. ``auto`` takes what is given, else leaves one out.
        order: see :func:`~llmrec.eval.given_split`.
        repeats: see :func:`~llmrec.eval.given_split`.
        items: item files, or one workspace, for a table that has none beside it.
        kinds: of a workspace's events, use only these; all but dislikes otherwise.
        valid_from: for ``global-time``: the start of the validation window. Without the two cuts
            the last tenth of the events is the test window, the tenth before it for validation.
        test_from: for ``global-time``: the start of the test window.
        say: told what will be downloaded, before it is.
        progress: called with a file's name, the bytes done and in all.

    Raises:
        DataError: there is no such data, it cannot be read or split, or the split leaks; names
            file, row and field where there are any.
        DownloadError: a public set could not be fetched.
    """
    cut = _Cut(protocol, kinds, valid_from, test_from)
    path = Path(name)
    if not path.exists():
        wanted = public_set(os.fspath(name))
        if wanted is None:
            raise DataError(
                f"There is no data called '{name}'.",
                hint="Name a workspace, a data folder, a table, or one of: "
                f"{', '.join(public_names())}.",
            )
        path = prepare_public(wanted, say=say, progress=progress)
        return _from_table(wanted.name, path, cut, order, repeats, items)
    if (path / CONFIG_NAME).is_file():
        return _from_shop(path, cut)
    whole = path.resolve()
    plain = whole.name if path.is_dir() else whole.name.partition(".")[0]
    return _from_table(plain, path, cut, order, repeats, items)


@dataclass(frozen=True)
class _Cut:
    """How to split events that bring no split of their own."""

    protocol: Protocol
    kinds: Collection[EventKind] | None
    valid_from: datetime | None
    test_from: datetime | None

    def split(self, events: Sequence[Event]) -> Split:
        if self.protocol == "global-time":
            first, second = self.valid_from, self.test_from
            if first is None or second is None:
                # Shares of what is used: of views there are many more than of purchases.
                used = [e for e in events if self.kinds is None or e.kind in self.kinds]
                first, second = time_cuts(used)
            return global_time(events, valid_from=first, test_from=second, kinds=self.kinds)
        return leave_one_out(events, kinds=self.kinds)

    def note(self, split: Split) -> str:
        if split.protocol != "global-time":
            return "Each user's last new item is the test target, the one before for validation."
        valid, test = (
            min(target.at for case in split.cases(part) for target in case.targets if target.at)
            for part in _BOTH
        )
        return f"The validation window begins at {valid}, the test window at {test}."


_BOTH: tuple[Part, Part] = ("valid", "test")


def _from_shop(path: Path, cut: _Cut) -> EvalData:
    from llmrec.catalog.store import CatalogStore

    if cut.protocol.startswith("given"):
        raise DataError(
            f"The workspace {path} has no split of its own.",
            hint="Use --protocol leave-one-out or global-time, or name a table with a 'split' "
            "column as the data and the workspace as its --items.",
        )
    workspace = Workspace.open(path)
    with CatalogStore.open(workspace.database_url) as store:
        events = [event for batch in store.iter_events() for event in batch]
        items = [item for batch in store.iter_items() for item in batch]
    # Nobody wants to be shown again what they disliked: such an event is no target.
    wanted = [event for event in events if event.kind is not EventKind.DISLIKE]
    split = cut.split(events if cut.kinds is not None else wanted)
    notes = [cut.note(split)]
    if cut.kinds is None and len(wanted) < len(events):
        notes.append(f"{len(events) - len(wanted):,} dislikes are left out.")
    return _made(workspace.path.name, split, items, "", notes, workspace.path)


def _from_table(
    name: str,
    path: Path,
    cut: _Cut,
    order: Order,
    repeats: Repeats,
    items: Sequence[str | os.PathLike[str]],
) -> EvalData:
    notes: list[str] = []
    if cut.protocol == "given-rows":
        split = given_rows(path, repeats=repeats)
        notes += _row_notes(split, repeats)
        asked = (e for case in (*split.valid, *split.test) for e in (*case.history, *case.targets))
        every = (*split.train, *split.context, *asked)
        return _made(name, split, *_catalogue(path, items, every), notes)
    table = read_interactions(path, order=order, repeats=repeats)
    if table.parts is None or cut.protocol in ("leave-one-out", "global-time"):
        if cut.protocol in ("given", "given-time"):
            split_of(table)  # says that there is no such column
        split = cut.split(table.events)
        notes.append(cut.note(split))
    else:
        by_time = cut.protocol == "given-time" or _says_by_time(path)
        split = split_of(table, repeats, by_time)
        notes += _given_notes(table, split, order, repeats)
    return _made(name, split, *_catalogue(path, items, table.events), notes)


def _catalogue(
    path: Path, items: Sequence[str | os.PathLike[str]], events: Iterable[Event]
) -> tuple[list[Item], str]:
    """The items that belong to a table, and what is to be said of them."""
    if len(items) == 1 and (Path(items[0]) / CONFIG_NAME).is_file():
        from llmrec.catalog.store import CatalogStore

        with CatalogStore.open(Workspace.open(items[0]).database_url) as store:
            return [item for batch in store.iter_items() for item in batch], ""
    folder = path if path.is_dir() else path.parent
    beside = [folder / file for file in _ITEM_FILES if path.is_dir() and (folder / file).is_file()]
    files = list(items) or beside[:1]
    if files:
        return read_items(files)
    seen = dict.fromkeys(event.item for event in events)
    note = "No item file: the catalogue is every item of the table, without texts."
    return [Item(id, id) for id in seen], note


def _says_by_time(path: Path) -> bool:
    """Whether ``split.json`` beside the table calls it a global split."""
    folder = path if path.is_dir() else path.parent
    try:
        about = json.loads((folder / "split.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(about, dict) and str(about.get("protocol", "")).startswith("global")


def _given_notes(table: Interactions, split: Split, order: Order, repeats: Repeats) -> list[str]:
    notes = ["The split came with the data."]
    if split.protocol == "given-time":
        notes.append("It is one by time: nothing of training lies after a validation target.")
    if order == "position":
        notes.append("Positions give the order, not times: training may know other users' future.")
    if repeats == "drop" and table.parts:
        held_out = sum(part in ("valid", "test") for part in table.parts)
        kept = sum(len(case.targets) for part in _BOTH for case in split.cases(part))
        notes.append(
            f"{held_out - kept:,} of {held_out:,} targets were bought before and left out."
        )
    return notes


def _row_notes(split: Split, repeats: Repeats) -> list[str]:
    rows = len(split.valid) + len(split.test)
    notes = [f"Each of {rows:,} rows is a case with its own history; a user may have many."]
    if repeats == "drop":
        notes.append("Rows whose item the user had before are left out.")
    return notes


def _made(
    name: str,
    split: Split,
    items: Iterable[Item],
    note: str,
    notes: list[str],
    shop: Path | None = None,
) -> EvalData:
    check_split(split)
    table = ItemTable.of(items)
    notes = [*notes, *([note] if note else [])]
    for part, word in zip(_BOTH, ("validation", "test"), strict=True):
        targets = [target.item for case in split.cases(part) for target in case.targets]
        strange = sum(item not in table.row for item in targets)
        if strange:
            notes.append(
                f"{strange:,} of {len(targets):,} {word} targets are not in the catalogue; "
                "they count as missed."
            )
    return EvalData(name, split, table, fingerprint(split, table), tuple(notes), shop)
