"""The fast engine for CPUs: OpenVINO in this process, float32 unless another precision is asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from llmrec.config import EngineSettings
from llmrec.engines.adapters import Adapter, check_adapter
from llmrec.engines.calls import Deadline, check_adapters
from llmrec.engines.in_process import InProcess
from llmrec.engines.local.decoding import Continuation, Sampling
from llmrec.engines.local.grammar import Grammars, Matcher
from llmrec.engines.openvino.conversion import converted, read_graph
from llmrec.engines.openvino.decoding import decode, open_sequences
from llmrec.engines.openvino.network import PagedNetwork, can_run
from llmrec.engines.openvino.paging import Blocks, KeyValues
from llmrec.engines.openvino.parts import NetworkParts, read_parts
from llmrec.engines.openvino.rewriting import compress, merge, shrink
from llmrec.engines.turns import Turns
from llmrec.errors import ConfigError, EngineError, MissingExtra
from llmrec.types import FloatArray

__all__ = ["OpenVINOEngine"]

_PRECISIONS = ("fp32", "bf16", "int8")
_ISA, _WITHOUT_AMX = "ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16"


class OpenVINOEngine(InProcess[PagedNetwork]):
    """A decoder language model on a CPU; see :class:`~llmrec.engines.Engine`.

    Safe to use from several threads: the model takes their steps in turn, one at a time. Each
    adapter is a network of its own, with the adapter merged into the weights: full speed, and the
    memory of the weights once more. What all prompts of a pass begin with is read once.

    Args:
        model: what the weights are called.
        folder: where they lie.
        place: where the converted model lies.
        parts: tokenizer and limits.
        settings: precision, context, batch, adapters and time.
        threads: CPU threads.
        score_tokens: most tokens of one scoring pass; bounds the memory.
        generate_tokens: most tokens of prompts and answers that are generated together.
    """

    name = "openvino"
    score_waste = generate_waste = 1.0  # nothing is padded, so lengths may differ

    def __init__(
        self,
        model: str,
        folder: Path,
        place: Path,
        parts: NetworkParts,
        *,
        settings: EngineSettings,
        threads: int,
        score_tokens: int = 8192,
        generate_tokens: int = 16384,
    ) -> None:
        self._model = model
        self._folder = folder
        self._place = place
        self._chat = parts.chat
        self._context = parts.context
        self._end_ids = parts.end_ids
        self._grammars = Grammars(parts.tokenizer, parts.vocabulary, parts.end_ids, model)
        self._precision = "fp32" if settings.precision == "auto" else settings.precision
        self._batch = settings.batch
        self._max_adapters = settings.max_adapters
        self.timeout_s = settings.timeout_s
        self._threads = threads
        self._score_tokens = score_tokens
        self._generate_tokens = generate_tokens
        self._turns = Turns()
        self._counting = threading.Lock()
        self._loading = threading.Lock()
        self._blocks = Blocks()
        self._memory = KeyValues()
        self._loaded: dict[str, Adapter] = {}
        self._networks: dict[str | None, PagedNetwork] = {None: self._compile(None)}
        self._forward_passes = 0
        self._decode_steps = 0

    @classmethod
    def load(
        cls, model: str, settings: EngineSettings | None = None, *, threads: int | None = None
    ) -> OpenVINOEngine:
        """Load weights that are on this machine; the first time they are converted.

        Args:
            model: a name of ``llmrec models list``, a pulled hub id, or a folder.
            settings: precision, context, batch, adapters and time.
            threads: CPU threads; left out, ``OMP_NUM_THREADS`` or the usable cores.

        Raises:
            ConfigError: the settings ask for what this engine or machine cannot do.
            MissingExtra: OpenVINO is not installed.
            ModelError: the weights are missing, no decoder, or one that OpenVINO cannot run.
            DiskFull: no space for the converted model.
            OutOfMemory: they do not fit.
        """
        from llmrec.weights import locate

        settings = settings or EngineSettings()
        _check_installed()
        _check(settings)
        folder = locate(model)
        parts = read_parts(model, folder, settings.context)
        threads = threads or _threads()
        place = converted(model, folder, context=parts.context, threads=threads)
        return cls(model, folder, place, parts, settings=settings, threads=threads)

    def __repr__(self) -> str:
        return f"OpenVINOEngine(model={self._model!r}, device='{self.device}')"

    @property
    def device(self) -> str:
        """Where it runs and in which precision, e.g. ``cpu fp32``."""
        return f"cpu {self._precision}" if self._networks else "closed"

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the loaded adapters."""
        return tuple(sorted(self._loaded))

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Merge a LoRA adapter into a network of its own; takes about as long as loading.

        Raises:
            ModelError: the folder holds no adapter.
            AdapterMismatch: it was trained on another base model.
            EngineError: there are ``engine.max_adapters`` already.
            OutOfMemory: it does not fit into memory.
        """
        self._start()
        adapter = check_adapter(name, folder, self._folder)
        with self._loading:
            if self._loaded.get(name) == adapter:
                return
            if name not in self._loaded and len(self._loaded) >= self._max_adapters:
                raise EngineError(
                    f"There is no room for the adapter '{name}': engine.max_adapters is "
                    f"{self._max_adapters}.",
                    hint="Unload one, or raise it; each takes the memory of the weights.",
                )
            network = self._compile(adapter)
            with self._turn(Deadline(self.timeout_s, self._model)):
                self._networks[name] = network
                self._loaded[name] = adapter

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter and give its memory back."""
        with self._turn(Deadline(self.timeout_s, self._model)):
            check_adapters([name], 1, self.adapters)
            del self._networks[name], self._loaded[name]

    def close(self) -> None:
        """Give the networks' memory back."""
        with self._turns.turn(Deadline(None, self._model)):
            self._networks, self._loaded = {}, {}
            self._memory = KeyValues()

    @property
    def _is_open(self) -> bool:
        return bool(self._networks)

    def _network_of(self, adapter: str | None) -> PagedNetwork:
        return self._networks[adapter]

    def _continued(
        self,
        ids: Sequence[list[int]],
        sampling: Sampling,
        adapter: str | None,
        matchers: Sequence[Matcher] | None,
        deadline: Deadline,
    ) -> Iterator[list[Continuation]]:
        turn = partial(self._turn, deadline, adapter)
        to_text = self._chat.continuation
        return decode(turn, self._blocks, ids, sampling, to_text, matchers, deadline)

    def _last_logits(
        self, ids: Sequence[list[int]], adapter: str | None, deadline: Deadline
    ) -> FloatArray:
        with self._turn(deadline, adapter) as network:
            sequences = open_sequences(ids, network, self._blocks)
            try:
                self._forward_passes += 1
                return network.read(sequences, deadline)
            finally:
                for sequence in sequences:
                    self._blocks.give_back(sequence)

    def _compile(self, adapter: Adapter | None) -> PagedNetwork:
        graph = read_graph(self._place)
        if adapter is not None:
            merge(graph, adapter)
        if self._precision == "int8":
            compress(graph)
        elif self._precision == "fp32":
            shrink(graph)
        return PagedNetwork(
            graph,
            precision=self._precision,
            threads=self._threads,
            memory=self._memory,
            blocks=self._blocks,
        )


