"""The stage of the main path that writes: for a whole batch at once, or product after product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from llmrec.answers import Stopwatch
from llmrec.errors import ContextOverflow, EngineError, LLMRecError, ModelError
from llmrec.jobs import WordsOptions
from llmrec.parts import Parts
from llmrec.types import Words

if TYPE_CHECKING:
    from llmrec.explain import WordsRequest

__all__ = ["Texts", "WordsStage", "failure_note"]

Texts: TypeAlias = tuple[Words | None, Words | None]
"""A reason and a description."""

_Written: TypeAlias = tuple[Texts | None, LLMRecError | None]

_TOGETHER = 4
"""Products behind the first whose words the model writes in one batch: on two cores four take about
twice as long as one, and each further four let the next words wait as long again
(scripts/bench/words_stream.py)."""


@dataclass(frozen=True)
class WordsStage:
    """Writes the words of one call of the recommender.

    Attributes:
        parts: the quoter, the writer and the settings that choose between them.
        options: which words are wanted.
        degraded: the model has failed in this call already, and is not asked again.
    """

    parts: Parts
    options: WordsOptions
    degraded: bool = False

    @property
    def _top(self) -> int:
        """Of how many of the first recommendations the model writes the words."""
        settings = self.parts.settings.explain
        if settings.words == "quote" or self.degraded:
            return 0
        # A reason comes with each description; no others are written where none are wanted.
        return settings.top if self.options.explain else min(settings.top, self.options.describe)

    def write_batch(
        self, requests: Sequence[Sequence[WordsRequest]]
    ) -> tuple[list[list[Texts]], str | None]:
        """The texts of several answers, the model's in one batch; what failed, if that may be.

        Raises:
            EngineError: the language model failed and no fallback is configured.
            ModelError: its adapter cannot be loaded, and no fallback is configured.
        """
        top = self._top
        written, failure = self._batch_by_model(
            [request for group in requests for request in group[:top]]
        )
        texts = iter(written)
        return [
            [*(next(texts) for _ in group[:top]), *self._without_model(group[top:])]
            if written
            else self._without_model(group)
            for group in requests
        ], failure

    def at_once(self, requests: Sequence[WordsRequest]) -> list[Texts | None]:
        """The texts of one answer that cost no model; ``None`` where the model has to write."""
        from llmrec.explain import model_can_write

        top = self._top if self.parts.settings.explain.enabled else 0
        head = [
            None if model_can_write(request) else self._from_fields(request)
            for request in requests[:top]
        ]
        return [*head, *self._without_model(requests[top:])]

    def one_by_one(
        self, watch: Stopwatch, requests: Sequence[WordsRequest], ready: Sequence[Texts | None]
    ) -> Iterator[tuple[Texts, LLMRecError | None]]:
        """The texts of each product in its turn, and why the model has not written them.

        After a failure the model is not asked again: the shopper would wait for each one anew.

        Args:
            watch: counts the milliseconds of the writing.
            requests: one for each product.
            ready: what :meth:`at_once` gave for them.

        Raises:
            Abandoned: the caller has left; nothing more is written.
        """
        groups = _groups([place for place, texts in enumerate(ready) if texts is None])
        written: dict[int, _Written] = {}
        failed: LLMRecError | None = None
        for place, (request, texts) in enumerate(zip(requests, ready, strict=True)):
            if texts is not None:
                yield texts, None
                continue
            if failed is None and place not in written:
                group = next(groups)
                try:
                    with watch.stage("write"):
                        done = self._group_by_model([requests[place] for place in group])
                except LLMRecError as error:
                    failed = error
                else:
                    written.update(zip(group, done, strict=True))
            of_model, problem = written.get(place, (None, failed))
            yield of_model or self._from_fields(request), problem

    def _without_model(self, requests: Sequence[WordsRequest]) -> list[Texts]:
        """Texts quoted or made from fields; where no reasons are wanted, those described alone."""
        quotes = self.parts.settings.explain.words == "quote"
        wanted = len(requests) if self.options.explain else self.options.describe
        head = requests[: wanted if quotes else 0]
        return [
            *(self.parts.quoter.write_many(head) if head else ()),
            *map(self._from_fields, requests[len(head) :]),
        ]

    def _from_fields(self, request: WordsRequest) -> Texts:
        from llmrec.explain import words_from_fields

        return words_from_fields(request)

    def _group_by_model(self, requests: Sequence[WordsRequest]) -> list[_Written]:
        """The model's texts of a few products; a prompt that is too long concerns its own alone."""
        try:
            return [(texts, None) for texts in self.parts.writer.write_many(requests)]
        except ContextOverflow as error:
            if len(requests) == 1:
                return [(None, error)]
            return [self._group_by_model([request])[0] for request in requests]

    def _batch_by_model(
        self, requests: Sequence[WordsRequest]
    ) -> tuple[Sequence[Texts], str | None]:
        """The model's texts; none and the reason why, if it failed and may."""
        try:
            return (self.parts.writer.write_many(requests) if requests else []), None
        except (EngineError, ModelError) as error:
            if self.parts.settings.ranking.on_engine_failure == "raise":
                raise
            return [], failure_note(error)


def _groups(places: Sequence[int]) -> Iterator[Sequence[int]]:
    """The first alone, because somebody waits for it; the others together, which is faster."""
    yield places[:1]
    for start in range(1, len(places), _TOGETHER):
        yield places[start : start + _TOGETHER]


def failure_note(error: LLMRecError) -> str:
    """How a trace says that the language model failed."""
    return f"the language model failed: {error.message}"
