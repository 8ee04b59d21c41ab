"""How much texts differ from each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from llmrec.explain.lexicon import SAFE_WORDS

__all__ = ["distinct_2", "skeleton", "skeletons"]

_WORD = re.compile(r"[^\W\d_][\w'-]*|\d+|[,.;:]")


def distinct_2(texts: Sequence[str]) -> float:
    """Different pairs of neighbouring words / all pairs (Li et al. 2016); compare equal numbers."""
    pairs: list[tuple[str, str]] = []
    for text in texts:
        words = re.findall(r"[^\W\d_]+|\d+", text.casefold())
        pairs += pairwise(words)
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def skeleton(text: str) -> str:
    """A sentence with everything that is said of the product taken out.

    >>> skeleton("The Steel kettle 1 l comes in cream and holds 1 l.")
    'the _ comes in _ and _ .'
    """
    kept: list[str] = []
    for word in _WORD.findall(re.sub(r'"[^"]*"', "_", text)):
        low = word.casefold()
        small = (len(low) < 4 and low.isalpha()) or not low[0].isalnum() or low in SAFE_WORDS
        unit = low in ("l", "ml", "g", "kg", "cm", "mm", "m", "w")
        kept.append(low if small and not unit else "_")
    return re.sub(r"_(?: _)+", "_", " ".join(kept))


def skeletons(texts: Sequence[str]) -> float:
    """Share of different skeletons."""
    return len({skeleton(text) for text in texts}) / len(texts) if texts else 0.0
