"""Words as a shop spells them, for those that a shopper has misspelt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

__all__ = ["Spelling"]

_SHORTEST = 4
"""Of three letters almost everything is one slip away from something else."""

_TWO_SLIPS = 8
"""From so many letters on two slips still leave the word recognisable."""


class Spelling:
    """Finds the word that was meant among those that titles, brands and categories hold.

    Args:
        counts: how many items hold each word, in lower case and without accents.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        # By the first letter: who types seldom misses it, and looking is a 20th of the work.
        self._words: dict[str, list[str]] = defaultdict(list)
        self._counts = {word: n for word, n in counts.items() if _may_be_misspelt(word)}
        for word in sorted(self._counts):
            self._words[word[0]].append(word)

    def nearest(self, word: str) -> str | None:
        """The word of the fewest slips from ``word``, of several the commonest.

        A slip is a letter missing, too much, wrong, or swapped with the next (optimal string
        alignment). ``None`` where none is near enough: one slip, from eight letters on two; in
        words of four letters a wrong letter makes another word, not a slip.

        >>> Spelling({"kettle": 3, "kettles": 1, "tent": 9}).nearest("kettel")
        'kettle'
        >>> Spelling({"tent": 9}).nearest("tnet"), Spelling({"tent": 9}).nearest("test")
        ('tent', None)
        """
        if not _may_be_misspelt(word):
            return None
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        slips = 2 if len(word) >= _TWO_SLIPS else 1
        near = extract(
            word, self._words.get(word[0], ()), scorer=OSA.distance, score_cutoff=slips, limit=None
        )
        if len(word) == _SHORTEST:
            near = [match for match in near if not _one_letter_differs(word, match[0])]
        best = min(near, key=lambda match: (match[1], -self._counts[match[0]]), default=None)
        return best[0] if best else self._beginning_otherwise(word)

    def _beginning_otherwise(self, word: str) -> str | None:
        """The word of which the first two letters came in the other order, or the first not at all.

        Of no other slip at the beginning: "cattle" is not "kattle", and names differ in it.
        """
        swapped = word[1] + word[0] + word[2:]
        if swapped in self._counts:
            return swapped
        longer = (letter + word for letter in self._words if len(word) > _SHORTEST)
        return max(
            filter(self._counts.__contains__, longer), key=self._counts.__getitem__, default=None
        )


def _may_be_misspelt(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha()


def _one_letter_differs(word: str, other: str) -> bool:
    return len(word) == len(other) and sorted(word) != sorted(other)
