"""Whose events count for others, and how much one shopper may say in all.

Three bounds, because each alone is got around: a shopper counts once for an item (who sends one
thing a thousand times says it once), with the last items only and less each the more they are (who
touches everything says little of each), and shoppers with all but the same items count as one (ten
accounts that do the same are no ten opinions).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmrec.types import BoolArray

__all__ = ["FEW_SHOPPERS", "MOST_ITEMS", "breadth", "heard"]

FEW_SHOPPERS = 100
"""Below this many shoppers each is over a hundredth of the shop, and every voice is needed."""

MOST_ITEMS = 300
"""The last different items of a shopper that count: of UCI Online Retail, a wholesaler, one shopper
in a hundred has more. With 100 its ``together`` lost a twentieth of its recall@100."""

_USUAL_ITEMS = 20
"""So many different items a shopper may have and be heard in full about each."""

_HASHES = 16
_BAND = 4
_ALIKE = 13 / _HASHES
"""Share of equal minima from which two sets count as the same, a Jaccard index of about 0.8."""

_LEAST_ITEMS = 5
"""Short histories are often equal by chance, and say little each."""


def heard(users: NDArray[np.int32], items: NDArray[np.int32], ids: Sequence[str]) -> BoolArray:
    """Which events count for others, bool ``[n]``.

    Args:
        users: ``[n]``, 0-based numbers; the events of one user stand together, oldest first.
        items: ``[n]``, indices into ``ids``.
        ids: the items' ids.
    """
    if not len(users):
        return np.empty(0, bool)
    kept = _recent(users, items)
    if len(np.unique(users)) < FEW_SHOPPERS:
        return kept
    return np.asarray(kept & ~_copies(users[kept], items[kept], ids)[users])


def breadth(users: NDArray[np.integer]) -> NDArray[np.float64]:
    """How much each voice counts of a shopper with so many, ``[m]``: 1, or less for many.

    The root is a middle way: in proportion to their number would silence the shopper who knows the
    shop best, and in full would give whoever touches all items a say in all.

    Args:
        users: ``[m]``, whose voice it is, one for each item.
    """
    count = np.bincount(users)[users] if len(users) else np.empty(0)
    return np.asarray(np.sqrt(np.minimum(1.0, _USUAL_ITEMS / np.maximum(count, 1))), np.float64)


def _recent(users: NDArray[np.int32], items: NDArray[np.int32]) -> BoolArray:
    """The events of each user's last :data:`MOST_ITEMS` different items."""
    width = np.int64(items.max()) + 1
    key = users.astype(np.int64) * width + items
    # Met from the end, the first of each pair is the latest; it says how recent the pair is.
    pairs, latest = np.unique(key[::-1], return_index=True)
    latest = len(key) - 1 - latest
    if np.bincount(pairs // width).max() <= MOST_ITEMS:
        return np.ones(len(users), bool)
    order = np.argsort(-latest, kind="stable")
    owner = (pairs // width)[order]
    order = order[np.argsort(-owner, kind="stable")]
    owner = pairs[order] // width
    begins = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    place = np.arange(len(owner)) - np.repeat(begins, np.diff([*begins, len(owner)]))
    good = np.sort(pairs[order[place < MOST_ITEMS]])
    return np.asarray(good[np.minimum(np.searchsorted(good, key), len(good) - 1)] == key)


def _copies(users: NDArray[np.int32], items: NDArray[np.int32], ids: Sequence[str]) -> BoolArray:
    """The users whose items are all but those of an earlier one, bool ``[n_users]``.

    By minima of random orders of the items (Broder 1997): two sets have the same minimum as often
    as their Jaccard index says. Compared are those that agree in a whole band of minima. The orders
    follow from the ids alone: others would come of a single new item, and with them other copies.
    """
    copies = np.zeros(int(users.max()) + 1, bool)
    width = np.int64(items.max()) + 1
    pairs = np.unique(users.astype(np.int64) * width + items)
    owner, item = pairs // width, pairs % width
    begins = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    who, sizes = owner[begins], np.diff([*begins, len(owner)])
    keys = np.array([zlib.crc32(id.encode("utf-8", "surrogatepass")) for id in ids], np.uint64)
    # Multiply-shift hashing (Dietzfelbinger et al. 1997): odd factors, the upper half.
    factors = np.random.default_rng(0).integers(2**63, size=_HASHES, dtype=np.uint64) * 2 + 1
    minima = np.stack(
        [np.minimum.reduceat((keys * factor >> np.uint64(32))[item], begins) for factor in factors]
    )
    for band in range(0, _HASHES, _BAND):
        signature = np.ascontiguousarray(minima[band : band + _BAND].T)
        rows = signature.view([("", signature.dtype)] * _BAND).ravel()
        _, first, group = np.unique(rows, return_index=True, return_inverse=True)
        model = first[group]
        alike = (minima == minima[:, model]).mean(axis=0) >= _ALIKE
        copies[who[alike & (model != np.arange(len(who))) & (sizes >= _LEAST_ITEMS)]] = True
    return copies
