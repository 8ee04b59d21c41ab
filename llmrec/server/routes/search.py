"""Search: what the index finds for a query, in milliseconds, without the language model."""

from __future__ import annotations

from fastapi import APIRouter

from llmrec.agent.constraints.query import read_query
from llmrec.server.access import Shopper
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.recommend import SearchBody, SearchOut
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices

__all__ = ["router"]

router = APIRouter(tags=["answers"], route_class=KeyFirst)


@router.post("/v1/search", responses=failures(401, 403, 422, 429))
async def search(body: SearchBody, caller: Shopper, services: TheServices) -> SearchOut:
    """Find items by words and meaning; filters are honoured before the best are chosen."""
    from llmrec.requests import clean_query
    from llmrec.retrieval import RetrievalRequest

    main = services.shop.recommender

    def work() -> SearchOut:
        read = read_query(clean_query(body.query), body.filters, main.store.currencies())
        request = RetrievalRequest(query=read.query, filters=read.filters)
        result = main.retriever.retrieve(request, body.k)
        items = main.store.items(candidate.item for candidate in result.candidates)
        known = [candidate for candidate in result.candidates if candidate.item in items]
        return SearchOut.model_validate(
            {
                "found": [
                    {"item": items[one.item], "rank": rank, "score": one.score, "fit": one.fit}
                    for rank, one in enumerate(known, start=1)
                ],
                "matching": result.matching,
                "notes": (*read.notes, *result.notes),
                "unlike": result.unlike,
            }
        )

    return await services.reads.run(work, caller.who)
