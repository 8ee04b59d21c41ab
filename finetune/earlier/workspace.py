"""A second workspace beside the shop's, which does not know what is asked for.

::

    cache/train-PART-earlier/KEY/    catalog.db: the items, and the log without what is asked for
    models-PART/                     an encoder trained on that log, and the fusion, if they serve
    chroma/                          the shop's own text vectors, since they know nothing of events
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace, disk_errors
from llmrec.finetune.behaviour.prepare import Observer
from llmrec.finetune.behaviour.shop import ShopData
from llmrec.finetune.earlier.encoder import copied, encoder_wanted, teach
from llmrec.finetune.seen import log_key
from llmrec.retrieval.behaviour import forget_behaviour
from llmrec.retrieval.cache import cache_key
from llmrec.types import Event

__all__ = ["close_earlier", "open_earlier"]

_FUSION = "fusion"


def open_earlier(
    workspace: Workspace,
    part: str,
    data: ShopData,
    known: Sequence[Event],
    *,
    fusion: bool = False,
    older: bool = False,
    tell: Callable[[str], None] | None = None,
    progress: Observer | None = None,
) -> Workspace:
    """Make, or find, the second workspace.

    Killed at any moment, the next call goes on: also in the middle of the encoder's training.

    Args:
        workspace: the shop.
        part: a name of its own for each use.
        data: of the shop.
        known: the log without what is asked for.
        fusion: whether the learned fusion that serves in the shop serves there too.
        older: whether an encoder of the past may retrieve; see :func:`.encoder_wanted`.
        tell: told in words what is being done.
        progress: told of each step and epoch of the encoder's training, if one must be trained.

    Raises:
        DiskFull: no space left.
        DataError: there is not enough to train the encoder on.
        OutOfMemory: the encoder does not fit.
    """
    home, models = _home(workspace, part), replace(workspace, part=part).models_dir
    folder = home / cache_key(data.state, log_key(known))
    for old in home.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
            shutil.rmtree(models, ignore_errors=True)
    database = folder / "catalog.db"
    if not database.is_file():
        _write(workspace, database, known)
    settings = workspace.settings.model_copy(update={"database": f"sqlite:///{database}"})
    shop = Workspace(workspace.path, settings, part)
    wanted = encoder_wanted(workspace, known, data.catalogue, older=older)
    teach(shop, wanted, known, data.catalogue, folder, tell, progress)
    if fusion:
        _carry_fusion(workspace, shop)
    return shop


def close_earlier(workspace: Workspace, part: str) -> None:
    """Remove the second workspace ``part`` of ``workspace`` with everything in it."""
    shop = replace(workspace, part=part)
    forget_behaviour(shop)
    shutil.rmtree(shop.models_dir, ignore_errors=True)
    shutil.rmtree(_home(workspace, part), ignore_errors=True)


def _home(workspace: Workspace, part: str) -> Path:
    return workspace.cache_dir / f"train-{part}-earlier"


def _write(workspace: Workspace, database: Path, known: Iterable[Event]) -> None:
    partial = database.with_name("partial.db")
    with disk_errors(database):
        shutil.rmtree(database.parent, ignore_errors=True)
        database.parent.mkdir(parents=True)
    with (
        CatalogStore.open(workspace.database_url) as all_of_it,
        CatalogStore.open(f"sqlite:///{partial}") as store,
    ):
        store.write_items(item for batch in all_of_it.iter_items() for item in batch)
        store.write_events(known)
    with disk_errors(database):
        partial.replace(database)


def _carry_fusion(workspace: Workspace, shop: Workspace) -> None:
    """Let serve in ``shop`` the fusion that serves in ``workspace``, or none."""
    theirs = Artifacts(shop.models_dir)
    serving, there = Artifacts(workspace.models_dir).current(_FUSION), theirs.current(_FUSION)
    if serving is None:
        shutil.rmtree(shop.models_dir / _FUSION, ignore_errors=True)
    elif there is None or there.card != serving.card:
        theirs.promote(_FUSION, copied(theirs, serving).version)
