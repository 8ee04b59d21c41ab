"""The engine that runs a Hugging Face decoder in this process: float32 on a CPU, bf16 on a GPU."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from llmrec.config import EngineSettings
from llmrec.engines.adapters import check_adapter
from llmrec.engines.batching import batches_by_length
from llmrec.engines.calls import Deadline, check_adapters, check_generation
from llmrec.engines.constraints import Constraint
from llmrec.engines.local.adapted import AdaptedNetwork
from llmrec.engines.local.decoding import Continuation, Sampling, decode, shown_pieces
from llmrec.engines.local.grammar import Grammars, Matcher
from llmrec.engines.local.halving import free_memory, run_in_halves
from llmrec.engines.local.scoring import last_logits, log_softmax
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.engines.tokenizing import ChatTokenizer, Tokenized
from llmrec.engines.turns import Turns
from llmrec.errors import ConfigError, EngineError
from llmrec.types import FloatArray

__all__ = ["TransformersEngine"]

_DEFAULT_CONTEXT = 2048


class TransformersEngine(Tokenized):
    """A decoder language model of transformers; see :class:`~llmrec.engines.Engine`.

    Safe to use from several threads: the model takes their steps in turn, one at a time. A batch
    that does not fit into memory is halved and tried again, down to one prompt; ``out_of_memory``
    counts how often that happened.

    Args:
        model: what the weights are called.
        network: a causal language model in evaluation mode.
        tokenizer: its tokenizer.
        folder: of the weights, for checking adapters; :func:`~llmrec.weights.locate` if left out.
        settings: context, batch and time.
        score_tokens: most tokens (padding included) of one scoring pass; bounds the memory.
        generate_tokens: most tokens of prompts and answers that are generated together.

    Raises:
        ConfigError: the settings ask for more context than the model has.
    """

    name = "transformers"

    def __init__(
        self,
        model: str,
        network: Any,
        tokenizer: Any,
        *,
        folder: Path | None = None,
        settings: EngineSettings | None = None,
        score_tokens: int = 8192,
        generate_tokens: int = 16384,
    ) -> None:
        settings = settings or EngineSettings()
        self._model = model
        self._folder = folder
        self._network = network
        self._adapted = AdaptedNetwork(network)
        self._chat = ChatTokenizer(tokenizer, model)
        self._context = _context_of(model, network.config, self._chat, settings.context)
        self._batch = settings.batch
        self.timeout_s = settings.timeout_s
        self._score_tokens = score_tokens
        self._generate_tokens = generate_tokens
        self._turns = Turns()
        self._counting = threading.Lock()
        self._end_ids = _end_ids(network, self._chat)
        vocabulary = network.config.get_text_config().vocab_size
        self._grammars = Grammars(tokenizer, vocabulary, self._end_ids, model)
        self._forward_passes = 0
        self._decode_steps = 0
        self._out_of_memory = 0

    @classmethod
    def load(cls, model: str, settings: EngineSettings | None = None) -> TransformersEngine:
        """Load weights that are on this machine.

        Args:
            model: a name of ``llmrec models list``, a pulled hub id, or a folder.
            settings: device, precision, context, batch and time.

        Raises:
            ConfigError: the settings ask for what this engine or machine cannot do.
            MissingExtra: the precision wants a package that is not installed.
            ModelError: the weights are missing, or are not a decoder language model.
            OutOfMemory: they do not fit.
        """
        from llmrec.engines.local.loading import load_network
        from llmrec.weights import locate

        settings = settings or EngineSettings()
        if settings.tensor_parallel > 1 or settings.pipeline_parallel > 1:
            raise ConfigError(
                "The transformers engine splits no layers: engine.tensor_parallel is "
                f"{settings.tensor_parallel}, engine.pipeline_parallel "
                f"{settings.pipeline_parallel}.",
                hint="Set models.engine='vllm', or both to 1; a model that is larger than one "
                "card is then laid over all of them.",
            )
        folder: Path = locate(model)
        network, tokenizer = load_network(model, folder, settings)
        return cls(model, network, tokenizer, folder=folder, settings=settings)

    def __repr__(self) -> str:
        return f"TransformersEngine(model={self._model!r}, device='{self.device}')"

    @property
    def device(self) -> str:
        """Where it runs and in which precision, e.g. ``cpu float32``."""
        network = self._network
        if network is None:
            return "closed"
        quantized = [
            name for name in ("8bit", "4bit") if getattr(network, f"is_loaded_in_{name}", 0)
        ]
        return " ".join(
            [str(network.device), str(network.dtype).removeprefix("torch."), *quantized]
        )

    @property
    def forward_passes(self) -> int:
        """Scoring passes so far."""
        return self._forward_passes

    @property
    def decode_steps(self) -> int:
        """Generation steps so far; a step makes one token for every unfinished text of a batch."""
        return self._decode_steps

    @property
    def out_of_memory(self) -> int:
        """Batches so far that were halved because they did not fit into memory."""
        return self._out_of_memory

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the loaded adapters."""
        return self._adapted.names

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Load a LoRA adapter with PEFT; see :meth:`llmrec.engines.Engine.load_adapter`.

        Raises:
            MissingExtra: peft is not installed.
            ModelError: the folder holds no adapter.
            AdapterMismatch: it was trained on another base model.
            OutOfMemory: it does not fit into memory.
        """
        from llmrec.weights import locate

        adapter = check_adapter(name, folder, self._folder or locate(self._model))
        with self._turn(Deadline(self.timeout_s, self._model)):
            if not self._adapted.holds(name, adapter):
                self._adapted.load(name, adapter)

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter; with the last one the network is again as it was loaded."""
        with self._turn(Deadline(self.timeout_s, self._model)):
            check_adapters([name], 1, self.adapters)
            self._adapted.unload(name)

    def close(self) -> None:
        """Give the network's memory back."""
        with self._turns.turn(Deadline(None, self._model)):
            self._network = None
            self._adapted = AdaptedNetwork(None)
        free_memory()

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels as its next token, normalised over the labels.

        One prompt is one forward pass. Many prompts are grouped by adapter and length into as few
        passes as memory and padding allow. In float32 the answer does not depend on the grouping;
        in 16 bits and in int8 it moves with it (``scripts/bench/precision.py`` says how far).

        Raises:
            ContextOverflow: a prompt is longer than the context; nothing has run.
            EngineError: a label is not one token after its prompt, or an adapter is unknown.
            EngineTimeout: it took longer than ``timeout_s``.
            OutOfMemory: one prompt alone does not fit into memory.
        """
        deadline = self._start()
        named = check_adapters(adapters, len(prompts), self.adapters)
        wanted = [self._chat.label_ids(p, own) for p, own in zip(prompts, labels, strict=True)]
        ids = self._fitting(prompts, room=1)
        scores: dict[int, FloatArray] = {}

        def run(name: str | None, rows: Sequence[int]) -> None:
            import torch

            with self._turn(deadline, name) as network:
                with torch.inference_mode(), torch_errors("ranking"):
                    logits = last_logits(network, [ids[row] for row in rows])
                self._forward_passes += 1
            for row, own in zip(rows, logits, strict=True):
                scores[row] = log_softmax(own[wanted[row]])

        lengths = [len(one) for one in ids]
        for name, batch in self._batches(named, lengths, self._score_tokens, max_waste=0.1):
            self._out_of_memory += run_in_halves(partial(run, name), batch)
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
            OutOfMemory: one prompt alone does not fit into memory.
        """
        deadline = self._start()
        check_generation(max_tokens, temperature, stop)
        named = check_adapters(adapters, len(prompts), self.adapters)
        ids = self._fitting(prompts, room=max_tokens)
        self._grammars.matchers(constraint, 0)
        sampling = Sampling(max_tokens, stop, self._end_ids, temperature, seed)
        texts: dict[int, str] = {}

        def run(name: str | None, rows: Sequence[int]) -> None:
            matchers = self._grammars.matchers(constraint, len(rows))
            steps = self._decode([ids[row] for row in rows], sampling, name, matchers, deadline)
            done = deque(steps, maxlen=1).pop()
            texts.update(zip(rows, (one.text for one in done), strict=True))

        lengths = [len(one) + max_tokens for one in ids]
        # Decoding is bound by memory traffic: sharing a step is worth far more padding than above.
        for name, batch in self._batches(named, lengths, self._generate_tokens, max_waste=0.5):
            self._out_of_memory += run_in_halves(partial(run, name), batch)
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

    def _decode(
        self,
        ids: Sequence[list[int]],
        sampling: Sampling,
        adapter: str | None,
        matchers: Sequence[Matcher] | None,
        deadline: Deadline,
    ) -> Iterator[list[Continuation]]:
        def turn() -> Any:
            return self._turn(deadline, adapter)

        for texts in decode(turn, ids, sampling, self._chat.continuation, matchers):
            with self._counting:
                self._decode_steps += 1
            yield texts

    def _start(self) -> Deadline:
        if self._network is None:
            raise _closed(self._model)
        return Deadline(self.timeout_s, self._model)

    @contextmanager
    def _turn(self, deadline: Deadline, adapter: str | None = None) -> Iterator[Any]:
        """The network with this adapter on, for this thread alone, if that comes in time."""
        with self._turns.turn(deadline):
            if self._network is None:
                raise _closed(self._model)
            # Another thread may have unloaded it since the call began.
            check_adapters([adapter], 1, self.adapters)
            yield self._adapted.using(adapter)

    def _batches(
        self, adapters: Sequence[str | None], lengths: Sequence[int], budget: int, max_waste: float
    ) -> Iterator[tuple[str | None, list[int]]]:
        """Rows that run together, and their adapter."""
        for name in dict.fromkeys(adapters):
            rows = [row for row, own in enumerate(adapters) if own == name]
            for batch in batches_by_length(
                [lengths[row] for row in rows],
                token_budget=budget,
                max_waste=max_waste,
                max_size=self._batch,
            ):
                yield name, [rows[place] for place in batch]


def _closed(model: str) -> EngineError:
    return EngineError(f"'{model}' has been closed.", hint="Load it again.")


def _context_of(model: str, config: Any, chat: ChatTokenizer, asked: int | None) -> int:
    limits = [getattr(config, "max_position_embeddings", None), chat.max_length]
    longest = min((int(one) for one in limits if one), default=_DEFAULT_CONTEXT)
    if asked is not None and asked > longest:
        raise ConfigError(
            f"engine.context is {asked}, and '{model}' reads at most {longest} tokens.",
            hint="Lower engine.context, or leave it out.",
        )
    return asked or longest


def _end_ids(network: Any, chat: ChatTokenizer) -> frozenset[int]:
    configured = getattr(network.generation_config, "eos_token_id", None)
    ids = configured if isinstance(configured, (list, tuple)) else [configured]
    return frozenset(int(one) for one in [*ids, chat.end_id] if one is not None)
