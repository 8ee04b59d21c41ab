"""The main path and its retriever alone, as evaluations ask them: without words, with a cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmrec.artifacts.adapters import AdapterFolder, chosen_adapter
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import load_encoder
from llmrec.engines import Engine, load_engine
from llmrec.errors import ConfigError, ModelError
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.splits import Part
from llmrec.eval.main_path.cache import AnswerCache
from llmrec.eval.main_path.cached_engine import CachedEngine, adapter_digest
from llmrec.eval.main_path.cached_retriever import (
    CachedRetriever,
    retrieval_context,
    serving_retrieval,
)
from llmrec.prompting import rank_prompt_version
from llmrec.ranking import Ranker, ShareOf
from llmrec.recommender import Recommender
from llmrec.requests import as_history, resolve_history
from llmrec.retrieval import RetrievalRequest, Retriever
from llmrec.types import Event, Recommendations

__all__ = ["MainPath", "RetrieverOnly", "open_main_path", "open_retriever", "path_settings"]

CACHE_NAME = "evaluation.db"


@dataclass(frozen=True)
class RetrieverOnly:
    """The fused candidates in the retriever's order; the language model is never asked."""

    retriever: Retriever
    store: CatalogStore
    cache: AnswerCache | None = None

    def recommend_many(
        self, histories: Sequence[Sequence[str | Event]], *, k: int
    ) -> list[list[str]]:
        """The first ``k`` candidates of each history (item ids or events, oldest first)."""
        entries = [as_history(list(history)) for history in histories]
        known = self.store.has_items(
            {entry.item for history in entries for entry in history if entry.item}
        )
        requests = [RetrievalRequest(resolve_history(history, known)) for history in entries]
        results = self.retriever.retrieve_many(requests, k)
        return [[candidate.item for candidate in result.candidates] for result in results]


