"""A retriever that does not look for a history twice; see :mod:`llmrec.eval.main_path.cache`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from llmrec.artifacts import Artifact, Artifacts
from llmrec.config import Workspace
from llmrec.eval.main_path.cache import FORMAT, AnswerCache, digest_of
from llmrec.retrieval import RetrievalRequest, RetrievalResult, Retriever
from llmrec.types import Candidate, SourceHit

__all__ = ["CachedRetriever", "retrieval_context", "serving_retrieval"]


class CachedRetriever(Retriever):
    """A retriever that looks its answers up first; use :meth:`remember` after opening it."""

    _cache: AnswerCache | None = None
    _context: bytes = b""

    def remember(self, cache: AnswerCache, context: bytes) -> None:
        """Keep answers in ``cache``; ``context`` is a hash of all that is not in a request."""
        self._cache, self._context = cache, context

    def retrieve_many(self, requests: Sequence[RetrievalRequest], n: int) -> list[RetrievalResult]:
        """See :meth:`llmrec.retrieval.Retriever.retrieve_many`."""
        if self._cache is None:
            return super().retrieve_many(requests, n)
        keys = [digest_of(self._context, n, *_asked(request)) for request in requests]
        known = self._cache.get(keys)
        missing = [place for place, key in enumerate(keys) if key not in known]
        if missing:
            results = super().retrieve_many([requests[place] for place in missing], n)
            fresh = {
                keys[place]: _packed(result) for place, result in zip(missing, results, strict=True)
            }
            self._cache.put(fresh)
            known |= fresh
        return [_unpacked(known[key]) for key in keys]


def retrieval_context(workspace: Workspace, encoder: str, data_sha256: str, part: str) -> bytes:
    """What candidates depend on beside the request: see :mod:`llmrec.eval.main_path.cache`.

    Args:
        workspace: whose retrieval settings, and what was learned for them.
        encoder: the encoder's fingerprint.
        data_sha256: of the data.
        part: whose log it knows.
    """
    from llmrec import __version__

    settings = workspace.settings.retrieval.model_dump_json()
    cards = [artifact.card.model_dump_json() for artifact in serving_retrieval(workspace)]
    return digest_of(FORMAT, __version__, settings, encoder, data_sha256, part, *cards)


def serving_retrieval(workspace: Workspace) -> list[Artifact]:
    """What was learned for retrieval and serves in ``workspace``."""
    artifacts = Artifacts(workspace.models_dir)
    return [artifact for kind in ("behaviour", "fusion") if (artifact := artifacts.current(kind))]


def _asked(request: RetrievalRequest) -> Iterator[object]:
    yield len(request.history)
    for entry in request.history:
        yield tuple(asdict(entry).values())
    # Every other field by its name, so that none is forgotten that is added later.
    for field in fields(request):
        if field.name not in ("history", "filters"):
            yield field.name
            yield repr(getattr(request, field.name))
    yield request.filters.model_dump_json()


def _packed(result: RetrievalResult) -> bytes:
    plain = {
        "matching": result.matching,
        "by_source": dict(result.by_source),
        "candidates": [
            [
                candidate.item,
                candidate.score,
                {name: [hit.rank, hit.score] for name, hit in candidate.sources.items()},
            ]
            for candidate in result.candidates
        ],
    }
    return json.dumps(plain).encode()


def _unpacked(value: bytes) -> RetrievalResult:
    plain: dict[str, Any] = json.loads(value)
    candidates = tuple(
        Candidate(item, score, {name: SourceHit(*hit) for name, hit in sources.items()})
        for item, score, sources in plain["candidates"]
    )
    return RetrievalResult(candidates, plain["matching"], plain["by_source"])
