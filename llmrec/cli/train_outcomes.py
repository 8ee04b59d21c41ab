"""What came of each training of ``llmrec train all``: kept for a resume, shown at the end."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from llmrec.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmrec.cli.train_stage import Made
    from llmrec.config import Workspace

__all__ = ["Outcome", "Record", "outcome_of", "show_outcomes", "unlearned"]

State: TypeAlias = Literal["serves", "published", "idle", "cannot learn", "failed"]

_SAID: dict[State, str] = {
    "serves": "serves",
    "published": "does not serve",
    "idle": "nothing done",
    "cannot learn": "cannot learn",
    "failed": "failed",
}


@dataclass(frozen=True)
class Outcome:
    """What came of one.

    Attributes:
        stage: which one.
        state: whether something was learned, and serves.
        version: what was published.
        figure: by what it is judged.
        before: that figure without it.
        after: and with it.
        reason: why it does not serve, or was not learned.
        again: whether an earlier run of the command had done it.
    """

    stage: str
    state: State
    version: str = ""
    figure: str = ""
    before: float | None = None
    after: float | None = None
    reason: str = ""
    again: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {name: value for name, value in asdict(self).items() if name != "stage"}


def outcome_of(stage: str, made: Made) -> Outcome:
    """The outcome of a training that published something."""
    return Outcome(
        stage,
        "serves" if made.promoted else "published",
        made.artifact.name,
        made.figure,
        made.before,
        made.after,
        made.reason,
    )


def unlearned(stage: str, state: State, reason: str) -> Outcome:
    """The outcome of one that published nothing."""
    return Outcome(stage, state, reason=reason)


class Record:
    """What the command has finished, with which log and options: ``cache/train-all.json``.

    Args:
        shop: whose.
        options: that change what is learned.
    """

    def __init__(self, shop: Workspace, options: str) -> None:
        from llmrec.catalog.store import CatalogStore
        from llmrec.retrieval.cache import cache_key

        self._shop, self._path = shop, shop.cache_dir / "train-all.json"
        with CatalogStore.open(shop.database_url) as store:
            revision = store.revision()
        models = shop.settings.models
        key = f"{revision.items} {revision.events}", models.llm, models.encoder, options
        self._key = cache_key(*key)

    def outcome(self, stage: str) -> Outcome | None:
        """What came of ``stage``, if it was finished and its version is still there."""
        from llmrec.artifacts import Artifacts

        found = self._read().get(stage)
        if found is None:
            return None
        version = found["version"].partition("/")[2]
        if version not in Artifacts(self._shop.models_dir).numbers(stage):
            return None
        return Outcome(**(found | {"again": True}))

    def keep(self, outcome: Outcome) -> None:
        """Write down that it is finished."""
        from llmrec.artifacts.folders import replace_file

        done = self._read() | {outcome.stage: asdict(outcome)}
        replace_file(self._path, json.dumps({"key": self._key, "done": done}))

    def clear(self) -> None:
        """Forget all of it."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            done: dict[str, Any] = content["done"] if content["key"] == self._key else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return done


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """A line for each, then why what does not serve does not."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("Learned", "Version", "Figure", "Before", "After", ""):
        table.add_column(column, justify="right" if column in ("Before", "After") else "left")
    for one in outcomes:
        before, after = ("" if x is None else f"{x:.4f}" for x in (one.before, one.after))
        said = _SAID[one.state] + (" (done before)" if one.again else "")
        table.add_row(one.stage, one.version, one.figure, before, after, said)
    console.print(table)
    for one in outcomes:
        if one.reason:
            console.print(f"[bold]{one.stage}[/]: {escape(one.reason)}", highlight=False)
