"""The shop as it was before each user's last events: a retriever that has not seen the answers.

A ranker that is trained beside a retriever which remembers the targets learns to trust it, and is
wrong when it serves. So the sources are counted, and the behaviour encoder is trained, on the log
without what the examples ask for (cross-fitting; stacking asks for the same of its inputs, Wolpert
1992). Items keep their text vectors: no events went into those.

::

    models/.earlier/KEY/     a workspace; it is removed when the training has ended
    ├── catalog.db           the items, and the log without the held-out events
    ├── chroma/              a copy of the shop's vectors
    └── models/behaviour/    an encoder trained on that log, if the shop has one that serves
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from llmrec.artifacts import Artifact, Artifacts, Card, CardData
from llmrec.catalog.locks import write_lock
from llmrec.catalog.store import CatalogStore
from llmrec.config import Settings, Workspace, disk_errors
from llmrec.embedding import load_encoder
from llmrec.errors import DataError
from llmrec.finetune.behaviour.prepare import Observer, Training
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.shop import shop_data
from llmrec.retrieval import build_index
from llmrec.retrieval.cache import cache_key
from llmrec.types import Event

__all__ = ["EarlierShop", "HeldBack", "earlier_shop", "held_back", "hold_back"]

_HOME = ".earlier"


@dataclass(frozen=True)
class HeldBack:
    """A log in three: what the retriever learns from, and each user's next two new items.

    ``short`` users have fewer than three different items: they teach the sources, and nothing is
    asked of them. Repetitions behind the first target are left out.
    """

    known: tuple[Event, ...]
    train: tuple[Event, ...]
    validation: tuple[Event, ...]
    short: int

    @property
    def histories(self) -> list[Event]:
        """By user: what was known, then the target to train on, then the one to validate with."""
        asked = {event.user for event in self.train}
        own = [event for event in self.known if event.user in asked]
        # A stable sort: each user's own events stay in their order.
        return sorted([*own, *self.train, *self.validation], key=lambda event: event.user)


@dataclass(frozen=True)
class EarlierShop:
    """The workspace as it was, and what came next."""

    workspace: Workspace
    held: HeldBack

    def remove(self) -> None:
        """Delete the workspace."""
        shutil.rmtree(self.workspace.path, ignore_errors=True)


def hold_back(events: Sequence[Event]) -> HeldBack:
    """Hold back each user's last two new items, and all that comes after the first of them.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
    """
    known: list[Event] = []
    train: list[Event] = []
    validation: list[Event] = []
    short = 0
    for _, group in groupby(events, key=lambda event: event.user):
        own = list(group)
        first: dict[str, int] = {}
        for place, event in enumerate(own):
            first.setdefault(event.item, place)
        if len(first) < 3:
            known += own
            short += 1
            continue
        before, last = sorted(first.values())[-2:]
        known += own[:before]
        train.append(own[before])
        validation.append(own[last])
    return HeldBack(tuple(known), tuple(train), tuple(validation), short)


def held_back(events: Iterable[Event]) -> HeldBack:
    """:func:`hold_back` of a whole log.

    Raises:
        DataError: no user has three different items.
    """
    held = hold_back(in_order(events))
    if not held.train:
        raise DataError(
            f"No user of {held.short} has three different items: one to train on, one to validate "
            "with, and a history.",
            hint="Ingest a longer event log.",
        )
    return held


def earlier_shop(
    workspace: Workspace, *, seed: int = 0, progress: Observer | None = None
) -> EarlierShop:
    """Make, or find, the workspace without each user's last two new items.

    Killed at any moment, the next call goes on: also in the middle of the encoder's training.

    Args:
        workspace: the shop.
        seed: of the encoder's training.
        progress: told of the steps and epochs of the encoder's training.

    Raises:
        DataError: no user has three different items.
        IndexMissing: nothing has been indexed.
        LockedError: another command is writing to the shop.
        DiskFull: no space left.
    """
    with CatalogStore.open(workspace.database_url) as store:
        revision = store.revision()
        held = held_back(event for batch in store.iter_events() for event in batch)
    serving = _serving(workspace)
    key = cache_key(
        f"{revision.items} {revision.events}",
        workspace.settings.models.encoder,
        serving.card.model_dump_json() if serving else "",
        seed,
    )
    shop = _workspace(workspace, key)
    if not (shop.path / "catalog.db").is_file():
        _write_catalog(workspace, shop, held)
    _borrow_vectors(workspace, shop)
    with CatalogStore.open(shop.database_url) as store:
        # Nothing is encoded where the copied vectors are those of the catalogue.
        build_index(shop, store, load_encoder(shop.settings.models.encoder))
    if serving is not None and Artifacts(shop.models_dir).serving("behaviour") is None:
        _train_encoder(shop, serving, seed, progress)
    return EarlierShop(shop, held)


def _serving(workspace: Workspace) -> Artifact | None:
    """The encoder that retrieves in the shop, if one does."""
    if workspace.settings.retrieval.weights.get("behaviour", 0) <= 0:
        return None
    return Artifacts(workspace.models_dir).current("behaviour")


def _workspace(workspace: Workspace, key: str) -> Workspace:
    home = workspace.models_dir / _HOME
    for old in home.glob("*"):
        if old.name != key:
            shutil.rmtree(old, ignore_errors=True)
    shop = Workspace.init(home / key)
    own: Settings = workspace.settings.model_copy(
        update={
            "database": f"sqlite:///{shop.path / 'catalog.db'}",
            "chroma": workspace.settings.chroma.model_copy(update={"url": None}),
        }
    )
    return Workspace(shop.path, own)


def _write_catalog(workspace: Workspace, shop: Workspace, held: HeldBack) -> None:
    target = shop.path / "catalog.db"
    partial = shop.path / ".catalog.db.partial"
    for left in shop.path.glob(f"{partial.name}*"):
        left.unlink()
    with (
        CatalogStore.open(workspace.database_url) as store,
        CatalogStore.open(f"sqlite:///{partial}") as earlier,
    ):
        earlier.write_items(item for batch in store.iter_items() for item in batch)
        earlier.write_events(held.known)
    with disk_errors(target):
        partial.replace(target)


def _borrow_vectors(workspace: Workspace, shop: Workspace) -> None:
    if shop.chroma_dir.exists() or not workspace.chroma_dir.is_dir():
        return
    with write_lock(workspace), disk_errors(shop.chroma_dir):
        partial: Path = shop.path / ".chroma.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(workspace.chroma_dir, partial)
        partial.replace(shop.chroma_dir)


def _train_encoder(
    shop: Workspace, serving: Artifact, seed: int, progress: Observer | None
) -> None:
    """Train as the one that serves was trained, for as many epochs, on what was known."""
    from llmrec.embedding.behaviour import save_behaviour

    settings = BehaviourSettings.model_validate({**serving.card.settings, "seed": seed})
    data = shop_data(shop)
    run = Training(in_order(data.events), data.catalogue, settings)
    epochs = int(serving.card.extra.get("best_epoch", settings.epochs))
    encoder = run.encoder(run.plain(epochs, shop.cache_dir / "train-behaviour", progress))
    card = Card(
        kind="behaviour",
        data=CardData(
            sha256=run.sha256,
            events=len(run.events),
            users=run.sequences.users,
            items=encoder.known,
        ),
        settings=settings.model_dump(mode="json"),
        seed=seed,
        seconds=0.0,
        notes=(f"Trained for {epochs} epochs on the log before the ranker's examples.",),
    )
    store = Artifacts(shop.models_dir)
    made = store.publish("behaviour", lambda folder: save_behaviour(encoder.taught(), folder), card)
    store.promote("behaviour", made.version)
