"""Versions of what was learned for a shop: ``llmrec models show, promote, rollback`` and ``rm``."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import ConfigError, ModelError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmrec.artifacts import Artifact, Artifacts, Card
    from llmrec.config import Workspace

__all__ = [
    "print_rows",
    "promote",
    "remove_version",
    "rollback",
    "rows",
    "show",
]

Kind = Annotated[
    str,
    typer.Argument(metavar="KIND", help="behaviour, fusion, ranker, reader or words."),
]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="Its number, e.g. 0002.")]

_SECTIONS = {"ranker": "ranking", "reader": "reader", "words": "explain"}
"""By kind of adapter, the section whose setting ``adapter`` overrides the promoted version."""


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Kind and number: ranker/0002.")],
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Show the card of a learned version: from which data, with which settings, how good.

    Examples: [bold]llmrec models show ranker/0002[/] ·
    [bold]llmrec models show ranker/0002 -w shop --json[/]
    """
    _, store = _open(workspace)
    kind, _, version = name.partition("/")
    artifact = store.get(kind, version)
    if as_json:
        typer.echo(artifact.card.model_dump_json(indent=2))
    else:
        print_card(artifact, serves=store.serving(kind) == version)


def promote(
    kind: Kind,
    version: Version,
    workspace: WorkspaceOption = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also a worse one, or an adapter of another base model."),
    ] = False,
) -> None:
    """Let a learned version serve from now on.

    Refused if its main validation metric is below that of the version that serves, or if it is an
    adapter that does not fit the configured language model, or the reader's base.

    Example: [bold]llmrec models promote ranker 0002[/]
    """
    shop, store = _open(workspace)
    chosen, before = store.get(kind, version), _serving(store, kind)
    if not force:
        _check_base(shop, chosen)
    store.promote(kind, version, unless_worse=not force)
    _say(f"{chosen.name} serves from now on{_compared(chosen, before)}.")
    _warn_of_settings(shop, kind)


def rollback(kind: Kind, workspace: WorkspaceOption = None) -> None:
    """Let the version serve again that served before the present one.

    Example: [bold]llmrec models rollback ranker[/]
    """
    shop, store = _open(workspace)
    now = store.rollback(kind)
    _say(f"{now.name} serves again." if now else f"No learned '{kind}' serves any more.")
    _warn_of_settings(shop, kind)


def remove_version(kind: str, version: str, workspace: Path | None) -> None:
    """Delete a learned version that does not serve.

    Raises:
        ModelError: it serves, or is not there.
    """
    _, store = _open(workspace)
    store.remove(kind, version)
    _say(f"{kind}/{version}: removed.")


