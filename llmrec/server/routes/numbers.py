"""What a shop looks at while it serves, as JSON; ``/metrics`` has the same for Prometheus."""

from __future__ import annotations

from datetime import datetime, timezone

from fastapi import APIRouter

from llmrec.server.access import Merchant
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.numbers import ActivityOut, NumbersOut
from llmrec.server.intake import KeyFirst
from llmrec.server.numbers import numbers_of
from llmrec.server.services import TheServices

__all__ = ["router"]

router = APIRouter(tags=["operation"], route_class=KeyFirst)


@router.get("/v1/numbers", responses=failures(401, 403, 429))
async def numbers(_: Merchant, services: TheServices) -> NumbersOut:
    """Requests, times and refusals since the server started."""
    return numbers_of(services.metrics.registry)


@router.get("/v1/activity", responses=failures(401, 403, 429))
async def activity(caller: Merchant, services: TheServices) -> ActivityOut:
    """What shoppers did, day by day, for two weeks."""
    now = datetime.now(timezone.utc)
    return await services.reads.run(lambda: services.shop.activity.at(now), caller.who)
