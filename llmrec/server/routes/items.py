"""The catalogue: single items and many at a time; a change is known to the next answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Header, Path, Query

from llmrec.server import writing
from llmrec.server.access import Merchant, Shopper
from llmrec.server.bodies.base import Id, ItemId
from llmrec.server.bodies.errors import failures
from llmrec.server.bodies.items import (
    ItemChange,
    ItemFields,
    ItemOut,
    ItemsBody,
    ItemsPageOut,
    ItemsQuery,
    WrittenOut,
)
from llmrec.server.intake import KeyFirst
from llmrec.server.services import TheServices

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore

__all__ = ["router"]

router = APIRouter(tags=["catalogue"], route_class=KeyFirst)

_ONE = "/v1/items/{id:path}"
_ItemId = Annotated[Id, Path(description="may hold slashes", examples=["KETTLE-01"])]
# What an older llmrec let in under ``null`` can be read, changed and removed, but not made anew.
_NewId = Annotated[ItemId, Path(description="may hold slashes", examples=["KETTLE-01"])]
_IfNoneMatch = Annotated[
    Literal["*"] | None, Header(description="`*`: 412 where the catalogue has an item of this id")
]


@router.get("/v1/items", responses=failures(401, 403, 422, 429))
async def list_items(
    caller: Merchant, services: TheServices, query: Annotated[ItemsQuery, Query()]
) -> ItemsPageOut:
    """The catalogue, page by page, or the items that hold some words."""
    return await services.reads.run(
        lambda: _page(services.shop.recommender.store, query), caller.who
    )


@router.get(_ONE, responses=failures(401, 403, 404, 422, 429))
async def get_item(id: _ItemId, caller: Shopper, services: TheServices) -> ItemOut:
    """One item with all its fields."""
    item = await services.reads.run(lambda: writing.find_item(services.shop, id), caller.who)
    return ItemOut.model_validate(item)


# A line break in an id matches no route, which answers 404.
@router.put(_ONE, responses=failures(401, 403, 404, 412, 422, 429, 507))
async def put_item(
    id: _NewId,
    body: ItemFields,
    caller: Merchant,
    services: TheServices,
    if_none_match: _IfNoneMatch = None,
) -> ItemOut:
    """Add an item, or replace it whole; with `If-None-Match: *` only add it."""
    item, shop = body.item(id), services.shop
    if if_none_match:
        await services.writes.run(lambda: writing.add_item(shop, item), caller.who)
    else:
        await services.writes.run(lambda: writing.write_items(shop, [item]), caller.who)
    return ItemOut.model_validate(item)


@router.patch(_ONE, responses=failures(401, 403, 404, 422, 429, 507))
async def patch_item(
    id: _ItemId, body: ItemChange, caller: Merchant, services: TheServices
) -> ItemOut:
    """Change the fields that are sent; the others stay."""
    shop = services.shop
    item = await services.writes.run(
        lambda: writing.change_item(shop, id, body.applied), caller.who
    )
    return ItemOut.model_validate(item)


@router.delete(_ONE, status_code=204, responses=failures(401, 403, 404, 422, 429, 507))
async def delete_item(id: _ItemId, caller: Merchant, services: TheServices) -> None:
    """Remove an item; its events stay, and count again should it come back."""
    await services.writes.run(lambda: writing.delete_item(services.shop, id), caller.who)


@router.post("/v1/items", responses=failures(401, 403, 422, 429, 507))
async def post_items(body: ItemsBody, caller: Merchant, services: TheServices) -> WrittenOut:
    """Add or replace many items, all or none."""
    items = [row.item(row.id) for row in body.items]
    counts = await services.writes.run(
        lambda: writing.write_items(services.shop, items), caller.who
    )
    return WrittenOut.model_validate(counts)


def _page(store: CatalogStore, query: ItemsQuery) -> ItemsPageOut:
    found = (
        store.search_items(query.text, query.limit)
        if query.text.strip()
        else store.items_after(query.after, query.limit)
    )
    more = not query.text.strip() and len(found) == query.limit
    return ItemsPageOut.model_validate(
        {"items": found, "after": found[-1].id if more else None, "total": store.count_items()}
    )
