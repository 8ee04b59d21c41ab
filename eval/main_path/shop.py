"""A workspace for evaluating the main path: it knows what was known before the cases, no more.

Popularity and co-occurrence are counted from a workspace's event log, so the shop's own log would
tell them the answers. Here the log holds :meth:`~llmrec.eval.Split.known`: training events, and for
the test part what validation asked for.

::

    FOLDER/                   a workspace: its llmrec.toml, if the user wrote one, counts
    ├── evaluation.json       whose data it holds, and for which parts
    ├── catalog-valid.db      items and events, one database per part
    ├── catalog-test.db
    ├── models-valid/         what was learned for each part, if anything; nothing is borrowed
    ├── models-test/          from a shop, whose encoder has learned the answers
    ├── chroma/               vectors of the items, for both; the encoders' for each
    └── cache/evaluation.db   candidates and label scores
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmrec.catalog.locks import write_lock
from llmrec.catalog.store import CatalogStore
from llmrec.config import Settings, Workspace, cache_dir, disk_errors
from llmrec.embedding import load_encoder
from llmrec.errors import IndexMismatch, WorkspaceError
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.splits import Part
from llmrec.retrieval import build_index

__all__ = ["evaluation_shop"]

_MARK = "evaluation.json"


def evaluation_shop(
    data: EvalData,
    part: Part,
    *,
    folder: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Workspace:
    """Make, or find, the workspace that answers ``part`` of ``data``.

    Settings come from the shop that the data came from, else from ``folder``; its database and
    vectors are always its own. A second call finds everything there.

    Args:
        data: whose items and events.
        part: what will be asked.
        folder: where; below the cache by default.
        overrides: settings that go over file and environment.
        progress: told the number of items indexed and of all.

    Raises:
        WorkspaceError: the folder is a shop's own workspace, or holds other data.
        LockedError: another command is writing to it.
        WeightsMissing: the encoder's weights are not on this machine.
    """
    settings = _settings(data, folder, overrides)
    slug = re.sub(r"[^a-z0-9]+", "-", settings.models.encoder.lower()).strip("-")
    root = folder or cache_dir() / "eval" / f"{data.sha256[:12]}-{slug}"
    shop = Workspace.init(root)
    database = shop.path / f"catalog-{part}.db"
    changed = settings.model_copy(
        update={
            "database": f"sqlite:///{database}",
            "chroma": settings.chroma.model_copy(update={"url": None}),
        }
    )
    shop = Workspace(shop.path, changed, part)
    with write_lock(shop):
        _claim(shop.path, data)
        if not database.is_file():
            _write_catalog(database, data, part)
        _borrow_vectors(data, shop)
        _index(shop, progress)
    return shop


def _settings(data: EvalData, folder: Path | None, overrides: Mapping[str, Any] | None) -> Settings:
    if data.shop is not None:
        return Workspace.open(data.shop, overrides=overrides).settings
    if folder is not None:
        return Workspace.open(Workspace.init(folder).path, overrides=overrides).settings
    return Settings(**dict(overrides or {}))


def _claim(path: Path, data: EvalData) -> None:
    """Say whose data this folder holds; refuse it if it holds anybody else's."""
    mark = path / _MARK
    if mark.is_file():
        claimed = json.loads(mark.read_text(encoding="utf-8"))
        if claimed["sha256"] != data.sha256:
            raise WorkspaceError(
                f"{path} was made for evaluating '{claimed['name']}' ({claimed['sha256'][:12]}), "
                f"not this data ({data.sha256[:12]}).",
                hint="Name another --workspace, or delete that one.",
            )
        return
    if (path / "catalog.db").exists():
        raise WorkspaceError(
            f"{path} is a shop's own workspace; its log may hold the answers.",
            hint="Name a new folder for the evaluation, or none.",
        )
    with disk_errors(mark):
        text = json.dumps({"name": data.name, "sha256": data.sha256}) + "\n"
        partial = mark.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(mark)


def _write_catalog(database: Path, data: EvalData, part: Part) -> None:
    partial = database.with_name(f".{database.name}.partial")
    for left in database.parent.glob(f"{partial.name}*"):
        left.unlink()
    with CatalogStore.open(f"sqlite:///{partial}") as store:
        store.write_items(data.items.items)
        store.write_events(data.split.known(part))
    with disk_errors(database):
        partial.replace(database)


def _borrow_vectors(data: EvalData, shop: Workspace) -> None:
    """Copy the vectors of the shop the data came from: encoding the same items takes long."""
    if data.shop is None or shop.chroma_dir.exists():
        return
    home = Workspace.open(data.shop)
    if home.settings.chroma.url is None and home.chroma_dir.is_dir():
        with write_lock(home), disk_errors(shop.chroma_dir):
            partial = shop.path / ".chroma.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(home.chroma_dir, partial)
            partial.replace(shop.chroma_dir)


def _index(shop: Workspace, progress: Callable[[int, int], None] | None) -> None:
    encoder = load_encoder(shop.settings.models.encoder)
    with CatalogStore.open(shop.database_url) as store:
        try:
            build_index(shop, store, encoder, progress)
        except IndexMismatch:
            build_index(shop, store, encoder, progress, rebuild=True)
