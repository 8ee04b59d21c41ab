"""The engine that runs a Hugging Face decoder in this process: float32 on a CPU, bf16 on a GPU."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from llmrec.config import EngineSettings
from llmrec.engines.adapters import check_adapter
from llmrec.engines.calls import Deadline, check_adapters
from llmrec.engines.in_process import InProcess
from llmrec.engines.local.adapted import AdaptedNetwork
from llmrec.engines.local.decoding import Continuation, Sampling, decode
from llmrec.engines.local.grammar import Grammars, Matcher
from llmrec.engines.local.halving import free_memory, run_in_halves
from llmrec.engines.local.scoring import last_logits
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.engines.turns import Turns
from llmrec.errors import ConfigError
from llmrec.types import FloatArray

__all__ = ["TransformersEngine"]

_DEFAULT_CONTEXT = 2048


class TransformersEngine(InProcess[Any]):
    """A decoder language model of transformers; see :class:`~llmrec.engines.Engine`.

    Safe to use from several threads: the model takes their steps in turn, one at a time. A batch
    that does not fit into memory is halved and tried again, down to one prompt; ``out_of_memory``
    counts how often that happened.

    In float32 scores do not depend on what is scored together; in 16 bits and in int8 they move
    with it (``scripts/bench/precision.py`` says how far).

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
    score_waste = 0.1
    # Decoding is bound by memory traffic: sharing a step is worth far more padding than above.
    generate_waste = 0.5

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

    @property
    def _is_open(self) -> bool:
        return self._network is not None

    def _network_of(self, adapter: str | None) -> Any:
        return self._adapted.using(adapter)

    def _last_logits(
        self, ids: Sequence[list[int]], adapter: str | None, deadline: Deadline
    ) -> FloatArray:
        import torch

        with self._turn(deadline, adapter) as network:
            with torch.inference_mode(), torch_errors("ranking"):
                logits = last_logits(network, ids)
            self._forward_passes += 1
        return logits

    def _continued(
        self,
        ids: Sequence[list[int]],
        sampling: Sampling,
        adapter: str | None,
        matchers: Sequence[Matcher] | None,
        deadline: Deadline,
    ) -> Iterator[list[Continuation]]:
        turn = partial(self._turn, deadline, adapter)
        return decode(turn, ids, sampling, self._chat.continuation, matchers)

    def _run(self, run: Callable[[Sequence[int]], None], batch: Sequence[int]) -> None:
        self._out_of_memory += run_in_halves(run, batch)


def _context_of(model: str, config: Any, chat: ChatTokenizer, wanted: int | None) -> int:
    limits = [getattr(config, "max_position_embeddings", None), chat.max_length]
    longest = min((int(limit) for limit in limits if limit), default=_DEFAULT_CONTEXT)
    if wanted is not None and wanted > longest:
        raise ConfigError(
            f"engine.context is {wanted}, and '{model}' reads at most {longest} tokens.",
            hint="Lower engine.context, or leave it out.",
        )
    return wanted or longest


def _end_ids(network: Any, chat: ChatTokenizer) -> frozenset[int]:
    configured = getattr(network.generation_config, "eos_token_id", None)
    ids = configured if isinstance(configured, (list, tuple)) else [configured]
    return frozenset(int(id) for id in [*ids, chat.end_id] if id is not None)
