"""What a shopper wrote of products, as lines of the profile: the sentiment and a quotation.

The sentiment is what the shopper said in stars, a like or a dislike. Of a text without any it is
left open: nothing that was tried (the small language model, likeness of vectors, a lexicon) tells
an unhappy text well enough to say so of a person (docs/design/025-reviews.md has the figures).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from llmrec.agent.profile_line import ProfileLine
from llmrec.agent.quotation import quotation
from llmrec.types import Event, EventKind, Item, Language

__all__ = ["Sentiment", "review_lines", "sentiment_of"]

Sentiment = Literal["positive", "mixed", "negative"]

_MOST = 3
_LOW, _HIGH = 0.4, 0.6  # of five stars the third, of ten the fifth and the sixth are neither
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


def sentiment_of(review: Event, scale: tuple[float, float]) -> Sentiment | None:
    """What the shopper said of a product, by stars or thumb; ``None`` where neither says.

    Args:
        review: a rating, a like or a dislike.
        scale: the lowest and the highest rating of the shop. One outside says nothing.

    >>> stars = [Event("ann", "tea", EventKind.RATING, value=value) for value in (2, 3, 4, 87)]
    >>> [sentiment_of(one, (1, 5)) for one in stars]
    ['negative', 'mixed', 'positive', None]
    """
    if review.kind is not EventKind.RATING:
        return "positive" if review.kind is EventKind.LIKE else "negative"
    low, high = scale
    if review.value is None or not low <= review.value <= high:
        return None
    share = (review.value - low) / (high - low)
    return "negative" if share < _LOW else "positive" if share > _HIGH else "mixed"


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
