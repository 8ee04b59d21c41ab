"""What an unclear message wants: decided over the tools' one-line descriptions, or the default.

A message that neither a command nor a constraint explains is nearly always the name of what is
looked for, so that is the answer unless the model is sure of another. Two ways of asking it:

- labels (any engine): one forward pass over one-token labels, one per tool, less what the model
  answers to no message at all (contextual calibration: Zhao et al. 2021, arXiv:2102.09690);
- calls (larger models): the engine writes a tool call, ``{"tool": …}`` and its arguments, under
  the schema of the tools, with the screen and the limits that hold in its prompt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from llmrec.agent.call_reading import Understood, read_call
from llmrec.agent.call_schema import call_schema, tools_in_words
from llmrec.agent.commands import Command, CommandKind
from llmrec.agent.constraints import Context, Reference, Shown, Vocabulary
from llmrec.agent.replies import spoken
from llmrec.agent.state import Situation
from llmrec.engines.constraints import JsonSchema
from llmrec.errors import EngineError, ModelError
from llmrec.labels import choose_labels
from llmrec.prompting import one_line, price_text, render_template, shorten

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["CHOICES", "ByCalls", "ByLabels", "Intents", "NoModel"]

CHOICES: tuple[tuple[CommandKind | None, str], ...] = (
    (None, "Find or recommend products."),
    ("product_question", "Answer a question about one product on the screen."),
    ("shop_question", "Answer a question on returns, delivery, payment and the like."),
    ("compare", "Compare products on the screen."),
    ("off_topic", "Nothing that a shop can help with."),
)
_WORDS = 60
_TITLE = 12
_NO_MESSAGE = "N/A"
_TOKENS = 96


class Intents(Protocol):
    """Decides messages that no pattern understands."""

    def decide(self, words: str, situation: Situation, vocabulary: Vocabulary) -> Understood | None:
        """What ``words`` mean where ``situation`` holds; ``None`` to look for them."""


@dataclass(frozen=True)
class NoModel:
    """Looks for whatever it is given."""

    def decide(self, words: str, situation: Situation, vocabulary: Vocabulary) -> Understood | None:
        """Always the default."""
        return None


@dataclass(frozen=True)
class ByLabels:
    """One forward pass over the choices' labels.

    Args:
        engine: any engine.
        margin: by how many nats a choice must be likelier than the default, after what the model
            answers to no message is taken off (docs/design/021-conversation.md has figures).
    """

    engine: Engine
    margin: float = 1.0

    def decide(self, words: str, situation: Situation, vocabulary: Vocabulary) -> Understood | None:
        """The likeliest choice if it is likely enough; the default also if the engine fails."""
        try:
            scores = self.scores(words)
        except (EngineError, ModelError):
            return None
        best = max(range(len(scores)), key=scores.__getitem__)
        sure = scores[best] - scores[0] >= self.margin
        kind = CHOICES[best][0] if sure else None
        if kind is None:
            return None
        return Understood(
            Command(kind, (Reference(),) if kind == "product_question" else (), words)
        )

    def scores(self, words: str) -> list[float]:
        """Each choice's calibrated log-probability, the default's first."""
        asked = [self._prompt(text) for text in (words, _NO_MESSAGE)]
        prompts, labels = [prompt for prompt, _ in asked], [own for _, own in asked]
        said, unsaid = self.engine.score_labels(prompts, labels)
        return [float(one) for one in said - unsaid]

    def _prompt(self, words: str) -> tuple[str, Sequence[str]]:
        probe = self._rendered(words, ["A"] * len(CHOICES))
        labels = choose_labels(len(CHOICES), self.engine.token_ids, probe)
        return self._rendered(words, labels), labels

    def _rendered(self, words: str, labels: Sequence[str]) -> str:
        choices = [
            {"label": label, "text": text} for label, (_, text) in zip(labels, CHOICES, strict=True)
        ]
        values = {"message": shorten(one_line(words), _WORDS), "choices": choices}
        prompt = render_template("intent.v1", values)
        return self.engine.render(prompt.messages, answer_prefix=prompt.answer_prefix)


@dataclass(frozen=True)
class ByCalls:
    """The engine writes a tool call, as JSON that it cannot get wrong; for larger models."""

    engine: Engine

    def decide(self, words: str, situation: Situation, vocabulary: Vocabulary) -> Understood | None:
        """What the call means; ``None`` if the engine fails, or its text broke off."""
        shown = situation.shown
        prompt = render_template("call.v1", _scene(words, situation, vocabulary))
        try:
            text = self.engine.generate(
                [self.engine.render(prompt.messages, answer_prefix=prompt.answer_prefix)],
                max_tokens=_TOKENS,
                constraint=JsonSchema(call_schema(vocabulary, len(shown))),
            )[0]
            call = json.loads(text)
        except (EngineError, ModelError, ValueError):
            return None
        return read_call(call, words, Context(vocabulary, shown)) if type(call) is dict else None


def _scene(words: str, situation: Situation, vocabulary: Vocabulary) -> dict[str, object]:
    """What the prompt tells of the conversation: what is on the screen and what holds."""
    currency = next(iter(vocabulary.currencies), None)
    return {
        "tools": tools_in_words(len(situation.shown)),
        "quest": shorten(one_line(situation.query or ""), _WORDS),
        "held": [one_line(spoken(one, "en", currency)) for one in situation.constraints.held],
        "products": [f"{one.number}. {_product(one)}" for one in situation.shown],
        "message": shorten(one_line(words), _WORDS),
    }


def _product(one: Shown) -> str:
    """Title, brand and price."""
    price = price_text(one.price, one.currency) if one.price is not None else ""
    parts = (shorten(one_line(one.title), _TITLE), one_line(one.brand or ""), price)
    return ", ".join(part for part in parts if part)
