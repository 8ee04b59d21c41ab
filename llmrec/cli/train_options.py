"""Options that the commands of ``llmrec train`` share."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from llmrec.errors import ConfigError

if TYPE_CHECKING:
    from llmrec.finetune.since import Moment

__all__ = [
    "DryRunOption",
    "EpochsOption",
    "JsonOption",
    "MaxExamplesOption",
    "PromoteOption",
    "QuantizationOption",
    "ResumeOption",
    "SeedOption",
    "SetOption",
    "SinceCommand",
    "SinceOption",
    "TargetsOption",
    "WandbOption",
    "moment",
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
        """Give it its value where none follows."""
        whole: list[str] = []
        for word, after in zip(args, [*args[1:], "-"], strict=True):
            whole.append(word)
            if word == "--since" and after.startswith("-"):
                whole.append(_LAST)
        return super().parse_args(ctx, whole)


def moment(said: str | None) -> Moment | None:
    """What ``--since`` means; a time without a zone is taken for UTC, as at ingest.

    Raises:
        ConfigError: it is no moment.
    """
    if said is None:
        return None
    if said == _LAST:
        return _LAST
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        raise ConfigError(
            f"--since {said} is no moment.",
            hint="Write --since 2026-11-01, or --since alone for all that is new.",
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)
