"""What reviewers say of an item, as it is asked for and as it goes out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from llmrec.server.bodies.base import NO_NUL, Body, Out
from llmrec.types import Language

__all__ = ["ReviewsOut", "ReviewsQuery"]


class ReviewsQuery(Body):
    """In which language, and about what."""

    language: Language = Field("en", description="of the text; quotations stay as they are")
    question: Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL)] = Field(
        "", description="in the shopper's words; a thing that it names is looked for: the handle"
    )


class QuoteOut(Out):
    """A reviewer's own words, without a name."""

    text: str
    sentiment: Literal["positive", "mixed", "negative"] | None = Field(
        description="what the reviewer's stars or thumb said"
    )
    stars: float | None


class MentionOut(Out):
    """A thing that reviewers mention, and how many do."""

    name: str
    reviewers: int
    quotes: tuple[QuoteOut, ...]


class ReviewsOut(Out):
    """Reviews counted and quoted; ``text`` says the same in words."""

    reviewers: int = Field(description="who wrote something, each counted once")
    positive: int
    mixed: int
    negative: int
    ratings: int = Field(description="who gave stars, with a text or without")
    average: float | None = Field(description="of these, on the shop's scale")
    scale: tuple[float, float]
    asked: MentionOut | None = Field(description="what the question names, if it names a thing")
    mentions: tuple[MentionOut, ...]
    quotes: tuple[QuoteOut, ...]
    text: str
