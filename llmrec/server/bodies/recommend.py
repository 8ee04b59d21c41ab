"""What recommendations are asked for with, and what comes back."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag

from llmrec.server.bodies.base import (
    MAX_BATCH,
    MAX_HISTORY,
    MAX_K,
    NO_NUL,
    Body,
    FewFilters,
    Id,
    Moment,
    Number,
    Out,
    Query,
    UserId,
    Whole,
)
from llmrec.server.bodies.items import ItemOut
from llmrec.types import EventKind, Filters, Fit, Language, Recommendations

__all__ = ["AnswerOut", "AnswersOut", "BatchBody", "RecommendBody", "SearchBody", "SearchOut"]

_FIT = "what it is to the query: an answer, only near to it, or none, to fill the list"
_Seed: TypeAlias = Annotated[Whole, Field(ge=0, le=2**31 - 1)]
_Words: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000, pattern=NO_NUL)
]


class _Entry(Body):
    kind: EventKind | None = Field(None, description="what was done; left out: nobody says")
    at: Moment | None = None
    value: Annotated[Number, Field(allow_inf_nan=False)] | None = None


class ItemEntry(_Entry):
    """Something that the catalogue holds."""

    item: Id


class TextEntry(_Entry):
    """Something in the shopper's words."""

    text: _Words


def _form_of(entry: Any) -> str:
    """Which of the forms an entry is meant to have: what is wrong is then told of that one."""
    if isinstance(entry, str):
        return "Words"
    text = entry.get("text") if isinstance(entry, dict) else getattr(entry, "text", None)
    return "ItemEntry" if text is None else "TextEntry"


_AnyEntry: TypeAlias = Annotated[
    Annotated[_Words, Tag("Words")]
    | Annotated[ItemEntry, Tag("ItemEntry")]
    | Annotated[TextEntry, Tag("TextEntry")],
    Discriminator(_form_of),
]
_History: TypeAlias = Annotated[
    tuple[_AnyEntry, ...],
    Field(
        max_length=MAX_HISTORY,
        description="item ids, texts or entries, oldest first",
        fail_fast=True,
    ),
]


class _Options(Body):
    k: Whole = Field(10, ge=1, le=MAX_K)
    filters: FewFilters = Field(default_factory=Filters, description="hard constraints")
    describe: Whole = Field(
        0, ge=0, le=MAX_K, description="for how many of the first a description is written"
    )
    explain: bool = Field(True, description="whether a reason is written for each")
    seed: _Seed | None = Field(None, description="of the shuffle and the writing")
    language: Language | None = Field(
        None, description="of reasons and descriptions; left out: each product's own"
    )


class _Situation(Body):
    user: UserId | None = None
    history: _History | None = Field(None, description="left out: the user's own, from the log")
    query: Query | None = Field(None, description="what the shopper looks for, in words")

    def entries(self) -> list[Any] | None:
        """The history as the main path takes it."""
        if self.history is None:
            return None
        return [one if isinstance(one, str) else one.model_dump() for one in self.history]


class RecommendBody(_Situation, _Options):
    """One shopper's situation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user": "S042",
                    "query": "for a rainy hike",
                    "k": 3,
                    "filters": {"max_price": "80", "in_stock": True},
                }
            ]
        }
    )


class BatchBody(_Options):
    """Several shoppers at a time; what is asked for holds for all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"requests": [{"user": "S042"}, {"history": ["KETTLE-01"]}], "k": 3}]
        }
    )

    requests: tuple[_Situation, ...] = Field(min_length=1, max_length=MAX_BATCH, fail_fast=True)


class SearchBody(Body):
    """A search: the index alone, no language model, no reasons."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "black kettle", "filters": {"max_price": "50"}}]}
    )

    query: Annotated[Query, StringConstraints(min_length=1)]
    k: Whole = Field(10, ge=1, le=MAX_K)
    filters: FewFilters = Field(default_factory=Filters, description="hard constraints")


class WordsOut(Out):
    """A text and what it stands on; see :class:`llmrec.types.Words`."""

    text: str
    origin: str = Field(
        description="quote: sentences of the product's description; model: written by the language "
        "model and checked; fields: made from the catalogue's"
    )
    attempts: int
    evidence: tuple[str, ...]
    problems: tuple[str, ...]


class RecommendationOut(Out):
    """One recommended item; ``scores`` are the parts of its score."""

    item: ItemOut
    rank: int
    score: float
    scores: dict[str, float]
    reason: WordsOut | None
    description: WordsOut | None
    fit: Fit | None = Field(description=_FIT)


class TraceOut(Out):
    """How the answer came about; see :class:`llmrec.types.Trace`."""

    model: str
    engine: str
    adapter: str | None
    arm: str | None = Field(description="of the experiment that runs, for a shopper by name")
    prompt: str
    seed: int
    matching: int
    candidates: int
    candidates_by_source: dict[str, int]
    milliseconds: dict[str, float]
    prompt_tokens: int
    forward_passes: int
    generated: int
    repairs: int
    from_fields: int
    quoted: int
    notes: tuple[str, ...]
    unlike: str | None = Field(
        description="says that nothing here answers the query; to be shown before what is nearest"
    )
    left_out: tuple[str, ...] = Field(
        description="titles of what the query names and is left out because the history has it"
    )
    answering: int | None = Field(description="of the candidates, how many answer the query")
    degraded: str | None
    unranked: str | None = Field(description="why no language model ranked, where none did")


class AnswerOut(Out):
    """The recommendations, best first."""

    user: str | None
    query: str | None
    recommendations: tuple[RecommendationOut, ...]
    trace: TraceOut

    @classmethod
    def of(cls, answer: Recommendations) -> AnswerOut:
        """The main path's answer as it goes out."""
        return cls(
            user=answer.user,
            query=answer.query,
            recommendations=tuple(map(RecommendationOut.model_validate, answer)),
            trace=TraceOut.model_validate(answer.trace),
        )


class AnswersOut(Out):
    """One answer for each request, in their order."""

    answers: tuple[AnswerOut, ...]


class FoundOut(Out):
    """One found item with its score in retrieval."""

    item: ItemOut
    rank: int
    score: float
    fit: Fit | None = Field(description=_FIT)


class SearchOut(Out):
    """What was found, best first; ``matching`` items pass the filters."""

    found: tuple[FoundOut, ...]
    matching: int
    notes: tuple[str, ...] = Field(
        description="how the words were read, where not as they stand, and whether nothing fits"
    )
    unlike: str | None = Field(
        description="says that nothing here answers the query; to be shown before what was found"
    )
