"""Ask a retriever's sources what they find for validation cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from llmrec.finetune.behaviour.sequences import LoggedCase
from llmrec.finetune.fusion.cases import FusionCases, fusion_cases
from llmrec.retrieval import RetrievalRequest, Retriever
from llmrec.retrieval.sources.base import Hits
from llmrec.types import HistoryEntry

__all__ = ["UNASKED", "ask_sources", "request_of"]

UNASKED = ("query",)
"""Sources that answer words; a log has none, so nothing can be learned about them."""

_BATCH = 256


def request_of(case: LoggedCase) -> RetrievalRequest:
    """The situation of a case."""
    entries = (
        HistoryEntry(item=one.item, kind=one.kind, at=one.at, value=one.value)
        for one in case.history
    )
    return RetrievalRequest(tuple(entries))


def ask_sources(
    retriever: Retriever,
    cases: Sequence[LoggedCase],
    depth: int,
    progress: Callable[[int, int], None] | None = None,
) -> FusionCases:
    """What the sources find for ``cases``; of several targets the first counts.

    Args:
        retriever: whose log does not hold the targets.
        cases: each with a history and a target.
        depth: the setting ``retrieval.depth`` of that retriever.
        progress: told the number of cases done and of all.
    """
    first, _ = retriever.found([request_of(cases[0])])
    names = tuple(name for name in first[0] if name not in UNASKED)

    def answers() -> Iterator[tuple[dict[str, Hits], int]]:
        for start in range(0, len(cases), _BATCH):
            some = cases[start : start + _BATCH]
            found, row = retriever.found([request_of(one) for one in some])
            for case, hits in zip(some, found, strict=True):
                kept = {name: hits[name] for name in names if name in hits}
                yield kept, row.get(case.targets[0].item, -1)
            if progress:
                progress(start + len(some), len(cases))

    return fusion_cases(answers(), names, depth)
