"""The engine that asks an OpenAI-compatible server, with the model's tokenizer at hand here."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from llmrec.config import EngineSettings
from llmrec.engines.adapters import check_adapter
from llmrec.engines.calls import Deadline, check_adapters, check_generation
from llmrec.engines.chat import configured_context, load_chat
from llmrec.engines.constraints import Constraint
from llmrec.engines.loop import LoopThread, limited
from llmrec.engines.remote.adapters import RemoteAdapter, RemoteAdapters
from llmrec.engines.remote.answers import GrowingText
from llmrec.engines.remote.asking import Completions
from llmrec.engines.remote.client import ServerClient
from llmrec.engines.remote.failures import ServerFailed
from llmrec.engines.remote.requests import generation_body, scoring_body
from llmrec.engines.remote.scores import label_scores, refused_labels
from llmrec.engines.remote.server import ServedModel, check_tokens, look_at, version_of
from llmrec.engines.tokenizing import ChatTokenizer, Tokenized
from llmrec.errors import EngineError, ModelError
from llmrec.types import FloatArray

__all__ = ["RemoteEngine"]

_T = TypeVar("_T")


class RemoteEngine(Tokenized):
    """A model behind an OpenAI-compatible server; see :class:`~llmrec.engines.Engine`.

    Every prompt is one request, so that the server batches them with all others that it has; up to
    ``engine.connections`` are under way at a time. :mod:`llmrec.engines.remote.client` says how
    failures are met. Make one with :meth:`connect`.

    Attributes:
        timeout_s: the most seconds of one call, its retries included.
        version: of the server, if it is vLLM.
    """

    name = "openai"
    # Servers list the likeliest tokens only, and each prompt is a request: whether a line goes on
    # is not asked of them.
    end_of_turn = None

    def __init__(
        self,
        model: str,
        folder: Path,
        chat: ChatTokenizer,
        client: ServerClient,
        loop: LoopThread,
        served: ServedModel,
        settings: EngineSettings,
    ) -> None:
        self.timeout_s = settings.timeout_s
        self.version: str | None = None
        self._model = model
        self._folder = folder
        self._chat = chat
        self._client = client
        self._loop = loop
        self._adapters = RemoteAdapters(client, served.model)
        self._completions = Completions(client, self._adapters, served.model)
        limits = (settings.context, served.context or configured_context(folder, chat))
        self._context = min(limit for limit in limits if limit)
        self._count_lock = threading.Lock()
        self._forward_passes = 0

    @classmethod
    def connect(cls, model: str, settings: EngineSettings) -> RemoteEngine:
        """Read the tokenizer of ``model`` here and find the model on the server.

        The server is asked once: who starts while it comes up tries again himself.

        Args:
            model: a name of ``llmrec models list``, a pulled hub id (its tokenizer is enough), or
                a folder with ``config.json`` and the tokenizer's files.
            settings: ``url`` names the server.

        Raises:
            ConfigError: no URL is set, or it is none.
            WeightsMissing: the tokenizer is not on this machine.
            ModelError: the tokenizer cannot be read, or the server does not serve the model, or
                one with another tokenizer.
            EngineUnavailable: the server cannot be reached.
            EngineError: it is none of this kind, or refuses the key.
        """
        from llmrec.weights import locate_tokenizer

        client = ServerClient(settings)
        folder = locate_tokenizer(model)
        chat = load_chat(model, folder)
        loop = LoopThread(f"The connection to {client.where}")
        deadline = Deadline(settings.timeout_s, model)

        async def look() -> tuple[ServedModel, str | None]:
            served = await look_at(client, model, settings.served_model, deadline)
            await check_tokens(client, served, model, chat, deadline)
            return served, await version_of(client, deadline)

        try:
            served, version = loop.run(limited(look, deadline, deadline.error))
        except BaseException:
            loop.run(client.close())
            loop.close()
            raise
        engine = cls(model, folder, chat, client, loop, served, settings)
        engine.version = version
        return engine

    def __repr__(self) -> str:
        return f"RemoteEngine(model={self._model!r}, server={self._client.where!r})"

    @property
    def forward_passes(self) -> int:
        """Prompts that were scored; the server batches them by itself."""
        return self._forward_passes

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the adapters that calls may name now, sorted."""
        return self._adapters.names

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Make an adapter known as ``name``: as the server has it already, or loaded there now.

        The server must see the folder under the same path, or serve the adapter under its name
        already (``--lora-modules``).

        Raises:
            ModelError: the folder holds no adapter.
            AdapterMismatch: it was trained on another base model.
            EngineError: the server takes no adapters, or not this one.
        """
        self._loop.check_open()
        path = Path(folder).resolve()
        _check(name, path, self._folder)
        self._call(lambda deadline: self._adapters.load(name, path, deadline))

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter, here and on the server if it was loaded from here."""
        check_adapters([name], 1, self.adapters)
        self._call(lambda deadline: self._adapters.unload(name, deadline))

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels; see :class:`~llmrec.engines.Engine`.

        Raises:
            EngineError: besides, the server does not give all labels' log-probabilities.
            EngineUnavailable: it cannot be reached, or fails, for longer than ``retry_s``.
        """
        named = self._named(adapters, len(prompts))
        wanted = [
            self._chat.label_ids(p, row_labels)
            for p, row_labels in zip(prompts, labels, strict=True)
        ]
        ids = self._fitting(prompts, room=1)

        async def score(place: int, deadline: Deadline) -> FloatArray:
            body, row_labels = scoring_body(ids[place], wanted[place]), wanted[place]
            read = partial(label_scores, label_ids=row_labels, where=self._client.where)
            try:
                scores = await self._completions.ask(body, named[place], deadline, read)
            except EngineError as error:
                raise refused_labels(error, len(row_labels), self._client.where) from error
            with self._count_lock:
                self._forward_passes += 1
            return scores

        return self._each(score, len(ids))

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
        """Continue each prompt; see :class:`~llmrec.engines.Engine`.

        Raises:
            EngineError: besides, the server does not keep to the constraint.
            EngineUnavailable: it cannot be reached, or fails, for longer than ``retry_s``.
        """
        check_generation(max_tokens, temperature, stop)
        named = self._named(adapters, len(prompts))
        ids = self._fitting(prompts, room=max_tokens)

        async def write(place: int, deadline: Deadline) -> str:
            body = generation_body(
                ids[place],
                max_tokens=max_tokens,
                stop=stop,
                temperature=temperature,
                seed=seed,
                constraint=constraint,
            )

            def read(answer: Any) -> str:
                text = self._growing(ids[place], stop)
                text.add(answer)
                text.check(constraint)
                return text.text

            return await self._completions.ask(body, named[place], deadline, read)

        return self._each(write, len(ids))

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
        """Continue one prompt piece by piece; closing the iterator closes the request.

        A server that breaks off is asked again only while nothing has been shown.
        """
        check_generation(max_tokens, temperature, stop)
        (named,) = self._named([adapter], 1)
        (ids,) = self._fitting([prompt], room=max_tokens)
        body = generation_body(
            ids,
            max_tokens=max_tokens,
            stop=stop,
            temperature=temperature,
            seed=seed,
            constraint=constraint,
            stream=True,
        )
        return self._pieces(body, named, self._growing(ids, stop), constraint)

    def close(self) -> None:
        """Close the connections and end the thread behind them; again does nothing."""
        if not self._loop.closed:
            self._loop.run(self._client.close())
            self._loop.close()

    def _pieces(
        self,
        body: dict[str, Any],
        adapter: RemoteAdapter | None,
        text: GrowingText,
        constraint: Constraint | None,
    ) -> Iterator[str]:
        self._loop.check_open()
        self._client.check_closed_circuit()
        deadline = Deadline(self.timeout_s, self._model)
        source = self._streamed(body, adapter, text, constraint, deadline)
        out_of_time = partial(self._client.timed_out, deadline)
        try:
            while True:
                deadline.check()
                piece = self._loop.run(limited(partial(_next, source), deadline, out_of_time))
                if piece is None:
                    return
                yield piece
        finally:
            self._loop.start(_ended(source))

    async def _streamed(
        self,
        body: dict[str, Any],
        adapter: RemoteAdapter | None,
        text: GrowingText,
        constraint: Constraint | None,
        deadline: Deadline,
    ) -> AsyncGenerator[str, None]:
        try:
            async for event in self._completions.events(body, adapter, deadline):
                text.add(event)
                if piece := text.piece():
                    yield piece
                if text.stopped:
                    return
            text.check(constraint)
        except ServerFailed as failure:
            raise failure.error from failure

    def _named(
        self, adapters: Sequence[str | None] | None, prompts: int
    ) -> list[RemoteAdapter | None]:
        named = check_adapters(adapters, prompts, self.adapters)
        return [self._adapters.find(name) for name in named]

    def _growing(self, ids: Sequence[int], stop: Sequence[str]) -> GrowingText:
        return GrowingText(self._chat, ids, stop, self._client.where)

    def _each(
        self, ask: Callable[[int, Deadline], Coroutine[Any, Any, _T]], count: int
    ) -> list[_T]:
        if not count:
            return []
        return self._call(
            lambda deadline: self._client.each(
                [partial(ask, place, deadline) for place in range(count)]
            )
        )

    def _call(self, make: Callable[[Deadline], Coroutine[Any, Any, _T]]) -> _T:
        self._loop.check_open()
        self._client.check_closed_circuit()
        deadline = Deadline(self.timeout_s, self._model)
        deadline.check()
        out_of_time = partial(self._client.timed_out, deadline)
        return self._loop.run(limited(partial(make, deadline), deadline, out_of_time))


def _check(name: str, folder: Path, base_folder: Path) -> None:
    # Where only the tokenizer is at hand, whether the shapes fit is left to the server.
    if any(base_folder.glob("*.safetensors")):
        check_adapter(name, folder, base_folder)
    elif not (folder / "adapter_config.json").is_file():
        raise ModelError(
            f"The folder {folder} holds no adapter '{name}': it has no adapter_config.json.",
            hint="Name a folder that PEFT, or llmrec's training, has saved.",
        )


async def _next(source: AsyncGenerator[str, None]) -> str | None:
    return await anext(source, None)


async def _ended(source: AsyncGenerator[str, None]) -> None:
    await source.aclose()
