"""That a shopper was forgotten, for whatever was under way under that name.

A chat or a recommendation takes seconds. One that ends after its shopper was forgotten must not
store anything under the name again. So forgetting leaves a mark, a hash of the name with the
moment, and every write that belongs to an :func:`operation` looks for it in its own transaction:
either the write comes first, and is deleted with the rest, or the mark does, and the write is
refused. What begins afterwards is a new acquaintance.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from llmrec.catalog.bulk import batched
from llmrec.catalog.schema import forgotten
from llmrec.errors import NotFound

__all__ = [
    "check_remembered",
    "forgotten_meanwhile",
    "in_operation",
    "mark_forgotten",
    "operation",
]

_KEPT_US = 86_400_000_000
"""A day: nothing that a shopper waits for takes so long, and the hash of a name is kept no longer
than it is needed."""

_PER_QUERY = 500

_began: ContextVar[int | None] = ContextVar("llmrec_operation", default=None)


@contextmanager
def operation() -> Iterator[None]:
    """What is written within belongs to something that begins now, or to what it stands within.

    Threads that work for it take it with them by a copy of the context.
    """
    if _began.get() is not None:
        yield
        return
    token = _began.set(_now())
    try:
        yield
    finally:
        _began.reset(token)


def mark_forgotten(connection: Connection, user: str) -> None:
    """Leave the mark, in the transaction of ``connection``; marks of yesterday go."""
    now = _now()
    old = forgotten.c.at_us < now - _KEPT_US
    connection.execute(forgotten.delete().where(old | (forgotten.c.user_hash == _hash(user))))
    connection.execute(forgotten.insert().values(user_hash=_hash(user), at_us=now))


def forgotten_meanwhile(connection: Connection, users: Collection[str]) -> set[str]:
    """Those of some shoppers who were forgotten since the operation began.

    Nobody where no operation runs: who ingests a file means what is in it.
    """
    began = _began.get()
    if began is None:
        return set()
    by_hash = {_hash(user): user for user in users}
    gone: set[str] = set()
    for hashes in batched(by_hash, _PER_QUERY):
        since = forgotten.c.user_hash.in_(hashes) & (forgotten.c.at_us >= began)
        rows = connection.execute(sa.select(forgotten.c.user_hash).where(since))
        gone.update(by_hash[row[0]] for row in rows)
    return gone


def in_operation() -> bool:
    """Whether what is written now belongs to an operation."""
    return _began.get() is not None


def check_remembered(connection: Connection, users: Collection[str]) -> None:
    """Refuse a write of an operation that a shopper was forgotten in the midst of.

    Raises:
        NotFound: one of them was; the transaction is to be rolled back.
    """
    if forgotten_meanwhile(connection, users):
        raise NotFound(
            "This shopper was forgotten meanwhile; nothing was stored.",
            hint="Begin again, if that is to be kept.",
        )


def _hash(user: str) -> str:
    return sha256(user.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> int:
    return time.time_ns() // 1_000
