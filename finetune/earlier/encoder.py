"""A behaviour encoder that has not seen what is asked for.

The one that serves has usually been refitted on everything, so one with the same settings is
trained on the shorter log for as many epochs as were best, unless the one that serves has learned
from just that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llmrec.artifacts import CARD_NAME, Artifact, Artifacts, Card, CardData
from llmrec.config import Workspace
from llmrec.embedding.behaviour import save_behaviour
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import ModelError
from llmrec.finetune.behaviour.prepare import Catalogue, Observer, Training
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.finetune.seen import event_hashes, read_seen
from llmrec.retrieval.cache import cache_key
from llmrec.types import Event

__all__ = ["Wanted", "copied", "encoder_wanted", "teach"]

_KIND = "behaviour"


@dataclass(frozen=True)
class Wanted:
    """The encoder for an earlier log.

    Attributes:
        settings: with as many epochs as it is trained for.
        ready: a version that has learned from just that log, ``None`` if one must be trained.
    """

    settings: BehaviourSettings
    ready: Artifact | None


def encoder_wanted(
    workspace: Workspace, known: Sequence[Event], catalogue: Catalogue, *, older: bool = False
) -> Wanted | None:
    """The encoder that should retrieve in the shop as it was; ``None`` if none serves.

    Args:
        workspace: the shop.
        known: the earlier log, in order.
        catalogue: all items.
        older: whether one may do that the serving one went on from, if it has learned nothing but
            events of ``known``. It knows less than it could: right for what has just come.

    Raises:
        DataError: nobody in ``known`` has two different items.
    """
    serving = Artifacts(workspace.models_dir).current(_KIND)
    if serving is None or workspace.settings.retrieval.weights.get(_KIND, 0) <= 0:
        return None
    given = serving.card.settings
    settings = BehaviourSettings(
        **{k: given[k] for k in BehaviourSettings.model_fields if k in given}
    )
    epochs = serving.card.extra.get("best_epoch") or settings.epochs
    settings = settings.model_copy(update={"refit": False, "epochs": int(epochs)})
    if Training(list(known), catalogue, settings).sha256 == serving.card.data.sha256:
        return Wanted(settings, serving)
    return Wanted(settings, _older(workspace, serving, known, catalogue) if older else None)


def _older(
    workspace: Workspace, serving: Artifact, known: Sequence[Event], catalogue: Catalogue
) -> Artifact | None:
    """The youngest in the line of ``serving`` that has learned nothing but events of ``known``."""
    hashes = event_hashes(known)
    version: Artifact | None = serving
    while version is not None:
        seen, text = read_seen(version.folder), version.card.extra.get("text_encoder")
        if (
            seen is not None
            and text in ("", catalogue.text_encoder)
            and np.isin(seen, hashes).all()
        ):
            return version
        version = _parent(workspace, version)
    return None


def _parent(workspace: Workspace, artifact: Artifact) -> Artifact | None:
    if artifact.card.parent is None:
        return None
    try:
        return Artifacts(workspace.models_dir).get(_KIND, artifact.card.parent)
    except ModelError:
        # Removed, or damaged: it is not needed.
        return None


def teach(
    shop: Workspace,
    wanted: Wanted | None,
    known: Sequence[Event],
    catalogue: Catalogue,
    folder: Path,
    tell: Callable[[str], None] | None,
    progress: Observer | None,
) -> None:
    """Let the encoder serve in ``shop`` that is wanted there.

    Args:
        shop: the second workspace.
        wanted: the encoder, if one is.
        known: the earlier log.
        catalogue: all items.
        folder: for checkpoints.
        tell: told in words what is being done.
        progress: told of each step and epoch.
    """
    artifacts, mark = Artifacts(shop.models_dir), folder / "encoder"
    if wanted is None:
        shutil.rmtree(shop.models_dir / _KIND, ignore_errors=True)
        return
    key = cache_key(wanted.settings.model_dump_json(), wanted.ready and wanted.ready.name)
    if artifacts.serving(_KIND) and mark.is_file() and mark.read_text() == key:
        return
    if wanted.ready is not None:
        made = copied(artifacts, wanted.ready)
    else:
        if tell:
            tell("Training a behaviour encoder that has not seen what is asked for.")
        training = folder / "training" / key
        made = _trained(artifacts, known, catalogue, wanted.settings, training, progress)
    artifacts.promote(_KIND, made.version)
    mark.write_text(key)


def copied(artifacts: Artifacts, original: Artifact) -> Artifact:
    """``original`` as a version of ``artifacts``, card and all."""

    def fill(folder: Path) -> None:
        ignored = shutil.ignore_patterns(CARD_NAME)
        shutil.copytree(original.folder, folder, dirs_exist_ok=True, ignore=ignored)

    return artifacts.publish(original.kind, fill, original.card)


def _trained(
    artifacts: Artifacts,
    known: Sequence[Event],
    catalogue: Catalogue,
    settings: BehaviourSettings,
    folder: Path,
    progress: Observer | None,
) -> Artifact:
    doing = torch_errors("training the behaviour encoder", hint="Lower batch, dim or full_limit.")
    with doing, TrainingFolder(folder, {}).exclusive():
        run = Training(list(known), catalogue, settings)
        encoder = run.encoder(run.plain(settings.epochs, folder, progress))
    card = Card(
        kind=_KIND,
        data=CardData(
            sha256=run.sha256,
            events=len(run.events),
            users=run.sequences.users,
            items=encoder.known,
        ),
        settings=settings.model_dump(mode="json"),
        seed=settings.seed,
        seconds=0.0,
        notes=(f"Trained for {settings.epochs} epochs on the log as it was.",),
        extra={"refitted": False, "best_epoch": settings.epochs},
    )
    return artifacts.publish(_KIND, lambda place: save_behaviour(encoder.taught(), place), card)
