"""The written messages: what shoppers type, each with what it means. Ours, and shipped.

They were written one by one by a large language model in shoppers' roles, not by people.

``messages/NAME.jsonl`` holds one writer's set, one JSON object a line: ``message``, ``context``,
``shop_currency``, ``want`` (llmrec/reading/reading.py has the keys) and, where the message asks for
more than one thing, ``also`` with a list of what else. The sets whose names begin
with ``test`` train nothing. A shop's own files have the same form; context and currency may lack.
A name that ends in a language (``ours-de.jsonl``) says in which the messages are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmrec.errors import DataError
from llmrec.reading.prompt import ReadingContext, plain
from llmrec.reading.reading import Reading

__all__ = ["WrittenMessage", "read_messages", "written_sets"]

FOLDER = Path(__file__).parent / "messages"

_HINT = (
    'Each line is {"message": "a mug, 20 max", "context": null, "shop_currency": "EUR", '
    '"want": {"intent": "find", "looking_for": "mug", "max": 20}}; docs/chat.md lists what may '
    "stand in want."
)
_NAMED = re.compile(r"(?:^|[_. -])(en|de|zh)\d*$")
_CHINESE = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True)
class WrittenMessage:
    """One message and what it means.

    Attributes:
        message: plain text.
        context: what it is read against; ``None`` at the beginning of a conversation.
        currency: the shop's; empty where the file does not say.
        want: what is asked for first, by the keys of the structure; absent keys are empty.
        language: ``en``, ``de`` or ``zh``; its variants get words and sums of that language.
        also: what else is asked for, each by the same keys.
    """

    message: str
    context: ReadingContext | None
    currency: str
    want: Mapping[str, Any]
    language: str
    also: tuple[Mapping[str, Any], ...] = ()

    @property
    def wants(self) -> tuple[Mapping[str, Any], ...]:
        """All that is asked for."""
        return (self.want, *self.also)


class _Row(BaseModel):
    """A line as it must be; what it means is checked against the structure itself."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1)
    context: _Context | None = None
    shop_currency: str = ""
    want: Reading
    also: list[Reading] = []


class _Context(BaseModel):
    model_config = ConfigDict(extra="forbid")

    looking_for: str | None = None
    held: dict[str, Any] | None = None
    on_screen: list[str] | None = None


def written_sets(*, test: bool = False) -> list[Path]:
    """The files that ship: those to train on, or those that are kept for testing."""
    return sorted(p for p in FOLDER.glob("*.jsonl") if p.name.startswith("test") == test)


def read_messages(path: Path) -> Iterator[WrittenMessage]:
    """The messages of one set, in their order.

    Raises:
        DataError: the file cannot be read, or a line is no JSON, lacks a field, or has one that
            cannot be; names the file, the line and the field.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.", hint=_HINT) from error
    named = _NAMED.search(path.stem)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            row = _Row.model_validate(values)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}, line {number} is no JSON: {error}.", hint=_HINT) from error
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the line"
            raise DataError(
                f"{path}, line {number}, {field}: {first['msg']}.", hint=_HINT
            ) from error
        text, context = plain(row.message), row.context
        yield WrittenMessage(
            text,
            None
            if context is None
            else ReadingContext(
                context.looking_for, context.held or {}, tuple(context.on_screen or ())
            ),
            row.shop_currency,
            _meant(values["want"]),
            named[1] if named else "zh" if _CHINESE.search(text) else "en",
            tuple(map(_meant, values.get("also", ()))),
        )


def _meant(values: Mapping[str, Any]) -> dict[str, Any]:
    """As written, without what it says to be nothing: "llmrec read" prints every key."""
    return {key: value for key, value in values.items() if value not in (None, [], {})}
