"""``llmrec train ranker``: a LoRA adapter that ranks, from what the shop's shoppers chose."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.cli.train_settings import training_settings

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune import EvaluationReport, LoraReport, LoraSettings, StepReport
    from llmrec.finetune.behaviour import EpochReport
    from llmrec.finetune.behaviour import StepReport as EncoderStep
    from llmrec.finetune.ranker.estimate import RankerEstimate
    from llmrec.finetune.ranker.publish import PublishedRanker
    from llmrec.finetune.ranker.shop import RankerData

__all__ = ["ranker"]

_SAMPLE = 48
_TARGETS = ("retrieved", "all")


def ranker(
    workspace: WorkspaceOption = None,
    max_examples: Annotated[
        int | None, typer.Option(min=1, help="Train on so many users, drawn by the seed.")
    ] = None,
    targets: Annotated[
        str,
        typer.Option(
            help="retrieved: train on those whose chosen item the retriever found; all: put the "
            "others' in."
        ),
    ] = "retrieved",
    epochs: Annotated[int | None, typer.Option(help="At most; it stops by itself.")] = None,
    quantization: Annotated[
        str | None, typer.Option(help="nf4 or int8: of the base, which learns nothing (QLoRA).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of examples, weights, batches and dropout.")] = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; repeatable."),
    ] = None,
    wandb: Annotated[
        bool, typer.Option("--wandb", help="Send the curves to Weights & Biases too.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on where it was stopped.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it will cost, and train nothing.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Let it serve, unless it is worse.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Train a LoRA adapter that ranks the retriever's candidates as the shop's shoppers chose.

    Each shopper's last new item but one is asked for, and the last one validates; the retriever
    that finds the candidates is made anew from the log before both. Stopped at any moment, the same
    command goes on where it was. The adapter serves at once if, on validation, it lifts the ranking
    above the retriever's own order and is no worse than the one that serves.

    Examples: [bold]llmrec train ranker -w shop --dry-run[/] ·
    [bold]llmrec train ranker -w shop --max-examples 20000 --set learning_rate=1e-4[/]
    """
    from llmrec.config import Workspace
    from llmrec.finetune import LoraSettings

    given = {"epochs": epochs, "quantization": quantization, "seed": seed}
    settings = training_settings(LoraSettings, given, set_ or [])
    shop = Workspace.open(workspace)
    if dry_run:
        _show_size(_sampled_size(shop, settings, max_examples), settings, as_json=as_json)
        return
    run = _Run(shop, settings, max_examples, _targets(targets), seed)
    if not resume and not run.helper:
        shutil.rmtree(run.folder, ignore_errors=True)
    data = run.data()
    if not run.helper:
        _say_data(data)
    report = run.train(data, wandb=wandb)
    if run.helper:
        return
    _show(run.publish(promote=promote), report, shop, as_json=as_json)


class _Run:
    """One training of a shop; its files lie in the cache until a version is published."""

    def __init__(
        self,
        shop: Workspace,
        settings: LoraSettings,
        max_examples: int | None,
        targets: str,
        seed: int,
    ) -> None:
        from llmrec.finetune.ranker.shop import ranker_state
        from llmrec.retrieval.cache import cache_key

        self._shop, self._settings = shop, settings
        self._most, self._targets, self._seed = max_examples, targets, seed
        # Other processes of ``accelerate launch`` have a number above 0.
        self.helper = int(os.environ.get("RANK", "0")) > 0
        self._home = shop.cache_dir / "train-ranker"
        self._data = (
            self._home / "examples" / cache_key(ranker_state(shop), max_examples, targets, seed)
        )
        self._name = cache_key(self._data.name, settings.model_dump_json())
        self.folder = self._home / "runs" / self._name

    @property
    def adapter(self) -> Path:
        """Where the trained adapter appears."""
        return self.folder / "adapter"

    def data(self) -> RankerData:
        """The examples; those of an older log, and what was trained on them, are removed."""
        from llmrec.finetune.ranker.prompts import prompt_maker
        from llmrec.finetune.ranker.shop import ranker_data

        if self.helper:
            # The main process makes them, however long that takes.
            while not (self._data / "validation.jsonl").is_file():
                time.sleep(0.5)
        else:
            _keep_only(self._data)
            _keep_only(self.folder)
        with progress_bar() as bar:
            task = bar.add_task("Taking the log back", total=None)

            def encoder(told: EpochReport | EncoderStep) -> None:
                text = f"Behaviour encoder on the earlier log, epoch {told.epoch}"
                bar.update(task, description=text)

            def made(done: int, users: int) -> None:
                bar.update(task, description="Making examples", completed=done, total=users)

            return ranker_data(
                self._shop,
                prompt_maker(self._shop.settings.models.llm),
                self._data,
                max_examples=self._most,
                retrieved_only=self._targets == "retrieved",
                seed=self._seed,
                encoder_progress=encoder,
                progress=made,
            )

    def train(self, data: RankerData, *, wandb: bool) -> LoraReport | None:
        """Train; ``None`` if that was done before and only publishing was left."""
        from llmrec.cli.train_ranker_view import RankerView
        from llmrec.finetune import train_lora
        from llmrec.finetune.ranker.logs import TensorBoard, WandB

        if self.adapter.exists():
            return None
        listeners: list[Any] = []

        def tell(told: StepReport | EvaluationReport) -> None:
            for one in listeners:
                one.tell(told)

        with ExitStack() as held:
            if not self.helper:
                listeners.append(TensorBoard(self._home / "curves" / self._name))
                if wandb:
                    name = f"llmrec {self._shop.path.name}"
                    listeners.append(WandB(name, self._settings.model_dump(mode="json")))
                for one in listeners:
                    held.callback(one.close)
                listeners.append(held.enter_context(RankerView(notes)))
            report = train_lora(
                data.train,
                self._shop.settings.models.llm,
                self.adapter,
                self._settings,
                validation=data.validation,
                progress=tell,
            )
        if not self.helper:
            for warning in report.warnings:
                notes.print(f"[bold yellow]Warning:[/] {warning}", highlight=False)
        return report

    def publish(self, *, promote: bool) -> PublishedRanker:
        """Make it a version; the run's folder goes, its curves stay."""
        from llmrec.finetune.ranker.publish import publish_ranker

        published = publish_ranker(self._shop, self.adapter, promote=promote)
        shutil.rmtree(self.folder, ignore_errors=True)
        return published


