"""A public engine without a model: deterministic answers, for tests and for trying things out.

Left alone, it ranks by word overlap: the candidate whose line shares most words with the rest of
the prompt (history and query) wins. That makes it behave sensibly in a test without any weights,
and wrongly enough to never be mistaken for a model.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from llmrec.engines.calls import Deadline, check_adapters, check_generation, check_lengths
from llmrec.engines.constraints import Choices, Constraint, JsonSchema
from llmrec.engines.protocol import Message
from llmrec.engines.stopping import cut_at_stop
from llmrec.engines.turns import Turns
from llmrec.errors import EngineError, ModelError
from llmrec.labels import label_token
from llmrec.types import FloatArray

__all__ = ["ScoreFunction", "ScriptedEngine", "word_overlap"]

ScoreFunction: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]
"""From a prompt and its labels to one score (an unnormalised log-probability) per label."""

_TOKEN = re.compile(r" ?\w+| ?[^\w\s]|\s")
_WORD = re.compile(r"\w{3,}")

DEFAULT_TEXT = "It goes well with what you chose before."


def word_overlap(prompt: str, labels: Sequence[str]) -> list[float]:
    r"""For each label, the share of the words of its line that stand elsewhere in the prompt.

    A label's line is the last one that begins with the label, bare or in brackets; that of "yes" is
    what stands behind the colon of the last line but one, which a ranking prompt asks about. Words
    count by their first five letters, so that singular and plural meet.

    >>> word_overlap("Bought: green tea\n(A) hammer\n(B) tea pot\nAnswer: (", ["A", "B"])
    [0.0, 0.5]
    >>> word_overlap("Bought: green tea\nProduct: tea pot\nWanted:", [" yes", " no"])
    [0.5, 0.0]
    """
    lines = prompt.splitlines()
    owner = {place: label for label in labels if (place := _line_of(label, lines)) is not None}
    if len(lines) > 1 and (yes := [label for label in labels if label.strip() == "yes"]):
        owner[len(lines) - 2] = yes[0]
        lines[-2] = lines[-2].partition(": ")[2]
    rest = _stems(" ".join(line for place, line in enumerate(lines) if place not in owner))
    shares = dict.fromkeys(labels, 0.0)
    for place, label in owner.items():
        words = _stems(lines[place])
        shares[label] = len(words & rest) / len(words) if words else 0.0
    return [shares[label] for label in labels]


class ScriptedEngine:
    """An engine whose answers are written by the caller.

    Args:
        score: scores the labels of a prompt; :func:`word_overlap` if left out.
        generate: the texts to answer with, in order and again from the start, or a function of the
            prompt; a fixed sentence if left out.
        context_window: in tokens (words, punctuation marks and line breaks).
        fail_with: raised by every call that would run the model, until set to ``None`` again.
        fail_on: the methods that ``fail_with`` concerns.
        model: the name it reports.
        temperature: divides the scores; small values make it sure of itself.
        on_step: called before each step of a text, with the model's turn taken: to count them, or
            to make it as slow as a model.

    ``prompts`` lists every prompt it has been given, in order; ``decode_steps`` counts the steps
    of its texts, each a token for every unfinished text of a call.
    """

    name = "scripted"
    end_of_turn: str | None = None

    def __init__(
        self,
        score: ScoreFunction | None = None,
        generate: Sequence[str] | Callable[[str], str] | None = None,
        *,
        context_window: int = 8192,
        fail_with: Exception | None = None,
        fail_on: Collection[str] = ("score_labels", "generate", "stream"),
        model: str = "scripted",
        temperature: float = 0.25,
        on_step: Callable[[], object] | None = None,
    ) -> None:
        self.model = model
        self.context_window = context_window
        self.forward_passes = 0
        self.timeout_s: float | None = None
        self.fail_with = fail_with
        self.fail_on = frozenset(fail_on)
        self.prompts: list[str] = []
        self._score = score or word_overlap
        self._temperature = temperature
        self._write = _writer(generate)
        self.decode_steps = 0
        self._on_step = on_step
        self._lock = threading.Lock()
        self._turns = Turns()
        self._adapters: dict[str, Path] = {}

    def __repr__(self) -> str:
        return f"ScriptedEngine(model={self.model!r})"

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the loaded adapters."""
        return tuple(sorted(self._adapters))

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Take note of an adapter; it changes scores a little, always in the same way."""
        if not (Path(folder) / "adapter_config.json").is_file():
            raise ModelError(
                f"The folder {folder} holds no adapter: it has no adapter_config.json.",
                hint="Name a folder that PEFT, or llmrec's training, has saved.",
            )
        self._adapters[name] = Path(folder).resolve()

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter."""
        check_adapters([name], 1, self._adapters)
        del self._adapters[name]

    def close(self) -> None:
        """End the engine's use."""
        self.fail_with = EngineError(f"'{self.model}' has been closed.")
        self.fail_on = frozenset(("score_labels", "generate", "stream"))

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Each turn under its role, then the opened assistant's turn."""
        turns = "".join(f"[{message['role']}]\n{message['content']}\n" for message in messages)
        return f"{turns}[assistant]\n{answer_prefix}"

    def count_tokens(self, text: str) -> int:
        """Number of words, punctuation marks and line breaks."""
        return len(_TOKEN.findall(text))

    def token_ids(self, text: str) -> list[int]:
        """One number per token, the same in every process."""
        return [zlib.crc32(token.encode()) for token in _TOKEN.findall(text)]

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Log-probabilities from the score function; see :class:`~llmrec.engines.Engine`."""
        deadline = Deadline(self.timeout_s, self.model)
        named = check_adapters(adapters, len(prompts), self._adapters)
        self._start("score_labels", prompts, room=1)
        for prompt, row_labels in zip(prompts, labels, strict=True):
            _check_labels(self, prompt, row_labels)
        if not prompts:
            return []
        scored = []
        with self._turns.turn(deadline):
            self.forward_passes += 1
            for prompt, row_labels, name in zip(prompts, labels, named, strict=True):
                deadline.check()
                scores = _adapted(
                    self._score(prompt, row_labels), row_labels, self._adapters.get(name or "")
                )
                scored.append(_log_softmax(scores, self._temperature))
        deadline.check()
        return scored

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
        """The scripted texts, cut at ``max_tokens`` and stop words."""
        deadline = Deadline(self.timeout_s, self.model)
        check_generation(max_tokens, temperature, stop)
        check_adapters(adapters, len(prompts), self._adapters)
        self._start("generate", prompts, room=max_tokens)
        texts = [self._text(prompt, max_tokens, stop, constraint) for prompt in prompts]
        for _ in range(max((len(_TOKEN.findall(text)) for text in texts), default=0)):
            self._step(deadline)
        deadline.check()
        return texts

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
        """What :meth:`generate` would answer, token by token."""
        deadline = Deadline(self.timeout_s, self.model)
        check_generation(max_tokens, temperature, stop)
        check_adapters([adapter], 1, self._adapters)
        self._start("stream", [prompt], room=max_tokens)
        return self._pieces(self._text(prompt, max_tokens, stop, constraint), deadline)

    def _pieces(self, text: str, deadline: Deadline) -> Iterator[str]:
        for token in _TOKEN.findall(text):
            self._step(deadline)
            yield token

    def _text(
        self, prompt: str, max_tokens: int, stop: Sequence[str], constraint: Constraint | None
    ) -> str:
        with self._lock:  # texts in order are drawn from one iterator
            text = _obeying(constraint, self._write(prompt))
        return cut_at_stop(_head(text, max_tokens), stop)[0]

    def _step(self, deadline: Deadline) -> None:
        with self._turns.turn(deadline):
            if self._on_step is not None:
                self._on_step()
            self.decode_steps += 1

    def _start(self, method: str, prompts: Sequence[str], *, room: int) -> None:
        if self.fail_with is not None and method in self.fail_on:
            raise self.fail_with
        lengths = [self.count_tokens(prompt) for prompt in prompts]
        check_lengths(lengths, room, self.context_window, self.model)
        self.prompts.extend(prompts)


def _check_labels(engine: ScriptedEngine, prompt: str, labels: Sequence[str]) -> None:
    if not labels:
        raise EngineError("A prompt has no labels to score.", hint="Give at least one candidate.")
    for label in labels:
        if label_token(engine.token_ids, prompt, label) is None:
            raise EngineError(
                f"The label {label!r} is not one token after {prompt[-20:]!r}.",
                hint="Give labels that are one token each behind the prompt (llmrec.labels).",
            )


def _adapted(scores: Sequence[float], labels: Sequence[str], folder: Path | None) -> list[float]:
    """Scores as an adapter would change them: by a tenth of a hash of its folder and the label."""
    if folder is None:
        return list(scores)
    shifts = [zlib.crc32(f"{folder} {label}".encode()) / 2**32 / 10 for label in labels]
    return [score + shift for score, shift in zip(scores, shifts, strict=True)]


def _obeying(constraint: Constraint | None, text: str) -> str:
    """The scripted text where it is one of the choices, else the first; JSON must be scripted."""
    if isinstance(constraint, Choices):
        return text if text in constraint.texts else constraint.texts[0]
    if isinstance(constraint, JsonSchema):
        try:
            json.loads(text)
        except ValueError as error:
            raise EngineError(
                f"JSON is asked for and the script says {text[:40]!r}.",
                hint="Give ScriptedEngine texts that are JSON of that schema.",
            ) from error
    return text


def _writer(source: Sequence[str] | Callable[[str], str] | None) -> Callable[[str], str]:
    if callable(source):
        return source
    texts = itertools.cycle(source or [DEFAULT_TEXT])
    return lambda prompt: next(texts)


def _line_of(label: str, lines: Sequence[str]) -> int | None:
    pattern = re.compile(rf"\W*{re.escape(label)}(?!\w)\W*\w")
    places = [place for place, line in enumerate(lines) if pattern.match(line)]
    return places[-1] if places else None


def _stems(text: str) -> set[str]:
    return {word[:5] for word in _WORD.findall(text.casefold())}


def _head(text: str, max_tokens: int) -> str:
    return "".join(_TOKEN.findall(text)[:max_tokens])


def _log_softmax(scores: Sequence[float], temperature: float) -> FloatArray:
    values = np.asarray(scores, dtype=np.float64) / temperature
    values = values - values.max()
    result: FloatArray = (values - np.log(np.exp(values).sum())).astype(np.float32)
    return result
