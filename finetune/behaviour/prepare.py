"""Events, catalogue and settings made ready for training: vocabulary, sequences, text features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from llmrec.embedding.behaviour import BehaviourConfig, BehaviourEncoder
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.finetune.behaviour.reports import EncoderStepReport, EpochReport
from llmrec.finetune.behaviour.sequences import Sequences, make_sequences
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.validation import EncoderValidation, Scores
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.types import Event, FloatArray

if TYPE_CHECKING:
    from llmrec.embedding.behaviour.network import BehaviourNetwork
    from llmrec.finetune.behaviour.loop import Learned
    from llmrec.finetune.behaviour.steps import EncoderStepper

__all__ = ["Catalogue", "Observer", "Training"]

Observer: TypeAlias = Callable[["EpochReport | EncoderStepReport"], None]
"""Told after each step and each epoch."""


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
        self.kinds = self._event_kinds()
        numbers = {kind: number for number, kind in enumerate(self.kinds, start=1)}
        self.sequences: Sequences = self._read(numbers)
        self.basis, self._features = self._text()

    @property
    def sha256(self) -> str:
        """Of everything that is learned from: events, items, text vectors."""
        return self._digest()

    def _digest(self, *more: bytes) -> str:
        digest = hashlib.sha256()
        arrays = (self.sequences.items, self.sequences.kinds, self.sequences.gaps)
        for array in (*arrays, self.sequences.starts, self._features):
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
        digest.update("\x1f".join(self._catalogue.ids).encode("utf-8", "surrogatepass"))
        for part in more:
            digest.update(part)
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
        return sum(parameter.numel() for parameter in self.stepper().network.parameters())

    def stepper(self) -> EncoderStepper:
        """A fresh network with its optimizer; equal for equal seeds."""
        import torch

        from llmrec.embedding.behaviour.network import BehaviourNetwork
        from llmrec.finetune.behaviour.steps import EncoderStepper

        features = None if self._features is None else torch.from_numpy(self._features)
        with torch.random.fork_rng():
            torch.manual_seed(self._settings.seed)
            network = BehaviourNetwork(
                self.config, len(self.ids), features, dropout=self._settings.dropout
            )
        return EncoderStepper(network, self.sequences, self._settings)

    def validated(
        self,
        asked: EncoderValidation,
        folder: Path | None,
        progress: Observer | None,
    ) -> tuple[Learned, Scores]:
        """Train with early stopping. Returns what was learned, and its validation by case."""
        from llmrec.finetune.behaviour.loop import learn

        stepper = self.stepper()
        learned = learn(
            stepper,
            self._settings.epochs,
            validate=lambda: asked.scores(self._encoder(stepper.network)),
            folder=self._checkpoints(folder, asked.sha256),
            progress=progress,
        )
        return learned, asked.scores(self.encoder(learned))

    def plain(
        self,
        epochs: int,
        folder: Path | None,
        progress: Observer | None,
    ) -> Learned:
        """Train for so many epochs, without validation."""
        from llmrec.finetune.behaviour.loop import learn

        return learn(
            self.stepper(), epochs, folder=self._checkpoints(folder, None), progress=progress
        )

    def popularity(self, asked: EncoderValidation) -> Scores:
        """What masked popularity scores on the same cases."""
        counts = np.bincount(self.sequences.items, minlength=len(self.ids))
        return asked.popularity(counts, self.row)

    def encoder(self, learned: Learned) -> BehaviourEncoder:
        """The encoder with these weights, which also knows the items that have only a text."""
        network = self.stepper().network
        network.load_state_dict(learned.weights)
        return self._encoder(network.eval())

    def _encoder(self, network: BehaviourNetwork) -> BehaviourEncoder:
        made = BehaviourEncoder(network, self.ids, self.basis)
        if self.basis is None or self._catalogue.texts is None:
            return made
        return made.extended(self._catalogue.ids, self._catalogue.texts)

    def _event_kinds(self) -> tuple[str, ...]:
        """What is told apart: the kinds of the log, if it has more than one."""
        kinds = sorted({event.kind.value for event in self.events if event.item in self.row})
        return tuple(kinds) if self._settings.kinds and len(kinds) > 1 else ()

    def _read(self, kinds: Mapping[str, int]) -> Sequences:
        return make_sequences(self.events, self.row, kinds)

    def _text(self) -> tuple[TextBasis | None, FloatArray | None]:
        vectors = self._own_texts()
        if vectors is None:
            return None, None
        wanted = self._settings.text_rank or self._settings.dim
        basis = TextBasis.of(vectors, min(wanted, vectors.shape[1]))
        return basis, basis.features(vectors)

    def _own_texts(self) -> FloatArray | None:
        """The text vectors of ``ids``, if text is read."""
        texts = self._catalogue.texts
        if texts is None or not self._settings.text:
            return None
        at = {id: place for place, id in enumerate(self._catalogue.ids)}
        vectors: FloatArray = texts[[at[id] for id in self.ids]]
        return vectors

    def _checkpoints(self, folder: Path | None, cases: str | None) -> TrainingFolder | None:
        if folder is None:
            return None
        settings = self._settings.model_dump(mode="json", exclude={"save_every", "epochs"})
        return TrainingFolder(
            folder, {"settings": settings, "data": self.sha256, "validation": cases}
        )
