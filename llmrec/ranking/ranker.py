"""Listwise ranking: one prompt, one forward pass, the logits of the candidates' labels.

The model never writes an id: it can only prefer one of the labels it was shown, so that nothing
outside the candidates can come back.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

from llmrec.config import MAX_CANDIDATES, RankingSettings
from llmrec.engines.served import AdapterUse, always
from llmrec.errors import HistoryError
from llmrec.labels import choose_labels
from llmrec.prompting import (
    RankPrompt,
    fit_rank_prompt,
    rank_prompt_tail,
    rank_prompt_version,
)
from llmrec.ranking.calibration import LabelPrior
from llmrec.ranking.fusion import fuse
from llmrec.ranking.requests import RankedCandidate, Ranking, RankRequest
from llmrec.types import Candidate, FloatArray, Item

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["Ranker", "labels_for", "order_seed", "shuffled"]

_Pair = tuple[Candidate, Item]

_APART = 1_000_003
"""Between the seeds of a request's orders, so that they are not those of another request."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A request with an order in which the model sees its candidates."""

    shown: tuple[_Pair, ...]
    prompt: RankPrompt
    render_ms: float


class Ranker:
    """Ranks candidates with a language model.

    Args:
        engine: the language model.
        settings: budget, history length and the model's share in the score.
        calibrate: take the model's liking for letters away (:mod:`llmrec.ranking.calibration`);
            costs one more forward pass per number of candidates, once.
        adapter: gives the adapter of each call; by default ``settings.adapter``, as it is called
            in the engine.
    """

    def __init__(
        self,
        engine: Engine,
        settings: RankingSettings,
        *,
        calibrate: bool = False,
        adapter: AdapterUse | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._adapter = adapter or always(settings.adapter)
        self._prior = LabelPrior(engine) if calibrate else None
        self._labels: dict[int, tuple[str, ...]] = {}
        self._lock = Lock()

    def rank_many(self, requests: Sequence[RankRequest]) -> list[Ranking]:
        """Rank each request's candidates; one scoring call for the whole batch.

        Returns:
            One ranking per request, a permutation of its candidates, best first. Ties go to the
            better retrieval score, then to the smaller id. With ``settings.permutations`` above 1
            the model sees the candidates in so many orders, and log-probabilities are means: what
            it likes for the place it stands at cancels out (Tang et al. 2023,
            https://arxiv.org/abs/2310.07712, for lists that a model writes).

        Raises:
            HistoryError: more than ``MAX_CANDIDATES`` candidates, or one twice.
            ContextOverflow: the candidates do not fit into the budget, however short.
            EngineError: the language model failed.
            ModelError: the adapter cannot be loaded.
        """
        sheets = [self._sheets(request) for request in requests]
        shown = [sheet for orders in sheets for sheet in orders if sheet.shown]
        with self._adapter() as adapter:
            before, started = self._engine.forward_passes, perf_counter()
            scored = iter(self._score(shown, adapter))
            milliseconds = (perf_counter() - started) * 1000 / max(1, len(shown))
            passes = self._engine.forward_passes - before
        return [
            self._ranking(orders, [next(scored) for _ in orders], adapter, passes, milliseconds)
            if orders[0].shown
            else _unranked(orders[0])
            for orders in sheets
        ]

    def _sheets(self, request: RankRequest) -> list[_Sheet]:
        """As many as there are orders to ask; the first is the one of the request's own seed."""
        _check(request.candidates)
        orders = self._settings.permutations if len(request.candidates) > 1 else 1
        return [self._sheet(request, order_seed(request.seed, number)) for number in range(orders)]

    def _sheet(self, request: RankRequest, seed: int) -> _Sheet:
        started = perf_counter()
        shown = shuffled(request.candidates, seed)
        labels = self._labels_of(len(shown))
        if request.reverse_labels:
            labels = labels[::-1]
        prompt = fit_rank_prompt(
            request.history[-self._settings.history_items :],
            request.query,
            [item for _, item in shown],
            labels,
            render=self._engine.render,
            count_tokens=self._engine.count_tokens,
            # One token of the context is the answer.
            budget=min(self._settings.token_budget, self._engine.context_window - 1),
        )
        return _Sheet(shown, prompt, (perf_counter() - started) * 1000)

    def _labels_of(self, n: int) -> tuple[str, ...]:
        with self._lock:
            if n not in self._labels:
                self._labels[n] = labels_for(self._engine, n)
            return self._labels[n]

    def _score(self, sheets: Sequence[_Sheet], adapter: str | None) -> list[FloatArray]:
        if not sheets:
            return []
        texts = [sheet.prompt.text for sheet in sheets]
        scored = self._engine.score_labels(
            texts,
            [sheet.prompt.labels for sheet in sheets],
            adapters=[adapter] * len(sheets),
        )
        if self._prior is None:
            return scored
        return [
            self._prior.corrected(sheet.prompt.labels, log_probs, adapter)
            for sheet, log_probs in zip(sheets, scored, strict=True)
        ]

    def _ranking(
        self,
        sheets: Sequence[_Sheet],
        scored: Sequence[FloatArray],
        adapter: str | None,
        passes: int,
        milliseconds: float,
    ) -> Ranking:
        first = sheets[0]
        log_probs = _mean_log_probs(sheets, scored)
        retrieval = [candidate.score for candidate, _ in first.shown]
        scores = fuse(retrieval, log_probs, self._settings.llm_weight)
        ranked = [
            RankedCandidate(candidate, item, label, log_prob, float(score))
            for (candidate, item), label, log_prob, score in zip(
                first.shown, first.prompt.labels, log_probs, scores, strict=True
            )
        ]
        ranked.sort(key=lambda row: (-row.score, -row.candidate.score, row.item.id))
        return Ranking(
            order=tuple(ranked),
            prompt_tokens=sum(sheet.prompt.tokens for sheet in sheets),
            prompt_version=first.prompt.version,
            forward_passes=passes,
            milliseconds={
                "render": sum(sheet.render_ms for sheet in sheets),
                "rank": milliseconds * len(sheets),
            },
            shown=tuple(item.id for _, item in first.shown),
            adapter=adapter,
        )


def _unranked(sheet: _Sheet) -> Ranking:
    """The ranking of no candidates, for which no model is asked."""
    return Ranking((), 0, rank_prompt_version(), 0, {"render": sheet.render_ms, "rank": 0.0})


def _mean_log_probs(sheets: Sequence[_Sheet], scored: Sequence[FloatArray]) -> list[float]:
    """Of each candidate over all orders, in the first one's order."""
    sums: dict[str, float] = {}
    for sheet, log_probs in zip(sheets, scored, strict=True):
        for (_, item), log_prob in zip(sheet.shown, log_probs, strict=True):
            sums[item.id] = sums.get(item.id, 0.0) + float(log_prob)
    return [sums[item.id] / len(sheets) for _, item in sheets[0].shown]


def labels_for(engine: Engine, n: int) -> tuple[str, ...]:
    """``n`` labels, each one token behind the ranking prompt in this engine's tokenizer."""
    return choose_labels(n, engine.token_ids, rank_prompt_tail(engine.render))


def order_seed(seed: int, order: int) -> int:
    """The seed of 0-based ``order`` of a request's candidates; that of the first is ``seed``."""
    return seed + _APART * order


def shuffled(candidates: Sequence[_Pair], seed: int) -> tuple[_Pair, ...]:
    """The order in which the model sees the candidates: by ``seed`` and ids, not by retrieval.

    The same items come in the same order however they were retrieved, so that the place in the
    prompt says nothing about the retriever's opinion.
    """
    ordered = sorted(candidates, key=lambda pair: pair[1].id)
    ids = "\x00".join(item.id for _, item in ordered)
    digest = hashlib.sha256(f"{seed}\x00{ids}".encode("utf-8", "surrogatepass")).digest()
    random.Random(int.from_bytes(digest[:8], "big")).shuffle(ordered)
    return tuple(ordered)


def _check(candidates: Sequence[_Pair]) -> None:
    if len(candidates) > MAX_CANDIDATES:
        raise HistoryError(
            f"{len(candidates)} candidates; one ranking takes at most {MAX_CANDIDATES}.",
            field="candidates",
            hint="Rank the best retrieved ones.",
        )
    ids = [item.id for _, item in candidates]
    if len(set(ids)) < len(ids):
        twice = next(id for id in ids if ids.count(id) > 1)
        raise HistoryError(f"item '{twice}' is a candidate twice.", field="candidates")
