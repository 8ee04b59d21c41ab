"""Going on: from an encoder that serves, on what its shoppers have done since.

Its network, its text directions and its event kinds stay; items that came since get a row, which
starts as their text says. Only new items of a history are asked for; what was learned before is
read, and asked for no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from llmrec.artifacts import Artifact
from llmrec.embedding.behaviour import BehaviourConfig, BehaviourEncoder
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.errors import ConfigError, ModelError
from llmrec.finetune.behaviour.prepare import Catalogue, Training
from llmrec.finetune.behaviour.sequences import HeldOutCase, Sequences, make_sequences
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.validation import EncoderValidation, Scores
from llmrec.types import Event, FloatArray

if TYPE_CHECKING:
    from llmrec.finetune.behaviour.steps import EncoderStepper

__all__ = ["Origin", "check_shape", "continuing_start", "hold_out_new", "new_targets"]

_EPOCHS, _PATIENCE = 20, 3

_SHAPE = (
    "dim", "layers", "heads", "feedforward", "layer", "positions", "history", "text", "text_rank",
    "kinds", "gaps",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Origin:
    """What is gone on from, and on what.

    Attributes:
        name: of the version.
        encoder: what it holds.
        new: events that it has not learned.
    """

    name: str
    encoder: BehaviourEncoder = field(repr=False)
    new: frozenset[Event] = field(repr=False)

    def check(self, catalogue: Catalogue) -> None:
        """Refuse to go on where the texts say something else than when it was trained.

        Raises:
            ModelError: the items' text vectors are of another encoder, or gone.
        """
        wanted = self.encoder.config.text_encoder
        if wanted and (catalogue.texts is None or catalogue.text_encoder != wanted):
            raise ModelError(
                f"{self.name} has read text vectors of '{wanted}', and the index has those of "
                f"'{catalogue.text_encoder}'.",
                hint="Train it anew, without --since.",
            )

    def run(
        self, events: list[Event], catalogue: Catalogue, settings: BehaviourSettings
    ) -> Training:
        """``events`` made ready.

        Raises:
            DataError: nobody has an item to ask for.
        """
        return _Continued(self, events, catalogue, settings)

    def scores(self, asked: EncoderValidation, catalogue: Catalogue) -> Scores:
        """How well it answers as it stands, among the items that there are today."""
        encoder = self.encoder
        if encoder.basis is not None and catalogue.texts is not None:
            encoder = encoder.extended(catalogue.ids, catalogue.texts)
        return asked.scores(encoder, among=catalogue.ids)


def continuing_start(parent: Artifact) -> dict[str, Any]:
    """The settings that ``parent`` was trained with, and fewer epochs."""
    theirs = parent.card.settings
    known = {name: theirs[name] for name in BehaviourSettings.model_fields if name in theirs}
    return {**known, "epochs": _EPOCHS, "patience": _PATIENCE}


def check_shape(parent: Artifact, settings: BehaviourSettings) -> None:
    """Refuse settings that would change the network of ``parent``.

    Raises:
        ConfigError: they would; the message names the first.
    """
    known = parent.card.settings
    for name in _SHAPE:
        if name in known and getattr(settings, name) != known[name]:
            raise ConfigError(
                f"{name} = {getattr(settings, name)}: {parent.name} was trained with "
                f"{known[name]}, and goes on with it.",
                hint="Leave it out, or train anew without --since.",
            )


def new_targets(events: Sequence[Event], new: Collection[Event]) -> dict[str, list[int]]:
    """By user the places, in his own events, of new ones with an item that he meets there first.

    A user's very first event has no history and is none. Users without any are left out.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
        new: some of these.
    """
    targets: dict[str, list[int]] = {}
    for user, group in groupby(events, key=lambda event: event.user):
        had: set[str] = set()
        places = []
        for place, event in enumerate(group):
            if had and event.item not in had and event in new:
                places.append(place)
            had.add(event.item)
        if places:
            targets[user] = places
    return targets


def hold_out_new(
    events: Sequence[Event],
    new: Collection[Event],
    most: int,
    seed: int,
    *,
    share: float = 0.5,
) -> tuple[list[Event], list[HeldOutCase]]:
    """Hold out the newest new item of a shopper, and what follows it, for at most ``most`` of them.

    Half of all new items are left to learn from, also where everybody has come back for only one.

    Args:
        events: from :func:`~llmrec.finetune.behaviour.sequences.in_order`.
        new: some of these.
        most: users whose item is held out, drawn by ``seed``.
        seed: of the draw.
        share: of all new items that may be held out.
    """
    targets = new_targets(events, new)
    most = min(most, int(share * sum(map(len, targets.values()))), len(targets))
    drawn = np.random.default_rng(seed).choice(sorted(targets), most, replace=False)
    chosen = set(drawn.tolist())
    train: list[Event] = []
    cases: list[HeldOutCase] = []
    for user, group in groupby(events, key=lambda event: event.user):
        history = list(group)
        if user not in chosen:
            train += history
            continue
        last = targets[user][-1]
        train += history[:last]
        cases.append(HeldOutCase(tuple(history[:last]), (history[last],)))
    return train, cases


class _Continued(Training):
    """A training that begins with another's weights and asks for new items alone."""

    def __init__(
        self,
        origin: Origin,
        events: list[Event],
        catalogue: Catalogue,
        settings: BehaviourSettings,
    ) -> None:
        self._origin = origin
        super().__init__(events, catalogue, settings)

    @property
    def config(self) -> BehaviourConfig:
        return self._origin.encoder.config

    @property
    def sha256(self) -> str:
        return self._digest(self.sequences.fresh.tobytes(), self._origin.name.encode())

    def stepper(self) -> EncoderStepper:
        stepper, start = super().stepper(), self._origin.encoder
        state = dict(start.network.state_dict())
        weights = stepper.network.state_dict()
        rows = [(row, start.row[id]) for id, row in self.row.items() if id in start.row]
        kept = [(row, old) for row, old in rows if old < start.known]
        table = weights["ids.weight"].clone()
        if kept:
            to, of = zip(*kept, strict=True)
            table[list(to)] = state["ids.weight"][list(of)]
        stepper.network.load_state_dict(
            state | {"ids.weight": table, "features": weights["features"]}
        )
        return stepper

    def popularity(self, asked: EncoderValidation) -> Scores:
        rows = [self.row[event.item] for event in self.events if event.item in self.row]
        return asked.popularity(np.bincount(rows, minlength=len(self.ids)), self.row)

    def _event_kinds(self) -> tuple[str, ...]:
        return self._origin.encoder.config.kinds

    def _read(self, kinds: Mapping[str, int]) -> Sequences:
        new = self._origin.new
        return make_sequences(self.events, self.row, kinds, new=new, history=self.config.history)

    def _text(self) -> tuple[TextBasis | None, FloatArray | None]:
        basis, texts = self._origin.encoder.basis, self._own_texts()
        return basis, None if basis is None or texts is None else basis.features(texts)
