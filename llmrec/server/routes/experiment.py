"""The experiment that runs: what each arm has brought so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from llmrec.errors import NotFound
from llmrec.server.access import Merchant
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.experiment import ExperimentOut
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices

if TYPE_CHECKING:
    from llmrec.server.shop import Shop

__all__ = ["router"]

router = APIRouter(tags=["operation"], route_class=KeyFirst)


@router.get("/v1/experiment", responses=failures(401, 403, 404, 429))
async def experiment(caller: Merchant, services: TheServices) -> ExperimentOut:
    """What the A/B of two rankers has brought so far: likes, carts and purchases by arm."""
    return await services.reads.run(lambda: _result(services.shop), caller.who)


def _result(shop: Shop) -> ExperimentOut:
    from llmrec.experiment.outcomes import experiment_result

    main = shop.recommender
    if main.experiment is None:
        raise NotFound(
            "No experiment runs in this shop.",
            hint="The section [experiment] of llmrec.toml describes one.",
        )
    return ExperimentOut.model_validate(experiment_result(main.experiment, main.exposures))
