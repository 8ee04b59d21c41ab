"""The catalogue of an evaluation: its items, and what baselines and slices read of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from llmrec.catalog.item_text import item_text
from llmrec.types import Item

__all__ = ["ItemTable", "read_items"]


@dataclass(frozen=True)
class ItemTable:
    """All items that may be recommended, ordered by id, as columns of equal length.

    >>> table = ItemTable.of([Item("b", "Kettle", category=("Home", "Tea")), Item("a", "Mug")])
    >>> table.ids, table.categories[1], table.row["b"]
    (('a', 'b'), ('Home', 'Tea'), 1)
    """

    items: tuple[Item, ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> ItemTable:
        """The table of ``items``, in whatever order they come."""
        return cls(tuple(sorted(items, key=lambda item: item.id)))

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Item ids, ascending."""
        return tuple(item.id for item in self.items)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Titles."""
        return tuple(item.title for item in self.items)

    @cached_property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """Category paths, general to specific; empty where there is none."""
        return tuple(item.category for item in self.items)

    @cached_property
    def text(self) -> tuple[str, ...]:
        """The text that retrieval embeds: title, brand, category, attributes, description."""
        return tuple(item_text(item) for item in self.items)

    @cached_property
    def row(self) -> dict[str, int]:
        """Row of each id."""
        return {id: row for row, id in enumerate(self.ids)}


def read_items(files: Sequence[str | os.PathLike[str]]) -> tuple[list[Item], str]:
    """The items of files in any shape that ``llmrec ingest items`` reads, and what was rejected.

    They go through the very same code, so that an evaluation sees the items that a shop would.

    Returns:
        The items, and a sentence on rejected rows (empty if there were none).

    Raises:
        DataError: a file cannot be read.
    """
    from llmrec.catalog.store import CatalogStore
    from llmrec.config import Workspace
    from llmrec.ingest import ingest_items

    with tempfile.TemporaryDirectory(prefix="llmrec-items-") as folder:
        workspace = Workspace.init(Path(folder) / "shop")
        local = Workspace(workspace.path, workspace.settings.model_copy(update={"database": None}))
        report = ingest_items(local, files)
        with CatalogStore.open(local.database_url) as store:
            items = [item for batch in store.iter_items() for item in batch]
    bad = [
        f"{sheet.rejected:,} rows of {sheet.file} were no items ({', '.join(sheet.reasons)})"
        for sheet in report.files
        if sheet.rejected
    ]
    return items, "; ".join(bad)
