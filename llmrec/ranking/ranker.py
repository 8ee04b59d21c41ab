"""Ranking: each candidate apart behind one shared prefix, yes or no, beside the retriever's score.

The model never writes an id: it can only say of a candidate that it was shown how likely the
shopper wants it, so that nothing outside the candidates can come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from llmrec.config import RankingSettings
from llmrec.engines.served import AdapterUse, always
from llmrec.errors import HistoryError
from llmrec.prompting import RankPrompt, fit_rank_prompt, rank_prompt_version, yes_and_no
from llmrec.ranking.fusion import fuse
from llmrec.ranking.requests import RankedCandidate, Ranking, RankRequest
from llmrec.ranking.share import ModelShare, share_of_card
from llmrec.types import Candidate, Item

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["Ranker"]

_Pair = tuple[Candidate, Item]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A request's candidates, by id, with their prompts."""

    pairs: tuple[_Pair, ...]
    prompt: RankPrompt
    render_ms: float


class Ranker:
    """Ranks candidates with a language model that judges each of them apart.

    Args:
        engine: gives the language model, which is asked for only where it has a share.
        settings: budget and history length.
        adapter: gives the adapter of each call; by default ``settings.adapter``, as it is called
            in the engine.
        share: the model's share at each call; by default ``settings.llm_weight``, and none where
            that is unset, since nothing is known of the adapter.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        settings: RankingSettings,
        *,
        adapter: AdapterUse | None = None,
        share: Callable[[], ModelShare] | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._adapter = adapter or always(settings.adapter)
        self._share = share or (lambda: _set_share(settings))

    def prepare(self, requests: Sequence[RankRequest]) -> None:
        """Load the language model, if it is to be asked for one of these."""
        share = self._share()
        if any(share.unasked(request.query) is None for request in requests):
            self._engine()

    def rank_many(self, requests: Sequence[RankRequest]) -> list[Ranking]:
        """Rank each request's candidates; one scoring call for the whole batch.

        Candidates go to the engine in the order of their ids, so that any order of a request is
        the same call and gives the same scores to the last bit.

        Returns:
            One ranking per request, a permutation of its candidates, best first. Ties go to the
            better retrieval score, then to the smaller id. Where the model has no share it is not
            asked, the ranking is empty, and ``unasked`` says why.

        Raises:
            HistoryError: an item is a candidate twice.
            ContextOverflow: even a prompt without a history does not fit into the budget.
            EngineError: the language model failed.
            ModelError: the adapter cannot be loaded.
        """
        share = self._share()
        reasons = [share.unasked(request.query) for request in requests]
        askable = [
            request for request, reason in zip(requests, reasons, strict=True) if reason is None
        ]
        ranked = iter(self._ranked(askable, share.weight) if askable else ())
        return [
            next(ranked) if reason is None else Ranking((), 0, "", 0, {}, unasked=reason)
            for reason in reasons
        ]

    def _ranked(self, requests: Sequence[RankRequest], weight: float) -> list[Ranking]:
        sheets = [self._sheet(request) for request in requests]
        with self._adapter() as adapter:
            engine = self._engine()
            before, started = engine.forward_passes, perf_counter()
            scored = iter(self._log_odds(engine, sheets, adapter))
            milliseconds = (perf_counter() - started) * 1000
            passes = engine.forward_passes - before
        total = max(1, sum(len(sheet.pairs) for sheet in sheets))
        return [
            _ranking(
                sheet,
                [next(scored) for _ in sheet.pairs],
                weight,
                adapter,
                passes,
                milliseconds * len(sheet.pairs) / total,
            )
            for sheet in sheets
        ]

    def _sheet(self, request: RankRequest) -> _Sheet:
        _check(request.candidates)
        engine, started = self._engine(), perf_counter()
        pairs = tuple(sorted(request.candidates, key=lambda pair: pair[1].id))
        prompt = fit_rank_prompt(
            request.history[-self._settings.history_items :],
            request.query,
            [item for _, item in pairs],
            render=engine.render,
            count_tokens=engine.count_tokens,
            # One token of the context is the answer.
            budget=min(self._settings.token_budget, engine.context_window - 1),
        )
        return _Sheet(pairs, prompt, (perf_counter() - started) * 1000)

    def _log_odds(
        self, engine: Engine, sheets: Sequence[_Sheet], adapter: str | None
    ) -> Iterator[float]:
        """Of each candidate of each sheet, in float32, by one call of the engine."""
        texts = [text for sheet in sheets for text in sheet.prompt.texts]
        if not texts:
            return iter(())
        answers = yes_and_no(engine.token_ids, texts[0])
        scored = engine.score_labels(texts, [answers] * len(texts), adapters=[adapter] * len(texts))
        return iter([float(np.float32(yes) - np.float32(no)) for yes, no in scored])


def _set_share(settings: RankingSettings) -> ModelShare:
    weight = settings.llm_weight
    return share_of_card(None) if weight is None else ModelShare.set_by_hand(weight)


def _ranking(
    sheet: _Sheet,
    log_odds: Sequence[float],
    weight: float,
    adapter: str | None,
    passes: int,
    milliseconds: float,
) -> Ranking:
    scores = fuse([candidate.score for candidate, _ in sheet.pairs], log_odds, weight)
    ranked = [
        RankedCandidate(candidate, item, odds, float(score))
        for (candidate, item), odds, score in zip(sheet.pairs, log_odds, scores, strict=True)
    ]
    ranked.sort(key=lambda row: (-row.score, -row.candidate.score, row.item.id))
    return Ranking(
        order=tuple(ranked),
        prompt_tokens=sheet.prompt.tokens if ranked else 0,
        prompt_version=rank_prompt_version(),
        forward_passes=passes if ranked else 0,
        milliseconds={"render": sheet.render_ms, "rank": milliseconds},
        adapter=adapter,
    )


def _check(candidates: Sequence[_Pair]) -> None:
    times = Counter(item.id for _, item in candidates)
    if twice := next((id for id, number in times.items() if number > 1), None):
        raise HistoryError(f"item '{twice}' is a candidate twice.", field="candidates")
