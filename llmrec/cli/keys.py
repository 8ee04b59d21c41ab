"""``llmrec keys``: who may ask the HTTP server what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from llmrec.catalog.scopes import Scope
from llmrec.cli.common import WorkspaceOption, console, notes

if TYPE_CHECKING:
    from llmrec.catalog.keys import KeyStore
    from llmrec.catalog.scopes import ApiKey

__all__ = ["app"]

app = typer.Typer(help="Make, list and revoke the keys of the HTTP server.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command()
def create(
    scope: Annotated[Scope, typer.Option(help="What it is for; each may what the last one may.")],
    user: Annotated[
        str | None,
        typer.Option("--user", "-u", help="The one shopper that a shopper's key speaks for."),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    A running server knows it at once.

    Example: [bold]llmrec keys create --scope shopper --user S042[/]
    """
    with _store(workspace) as store:
        key, made = store.create(scope, user)
    typer.echo(key)
    notes.print(f"Key {made.id} ({made.scope.value}). It is not shown again.", highlight=False)


@app.command("list")
def list_keys(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the keys by their ids, revoked ones too.

    Example: [bold]llmrec keys list[/]
    """
    with _store(workspace) as store:
        keys = store.list()
    if as_json:
        typer.echo(json.dumps([_plain(key) for key in keys], indent=2))
        return
    if not keys:
        notes.print("There are no keys. Make one with: llmrec keys create --scope merchant")
        return
    table = Table("id", "scope", "user", "made", "revoked")
    for key in keys:
        times = [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (key.made_at, key.revoked_at)]
        table.add_row(key.id, key.scope.value, escape(key.user or ""), *times)
    console.print(table)


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="Of the key, as listed.", show_default=False)],
    workspace: WorkspaceOption = None,
) -> None:
    """Let a key open nothing any more; a running server heeds it with the next request.

    Example: [bold]llmrec keys revoke 3fa9c1d2[/]
    """
    with _store(workspace) as store:
        store.revoke(id)
    notes.print(f"Key {escape(id)} is revoked.", highlight=False)


def _store(workspace: WorkspaceOption) -> KeyStore:
    from llmrec.catalog.keys import KeyStore
    from llmrec.config import Workspace

    return KeyStore.open(Workspace.open(workspace).database_url)


def _plain(key: ApiKey) -> dict[str, str | None]:
    return {
        "id": key.id,
        "scope": key.scope.value,
        "user": key.user,
        "made_at": key.made_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
