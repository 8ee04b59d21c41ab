"""A second workspace beside the shop's, which does not know what validation asks.

Its log ends before each user's last new item. Text vectors are the shop's own, since they know
nothing of events; a behaviour encoder is trained anew on the shorter log, because the one that
serves has usually been refitted on everything.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from llmrec.artifacts import Artifact, Artifacts, Card, CardData
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace, disk_errors
from llmrec.embedding.behaviour import save_behaviour
from llmrec.errors import DataError
from llmrec.finetune.behaviour import BehaviourSettings, ShopData, shop_data, train_behaviour
from llmrec.finetune.behaviour.prepare import Observer, Training
from llmrec.finetune.behaviour.sequences import HeldOut, hold_out, in_order
from llmrec.retrieval.behaviour import forget_behaviour
from llmrec.retrieval.cache import cache_key
from llmrec.types import Event

__all__ = ["Validation", "close_held_out", "encoder_wanted", "hold_out_shop", "open_held_out"]

_PART = "fusion"


@dataclass(frozen=True)
class Validation:
    """A shop's log cut in two.

    Attributes:
        data: all of it, with the catalogue.
        train: events that sources may know.
        cases: each user's last new item, with what came before.
    """

    data: ShopData
    train: list[Event]
    cases: list[HeldOut]

    @property
    def state(self) -> str:
        """Changes when log, catalogue or index do."""
        return self.data.state


def hold_out_shop(workspace: Workspace) -> Validation:
    """Cut the log of ``workspace``.

    Raises:
        IndexMissing: nothing has been indexed.
        DataError: no user has three different items.
    """
    data = shop_data(workspace)
    train, cases = hold_out(in_order(data.events))
    if not cases:
        raise DataError(
            "There is nobody to validate with: no user has three different items.",
            hint="Ingest a longer event log; until then the weights of retrieval.weights serve.",
        )
    return Validation(data, train, cases)


def encoder_wanted(
    workspace: Workspace, asked: Validation
) -> tuple[BehaviourSettings, bool] | None:
    """Settings of the encoder that serves, as long as it may train; ``None`` if none serves.

    Returns:
        The settings without refit, and whether the one that serves can be taken as it is: it has
        learned from exactly the events that are not held out.
    """
    serving = Artifacts(workspace.models_dir).current("behaviour")
    if serving is None or workspace.settings.retrieval.weights.get("behaviour", 0) <= 0:
        return None
    known = {name: serving.card.settings.get(name) for name in BehaviourSettings.model_fields}
    settings = BehaviourSettings(**{k: v for k, v in known.items() if k in serving.card.settings})
    best = serving.card.extra.get("best_epoch")
    changed = {"refit": False} | ({"epochs": best} if isinstance(best, int) and best else {})
    settings = settings.model_copy(update=changed)
    same = Training(asked.train, asked.data.catalogue, settings).sha256
    return settings, serving.card.data.sha256 == same


def open_held_out(
    workspace: Workspace,
    asked: Validation,
    *,
    tell: Callable[[str], None] | None = None,
    progress: Observer | None = None,
) -> Workspace:
    """Make, or find, the second workspace; a stopped training goes on where it was.

    Raises:
        DiskFull: no space left.
        DataError: there is not enough to train the encoder on.
        OutOfMemory: the encoder does not fit.
    """
    home = workspace.cache_dir / "train-fusion"
    folder = home / cache_key(asked.state)
    for old in home.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
            shutil.rmtree(replace(workspace, part=_PART).models_dir, ignore_errors=True)
    database = folder / "catalog.db"
    if not database.is_file():
        _write(workspace, database, asked)
    settings = workspace.settings.model_copy(update={"database": f"sqlite:///{database}"})
    shop = Workspace(workspace.path, settings, _PART)
    _teach(workspace, shop, asked, folder, tell, progress)
    return shop


def close_held_out(workspace: Workspace) -> None:
    """Remove the second workspace of ``workspace`` with everything in it."""
    shop = replace(workspace, part=_PART)
    forget_behaviour(shop)
    shutil.rmtree(shop.models_dir, ignore_errors=True)
    shutil.rmtree(workspace.cache_dir / "train-fusion", ignore_errors=True)


def _write(workspace: Workspace, database: Path, asked: Validation) -> None:
    partial = database.with_name("partial.db")
    with disk_errors(database):
        shutil.rmtree(database.parent, ignore_errors=True)
        database.parent.mkdir(parents=True)
    with (
        CatalogStore.open(workspace.database_url) as all_of_it,
        CatalogStore.open(f"sqlite:///{partial}") as store,
    ):
        store.write_items(one for batch in all_of_it.iter_items() for one in batch)
        store.write_events(asked.train)
    with disk_errors(database):
        partial.replace(database)


def _teach(
    workspace: Workspace,
    shop: Workspace,
    asked: Validation,
    folder: Path,
    tell: Callable[[str], None] | None,
    progress: Observer | None,
) -> None:
    """Let an encoder serve in ``shop`` that has learned from the shorter log, if one is wanted."""
    artifacts, mark = Artifacts(shop.models_dir), folder / "encoder"
    wanted = encoder_wanted(workspace, asked)
    if wanted is None:
        shutil.rmtree(shop.models_dir, ignore_errors=True)
        return
    settings, as_it_is = wanted
    key = cache_key(settings.model_dump_json(), as_it_is)
    if artifacts.serving("behaviour") and mark.is_file() and mark.read_text() == key:
        return
    if as_it_is:
        serving = Artifacts(workspace.models_dir).current("behaviour")
        assert serving is not None
        made = _copied(artifacts, serving)
    else:
        if tell:
            tell("Training a behaviour encoder that has not seen the held-out events.")
        made = _trained(artifacts, asked, settings, folder / "training" / key, progress)
    artifacts.promote("behaviour", made.version)
    mark.write_text(key)


def _copied(artifacts: Artifacts, serving: Artifact) -> Artifact:
    def fill(folder: Path) -> None:
        for file in serving.folder.iterdir():
            if file.name != "card.json":
                shutil.copy2(file, folder / file.name)

    return artifacts.publish("behaviour", fill, serving.card)


def _trained(
    artifacts: Artifacts,
    asked: Validation,
    settings: BehaviourSettings,
    folder: Path,
    progress: Observer | None,
) -> Artifact:
    result = train_behaviour(
        asked.train,
        asked.data.catalogue,
        settings,
        validation=asked.cases,
        folder=folder,
        progress=progress,
    )
    data = CardData(
        sha256=result.sha256, events=result.events, users=result.users, items=result.encoder.known
    )
    card = Card(
        kind="behaviour",
        data=data,
        settings=settings.model_dump(mode="json"),
        seed=settings.seed,
        seconds=result.seconds,
        extra={"refitted": False, "best_epoch": result.best},
    )
    return artifacts.publish(
        "behaviour", lambda place: save_behaviour(result.encoder.taught(), place), card
    )
