"""Which events something has learned from: their hashes, kept beside its weights.

A log changes in many ways: later events, late ones of an earlier day, events without any time.
Counts by user or a last moment would miss some of these; a hash of eight bytes an event does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmrec.types import Event

__all__ = ["SEEN_NAME", "event_hashes", "latest", "log_key", "read_seen", "save_seen"]

SEEN_NAME = "seen.npy"


def event_hashes(events: Iterable[Event]) -> NDArray[np.uint64]:
    """A hash of each event's user, item, kind, time and position, uint64 ``[events]``.

    What an event is worth (``value``) may be corrected later and makes no new one.
    """
    return np.array([_hashed(event) for event in events], np.uint64)


def _hashed(event: Event) -> int:
    at = event.at.astimezone(timezone.utc).isoformat() if event.at else ""
    parts = (event.user, event.item, event.kind.value, at, str(event.position))
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def log_key(events: Iterable[Event]) -> str:
    """A short name of these events, whatever their order."""
    return blake2b(np.sort(event_hashes(events)).tobytes(), digest_size=10).hexdigest()


def save_seen(events: Sequence[Event], folder: Path) -> None:
    """Write ``seen.npy``, the sorted hashes of ``events``, into ``folder``."""
    np.save(folder / SEEN_NAME, np.unique(event_hashes(events)))


def read_seen(folder: Path) -> NDArray[np.uint64] | None:
    """The sorted hashes in ``folder``, ``None`` if there are none that can be read."""
    try:
        hashes: NDArray[np.uint64] = np.load(folder / SEEN_NAME, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return hashes if hashes.dtype == np.uint64 and hashes.ndim == 1 else None


def latest(events: Iterable[Event]) -> datetime | None:
    """The moment of the latest event, ``None`` if no event has a time.

    A time without a zone is taken for UTC, as at ingest.
    """
    times = [event.at for event in events if event.at]
    zoned = (at if at.tzinfo else at.replace(tzinfo=timezone.utc) for at in times)
    return max(zoned, default=None)
