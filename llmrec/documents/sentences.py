"""Text into sentences, in languages with spaces and in those without."""

from __future__ import annotations

import re

__all__ = ["sentences"]

_END = re.compile(r"(?<=[.!?])[\"'”)]?\s+(?=[^\W_a-zäöü]|[\"'“(„])|(?<=[。！？])")


def sentences(text: str) -> list[str]:
    """The sentences of one line; what follows a full stop in small letters goes on with it.

    >>> sentences("Open Mon. to Fri., e.g. today. Write to us! 我们送货。谢谢。")
    ['Open Mon. to Fri., e.g. today.', 'Write to us!', '我们送货。', '谢谢。']
    """
    return [part.strip() for part in _END.split(text) if part.strip()]
