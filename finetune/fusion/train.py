"""From a shop's log to a fusion of its sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import numpy as np

from llmrec.artifacts import Artifact
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import TextEncoder
from llmrec.errors import DataError
from llmrec.finetune.behaviour.prepare import Observer
from llmrec.finetune.behaviour.sequences import LoggedCase
from llmrec.finetune.earlier import open_earlier
from llmrec.finetune.fusion.ask import ask_sources
from llmrec.finetune.fusion.cases import FusionCases
from llmrec.finetune.fusion.choose import Choice, choose_fusion
from llmrec.finetune.fusion.held_out import CutLog
from llmrec.finetune.fusion.settings import FusionSettings
from llmrec.retrieval import Retriever
from llmrec.retrieval.learned import load_fusion

__all__ = ["PART", "FusionResult", "cases_behind", "train_fusion"]

PART = "fusion"
"""Of the second workspace; :func:`~llmrec.finetune.earlier.close_earlier` removes it."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class FusionResult:
    """A fitted fusion, what it was judged by, and how long it took in ``seconds``."""

    choice: Choice
    seconds: float


def train_fusion(
    workspace: Workspace,
    asked: CutLog,
    settings: FusionSettings | None = None,
    *,
    encoder: TextEncoder | None = None,
    tell: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    epochs: Observer | None = None,
) -> FusionResult:
    """Let sources that do not know the held-out events answer for them, and fit their weights.

    Args:
        workspace: whose sources.
        asked: from :func:`~llmrec.finetune.fusion.held_out.hold_out_shop`.
        settings: of the fitting.
        encoder: of texts; the configured one by default.
        tell: told in words what is being done.
        progress: told the number of shoppers asked for and of all.
        epochs: told of each step and epoch of the behaviour encoder, if one must be trained.

    Raises:
        DataError: no source found any of what shoppers took next.
        IndexMissing: nothing has been indexed.
        ModelError: what is gone on from is damaged.
        WeightsMissing: the text encoder's weights are not on this machine.
    """
    settings, started = settings or FusionSettings(), perf_counter()
    since = asked.since
    before = load_fusion(since.parent.folder) if since else None
    shop = open_earlier(
        workspace,
        PART,
        asked.data,
        asked.train,
        older=since is not None,
        tell=tell,
        progress=epochs,
    )
    retrieval = shop.settings.retrieval
    cases = drawn(asked.cases, settings.cases, settings.seed)
    answers = _answers(shop, encoder, cases, progress)
    choice = choose_fusion(
        answers,
        retrieval.weights,
        seed=settings.seed,
        l2=settings.l2,
        before=before,
        before_cases=cases_behind(since.parent) if since else 0,
    )
    return FusionResult(choice, perf_counter() - started)


def _answers(
    shop: Workspace,
    encoder: TextEncoder | None,
    cases: Sequence[LoggedCase],
    progress: Callable[[int, int], None] | None,
) -> FusionCases:
    """What the sources of ``shop`` put forward for each case."""
    with (
        CatalogStore.open(shop.database_url) as store,
        Retriever.open(shop, store, encoder) as retriever,
    ):
        answers = ask_sources(retriever, cases, shop.settings.retrieval.depth, progress)
    if not (answers.target >= 0).any():
        raise DataError(
            f"No source found what any of {len(cases):,} shoppers took next; there is nothing to "
            "learn from.",
            hint="Ingest a longer event log; until then the weights of retrieval.weights serve.",
        )
    return answers


def cases_behind(artifact: Artifact) -> int:
    """From how many cases, its own and those of what it went on from, a fusion was learned."""
    extra = artifact.card.extra
    return int(extra.get("cases", 0)) + int(extra.get("cases_before", 0))


def drawn(cases: Sequence[T], most: int, seed: int) -> list[T]:
    """At most ``most`` of ``cases``, drawn without replacement, in their order."""
    if len(cases) <= most:
        return list(cases)
    chosen = np.random.default_rng(seed).choice(len(cases), most, replace=False)
    return [cases[place] for place in np.sort(chosen)]