def _check_installed() -> None:
    try:
        import openvino  # noqa: F401
    except ImportError as error:
        raise MissingExtra("openvino", extra="cpu") from error


def _check(settings: EngineSettings) -> None:
    precision = "fp32" if settings.precision == "auto" else settings.precision
    if settings.device not in ("auto", "cpu"):
        raise ConfigError(
            f"The openvino engine runs on the CPU, and engine.device is '{settings.device}'.",
            hint="Set models.engine='transformers', or engine.device='cpu'.",
        )
    if settings.tensor_parallel > 1 or settings.pipeline_parallel > 1:
        raise ConfigError(
            "The openvino engine splits no layers: engine.tensor_parallel is "
            f"{settings.tensor_parallel}, engine.pipeline_parallel {settings.pipeline_parallel}.",
            hint="Set both to 1.",
        )
    if precision not in _PRECISIONS:
        raise ConfigError(
            f"The openvino engine does not run in {precision}.",
            hint=f"Set engine.precision to one of: auto, {', '.join(_PRECISIONS)}.",
        )
    if not can_run(precision):
        raise ConfigError(
            f"This CPU has no instructions for {precision}.",
            hint="Set engine.precision='fp32' or 'int8'.",
        )
    if precision == "bf16" and _would_use_amx():
        raise ConfigError(
            "OpenVINO computes bf16 with AMX on this CPU, and its attention dies of that.",
            hint=f"Start with {_ISA}={_WITHOUT_AMX} in the environment, or set "
            "engine.precision='fp32' or 'int8'.",
        )


def _would_use_amx() -> bool:
    """Whether a process of today's OpenVINO (2026.4) would end with a floating point exception.

    It divides by zero in the paged attention of prompts beyond a few words, in a thread of its own,
    so that nobody can catch it. The library reads the variable when it is loaded.
    """
    from llmrec.planner.host import instructions

    return "amx_bf16" in instructions() and os.environ.get(_ISA) != _WITHOUT_AMX


def _threads() -> int:
    from llmrec.planner.host import usable_cores

    threads = os.environ.get("OMP_NUM_THREADS", "")
    return int(threads) if threads.isdigit() and int(threads) else usable_cores()
