"""What the commands of ``llmrec train`` share: options, settings, a stage's course, the view."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

import typer
from typer.core import TyperCommand

from llmrec.cli.common import console, notes
from llmrec.cli.live_table import LiveTable
from llmrec.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from llmrec.artifacts import Artifact
    from llmrec.finetune import EvaluationReport, LoraSettings, StepReport
    from llmrec.finetune.since import Moment

__all__ = [
    "DryRunOption",
    "EpochsOption",
    "JsonOption",
    "Made",
    "MaxExamplesOption",
    "PromoteOption",
    "QuantizationOption",
    "RankerView",
    "ResumeOption",
    "SeedOption",
    "SetOption",
    "SinceCommand",
    "SinceOption",
    "Size",
    "Stage",
    "TargetsOption",
    "WandbOption",
    "moment",
    "published_json",
    "run_stage",
    "say_warnings",
    "training_settings",
    "watched",
]

_LAST: Literal["last"] = "last"

EpochsOption = Annotated[int | None, typer.Option(help="At most; it stops by itself.")]
SeedOption = Annotated[int, typer.Option(help="Of everything that is drawn.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; repeatable."),
]
MaxExamplesOption = Annotated[
    int | None, typer.Option(min=1, help="Train on so many users, drawn by the seed.")
]
TargetsOption = Annotated[
    str,
    typer.Option(
        help="retrieved: train on those whose chosen item the retriever found; all: put the "
        "others' in."
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="[MOMENT]",
        help="Go on from the version that serves, on new events alone: those that it has not "
        "learned, or of these those since a moment (2026-11-01).",
        show_default=False,
    ),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume/--no-resume", help="Go on where it was stopped.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what it will cost, and train nothing.")
]
PromoteOption = Annotated[
    bool, typer.Option("--promote/--no-promote", help="Let it serve, unless it is worse.")
]
QuantizationOption = Annotated[
    str | None, typer.Option(help="nf4 or int8: of the base, which learns nothing (QLoRA).")
]
WandbOption = Annotated[
    bool, typer.Option("--wandb", help="Send the curves to Weights & Biases too.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


class SinceCommand(TyperCommand):
    """A command whose ``--since`` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the value ``last`` where none follows."""
        whole: list[str] = []
        for word, after in zip(args, [*args[1:], "-"], strict=True):
            whole.append(word)
            if word == "--since" and after.startswith("-"):
                whole.append(_LAST)
        return super().parse_args(ctx, whole)


def moment(text: str | None) -> Moment | None:
    """The moment that ``--since`` names; a time without a zone is taken for UTC, as at ingest.

    Raises:
        ConfigError: it is no moment.
    """
    if text is None:
        return None
    if text == _LAST:
        return _LAST
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--since {text} is no moment.",
            hint="Write --since 2026-11-01, or --since alone for all that is new.",
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Size:
    """The cost of a training, as JSON and in words."""

    plain: Mapping[str, Any]
    words: str


@dataclass(frozen=True)
class Made:
    """A version that was trained and published.

    Attributes:
        artifact: the version.
        promoted: whether it serves.
        reason: why it does not.
        figure: the metric that judges it, such as ``ndcg@10``.
        before: the metric without this version, where it is known.
        after: the metric with it.
        show: prints the result.
        plain: further JSON, beside version and card.
    """

    artifact: Artifact
    promoted: bool
    reason: str
    figure: str
    before: float | None
    after: float | None
    show: Callable[[], None] = field(repr=False)
    plain: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return published_json(self.artifact, self.promoted, self.reason, self.plain)


def published_json(
    artifact: Artifact, promoted: bool, reason: str, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A version that was published, as plain values; ``more`` stands before its card."""
    return {
        "version": artifact.name,
        "promoted": promoted,
        "reason": reason,
        **(more or {}),
        "card": artifact.card.model_dump(mode="json"),
    }


