"""Inner products as nearest neighbours: what lets a graph search vectors of unlike lengths.

A behaviour encoder says by an item vector's length how likely the item is for anybody; a graph over
raw inner products (HNSW) has no metric to walk by, and misses. With one more number each vector
gets the same length (Bachrach et al. 2014, "Speeding Up the Xbox Recommender System")::

    item  x -> (x, sqrt(m² - |x|²)) / m       m the longest vector's length
    user  u -> (u, 0) / |u|

Inner products of these are the old ones times ``1 / (m |u|)``: the order is exactly the encoder's.
"""

from __future__ import annotations

import numpy as np

from llmrec.types import FloatArray

__all__ = ["lift_items", "lift_user", "longest"]


def longest(items: FloatArray) -> float:
    """The length of the longest of ``items``, ``[n, d]``; 1 where there are none."""
    return float(np.linalg.norm(items, axis=1).max(initial=0.0)) or 1.0


def lift_items(items: FloatArray, length: float) -> FloatArray:
    """Unit vectors, float32 ``[n, d + 1]``.

    Args:
        items: ``[n, d]``.
        length: from :func:`longest`.

    >>> lift_items(np.array([[3.0, 0.0], [0.0, 5.0]], np.float32), 5.0).round(2).tolist()
    [[0.6..., 0.0, 0.8...], [0.0, 1.0, 0.0]]
    """
    scaled = items / np.float32(length)
    rest = np.sqrt(np.maximum(1.0 - np.square(scaled).sum(axis=1), 0.0))
    return np.concatenate([scaled, rest[:, None]], axis=1).astype(np.float32)


def lift_user(user: FloatArray) -> FloatArray:
    """A unit vector, float32 ``[d + 1]``, for a user's vector ``[d]`` that is not zero."""
    return np.append(user / np.linalg.norm(user), 0.0).astype(np.float32)
