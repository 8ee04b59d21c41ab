"""What an engine is: it scores labels, generates, and streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypedDict, runtime_checkable

from llmrec.types import FloatArray

__all__ = ["Engine", "Message"]


class Message(TypedDict):
    """One turn of a chat: ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@runtime_checkable
class Engine(Protocol):
    """A decoder language model, wherever it runs.

    Prompts are plain strings, rendered by :meth:`render`; an engine adds no tokens to them.
    """

    @property
    def name(self) -> str:
        """The engine's kind: ``transformers``, ``scripted``, ...."""

    @property
    def model(self) -> str:
        """Name of the weights it runs."""

    @property
    def context_window(self) -> int:
        """The largest number of tokens of prompt and answer together."""

    @property
    def forward_passes(self) -> int:
        """How many times the model has processed a batch of prompts to score labels so far."""

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Apply the model's chat template and open the assistant's turn with ``answer_prefix``."""

    def count_tokens(self, text: str) -> int:
        """Number of tokens of ``text`` as it stands, no special tokens added."""

    def token_ids(self, text: str) -> list[int]:
        """The tokens of ``text`` as it stands, no special tokens added."""

    def score_labels(
        self, prompts: Sequence[str], labels: Sequence[Sequence[str]]
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels as its next token, normalised over the labels.

        One forward pass for the whole batch.

        Args:
            prompts: rendered prompts, ``n`` of them.
            labels: for each prompt its labels; each must be one token after that prompt.

        Returns:
            ``n`` float32 arrays, the i-th of shape ``[len(labels[i])]``; exponentials sum to 1.

        Raises:
            ContextOverflow: a prompt is longer than the context; nothing has run.
            EngineError: a label is not one token; the engine failed.
        """

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """Continue each prompt, in one batch; texts come back without the stop word.

        Raises:
            ContextOverflow: a prompt plus ``max_tokens`` is longer than the context.
        """

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Iterator[str]:
        """Continue one prompt piece by piece; closing the iterator cancels the generation."""
