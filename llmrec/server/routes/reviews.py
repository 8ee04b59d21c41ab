"""Reviews: what reviewers say of one item, counted and quoted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from llmrec.agent.shopper import Shopper as ToolShopper
from llmrec.agent.tools.reviews import ReviewsArguments, reviews
from llmrec.server import writing
from llmrec.server.access import Shopper
from llmrec.server.bodies.base import Id
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.reviews import ReviewsOut, ReviewsQuery
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices

__all__ = ["router"]

router = APIRouter(tags=["answers"], route_class=KeyFirst)

_ItemId = Annotated[Id, Path(description="may hold slashes", examples=["KETTLE-01"])]


# Not below /v1/items/{id}: an id may end in "/reviews".
@router.get("/v1/reviews/{id:path}", responses=failures(401, 403, 404, 422, 429))
async def item_reviews(
    id: _ItemId, caller: Shopper, services: TheServices, query: Annotated[ReviewsQuery, Query()]
) -> ReviewsOut:
    """How many reviewed an item and how, what several mention, and some of their words."""

    def work() -> ReviewsOut:
        item = writing.find_item(services.shop, id)
        arguments = ReviewsArguments(product=item.id, question=query.question)
        asking = ToolShopper(language=query.language)
        result = reviews(services.shop.recommender, asking, arguments).to_dict()
        del result["product"]
        return ReviewsOut.model_validate(result)

    return await services.reads.run(work, caller.who)