def _targets(said: str) -> str:
    from llmrec.errors import ConfigError

    if said not in _TARGETS:
        raise ConfigError(
            f"--targets {said} is nothing to train on.", hint=f"Say {' or '.join(_TARGETS)}."
        )
    return said


def _keep_only(folder: Path) -> None:
    for old in folder.parent.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def _sampled_size(
    shop: Workspace, settings: LoraSettings, max_examples: int | None
) -> RankerEstimate:
    from llmrec.finetune.ranker.estimate import estimate_ranker
    from llmrec.finetune.ranker.prompts import prompt_maker
    from llmrec.finetune.ranker.shop import VALIDATION, sample_data, users_to_ask

    base = shop.settings.models.llm
    users = users_to_ask(shop)
    sample = sample_data(shop, prompt_maker(base), users=_SAMPLE, seed=settings.seed)
    return estimate_ranker(
        sample,
        base,
        settings,
        examples=min(users, max_examples or users),
        validation=min(users, VALIDATION),
    )


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


def _show_size(size: RankerEstimate, settings: LoraSettings, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"estimate": asdict(size), "settings": settings.model_dump()}))
        return
    console.print(
        f"At most {size.examples:,} examples to train on and {size.validation:,} to validate "
        f"with; about {size.tokens:,} tokens an epoch, {size.longest:,} in the longest prompt.\n"
        f"{size.trainable:,} trainable parameters; {size.precision}; {size.steps:,} steps in at "
        f"most {settings.epochs} epoch(s), about {size.seconds / 60:,.1f} min on this machine; "
        f"about {size.bytes / 2**20:,.0f} MB.\nBefore that the candidates are retrieved, by a "
        "behaviour encoder trained anew on the earlier log if one serves.",
        highlight=False,
    )


def _show(
    published: PublishedRanker, report: LoraReport | None, shop: Workspace, *, as_json: bool
) -> None:
    card, name = published.artifact.card, published.artifact.name
    if as_json:
        said = {
            "version": name,
            "promoted": published.promoted,
            "reason": published.reason,
            "card": card.model_dump(mode="json"),
        }
        typer.echo(json.dumps(said, default=str))
        return
    figures = ", ".join(f"{metric} {figure}" for metric, figure in card.metrics.items())
    steps = f"{len(report.steps)} steps, the best was {report.best}; " if report else ""
    console.print(f"{name}: {steps}validation {figures}.", highlight=False)
    serves = f"{name} serves now." if published.promoted else f"{name} does not serve."
    console.print(" ".join((serves, published.reason)).strip(), highlight=False)
    weight, now = card.extra.get("llm_weight"), shop.settings.ranking.llm_weight
    if published.promoted and weight is not None and weight != now:
        console.print(
            f"On validation it did best with llm_weight = {weight:g} in the section [ranking] of "
            f"llmrec.toml; it is {now:g}.",
            highlight=False,
            markup=False,
        )
