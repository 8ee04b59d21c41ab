"""Recommendations: one shopper, or several at a time."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from llmrec.agent.constraints.query import read_query
from llmrec.server import listing
from llmrec.server.access import Merchant, Shopper
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.recommend import AnswerOut, AnswersOut, BatchBody, RecommendBody
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices
from llmrec.server.streams import STREAMED, EventStream, sent_lines
from llmrec.types import Recommendations

__all__ = ["router"]

router = APIRouter(tags=["answers"], route_class=KeyFirst)


@router.post("/v1/recommend", responses=failures(401, 403, 422, 429, 502))
async def recommend(body: RecommendBody, caller: Shopper, services: TheServices) -> AnswerOut:
    """Recommend for a shopper, a history or a query: ranked by the language model, with reasons."""
    user = caller.shopper(body.user)
    shop = services.shop

    def work() -> Recommendations:
        shop.load()
        main = shop.recommender
        read = read_query(body.query, body.filters, main.store.currencies() if body.query else ())
        answer = main.recommend(
            body.entries(),
            body.k,
            read.query,
            read.filters,
            user,
            describe=body.describe,
            explain=body.explain,
            seed=body.seed,
            language=body.language,
        )
        return read.noted(answer)

    return AnswerOut.of(await services.model.run(work, caller.who))


@router.post(
    "/v1/recommend/stream",
    response_class=StreamingResponse,
    responses={**STREAMED, **failures(401, 403, 422, 429, 502)},
)
async def recommend_stream(
    body: RecommendBody, request: Request, caller: Shopper, services: TheServices
) -> StreamingResponse:
    """Recommend as above, in pieces: the cards first, then the words of each.

    The events are ``products``, one ``product_words`` for each card, and at the end ``done`` with
    the trace, or ``failed``; as in a conversation.
    """
    user, request_id = caller.shopper(body.user), request.state.request_id
    events = services.model.stream(listing.listed(services.shop, body, user), caller.who)
    await anext(events)  # takes a place, or raises while the status can still say so
    return EventStream(events, sent_lines(events, listing.list_wire(request_id), request_id))


@router.post("/v1/recommend/batch", responses=failures(401, 403, 422, 429, 502))
async def recommend_batch(body: BatchBody, caller: Merchant, services: TheServices) -> AnswersOut:
    """Recommend for many shoppers in one batch, which the model reads together."""
    shop = services.shop

    def work() -> list[Recommendations]:
        shop.load()
        main = shop.recommender
        return main.recommend_many(
            [request.entries() for request in body.requests],
            body.k,
            queries=[request.query for request in body.requests],
            filters=body.filters,
            users=[request.user for request in body.requests],
            describe=body.describe,
            explain=body.explain,
            seed=body.seed,
            language=body.language,
        )

    answers = await services.model.run(work, caller.who)
    return AnswersOut(answers=tuple(map(AnswerOut.of, answers)))
