"""Recommendations: one shopper, or several at a time."""

from __future__ import annotations

from fastapi import APIRouter

from llmrec.server.access import Merchant, Shopper
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.recommend import AnswerOut, AnswersOut, BatchBody, RecommendBody
from llmrec.server.services import TheServices
from llmrec.types import Recommendations

__all__ = ["router"]

router = APIRouter(tags=["answers"])


@router.post("/v1/recommend", responses=failures(401, 403, 422, 429, 502))
async def recommend(body: RecommendBody, caller: Shopper, services: TheServices) -> AnswerOut:
    """Recommend for a shopper, a history or a query: ranked by the language model, with reasons."""
    user = caller.shopper(body.user)
    shop = services.shop

    def work() -> Recommendations:
        shop.load()
        return shop.recommender.recommend(
            body.entries(),
            body.k,
            body.query,
            body.filters,
            user,
            describe=body.describe,
            explain=body.explain,
            seed=body.seed,
            language=body.language,
        )

    return AnswerOut.of(await services.model.run(work))


@router.post("/v1/recommend/batch", responses=failures(401, 403, 422, 429, 502))
async def recommend_batch(body: BatchBody, _: Merchant, services: TheServices) -> AnswersOut:
    """Recommend for many shoppers in one batch, which the model reads together."""
    shop = services.shop

    def work() -> list[Recommendations]:
        shop.load()
        main = shop.recommender
        given = [(one.entries(), one.user) for one in body.requests]
        histories = [
            history if history is not None else main.history_of(user) if user else []
            for history, user in given
        ]
        return main.recommend_many(
            histories,
            body.k,
            queries=[one.query for one in body.requests],
            filters=body.filters,
            users=[one.user for one in body.requests],
            describe=body.describe,
            explain=body.explain,
            seed=body.seed,
            language=body.language,
        )

    answers = await services.model.run(work)
    return AnswersOut(answers=tuple(map(AnswerOut.of, answers)))
