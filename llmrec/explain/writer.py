"""Write reasons and descriptions with the model, check them, write again, else use fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmrec.config import ExplainSettings
from llmrec.engines.served import AdapterUse, always
from llmrec.explain.anchors import Anchor, choose_anchor
from llmrec.explain.drafts import Draft, make_draft
from llmrec.explain.facts import Facts, facts_of
from llmrec.explain.from_fields import (
    description_from_fields,
    item_language,
    reason_from_fields,
    spoken_language,
    words_from_fields,
)
from llmrec.explain.lexicon import FAMOUS_BRANDS
from llmrec.explain.requests import WordsRequest
from llmrec.prompting import Prompt
from llmrec.types import Words

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["Writer", "model_can_write"]

RETRY_TEMPERATURE = 0.6


@dataclass
class _Task:
    """One text to write, and what came of it so far."""

    request: WordsRequest
    facts: Facts
    anchor: Anchor
    describes: bool
    attempts: int = 0
    words: Words | None = None
    problems: list[str] = field(default_factory=list)


class Writer:
    """Writes words about recommended items; nothing that fails a check is returned as the model's.

    The model writes English of English items, for shoppers who speak English or of whom nothing is
    known; all others get sentences from fields, in the shopper's language or the item's own.

    Args:
        engine: the language model.
        settings: whether to ask it at all, how long texts may be, how often to try.
        known_brands: further brand names, the shop's own say, that must not be spoken of an item
            that does not carry them.
        adapter: gives the adapter of each call; by default ``settings.adapter``, as it is called
            in the engine.
    """

    def __init__(
        self,
        engine: Engine,
        settings: ExplainSettings,
        *,
        known_brands: Collection[str] = (),
        adapter: AdapterUse | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._adapter = adapter or always(settings.adapter)
        self._brands = FAMOUS_BRANDS | {brand for brand in known_brands if len(brand) > 2}

    def write_many(self, requests: Sequence[WordsRequest]) -> list[tuple[Words, Words | None]]:
        """Write a reason, and a description where asked for, in one batch for each attempt.

        Returns:
            For each request its reason and its description or ``None``; ``origin``, ``attempts``,
            ``evidence`` and ``problems`` say how each came about.

        Raises:
            EngineError: the language model failed.
            ModelError: the adapter cannot be loaded.
        """
        if not self._settings.enabled:
            return [words_from_fields(request) for request in requests]
        tasks = [task for request in requests for task in _tasks(request)]
        for attempt in range(1, self._settings.attempts + 1):
            pending = [
                task for task in tasks if task.words is None and model_can_write(task.request)
            ]
            if pending:
                self._attempt(pending, attempt)
        done = iter(_finished(task) for task in tasks)
        return [(next(done), next(done) if request.describe else None) for request in requests]

    def _attempt(self, tasks: Sequence[_Task], attempt: int) -> None:
        """Generate all texts in one batch, and keep those that hold."""
        drafts = [_draft(task, attempt) for task in tasks]
        limits = [self._limit(task) for task in tasks]
        stops = ("\n",) if any(task.describes for task in tasks) else ("\n", ". ")
        with self._adapter() as adapter:
            generated = self._engine.generate(
                [self._rendered(draft.prompt) for draft in drafts],
                max_tokens=max(limits),
                stop=stops,
                temperature=0.0 if attempt == 1 else RETRY_TEMPERATURE,
                seed=tasks[0].request.seed + attempt,
                adapters=[adapter] * len(drafts),
            )
        for task, draft, text, limit in zip(tasks, drafts, generated, limits, strict=True):
            task.attempts = attempt
            self._judge(task, draft, text, limit)

    def _judge(self, task: _Task, draft: Draft, generated: str, limit: int) -> None:
        sentence = draft.sentence(generated, finished=self._engine.count_tokens(generated) < limit)
        problems = draft.problems(sentence, generated, self._brands)
        task.problems += problems
        if not problems:
            task.words = Words(
                draft.text(sentence), "model", task.attempts, draft.evidence(sentence)
            )

    def _rendered(self, prompt: Prompt) -> str:
        return self._engine.render(prompt.messages, answer_prefix=prompt.answer_prefix)

    def _limit(self, task: _Task) -> int:
        settings = self._settings
        return settings.description_max_tokens if task.describes else settings.max_tokens


def model_can_write(request: WordsRequest) -> bool:
    """Whether there is something to say, in a language that the model writes.

    Of an item that is no more than its title a sentence can only repeat or invent
    (:func:`~llmrec.explain.check.grounding`).
    """
    has_text = bool(request.item.description or request.item.attributes)
    return has_text and item_language(request.item) == spoken_language(request) == "en"


def _tasks(request: WordsRequest) -> Iterator[_Task]:
    facts = facts_of(request.item, request.history, request.query)
    anchor = choose_anchor(request, facts)
    yield _Task(request, facts, anchor, describes=False)
    if request.describe:
        yield _Task(request, facts, anchor, describes=True)


def _finished(task: _Task) -> Words:
    problems = tuple(dict.fromkeys(task.problems))
    if task.words is not None:
        return replace(task.words, problems=problems)
    plain = (
        description_from_fields(task.request)
        if task.describes
        else reason_from_fields(task.request, task.anchor)
    )
    return replace(plain, attempts=task.attempts, problems=problems)


def _draft(task: _Task, attempt: int) -> Draft:
    return make_draft(
        task.request, task.facts, task.anchor, describes=task.describes, attempt=attempt
    )
