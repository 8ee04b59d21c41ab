"""Text into sentences, in languages with spaces and in those without."""

from __future__ import annotations

import re

from llmrec.linear import bounded

__all__ = ["asks", "clauses_in", "questions_in", "sentences"]

_LEAST = 4
"""Words, in Chinese signs, below which a piece of a message that does not begin like a question
asks nothing."""

# NFKC makes ASCII of full-width signs, and Chinese has no space behind them.
_STOPS = bounded(r"[.!?…;]\s+|[,:]\s+|\s[-–—]\s|[。！？；，]|[!?;,](?=[\u3400-\u9fff])")

_END = re.compile(r"(?<=[.!?])[\"'”)]?\s+(?=[^\W_a-zäöü]|[\"'“(„])|(?<=[。！？])")
# Shoppers begin sentences in small letters.
_ANY_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|(?<=[!?;])(?=[\u3400-\u9fff])")


# "How heavy is it, and can I send it back?" asks twice.
_ASKING = (
    r"how|what|when|where|which|who|can|could|may|do|does|did|is|are|will|would|should|wie|was|wann|wo"
    r"|welche\w*|wer|kann|könnte|darf|gibt|ist|sind|geht|passt|hat|haben|habt"
)
_FURTHER = bounded(
    rf"(?:,\s*|\s+)(?:and|but|or|also|plus|und|aber|oder)\s+(?:also\s+|auch\s+)?(?=(?:{_ASKING})\b)"
    r"|(?<=[\u3400-\u9fff])[，,、]\s*(?=能|可|有没|是不|多|怎|什么|几|会不|要不)",
    re.IGNORECASE,
)
# "I could put it there", "the green one is nice": who asks does not begin with who it is about.
_TELLING = (
    r"(?:i|we|it|he|she|they|the|this|that|these|those|my|our"
    r"|ich|wir|er|sie|es|der|die|das|mein\w*)\b"
)
_ASKS = bounded(
    rf"^\W*(?:(?!{_TELLING})\w+\W+){{0,2}}(?:{_ASKING})\b|[吗么呢多怎几]", re.IGNORECASE
)


_QUESTION_ENDS = ("?", "？", "吗", "呢", "么")
"""The particles are question marks too; who types fast leaves the sign behind the last one out."""


def questions_in(message: str) -> list[str]:
    """The questions of a message without what is told beside them; all of it if it has none.

    >>> questions_in("hm. how big is it? He is small. Is it soft?"), questions_in("its size")
    (['how big is it?', 'Is it soft?'], ['its size'])
    >>> questions_in("how heavy is it, and can i send it back?")
    ['how heavy is it', 'can i send it back?']
    >>> questions_in("in blue, and is it dishwasher safe?"), questions_in("它防水吗?能退吗")
    (['is it dishwasher safe?'], ['它防水吗?', '能退吗'])
    """
    parts = (part.strip() for part in _ANY_END.split(message))
    questions = [part for part in parts if part.endswith(_QUESTION_ENDS)]
    return [question for part in questions for question in _each(part)] or [message]


def _each(question: str) -> list[str]:
    """The questions that one mark ends; what stands before the first of several is told."""
    first, *others = _FURTHER.split(question)
    begins = others and not _ASKS.search(first)
    return [piece.strip() for piece in (others if begins else (first, *others)) if piece.strip()]


def asks(clause: str) -> bool:
    """Whether a piece of a message begins like a question or ends as one.

    >>> asks("can I send it back"), asks("I could send it back"), asks("lovely colours")
    (True, False, False)
    """
    return clause.endswith(("?", "？")) or bool(_ASKS.search(clause))


def clauses_in(message: str) -> list[str]:
    """The pieces of a message between its stops and commas, for what was asked without a mark."""
    pieces = (piece.strip() for piece in _STOPS.split(message))
    return [piece for piece in pieces if piece != message and (_is_long(piece) or asks(piece))]


def _is_long(piece: str) -> bool:
    """Whether a piece of a message may ask something: "Fine" and "hang on" do not."""
    return len(piece.split()) >= _LEAST or (not piece.isascii() and len(piece) >= _LEAST)


def sentences(text: str) -> list[str]:
    """The sentences of one line; what follows a full stop in small letters goes on with it.

    >>> sentences("Open Mon. to Fri., e.g. today. Write to us! 我们送货。谢谢。")
    ['Open Mon. to Fri., e.g. today.', 'Write to us!', '我们送货。', '谢谢。']
    """
    return [part.strip() for part in _END.split(text) if part.strip()]