class MainPath:
    """Retrieval and the model's ranking; reasons and descriptions are not written.

    Args:
        recommender: the main path.
        cache: what its engine and retriever look up first, if anything.
        ranker: ranks instead of the recommender's own.
        notes: what a reader of the figures should know.
    """

    def __init__(
        self,
        recommender: Recommender,
        cache: AnswerCache | None = None,
        ranker: Ranker | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.recommender, self.notes = recommender, tuple(notes)
        self.cache = cache
        if ranker is not None:
            recommender.__dict__["ranker"] = ranker

    def recommend_many(
        self, histories: Sequence[Sequence[str | Event]], *, k: int
    ) -> list[Recommendations]:
        """Ranked lists with their traces.

        Raises:
            ConfigError: ``k`` is above ``retrieval.candidates``: the model would be shown others.
        """
        candidates = self.recommender.settings.retrieval.candidates
        if k > candidates:
            raise ConfigError(
                f"Lists of {k} were asked for, but the model ranks {candidates} candidates.",
                hint=f"Ask for k up to {candidates}, or rank more: --candidates {k}.",
            )
        return self.recommender.recommend_many(
            [list(history) for history in histories], k, explain=False
        )


@contextmanager
def open_retriever(
    data: EvalData, part: Part, shop: Workspace, *, cached: bool = True
) -> Iterator[RetrieverOnly]:
    """The retriever of an evaluation's workspace.

    Args:
        data: what the workspace was made of.
        part: for which part.
        shop: the workspace; see :func:`~llmrec.eval.main_path.shop.evaluation_shop`.
        cached: look candidates up first, and keep them.
    """
    with ExitStack() as stack:
        cache = AnswerCache(shop.cache_dir / CACHE_NAME) if cached else None
        if cache is not None:
            stack.callback(cache.close)
        store = stack.enter_context(CatalogStore.open(shop.database_url))
        encoder = load_encoder(shop.settings.models.encoder)
        retriever = CachedRetriever.open(shop, store=store, encoder=encoder)
        stack.callback(retriever.close)
        if cache is not None and isinstance(retriever, CachedRetriever):
            context = retrieval_context(shop, encoder.fingerprint, data.sha256, part)
            retriever.remember(cache, context)
        yield RetrieverOnly(retriever, store, cache)


@contextmanager
def open_main_path(
    data: EvalData,
    part: Part,
    shop: Workspace,
    *,
    engine: Engine | None = None,
    cached: bool = True,
) -> Iterator[MainPath]:
    """The main path over an evaluation's workspace.

    Args:
        data: what the workspace was made of; a shop's adapters are taken from there.
        part: for which part.
        shop: the workspace.
        engine: a language model that is loaded already; the configured one otherwise.
        cached: look candidates and label scores up first, and keep them.

    Raises:
        WeightsMissing: the model's weights are not on this machine.
        EngineError: the engine cannot be loaded.
    """
    settings = shop.settings
    with ExitStack() as stack:
        bare = stack.enter_context(open_retriever(data, part, shop, cached=cached))
        if engine is None:
            engine = load_engine(settings.models.engine, settings.models.llm, settings.engine)
            stack.callback(engine.close)
        asked: Engine = engine
        if bare.cache is not None:
            asked = CachedEngine(
                engine, bare.cache, weights=_folder(settings.models.llm), settings=settings.engine
            )
        chosen = _adapter(data, shop)
        if chosen is not None:
            asked.load_adapter(chosen.name, chosen.folder)
        # An engine that is handed in has the adapters that its owner loaded, by their names.
        share = ShareOf(_home(data, shop).models_dir, settings.ranking)()
        serving = {
            "adapter": chosen.name if chosen else None,
            "llm_weight": share.weight or settings.ranking.llm_weight,
        }
        named = settings.ranking.model_copy(update=serving)
        resolved = replace(shop, settings=settings.model_copy(update={"ranking": named}))
        recommender = Recommender(resolved, engine=asked, retriever=bare.retriever)
        stack.callback(recommender.close)
        yield MainPath(
            recommender, bare.cache, notes=_notes(data, chosen, settings.ranking.adapter)
        )


def _adapter(data: EvalData, shop: Workspace) -> AdapterFolder | None:
    """A named adapter of the shop, else what was promoted in the evaluation's own workspace.

    What serves in the shop itself is not taken by itself: it has learned from the answers.
    """
    return chosen_adapter(_home(data, shop).models_dir, "ranker", shop.settings.ranking.adapter)


def _notes(data: EvalData, chosen: AdapterFolder | None, named: str | None) -> list[str]:
    if chosen is None or not named or data.shop is None:
        return []
    return [
        f"The adapter '{chosen.name}' is the shop's own: where it was trained on this log, it has "
        "learned from the answers, and the figures flatter it."
    ]


def _home(data: EvalData, shop: Workspace) -> Workspace:
    """Where the adapter lies."""
    named = shop.settings.ranking.adapter
    return Workspace(data.shop, shop.settings) if named and data.shop else shop


def path_settings(data: EvalData, shop: Workspace, *, llm: bool) -> Mapping[str, Any]:
    """The settings that decide the lists, for a run's plan; the adapter by the name it has now."""
    settings = shop.settings
    plain: dict[str, Any] = {
        "encoder": settings.models.encoder,
        "retrieval": settings.retrieval.model_dump(mode="json"),
    }
    if learned := {artifact.kind: artifact.version for artifact in serving_retrieval(shop)}:
        plain["learned"] = learned
    if llm:
        plain["llm"] = settings.models.llm
        plain["engine"] = {"name": settings.models.engine} | settings.engine.model_dump(
            mode="json", exclude={"api_key"}
        )
        chosen = _adapter(data, shop)
        plain["ranking"] = settings.ranking.model_dump(mode="json") | {
            "adapter": chosen.name if chosen else None,
            # A name may stand for other files tomorrow, and a card for another weight.
            "adapter_files": adapter_digest(chosen.folder) if chosen else None,
            "share": ShareOf(_home(data, shop).models_dir, settings.ranking)().weight,
            "prompt": rank_prompt_version(),
        }
    return plain


def _folder(model: str) -> Path | None:
    """The weights' folder; an engine that runs elsewhere has none here."""
    from llmrec.weights import locate

    try:
        return locate(model)
    except ModelError:
        return None
