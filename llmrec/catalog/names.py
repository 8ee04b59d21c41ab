"""Names that are no names: what programs write where they know no shopper.

``null`` from a database, ``undefined`` from a page's script, ``nan`` from a table: whoever took
these for a shopper would show one visitor what another one bought. Words that may be a choice of
the shop's (``guest``, ``anonymous``, ``0``, ``NA``) are names; a shop that gives all its visitors
the same one shares what it says of them, see ``docs/http.md``.
"""

from __future__ import annotations

import unicodedata

from sqlalchemy import ColumnElement, func

from llmrec.catalog.ids import checked_id
from llmrec.catalog.schema import events
from llmrec.errors import DataError

__all__ = ["NO_NAMES", "is_nobody", "of_nobody", "of_somebody", "user_name"]

NO_NAMES = frozenset(
    {
        "null", "none", "nil", "nan", "undefined", "n/a", "#n/a", "<na>", "<null>", "(null)",
        "[null]", "\\n", "-", "--", "—", "[object object]",
    }
)  # fmt: skip
"""In lower case. ``\\N`` is the null of MySQL's files and Hive's, the last one a script's slip."""

_LONGEST = max(map(len, NO_NAMES))
_QUOTES = "\"'` \t\r\n\x0b\x0c"
# Most names of a log of millions begin with a digit or another letter, and are told by that alone.
_STARTS = frozenset(_QUOTES) | {start for word in NO_NAMES for start in (word[0], word[0].upper())}


def is_nobody(name: str | None) -> bool:
    """Whether a name says that there is none: blank, or a word such as ``null`` in any case.

    >>> [is_nobody(name) for name in (None, "", " NULL ", "'undefined'", "0", "anna", "guest")]
    [True, True, True, True, False, False, False]
    """
    if not name:
        return True
    if name[0] not in _STARTS and name.isascii():
        return False
    if len(name) > 2 * _LONGEST and not name.isspace():
        return False
    text = unicodedata.normalize("NFKC", name).replace("\u200b", "").strip(_QUOTES)
    return not text or text.isspace() or text.lower() in NO_NAMES


def user_name(name: str) -> str:
    """A shopper's name as it is kept, in its one form (see :mod:`llmrec.catalog.ids`).

    Raises:
        DataError: it is nobody's, or no name.
    """
    if is_nobody(name):
        raise DataError(
            f"'{name}' is nobody's name.",
            field="user",
            hint="Name the shopper, or leave the user out where nobody is signed in.",
        )
    return checked_id(name)


def of_somebody() -> ColumnElement[bool]:
    """A condition on ``events``: their shopper has a name.

    An older llmrec kept events of ``null`` and the like, of many visitors as of one shopper. They
    are not learned from, in the spellings that programs write.
    """
    return events.c.user_id.not_in(_SPELLINGS)


def of_nobody() -> ColumnElement[bool]:
    """A condition on ``events``: their shopper has none, in whatever spelling. Slower."""
    return func.lower(func.trim(events.c.user_id)).in_(sorted({"", *NO_NAMES}))


# Compared one by one with a function of the column, a log of millions takes a fifth longer to read.
_SPELLINGS = sorted(
    {spelt for word in NO_NAMES for spelt in (word, word.upper(), word.title(), word.capitalize())}
    | {"NaN", "[object Object]"}
)
