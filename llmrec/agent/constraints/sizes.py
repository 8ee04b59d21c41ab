"""Whether a size falls into what the catalogue says: "L" into "S-XL", "42" into "36-46"."""

from __future__ import annotations

import re

__all__ = ["covers", "is_size", "of_no_other"]

_LETTERS = ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl")
_ONE = r"(?:x{0,3}[sl]|m|\d{1,3})"
_RANGE = re.compile(rf"(?<![\w-])({_ONE})\s*[-–]\s*({_ONE})(?![\w-])(?!\s*(?:cm|kg|mm|months))")
_ALONE = re.compile(rf"(?<![\w-]){_ONE}(?![\w-])(?!\s*(?:cm|kg|mm|x\b))")


def is_size(said: str) -> bool:
    """Whether a word (folded) is a letter size or a number.

    >>> is_size("xl"), is_size("42"), is_size("large")
    (True, True, False)
    """
    return said in _LETTERS or (said.isdecimal() and len(said) <= 3)


def covers(value: str, said: str) -> bool:
    """Whether a value (folded) offers the size.

    >>> covers("xs-xl", "l"), covers("36-46", "42"), covers("l (chest 70-95 cm)", "l")
    (True, True, True)
    >>> covers("4-15 kg", "8"), covers("s-l", "xxl")
    (False, False)
    """
    if not is_size(said):
        return False
    ranges = [_between(low, high, said) for low, high in _RANGE.findall(value)]
    return any(ranges) or said in _ALONE.findall(_RANGE.sub(" ", value))


def of_no_other(value: str, said: str) -> bool:
    """Whether a value (folded) offers no size but what was said: "not M" leaves "S-L" in.

    >>> of_no_other("m (chest 90 cm)", "m"), of_no_other("s-l", "m"), of_no_other("m/l", "m")
    (True, False, False)
    """
    ranges = [pair for pair in _RANGE.findall(value) if pair[0] != pair[1]]
    return not ranges and set(_ALONE.findall(value)) <= {said}


def _between(low: str, high: str, said: str) -> bool:
    ends = (low, high, said)
    if all(one.isdecimal() for one in ends):
        return int(low) <= int(said) <= int(high)
    if all(one in _LETTERS for one in ends):
        return _LETTERS.index(low) <= _LETTERS.index(said) <= _LETTERS.index(high)
    return False
