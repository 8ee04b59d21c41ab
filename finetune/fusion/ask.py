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
        HistoryEntry(item=event.item, kind=event.kind, at=event.at, value=event.value)
        for event in case.history
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
            batch = cases[start : start + _BATCH]
            hits_of, row = retriever.found([request_of(case) for case in batch])
            for case, hits in zip(batch, hits_of, strict=True):
                kept = {name: hits[name] for name in names if name in hits}
                yield kept, row.get(case.targets[0].item, -1)
            if progress:
                progress(start + len(batch), len(cases))

    return fusion_cases(answers(), names, depth)
