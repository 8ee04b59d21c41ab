"""Where a generated text ends: stop words, and what may be shown while it is still growing."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["cut_at_stop", "shown_length"]


def cut_at_stop(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """``text`` up to the first stop word in it, and whether there was one.

    >>> cut_at_stop("A cup. A pot.", ["."])
    ('A cup', True)
    """
    places = [place for word in stop if (place := text.find(word)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def shown_length(text: str, stop: Sequence[str]) -> int:
    r"""How many characters of a growing ``text`` will stay, whatever comes next.

    Its tail is held back while it could be the beginning of a stop word or of a character of
    several bytes.

    >>> shown_length("Fine.\n", ["\n\n"])
    5
    """
    end = len(text.rstrip("\ufffd"))
    longest = max((len(word) for word in stop), default=1) - 1
    for start in range(max(0, end - longest), end):
        if any(word.startswith(text[start:end]) for word in stop):
            return start
    return end
