"""How sentences and their parts are put together in each language."""

from __future__ import annotations

from collections.abc import Sequence

from llmrec.types import Language

__all__ = ["colon", "comma", "in_a_row", "with_stop"]

_STOPS = (".", "!", "?", "。", "！", "？", '."', ".”", ".)")


def colon(language: Language) -> str:
    """With the space behind it, where the language has one."""
    return "：" if language == "zh" else ": "


def comma(language: Language) -> str:
    """With the space behind it, where the language has one."""
    return "，" if language == "zh" else ", "


def in_a_row(sentences: Sequence[str], language: Language) -> str:
    """One text of all sentences that are not empty."""
    return ("" if language == "zh" else " ").join(text for text in sentences if text)


def with_stop(text: str, language: Language) -> str:
    """With a full stop where a quoted piece, an item of a list or a value, has none.

    >>> with_stop("Pours from both sides", "en"), with_stop("Holds 2 l.", "en")
    ('Pours from both sides.', 'Holds 2 l.')
    """
    if text.endswith(_STOPS):
        return text
    return text + ("。" if language == "zh" else ".")
