"""How cards of learned versions look on a terminal."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from llmrec.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmrec.artifacts import Artifact, Card

__all__ = ["print_card", "print_versions"]

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
    """Everything on a card, a line for each thing."""
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
