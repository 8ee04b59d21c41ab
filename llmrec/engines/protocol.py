"""What an engine is: it scores labels, generates, and streams, with adapters by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Protocol, TypedDict, runtime_checkable

from llmrec.engines.constraints import Constraint
from llmrec.types import FloatArray

__all__ = ["Engine", "Message"]


class Message(TypedDict):
    """One turn of a chat: ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@runtime_checkable
class Engine(Protocol):
    """A decoder language model, wherever it runs.

    Prompts are plain strings, rendered by :meth:`render`; an engine adds no tokens to them. Its
    methods may be called from several threads.

    ``timeout_s`` is the most seconds that one call may take, ``None`` for no limit; it may be set
    at any time. A call that takes longer raises :class:`~llmrec.errors.EngineTimeout`, gives its
    work up, and leaves the engine usable. So does a call whose caller has left
    (:mod:`llmrec.leaving`): it raises ``Abandoned`` at its next step.
    """

    timeout_s: float | None

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
    def end_of_turn(self) -> str | None:
        """The text of the token that ends an answer; ``None`` where that is not known."""

    @property
    def forward_passes(self) -> int:
        """How many times the model has processed a batch of prompts to score labels so far.

        Where a server batches by itself, every prompt counts as one.
        """

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the adapters that calls may name now, sorted."""

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Make the LoRA adapter in ``folder`` (as PEFT saves it) known as ``name``.

        Loading the same folder again under its name does nothing; another folder replaces it.

        Raises:
            ModelError: the folder holds no adapter.
            AdapterMismatch: it was trained on another base model.
            EngineError: this engine takes no adapters, or has no room for one more.
        """

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter.

        Raises:
            EngineError: there is none of that name.
        """

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Apply the model's chat template and open the assistant's turn with ``answer_prefix``."""

    def count_tokens(self, text: str) -> int:
        """Number of tokens of ``text`` as it stands, no special tokens added."""

    def token_ids(self, text: str) -> list[int]:
        """The tokens of ``text`` as it stands, no special tokens added."""

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels as its next token, normalised over the labels.

        Args:
            prompts: rendered prompts, ``n`` of them.
            labels: for each prompt its labels; each must be one token after that prompt.
            adapters: for each prompt the adapter it is read with, ``None`` for the base model;
                left out, the base model for all.

        Returns:
            ``n`` float32 arrays, the i-th of shape ``[len(labels[i])]``; exponentials sum to 1.

        Raises:
            ContextOverflow: a prompt is longer than the context; nothing has run.
            EngineError: a label is not one token, an adapter is unknown (nothing has run), or the
                engine failed.
            EngineTimeout: it took longer than ``timeout_s``.
        """

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        adapters: Sequence[str | None] | None = None,
        constraint: Constraint | None = None,
    ) -> list[str]:
        """Continue each prompt; texts come back without the stop word.

        Args:
            prompts: rendered prompts.
            max_tokens: most new tokens of each; a text that is cut there may break off inside a
                constraint.
            stop: words that end a text.
            temperature: 0 takes the likeliest token.
            seed: of the draws; the same seed gives the same texts.
            adapters: as for :meth:`score_labels`.
            constraint: what every text must be.

        Raises:
            ContextOverflow: a prompt plus ``max_tokens`` is longer than the context.
            EngineError: an argument makes no sense, or the model failed.
            EngineTimeout: it took longer than ``timeout_s``.
        """

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        adapter: str | None = None,
        constraint: Constraint | None = None,
    ) -> Iterator[str]:
        """Continue one prompt piece by piece; closing the iterator cancels the generation.

        Arguments are checked, and errors about them raised, before the first piece.
        """

    def close(self) -> None:
        """Give memory, processes and connections back; calls after it raise ``EngineError``."""
