"""``llmrec train ranker``: a LoRA adapter that ranks, from what the shop's shoppers chose."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.cli.train_options import (
    DryRunOption,
    EpochsOption,
    JsonOption,
    MaxExamplesOption,
    PromoteOption,
    QuantizationOption,
    ResumeOption,
    SeedOption,
    SetOption,
    SinceOption,
    TargetsOption,
    WandbOption,
    moment,
)
from llmrec.cli.train_ranker_run import RankerRun
from llmrec.cli.train_settings import training_settings
from llmrec.cli.train_stage import Made, Size, run_stage

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune import LoraReport
    from llmrec.finetune.card import PublishedAdapter
    from llmrec.finetune.earlier import HeldBack
    from llmrec.finetune.ranker.estimate import RankerEstimate
    from llmrec.finetune.ranker.shop import RankerData
    from llmrec.finetune.since import Moment, Since

__all__ = ["RankerStage", "ranker"]

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
        """See :class:`~llmrec.cli.train_stage.Stage`."""
        if self._since is None:
            return ""
        asked = len(self._held.train) + len(self._held.validation)
        return self._since.idle(self._held.new, asked)

    def size(self) -> Size:
        """See :class:`~llmrec.cli.train_stage.Stage`; it loads the base and makes a few steps."""
        from llmrec.finetune.ranker.estimate import estimate_ranker
        from llmrec.finetune.ranker.prompts import prompt_maker
        from llmrec.finetune.ranker.shop import VALIDATION, sample_data

        base, held, settings = self._shop.settings.models.llm, self._held, self._settings
        sample = sample_data(
            self._shop, prompt_maker(base), held, users=_SAMPLE, seed=settings.seed
        )
        # Of folds the first is looked at; the others are like it.
        folds = 1 if self._since else max(1, settings.folds)
        users, asked = folds * len({event.user for event in held.train}), folds * len(held.train)
        share = 1.0 if self._most is None else min(1.0, self._most / max(1, users))
        size = estimate_ranker(
            sample,
            base,
            settings,
            examples=round(share * asked),
            validation=min(len(held.validation), VALIDATION),
        )
        return Size(
            {"estimate": asdict(size), "settings": settings.model_dump()}, self._words(size)
        )

    def learn(self) -> Made | None:
        """See :class:`~llmrec.cli.train_stage.Stage`."""
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
    def _held(self) -> HeldBack:
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


def _targets(said: str) -> str:
    from llmrec.errors import ConfigError

    if said not in _TARGETS:
        raise ConfigError(
            f"--targets {said} is nothing to train on.", hint=f"Say {' or '.join(_TARGETS)}."
        )
    return said


def _say_data(data: RankerData) -> None:
    train, valid = data.train.counts, data.validation.counts
    asked = valid.retrieved + valid.missed
    notes.print(
        f"{train.examples:,} examples to train on. The retriever had not found what "
        f"{train.missed + train.inserted:,} shoppers chose; {train.inserted:,} of these were put "
        f"in. {train.later:,} candidates that the shopper chose later were left out. "
        f"{valid.examples:,} to validate with: the retriever found the "
        f"chosen item for {valid.retrieved / max(1, asked):.0%} of the shoppers asked.",
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