def rows(workspace: Path | None) -> list[dict[str, Any]]:
    """What ``models list`` says of a workspace's versions; nothing where there is no workspace.

    Raises:
        WorkspaceError: the one that was named is none.
    """
    from llmrec.artifacts import KINDS

    try:
        _, store = _open(workspace)
    except (ConfigError, WorkspaceError):
        if workspace is not None:
            raise
        return []
    return [_row(store, kind, version) for kind in KINDS for version in store.numbers(kind)]


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print them as a table, and what is wrong with damaged ones as notes."""
    if rows:
        print_versions(rows)
    for error in dict.fromkeys(row["error"] for row in rows if row["error"]):
        notes.print(f"[yellow]Damaged:[/] {escape(error)}", highlight=False, soft_wrap=True)


def _open(workspace: Path | None) -> tuple[Workspace, Artifacts]:
    from llmrec.artifacts import Artifacts
    from llmrec.config import Workspace

    shop = Workspace.open(workspace)
    return shop, Artifacts(shop.models_dir)


def _row(store: Artifacts, kind: str, version: str) -> dict[str, Any]:
    from llmrec.errors import LLMRecError

    row: dict[str, Any] = {"name": f"{kind}/{version}", "kind": kind, "learned": True}
    row |= {"version": version, "serves": None, "card": None, "error": None}
    # A damaged version must not keep the others out of the list.
    try:
        row["serves"] = store.serving(kind) == version
        row["card"] = store.get(kind, version).card.model_dump(mode="json")
    except LLMRecError as error:
        row["error"] = str(error)
    return row


def _serving(store: Artifacts, kind: str) -> Artifact | None:
    try:
        return store.current(kind)
    except ModelError:
        return None


def _compared(chosen: Artifact, before: Artifact | None) -> str:
    from llmrec.artifacts import CardComparison

    if before is None or before.version == chosen.version:
        return ""
    return f" instead of {before.version}: {CardComparison(chosen.card, before.card)}"


def _check_base(shop: Workspace, chosen: Artifact) -> None:
    """Refuse an adapter that does not fit the base model: it would fail at the first request."""
    if chosen.kind not in _SECTIONS:
        return
    from llmrec.engines.adapters import check_adapter
    from llmrec.weights import locate

    settings = shop.settings
    model = settings.reader.base if chosen.kind == "reader" else settings.models.llm
    try:
        base = locate(model)
    except ModelError:
        notes.print(
            f"Not checked against '{escape(model)}', whose weights are not here.",
            highlight=False,
            soft_wrap=True,
        )
        return
    check_adapter(chosen.name, chosen.folder, base)


def _warn_of_settings(shop: Workspace, kind: str) -> None:
    section = _SECTIONS.get(kind)
    named = getattr(shop.settings, section).adapter if section else None
    if named is not None:
        notes.print(
            f"[yellow]But[/] {section}.adapter says '{escape(named)}', which goes over it.",
            highlight=False,
            soft_wrap=True,
        )


def _say(text: str) -> None:
    console.print(escape(text), highlight=False, soft_wrap=True)


_WIDE = 100


def print_versions(rows: list[dict[str, Any]]) -> None:
    """One line for each version; ``rows`` have ``name``, ``serves`` and the card's content."""
    table = Table(box=None, pad_edge=False)
    for column in ("Learned", "Serves", "Made", "Measured", "Events", "Up to", "From"):
        table.add_column(column, no_wrap=column in ("Learned", "Made", "Up to"), overflow="fold")
    for row in rows:
        serves = "[green]yes[/]" if row["serves"] else ""
        table.add_row(row["name"], serves, *map(escape, _cells(row["card"])))
    console.print()
    console.print(table)


def print_card(version: Artifact, *, serves: bool) -> None:
    """Print everything on a card, one field a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in _lines(version.card):
        table.add_row(escape(name), escape(value))
    mark = " [green](serves)[/]" if serves else ""
    console.print(f"[bold]{version.name}[/]{mark}", highlight=False)
    console.print(escape(str(version.folder)), highlight=False, soft_wrap=True)
    console.print(table)


def _cells(content: dict[str, Any] | None) -> tuple[str, ...]:
    from llmrec.artifacts import Card

    if content is None:
        return "", "damaged", "", "", ""
    card = Card.model_validate(content)
    main = f"{card.main[0]} {card.main[1]}" if card.main else ""
    last = _moment(card.data.last)[:10] if card.data.last else ""
    return _moment(card.created), main, f"{card.data.events:,}", last, card.parent or ""


def _lines(card: Card) -> Iterator[tuple[str, str]]:
    yield "made", f"{_moment(card.created)} UTC, in {card.seconds:,.1f} s"
    yield "from", card.parent or "nothing before it"
    data = card.data
    until = f", up to {_moment(data.last)} UTC" if data.last else ""
    yield "data", f"{data.events:,} events, {data.users:,} users, {data.items:,} items{until}"
    yield "data sha256", data.sha256
    for name, figure in card.metrics.items():
        yield name, f"{figure}  (n = {figure.n:,})"
    yield "seed", str(card.seed)
    for heading, values in (("settings", card.settings), ("extra", card.extra)):
        for name, value in values.items():
            yield f"{heading}.{name}", _short(value)
    yield "versions", ", ".join(f"{name} {value}" for name, value in card.versions.items())
    for note in card.notes:
        yield "note", note


def _moment(at: datetime) -> str:
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M}"


def _short(value: Any) -> str:
    """A value on a line or two; ``--json`` has all of it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _WIDE:
        return text
    count = f" ({len(value)} values)" if isinstance(value, list) else ""
    return f"{text[:_WIDE]}…{count}"
