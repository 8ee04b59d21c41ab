"""``llmrec read``: what a shopper's message says, as JSON; one message, or many by lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from llmrec.cli.common import WorkspaceOption, console, notes, progress_bar
from llmrec.errors import ConfigError, DataError, WorkspaceError

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine
    from llmrec.reading import ReadingContext, Traced
    from llmrec.reading.loading import Reader

__all__ = ["read"]

_LINE_HINT = (
    'A line is a JSON string, or an object such as {"message": "a kettle", "context": null, '
    '"shop_currency": "EUR"}, of which only the message is needed.'
)
_CONTEXT_HINT = (
    'It is an object such as {"looking_for": "tent", "held": {"max": 200}, "on_screen": '
    '["Tarn 2", "Duo"]}; each of the three may be left out.'
)


_Message = Annotated[
    str | None, typer.Argument(help="As the shopper has typed it.", show_default=False)
]
_Context = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="JSON",
        help="What it is read against: an object with looking_for, held (by the keys of the "
        "output) and on_screen (a list of titles).",
    ),
]
_Currency = Annotated[
    str | None,
    typer.Option(help="The shop's (ISO 4217); else that of most of its prices."),
]
_Details = Annotated[
    bool,
    typer.Option(
        "--details",
        help="Add what is not held: unsure, where the model contradicts itself, and untraced, "
        "where the message does not say so.",
    ),
]
_Also = Annotated[
    bool,
    typer.Option(
        "--also",
        help="Add what else the message asks for, as a list of objects of the same keys under "
        "'also'; without, only the first request is printed.",
    ),
]
_Stdin = Annotated[
    bool,
    typer.Option(
        "--stdin",
        help="Read messages from standard input: JSON strings, or objects with message, context "
        "and shop_currency, one on each line.",
    ),
]


@dataclass(frozen=True)
class _MessageRequest:
    """A message, and what it is read against."""

    message: str
    context: ReadingContext | None = None
    currency: str | None = None

    def read_by(self, reader: Reader) -> Traced:
        """What it says."""
        return reader.read(self.message, self.context, self.currency)


def read(
    message: _Message = None,
    context: _Context = None,
    currency: _Currency = None,
    details: _Details = False,
    also: _Also = False,
    stdin: _Stdin = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Print what a shopper's message says, as one line of JSON; docs/chat.md lists its keys.

    Without a workspace the default settings hold, and the shop's currency is not known. With
    --stdin, --context and --currency hold for lines that say nothing of theirs.

    Examples: [bold]llmrec read -w shop "a kettle under 30"[/] ·
    [bold]llmrec read -w shop --also "a mug, and do you ship to Norway?"[/] ·
    [bold]llmrec read --stdin --details < messages.jsonl[/]
    """
    if stdin == (message is not None):
        raise typer.BadParameter("Give a message, or --stdin and messages there.")
    request = _MessageRequest(message or "", _context_option(context), _currency_option(currency))
    # Taken before any progress is shown: rich turns sys.stdout to its own console meanwhile.
    printed = _Printed(typer.get_binary_stream("stdout"), details, also)
    with ExitStack() as opened:
        if stdin:
            _read_lines(_reader(workspace, opened), request, printed)
            return
        with notes.status("Reading …"):
            reader = _reader(workspace, opened)
            traced = request.read_by(reader)
        printed.write(traced)


def _reader(workspace: Path | None, opened: ExitStack) -> Reader:
    from llmrec.recommender import Recommender

    try:
        shop = Recommender.open(workspace)
    except WorkspaceError as error:
        # Only a workspace that was named has to be there.
        if workspace or os.environ.get("LLMREC_WORKSPACE"):
            raise
        notes.print(
            f"{error.message} The default settings hold.", style="dim", markup=False, soft_wrap=True
        )
        return _default_reader(opened)
    return opened.enter_context(shop).reader


def _default_reader(opened: ExitStack) -> Reader:
    from llmrec.config import Settings
    from llmrec.engines import load_engine
    from llmrec.reading.loading import load_reader

    settings = Settings.without_workspace()

    def shop_engine() -> Engine:
        models = settings.models
        engine = load_engine(models.engine, models.llm, settings.engine)
        return opened.enter_context(closing(engine))

    reader, alone = load_reader(settings, Path.cwd(), shop_engine)
    if alone is not None:
        opened.callback(alone.close)
    return reader


def _read_lines(reader: Reader, default: _MessageRequest, printed: _Printed) -> None:
    lines = typer.get_binary_stream("stdin")
    bar = progress_bar()
    bar.disable = console.is_terminal  # the answers themselves are seen coming
    with bar:
        task = bar.add_task("Reading", total=_count(lines))
        for request in _requests_in(lines, default):
            printed.write(request.read_by(reader))
            bar.advance(task)


