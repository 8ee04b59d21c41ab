"""What a workspace gives the training of its ranker: examples of what its shoppers chose."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from llmrec.artifacts import Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace, disk_errors
from llmrec.finetune.behaviour.prepare import Observer
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.behaviour.shop import ShopData, shop_data
from llmrec.finetune.earlier import (
    HeldBack,
    close_earlier,
    held_back,
    hold_back_users,
    open_earlier,
)
from llmrec.finetune.example_files import kept_examples
from llmrec.finetune.examples import ExampleSet, build_examples, joined
from llmrec.finetune.seen import save_seen
from llmrec.finetune.since import Since
from llmrec.prompting import rank_prompt_version
from llmrec.retrieval import Retriever
from llmrec.retrieval.cache import cache_key
from llmrec.types import Event

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = [
    "PART",
    "VALIDATION",
    "ExampleOptions",
    "RankerData",
    "ranker_data",
    "ranker_state",
    "sample_data",
    "to_ask",
]

PART = "ranker"
"""Of the workspace that retrieves as the shop did before the examples."""

VALIDATION = 1_000
"""Most users that validation asks."""

_MADE = 2
"""Raised when examples are made otherwise: those that lie in a cache are then not read again."""

Ticks = Callable[[int, int], None]
"""Told the number of users done and of all."""


@dataclass(frozen=True)
class RankerData:
    """Examples to train on, and those that say when to stop and how good it is."""

    train: ExampleSet
    validation: ExampleSet


def ranker_state(workspace: Workspace) -> str:
    """A name that changes when examples should be made anew."""
    with CatalogStore.open(workspace.database_url) as store:
        revision = store.revision()
    settings, artifacts = workspace.settings, Artifacts(workspace.models_dir)
    return cache_key(
        _MADE,
        f"{revision.items} {revision.events}",
        settings.models.llm,
        settings.models.encoder,
        settings.retrieval.model_dump_json(),
        settings.ranking.model_dump_json(include={"token_budget", "history_items"}),
        rank_prompt_version(),
        *(artifacts.serving(kind) for kind in ("behaviour", "fusion")),
    )


@dataclass(frozen=True)
class ExampleOptions:
    """Which of the shop's events become examples.

    Attributes:
        max_examples: train on so many users, drawn by ``seed``.
        per_user: train on so many items of each of them, the latest.
        folds: train on all items of each of them instead, with candidates of a retriever that has
            learned from the other folds of users; takes a retriever for each fold. Not with
            ``since``.
        retrieved_only: train only on those whose chosen item the retriever had found; otherwise
            those of the others take the last candidate's place.
        validation: most users that validation asks; :data:`VALIDATION` by default.
        since: ask only for what is new.
        seed: of the draws.
    """

    max_examples: int | None = None
    per_user: int = 1
    folds: int = 0
    retrieved_only: bool = False
    validation: int | None = None
    since: Since | None = None
    seed: int = 0

    @property
    def by_folds(self) -> bool:
        """Whether the examples are made fold by fold."""
        return bool(self.folds) and self.since is None


def ranker_data(
    workspace: Workspace,
    engine: Engine,
    folder: Path,
    options: ExampleOptions | None = None,
    *,
    encoder_progress: Observer | None = None,
    progress: Ticks | None = None,
) -> RankerData:
    """Make the examples, with a retriever that has not seen their targets, or read those made.

    Training asks for each user's last new items but one, validation for the last. Beside them lies
    what was seen of the log.

    Args:
        workspace: the shop.
        engine: whose prompts.
        folder: where the examples are kept.
        options: which ones.
        encoder_progress: told of the behaviour encoder's training.
        progress: told of the users done.

    Raises:
        DataError: the log is too short; the message says in what way.
        IndexMissing: nothing has been indexed.
    """
    options = options or ExampleOptions()
    files = folder / "train.jsonl", folder / "validation.jsonl"
    if all(file.is_file() for file in files):
        return RankerData(*(kept_examples(file, _nothing) for file in files))
    data = shop_data(workspace)
    held = held_back(data.events, options.since, per_user=options.per_user)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_seen(data.events, folder)
    earlier = _EarlierShop(workspace, engine, data, options, encoder_progress, progress)
    if options.by_folds:
        train = kept_examples(files[0], lambda: earlier.of_folds(folder))
    with earlier.opened(held) as maker:
        if not options.by_folds:
            train = kept_examples(files[0], lambda: earlier.of_all(maker))
        most = VALIDATION if options.validation is None else options.validation
        valid = kept_examples(files[1], lambda: maker.make("validation", most))
    close_earlier(workspace, PART)
    return RankerData(train, valid)


@dataclass(frozen=True)
class _EarlierShop:
    """The shop as it was before the examples, opened anew for each part of them."""

    workspace: Workspace
    engine: Engine
    data: ShopData
    options: ExampleOptions
    encoder_progress: Observer | None
    progress: Ticks | None

    def opened(self, held: HeldBack) -> _Maker:
        """With a retriever that knows the log without what ``held`` asks for."""
        shop = open_earlier(
            self.workspace,
            PART,
            self.data,
            held.known,
            fusion=True,
            older=self.options.since is not None,
            progress=self.encoder_progress,
        )
        return _Maker(shop, self.engine, held, self.options.seed, self.progress)

    def of_all(self, maker: _Maker) -> ExampleSet:
        """Examples of all users together."""
        options = self.options
        return maker.make(
            "train",
            options.max_examples,
            insert=not options.retrieved_only,
            per_user=options.per_user,
        )

    def of_folds(self, folder: Path) -> ExampleSet:
        """Examples of all folds; those of each are kept in ``folder``, as they take long."""
        return joined(
            [
                kept_examples(folder / f"fold-{fold}.jsonl", partial(self._of_fold, fold))
                for fold in range(self.options.folds)
            ]
        )

    def _of_fold(self, fold: int) -> ExampleSet:
        options, events = self.options, self.data.events
        most = options.max_examples
        if most is not None:
            most = max(1, most // options.folds)
        with self.opened(hold_back_users(events, fold, options.folds)) as maker:
            return maker.make(
                "train", most, insert=not options.retrieved_only, per_user=len(events)
            )


def sample_data(
    workspace: Workspace, engine: Engine, held: HeldBack, *, users: int, seed: int = 0
) -> ExampleSet:
    """A few examples made with the shop's own retriever: of the right size, and for nothing else.

    Raises:
        DataError: the log is too short.
        IndexMissing: nothing has been indexed.
    """
    with _Maker(workspace, engine, held, seed, None) as maker:
        return maker.make("train", users, insert=True)


def to_ask(
    workspace: Workspace, since: Since | None = None, *, per_user: int = 1, folds: int = 0
) -> HeldBack:
    """What would be asked of the shop's users; with ``folds``, of those of the first fold.

    Raises:
        DataError: no user has an item to train on, one to validate with, and a history.
    """
    with CatalogStore.open(workspace.database_url) as store:
        events = (event for batch in store.iter_events() for event in batch)
        if not folds or since is not None:
            return held_back(events, since, per_user=per_user)
        known = in_order(events)
        validation = held_back(known).validation
        return replace(hold_back_users(known, 0, folds), validation=validation)


def _nothing() -> ExampleSet:
    raise AssertionError("the file was there a moment ago")


class _Maker:
    """A shop opened for making examples."""

    def __init__(
        self,
        workspace: Workspace,
        engine: Engine,
        held: HeldBack,
        seed: int,
        progress: Ticks | None,
    ) -> None:
        self._workspace, self._engine, self._seed = workspace, engine, seed
        self._held, self._progress = held, progress
        self._histories = [
            list(group) for _, group in groupby(held.histories, key=lambda event: event.user)
        ]

    def __enter__(self) -> _Maker:
        self._store = CatalogStore.open(self._workspace.database_url)
        self._retriever = Retriever.open(self._workspace, self._store)
        return self

    def __exit__(self, *_: object) -> None:
        self._retriever.close()
        self._store.close()

    def make(
        self,
        part: Literal["train", "validation"],
        most: int | None,
        *,
        insert: bool = False,
        per_user: int = 1,
    ) -> ExampleSet:
        """Examples that ask at most so many users for what was held back for ``part``."""
        targets = self._held.train if part == "train" else self._held.validation
        # Left out as chosen later, what validation asks for would be the only candidate of a
        # shopper that no example of theirs called wrong: learning those by heart looks like a lift.
        unknown = self._held.validation if part == "train" else ()
        ahead = {(event.user, event.item) for event in unknown}
        users = {event.user for event in targets}
        there = [history for history in self._histories if history[0].user in users]
        chosen = _drawn(there, most, f"{self._seed}:{part}")
        done = 0

        def tick(users: int) -> None:
            nonlocal done
            done += users
            if self._progress:
                self._progress(done, len(chosen))

        settings = self._workspace.settings
        return build_examples(
            (e for history in chosen for e in history if (e.user, e.item) not in ahead),
            self._retriever,
            self._store,
            self._engine,
            settings.ranking,
            candidates=max(2, settings.retrieval.candidates),
            targets={(event.user, event.item) for event in targets},
            per_user=per_user,
            insert=insert,
            progress=tick,
        )


def _drawn(histories: Sequence[list[Event]], most: int | None, seed: str) -> Sequence[list[Event]]:
    if most is None or len(histories) <= most:
        return histories
    places = sorted(random.Random(seed).sample(range(len(histories)), most))
    return [histories[place] for place in places]
