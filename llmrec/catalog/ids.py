"""The one form of an id: composed (NFC), without white space around it, without controls.

Two spellings of one name would be two products, or two shoppers. So every way in brings an id to
this form, and every look-up takes the other spellings for the same.
"""

from __future__ import annotations

import re
import unicodedata

from llmrec.errors import DataError

__all__ = ["MAX_ID_CHARS", "checked_id", "is_plain", "one_form", "readable_id"]

MAX_ID_CHARS = 512

# Controls, line and paragraph separators, lone surrogates: none can be typed, most break a log.
_BAD_IN_ID = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def one_form(id: str) -> str:
    """The form in which ids are compared; may be empty.

    >>> one_form(" Café ")
    'Café'
    """
    text = id.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_plain(id: str) -> bool:
    """Whether an id is in its one form at first sight, as nearly all are; ``False`` says nothing.

    >>> is_plain("KETTLE-01"), is_plain(" KETTLE-01"), is_plain("\u00e9")
    (True, False, False)
    """
    return (
        type(id) is str
        and id.isascii()
        and id.isprintable()
        and 0 < len(id) <= 64
        and " " not in (id[0], id[-1])
    )


def checked_id(id: str) -> str:
    """An id in its one form.

    Raises:
        DataError: it is empty, too long, or holds control characters.
    """
    text = one_form(id)
    if not text:
        raise DataError("the id is missing")
    if len(text) > MAX_ID_CHARS:
        raise DataError(f"the id is longer than {MAX_ID_CHARS} characters")
    if _BAD_IN_ID.search(text):
        raise DataError("control characters in the id")
    return text


def readable_id(id: str) -> str:
    """An id of an older version in its one form, with U+FFFD for what an id cannot hold."""
    return one_form(_BAD_IN_ID.sub(_UNREADABLE, id.strip())) or _UNREADABLE
