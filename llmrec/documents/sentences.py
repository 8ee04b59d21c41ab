"""Text into sentences, in languages with spaces and in those without."""

from __future__ import annotations

import re

__all__ = ["questions_in", "sentences"]

_END = re.compile(r"(?<=[.!?])[\"'”)]?\s+(?=[^\W_a-zäöü]|[\"'“(„])|(?<=[。！？])")
# Shoppers begin sentences in small letters.
_ANY_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")


def questions_in(message: str) -> list[str]:
    """The questions of a message without what is told beside them; all of it if it has none.

    >>> questions_in("hm. how big is it? He is small. Is it soft?"), questions_in("its size")
    (['how big is it?', 'Is it soft?'], ['its size'])
    """
    parts = (part.strip() for part in _ANY_END.split(message))
    return [part for part in parts if part.endswith(("?", "？"))] or [message]


def sentences(text: str) -> list[str]:
    """The sentences of one line; what follows a full stop in small letters goes on with it.

    >>> sentences("Open Mon. to Fri., e.g. today. Write to us! 我们送货。谢谢。")
    ['Open Mon. to Fri., e.g. today.', 'Write to us!', '我们送货。', '谢谢。']
    """
    return [part.strip() for part in _END.split(text) if part.strip()]
