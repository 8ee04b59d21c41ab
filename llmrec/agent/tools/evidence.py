"""What a reason stands on, with its text: entries of the history and fields of the product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from llmrec.agent.tools.words import Told, told_history
from llmrec.explain import facts_of, sentences_of
from llmrec.types import HistoryEntry, Item, Words

if TYPE_CHECKING:
    from llmrec.agent.shopper import Shopper
    from llmrec.recommender import Recommender

__all__ = ["Evidence", "evidence_of"]


@dataclass(frozen=True)
class Evidence:
    """One thing a reason stands on.

    Attributes:
        source: the shopper's ``history``, a ``field`` of the product, or the ``query``.
        name: the history item's id, the field's name; empty for free text and the query.
        text: the item's title, the field's text or its sentence, the shopper's words.
        kind: what the shopper did, for an entry of the history, if anybody said.
    """

    source: Literal["history", "field", "query"]
    name: str
    text: str
    kind: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"source": self.source, "name": self.name, "text": self.text, "kind": self.kind}


def evidence_of(
    shop: Recommender, shopper: Shopper, item: Item, words: Words | None
) -> tuple[Evidence, ...]:
    """The evidence that ``words`` about ``item`` name, looked up; none of no words."""
    if words is None:
        return ()
    history = told_history(shop, shopper)
    found = (_looked_up(name, history, item, shopper.query or "") for name in words.evidence)
    return tuple(one for one in found if one is not None)


def _looked_up(name: str, history: Told, item: Item, query: str) -> Evidence | None:
    kind, _, rest = name.partition(":")
    if name == "query":
        return Evidence("query", "", query)
    if kind == "item":
        done = [(entry, known) for entry, known in history if known and known.id == rest]
        if not done:
            return None
        return Evidence("history", rest, done[-1][1].title, _kind(done[-1][0]))
    if kind == "history":
        entry, _ = history[int(rest)]
        return Evidence("history", "", entry.text or entry.item or "", _kind(entry))
    if kind == "sentence":
        sentences = sentences_of(item.description)
        place = int(rest)
        return (
            Evidence("field", "description", sentences[place].text)
            if place < len(sentences)
            else None
        )
    fields = {"stock": str(item.stock), **facts_of(item).fields}
    return Evidence("field", name, fields[name]) if name in fields else None


def _kind(entry: HistoryEntry) -> str | None:
    return entry.kind.value if entry.stated else None
