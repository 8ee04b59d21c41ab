"""``llmrec train ranker``: a LoRA adapter that ranks, from what the shop's shoppers chose."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.cli.train_shared import (
    DryRunOption,
    EpochsOption,
    JsonOption,
    Made,
    MaxExamplesOption,
    PromoteOption,
    QuantizationOption,
    ResumeOption,
    SeedOption,
    SetOption,
    SinceOption,
    Size,
    TargetsOption,
    WandbOption,
    moment,
    run_stage,
    say_warnings,
    training_settings,
    watched,
)

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune import LoraReport, LoraSettings
    from llmrec.finetune.behaviour import EncoderStepReport, EpochReport
    from llmrec.finetune.card import PublishedAdapter
    from llmrec.finetune.earlier import HeldBack
    from llmrec.finetune.ranker.estimate import RankerEstimate
    from llmrec.finetune.ranker.shop import RankerData
    from llmrec.finetune.since import Moment, Since

__all__ = [
    "RankerStage",
    "ranker",
]

# Users whose examples are made to estimate the length of prompts.
_SAMPLE = 48
_TARGETS = ("retrieved", "all")


def ranker(
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    max_examples: MaxExamplesOption = None,
    targets: TargetsOption = "retrieved",
    epochs: EpochsOption = None,
    quantization: QuantizationOption = None,
    seed: SeedOption = 0,
    set_: SetOption = None,
    wandb: WandbOption = False,
    resume: ResumeOption = True,
    dry_run: DryRunOption = False,
    promote: PromoteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Train a LoRA adapter that ranks the retriever's candidates as the shop's shoppers chose.

    Each shopper's last new item but one is asked for, and the last one validates; the retriever
    that finds the candidates is made anew from the log before both. With few shoppers and long
    histories, train on more of each: --set per_user=20, or on every item: --set folds=2. Stopped at
    any moment, the same command goes on where it was. The adapter serves at once, with the weight
    that was fitted with it, if validation shows that it lifts the ranking above the retriever's own
    order and it is no worse than the one that serves.

    Examples: [bold]llmrec train ranker -w shop --dry-run[/] ·
    [bold]llmrec train ranker -w shop --max-examples 20000 --set learning_rate=1e-4[/] ·
    [bold]llmrec train ranker -w shop --since[/]
    """
    from llmrec.config import Workspace

    stage = RankerStage(
        Workspace.open(workspace),
        {"epochs": epochs, "quantization": quantization, "seed": seed},
        set_ or [],
        max_examples=max_examples,
        targets=targets,
        since=moment(since),
        wandb=wandb,
        resume=resume,
        promote=promote,
    )
    run_stage(stage, dry_run=dry_run, as_json=as_json, size_first=False)


