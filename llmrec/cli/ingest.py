"""``llmrec ingest``: a shop's files into the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import ConfigError, DataError
from llmrec.ingest.prices import PriceUnit
from llmrec.ingest.times import DateOrder
from llmrec.types import EventKind

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from llmrec.ingest import FileProgress, FileReport, IngestReport

__all__ = ["app"]

app = typer.Typer(
    help="Read products and events from files. Bad rows go to the rejects folder.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_REASONS_SHOWN = 8


_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…",
        help="CSV, TSV, JSON Lines, Parquet, also as .gz or .zst; or "
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
    str | None, typer.Option(help="csv, tsv, jsonl or parquet, if the name does not tell.")
]
_Limit = Annotated[int | None, typer.Option(min=1, help="Read only so many rows of each file.")]
_Order = Annotated[
    DateOrder | None,
    typer.Option("--date-order", help="Is 3/4/2021 in March (mdy) or in April (dmy)?"),
]
_Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


@app.command()
def items(
    files: _Files,
    workspace: WorkspaceOption = None,
    map: _Map = None,
    encoding: _Encoding = None,
    format: _Format = None,
    currency: Annotated[
        str | None, typer.Option(help="Currency (ISO 4217) of prices that name none.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language (such as de) of items that name none.")
    ] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="Is 1.299 a little more than one (point) or 1299 (comma)?"),
    ] = None,
    price_unit: Annotated[
        PriceUnit | None,
        typer.Option("--price-unit", help="Is 1195 a whole price, or 11.95 in cents?"),
    ] = None,
    date_order: _Order = None,
    limit: _Limit = None,
    as_json: _Json = False,
) -> None:
    """Add or update products.

    Exports of Shopify, WooCommerce and Magento, Google's feeds, Amazon Reviews 2023, MovieLens and
    UCI Online Retail are recognised; other columns by their names, or by --map and llmrec.toml. The
    fields are id, title, brand, category, description, price, currency, language, stock,
    attributes, url, image_url, added_at, and attributes.NAME; sale_price, availability, parent,
    published, status and visibility are read too. Only id and title are needed: what cannot be read
    of the rest is left out and reported.

    Example: [bold]llmrec ingest items products.csv --map title=product_name --currency EUR[/]
    """
    from llmrec.config import Workspace
    from llmrec.ingest import IngestOptions, ingest_items
    from llmrec.ingest.fields import parse_language
    from llmrec.ingest.prices import parse_currency
    from llmrec.ingest.recognise import parse_map

    options = IngestOptions(
        columns=parse_map(map or (), "items"),
        encoding=encoding,
        format=format,
        currency=_checked("--currency", currency, parse_currency),
        language=_checked("--language", language, parse_language),
        decimal=None if decimal is None else "." if decimal == "point" else ",",
        price_unit=price_unit,
        date_order=date_order,
        limit=limit,
    )
    shop = Workspace.open(workspace)
    with _bars() as bars:
        report = ingest_items(shop, files, options=options, progress=_into(bars))
    _print(report, as_json)


@app.command()
def events(
    files: _Files,
    workspace: WorkspaceOption = None,
    map: _Map = None,
    encoding: _Encoding = None,
    format: _Format = None,
    kind: Annotated[
        EventKind | None, typer.Option(help="What all events of the files are.")
    ] = None,
    allow_unknown_items: Annotated[
        bool,
        typer.Option("--allow-unknown-items", help="Keep events of items not in the catalogue."),
    ] = False,
    disliked_below: Annotated[
        float | None,
        typer.Option(help="A rating lower than that says dislike; default: ingest.disliked_below."),
    ] = None,
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
    from llmrec.ingest import IngestOptions, ingest_events
    from llmrec.ingest.recognise import parse_map

    options = IngestOptions(
        columns=parse_map(map or (), "events"),
        encoding=encoding,
        format=format,
        kind=kind,
        date_order=date_order,
        limit=limit,
        allow_unknown_items=allow_unknown_items,
        disliked_below=disliked_below,
    )
    shop = Workspace.open(workspace)
    with _bars() as bars:
        report = ingest_events(shop, files, options=options, progress=_into(bars))
    _print(report, as_json, shop.settings.ingest.rating_scale)


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


def _print(report: IngestReport, as_json: bool, scale: tuple[float, float] | None = None) -> None:
    if as_json:
        print(json.dumps(report.to_dict(), ensure_ascii=False))
        return
    for one in report.files:
        _describe(one)
    table = Table("File", "Rows", "Added", "Updated", "Unchanged", "Repeated", "Rejected", "Rows/s")
    for one in report.files:
        numbers = (one.rows, one.added, one.updated, one.unchanged, one.duplicates, one.rejected)
        rate = one.rows / max(one.seconds, 1e-9)
        table.add_row(escape(one.file), *(f"{n:,}" for n in numbers), f"{rate:,.0f}")
    console.print(table)
    for one in report.files:
        for warning in one.warnings:
            console.print(f"  note: {escape(warning)}", highlight=False, soft_wrap=True)
        _explain_rejects(one)
        if one.unordered:
            console.print(
                "  each shopper's rows are sorted by item: their order does not say what came "
                "first; times or positions would",
                highlight=False,
            )
        _explain_returns(one)
        _explain_ratings(one)
        if scale and "text" in one.columns:
            _explain_texts(one, scale)


def _describe(one: FileReport) -> None:
    mapped = ", ".join(f"{ours} ← {theirs}" for ours, theirs in one.columns.items())
    console.print(
        f"{escape(one.file)}: {one.format}, recognised by: {one.shape}\n  {escape(mapped)}",
        highlight=False,
    )


def _explain_returns(one: FileReport) -> None:
    if one.returned or one.unmatched:
        back = "purchase" if one.returned == 1 else "purchases"
        lost = "return" if one.unmatched == 1 else "returns"
        console.print(
            f"  returned: {one.returned:,} {back} taken back, {one.unmatched:,} {lost} without a "
            "purchase",
            highlight=False,
        )


def _explain_ratings(one: FileReport) -> None:
    if one.ratings is None:
        return
    low, high = one.ratings
    below = one.disliked_below
    said = (
        "each speaks for its product; --disliked-below takes low ones for dislikes"
        if below is None
        else f"those below {below:g} are dislikes"
    )
    console.print(f"  ratings from {low:g} to {high:g}: {said}", highlight=False)


def _explain_texts(one: FileReport, scale: tuple[float, float]) -> None:
    console.print(f"  {one.texts:,} review texts are new or changed", highlight=False)
    low, high = one.ratings or scale
    if low < scale[0] or high > scale[1]:
        console.print(
            f"  profiles read reviews on a scale of {scale[0]:g} to {scale[1]:g}: set "
            "ingest.lowest_rating and ingest.highest_rating to the shop's own",
            highlight=False,
        )


def _explain_rejects(one: FileReport) -> None:
    for reason, count in list(one.reasons.items())[:_REASONS_SHOWN]:
        console.print(f"  rejected {count:,}: {escape(reason)}", highlight=False)
    for reason, count in list(one.left_out.items())[:_REASONS_SHOWN]:
        console.print(f"  left out {count:,}: {escape(reason)}", highlight=False)
    if one.rejects:
        console.print(f"  all of them: {escape(str(one.rejects))}", highlight=False, soft_wrap=True)
