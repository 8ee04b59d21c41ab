"""Recommendations piece by piece: the events of the main path in the words of the assistant's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llmrec.agent.asking import card_of
from llmrec.agent.constraints.query import read_query
from llmrec.agent.events import Products
from llmrec.agent.product_words import card_words
from llmrec.answer_events import AnswerComplete, AnswerEvent, AnswerRanked, WordsWritten
from llmrec.errors import LLMRecError
from llmrec.server.bodies.recommend import TraceOut
from llmrec.server.statuses import status_of
from llmrec.server.streams import Data, Wire, words_data

if TYPE_CHECKING:
    from llmrec.server.bodies.recommend import RecommendBody
    from llmrec.server.shop import Shop
    from llmrec.types import Recommendations

__all__ = ["list_wire", "listed"]


def listed(shop: Shop, body: RecommendBody, user: str | None) -> Iterator[AnswerEvent]:
    """The answer's events, blocking.

    Raises:
        LLMRecError: the list cannot be made; with the first event.
        Abandoned: the caller has left.
    """
    shop.load()
    main = shop.recommender
    read = read_query(body.query, body.filters, main.store.currencies() if body.query else ())
    failed: LLMRecError | None = None
    for event in main.recommend_stream(
        body.entries(),
        body.k,
        read.query,
        read.filters,
        user,
        describe=body.describe,
        explain=body.explain,
        seed=body.seed,
        language=body.language,
    ):
        if isinstance(event, WordsWritten):
            failed = failed or event.error
            yield event
        else:
            answer = read.noted(event.answer)
            yield replace(event, answer=_as_told(answer, failed) if failed else answer)


def _as_told(answer: Recommendations, failed: LLMRecError) -> Recommendations:
    """The answer whose trace tells why the words failed as strangers may read it."""
    degraded = status_of(type(failed)).says or failed.message
    return replace(answer, trace=replace(answer.trace, degraded=degraded))


def list_wire(request_id: str) -> Wire:
    """How they go out: ``products``, then ``product_words`` for each; ``done`` has the trace."""

    def sent(event: AnswerEvent) -> tuple[Data | None, Data | None]:
        if isinstance(event, AnswerRanked):
            cards = (card_of(one, pending=one.rank in event.pending) for one in event.answer)
            return Products(cards=tuple(cards)).model_dump(mode="json"), _done(event.answer)
        if isinstance(event, AnswerComplete):
            return None, _done(event.answer)
        return words_data(card_words(event.recommendation.rank, event), request_id), None

    return sent


def _done(answer: Recommendations) -> Data:
    trace = TraceOut.model_validate(answer.trace).model_dump(mode="json")
    return {"type": "done", "user": answer.user, "query": answer.query, "trace": trace}
