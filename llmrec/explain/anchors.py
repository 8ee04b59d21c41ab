"""What a reason hangs on: an entry of the history, the query, or the item alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llmrec.explain.facts import Facts, fold, short_title
from llmrec.explain.requests import WordsRequest
from llmrec.prompting import one_line, shorten
from llmrec.types import EventKind, HistoryEntry, Item

__all__ = ["Anchor", "choose_anchor", "history_anchor"]

_WORD = re.compile(r"[^\W\d_]{3,}")
_EMPTY_WORDS = (
    "the and for with not but you your are has can all any one two our who how was its out off per "
    "from that this than them have into over under some only und mit der die das den dem ein eine "
    "für aus von vom zum zur bei ist nur auch oder aber"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
LOW_RATING = 2.0
"""A rating this low is no reason to recommend anything, on every scale in use."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a sentence begins with.

    ``relation`` is the event's kind, ``text`` for what was mentioned, ``query``, or ``none``;
    ``name`` is what is quoted; ``item`` the history's item, if it has one; ``evidence`` how
    :class:`~llmrec.types.Words` names it.
    """

    relation: str
    name: str = ""
    item: Item | None = None
    evidence: tuple[str, ...] = ()


def choose_anchor(request: WordsRequest, facts: Facts) -> Anchor:
    """The query where the item's own text answers it, else the nearest entry that was welcome."""
    if request.query and _answers(request.query, facts):
        return Anchor(
            "query", facts.query.replace('"', "'") if facts.query else "", None, ("query",)
        )
    return history_anchor(request)


def history_anchor(request: WordsRequest) -> Anchor:
    """The nearest entry of the history that was welcome, whatever is asked."""
    for index in _indices(request):
        entry, item = request.history[index]
        if not _welcome(entry) or (item is not None and item.id == request.item.id):
            continue
        if item is not None:
            relation = entry.kind.value if entry.stated else "text"
            return Anchor(relation, short_title(item.title), item, (f"item:{item.id}",))
        text = shorten(one_line(entry.text or entry.item or "").replace('"', "'"), 30)
        if text:
            return Anchor("text", text, None, (f"history:{index}",))
    return Anchor("none")


def _indices(request: WordsRequest) -> list[int]:
    """The related entries; without them, recent ones of the same brand or kind of product."""
    inside = [index for index in request.related if 0 <= index < len(request.history)]
    if inside:
        return inside
    recent = range(len(request.history) - 1, -1, -1)
    return [index for index in recent if _akin(request.item, request.history[index][1])]


def _akin(item: Item, other: Item | None) -> bool:
    if other is None:
        return False
    same_brand = bool(item.brand) and fold(item.brand or "") == fold(other.brand or "")
    return same_brand or (bool(item.category) and item.category[-1:] == other.category[-1:])


def _welcome(entry: HistoryEntry) -> bool:
    low = entry.kind is EventKind.RATING and entry.value is not None and entry.value <= LOW_RATING
    return entry.kind is not EventKind.DISLIKE and not low


def _answers(query: str, facts: Facts) -> bool:
    """Whether a word of the query (or two Chinese characters) stands in the item's text."""
    question = fold(query)
    latin = {word[:5] for word in _WORD.findall(question) if word.isascii() and word not in _EMPTY}
    words = {word[:5] for word in _WORD.findall(facts.text)}
    chinese = re.findall(r"(?=([\u4e00-\u9fff]{2}))", question)
    return bool(latin & words) or any(pair in facts.text for pair in chinese)
