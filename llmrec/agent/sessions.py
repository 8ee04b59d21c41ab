"""Conversations in the workspace's database: stored after each turn, listed, resumed, forgotten.

A turn is one transaction: after ``kill -9`` the conversation is there up to the last turn that was
answered. Of two turns that were under way at once, in two windows or on two machines, the first to
be stored stays; the other is refused.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timezone

import sqlalchemy as sa
from pydantic import ValidationError

from llmrec.agent.state import Conversation
from llmrec.catalog.forgetting import check_remembered
from llmrec.catalog.names import is_nobody, user_name
from llmrec.catalog.stored import Stored
from llmrec.errors import CatalogError, NotFound, TurnConflict
from llmrec.types import Language

__all__ = ["SessionLine", "Sessions"]

_TITLE = 60
_tables = sa.MetaData()
_sessions = sa.Table(
    "llmrec_sessions",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, index=True),
    sa.Column("title", sa.Text, nullable=False, comment="the first words"),
    sa.Column("turns", sa.BigInteger, nullable=False),
    sa.Column("started_us", sa.BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
    sa.Column("said_us", sa.BigInteger, nullable=False),
    sa.Column("conversation", sa.Text, nullable=False, comment="JSON"),
)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A conversation in a list."""

    id: str
    user: str | None
    title: str
    turns: int
    started: datetime
    said: datetime


class Sessions(Stored):
    """The conversations in a workspace's database; threads may share it."""

    tables = _tables

    def start(self, user: str | None = None, language: Language = "en") -> Conversation:
        """A new conversation with an id that cannot be guessed; stored with its first turn.

        It speaks ``language`` until the shopper's words are in another.

        Raises:
            DataError: the user is nobody.
        """
        user = user_name(user) if user else None
        return Conversation(id=secrets.token_hex(16), user=user, language=language)

    def save(self, conversation: Conversation, *, known: bool = False) -> None:
        """Store a conversation as it is now, in one transaction.

        Args:
            conversation: with its last turn.
            known: whether it was stored before. What was deleted meanwhile then stays deleted.

        Raises:
            NotFound: it was ``known``, and is no longer there; or its shopper was forgotten
                while the turn was under way.
            TurnConflict: another turn was stored since this one began.
            LockedError: another process is writing.
            DiskFull: no space left; what was stored before is still there.
        """
        first = conversation.turns[0].said if conversation.turns else ""
        row = {
            "user_id": conversation.user,
            "title": " ".join(first.split())[:_TITLE],
            "turns": len(conversation.turns),
            "said_us": _now(),
            "conversation": conversation.model_dump_json(),
        }
        this = _sessions.c.id == conversation.id
        with self._database.write() as connection, self._database.errors():
            if conversation.user is not None:
                check_remembered(connection, [conversation.user])
            # No turn is ever taken out, so that their number says which state was read.
            as_read = this & (_sessions.c.turns < row["turns"])
            if not connection.execute(_sessions.update().where(as_read).values(**row)).rowcount:
                if connection.execute(sa.select(_sessions.c.id).where(this)).first():
                    raise TurnConflict(
                        "This conversation went on elsewhere meanwhile.",
                        hint="Read it again, then say it once more.",
                    )
                if known:
                    raise _not_found(conversation.id)
                start = row["said_us"]
                new = _sessions.insert().values(id=conversation.id, started_us=start, **row)
                connection.execute(new)

    def load(self, id: str, user: str | None = None) -> Conversation:
        """The conversation of this id, or of the only one that begins with it.

        Args:
            id: eight characters or more of it.
            user: whose it must be, if it belongs to somebody.

        Raises:
            NotFound: there is none, or it is somebody else's; the two are not told apart.
            CatalogError: it was stored by a newer llmrec.
        """
        matching = _sessions.c.id.startswith(id, autoescape=True)
        query = sa.select(_sessions.c.conversation, _sessions.c.user_id).where(matching).limit(2)
        with self._database.read() as connection, self._database.errors():
            rows = connection.execute(query).all() if len(id) >= _SHORTEST else []
        user = None if user is None or is_nobody(user) else user
        if len(rows) != 1 or rows[0].user_id not in (None, user):
            raise _not_found(id)
        return _read(rows[0].conversation, id)

    def list(self, user: str | None, limit: int = 20) -> list[SessionLine]:
        """The conversations of a shopper, or of strangers, those spoken in last first.

        Of nobody by name there are none: an older llmrec kept those of many visitors as one's.
        """
        if user is not None and is_nobody(user):
            return []
        columns = [column for column in _sessions.c if column.name != "conversation"]
        query = sa.select(*columns).where(_sessions.c.user_id.is_not_distinct_from(user))
        newest = query.order_by(_sessions.c.said_us.desc(), _sessions.c.id).limit(limit)
        with self._database.read() as connection, self._database.errors():
            rows = connection.execute(newest).all()
        return [
            SessionLine(
                row.id, row.user_id, row.title, row.turns, _at(row.started_us), _at(row.said_us)
            )
            for row in rows
        ]

    def spoken_since(self, since: datetime) -> int:
        """How many conversations were spoken in at or after a time."""
        query = sa.select(sa.func.count()).where(
            _sessions.c.said_us >= int(since.timestamp() * 1_000_000)
        )
        with self._database.read() as connection, self._database.errors():
            return int(connection.execute(query).scalar_one())

    def latest(self, user: str | None) -> Conversation | None:
        """The conversation that was spoken in last; ``None`` where there is none."""
        lines = self.list(user, limit=1)
        return self.load(lines[0].id, user) if lines else None

    def remove(self, id: str) -> None:
        """Remove the conversation of this whole id, its bytes too; nothing if there is none."""
        with self._database.erase() as connection, self._database.errors():
            connection.execute(_sessions.delete().where(_sessions.c.id == id))

    def forget(self, user: str) -> int:
        """Remove all conversations of a shopper, their bytes too; how many there were."""
        with self._database.erase() as connection, self._database.errors():
            gone = connection.execute(_sessions.delete().where(_sessions.c.user_id == user))
        return int(gone.rowcount)


_SHORTEST = 8


def _not_found(id: str) -> NotFound:
    return NotFound(f"There is no conversation '{id:.40}'.", hint="See: /sessions")


def _read(text: str, id: str) -> Conversation:
    try:
        return Conversation.model_validate_json(text)
    except ValidationError as error:
        raise CatalogError(
            f"The conversation '{id:.40}' cannot be read by this version of llmrec.",
            hint="Upgrade llmrec: pip install -U llmrec",
        ) from error


def _now() -> int:
    return time.time_ns() // 1_000


def _at(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, timezone.utc)
