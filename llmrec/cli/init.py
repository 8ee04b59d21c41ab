"""``llmrec init``: make a shop's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from llmrec.cli.common import console

__all__ = ["init"]


def init(
    directory: Annotated[
        Path, typer.Argument(help="The shop's folder: a new or an empty one.", show_default=False)
    ],
) -> None:
    """Make a workspace: settings, catalogue database, and room for vectors and models.

    A folder that is a workspace already is left as it is.

    Example: [bold]llmrec init my-shop[/]
    """
    from llmrec.catalog.store import CatalogStore
    from llmrec.config import CONFIG_NAME, Workspace

    existed = (directory.expanduser() / CONFIG_NAME).is_file()
    workspace = Workspace.init(directory)
    with CatalogStore.open(workspace.database_url) as store:
        count = store.count_items()
    where = escape(str(workspace.path))
    if existed:
        console.print(f"{where} is a workspace already ({count:,} items).", highlight=False)
        return
    console.print(f"Made the workspace {where}.", highlight=False, soft_wrap=True)
    console.print(
        f"Next: llmrec ingest items FILE… -w {escape(str(directory))}",
        highlight=False,
        soft_wrap=True,
    )
