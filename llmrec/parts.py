"""What a recommender is made of: each part opens when it is first used; all are closed together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from llmrec.config import RankingSettings, Workspace

if TYPE_CHECKING:
    from typing_extensions import Self

    from llmrec.artifacts import AdapterKind
    from llmrec.catalog.store import CatalogStore
    from llmrec.documents import Documents
    from llmrec.engines.protocol import Engine
    from llmrec.engines.served import AdapterUse, ServedAdapters
    from llmrec.experiment import Arm, Experiment, Exposures
    from llmrec.explain import Quoter, Writer
    from llmrec.ranking import Ranker
    from llmrec.reading.loading import Reader
    from llmrec.retrieval import Retriever

__all__ = ["Parts"]


class Parts:
    """The parts of one workspace. Safe to share between threads.

    Args:
        workspace: the shop's folder with its settings.
        engine: a language model to use instead of the configured one; adapters that the settings
            name are loaded in it already, and promoted ones do not serve in it.
        retriever: a retriever to use instead of the workspace's own.

    Raises:
        ConfigError: the settings of an experiment cannot be honoured.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        engine: Engine | None = None,
        retriever: Retriever | None = None,
    ) -> None:
        self.workspace = workspace
        self.settings = workspace.settings
        self._own_engine = engine is None
        self._reading_alone: Engine | None = None
        if engine is not None:
            self.__dict__["engine"] = engine
        if retriever is not None:
            self.__dict__["retriever"] = retriever
        if self.experiment and self._own_engine:
            from llmrec.experiment.experiment import check_arm_b

            check_arm_b(workspace)

    @cached_property
    def store(self) -> CatalogStore:
        """The catalogue and the event log."""
        from llmrec.catalog.store import CatalogStore

        return CatalogStore.open(self.workspace.database_url)

    @cached_property
    def retriever(self) -> Retriever:
        """Candidate retrieval over the workspace's index."""
        from llmrec.retrieval import Retriever

        return Retriever.open(self.workspace, store=self.store)

    @cached_property
    def engine(self) -> Engine:
        """The language model."""
        from llmrec.engines import load_engine

        models = self.settings.models
        return load_engine(models.engine, models.llm, self.settings.engine)

    @cached_property
    def _adapters(self) -> ServedAdapters:
        from llmrec.engines.served import ServedAdapters

        return ServedAdapters(self.engine, self.workspace.models_dir)

    @cached_property
    def ranker(self) -> Ranker:
        """Ranking beside the language model; arm A's where an experiment runs."""
        return self._ranker_of(self.settings.ranking)

    @cached_property
    def rankers(self) -> dict[Arm, Ranker]:
        """The ranker of each arm; of ``A`` alone where no experiment runs."""
        if self.experiment is None:
            return {"A": self.ranker}
        return {"A": self.ranker, "B": self._ranker_of(self.experiment.ranking["B"])}

    @cached_property
    def experiment(self) -> Experiment | None:
        """The A/B of two rankers that the settings name, if one runs."""
        from llmrec.experiment import Experiment

        return Experiment.of(self.workspace)

    @cached_property
    def exposures(self) -> Exposures:
        """What experiments have shown to whom."""
        from llmrec.experiment import Exposures
        from llmrec.experiment.recording import WAIT_S

        return Exposures.open(self.workspace.database_url, timeout=WAIT_S)

    @cached_property
    def quoter(self) -> Quoter:
        """Reasons and descriptions that quote the product's own text."""
        from llmrec.explain import Quoter

        return Quoter(quotes=self.settings.explain.enabled)

    @cached_property
    def writer(self) -> Writer:
        """Reasons and descriptions that the model writes, checked."""
        from llmrec.explain import Writer

        settings = self.settings.explain
        return Writer(
            self.engine,
            settings,
            known_brands=self.store.brands(),
            adapter=self._adapter("words", settings.adapter),
        )

    @cached_property
    def reader(self) -> Reader:
        """What reads shoppers' messages."""
        from llmrec.reading.loading import load_reader

        currency = next(iter(self.store.currencies()), None)
        reader, self._reading_alone = load_reader(
            self.settings, self.workspace.models_dir, lambda: self.engine, currency
        )
        return reader

    @cached_property
    def documents(self) -> Documents:
        """The shop's own documents, for questions that the catalogue cannot answer."""
        from llmrec.documents import Documents

        return Documents(self.workspace, self.retriever.encoder)

    def count_anew(self) -> None:
        """Have counts over the log made anew, and leave none of the log before on disk.

        For who was forgotten: counts may lag behind the log otherwise. Other processes that serve
        the same shop look at the log themselves, within their ``retrieval.log_lag_s``.
        """
        from llmrec.retrieval.events import EventTable

        EventTable.clear(self.workspace.cache_dir)
        if "retriever" in self.__dict__:
            self.retriever.renew()

    def _ranker_of(self, settings: RankingSettings) -> Ranker:
        from llmrec.ranking import Ranker, ShareOf

        # Whoever brings an engine has loaded into it what the settings name.
        if not self._own_engine:
            return Ranker(lambda: self.engine, settings)
        return Ranker(
            lambda: self.engine,
            settings,
            adapter=lambda: self._adapters.following("ranker", settings.adapter)(),
            share=ShareOf(self.workspace.models_dir, settings),
        )

    def _adapter(self, kind: AdapterKind, setting: str | None) -> AdapterUse | None:
        return self._adapters.following(kind, setting) if self._own_engine else None

    def close(self) -> None:
        """Close the database, and the engine if it was opened here; nothing works afterwards."""
        if "documents" in self.__dict__:
            self.documents.close()
        for name in ("store", "exposures"):
            if name in self.__dict__:
                getattr(self, name).close()
        if self._reading_alone is not None:
            self._reading_alone.close()
        if self._own_engine and "engine" in self.__dict__:
            self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
