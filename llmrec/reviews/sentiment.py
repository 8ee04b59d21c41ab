"""What a shopper thought of a product, by stars or thumb.

Of a text without any it is left open: nothing that was tried (the small language model, likeness of
vectors, a lexicon) tells an unhappy text well enough to say so of a person
(docs/design/025-reviews.md has the figures).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from llmrec.types import Event, EventKind

__all__ = ["Sentiment", "sentiment_of"]

Sentiment: TypeAlias = Literal["positive", "mixed", "negative"]

_LOW, _HIGH = 0.4, 0.6  # of five stars the third, of ten the fifth and the sixth are neither


def sentiment_of(review: Event, scale: tuple[float, float]) -> Sentiment | None:
    """What the shopper said of a product; ``None`` where neither stars nor a thumb say.

    Args:
        review: a rating, a like or a dislike.
        scale: the lowest and the highest rating of the shop. One outside says nothing.

    >>> stars = [Event("ann", "tea", EventKind.RATING, value=value) for value in (2, 3, 4, 87)]
    >>> [sentiment_of(rating, (1, 5)) for rating in stars]
    ['negative', 'mixed', 'positive', None]
    """
    if review.kind is not EventKind.RATING:
        return "positive" if review.kind is EventKind.LIKE else "negative"
    low, high = scale
    if review.value is None or not low <= review.value <= high:
        return None
    share = (review.value - low) / (high - low)
    return "negative" if share < _LOW else "positive" if share > _HIGH else "mixed"