class Stage(Protocol):
    """One training of a shop."""

    @property
    def name(self) -> str:
        """The kind of version that it learns."""

    def idle(self) -> str:
        """Why there is nothing to learn; empty if there is something."""

    def size(self) -> Size:
        """What it will cost."""

    def learn(self) -> Made | None:
        """Train and publish; ``None`` in a process that only helps another one."""


def run_stage(stage: Stage, *, dry_run: bool, as_json: bool, size_first: bool = True) -> None:
    """Run a training command: print its cost, train, print the result.

    Args:
        stage: what is trained.
        dry_run: print the cost only.
        as_json: one JSON object on standard output.
        size_first: print the cost before a training too, not only in a dry run.
    """
    if idle := stage.idle():
        typer.echo(json.dumps({"nothing_new": idle})) if as_json else console.print(idle)
        return
    if dry_run or (size_first and not as_json):
        size = stage.size()
        if as_json:
            typer.echo(json.dumps(size.plain))
        else:
            console.print(size.words, highlight=False)
    made = None if dry_run else stage.learn()
    if made is None:
        return
    if as_json:
        typer.echo(json.dumps(made.json(), default=str))
    else:
        made.show()


def say_warnings(warnings: tuple[str, ...]) -> None:
    """Print each warning on a line of standard error."""
    from llmrec.cli.common import notes

    for warning in warnings:
        notes.print(f"[bold yellow]Warning:[/] {warning}", highlight=False)


T = TypeVar("T", bound="BaseModel")


def training_settings(
    kind: type[T],
    given: Mapping[str, Any],
    pairs: Sequence[str],
    start: Mapping[str, Any] | None = None,
) -> T:
    """Options that were given, with ``NAME=VALUE`` pairs over them.

    Args:
        kind: the class of the settings.
        given: options of the command; ``None`` where an option was left out.
        pairs: values are JSON, or else text.
        start: values that replace the defaults of ``kind``.

    Raises:
        ConfigError: an unknown name, or a value that is not valid.
    """
    from pydantic import ValidationError

    values = dict(start or {})
    values |= {name: value for name, value in given.items() if value is not None}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--set {pair} has no value.", hint="Write --set dropout=0.4.")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(
            f"--set {field}: {first['msg']}.",
            hint=f"There are: {', '.join(kind.model_fields)}.",
        ) from error


class RankerView(LiveTable):
    """A row for each evaluation.

    Args:
        console: where.
    """

    def __init__(self, console: Console) -> None:
        columns = ("step", "validation loss", "accuracy", "ndcg@10", "seconds", "")
        super().__init__(console, columns, "Loading the base")

    def tell(self, report: StepReport | EvaluationReport) -> None:
        """Show a step or an evaluation."""
        from llmrec.finetune import StepReport

        if isinstance(report, StepReport):
            doing = f"Epoch {report.epoch}, loss {report.loss:.4f}"
            self.step(doing, report.step, report.steps)
        else:
            self.row(_cells(report))


@contextmanager
def watched(
    curves: Path, settings: LoraSettings, project: str | None
) -> Iterator[Callable[[StepReport | EvaluationReport], None]]:
    """Show the reports of a training on the terminal, and write them as curves.

    Args:
        curves: the folder for TensorBoard.
        settings: of the training, for Weights & Biases.
        project: its name there; ``None`` sends nothing.
    """
    from llmrec.finetune.ranker.logs import TensorBoard, WandB

    listeners: list[Any] = []

    def tell(report: StepReport | EvaluationReport) -> None:
        for listener in listeners:
            listener.tell(report)

    with ExitStack() as stack:
        listeners.append(TensorBoard(curves))
        if project:
            listeners.append(WandB(project, settings.model_dump(mode="json")))
        for listener in listeners:
            stack.callback(listener.close)
        listeners.append(stack.enter_context(RankerView(notes)))
        yield tell


def _cells(report: EvaluationReport) -> list[str]:
    known = (report.loss, report.accuracy, report.ndcg)
    figures = ["" if value is None else f"{value:.4f}" for value in known]
    return [str(report.step), *figures, f"{report.seconds:.1f}", "best" if report.best else ""]
