"""Examples of writing: the prompts of serving, each with sentences that hold.

A sentence becomes an example only if the writer would have shown it: it passes the same checks with
the same lead before it, and it ends within the writer's number of tokens.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from llmrec.config import ExplainSettings
from llmrec.explain import WordsRequest, choose_anchor, facts_of, short_title
from llmrec.explain.drafts import Draft, make_draft
from llmrec.finetune.words.clauses import clauses_of
from llmrec.finetune.words.sentences import Form, continuations
from llmrec.prompting import template_version
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["WordsCounts", "WordsExample", "WordsSet", "build_words", "small_words"]

_ATTEMPTS = (1, 1, 2)
"""Two sentences for a first attempt at a text, one for a second."""


@dataclass(frozen=True, slots=True)
class WordsExample:
    """A prompt as the model gets it and how its answer goes on, for a description or a reason."""

    item: str
    prompt: str
    answer: str
    describes: bool


@dataclass
class WordsCounts:
    """What became of the items: ``silent`` ones have no field that the grammar can speak of.

    ``refused`` sentences did not pass the checker.
    """

    items: int = 0
    silent: int = 0
    refused: int = 0


@dataclass(frozen=True)
class WordsSet:
    """Examples, and what became of the items that they were made from."""

    examples: tuple[WordsExample, ...]
    counts: WordsCounts

    @property
    def prompt_version(self) -> str:
        """Of both templates."""
        return f"{template_version('reason.v1')} {template_version('describe.v1')}"

    @property
    def sha256(self) -> str:
        """Hash of all examples, in their order."""
        digest = hashlib.sha256(self.prompt_version.encode())
        for example in self.examples:
            digest.update(json.dumps(asdict(example)).encode())
        return digest.hexdigest()


def build_words(
    requests: Sequence[WordsRequest],
    engine: Engine,
    settings: ExplainSettings,
    *,
    brands: Collection[str],
    lower: Collection[str],
    reasons: bool = True,
    most: int | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> WordsSet:
    """Make examples of reasons, where ``reasons`` are wanted, and of descriptions.

    Args:
        requests: one for each item, with a history for its reason to hang on.
        engine: whose chat template and tokens the prompts are made for.
        settings: of the writer; its token limits hold.
        brands: names that must not be spoken of an item that does not carry them.
        lower: words that are written small inside a sentence (:func:`small_words`).
        reasons: whether there are histories.
        most: draw so many examples.
        seed: of the choice of sentences, and of the draw.
        progress: called with the number of items done since the last call.
    """
    counts = WordsCounts(items=len(requests))
    made: list[WordsExample] = []
    for request in requests:
        maker = _SentenceMaker(request, engine, settings, brands, lower, counts, seed)
        examples = [
            *(maker.examples(describes=False) if reasons else ()),
            *maker.examples(describes=True),
        ]
        counts.silent += not examples
        made += examples
        if progress:
            progress(1)
    if most is not None and len(made) > most:
        places = sorted(random.Random(f"{seed}:draw").sample(range(len(made)), most))
        made = [made[place] for place in places]
    return WordsSet(tuple(made), counts)


def small_words(items: Iterable[Item]) -> frozenset[str]:
    """Words that stand in small letters inside the catalogue's sentences: no names."""
    words: set[str] = set()
    for item in items:
        values = (value for values in item.attributes.values() for value in values)
        text = " ".join((item.title, item.description[:4_000], *values))
        words.update(re.findall(r"(?<![\w'-])[a-z][a-z'-]+", text))
    return frozenset(words)


class _SentenceMaker:
    """The sentences of one item."""

    def __init__(
        self,
        request: WordsRequest,
        engine: Engine,
        settings: ExplainSettings,
        brands: Collection[str],
        lower: Collection[str],
        counts: WordsCounts,
        seed: int,
    ) -> None:
        self._request, self._engine, self._settings = request, engine, settings
        self._brands, self._lower, self._counts = brands, lower, counts
        self._facts = facts_of(request.item, request.history, request.query)
        self._anchor = choose_anchor(request, self._facts)
        self._draw = random.Random(f"{seed}:{request.item.id}")

    def examples(self, *, describes: bool) -> list[WordsExample]:
        """Of reasons or of descriptions, no sentence twice."""
        made: list[WordsExample] = []
        used: set[str] = set()
        for attempt in _ATTEMPTS[: self._settings.attempts + 1]:
            draft = make_draft(
                self._request, self._facts, self._anchor, describes=describes, attempt=attempt
            )
            prompt = self._engine.render(
                draft.prompt.messages, answer_prefix=draft.prompt.answer_prefix
            )
            text = next(
                (answer for answer in self._drawn(draft, attempt) if answer not in used), None
            )
            if text is not None:
                used.add(text)
                made.append(WordsExample(self._request.item.id, prompt, text, describes))
        return made

    def _drawn(self, draft: Draft, attempt: int) -> Iterable[str]:
        """Answers that hold, in the order of a draw."""
        shown = draft.prompt.messages[-1]["content"]
        clauses = clauses_of(self._request.item, shown)
        form: Form = "description" if draft.describes else "reason"
        title = short_title(self._request.item.title)
        ways = sorted(continuations(title, clauses, form, attempt, lower=self._lower))
        self._draw.shuffle(ways)
        for way in ways:
            answer = f"{way}." if way.startswith(",") else f" {way}."
            if self._holds(draft, answer):
                yield answer

    def _holds(self, draft: Draft, answer: str) -> bool:
        settings = self._settings
        limit = settings.description_max_tokens if draft.describes else settings.max_tokens
        if self._engine.count_tokens(answer) >= limit:
            return False
        sentence = draft.sentence(answer, finished=True)
        # One sentence too many would be cut away, and never learned.
        whole = sentence.endswith(answer.split(". ")[-1].strip())
        holds = whole and not draft.problems(sentence, answer, self._brands)
        self._counts.refused += not holds
        return holds
