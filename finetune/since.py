"""Going on from the version that serves: which one that is, and which events it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmrec.artifacts import Artifact, Artifacts
from llmrec.config import Workspace
from llmrec.errors import DataError, ModelError
from llmrec.finetune.seen import SEEN_NAME, event_hashes, read_seen
from llmrec.types import Event

__all__ = ["LAST", "Moment", "Since", "going_on"]

Moment: TypeAlias = Literal["last"] | datetime
"""From when on events are new: those that the serving version has not learned, or a time of day."""

LAST: Literal["last"] = "last"


@dataclass(frozen=True)
class Since:
    """What is gone on from.

    Attributes:
        parent: the version that serves.
        moment: events from then on are new; ``None`` if all that were not seen are.
        seen: hashes of the events that it has learned, ``None`` if it does not say.
    """

    parent: Artifact
    moment: datetime | None
    seen: NDArray[np.uint64] | None = field(repr=False)

    def new(self, events: Sequence[Event]) -> frozenset[Event]:
        """Those of ``events`` that are new.

        What was learned before is never new, also where ``moment`` lies before that: it could not
        say what was gained.

        Raises:
            DataError: a moment counts, and an event has no time.
        """
        unseen = list(events)
        if self.seen is not None:
            known = np.isin(event_hashes(events), self.seen)
            unseen = [event for event, old in zip(events, known, strict=True) if not old]
        if self.moment is None:
            return frozenset(unseen)
        return frozenset(event for event in unseen if self._is_later(event, self.moment))

    def idle(self, events: int, targets: int, fewest: int = 2) -> str:
        """Why nothing can be learned from ``targets`` new items in ``events`` new events, if so."""
        if targets >= fewest:
            return ""
        at = f" from {self.moment.isoformat()} on" if self.moment else ""
        what = f"{events:,} new events{at} with {targets:,} items that were new to their shopper"
        return f"Nothing new since {self.parent.name}: {what}. Nothing was changed."

    def _is_later(self, event: Event, moment: datetime) -> bool:
        if event.at is None:
            raise DataError(
                f"An event of user '{event.user}' has no time, so it is neither before nor after "
                f"{moment.isoformat()}.",
                hint="Give --since alone: what the serving version has not learned is then new. "
                f"Where it does not say what it has ({SEEN_NAME} is missing), train once without "
                "--since.",
            )
        at = event.at if event.at.tzinfo else event.at.replace(tzinfo=timezone.utc)
        # Beside hashes a named moment counts itself; without them the last one learned is old.
        return at >= moment if self.seen is not None else at > moment


def going_on(workspace: Workspace, kind: str, since: Moment) -> Since:
    """What to go on from.

    Raises:
        ModelError: nothing serves, it is damaged, or it does not say what it has learned.
    """
    parent = Artifacts(workspace.models_dir).current(kind)
    if parent is None:
        raise ModelError(
            f"No learned '{kind}' serves, so there is nothing to go on from.",
            hint=f"Train once without --since: llmrec train {kind}",
        )
    seen, last = read_seen(parent.folder), parent.card.data.last
    if isinstance(since, datetime):
        return Since(parent, since, seen)
    if seen is None and last is None:
        raise ModelError(
            f"{parent.name} does not say what it has learned: it has no {SEEN_NAME}, and its card "
            "no last moment.",
            hint=f"Train once without --since: llmrec train {kind}; or name a moment.",
        )
    return Since(parent, last if seen is None else None, seen)
