"""From events to a behaviour encoder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from llmrec.embedding.behaviour import BehaviourEncoder
from llmrec.errors import DataError
from llmrec.finetune.behaviour.prepare import Catalogue, Observer, Training
from llmrec.finetune.behaviour.reports import EpochReport
from llmrec.finetune.behaviour.sequences import Case, hold_out, in_order
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.validation import Scores, Validation
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.types import Event

__all__ = ["BehaviourResult", "train_behaviour"]

_DOING = "training the behaviour encoder"

_LATE = 5
"""Epochs after which a network that is still below popularity is not learning."""


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
    progress: Observer | None = None,
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
            everything = known if validation is None else in_order([*train, *targets])
            final = Training(everything, catalogue, settings)
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
