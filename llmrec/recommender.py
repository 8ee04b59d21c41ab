"""The main path and nothing else: validate, retrieve, render, rank, write.

The parts know how; this file knows in which order, measures each stage, and says in the trace what
happened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import Unpack

from llmrec.answer_events import AnswerComplete, AnswerEvent, AnswerRanked, WordsWritten
from llmrec.answers import (
    Stopwatch,
    answer_notes,
    cut_to_fit,
    history_notes,
    ordered_recommendations,
    with_words,
)
from llmrec.catalog.forgetting import operation
from llmrec.config import Workspace
from llmrec.errors import ConfigError, EngineError, LLMRecError, ModelError, UnknownItem
from llmrec.jobs import Job, ResolvedRequest, WordsOptions
from llmrec.parts import Parts
from llmrec.requests import (
    MAX_HISTORY,
    HistoryInput,
    ListOptions,
    ListWishes,
    as_history,
    as_options,
    as_user,
    check_lengths,
    clean_query,
    condense_history,
    judged,
    resolve_history,
)
from llmrec.types import (
    Filters,
    HistoryEntry,
    Item,
    Language,
    Recommendation,
    Recommendations,
    Sort,
    Trace,
)
from llmrec.words_stage import WordsStage, failure_note

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine
    from llmrec.ranking import Ranking
    from llmrec.retrieval import RetrievalResult
    from llmrec.reviews import ReviewSummary

__all__ = ["Recommender", "recommend"]


class Recommender(Parts):
    """Recommends from one workspace. Safe to share between threads; opens everything lazily.

    Made from a workspace, with an engine or a retriever of your own if you like: see
    :class:`~llmrec.parts.Parts`.
    """

    @classmethod
    def open(
        cls,
        workspace: str | os.PathLike[str] | Workspace | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        engine: Engine | None = None,
    ) -> Recommender:
        """Open a workspace: a path, a :class:`Workspace`, or the nearest one.

        Raises:
            WorkspaceError: there is none.
            ConfigError: its settings cannot be understood, or there are ``overrides`` beside an
                open workspace, whose settings are read already.
        """
        if isinstance(workspace, Workspace) and overrides:
            raise ConfigError(
                "overrides go over the settings of a workspace when it is opened; this one is.",
                hint="Give them to Workspace.open(path, overrides=...), or give the path here.",
            )
        if not isinstance(workspace, Workspace):
            workspace = Workspace.open(workspace, overrides=overrides)
        return cls(workspace, engine=engine)

    @operation()
    def recommend(
        self,
        history: HistoryInput | None = None,
        k: int = 10,
        query: str | None = None,
        filters: Filters | Mapping[str, Any] | None = None,
        user: str | None = None,
        **wishes: Unpack[ListWishes],
    ) -> Recommendations:
        """Recommend up to ``k`` items, best first.

        Args:
            history: oldest first: item ids, events, mappings or free text. ``None`` takes the
                user's own history from the event log.
            k: how many; fewer come back only if fewer unseen items pass the filters.
            query: what the shopper is looking for, in words.
            filters: hard constraints, honoured before any source's top-k.
            user: whose history to take, and who is named in the answer.
            wishes: words, language, order and what else may be wanted of the list, by name: see
                :class:`~llmrec.requests.ListWishes`.

        Returns:
            The recommendations with the trace of how they came about.

        Raises:
            HistoryError: history, k, query, filters, language or sort cannot be served.
            IndexMissing: nothing has been indexed yet.
            EngineError: the language model failed and no fallback is configured.
        """
        return self.recommend_many(
            [history],
            k,
            queries=[query],
            filters=filters,
            users=[user],
            **wishes,
        )[0]

    @operation()
    def recommend_many(
        self,
        histories: Sequence[HistoryInput | None],
        k: int = 10,
        *,
        queries: Sequence[str | None] | None = None,
        filters: Filters | Mapping[str, Any] | None = None,
        users: Sequence[str | None] | None = None,
        **wishes: Unpack[ListWishes],
    ) -> list[Recommendations]:
        """Recommend for many histories in one batch: one retrieval, one ranking, one writing call.

        ``queries`` and ``users``, if given, are as long as ``histories``; ``filters`` hold for all.
        A history that is ``None`` is the user's own, from the event log.
        Each trace's milliseconds are the request's share of the batch.
        """
        if not histories:
            return []
        check_lengths(len(histories), queries=queries, users=users)
        options = as_options(k, filters, self.settings.ranking.seed, **wishes)
        names = [as_user(user) for user in users or [None] * len(histories)]
        watch = Stopwatch()
        jobs = self._retrieve(watch, histories, queries, names, options)
        answers = self._ranked(watch, jobs, options)
        words = WordsOptions.of(options)
        if words.wanted:
            answers = self._write(watch, jobs, answers, words)
        self._record(watch, answers, options)
        times = watch.shared(len(answers))
        return [_timed(answer, times) for answer in answers]

    def recommend_stream(
        self,
        history: HistoryInput | None = None,
        k: int = 10,
        query: str | None = None,
        filters: Filters | Mapping[str, Any] | None = None,
        user: str | None = None,
        **wishes: Unpack[ListWishes],
    ) -> Iterator[AnswerEvent]:
        """As :meth:`recommend`, piece by piece: the ranked items at once, their words behind.

        The first event is an :class:`~llmrec.answer_events.AnswerRanked`, with the words that cost
        no model. One :class:`~llmrec.answer_events.WordsWritten` for each item follows, if words
        are wanted; the model writes them item by item, and one whose words it fails to write has
        a sentence from its fields. The last is an :class:`~llmrec.answer_events.AnswerComplete`.
        Closing the iterator ends the writing; an experiment counts the list when it is ranked.

        Args:
            history: this and all others as for :meth:`recommend`.
            k: how many.
            query: what the shopper is looking for.
            filters: hard constraints.
            user: whose history to take.
            wishes: as for :meth:`recommend`.

        Raises:
            HistoryError: k, filters, language or sort cannot be served; at the call. The first
                event raises it for the history and the query.
            IndexMissing: nothing has been indexed yet; raised by the first event.
            EngineError: the language model failed to rank and no fallback is configured; raised by
                the first event. It never is for words.
        """
        options = as_options(k, filters, self.settings.ranking.seed, **wishes)
        return self._streamed((history, query, as_user(user)), options)

    def _streamed(
        self,
        arguments: tuple[HistoryInput | None, str | None, str | None],
        options: ListOptions,
    ) -> Iterator[AnswerEvent]:
        watch, words = Stopwatch(), WordsOptions.of(options)
        job, answer = self._ranked_alone(watch, arguments, options)
        stage = WordsStage(self, words, degraded=bool(answer.trace.degraded))
        if not words.wanted:
            yield AnswerRanked(_timed(answer, watch.shared(1)))
            yield AnswerComplete(_timed(answer, watch.shared(1)))
            return
        with watch.stage("write"):
            requests = job.words_requests(answer, self._related(job, answer), words)
            texts = stage.at_once(requests)
        at_once = with_words(answer, texts, words.explain, words.describe)
        pending = tuple(
            recommendation.rank
            for recommendation, text in zip(answer, texts, strict=True)
            if text is None
        )
        yield AnswerRanked(_timed(at_once, watch.shared(1)), pending)
        errors: list[LLMRecError] = []
        for place, (text, error) in enumerate(stage.one_by_one(watch, requests, texts)):
            texts[place] = text
            errors += [error] if error else []
            written = with_words(answer, texts, words.explain, words.describe)
            yield WordsWritten(written[place], error)
        failure = failure_note(errors[0]) if errors else None
        answer = replace(answer, trace=_degraded(answer.trace, failure))
        answer = with_words(answer, texts, words.explain, words.describe)
        yield AnswerComplete(_timed(answer, watch.shared(1)))

    @operation()
    def _ranked_alone(
        self,
        watch: Stopwatch,
        arguments: tuple[HistoryInput | None, str | None, str | None],
        options: ListOptions,
    ) -> tuple[Job, Recommendations]:
        """One request, ranked and without words, and counted by the experiment that runs."""
        history, query, user = arguments
        jobs = self._retrieve(watch, [history], [query], [user], options)
        answers = self._ranked(watch, jobs, options)
        self._record(watch, answers, options)
        return jobs[0], answers[0]

    def history_of(self, user: str) -> list[HistoryEntry]:
        """A shopper's history from the event log, oldest first; empty for a stranger and nobody."""
        return list(as_history(self.store.history(user, limit=MAX_HISTORY)))

    def reviews_of(self, item: str, language: Language = "en", question: str = "") -> ReviewSummary:
        """What reviewers say of an item: their ratings averaged, their words counted and quoted.

        Args:
            item: its id.
            language: in which things are named, and whose reviews are quoted before others.
            question: a thing that it names ("the handle") is looked for in all reviews.

        Raises:
            UnknownItem: the catalogue does not know it.
        """
        from llmrec.reviews import summarize_reviews

        known = self.store.item(item)
        if known is None:
            raise UnknownItem(
                f"The catalogue has no item '{item:.80}'.", hint="See llmrec items search."
            )
        written = self.store.item_reviews(known.id) if self.settings.explain.quote_reviews else []
        ratings = self.store.item_ratings(known.id)
        scale = self.settings.ingest.rating_scale
        return summarize_reviews(known, written, ratings, scale, language, question)

    def _retrieve(
        self,
        watch: Stopwatch,
        histories: Sequence[HistoryInput | None],
        queries: Sequence[str | None] | None,
        users: Sequence[str | None],
        options: ListOptions,
    ) -> list[Job]:
        """Look each history up, and its candidates; the results are in the order of the users."""
        with watch.stage("validate"):
            requests = self._resolved(histories, queries, users)
        with watch.stage("retrieve"):
            results = self._candidates(requests, options)
            items = self.store.items({c.item for result in results for c in result.candidates})
        return [
            self._job(request, result, items, options.sort)
            for request, result in zip(requests, results, strict=True)
        ]

    def _resolved(
        self,
        histories: Sequence[HistoryInput | None],
        queries: Sequence[str | None] | None,
        users: Sequence[str | None],
    ) -> list[ResolvedRequest]:
        """Each request with its history as the catalogue knows it: one look-up for all of them."""
        below = self.settings.ingest.disliked_below
        given = [
            self.history_of(user or "") if history is None else history
            for history, user in zip(histories, users, strict=True)
        ]
        parsed = [judged(as_history(history), below) for history in given]
        texts = [clean_query(query) for query in queries or [None] * len(parsed)]
        known = self.store.items({entry.item for part in parsed for entry in part if entry.item})
        requests = []
        for history, entries, query, user in zip(histories, parsed, texts, users, strict=True):
            resolved = resolve_history(entries, known)
            stranger = bool(user) and history is None and not entries
            notes = (
                *((f"the log knows no shopper '{user}'",) if stranger else ()),
                *history_notes(entries, resolved),
            )
            recent = tuple((entry, known.get(entry.item or "")) for entry in self._recent(resolved))
            requests.append(ResolvedRequest(resolved, recent, query, user, notes))
        return requests

    def _recent(self, history: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...]:
        """What prompts and reasons may speak of: each thing once, the most recent ones."""
        return condense_history(history)[-self.settings.retrieval.history_limit :]

    def _candidates(
        self, requests: Sequence[ResolvedRequest], options: ListOptions
    ) -> list[RetrievalResult]:
        """What fits each request best, or what comes first where the list is to be sorted."""
        from llmrec.retrieval import RetrievalRequest

        searches = [
            RetrievalRequest(
                request.history,
                request.query,
                options.filters,
                options.subject,
                options.recipient,
                options.thing,
            )
            for request in requests
        ]
        if options.sort is None:
            wanted = max(options.k, self.settings.retrieval.candidates)
            return self.retriever.retrieve_many(searches, wanted)
        return [
            self.retriever.retrieve_sorted(search, options.sort, options.k) for search in searches
        ]

    def _job(
        self,
        request: ResolvedRequest,
        result: RetrievalResult,
        items: Mapping[str, Item],
        sort: Sort | None,
    ) -> Job:
        return Job(
            history=request.recent,
            query=request.query,
            user=request.user,
            # An item deleted between retrieval and this look-up is dropped.
            candidates=tuple((c, items[c.item]) for c in result.candidates if c.item in items),
            matching=result.matching,
            by_source=result.by_source,
            arm=self.experiment.arm(request.user) if self.experiment and sort is None else None,
            notes=(*request.notes, *result.notes),
            unlike=result.unlike,
            left_out=result.left_out,
        )

    def _ranked(
        self, watch: Stopwatch, jobs: Sequence[Job], options: ListOptions
    ) -> list[Recommendations]:
        """Each job's answer, without texts, with the trace of how it came about."""
        ranked, rankings, degraded = self._rank(watch, jobs, options.sort)
        answers = []
        for job, ordered, ranking in zip(jobs, ranked, rankings, strict=True):
            by_model = ranking is not None and ranking.unasked is None
            head = tuple(ordered[: options.k])
            if options.cut and job.query is not None:
                fitting = cut_to_fit(ordered)[: options.k]
                head = tuple(
                    replace(candidate, rank=n) for n, candidate in enumerate(fitting, start=1)
                )
            answering = job.answering if options.cut else None
            size = answer_notes(job.matching, len(job.candidates), options.k, by_model, answering)
            notes = (*job.notes, *size)
            trace = self._trace(job, ranking, options.seed, degraded, notes)
            answers.append(Recommendations(head, trace, job.user, job.query, tuple(ordered)))
        return answers

    def _rank(
        self, watch: Stopwatch, jobs: Sequence[Job], sort: Sort | None
    ) -> tuple[list[list[Recommendation]], list[Ranking | None], str | None]:
        """Rank each job's first candidates; the rest, and what is sorted, keep their order."""
        if sort is not None:
            return _in_retrieval_order(jobs), [None for _ in jobs], None
        rankable = [job for job in jobs if job.candidates]
        if not rankable:
            return [[] for _ in jobs], [None for _ in jobs], None
        try:
            done = self._rank_timed(watch, rankable)
        except (EngineError, ModelError) as error:
            if self.settings.ranking.on_engine_failure == "raise":
                raise
            return (
                _in_retrieval_order(jobs),
                [None for _ in jobs],
                failure_note(error),
            )
        rankings = iter(done)
        matched = [next(rankings) if job.candidates else None for job in jobs]
        return (
            [
                ordered_recommendations(job.candidates, ranking)
                for job, ranking in zip(jobs, matched, strict=True)
            ],
            matched,
            None,
        )

    def _rank_timed(self, watch: Stopwatch, jobs: Sequence[Job]) -> list[Ranking]:
        from llmrec.experiment import rank_in_arms

        requests = [job.rank_request() for job in jobs]
        with watch.stage("load"):
            rankers = self.rankers
            for ranker in rankers.values():
                ranker.prepare(requests)
        done = rank_in_arms(requests, [job.arm for job in jobs], rankers)
        for ranking in done:
            for stage, spent in ranking.milliseconds.items():
                watch.milliseconds[stage] = watch.milliseconds.get(stage, 0.0) + spent
        return done

    def _write(
        self,
        watch: Stopwatch,
        jobs: Sequence[Job],
        answers: Sequence[Recommendations],
        options: WordsOptions,
    ) -> list[Recommendations]:
        """Texts for every recommendation: quoted, or the model's for the first ones."""
        stage = WordsStage(self, options, degraded=bool(answers[0].trace.degraded))
        with watch.stage("write"):
            requests = [
                job.words_requests(answer, self._related(job, answer), options)
                for job, answer in zip(jobs, answers, strict=True)
            ]
            texts, failure = stage.write_batch(requests)
            return [
                with_words(
                    replace(answer, trace=_degraded(answer.trace, failure)),
                    pairs,
                    options.explain,
                    options.describe,
                )
                for answer, pairs in zip(answers, texts, strict=True)
            ]

    def _related(self, job: Job, answer: Recommendations) -> list[tuple[int, ...]]:
        return self.retriever.related(answer.ids, [entry for entry, _ in job.history])

    def _record(
        self, watch: Stopwatch, answers: Sequence[Recommendations], options: ListOptions
    ) -> None:
        """Keep what is shown, where an experiment runs; a sorted list is no arm's doing."""
        if not (self.experiment and options.shown and options.sort is None):
            return
        from llmrec.experiment import keep_shown

        with watch.stage("record"):
            keep_shown(self.experiment.name, lambda: self.exposures, answers)

    def _trace(
        self,
        job: Job,
        ranking: Ranking | None,
        seed: int,
        degraded: str | None,
        notes: tuple[str, ...],
    ) -> Trace:
        by_model = ranking is not None and ranking.unasked is None
        return Trace(
            model=self.engine.model if by_model else self.settings.models.llm,
            engine=self.engine.name if by_model else self.settings.models.engine,
            adapter=ranking.adapter if ranking else None,
            arm=job.arm,
            prompt=ranking.prompt_version if ranking else "",
            seed=seed,
            matching=job.matching,
            candidates=len(job.candidates),
            candidates_by_source=dict(job.by_source),
            milliseconds={},
            prompt_tokens=ranking.prompt_tokens if ranking else 0,
            forward_passes=ranking.forward_passes if ranking else 0,
            notes=notes,
            degraded=degraded,
            unlike=job.unlike,
            left_out=job.left_out,
            answering=job.answering,
            unranked=ranking.unasked if ranking else None,
        )


def _timed(answer: Recommendations, milliseconds: Mapping[str, float]) -> Recommendations:
    return replace(answer, trace=replace(answer.trace, milliseconds=milliseconds))


def _degraded(trace: Trace, failure: str | None) -> Trace:
    """The trace with what failed in writing, unless something has failed before."""
    return replace(trace, degraded=trace.degraded or failure)


def _in_retrieval_order(jobs: Sequence[Job]) -> list[list[Recommendation]]:
    """Each job's candidates in the order of retrieval."""
    return [ordered_recommendations(job.candidates, None) for job in jobs]


def recommend(
    history: HistoryInput | None = None,
    k: int = 10,
    query: str | None = None,
    filters: Filters | Mapping[str, Any] | None = None,
    user: str | None = None,
    *,
    workspace: str | os.PathLike[str] | Workspace | None = None,
    **options: Any,
) -> Recommendations:
    """Recommend from the nearest workspace: :meth:`Recommender.recommend` in one call.

    Opens the workspace and loads the model each time; for more, keep a :class:`Recommender`.
    """
    with Recommender.open(workspace) as recommender:
        return recommender.recommend(history, k, query, filters, user, **options)
