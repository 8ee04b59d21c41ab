"""``llmrec serve``: the HTTP server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, notes
from llmrec.errors import MissingExtra

__all__ = ["serve"]


def serve(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen at; else server.host.", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; else server.port.", show_default=False),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Without any key, still let other machines in."),
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer over HTTP: recommendations, search, chat, items, events. The API: /openapi.json.

    Without any key it listens on this machine alone; make keys with llmrec keys create.

    Example: [bold]llmrec serve -w shop --port 8080[/]
    """
    try:
        from llmrec.server.address import take_address, url_of
        from llmrec.server.process import check_door
        from llmrec.server.process import serve as run
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "fastapi", extra="serve") from error
    from llmrec.config import Workspace
    from llmrec.server.shop import Shop

    given: dict[str, Any] = {"host": host, "port": port}
    chosen = {name: value for name, value in given.items() if value is not None}
    shop = Shop(Workspace.open(workspace, overrides={"server": chosen} if chosen else None))
    warning = check_door(shop, insecure=insecure)
    if warning:
        notes.print(warning, style="yellow", highlight=False, soft_wrap=True)
    settings = shop.workspace.settings.server
    with take_address(settings.host, settings.port) as taken:
        with notes.status("Opening the catalogue, the index and the model …"):
            shop.open()
        notes.print(f"Listening at {url_of(taken)}. Ctrl-C ends it.", highlight=False)
        run(shop, taken, insecure=insecure)
