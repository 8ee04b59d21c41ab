"""Whether the server lives, whether it can answer, and what it has counted."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from llmrec.catalog.scopes import Scope
from llmrec.server.access import Caller, Needs
from llmrec.server.bodies.errors import failures
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices

__all__ = ["HealthOut", "router"]

router = APIRouter(tags=["operation"], route_class=KeyFirst)

_Reader = Annotated[
    Caller, Depends(Needs(Scope.MERCHANT, unless=lambda settings: settings.open_metrics))
]


class HealthOut(BaseModel):
    """That it is so."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", responses=failures())
async def healthz() -> HealthOut:
    """Whether the process answers at all."""
    return HealthOut()


@router.get("/readyz", responses=failures(502))
async def readyz(services: TheServices) -> HealthOut:
    """Whether catalogue, index and model are open; what is missing is tried again."""
    services.shop.ready()
    return HealthOut()


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **failures(401, 403, 429)},
)
async def metrics(_: _Reader, services: TheServices) -> Response:
    """Prometheus' text format; asks for a merchant's key unless server.open_metrics is set."""
    return Response(services.metrics.page(), media_type="text/plain; version=0.0.4")
