"""A behaviour encoder that has not seen what validation asks.

The one that serves has usually been refitted on everything, so one with the same settings is
trained on the shorter log, unless its card says that it has learned from just that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from llmrec.artifacts import CARD_NAME, Artifact, Artifacts, Card, CardData
from llmrec.config import Workspace
from llmrec.embedding.behaviour import save_behaviour
from llmrec.finetune.behaviour import BehaviourSettings, train_behaviour
from llmrec.finetune.behaviour.prepare import Observer, Training
from llmrec.finetune.fusion.held_out import Validation
from llmrec.retrieval.cache import cache_key

__all__ = ["encoder_wanted", "teach"]


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


def teach(
    workspace: Workspace,
    shop: Workspace,
    asked: Validation,
    folder: Path,
    tell: Callable[[str], None] | None,
    progress: Observer | None,
) -> None:
    """Let an encoder serve in ``shop`` that has learned from the shorter log, if one is wanted.

    Args:
        workspace: the shop, whose encoder's settings are taken.
        shop: the second workspace.
        asked: what the encoder must not have seen.
        folder: for checkpoints.
        tell: told in words what is being done.
        progress: told of each step and epoch.
    """
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
            if file.name != CARD_NAME:
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