class RankerStage:
    """Training the ranker's adapter of one shop.

    Args:
        shop: whose log.
        given: options that were given.
        pairs: ``NAME=VALUE``.
        max_examples: train on so many users.
        targets: ``retrieved`` or ``all``.
        since: go on from what serves, on what is new since then.
        wandb: send the curves there too.
        resume: go on where it was stopped.
        promote: whether the result may serve.
    """

    name = "ranker"

    def __init__(
        self,
        shop: Workspace,
        given: Mapping[str, Any],
        pairs: Sequence[str],
        *,
        max_examples: int | None = None,
        targets: str = "retrieved",
        since: Moment | None = None,
        wandb: bool = False,
        resume: bool = True,
        promote: bool = True,
    ) -> None:
        from llmrec.finetune import LoraSettings
        from llmrec.finetune.ranker.starting import check_adapter, start_settings
        from llmrec.finetune.since import going_on

        self._shop, self._most, self._targets = shop, max_examples, _targets(targets)
        self._wandb, self._resume, self._promote = wandb, resume, promote
        self._since: Since | None = going_on(shop, self.name, since) if since else None
        parent = self._since.parent if self._since else None
        start = start_settings(parent) if parent else {}
        self._settings = training_settings(LoraSettings, given, pairs, start)
        if parent:
            check_adapter(parent, self._settings)

    def idle(self) -> str:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        if self._since is None:
            return ""
        targets = len(self._held_back.train) + len(self._held_back.validation)
        return self._since.idle(self._held_back.new, targets)

    def size(self) -> Size:
        """See :class:`~llmrec.cli.train_shared.Stage`; loads the base and trains a few steps."""
        from llmrec.finetune.ranker.estimate import estimate_ranker
        from llmrec.finetune.ranker.prompts import prompt_maker
        from llmrec.finetune.ranker.shop import VALIDATION, sample_data

        base, settings = self._shop.settings.models.llm, self._settings
        held_back = self._held_back
        sample = sample_data(
            self._shop, prompt_maker(base), held_back, users=_SAMPLE, seed=settings.seed
        )
        # The estimate looks at the first fold alone: the others are of the same size.
        folds = 1 if self._since else max(1, settings.folds)
        users = folds * len({event.user for event in held_back.train})
        targets = folds * len(held_back.train)
        share = 1.0 if self._most is None else min(1.0, self._most / max(1, users))
        size = estimate_ranker(
            sample,
            base,
            settings,
            examples=round(share * targets),
            validation=min(len(held_back.validation), VALIDATION),
        )
        return Size(
            {"estimate": asdict(size), "settings": settings.model_dump()}, self._words(size)
        )

    def learn(self) -> Made | None:
        """See :class:`~llmrec.cli.train_shared.Stage`."""
        run = RankerRun(self._shop, self._settings, self._most, self._targets, self._since)
        if not self._resume and not run.helper:
            shutil.rmtree(run.folder, ignore_errors=True)
        data = run.data()
        if not run.helper:
            _say_data(data)
        report = run.train(data, wandb=self._wandb)
        if run.helper:
            return None
        return _made(self._shop, run.publish(promote=self._promote), report)

    @cached_property
    def _held_back(self) -> HeldBack:
        from llmrec.finetune.ranker.shop import to_ask

        settings = self._settings
        return to_ask(self._shop, self._since, per_user=settings.per_user, folds=settings.folds)

    def _words(self, size: RankerEstimate) -> str:
        return (
            f"At most {size.examples:,} examples to train on and {size.validation:,} to validate "
            f"with; about {size.tokens:,} tokens an epoch, {size.longest:,} in the longest prompt."
            f"\n{size.trainable:,} trainable parameters; {size.precision}; {size.steps:,} steps in "
            f"at most {self._settings.epochs} epoch(s), about {size.seconds / 60:,.1f} min on this "
            f"machine; about {size.bytes / 2**20:,.0f} MB.\nBefore that the candidates are "
            "retrieved, by a behaviour encoder trained anew on the earlier log if one serves."
        )


def _targets(name: str) -> str:
    from llmrec.errors import ConfigError

    if name not in _TARGETS:
        raise ConfigError(
            f"--targets {name} is nothing to train on.", hint=f"Say {' or '.join(_TARGETS)}."
        )
    return name


def _say_data(data: RankerData) -> None:
    train, valid = data.train.counts, data.validation.counts
    shoppers = valid.retrieved + valid.missed
    notes.print(
        f"{train.examples:,} examples to train on. The retriever had not found what "
        f"{train.missed + train.inserted:,} shoppers chose; {train.inserted:,} of these were put "
        f"in. {train.later:,} candidates that the shopper chose later were left out. "
        f"{valid.examples:,} to validate with: the retriever found the "
        f"chosen item for {valid.retrieved / max(1, shoppers):.0%} of the shoppers asked.",
        highlight=False,
    )


def _made(shop: Workspace, published: PublishedAdapter, report: LoraReport | None) -> Made:
    metrics = published.artifact.card.metrics
    before = metrics.get("before ndcg@10") or metrics.get("retriever ndcg@10")
    after = metrics.get("ndcg@10")
    return Made(
        published.artifact,
        published.promoted,
        published.reason,
        "ndcg@10",
        before.mean if before else None,
        after.mean if after else None,
        lambda: _show(shop, published, report),
    )


def _show(shop: Workspace, published: PublishedAdapter, report: LoraReport | None) -> None:
    card, name = published.artifact.card, published.artifact.name
    figures = ", ".join(f"{metric} {figure}" for metric, figure in card.metrics.items())
    steps = f"{len(report.steps)} steps, the best was {report.best}; " if report else ""
    console.print(f"{name}: {steps}validation {figures}.", highlight=False)
    serves = f"{name} serves now." if published.promoted else f"{name} does not serve."
    console.print(" ".join((serves, published.reason)).strip(), highlight=False)
    weight, now = card.extra.get("llm_weight"), shop.settings.ranking.llm_weight
    if published.promoted and weight is not None and now not in (None, weight):
        console.print(
            f"On validation it did best with the weight {weight:g}; llmrec.toml sets "
            f"ranking.llm_weight = {now:g}. Take that out, and the adapter's own counts.",
            highlight=False,
            markup=False,
        )


