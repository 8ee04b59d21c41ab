"""What shoppers wrote of the demo store's products, laid to the opinions of a simulated log.

The texts are written by hand, each for a product and an opinion: so many stars, a like or a
dislike. Which shopper wrote which is decided here. A log of another seed has other opinions: a text
that finds none of its own is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["with_reviews"]

_Opinion = tuple[str, str, float | None]


def with_reviews(
    events: Sequence[Mapping[str, Any]], reviews: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The same events, with a ``text`` where somebody wrote one.

    Shoppers come in the order of their names, so that a new shopper takes no text from another; of
    a product nobody writes twice.

    Args:
        events: ``user, item, kind, at`` and, for ratings, ``value``.
        reviews: ``item, kind, text`` and, for ratings, ``value``.
    """
    opinions: defaultdict[_Opinion, list[int]] = defaultdict(list)
    for index in sorted(range(len(events)), key=lambda n: (events[n]["user"], events[n]["at"])):
        opinions[_opinion(events[index])].append(index)
    texts: dict[int, str] = {}
    wrote: set[tuple[str, str]] = set()
    for review in reviews:
        for index in opinions[_opinion(review)]:
            author = (events[index]["user"], review["item"])
            if author not in wrote:
                wrote.add(author)
                texts[index] = review["text"]
                break
    return [
        {**event, "text": texts[index]} if index in texts else dict(event)
        for index, event in enumerate(events)
    ]


def _opinion(row: Mapping[str, Any]) -> _Opinion:
    return row["item"], row["kind"], row.get("value")
