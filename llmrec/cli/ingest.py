"""``llmrec ingest``: a shop's files into the catalogue."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from llmrec.cli.common import WorkspaceOption, notes
from llmrec.cli.ingest_view import print_removal, print_report
from llmrec.errors import ConfigError, DataError
from llmrec.ingest.delimited import Quote
from llmrec.ingest.prices import PriceUnit
from llmrec.ingest.times import DateOrder
from llmrec.types import EventKind

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from llmrec.ingest import FileProgress, IngestOptions, Removal
    from llmrec.ingest.shapes import Target

__all__ = ["app"]

app = typer.Typer(
    help="Read products and events from files. Bad rows go to the rejects folder.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…",
        help="CSV, TSV, JSON, JSON Lines, Parquet, also as .gz or .zst; or "
        "hf:OWNER/NAME[:CONFIG][:SPLIT].",
        show_default=False,
    ),
]
_Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", help="FIELD=COLUMN of the file; may be repeated; FIELD= leaves the field out."
    ),
]
_Encoding = Annotated[
    str | None, typer.Option(help="Encoding of text files.", show_default="utf-8")
]
_Format = Annotated[
    str | None, typer.Option(help="csv, tsv, jsonl, json or parquet, if the name does not tell.")
]
_Delimiter = Annotated[
    str | None,
    typer.Option(
        help="What parts the columns of CSV files: a character, or tab, pipe, semicolon, …; "
        "else it is found out."
    ),
]
_Quote = Annotated[
    Quote | None,
    typer.Option(help="What quotes the fields of CSV files; none: quotes are text."),
]
_Limit = Annotated[int | None, typer.Option(min=1, help="Read only so many rows of each file.")]
_Order = Annotated[
    DateOrder | None,
    typer.Option("--date-order", help="Is 3/4/2021 in March (mdy) or in April (dmy)?"),
]
_Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
_Currency = Annotated[
    str | None, typer.Option(help="Currency (ISO 4217) of prices that name none.")
]
_Language = Annotated[
    str | None, typer.Option(help="Language (such as de) of items that name none.")
]
_Decimal = Annotated[
    Literal["point", "comma"] | None,
    typer.Option(help="Is 1.299 a little more than one (point) or 1299 (comma)?"),
]
_PriceUnit = Annotated[
    PriceUnit | None,
    typer.Option("--price-unit", help="Is 1195 a whole price, or 11.95 in cents?"),
]
_Whole = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="The files are the whole catalogue: products in none of them go. It shows which, and "
        "asks.",
    ),
]
_Yes = Annotated[
    bool,
    typer.Option(
        "--yes",
        "-y",
        help="With --replace: do not ask, unless most of the catalogue would go or a tenth of the "
        "rows is bad.",
    ),
]
_Force = Annotated[
    bool, typer.Option("--force", help="With --replace: do not ask, whatever would go.")
]
_Kind = Annotated[EventKind | None, typer.Option(help="What all events of the files are.")]
_AllowUnknown = Annotated[
    bool,
    typer.Option("--allow-unknown-items", help="Keep events of items not in the catalogue."),
]
_DislikedBelow = Annotated[
    float | None,
    typer.Option(help="A rating lower than that says dislike; default: ingest.disliked_below."),
]


@app.command()
def items(
    files: _Files,
    workspace: WorkspaceOption = None,
    map: _Map = None,
    encoding: _Encoding = None,
    format: _Format = None,
    delimiter: _Delimiter = None,
    quote: _Quote = None,
    currency: _Currency = None,
    language: _Language = None,
    decimal: _Decimal = None,
    price_unit: _PriceUnit = None,
    date_order: _Order = None,
    limit: _Limit = None,
    whole: _Whole = False,
    yes: _Yes = False,
    force: _Force = False,
    as_json: _Json = False,
) -> None:
    """Add or update products.

    A file updates the fields that it has columns for: a price list leaves brand and description as
    they are. A blank cell clears its field.

    Exports of Shopify, WooCommerce and Magento, Google's feeds, Amazon Reviews 2023, MovieLens and
    UCI Online Retail are recognised; other columns by their names, or by --map and llmrec.toml. The
    fields are id, title, brand, category, description, price, currency, language, stock,
    attributes, url, image_url, added_at, and attributes.NAME; sale_price, availability, parent,
    published, status and visibility are read too. Only id and title are needed: what cannot be read
    of the rest is left out and reported.

    Example: [bold]llmrec ingest items products.csv --map title=product_name --currency EUR[/]
    """
    from llmrec.config import Workspace
    from llmrec.ingest import ingest_items
    from llmrec.ingest.fields import parse_language
    from llmrec.ingest.prices import parse_currency

    options = replace(
        _file_options("items", map, encoding, format, delimiter, quote, date_order, limit),
        currency=_checked("--currency", currency, parse_currency),
        language=_checked("--language", language, parse_language),
        decimal=None if decimal is None else "." if decimal == "point" else ",",
        price_unit=price_unit,
    )
    shop = Workspace.open(workspace)
    with _bars() as bars:
        decide = (lambda removal: _decide(removal, yes, force, bars)) if whole else None
        report = ingest_items(shop, files, options=options, progress=_into(bars), whole=decide)
    print_report(report, as_json, workspace)


@app.command()
def events(
    files: _Files,
    workspace: WorkspaceOption = None,
    map: _Map = None,
    encoding: _Encoding = None,
    format: _Format = None,
    delimiter: _Delimiter = None,
    quote: _Quote = None,
    kind: _Kind = None,
    allow_unknown_items: _AllowUnknown = False,
    disliked_below: _DislikedBelow = None,
    date_order: _Order = None,
    limit: _Limit = None,
    as_json: _Json = False,
) -> None:
    """Add events: who did what with which product, and when.

    The fields are user, item, kind (view, cart, purchase, rating, like, dislike, return), at,
    position, value, status, returned, and text (the shopper's own words, with a rating, a like or a
    dislike; --map text= leaves them out). Ingest the products first: events of unknown products are
    rejected.

    What came back (a negative quantity, a kind such as refund, status=cancelled) takes the purchase
    back. A quantity below 1 is no purchase; --map value= leaves the column out.

    Example: [bold]llmrec ingest events orders.csv.gz --kind purchase --map user=client_no[/]
    """
    from llmrec.config import Workspace
    from llmrec.ingest import ingest_events

    options = replace(
        _file_options("events", map, encoding, format, delimiter, quote, date_order, limit),
        kind=kind,
        allow_unknown_items=allow_unknown_items,
        disliked_below=disliked_below,
    )
    shop = Workspace.open(workspace)
    with _bars() as bars:
        report = ingest_events(shop, files, options=options, progress=_into(bars))
    print_report(report, as_json, workspace, shop.settings.ingest.rating_scale)


def _file_options(
    target: Target,
    pairs: list[str] | None,
    encoding: str | None,
    format: str | None,
    delimiter: str | None,
    quote: Quote | None,
    date_order: DateOrder | None,
    limit: int | None,
) -> IngestOptions:
    """How files of either kind are read."""
    from llmrec.ingest import IngestOptions
    from llmrec.ingest.recognise import parse_map

    return IngestOptions(
        columns=parse_map(pairs or (), target),
        encoding=encoding,
        format=format,
        delimiter=delimiter,
        quote=quote,
        date_order=date_order,
        limit=limit,
    )


def _checked(flag: str, value: str | None, parse: Callable[[str], str | None]) -> str | None:
    if value is None:
        return None
    try:
        return parse(value)
    except DataError as error:
        raise ConfigError(
            f"{flag} {value}: {error.reason}.", hint="Use a code such as EUR, or a tag such as de."
        ) from None


def _bars() -> Progress:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=notes,
        transient=not notes.is_terminal,
    )


def _into(bars: Progress) -> FileProgress:
    """Show the bytes read of each file in a bar of its own."""
    tasks: dict[str, TaskID] = {}

    def tell(name: str, done: int, size: int) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=size or None)
        bars.update(tasks[name], completed=done)

    return tell


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _decide(removal: Removal, yes: bool, force: bool, bars: Progress) -> bool:
    """Whether the products in none of the files go: as the flags say, or who sits there."""
    if force or (yes and not removal.doubt):
        return True
    bars.stop()  # its lines would be drawn over the question
    print_removal(removal)
    if _at_terminal() and not yes:
        return typer.confirm("Remove them from the catalogue?", default=False, err=True)
    raise DataError(
        f"{removal.gone:,} of {removal.before:,} products are in none of the files"
        f"{f', and {removal.doubt}' if removal.doubt else ''}: nothing was written.",
        hint="If that is right, say --force."
        if removal.doubt
        else "Say --yes to remove them, or ingest without --replace to keep them.",
    )
