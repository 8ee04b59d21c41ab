"""A second workspace beside the shop's, which does not know what validation asks.

Its log ends before each user's last new item. Text vectors are the shop's own, since they know
nothing of events.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace, disk_errors
from llmrec.finetune.behaviour.prepare import Observer
from llmrec.finetune.fusion.encoder import teach
from llmrec.finetune.fusion.held_out import Validation
from llmrec.retrieval.behaviour import forget_behaviour
from llmrec.retrieval.cache import cache_key

__all__ = ["close_held_out", "open_held_out"]

_PART = "fusion"


def open_held_out(
    workspace: Workspace,
    asked: Validation,
    *,
    tell: Callable[[str], None] | None = None,
    progress: Observer | None = None,
) -> Workspace:
    """Make, or find, the second workspace; a stopped training goes on where it was.

    Raises:
        DiskFull: no space left.
        DataError: there is not enough to train the encoder on.
        OutOfMemory: the encoder does not fit.
    """
    home = workspace.cache_dir / "train-fusion"
    folder = home / cache_key(asked.state)
    for old in home.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
            shutil.rmtree(replace(workspace, part=_PART).models_dir, ignore_errors=True)
    database = folder / "catalog.db"
    if not database.is_file():
        _write(workspace, database, asked)
    settings = workspace.settings.model_copy(update={"database": f"sqlite:///{database}"})
    shop = Workspace(workspace.path, settings, _PART)
    teach(workspace, shop, asked, folder, tell, progress)
    return shop


def close_held_out(workspace: Workspace) -> None:
    """Remove the second workspace of ``workspace`` with everything in it."""
    shop = replace(workspace, part=_PART)
    forget_behaviour(shop)
    shutil.rmtree(shop.models_dir, ignore_errors=True)
    shutil.rmtree(workspace.cache_dir / "train-fusion", ignore_errors=True)


def _write(workspace: Workspace, database: Path, asked: Validation) -> None:
    partial = database.with_name("partial.db")
    with disk_errors(database):
        shutil.rmtree(database.parent, ignore_errors=True)
        database.parent.mkdir(parents=True)
    with (
        CatalogStore.open(workspace.database_url) as all_of_it,
        CatalogStore.open(f"sqlite:///{partial}") as store,
    ):
        store.write_items(one for batch in all_of_it.iter_items() for one in batch)
        store.write_events(asked.train)
    with disk_errors(database):
        partial.replace(database)
