"""What the trainings of ``llmrec train`` share: a size, a result, and how both are said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import typer

from llmrec.cli.common import console

if TYPE_CHECKING:
    from llmrec.artifacts import Artifact

__all__ = ["Made", "Size", "Stage", "published_json", "run_stage", "say_warnings"]


@dataclass(frozen=True)
class Size:
    """What a training will cost, as JSON and in words."""

    plain: Mapping[str, Any]
    words: str


@dataclass(frozen=True)
class Made:
    """A version that was trained and published.

    Attributes:
        artifact: the version.
        promoted: whether it serves.
        reason: why it does not.
        figure: what it is judged by, such as ``ndcg@10``.
        before: that figure without it, where it is known.
        after: and with it.
        show: prints what came of it.
        plain: what JSON says beside version and card.
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
        """What is learned."""

    def idle(self) -> str:
        """Why there is nothing to do; empty if there is."""

    def size(self) -> Size:
        """What it will cost."""

    def learn(self) -> Made | None:
        """Train and publish; ``None`` in a process that only helps another one."""


def run_stage(stage: Stage, *, dry_run: bool, as_json: bool, size_first: bool = True) -> None:
    """A command: say what it will cost, train, say what came of it.

    Args:
        stage: what is trained.
        dry_run: only say what it will cost.
        as_json: one JSON object on standard output.
        size_first: whether the cost is said where it is not all that was asked for.
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
    """Each on a line of standard error."""
    from llmrec.cli.common import notes

    for warning in warnings:
        notes.print(f"[bold yellow]Warning:[/] {warning}", highlight=False)
