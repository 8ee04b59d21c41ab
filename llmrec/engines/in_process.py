"""What the engines share whose model runs in this process: batches, scores, generation, streams."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, Generic, TypeVar

from llmrec.engines.batching import batches_by_length
from llmrec.engines.calls import Deadline, check_adapters, check_generation
from llmrec.engines.constraints import Constraint
from llmrec.engines.local.decoding import Continuation, Sampling, shown_pieces
from llmrec.engines.local.grammar import Grammars, Matcher
from llmrec.engines.local.prefix import families
from llmrec.engines.local.scoring import log_softmax
from llmrec.engines.tokenizing import Tokenized
from llmrec.engines.turns import Turns
from llmrec.errors import EngineError
from llmrec.types import FloatArray

__all__ = ["InProcess"]

_Network = TypeVar("_Network")


class InProcess(Tokenized, ABC, Generic[_Network]):
    """Groups prompts by adapter into batches that fit, and lets threads take turns at the model.

    It does not know how a network computes: an engine below it reads the last logits of a batch and
    continues one. Its ``__init__`` sets what stands here without a value.
    """

    score_waste: ClassVar[float]
    """Share of a scoring pass that may be padding, 0 to 1."""
    generate_waste: ClassVar[float]
    """The same of prompts that are continued together."""

    timeout_s: float | None
    _batch: int | None
    _score_tokens: int
    _generate_tokens: int
    _end_ids: frozenset[int]
    _grammars: Grammars
    _turns: Turns
    _counting: threading.Lock
    _forward_passes: int
    _decode_steps: int

    @property
    def forward_passes(self) -> int:
        """Scoring passes so far."""
        return self._forward_passes

    @property
    def decode_steps(self) -> int:
        """Generation steps so far; a step makes one token for every unfinished text of a batch."""
        return self._decode_steps

    @property
    @abstractmethod
    def adapters(self) -> tuple[str, ...]:
        """Names of the loaded adapters."""

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels as its next token, normalised over the labels.

        One prompt is one forward pass. Many prompts are grouped by adapter, and by what neighbours
        begin with, into as few passes as memory and padding allow.

        Raises:
            ContextOverflow: a prompt is longer than the context; nothing has run.
            EngineError: a label is not one token after its prompt, or an adapter is unknown.
            EngineTimeout: it took longer than ``timeout_s``.
            OutOfMemory: a pass does not fit into memory, however small the engine can make it.
        """
        deadline = self._start()
        named = check_adapters(adapters, len(prompts), self.adapters)
        label_ids = [
            self._chat.label_ids(prompt, of_prompt)
            for prompt, of_prompt in zip(prompts, labels, strict=True)
        ]
        ids = self._fitting(prompts, room=1)
        scores: dict[int, FloatArray] = {}

        def run(name: str | None, rows: Sequence[int]) -> None:
            logits = self._last_logits([ids[row] for row in rows], name, deadline)
            for row, of_row in zip(rows, logits, strict=True):
                scores[row] = log_softmax(of_row[label_ids[row]])

        for family in families(ids):
            adapter_of, lengths = [named[row] for row in family], [len(ids[row]) for row in family]
            for name, places in self._batches(
                adapter_of, lengths, self._score_tokens, self.score_waste
            ):
                self._run(partial(run, name), [family[place] for place in places])
        deadline.check()
        return [scores[row] for row in range(len(ids))]

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
        """Continue each prompt; a text depends on its prompt and the seed, not on the batch.

        Raises:
            ContextOverflow: a prompt plus ``max_tokens`` is longer than the context.
            EngineError: an argument makes no sense, or the model failed.
            EngineTimeout: it took longer than ``timeout_s``.
            OutOfMemory: a batch does not fit into memory, however small the engine can make it.
        """
        deadline = self._start()
        check_generation(max_tokens, temperature, stop)
        named = check_adapters(adapters, len(prompts), self.adapters)
        ids = self._fitting(prompts, room=max_tokens)
        self._grammars.matchers(constraint, 0)  # refuses before anything runs
        sampling = Sampling(max_tokens, stop, self._end_ids, temperature, seed)
        texts: dict[int, str] = {}

        def run(name: str | None, rows: Sequence[int]) -> None:
            matchers = self._grammars.matchers(constraint, len(rows))
            steps = self._decode([ids[row] for row in rows], sampling, name, matchers, deadline)
            last = deque(steps, maxlen=1).pop()
            texts.update(zip(rows, (continuation.text for continuation in last), strict=True))

        lengths = [len(prompt_ids) + max_tokens for prompt_ids in ids]
        for name, batch in self._batches(
            named, lengths, self._generate_tokens, self.generate_waste
        ):
            self._run(partial(run, name), batch)
        deadline.check()
        return [texts[row] for row in range(len(ids))]

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
        """Continue one prompt piece by piece; the pieces join to what :meth:`generate` returns.

        Closing the iterator ends the generation. Arguments are checked before the first piece; the
        time counts from here, so that a reader who lets a stream lie finds it ended.
        """
        deadline = self._start()
        check_generation(max_tokens, temperature, stop)
        check_adapters([adapter], 1, self.adapters)
        ids = self._fitting([prompt], room=max_tokens)
        matchers = self._grammars.matchers(constraint, 1)
        sampling = Sampling(max_tokens, stop, self._end_ids, temperature, seed)
        return shown_pieces(self._decode(ids, sampling, adapter, matchers, deadline), stop)

    @property
    @abstractmethod
    def _is_open(self) -> bool:
        """Whether there is a network."""

    @abstractmethod
    def _network_of(self, adapter: str | None) -> _Network:
        """The network with this adapter on; called by the thread whose turn it is."""

    @abstractmethod
    def _last_logits(
        self, ids: Sequence[list[int]], adapter: str | None, deadline: Deadline
    ) -> FloatArray:
        """Logits float32 ``[n_prompts, vocabulary]`` of the next token, in one forward pass."""

    @abstractmethod
    def _continued(
        self,
        ids: Sequence[list[int]],
        sampling: Sampling,
        adapter: str | None,
        matchers: Sequence[Matcher] | None,
        deadline: Deadline,
    ) -> Iterator[list[Continuation]]:
        """All continuations, the same objects, after each step."""

    def _run(self, run: Callable[[Sequence[int]], None], batch: Sequence[int]) -> None:
        """Run one batch; an engine that can make it smaller does so here."""
        run(batch)

    def _decode(
        self,
        ids: Sequence[list[int]],
        sampling: Sampling,
        adapter: str | None,
        matchers: Sequence[Matcher] | None,
        deadline: Deadline,
    ) -> Iterator[list[Continuation]]:
        for texts in self._continued(ids, sampling, adapter, matchers, deadline):
            with self._counting:
                self._decode_steps += 1
            yield texts

    def _start(self) -> Deadline:
        if not self._is_open:
            raise self._closed()
        return Deadline(self.timeout_s, self._model)

    @contextmanager
    def _turn(self, deadline: Deadline, adapter: str | None = None) -> Iterator[_Network]:
        """The network of this adapter, for this thread alone, if that comes in time."""
        with self._turns.turn(deadline):
            if not self._is_open:
                raise self._closed()
            # Another thread may have unloaded it since the call began.
            check_adapters([adapter], 1, self.adapters)
            yield self._network_of(adapter)

    def _batches(
        self, adapters: Sequence[str | None], lengths: Sequence[int], budget: int, max_waste: float
    ) -> Iterator[tuple[str | None, list[int]]]:
        """Rows that run together, and their adapter."""
        for name in dict.fromkeys(adapters):
            rows = [row for row, adapter in enumerate(adapters) if adapter == name]
            for batch in batches_by_length(
                [lengths[row] for row in rows],
                token_budget=budget,
                max_waste=max_waste,
                max_size=self._batch,
            ):
                yield name, [rows[place] for place in batch]

    def _closed(self) -> EngineError:
        return EngineError(f"'{self._model}' has been closed.", hint="Load it again.")
