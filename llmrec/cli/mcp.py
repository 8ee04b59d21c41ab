"""``llmrec mcp``: the shop's tools for assistants that speak the Model Context Protocol."""

from __future__ import annotations

from typing import Annotated

import typer

from llmrec.cli.common import WorkspaceOption, notes

__all__ = ["mcp"]


def mcp(
    user: Annotated[
        str | None,
        typer.Option("--user", "-u", help="Whose history counts; feedback goes into their log."),
    ] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Streamable HTTP on this machine instead of stdio.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http.")] = 8765,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the shop's tools over the Model Context Protocol: search, recommend, explain and more.

    A client starts this command itself and talks to it over standard input and output
    (docs/mcp.md has its configuration). Without --user the shopper is a stranger, whose feedback
    counts until the client hangs up.

    Example: [bold]llmrec mcp -w shop --user S042[/]
    """
    from llmrec.agent.tools import TOOLS
    from llmrec.mcp.server import serve_http, serve_stdio
    from llmrec.recommender import Recommender
    from llmrec.requests import clean_user

    user = clean_user(user)
    with Recommender.open(workspace) as shop:
        where = f"at http://127.0.0.1:{port}/mcp" if http else "over stdio"
        notes.print(f"Serving {len(TOOLS)} tools of {shop.workspace.path} {where}.", style="dim")
        if http:
            serve_http(shop, user, port)
        else:
            serve_stdio(shop, user)
