"""From events to a behaviour encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from llmrec.embedding.behaviour import BehaviourConfig, BehaviourEncoder
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.errors import DataError
from llmrec.finetune.behaviour.checkpoints import TrainingFolder
from llmrec.finetune.behaviour.reports import EpochReport, StepReport
from llmrec.finetune.behaviour.sequences import (
    Case,
    Sequences,
    hold_out,
    in_order,
    make_sequences,
)
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.validation import Scores, Validation
from llmrec.types import Event, FloatArray

if TYPE_CHECKING:
    from llmrec.finetune.behaviour.loop import Learned
    from llmrec.finetune.behaviour.steps import Stepper

__all__ = ["BehaviourResult", "Catalogue", "Training", "train_behaviour"]

_DOING = "training the behaviour encoder"
_LATE = 5
"""Epochs after which a network that is still below popularity is not learning."""


@dataclass(frozen=True)
class Catalogue:
    """The items that there are.

    Attributes:
        ids: of all items, with events or without.
        texts: their text vectors, float32 ``[len(ids), text_dim]``, or ``None``.
        text_encoder: fingerprint of what made the vectors.
    """

    ids: Sequence[str]
    texts: FloatArray | None = field(default=None, repr=False)
    text_encoder: str = ""


@dataclass(frozen=True, eq=False)
class BehaviourResult:
    """A finished training.

    Attributes:
        encoder: knows all items of the catalogue that have events or texts.
        reports: the curve of the training that was validated.
        best: its best epoch, 1-based.
        scores: validation by case at that epoch; of the first training where there was a refit.
        popularity: the same of masked popularity.
        refitted: whether the encoder was then trained anew on everything, ``best`` epochs long.
        events: that were learned from at last.
        users: whose these are.
        sha256: of these events and the catalogue.
        parameters: weights that were trained.
        seconds: all of it.
        warnings: what a user should know.
    """

    encoder: BehaviourEncoder = field(repr=False)
    reports: tuple[EpochReport, ...]
    best: int
    scores: Scores = field(repr=False)
    popularity: Scores = field(repr=False)
    refitted: bool
    events: int
    users: int
    sha256: str
    parameters: int
    seconds: float
    warnings: tuple[str, ...] = ()


def train_behaviour(
    events: Iterable[Event],
    catalogue: Catalogue,
    settings: BehaviourSettings | None = None,
    *,
    validation: Sequence[Case] | None = None,
    folder: Path | None = None,
    progress: Callable[[EpochReport | StepReport], None] | None = None,
) -> BehaviourResult:
    """Train until validation stops rising; with ``refit`` then anew on everything.

    Args:
        events: the log, in any order; dislikes are left out.
        catalogue: all items; events of others are left out.
        settings: of the run.
        validation: cases that ``events`` do not hold the targets of; without them each user's last
            new item is held out of ``events``.
        folder: for checkpoints. Killed at any moment, the same call goes on from the last one and
            ends as if nothing had been. They are removed at the end.
        progress: told after each step and each epoch.

    Raises:
        DataError: nobody has two different items, or there is nobody to validate with.
        ModelError: the loss is not a number any more.
        ConfigError: the checkpoint is of other settings or data.
        LockedError: another process trains in ``folder``.
        OutOfMemory: model and batch do not fit.
    """
    from llmrec.engines.local.torch_errors import torch_errors

    settings = settings or BehaviourSettings()
    started = perf_counter()
    known = in_order(events)
    train, cases = (known, list(validation)) if validation is not None else hold_out(known)
    asked = Validation(cases, settings.validation_users, settings.seed)
    if not len(asked):
        raise DataError(
            "There is nobody to validate with: no user has three different items.",
            hint="Ingest a longer event log; until then the other sources retrieve without it.",
        )
    with ExitStack() as held:
        held.enter_context(torch_errors(_DOING, hint="Lower batch, dim or full_limit."))
        if folder is not None:
            held.enter_context(TrainingFolder(folder, {}).exclusive())
        run = Training(train, catalogue, settings)
        learned, scores = run.validated(asked, _sub(folder, "fit"), progress)
        popularity = run.popularity(asked)
        encoder, final = run.encoder(learned), run
        if settings.refit:
            targets = [event for case in cases for event in case.targets]
            final = Training(in_order([*train, *targets]), catalogue, settings)
            encoder = final.encoder(final.plain(learned.best, _sub(folder, "refit"), progress))
        for part in (_sub(folder, "fit"), _sub(folder, "refit")):
            if part is not None:
                TrainingFolder(part, {}).clear()
    return BehaviourResult(
        encoder=encoder,
        reports=learned.reports,
        best=learned.best,
        scores=scores,
        popularity=popularity,
        refitted=settings.refit,
        events=len(final.events),
        users=final.sequences.users,
        sha256=final.sha256,
        parameters=final.parameters,
        seconds=perf_counter() - started,
        warnings=_warnings(learned.reports, popularity),
    )


class Training:
    """Events, catalogue and settings made ready: vocabulary, sequences, text features.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
        catalogue: all items.
        settings: of the run.

    Raises:
        DataError: nobody has two different items.
    """

    def __init__(
        self, events: list[Event], catalogue: Catalogue, settings: BehaviourSettings
    ) -> None:
        self.events, self._catalogue, self._settings = events, catalogue, settings
        touched = {event.item for event in events}
        self.ids = tuple(id for id in catalogue.ids if id in touched)
        self.row = {id: row for row, id in enumerate(self.ids)}
        kinds = sorted({event.kind.value for event in events if event.item in self.row})
        self.kinds = tuple(kinds) if settings.kinds and len(kinds) > 1 else ()
        self.sequences: Sequences = make_sequences(
            events, self.row, {kind: number for number, kind in enumerate(self.kinds, start=1)}
        )
        self.basis, self._features = self._text()

    @property
    def sha256(self) -> str:
        """Of everything that is learned from: events, items, text vectors."""
        digest = hashlib.sha256()
        arrays = (self.sequences.items, self.sequences.kinds, self.sequences.gaps)
        for array in (*arrays, self.sequences.starts, self._features):
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
        digest.update("\x1f".join(self._catalogue.ids).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @property
    def config(self) -> BehaviourConfig:
        """The network's shape for these settings and this log."""
        chosen, texts = self._settings, self._catalogue.texts
        with_text = self.basis is not None and texts is not None
        timed = bool((self.sequences.gaps > 0).any())
        return BehaviourConfig(
            dim=chosen.dim,
            layers=chosen.layers,
            heads=chosen.heads,
            feedforward=chosen.feedforward,
            layer=chosen.layer,
            positions=chosen.positions,
            history=chosen.history,
            kinds=self.kinds,
            gaps=chosen.gaps and timed,
            text_dim=texts.shape[1] if with_text and texts is not None else 0,
            text_rank=self.basis.directions.shape[1] if self.basis is not None else 0,
            text_encoder=self._catalogue.text_encoder if with_text else "",
        )

    @property
    def parameters(self) -> int:
        """Weights that are trained."""
        return sum(one.numel() for one in self.stepper().network.parameters())

    def stepper(self) -> Stepper:
        """A fresh network with its optimizer; equal for equal seeds."""
        import torch

        from llmrec.embedding.behaviour.network import BehaviourNetwork
        from llmrec.finetune.behaviour.steps import Stepper

        features = None if self._features is None else torch.from_numpy(self._features)
        with torch.random.fork_rng():
            torch.manual_seed(self._settings.seed)
            network = BehaviourNetwork(
                self.config, len(self.ids), features, dropout=self._settings.dropout
            )
        return Stepper(network, self.sequences, self._settings)

    def validated(
        self,
        asked: Validation,
        folder: Path | None,
        progress: Callable[[EpochReport | StepReport], None] | None,
    ) -> tuple[Learned, Scores]:
        """Train with early stopping. Returns what was learned, and its validation by case."""
        from llmrec.finetune.behaviour.loop import learn

        stepper = self.stepper()
        learned = learn(
            stepper,
            self._settings.epochs,
            validate=lambda: asked.scores(self._encoder(stepper.network)),
            folder=self._checkpoints(folder, len(asked)),
            progress=progress,
        )
        return learned, asked.scores(self.encoder(learned))

    def plain(
        self,
        epochs: int,
        folder: Path | None,
        progress: Callable[[EpochReport | StepReport], None] | None,
    ) -> Learned:
        """Train for so many epochs, without validation."""
        from llmrec.finetune.behaviour.loop import learn

        return learn(self.stepper(), epochs, folder=self._checkpoints(folder, 0), progress=progress)

    def popularity(self, asked: Validation) -> Scores:
        """What masked popularity scores on the same cases."""
        counts = np.bincount(self.sequences.items, minlength=len(self.ids))
        return asked.popularity(counts, self.row)

    def encoder(self, learned: Learned) -> BehaviourEncoder:
        """The encoder with these weights, which also knows the items that have only a text."""
        network = self.stepper().network
        network.load_state_dict(learned.weights)
        return self._encoder(network.eval())

    def _encoder(self, network: object) -> BehaviourEncoder:
        from llmrec.embedding.behaviour.network import BehaviourNetwork

        assert isinstance(network, BehaviourNetwork)
        made = BehaviourEncoder(network, self.ids, self.basis)
        if self.basis is None or self._catalogue.texts is None:
            return made
        return made.extended(self._catalogue.ids, self._catalogue.texts)

    def _text(self) -> tuple[TextBasis | None, FloatArray | None]:
        texts = self._catalogue.texts
        if texts is None or not self._settings.text:
            return None, None
        at = {id: place for place, id in enumerate(self._catalogue.ids)}
        own = texts[[at[id] for id in self.ids]]
        wanted = self._settings.text_rank or self._settings.dim
        basis = TextBasis.of(own, min(wanted, texts.shape[1]))
        return basis, basis.features(own)

    def _checkpoints(self, folder: Path | None, cases: int) -> TrainingFolder | None:
        if folder is None:
            return None
        settings = self._settings.model_dump(mode="json", exclude={"save_every", "epochs"})
        return TrainingFolder(
            folder, {"settings": settings, "data": self.sha256, "validation": cases}
        )


def _sub(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _warnings(reports: Sequence[EpochReport], popularity: Scores) -> tuple[str, ...]:
    reached = max((one.ndcg or 0.0 for one in reports), default=0.0)
    if len(reports) < _LATE or reached >= popularity.main:
        return ()
    return (
        f"This is not learning: after {len(reports)} epochs NDCG@10 is {reached:.4f}, that of "
        f"popularity {popularity.main:.4f}. The log may be too short, or its order means nothing.",
    )
