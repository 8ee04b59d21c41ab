"""How many people touched what, and the recommender that knows nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmrec.types import Event

__all__ = ["PopularityBaseline", "popularity"]


def popularity(events: Iterable[Event]) -> dict[str, int]:
    """Number of different users by item, most users first; ties in order of first appearance."""
    users: dict[str, set[str]] = {}
    for event in events:
        users.setdefault(event.item, set()).add(event.user)
    counts = {item: len(seen) for item, seen in users.items()}
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


class PopularityBaseline:
    """Recommends what most users touched and this user did not.

    Args:
        events: what is known when recommending; see :meth:`llmrec.eval.Split.known`.

    >>> log = [Event("u", "a"), Event("u", "b"), Event("v", "b")]
    >>> PopularityBaseline(log).recommend_many([[], ["b"]], k=2)
    [['b', 'a'], ['a']]
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.ranking = tuple(popularity(events))

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[list[str]]:
        """The ``k`` most popular items outside each history (item ids); fewer if there are not."""
        return [self._unseen(frozenset(history), k) for history in histories]

    def _unseen(self, seen: frozenset[str], k: int) -> list[str]:
        head: list[str] = []
        for item in self.ranking:
            if len(head) == k:
                break
            if item not in seen:
                head.append(item)
        return head
