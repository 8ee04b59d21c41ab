"""What every engine does with the arguments of a call before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from time import monotonic

from llmrec.errors import ContextOverflow, EngineError, EngineTimeout
from llmrec.leaving import current_leaving

__all__ = ["Deadline", "check_adapters", "check_generation", "check_lengths"]


class Deadline:
    """The end of a call's time, counted from now, or of its caller's patience.

    Made in the thread that calls; others may look at it.

    Args:
        timeout_s: seconds, or ``None`` for no end.
        model: for the message.

    Attributes:
        caller: who may leave meanwhile; ``None``: nobody will.
    """

    def __init__(self, timeout_s: float | None, model: str) -> None:
        self._timeout_s = timeout_s
        self._model = model
        self._end = None if timeout_s is None else monotonic() + timeout_s
        self.caller = current_leaving()

    @property
    def left(self) -> float | None:
        """Seconds that are left, not below 0; ``None`` if there is no end."""
        return None if self._end is None else max(0.0, self._end - monotonic())

    def check(self) -> None:
        """Raise :class:`EngineTimeout` if the time is over, ``Abandoned`` if the caller left."""
        if self.caller is not None:
            self.caller.check()
        if self.left == 0.0:
            raise self.error()

    def error(self) -> EngineTimeout:
        """The error that says that the time is over."""
        return EngineTimeout(
            f"'{self._model}' took longer than {self._timeout_s:g} seconds.",
            hint="Raise engine.timeout_s, ask for less at a time, or use a smaller model.",
        )


def check_generation(max_tokens: int, temperature: float, stop: Sequence[str]) -> None:
    """Refuse arguments that make no sense.

    Raises:
        EngineError: naming the argument.
    """
    if max_tokens < 1:
        raise EngineError(f"max_tokens is {max_tokens}.", hint="Give at least 1.")
    if not 0.0 <= temperature < float("inf"):
        raise EngineError(f"temperature is {temperature}.", hint="Give 0 (greedy) or more.")
    if any(not word for word in stop):
        raise EngineError("A stop word is empty.", hint="Leave it out.")


def check_adapters(
    names: Sequence[str | None] | None, prompts: int, known: Collection[str]
) -> list[str | None]:
    """One adapter, or ``None``, for each of ``prompts`` prompts.

    Raises:
        EngineError: an adapter is not loaded, or their number differs from the prompts'.
    """
    if names is None:
        return [None] * prompts
    if len(names) != prompts:
        raise EngineError(
            f"{len(names)} adapters for {prompts} prompts.", hint="Give one, or None, for each."
        )
    for name in names:
        if name is not None and name not in known:
            loaded = ", ".join(sorted(known)) or "none"
            raise EngineError(
                f"There is no adapter called '{name}'; loaded: {loaded}.",
                hint="Load it with load_adapter first.",
            )
    return list(names)


def check_lengths(lengths: Sequence[int], room: int, context: int, model: str) -> None:
    """Refuse prompts that are empty or do not fit.

    Args:
        lengths: tokens of each prompt.
        room: tokens that the answer takes.
        context: tokens that prompt and answer may take together.
        model: for the message.

    Raises:
        EngineError: a prompt is empty.
        ContextOverflow: a prompt and its answer are longer than the context.
    """
    for length in lengths:
        if not length:
            raise EngineError("A prompt is empty.", hint="Render it with the chat template.")
        if length + room > context:
            raise ContextOverflow(
                f"A prompt of {length} tokens plus {room} for the answer is longer than the "
                f"{context} tokens that '{model}' takes.",
                hint="Lower ranking.token_budget, or ask for less.",
            )
