"""What may be said: the item's fields, and the names of what the shopper did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmrec.linear import bounded, composed
from llmrec.prompting import HistoryPair, one_line, price_text, shorten
from llmrec.types import EventKind, Item

__all__ = ["TITLE_WORDS", "Facts", "HistoryName", "facts_of", "fold", "short_title"]

TITLE_WORDS = 9
"""So many words of a title name a product in a sentence; shop titles can run to forty."""

_NO = {"no", "none", "nein", "ohne", "keine", "false", "否", "无", "無"}


@dataclass(frozen=True, slots=True)
class HistoryName:
    """A name that a sentence may use for entry ``index`` of the history.

    ``kind`` is ``None`` where nobody said what was done with it.
    """

    text: str
    index: int
    kind: EventKind | None


@dataclass(frozen=True)
class Facts:
    """What the checker holds a sentence against.

    ``fields`` maps field names (``title``, ``brand``, ``category``, ``price``, ``description``,
    ``attributes.<name>``) to text; ``text`` is all of it, folded. ``names`` are those of the
    history, ``others`` the text of these and of their brands.
    """

    item: Item
    fields: Mapping[str, str]
    text: str
    names: tuple[HistoryName, ...] = ()
    query: str | None = None
    others: str = ""

    @property
    def speakable(self) -> str:
        """Folded text whose names may be spoken: the item's, the history's, the query's."""
        return f"{self.text} {self.others} {fold(self.query or '')}"


def facts_of(item: Item, history: Sequence[HistoryPair] = (), query: str | None = None) -> Facts:
    """Collect the facts about ``item`` and the names in ``history`` and ``query``."""
    fields = _fields(item)
    names = [
        HistoryName(name, index, entry.kind if entry.stated else None)
        for index, (entry, other) in enumerate(history)
        for name in _names(other.title if other else entry.text or entry.item or "")
    ]
    brands = [one_line(other.brand) for _, other in history if other and other.brand]
    others = fold(" ".join([*(name.text for name in names), *brands]))
    question = one_line(query) if query else None
    return Facts(item, fields, fold(" . ".join(fields.values())), tuple(names), question, others)


_DANGLING = bounded(
    r"(?:[\s,]+(?:with|for|and|or|of|in|by|to|from|the|an?|mit|für|und|oder|von|aus|im|in|zu|&|-))+$",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")


# The titles of a history are named for each product of an answer.
@lru_cache(maxsize=8_192)
def short_title(title: str) -> str:
    """The beginning of a title, as a sentence names a product.

    >>> short_title("Lumo Nail Lacquer, Plum and Pine, 0.5-Fluid Ounce, made in Norway by Lumo")
    'Lumo Nail Lacquer, Plum and Pine, 0.5-Fluid Ounce'
    """
    line = one_line(title).replace('"', "'")
    if len(line.split()) <= TITLE_WORDS and len(line) <= 60:
        return shorten(line, 30)
    cut = _DANGLING.sub("", shorten(line, TITLE_WORDS))
    # A title that is cut is best cut where its author made a pause.
    pause = max(cut.rfind(", "), cut.rfind(" - "), cut.rfind("; "), cut.rfind(" ("))
    return cut[:pause].rstrip(" ,;:-–") if pause >= 12 else cut


def fold(text: str) -> str:
    """Case, compatibility forms, quotation marks and white space folded, for comparing."""
    # NFKC makes "1½" an 11 over 2.
    apart = _FRACTION.sub(" ", text) if not text.isascii() else text
    folded = composed(apart, "NFKC").casefold().replace("’", "'")
    return re.sub(r"\s+", " ", folded).strip()


def _names(title: str) -> list[str]:
    full, short = one_line(title).replace('"', "'"), short_title(title)
    return list(dict.fromkeys(name for name in (full, short) if name))


def _fields(item: Item) -> dict[str, str]:
    fields = {"title": one_line(item.title)}
    if item.brand:
        fields["brand"] = one_line(item.brand)
    if item.category:
        fields["category"] = ", ".join(one_line(step) for step in item.category)
    if item.price is not None:
        fields["price"] = price_text(item.price, item.currency)
    for name, values in item.attributes.items():
        fields[f"attributes.{name}"] = (
            f"not {one_line(name)}"
            if all(fold(value) in _NO for value in values)
            else f"{one_line(name)}: {one_line(', '.join(values))}"
        )
    if item.description:
        fields["description"] = _long_line(item.description)
    return fields


def _long_line(text: str) -> str:
    """A description is longer than a prompt's line may be; its pieces are cleaned one by one."""
    sentences = re.split(r"(?<=[.!?。！？])\s+|\n+", text[:20_000])
    return " ".join(one_line(sentence) for sentence in sentences if sentence.strip())
