"""The demo store with the hashing encoder and the scripted engine: real parts, no weights."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmrec import Recommender, Workspace
from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS, ToolResult
from llmrec.catalog.store import CatalogStore
from llmrec.demo import documents_files, events_file, items_files
from llmrec.documents import index_documents
from llmrec.embedding import HashingEncoder
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index
from llmrec.types import Item

SETTINGS = """\
version = 1

[models]
encoder = "hashing"
engine = "scripted"

[retrieval]
cut = false

[ranking]
llm_weight = 0.2
"""
"""Nothing is cut: how near hashed words are says nothing of what answers a request."""


def make_demo_store(folder: Path) -> Workspace:
    """A workspace whose own settings name parts that need no weights."""
    Workspace.init(folder)
    (folder / "llmrec.toml").write_text(SETTINGS, encoding="utf-8")
    workspace = Workspace.open(folder)
    ingest_items(workspace, items_files())
    ingest_events(workspace, [events_file()])
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, HashingEncoder())
    (folder / "documents").mkdir()
    for file in documents_files():
        shutil.copy(file, folder / "documents")
    index_documents(workspace, HashingEncoder())
    return workspace


def make_store(folder: Path, items: Sequence[Item]) -> Workspace:
    """A workspace of a few products, with the same parts."""
    Workspace.init(folder)
    (folder / "llmrec.toml").write_text(SETTINGS, encoding="utf-8")
    workspace = Workspace.open(folder)
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(items)
        build_index(workspace, store, HashingEncoder())
    return workspace


def open_shop(workspace: Workspace) -> Recommender:
    return Recommender.open(workspace)


def call(shop: Recommender, name: str, shopper: Shopper | None = None, **args: Any) -> ToolResult:
    """What a tool answers, asked by a stranger unless a shopper is given."""
    return TOOLS[name].call(shop, shopper or Shopper(), args)


def ids(result: ToolResult) -> list[str]:
    return [item.id for item in result.products]
