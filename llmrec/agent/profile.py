"""A shopper's profile in words, made from the event log by rules; each line with its evidence.

Counts of what was liked, bought, rated and viewed, and what the shopper wrote of it, nothing else:
no model guesses at a person. The shopper can read it, pin lines of their own, remove lines, and
delete it; what they say wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from statistics import fmean, quantiles
from typing import TYPE_CHECKING

from llmrec.agent.language import Language
from llmrec.agent.profile_line import ProfileLine
from llmrec.agent.review_lines import review_lines
from llmrec.prompting import price_text
from llmrec.requests import as_history, condense_history
from llmrec.retrieval.taste import disliked
from llmrec.types import EventKind, HistoryEntry, Item

if TYPE_CHECKING:
    from llmrec.agent.profile_edits import ProfileEdits
    from llmrec.catalog.store import CatalogStore

__all__ = ["profile_of", "rules"]

_MOST = 3
_EXAMPLES = 2
_AT_LEAST = 2
_FEW_PRICES = 4
_REVIEWS = 200
_TEXTS: dict[str, dict[Language, str]] = {
    "category": {
        "en": "{name}: {n} products, such as {examples}",
        "de": "{name}: {n} Produkte, etwa {examples}",
        "zh": "{name}：{n} 件商品，例如 {examples}",
    },
    "brand": {
        "en": "Brand {name}: {n} products, such as {examples}",
        "de": "Marke {name}: {n} Produkte, etwa {examples}",
        "zh": "品牌 {name}：{n} 件商品，例如 {examples}",
    },
    "price": {
        "en": "Mostly between {low} and {high} ({n} purchases)",
        "de": "Meist zwischen {low} und {high} ({n} Käufe)",
        "zh": "多在 {low} 到 {high} 之间（{n} 次购买）",
    },
    "rating": {
        "en": "Ratings: {n}, {mean:.1f} on average",
        "de": "Bewertungen: {n}, im Mittel {mean:.1f}",
        "zh": "评分：{n} 个，平均 {mean:.1f}",
    },
    "extremes": {
        "en": "; best: {best}; worst: {worst}",
        "de": "; am besten: {best}; am schlechtesten: {worst}",
        "zh": "；最高：{best}；最低：{worst}",
    },
    "unwanted": {
        "en": "Not wanted: {examples}",
        "de": "Nicht gewollt: {examples}",
        "zh": "不想要：{examples}",
    },
}
_AND: dict[Language, str] = {"en": " and ", "de": " und ", "zh": "和"}


def profile_of(
    store: CatalogStore,
    edits: ProfileEdits | None,
    user: str | None,
    language: Language = "en",
    scale: tuple[float, float] = (1.0, 5.0),
) -> list[ProfileLine]:
    """What is known of a shopper now: their own lines first, without what they have removed.

    Args:
        store: the catalogue and the log.
        edits: what shoppers have said of their profiles.
        user: the shopper; a stranger has no profile.
        language: of the lines.
        scale: the lowest and the highest rating of the shop.
    """
    if user is None:
        return []
    pins, removed = edits.of(user) if edits else ((), frozenset())
    history = condense_history(as_history(store.history(user)))
    reviews = store.reviews(user, _REVIEWS)
    named = (*(entry.item for entry in history if entry.item), *(review.item for review in reviews))
    items = store.items(named)
    found = [
        *rules(history, items.values(), language),
        *review_lines(reviews, items, language, scale),
    ]
    return [*pins, *(line for line in found if line.key not in removed)]


def rules(
    history: Sequence[HistoryEntry], items: Iterable[Item], language: Language = "en"
) -> list[ProfileLine]:
    """The lines that a history gives.

    Args:
        history: condensed, oldest first.
        items: those of the history that the catalogue knows.
        language: of the lines.
    """
    known = {item.id: item for item in items}
    unwanted = disliked(history)
    recent = [(entry, known[entry.item]) for entry in reversed(history) if entry.item in known]
    wanted = [(entry, item) for entry, item in recent if item.id not in unwanted]
    lines = [
        *_most(wanted, "category", language),
        *_most(wanted, "brand", language),
        *_prices(wanted, language),
        *_ratings(recent, language),
    ]
    if away := [item for _, item in recent if item.id in unwanted]:
        text = _TEXTS["unwanted"][language].format(examples=_titles(away, language))
        lines.append(ProfileLine("unwanted", text, tuple(item.id for item in away)))
    return lines


_Known = Sequence[tuple[HistoryEntry, Item]]


def _most(wanted: _Known, kind: str, language: Language) -> Iterator[ProfileLine]:
    """The categories or brands of most products, of two at least."""
    named = [(name, item) for _, item in wanted if (name := _name(item, kind))]
    counts = Counter(name for name, _ in named)
    for name, count in counts.most_common(_MOST):
        if count >= _AT_LEAST:
            some = [item for other, item in named if other == name]
            values = {"name": name, "n": count, "examples": _titles(some, language)}
            text = _TEXTS[kind][language].format(**values)
            yield ProfileLine(f"{kind}:{name}", text, tuple(item.id for item in some))


def _name(item: Item, kind: str) -> str | None:
    return item.brand if kind == "brand" else " › ".join(item.category) or None


def _prices(wanted: _Known, language: Language) -> Iterator[ProfileLine]:
    """Where the middle eight tenths of the purchases lie, in each currency of a few at least."""
    bought = [item for entry, item in wanted if entry.kind in _PAID and item.price is not None]
    for currency in sorted({item.currency or "" for item in bought}):
        some = [item for item in bought if (item.currency or "") == currency]
        if len(some) < _FEW_PRICES:
            continue
        cuts = quantiles([item.price or Decimal(0) for item in some], n=10, method="inclusive")
        low, high = (price_text(Decimal(round(cut, 2)), currency) for cut in (cuts[0], cuts[-1]))
        text = _TEXTS["price"][language].format(low=low, high=high, n=len(some))
        key = f"price:{currency}"
        yield ProfileLine(key, text, tuple(item.id for item in some))


_PAID = (EventKind.PURCHASE, EventKind.RATING)
_RATED = (EventKind.RATING, EventKind.DISLIKE)


def _ratings(recent: _Known, language: Language) -> Iterator[ProfileLine]:
    rated = [
        (entry.value, item)
        for entry, item in recent
        if entry.kind in _RATED and entry.value is not None
    ]
    if rated:
        values = [value for value, _ in rated]
        low, high = min(values), max(values)
        text = _TEXTS["rating"][language].format(n=len(rated), mean=fmean(values))
        if low < high:
            best, worst = (
                _titles([item for value, item in rated if value == end], language)
                for end in (high, low)
            )
            text += _TEXTS["extremes"][language].format(best=best, worst=worst)
        yield ProfileLine("rating", text, tuple(item.id for _, item in rated))


def _titles(items: Sequence[Item], language: Language) -> str:
    # Not a comma: titles have commas of their own.
    return _AND[language].join(item.title for item in items[:_EXAMPLES])
