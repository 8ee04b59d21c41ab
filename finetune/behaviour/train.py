"""From events to a behaviour encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from llmrec.embedding.behaviour import BehaviourEncoder
from llmrec.errors import DataError
from llmrec.finetune.behaviour.continuing import Origin, hold_out_new, new_targets
from llmrec.finetune.behaviour.prepare import Catalogue, Observer, Training
from llmrec.finetune.behaviour.reports import EpochReport
from llmrec.finetune.behaviour.sequences import LoggedCase, hold_out, in_order
from llmrec.finetune.behaviour.settings import BehaviourSettings
from llmrec.finetune.behaviour.validation import EncoderValidation, Scores
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.types import Event

__all__ = ["BehaviourResult", "continue_behaviour", "train_behaviour"]

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
        learned: the events that were learned from at last.
        before: the same of what was gone on from, as it stood; ``None`` if it began anew.
        new: targets that what was gone on from had not learned.
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
    learned: Sequence[Event] = field(default=(), repr=False)
    before: Scores | None = field(default=None, repr=False)
    new: int = 0


def train_behaviour(
    events: Iterable[Event],
    catalogue: Catalogue,
    settings: BehaviourSettings | None = None,
    *,
    validation: Sequence[LoggedCase] | None = None,
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
    settings = settings or BehaviourSettings()
    known = in_order(events)
    train, cases = (known, list(validation)) if validation is not None else hold_out(known)
    if validation is not None and settings.refit:
        known = in_order([*train, *(event for case in cases for event in case.targets)])

    def ready(events_known: list[Event]) -> Training:
        return Training(events_known, catalogue, settings)

    return _learned(ready, train, known, cases, settings, folder, progress)


def continue_behaviour(
    events: Iterable[Event],
    catalogue: Catalogue,
    settings: BehaviourSettings,
    origin: Origin,
    *,
    folder: Path | None = None,
    progress: Observer | None = None,
) -> BehaviourResult:
    """Go on from ``origin`` on its new events, until validation stops rising.

    The newest new item of a shopper is held out; both the origin as it stands and the result are
    asked for it. With ``refit`` it goes on from the origin again, on these too.

    Args:
        events: the whole log, in any order.
        catalogue: all items.
        settings: of the run; the network's shape is that of the origin.
        origin: what to go on from.
        folder: for checkpoints; see :func:`train_behaviour`.
        progress: told after each step and each epoch.

    Raises:
        DataError: there are fewer than two new items to ask for.
        ModelError: its texts are of another encoder, or the loss is not a number any more.
    """
    origin.check(catalogue)
    known = in_order(events)
    train, cases = hold_out_new(known, origin.new, settings.validation_users, settings.seed)

    def ready(events_known: list[Event]) -> Training:
        return origin.run(events_known, catalogue, settings)

    result = _learned(ready, train, known, cases, settings, folder, progress)
    asked = EncoderValidation(cases, settings.validation_users, settings.seed)
    new = sum(map(len, new_targets(known, origin.new).values()))
    return replace(result, before=origin.scores(asked, catalogue), new=new)


def _learned(
    ready: Callable[[list[Event]], Training],
    train: list[Event],
    everything: list[Event],
    cases: Sequence[LoggedCase],
    settings: BehaviourSettings,
    folder: Path | None,
    progress: Observer | None,
) -> BehaviourResult:
    """Train on ``train`` beside ``cases``; with ``refit`` then on ``everything``."""
    from llmrec.engines.local.torch_errors import torch_errors

    started = perf_counter()
    asked = EncoderValidation(cases, settings.validation_users, settings.seed)
    if not len(asked):
        raise DataError(
            "There is nobody to validate with: no user has three different items.",
            hint="Ingest a longer event log; until then the other sources retrieve without it.",
        )
    with ExitStack() as stack:
        stack.enter_context(torch_errors(_DOING, hint="Lower batch, dim or full_limit."))
        if folder is not None:
            stack.enter_context(TrainingFolder(folder, {}).exclusive())
        run = ready(train)
        learned, scores = run.validated(asked, _sub(folder, "fit"), progress)
        popularity = run.popularity(asked)
        encoder, final = run.encoder(learned), run
        if settings.refit:
            final = ready(everything)
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
        learned=final.events,
    )


def _sub(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _warnings(reports: Sequence[EpochReport], popularity: Scores) -> tuple[str, ...]:
    reached = max((report.ndcg or 0.0 for report in reports), default=0.0)
    if len(reports) < _LATE or reached >= popularity.main:
        return ()
    return (
        f"This is not learning: after {len(reports)} epochs NDCG@10 is {reached:.4f}, that of "
        f"popularity {popularity.main:.4f}. The log may be too short, or its order means nothing.",
    )
