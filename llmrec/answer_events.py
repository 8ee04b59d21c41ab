"""What an answer consists of when it comes piece by piece: the cards first, the words behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from llmrec.errors import LLMRecError
from llmrec.types import Recommendation, Recommendations

__all__ = ["AnswerComplete", "AnswerEvent", "AnswerRanked", "WordsWritten"]


@dataclass(frozen=True, slots=True)
class AnswerRanked:
    """The first event: retrieved and ranked; what can be shown at once.

    Attributes:
        answer: with the words that cost no model, those quoted or made from fields.
        pending: ranks of the recommendations whose words the model has still to write.
    """

    answer: Recommendations
    pending: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WordsWritten:
    """One recommendation with its words; comes once for each, in the order of the ranks.

    Attributes:
        recommendation: as it was ranked, now with its reason and description, as far as wanted.
        error: why the model has not written them; they are made from fields then.
    """

    recommendation: Recommendation
    error: LLMRecError | None = None


@dataclass(frozen=True, slots=True)
class AnswerComplete:
    """The last event: the answer as ``recommend`` returns it, with the whole trace."""

    answer: Recommendations


AnswerEvent: TypeAlias = AnswerRanked | WordsWritten | AnswerComplete
