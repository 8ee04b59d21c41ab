"""What a workspace gives a behaviour training: its log, its catalogue, the index's text vectors."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.finetune.behaviour.prepare import Catalogue
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.types import Event

__all__ = ["ShopData", "shop_data"]


@dataclass(frozen=True)
class ShopData:
    """A shop's log and catalogue.

    Attributes:
        events: all of them.
        catalogue: the indexed items.
        state: changes when the log, the catalogue or the index does.
    """

    events: list[Event] = field(repr=False)
    catalogue: Catalogue
    state: str


def shop_data(workspace: Workspace) -> ShopData:
    """Read what there is to learn from.

    Raises:
        IndexMissing: nothing has been indexed; the texts' vectors come from there.
    """
    collection = VectorCollection.open(workspace)
    try:
        info = collection.info()
        matrix = VectorMatrix.load(collection, workspace.cache_dir)
        with CatalogStore.open(workspace.database_url) as store:
            revision = store.revision()
            events = [event for batch in store.iter_events() for event in batch]
            here = store.has_items(matrix.ids)
    finally:
        collection.close()
    rows = [row for row, id in enumerate(matrix.ids) if id in here]
    ids = [matrix.ids[row] for row in rows]
    catalogue = Catalogue(ids, matrix.vectors[rows], info.fingerprint)
    return ShopData(events, catalogue, f"{revision.items} {revision.events} {info.version}")