def _count(lines: IO[bytes]) -> int | None:
    """How many messages are to come; ``None`` from a pipe, which can be read only once."""
    if not lines.seekable():
        return None
    start = lines.tell()
    count = sum(1 for line in lines if line.strip())
    lines.seek(start)
    return count


def _requests_in(lines: IO[bytes], default: _MessageRequest) -> Iterator[_MessageRequest]:
    """Each line's message, as soon as the line is there; empty lines are passed over."""
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            request = _request(line, default)
        except DataError as error:
            raise DataError(
                error.reason,
                file="standard input",
                row=row,
                field=error.field,
                hint=error.hint or _LINE_HINT,
            ) from None
        yield request


def _request(line: bytes, default: _MessageRequest) -> _MessageRequest:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("the line is not UTF-8.") from None
    given = _json(text)
    if isinstance(given, str):
        given = {"message": given}
    if not isinstance(given, dict):
        raise DataError(f"the line is neither a string nor an object, but {_kind(given)}.")
    if "message" not in given:
        raise DataError("there is none.", field="message")
    message = given["message"]
    if not isinstance(message, str):
        raise DataError(f"it must be a string, not {_kind(message)}.", field="message")
    return _MessageRequest(
        message,
        _context(given["context"], "context") if "context" in given else default.context,
        _currency(given.get("shop_currency")) or default.currency,
    )


def _context_option(text: str | None) -> ReadingContext | None:
    try:
        return None if text is None else _context(_json(text))
    except DataError as error:
        raise ConfigError(f"--context: {error.message}", hint=_CONTEXT_HINT) from None


def _currency_option(text: str | None) -> str | None:
    try:
        return _currency(text)
    except DataError as error:
        raise ConfigError(f"--currency: {error.reason}", hint=error.hint) from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DataError(f"no valid JSON: {error}.") from None
    except RecursionError:
        raise DataError("no JSON that can be read: too many lists within lists.") from None


def _context(value: object, name: str = "") -> ReadingContext | None:
    """A context from its JSON; other keys of the object are passed over.

    Raises:
        DataError: it is none; names the field.
    """
    from llmrec.reading import ReadingContext

    if value is None:
        return None
    if not isinstance(value, dict):
        raise DataError(f"it must be an object or null, not {_kind(value)}.", field=name or None)
    inside = f"{name}." if name else ""
    looking_for = _checked(value, "looking_for", str, inside)
    limits: Mapping[str, Any] = _checked(value, "held", dict, inside) or {}
    _checked(limits, "attributes", dict, f"{inside}held.")
    on_screen = _checked(value, "on_screen", list, inside) or []
    for title in on_screen:
        if not isinstance(title, str):
            raise DataError(
                f"a title in it must be a string, not {_kind(title)}.", field=f"{inside}on_screen"
            )
    return ReadingContext(looking_for, limits, tuple(on_screen))


def _checked(values: Mapping[str, Any], key: str, kind: type, inside: str) -> Any:
    value = values.get(key)
    if value is not None and not isinstance(value, kind):
        raise DataError(
            f"it must be {_KINDS[kind]} or null, not {_kind(value)}.", field=f"{inside}{key}"
        )
    return value


_KINDS = {str: "a string", dict: "an object", list: "a list", bool: "true or false"}


def _kind(value: object) -> str:
    return "null" if value is None else _KINDS.get(type(value), "a number")


def _currency(value: object) -> str | None:
    from llmrec.ingest.currencies import parse_currency

    if value is None:
        return None
    if not isinstance(value, str):
        raise DataError(f"it must be a string or null, not {_kind(value)}.", field="shop_currency")
    try:
        return parse_currency(value)
    except DataError as error:
        raise DataError(
            f"'{value}' is {error.reason}.", field="shop_currency", hint="Use a code such as EUR."
        ) from None


@dataclass(frozen=True)
class _Printed:
    """Where readings go, and what of them."""

    out: IO[bytes]
    details: bool
    also: bool

    def write(self, traced: Traced) -> None:
        """One line of JSON."""
        from llmrec.reading.lines import write_part

        values = traced.reading.to_dict()
        if self.also:
            values["also"] = [reading.to_dict() for reading in traced.also]
        if self.details:
            values["unsure"] = [write_part(part) for part in traced.unsure]
            values["untraced"] = [write_part(part) for part in traced.untraced]
        # JSON is UTF-8 wherever it goes, whatever the terminal's own encoding.
        self.out.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        self.out.flush()
