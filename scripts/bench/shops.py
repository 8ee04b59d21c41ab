"""Workspaces for benchmarks: the training events of a data set indexed, its targets held out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from llmrec import Recommender, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.demo import events_file, items_files
from llmrec.embedding import load_encoder
from llmrec.eval.data.given import given_split
from llmrec.eval.data.splits import Case, Split, leave_one_out
from llmrec.ingest import ingest_events, ingest_items
from llmrec.ranking import RankRequest
from llmrec.requests import as_history
from llmrec.retrieval import RetrievalRequest, build_index
from llmrec.types import Filters

__all__ = ["DEMO", "Asked", "asked_requests", "prepare_shop"]

DEMO = "demo"
"""Names the shop that ships with the package, instead of a data folder."""


@dataclass(frozen=True)
class Asked:
    """A request whose target is among its candidates, which stand in the retriever's order.

    ``seen`` counts the cases looked at so far, those without a retrieved target included.
    """

    user: str
    request: RankRequest
    target: str
    seen: int = 1


def prepare_shop(
    source: str | Path, folder: Path, order: Literal["time", "position"] = "time"
) -> tuple[Workspace, Split]:
    """A workspace in ``folder`` that knows the training events of ``source``, and the split.

    Args:
        source: a folder with items.parquet and interactions.parquet, or :data:`DEMO`.
        folder: to make.
        order: what orders a user's events; see :func:`llmrec.eval.data.given.given_split`.
    """
    workspace = Workspace.init(folder)
    if str(source) == DEMO:
        split = _demo_split()
        ingest_items(workspace, items_files())
    else:
        split = given_split(Path(source), order=order, repeats="drop")
        ingest_items(workspace, [Path(source) / "items.parquet"])
    with CatalogStore.open(workspace.database_url) as store:
        store.write_events(split.train)
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    return workspace, split


def asked_requests(
    shop: Recommender, cases: tuple[Case, ...], candidates: int, seed: int = 0
) -> Iterator[Asked]:
    """Requests of ``cases`` in a seeded order, those alone whose target was retrieved."""
    order = np.random.default_rng(seed).permutation(len(cases))
    for seen, index in enumerate(order, 1):
        case = cases[index]
        history = as_history(case.history_ids)
        question = RetrievalRequest(history, None, Filters())
        retrieved = shop.retriever.retrieve(question, candidates).candidates
        hits = case.target_ids & {candidate.item for candidate in retrieved}
        if not hits:
            continue
        wanted = {entry.item for entry in history if entry.item} | {
            candidate.item for candidate in retrieved
        }
        items = shop.store.items(wanted)
        request = RankRequest(
            history=tuple((entry, items.get(entry.item or "")) for entry in history),
            query=None,
            candidates=tuple(
                (candidate, items[candidate.item])
                for candidate in retrieved
                if candidate.item in items
            ),
            seed=seed,
        )
        yield Asked(case.user, request, min(hits), seen)


def _demo_split() -> Split:
    """Each demo shopper's last new product is the test target, the one before for validation."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "shop")
        ingest_items(workspace, items_files())
        ingest_events(workspace, [events_file()])
        with CatalogStore.open(workspace.database_url) as store:
            return leave_one_out(store)
