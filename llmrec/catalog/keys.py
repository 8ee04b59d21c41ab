"""The keys of the HTTP server: who may ask what. A key itself is stored nowhere, only its hash.

A key reads ``llmrec_<id>_<secret>``. The id is public: it names the key in lists and logs. The
secret has 256 random bits, so that a plain hash keeps it: there is nothing to guess from.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from llmrec.catalog.ids import one_form
from llmrec.catalog.names import user_name
from llmrec.catalog.scopes import ApiKey, Scope
from llmrec.catalog.stored import Stored
from llmrec.errors import ConfigError, DataError, NotFound

__all__ = ["KeyStore"]

_FORM = re.compile(r"llmrec_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64
_tables = sa.MetaData()

_keys = sa.Table(
    "llmrec_keys",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, comment="SHA-256 of the secret, hexadecimal"),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, comment="the one shopper that a shopper's key speaks for"),
    sa.Column("made_us", sa.BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
    sa.Column("revoked_us", sa.BigInteger),
)


class KeyStore(Stored):
    """The keys in a workspace's database; threads may share it."""

    tables = _tables

    def create(self, scope: Scope, user: str | None = None) -> tuple[str, ApiKey]:
        """Make a key.

        Returns:
            The key itself, which cannot be had again, and what is kept of it.

        Raises:
            ConfigError: a shopper's key without a user, or another key with one.
            DataError: a user of that name cannot be.
        """
        if (scope is Scope.SHOPPER) != bool(user):
            raise ConfigError(
                "A shopper's key speaks for one user, and other keys for none.",
                hint="Give --user with --scope shopper, and only with it.",
            )
        user = None if user is None else _shopper(user)
        id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        row = {"id": id, "hash": _hash(secret), "scope": scope.value, "user_id": user}
        with self._database.write() as connection, self._database.errors():
            connection.execute(_keys.insert().values(**row, made_us=_now()))
            made = connection.execute(_keys.select().where(_keys.c.id == id)).one()
        return f"llmrec_{id}_{secret}", _key(made)

    def find(self, key: str) -> ApiKey | None:
        """Whose key this is; ``None`` for one that is unknown, revoked or no key at all."""
        form = _FORM.fullmatch(key)
        id, secret = form.groups() if form else ("", "")
        with self._database.read() as connection, self._database.errors():
            row = connection.execute(_keys.select().where(_keys.c.id == id)).one_or_none()
        # Compared also where there is nothing to compare with, for as long as otherwise.
        same = hmac.compare_digest(_hash(secret), row.hash if row else _NOBODY)
        return _key(row) if row and same and row.revoked_us is None else None

    def list(self) -> list[ApiKey]:
        """All keys, the oldest first, revoked ones too."""
        with self._database.read() as connection, self._database.errors():
            rows = connection.execute(_keys.select().order_by(_keys.c.made_us, _keys.c.id)).all()
        return [_key(row) for row in rows]

    def any(self) -> bool:
        """Whether a key was ever made; one that was revoked counts, and keeps the door shut."""
        with self._database.read() as connection, self._database.errors():
            return connection.execute(sa.select(_keys.c.id).limit(1)).first() is not None

    def revoke(self, id: str) -> ApiKey:
        """Let a key open nothing any more, from the next request on; again changes nothing.

        Raises:
            NotFound: there is no key of that id.
        """
        this = _keys.c.id == id
        with self._database.write() as connection, self._database.errors():
            live = _keys.update().where(this, _keys.c.revoked_us.is_(None))
            connection.execute(live.values(revoked_us=_now()))
            row = connection.execute(_keys.select().where(this)).one_or_none()
        if row is None:
            raise NotFound(f"There is no key '{id}'.", hint="See: llmrec keys list")
        return _key(row)

    def forget(self, user: str) -> int:
        """Revoke the keys of a shopper and drop the name from them; how many there were."""
        names = {user, one_form(user)}
        with self._database.erase() as connection, self._database.errors():
            mine = _keys.update().where(_keys.c.user_id.in_(names))
            revoked = sa.func.coalesce(_keys.c.revoked_us, _now())
            return connection.execute(mine.values(user_id=None, revoked_us=revoked)).rowcount


def _shopper(user: str) -> str:
    try:
        return user_name(user)
    except DataError as error:
        raise DataError(
            f"The user {user[:80]!r} cannot be: {error.reason}.",
            field="user",
            hint="Name one as the event log does.",
        ) from None


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _now() -> int:
    return time.time_ns() // 1000


def _key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        scope=Scope(row.scope),
        user=None if row.user_id is None else one_form(row.user_id),
        made_at=_time(row.made_us),
        revoked_at=None if row.revoked_us is None else _time(row.revoked_us),
    )


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, timezone.utc)
