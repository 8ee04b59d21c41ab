"""One request on its way through the main path: resolved, retrieved, ready to rank and to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmrec.config import MAX_CANDIDATES
from llmrec.types import Candidate, Filters, HistoryEntry, Item, Language, Recommendations

if TYPE_CHECKING:
    from llmrec.experiment import Arm
    from llmrec.explain import WordsRequest
    from llmrec.ranking import RankRequest
    from llmrec.requests import ListOptions

__all__ = ["Job", "ResolvedRequest", "WordsOptions"]


@dataclass(frozen=True)
class ResolvedRequest:
    """A request whose history has been looked up in the catalogue, before anything is retrieved.

    ``history`` is all of it, oldest first; ``recent`` is what prompts may speak of, each thing
    once, with its item where the catalogue has it; ``notes`` what could not be looked up.
    """

    history: tuple[HistoryEntry, ...]
    recent: tuple[tuple[HistoryEntry, Item | None], ...]
    query: str | None
    user: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class WordsOptions:
    """Which words a call of the recommender wants, the same for all of its answers.

    Attributes:
        explain: whether a reason is shown with each recommendation.
        describe: for how many of the first a description is written.
        seed: of the writing.
        language: of the words; ``None`` for each item's.
        filters: that hold for the answers.
        recipient: whom it is for, if it is somebody else than the shopper.
    """

    explain: bool
    describe: int
    seed: int
    language: Language | None
    filters: Filters
    recipient: str | None

    @classmethod
    def of(cls, options: ListOptions) -> WordsOptions:
        """The words of lists that are asked for with ``options``."""
        return cls(
            options.explain,
            options.describe,
            options.seed,
            options.language,
            options.filters,
            options.recipient,
        )

    @property
    def wanted(self) -> bool:
        """Whether any are."""
        return self.explain or self.describe > 0


@dataclass(frozen=True)
class Job:
    """A request and what was found for it.

    ``history`` is what prompts may speak of: each thing once, oldest first. ``matching`` counts the
    unseen items that pass the filters, ``by_source`` the candidates of each source; ``arm`` is the
    shopper's in the experiment that runs, if any; ``notes`` what a reader of the trace should know
    about what was asked, and how it was read; ``unlike`` says that nothing answers it,
    ``left_out`` are titles of what it names and the history has.
    """

    history: tuple[tuple[HistoryEntry, Item | None], ...]
    query: str | None
    user: str | None
    candidates: tuple[tuple[Candidate, Item], ...]
    matching: int
    by_source: Mapping[str, int]
    arm: Arm | None = None
    notes: tuple[str, ...] = ()
    unlike: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def answering(self) -> int | None:
        """How many candidates answer the query; ``None`` where nothing says so."""
        fits = [candidate.fit for candidate, _ in self.candidates]
        return None if None in fits or not fits else fits.count("answer")

    def rank_request(self) -> RankRequest:
        """What the ranker gets: the first ``MAX_CANDIDATES`` candidates."""
        from llmrec.ranking import RankRequest

        return RankRequest(self.history, self.query, self.candidates[:MAX_CANDIDATES])

    def words_requests(
        self,
        answer: Recommendations,
        related: Sequence[tuple[int, ...]],
        options: WordsOptions,
    ) -> list[WordsRequest]:
        """What the writer gets, one for each recommendation of the answer.

        Args:
            answer: of this job, ranked.
            related: for each recommendation the indices of the history entries nearest to it.
            options: which words are wanted, and for whom.
        """
        from llmrec.explain import WordsRequest

        return [
            WordsRequest(
                item=recommendation.item,
                history=self.history,
                query=self.query,
                describe=recommendation.rank <= options.describe,
                seed=options.seed + recommendation.rank,
                related=near,
                language=options.language,
                filters=options.filters,
                recipient=options.recipient,
                fit=recommendation.fit,
            )
            for recommendation, near in zip(answer, related, strict=True)
        ]
