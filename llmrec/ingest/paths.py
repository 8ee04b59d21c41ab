"""Category paths: the steps of one, and the several paths that a cell may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_text, is_missing
from llmrec.ingest.literals import printed_value

__all__ = [
    "PLAIN_PATHS",
    "PathStyle",
    "first_step",
    "further_steps",
    "has_bare_slash",
    "main_path",
    "parse_paths",
]

Path = tuple[str, ...]

# ">>" and "->" are one sign; the brackets ⟩ ❯ are what web fonts make of it.
_ARROW = re.compile(r"\s{0,9}(?:[-=]{0,3}>+|[›»→⇒⟩❯▸►]|::)\s{0,9}")
_PIPE = re.compile(r"\s*\|\s*")
_APART = re.compile(r"\s*[;|]\s*")
_SEMICOLON = re.compile(r"\s*;\s*")
_COMMA = re.compile(r"\s*(?<!\\),\s*")  # WooCommerce escapes a comma that is part of a name
_SLASH = re.compile(r"\s+/\s+")
_BARE_SLASH = re.compile(r"\s*/\s*")
_BETWEEN_WORDS = re.compile(r"[^\s/]/[^\s/]")
_NAMES = ("name", "title", "label", "category", "value")


@dataclass(frozen=True)
class PathStyle:
    """How the categories of a column are written, where the sign in a cell can mean several things.

    Attributes:
        comma_steps: commas part the steps of one path.
        comma_paths: commas part paths.
        slashes: a bare slash parts steps, as in ``Home/Kitchen``.
        roots: first steps of the column; a comma before one of them parts two paths.
        top: a first step that all paths have and that says nothing.
        numbers: whether a bare number is a category; for Google it is an id of its taxonomy.
    """

    comma_steps: bool = False
    comma_paths: bool = False
    slashes: bool = False
    roots: frozenset[str] = frozenset()
    top: str | None = None
    numbers: bool = True


PLAIN_PATHS = PathStyle()


def main_path(paths: Sequence[Path]) -> Path:
    """The longest path, which says most; of several such the first."""
    return max(paths, key=len, default=())


def further_steps(paths: Sequence[Path]) -> Path:
    """The steps of the other paths, each once."""
    main = main_path(paths)
    return tuple(dict.fromkeys(step for path in paths for step in path if step not in main))


def parse_paths(value: Any, max_chars: int, style: PathStyle = PLAIN_PATHS) -> tuple[Path, ...]:
    """All category paths of a cell.

    Args:
        value: a list of steps, of paths or of objects with a name; text of such a list; or text
            with steps between arrows, slashes with spaces, or ``|``, and paths between ``;``.
        max_chars: bound of the text.
        style: what the column tells of signs that can mean several things.

    Raises:
        DataError: a number, or text that is too long.
    """
    if is_missing(value):
        return ()
    if isinstance(value, str):
        printed = printed_value(value)
        if printed is None:
            return tuple(_of_value(_in_text(value, max_chars, style), style))
        value = printed
    if isinstance(value, Mapping):
        value = [_named(value)] if _named(value) is not None else list(value.values())
    if not isinstance(value, (list, tuple)):
        raise DataError("not a category")
    return tuple(_of_value(_in_list(value, max_chars, style), style))


def first_step(text: str) -> str:
    """What stands before the first arrow; empty where no arrow stands."""
    step, *rest = _ARROW.split(text, maxsplit=1)
    return clean_text(step).strip() if rest else ""


def has_bare_slash(text: str) -> bool:
    """Whether a slash without spaces stands between words, and no other sign of steps.

    >>> has_bare_slash("Home/Kitchen"), has_bare_slash("Home > Audio/Video")
    (True, False)
    """
    return bool(_BETWEEN_WORDS.search(text)) and not _ARROW.search(text)


def _of_value(paths: Iterable[Path], style: PathStyle) -> Iterator[Path]:
    for path in dict.fromkeys(paths):
        if path and path[0] == style.top:
            path = path[1:]
        if path and (style.numbers or not path[-1].isdigit()):
            yield path


def _in_list(values: Sequence[Any], max_chars: int, style: PathStyle) -> list[Path]:
    cells: list[Any] = []
    for value in values:
        name = _named(value) if isinstance(value, Mapping) else value
        if not is_missing(name):
            cells.append(name)
    parsed = [
        parse_paths(cell, max_chars, style)
        if isinstance(cell, (list, tuple, Mapping))
        else _in_text(str(cell), max_chars, style)
        for cell in cells
    ]
    if any(isinstance(cell, (list, tuple)) for cell in cells) or any(
        len(path) > 1 for paths in parsed for path in paths
    ):
        return [path for paths in parsed for path in paths]
    return [tuple(step for paths in parsed for path in paths for step in path)]


def _named(value: Mapping[str, Any]) -> Any:
    return next((value[name] for name in _NAMES if isinstance(value.get(name), str)), None)


def _in_text(value: str, max_chars: int, style: PathStyle) -> list[Path]:
    lines = [clean_text(line, max_chars) for line in value.splitlines()] if "\n" in value else []
    lines = [line for line in lines if line]
    if len(lines) > 1:
        paths = [path for line in lines for path in _in_text(line, max_chars, style)]
        flat = all(len(path) == 1 for path in paths)
        return [tuple(path[0] for path in paths)] if flat else paths
    text = clean_text(value, max_chars)
    if style.comma_steps:
        return [_steps(_COMMA.split(text))]
    if _ARROW.search(text):
        parts = _APART.split(text)
        return [_steps(_ARROW.split(path)) for part in parts for path in _at_commas(part, style)]
    if style.comma_paths:
        return [_flat_steps(part, style) for part in _COMMA.split(text)]
    return [_flat_steps(part, style) for part in _SEMICOLON.split(text)]


def _at_commas(text: str, style: PathStyle) -> list[str]:
    """The paths between commas, where commas part paths: by the style, or before a known root."""
    parts = _COMMA.split(text)
    if style.comma_paths or len(parts) == 1:
        return parts
    paths = [parts[0]]
    for part in parts[1:]:
        if _ARROW.search(paths[-1]) and _ARROW.split(part, maxsplit=1)[0] in style.roots:
            paths.append(part)
        else:
            paths[-1] = f"{paths[-1]}, {part}"
    return paths


def _flat_steps(text: str, style: PathStyle) -> Path:
    if "|" in text:
        return _steps(_PIPE.split(text))
    return _steps((_BARE_SLASH if style.slashes else _SLASH).split(text))


def _steps(parts: Iterable[str]) -> Path:
    steps = (part.replace("\\,", ",").strip() for part in parts)
    return tuple(step for step in steps if not is_missing(step))
