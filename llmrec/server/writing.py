"""Changes of the catalogue: stored, then indexed, so that the next answer knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmrec.catalog.locks import write_lock
from llmrec.errors import AlreadyThere, NotFound
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.catalog.bulk import WriteCounts
    from llmrec.server.shop import Shop

__all__ = ["add_item", "change_item", "delete_item", "find_item", "write_items"]


def find_item(shop: Shop, id: str) -> Item:
    """One item.

    Raises:
        NotFound: the catalogue does not know it.
    """
    item = shop.recommender.store.item(id)
    if item is None:
        raise NotFound("The catalogue has no item of this id.", hint="Add it with PUT.")
    return item


def write_items(shop: Shop, items: Sequence[Item]) -> WriteCounts:
    """Add or replace items, all or none. One thread at a time may write.

    Raises:
        LockedError: another program is writing; nothing was stored.
        VectorIndexError: stored, but not indexed: sending them again mends that.
    """
    # The lock comes first: what cannot be indexed now should not be stored now either.
    with write_lock(shop.workspace):
        counts = shop.recommender.store.write_items(items)
        _index(shop, [item.id for item in items])
    return counts


def add_item(shop: Shop, item: Item) -> None:
    """Add an item whose id is free. Raises what writing it does.

    Raises:
        AlreadyThere: the catalogue has an item of this id; it stays as it is.
    """
    with write_lock(shop.workspace):  # nobody takes the id between the look and the writing
        if shop.recommender.store.has_items([item.id]):
            raise AlreadyThere(
                "The catalogue has an item of this id.",
                hint="Change that one, or choose another id.",
            )
        write_items(shop, [item])


def change_item(shop: Shop, id: str, change: Callable[[Item], Item]) -> Item:
    """Change one item; raises what finding and writing it raise."""
    with write_lock(shop.workspace):
        changed = change(find_item(shop, id))
        write_items(shop, [changed])
    return changed


def delete_item(shop: Shop, id: str) -> None:
    """Remove an item; its events stay, as those of an unknown item. Raises what changing does."""
    with write_lock(shop.workspace):
        if not shop.recommender.store.delete_item(id):
            find_item(shop, id)
        _index(shop, [id])


def _index(shop: Shop, ids: Sequence[str]) -> None:
    from llmrec.retrieval import index_items

    main = shop.recommender
    index_items(shop.workspace, main.store, main.retriever.encoder, ids)
