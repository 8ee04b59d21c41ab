"""The result of an experiment in one or two sentences."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ALPHA", "in_words"]

ALPHA = 0.05
"""An adjusted p below this lets an arm be called better."""

_ODD_SPLIT = 0.001
_PLURAL = {"like": "likes", "cart": "carts", "purchase": "purchases"}


def in_words(
    shoppers: Mapping[str, int],
    shares: Mapping[str, Mapping[str, float | None]],
    adjusted: Mapping[str, float],
    split_p: float,
) -> str:
    """Say which arm brings more of what, or that no difference is shown.

    Args:
        shoppers: of each arm.
        shares: of each arm's shoppers, by outcome.
        adjusted: each outcome's adjusted p.
        split_p: of so many shoppers in each arm.

    >>> in_words({"A": 9, "B": 8}, {"A": {"like": 0.1}, "B": {"like": 0.3}}, {"like": 0.2}, 1.0)
    'No difference shown: the smallest adjusted p is 0.200, with 9 shoppers in A and 8 in B.'
    """
    empty = [arm for arm, count in shoppers.items() if not count]
    if empty:
        said = f"Nothing to compare yet: nobody was shown a list in arm {' or '.join(empty)}."
    else:
        found = [one for one, p in adjusted.items() if p < ALPHA]
        said = _differences(shares, adjusted, found) or _no_difference(shoppers, adjusted)
    return f"{said} {_odd(shoppers)}" if split_p < _ODD_SPLIT else said


def _differences(
    shares: Mapping[str, Mapping[str, float | None]],
    adjusted: Mapping[str, float],
    found: list[str],
) -> str:
    parts = []
    for outcome in found:
        a, b = (shares[arm][outcome] or 0.0 for arm in ("A", "B"))
        (more, high), (less, low) = (("B", b), ("A", a)) if b > a else (("A", a), ("B", b))
        parts.append(
            f"{more} brings more {_PLURAL.get(outcome, outcome)}: {high:.1%} of its shoppers, "
            f"{low:.1%} of {less}'s (adjusted p {_p(adjusted[outcome])})"
        )
    return "; ".join(parts) + "." if parts else ""


def _no_difference(shoppers: Mapping[str, int], adjusted: Mapping[str, float]) -> str:
    return (
        f"No difference shown: the smallest adjusted p is {_p(min(adjusted.values()))}, with "
        f"{shoppers['A']:,} shoppers in A and {shoppers['B']:,} in B."
    )


def _odd(shoppers: Mapping[str, int]) -> str:
    return (
        f"But {shoppers['A']:,} shoppers in A and {shoppers['B']:,} in B do not fit the share: "
        "find out first whether it was changed, or whether one arm fails."
    )


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "below 0.001"
