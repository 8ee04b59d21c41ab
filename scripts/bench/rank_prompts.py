"""Ranking prompts of the demo store's shoppers, for benches that want real text without a search.

Histories are those of the log; candidates are drawn by a seed, since their order of merit changes
nothing about the time that a prompt takes.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.demo import events_file, items_files
from llmrec.engines import Engine
from llmrec.ingest import ingest_events, ingest_items
from llmrec.prompting import RankPrompt, fit_rank_prompt
from llmrec.requests import condense_history
from llmrec.types import HistoryEntry

__all__ = ["rank_prompts"]


def rank_prompts(
    engine: Engine, n: int, *, candidates: int = 20, seed: int = 0
) -> list[RankPrompt]:
    """The prompts of ``n`` shoppers' lists as the ranker would render them for ``engine``."""
    draw = random.Random(seed)
    prompts = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "shop")
        ingest_items(workspace, items_files())
        ingest_events(workspace, [events_file()])
        with CatalogStore.open(workspace.database_url) as store:
            items = {one.id: one for batch in store.iter_items() for one in batch}
            ids = sorted(items)
            for user in store.users(limit=n):
                entries = [
                    HistoryEntry(item=one.item, kind=one.kind, at=one.at, value=one.value)
                    for one in store.history(user)
                ]
                recent = condense_history(entries)[-10:]
                prompts.append(
                    fit_rank_prompt(
                        [(entry, items.get(entry.item or "")) for entry in recent],
                        None,
                        [items[one] for one in draw.sample(ids, candidates)],
                        render=engine.render,
                        count_tokens=engine.count_tokens,
                        budget=1800,
                    )
                )
    return prompts
