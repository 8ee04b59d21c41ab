"""Write reasons and descriptions with the model, check them, write again, else use fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmrec.config import ExplainSettings
from llmrec.explain.anchors import Anchor, choose_anchor
from llmrec.explain.check import check, grounding
from llmrec.explain.facts import Facts, facts_of, fold, short_title
from llmrec.explain.from_fields import (
    description_from_fields,
    item_language,
    reason_from_fields,
    words_from_fields,
)
from llmrec.explain.lexicon import FAMOUS_BRANDS, SAFE_WORDS
from llmrec.explain.phrases import PHRASES
from llmrec.explain.requests import WordsRequest
from llmrec.explain.shape import shape_problems, whole_sentences
from llmrec.prompting import Prompt, describe_prompt, one_line, reason_prompt
from llmrec.types import Words

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["Writer"]

RETRY_TEMPERATURE = 0.6
LEADING_ATTRIBUTES = ("material", "colour", "color", "capacity", "size", "weight", "dimensions")


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

    The model writes English; items in other languages get sentences from their fields, in German
    and Chinese in their own language.

    Args:
        engine: the language model.
        settings: whether to ask it at all, how long texts may be, how often to try.
        known_brands: further brand names, the shop's own say, that must not be spoken of an item
            that does not carry them.
    """

    def __init__(
        self,
        engine: Engine,
        settings: ExplainSettings,
        *,
        known_brands: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._brands = FAMOUS_BRANDS | {brand for brand in known_brands if len(brand) > 2}

    def write_many(self, requests: Sequence[WordsRequest]) -> list[tuple[Words, Words | None]]:
        """Write a reason, and a description where asked for, in one batch for each attempt.

        Returns:
            For each request its reason and its description or ``None``; ``origin``, ``attempts``,
            ``evidence`` and ``problems`` say how each came about.

        Raises:
            EngineError: the language model failed.
        """
        if not self._settings.enabled:
            return [words_from_fields(request) for request in requests]
        tasks = [task for request in requests for task in _tasks(request)]
        for attempt in range(1, self._settings.attempts + 1):
            pending = [task for task in tasks if task.words is None and _model_can(task)]
            if pending:
                self._attempt(pending, attempt)
        done = iter(_finished(task) for task in tasks)
        return [(next(done), next(done) if request.describe else None) for request in requests]

    def _attempt(self, tasks: Sequence[_Task], attempt: int) -> None:
        """Generate all texts in one batch, and keep those that hold."""
        prompts = [_prompt(task, attempt) for task in tasks]
        limits = [self._limit(task) for task in tasks]
        stops = ("\n",) if any(task.describes for task in tasks) else ("\n", ". ")
        generated = self._engine.generate(
            [self._rendered(prompt) for prompt in prompts],
            max_tokens=max(limits),
            stop=stops,
            temperature=0.0 if attempt == 1 else RETRY_TEMPERATURE,
            seed=tasks[0].request.seed + attempt,
        )
        for task, prompt, text, limit in zip(tasks, prompts, generated, limits, strict=True):
            task.attempts = attempt
            self._judge(task, prompt, text, limit)

    def _judge(self, task: _Task, prompt: Prompt, generated: str, limit: int) -> None:
        finished = self._engine.count_tokens(generated) < limit
        joint = "" if generated[:1] in " ,.;:!?'" else " "
        text = whole_sentences(
            prompt.answer_prefix + joint + generated,
            2 if task.describes else 1,
            finished=finished,
        )
        problems = self._problems(task, prompt, text, generated)
        task.problems += problems
        if not problems:
            spoken = text[len(prompt.answer_prefix) :]
            task.words = Words(text, "model", task.attempts, _evidence(task, prompt, spoken))

    def _problems(self, task: _Task, prompt: Prompt, text: str, generated: str) -> list[str]:
        spoken = text[len(prompt.answer_prefix) :].strip(" .,;:-")
        if not spoken or not generated.strip():
            return ["shape: says nothing" if text else "shape: no whole sentence"]
        shown = f"{task.facts.speakable} {task.facts.item.title}"
        shape = shape_problems(text, prompt.examples, shown)
        # The lead is ours and names the item or the anchor: it cannot vouch for what follows it.
        grounded = grounding(spoken, task.facts)
        claims = check(text, task.facts, self._brands)
        return [f"shape: {one}" for one in shape] + [str(one) for one in (*claims, *grounded)]

    def _rendered(self, prompt: Prompt) -> str:
        return self._engine.render(prompt.messages, answer_prefix=prompt.answer_prefix)

    def _limit(self, task: _Task) -> int:
        settings = self._settings
        return settings.description_max_tokens if task.describes else settings.max_tokens


def _tasks(request: WordsRequest) -> Iterator[_Task]:
    facts = facts_of(request.item, request.history, request.query)
    anchor = choose_anchor(request, facts)
    yield _Task(request, facts, anchor, describes=False)
    if request.describe:
        yield _Task(request, facts, anchor, describes=True)


def _model_can(task: _Task) -> bool:
    return item_language(task.request.item) == "en"


def _finished(task: _Task) -> Words:
    problems = tuple(dict.fromkeys(task.problems))
    if task.words is not None:
        return replace(task.words, problems=problems)
    plain = (
        description_from_fields(task.request.item)
        if task.describes
        else reason_from_fields(task.request, task.anchor)
    )
    return replace(plain, attempts=task.attempts, problems=problems)


def _prompt(task: _Task, attempt: int) -> Prompt:
    item = task.request.item
    if task.describes:
        verb = "" if attempt == 1 else " is"
        return describe_prompt(item, f"The {short_title(item.title)}{verb}")
    clauses = PHRASES["en"].clauses.get(task.anchor.relation)
    clause = clauses[0].format(name=task.anchor.name) + ", and this" if clauses else "This"
    fact = _leading_fact(task)[1] if attempt > 1 else ""
    return reason_prompt(item, f"{clause} {fact}is good for")


def _leading_fact(task: _Task) -> tuple[str, str]:
    """A fact for the second attempt to begin with: less is left for the model to get wrong."""
    for name, value in task.request.item.attributes.items():
        if fold(name) in LEADING_ATTRIBUTES and len(value.split()) <= 6:
            said = PHRASES["en"].facts[fold(name)].format(value=one_line(value))
            return f"attributes.{name}", f"{said} and "
    return "", ""


def _evidence(task: _Task, prompt: Prompt, spoken: str) -> tuple[str, ...]:
    """The anchor, and the fields whose words or numbers the sentence uses."""
    anchor = () if task.describes else task.anchor.evidence
    text = fold(prompt.answer_prefix.rpartition('"')[2] + spoken)
    words = {word[:5] for word in re.findall(r"[^\W\d_]{4,}", text) if word not in SAFE_WORDS}
    words |= set(re.findall(r"\d+", text))
    used = [
        name
        for name, value in task.facts.fields.items()
        if words & {word[:5] for word in re.findall(r"[^\W\d_]{4,}|\d+", fold(value))}
    ]
    return (*anchor, *used)