class RankerRun:
    """One training of a shop; its files lie in the cache until a version is published.

    Args:
        shop: whose log.
        settings: of the run.
        max_examples: train on so many users.
        targets: ``retrieved`` or ``all``: which chosen items train.
        since: go on from what serves, on what is new since then.
    """

    def __init__(
        self,
        shop: Workspace,
        settings: LoraSettings,
        max_examples: int | None,
        targets: str,
        since: Since | None = None,
    ) -> None:
        from llmrec.finetune.ranker.shop import ranker_state
        from llmrec.retrieval.cache import cache_key

        self._shop, self._settings = shop, settings
        self._most, self._targets, self._since = max_examples, targets, since
        # Other processes of ``accelerate launch`` have a number above 0.
        self.helper = int(os.environ.get("RANK", "0")) > 0
        self._home = shop.cache_dir / "train-ranker"
        drawn = max_examples, targets, settings.per_user, settings.folds, settings.seed
        self._data = (
            self._home / "examples" / cache_key(ranker_state(shop), *drawn, *_since_key(since))
        )
        self._name = cache_key(self._data.name, settings.model_dump_json())
        self.folder = self._home / "runs" / self._name

    @property
    def adapter(self) -> Path:
        """The folder that the trained adapter is written to."""
        return self.folder / "adapter"

    def data(self) -> RankerData:
        """Make or read the examples. Those of an older log, and runs on them, are deleted."""
        from llmrec.finetune.ranker.prompts import prompt_maker
        from llmrec.finetune.ranker.shop import ExampleOptions, ranker_data

        if self.helper:
            # The main process makes the examples, and nobody knows how long that takes: wait.
            while not (self._data / "validation.jsonl").is_file():
                time.sleep(0.5)
        else:
            _keep_only(self._data)
            _keep_only(self.folder)
        with progress_bar() as bar:
            task = bar.add_task("Taking the log back", total=None)

            def encoder(report: EpochReport | EncoderStepReport) -> None:
                text = f"Behaviour encoder on the earlier log, epoch {report.epoch}"
                bar.update(task, description=text)

            def made(done: int, users: int) -> None:
                bar.update(task, description="Making examples", completed=done, total=users)

            return ranker_data(
                self._shop,
                prompt_maker(self._shop.settings.models.llm),
                self._data,
                ExampleOptions(
                    max_examples=self._most,
                    per_user=self._settings.per_user,
                    folds=self._settings.folds,
                    retrieved_only=self._targets == "retrieved",
                    since=self._since,
                    seed=self._settings.seed,
                ),
                encoder_progress=encoder,
                progress=made,
            )

    def train(self, data: RankerData, *, wandb: bool) -> LoraReport | None:
        """Train; ``None`` if an earlier run trained the adapter and did not publish it."""
        from llmrec.finetune import train_lora

        if self.adapter.exists():
            return None
        curves = self._home / "curves" / self._name
        project = f"llmrec {self._shop.path.name}" if wandb else None
        # Of several processes the main one alone reports: the helpers would write the same curves.
        view = nullcontext() if self.helper else watched(curves, self._settings, project)
        with view as tell:
            report = train_lora(
                data.train,
                self._shop.settings.models.llm,
                self.adapter,
                self._settings,
                validation=data.validation,
                start=self._since.parent if self._since else None,
                progress=tell,
            )
        if not self.helper:
            say_warnings(report.warnings)
        return report

    def publish(self, *, promote: bool) -> PublishedAdapter:
        """Publish the adapter as a version, and delete the run's folder; its curves stay."""
        from llmrec.finetune.ranker.publish import publish_ranker
        from llmrec.finetune.seen import SEEN_NAME

        published = publish_ranker(
            self._shop, self.adapter, seen=self._data / SEEN_NAME, promote=promote
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        return published


def _keep_only(folder: Path) -> None:
    for old in folder.parent.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def _since_key(since: Since | None) -> list[str]:
    """Names the version and the moment that the training goes on from, if it does."""
    return [] if since is None else [since.parent.name, str(since.moment)]
