"""What a reason hangs on: an entry of the history, the query, or the item alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import question_words
from llmrec.explain.facts import Facts, fold, short_title
from llmrec.explain.requests import WordsRequest
from llmrec.prompting import one_line, shorten
from llmrec.types import EventKind, HistoryEntry, Item

__all__ = [
    "Anchor",
    "akin_anchor",
    "choose_anchor",
    "companion_of",
    "history_anchor",
    "same_brand_anchor",
]

_WORD = re.compile(r"[^\W\d_]{3,}")
_EMPTY_WORDS = (
    "the and for with not but you your are has can all any one two our who how was its out off per "
    "from that this than them have into over under some only und mit der die das den dem ein eine "
    "für aus von vom zum zur bei ist nur auch oder aber"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_HAD = frozenset({"purchase", "cart", "like", "rating"})
_NAME = 4
"""Letters of a stem from which a word of a title names a thing well enough to tie two products."""
_HEAD = 5
"""Words of a title that can name the thing; behind them stand sizes and colours."""

_LOOK_WORDS = """
black white green brown yellow orange purple silver golden beige large small medium short wooden
steel stainless cotton linen glass paper plastic leather pieces piece assorted color colour colors
count inches inch pack size high full wide mini dual free fine soft year line
natural premium classic original handle double single water piece
schwarz weiss grün braun gelb silber gross klein mittel edelstahl holz baumwolle stück
"""
_LOOKS = frozenset(tokens(_LOOK_WORDS))
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
    return next(_anchors(request, _indices(request)), Anchor("none"))


def akin_anchor(request: WordsRequest) -> Anchor:
    """The nearest welcome entry that the item has something in common with, as its fields say.

    The nearest may be far: a teapot is no reason for a bedspread, and a brand none for all it has.
    """
    anchors = _anchors(request, _indices(request))
    return next((one for one in anchors if _has_in_common(request.item, one.item)), Anchor("none"))


def same_brand_anchor(request: WordsRequest) -> Anchor:
    """The nearest welcome entry of the item's brand."""
    brand = fold(request.item.brand or "")
    anchors = _anchors(request, _indices(request)) if brand else iter(())
    same = (one for one in anchors if one.item and fold(one.item.brand or "") == brand)
    return next(same, Anchor("none"))


def companion_of(request: WordsRequest, text: str) -> Anchor | None:
    """The entry whose product a sentence names, as "fits on our tea warmer" names a tea warmer.

    None where the item's own title names the same kind of thing.
    """
    if not request.history:
        return None
    mentioned = question_words(text, request.item.title)
    for anchor in _anchors(request, range(len(request.history) - 1, -1, -1)):
        if anchor.item is not None and anchor.relation in _HAD:
            # The last word of "foam roller" is what it is; foam is in many a shoe.
            thing = (tokens(_named_part(anchor.item.title)) or [""])[-1]
            named = len(thing) >= _NAME and thing in mentioned and thing not in _LOOKS
            if named and not _is_such(request.item, anchor.item):
                return anchor
    return None


def _is_such(item: Item, other: Item) -> bool:
    """Whether both are things of one kind: a wrist pad needs no wrist rest."""
    shared = set(tokens(item.title)) & set(_thing(other.title))
    return sum(len(word) >= _NAME - 1 and word not in _LOOKS for word in shared) > 1


@lru_cache(maxsize=8_192)
def _thing(title: str) -> tuple[str, ...]:
    """The words of a title that name the thing, before what it is for, made of or packed in."""
    return tuple(tokens(" ".join(_named_part(title).split()[:_HEAD]))) or ("",)


def _named_part(title: str) -> str:
    return re.split(r"\s[-–(]|[,(;]|\s(?:for|with|in|of|für|mit|aus|von)\s", title, maxsplit=1)[0]


def _anchors(request: WordsRequest, indices: Iterable[int]) -> Iterator[Anchor]:
    """The welcome entries of these places, without the item itself."""
    for index in indices:
        entry, item = request.history[index]
        if not _welcome(entry) or (item is not None and item.id == request.item.id):
            continue
        if item is not None:
            relation = entry.kind.value if entry.stated else "text"
            yield Anchor(relation, short_title(item.title), item, (f"item:{item.id}",))
            continue
        text = shorten(one_line(entry.text or entry.item or "").replace('"', "'"), 30)
        if text:
            yield Anchor("text", text, None, (f"history:{index}",))


def _has_in_common(item: Item, other: Item | None) -> bool:
    """A part of the category below its first, or a word of the title for a thing."""
    if other is None:
        return True  # what the shopper has said themselves
    if {*map(fold, item.category[1:])} & {*map(fold, other.category[1:])}:
        return True
    shared = set(_thing(item.title)) & set(_thing(other.title))
    return any(len(word) >= _NAME and word not in _LOOKS for word in shared)


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
