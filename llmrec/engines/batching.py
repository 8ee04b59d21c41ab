"""Group prompts so that memory stays bounded and little is spent on padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["batches_by_length"]


def batches_by_length(
    lengths: Sequence[int],
    *,
    token_budget: int,
    max_waste: float = 0.1,
    max_size: int | None = None,
) -> Iterator[list[int]]:
    """Positions of ``lengths``, in batches of like length, longest first.

    Padding a batch makes each prompt cost as much as its longest, so a prompt that would be padded
    by more than ``max_waste`` of the longest starts a new batch.

    Args:
        lengths: tokens of each prompt.
        token_budget: largest number of tokens of a batch, padding included; a single prompt may be
            longer.
        max_waste: largest share of padding in a prompt.
        max_size: most prompts of a batch, ``None`` for no limit.

    >>> list(batches_by_length([10, 100, 98, 9], token_budget=200))
    [[1, 2], [0, 3]]
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch:
            longest = lengths[batch[0]]
            wasteful = longest - lengths[position] > max_waste * longest
            full = max_size is not None and len(batch) >= max_size
            if full or wasteful or longest * (len(batch) + 1) > token_budget:
                yield batch
                batch = []
        batch.append(position)
    if batch:
        yield batch
