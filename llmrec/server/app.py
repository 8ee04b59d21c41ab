"""The application: routers, layers and the lifespan, put together over one shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from llmrec.server import failures
from llmrec.server.edge import Edge
from llmrec.server.routes import (
    chat,
    events,
    experiment,
    health,
    items,
    me,
    numbers,
    page,
    recommend,
    reviews,
    search,
    users,
)
from llmrec.server.services import make_services
from llmrec.server.shop import Shop

__all__ = ["ROUTERS", "create_app"]

ROUTERS = (
    recommend.router,
    search.router,
    chat.router,
    items.router,
    reviews.router,
    events.router,
    users.router,
    experiment.router,
    health.router,
    numbers.router,
    me.router,
    page.router,
)

_ABOUT = (
    "Recommendations that exist in the catalogue, with checked reasons. Every failure has the same "
    "body, and every answer an X-Request-ID."
)


def create_app(shop: Shop, *, insecure: bool = False) -> FastAPI:
    """An application that opens ``shop`` when it starts and closes it when it ends.

    Args:
        shop: what is answered from.
        insecure: whether a server without keys answers to other names than this machine's own.

    Raises:
        ConfigError: the settings' rates cannot be read.
    """
    from llmrec import __version__

    settings = shop.workspace.settings.server
    services = make_services(shop, insecure=insecure)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(shop.open)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(services.close)

    app = FastAPI(
        title="llmrec",
        description=_ABOUT,
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        # Their pages load scripts from elsewhere; /openapi.json is what they would show.
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    failures.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Edge, services=services)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    return app
