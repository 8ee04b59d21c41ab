"""Text and ids of a shop's files, made clean: no HTML, no entities, no control characters, NFC."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from llmrec.catalog.ids import MAX_ID_CHARS, checked_id
from llmrec.catalog.names import is_nobody
from llmrec.errors import DataError

__all__ = ["MAX_ID_CHARS", "clean_id", "clean_text", "is_missing"]

_MISSING = frozenset({"", "none", "null", "nan", "nil", "n/a", "na", "#n/a", "-", "—", "<na>"})
_BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|ul|ol|td|th|tr|table|h[1-6]|hr|dt|dd|section|article|blockquote)\b)",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&(?:[a-zA-Z]{2,32}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
# Controls, lone surrogates, and the invisible characters that hide or reorder text. Joiners
# (U+200C, U+200D) stay: Persian, Hindi and emoji need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNESCAPE_ROUNDS = 3


def is_missing(value: Any) -> bool:
    """Whether a cell says nothing: ``None``, NaN, blank, or a word such as ``null``.

    >>> [is_missing(value) for value in (None, float("nan"), " ", "None", 0, [])]
    [True, True, True, True, False, True]
    """
    if value is None:
        return True
    if isinstance(value, str):
        return (len(value) <= 8 and value.strip().lower() in _MISSING) or value.isspace()
    if isinstance(value, float):
        return value != value
    return isinstance(value, (list, tuple, dict)) and not value


def clean_text(value: str, max_chars: int = 200_000) -> str:
    """Plain text on one line.

    HTML tags go, scripts and styles with what they hold; entities become characters (those that
    were escaped several times too); the text is NFC; controls and invisible characters go; runs of
    white space become one space.

    Raises:
        DataError: a NUL character, or more than ``max_chars``.

    >>> clean_text("<p>Caf&eacute;&nbsp;au lait</p><p>H<sub>2</sub>O &amp;amp; more</p>")
    'Café au lait H2O & more'
    """
    if len(value) > max_chars:
        raise DataError(f"the text is longer than {max_chars} characters")
    if "\x00" in value:
        raise DataError("a NUL character in the text")
    if "<" in value or "&" in value:
        value = _without_markup(value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", _INVISIBLE.sub("", value))
    elif not value.isprintable():
        value = _INVISIBLE.sub("", value)
    return " ".join(value.split())


def clean_id(value: Any) -> str:
    """An id as text: whole numbers without a fraction, no white space around, NFC.

    Words such as ``null`` and ``undefined`` are no ids, see :mod:`llmrec.catalog.names`.

    Raises:
        DataError: missing, too long, not text or a whole number, or with control characters.

    >>> clean_id(17850.0), clean_id(" A-1 ")
    ('17850', 'A-1')
    """
    if type(value) is str:
        if value.isascii() and value.isprintable() and 0 < len(value) <= 64:
            text = value.strip()
            if not is_nobody(text):
                return text
        if is_nobody(value):
            raise DataError("the id is missing")
        return checked_id(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    raise DataError("the id is missing" if is_missing(value) else "not an id")


def _without_markup(text: str) -> str:
    import nh3

    for _ in range(_UNESCAPE_ROUNDS):
        if not _MARKUP.search(text):
            break
        # Tags that break a line must not glue two words together once they are gone.
        spaced = _BLOCK.sub(" <", text)
        text = html.unescape(nh3.clean(spaced, tags=set(), clean_content_tags={"script", "style"}))
    return text
