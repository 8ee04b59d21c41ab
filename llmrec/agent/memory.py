"""All that is kept of a shopper, forgotten at once: log, reviews, conversations, profile, lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmrec.agent.profile_edits import ProfileEdits
from llmrec.agent.sessions import Sessions

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore
    from llmrec.experiment import Exposures

__all__ = ["Forgotten", "forget"]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was removed; ``lists`` are those that experiments had counted."""

    events: int
    sessions: int
    edits: int
    lists: int


def forget(
    store: CatalogStore, sessions: Sessions, edits: ProfileEdits, exposures: Exposures, user: str
) -> Forgotten:
    """Remove everything about a shopper; again removes nothing more.

    What is under way for them stores nothing any more, in whichever process it runs. Counts over
    the log are not made anew here: see :meth:`~llmrec.parts.Parts.count_anew`. What a model was
    trained on before stays learned in it until the next training.

    Raises:
        LockedError: another process is writing; what is left then goes with the next call.
    """
    store.mark_forgotten(user)
    # The log last: as long as it is there, the shopper is known and can ask again.
    talked, edited, shown = sessions.forget(user), edits.forget(user), exposures.forget(user)
    return Forgotten(store.forget_user(user), talked, edited, shown)
