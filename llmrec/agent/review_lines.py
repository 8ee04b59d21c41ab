"""What a shopper wrote of products, as lines of the profile: the sentiment and a quotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from llmrec.agent.profile_line import ProfileLine
from llmrec.reviews.quotation import quotation
from llmrec.reviews.sentiment import Sentiment, sentiment_of
from llmrec.types import Event, Item, Language

__all__ = ["review_lines"]

_MOST = 3
_TEXTS: dict[Sentiment | None, dict[Language, str]] = {
    "positive": {
        "en": "Liked {title}: “{quote}”",
        "de": "Mochte {title}: „{quote}“",
        "zh": "喜欢 {title}：“{quote}”",
    },
    "mixed": {
        "en": "Had mixed feelings about {title}: “{quote}”",
        "de": "Gemischte Gefühle zu {title}: „{quote}“",
        "zh": "觉得 {title} 一般：“{quote}”",
    },
    "negative": {
        "en": "Did not like {title}: “{quote}”",
        "de": "Mochte {title} nicht: „{quote}“",
        "zh": "不喜欢 {title}：“{quote}”",
    },
    None: {
        "en": "Wrote about {title}: “{quote}”",
        "de": "Schrieb über {title}: „{quote}“",
        "zh": "对 {title} 的评论：“{quote}”",
    },
}


def review_lines(
    reviews: Iterable[Event],
    items: Mapping[str, Item],
    language: Language,
    scale: tuple[float, float],
) -> Iterator[ProfileLine]:
    """A line for each product, by the last review of it; the newest few of each sentiment.

    Args:
        reviews: with texts, oldest first.
        items: those that the catalogue knows.
        language: of the lines; quotations stay as they are.
        scale: the lowest and the highest rating of the shop.
    """
    said: Counter[Sentiment | None] = Counter()
    for review in _last_of_each(reviews):
        if review.item not in items:
            continue
        sentiment, quote = sentiment_of(review, scale), quotation(review.text or "")
        if quote and said[sentiment] < _MOST:
            said[sentiment] += 1
            title = items[review.item].title
            text = _TEXTS[sentiment][language].format(title=title, quote=quote)
            yield ProfileLine(f"review:{review.item}", text, (review.item,))


def _last_of_each(reviews: Iterable[Event]) -> list[Event]:
    """The last review of each product, the newest first."""
    last: dict[str, Event] = {}
    for review in reviews:
        last.pop(review.item, None)  # so that the order is that of the last ones
        last[review.item] = review
    return list(reversed(last.values()))
