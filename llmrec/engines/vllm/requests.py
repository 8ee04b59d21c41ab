"""Prompts on their way through vLLM: scored, written, or written piece by piece, with the counts.

Everything here runs in the engine's event loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from llmrec.engines.calls import Deadline
from llmrec.engines.stopping import cut_at_stop, shown_length
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.engines.vllm import api
from llmrec.engines.vllm.shelf import AdapterShelf
from llmrec.types import FloatArray

__all__ = ["Counts", "Requests", "all_of", "limited"]

_T = TypeVar("_T")


@dataclass
class Counts:
    """What has been read so far.

    ``scored`` are prompts; ``cached_tokens`` those of ``prompt_tokens`` that were not read again,
    because the prefix cache had them.
    """

    scored: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0


class Requests:
    """Sends prompts to vLLM, which batches whatever runs at the same time.

    Args:
        engine: vLLM's.
        chat: makes text of tokens.
        shelf: the adapters.
    """

    def __init__(self, engine: Any, chat: ChatTokenizer, shelf: AdapterShelf) -> None:
        self._engine = engine
        self._chat = chat
        self._shelf = shelf
        self._numbers = itertools.count(1)
        self.counts = Counts()

    async def score(
        self, ids: Sequence[int], labels: Sequence[int], adapter: str | None
    ) -> FloatArray:
        """Log-probabilities of ``labels`` (tokens) behind ``ids``; shape ``[len(labels)]``."""
        async for output in self._outputs(ids, api.scoring(labels), adapter):
            logprobs = output.outputs[0].logprobs[0]
        self.counts.scored += 1
        return _log_softmax(
            np.array([logprobs[label].logprob for label in labels], dtype=np.float64)
        )

    async def write(
        self, ids: Sequence[int], params: Any, stop: Sequence[str], adapter: str | None
    ) -> str:
        """The text behind ``ids``, cut at the first stop word."""
        new: list[int] = []
        async for output in self._outputs(ids, params, adapter):
            new += _written(output)
        return cut_at_stop(self._chat.continuation(ids, new), stop)[0]

    async def pieces(
        self, ids: Sequence[int], params: Any, stop: Sequence[str], adapter: str | None
    ) -> AsyncGenerator[str, None]:
        """The same text, as it grows; closing the generator aborts the request."""
        new: list[int] = []
        text, shown, done = "", 0, False
        async with aclosing(self._outputs(ids, params, adapter)) as outputs:
            async for output in outputs:
                new += _written(output)
                text, done = cut_at_stop(self._chat.continuation(ids, new), stop)
                end = len(text) if done else shown_length(text, stop)
                if end > shown:
                    yield text[shown:end]
                    shown = end
                if done:
                    return
        if len(text) > shown:
            yield text[shown:]

    async def _outputs(
        self, ids: Sequence[int], params: Any, adapter: str | None
    ) -> AsyncGenerator[Any, None]:
        with self._shelf.used(adapter) as lora:
            running = api.run(self._engine, ids, params, next(self._numbers), lora)
            async with aclosing(running) as outputs:
                async for output in outputs:
                    yield output
                    if output.finished:
                        self.counts.prompt_tokens += len(ids)
                        self.counts.cached_tokens += output.num_cached_tokens or 0


async def all_of(
    work: Callable[..., Coroutine[Any, Any, _T]], arguments: Iterable[tuple[Any, ...]]
) -> list[_T]:
    """``work`` with each of ``arguments``, together; where one fails, none goes on.

    The coroutines are made here, so that none is left over if this one is cancelled early.
    """
    tasks = [asyncio.ensure_future(work(*each)) for each in arguments]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def limited(work: Coroutine[Any, Any, _T], deadline: Deadline) -> _T:
    """The result of ``work``; cancelled when the time is over.

    Raises:
        EngineTimeout: it was over.
    """
    try:
        return await asyncio.wait_for(work, deadline.left)
    except asyncio.TimeoutError:
        raise deadline.error() from None


def _written(output: Any) -> list[int]:
    """New tokens of an output without the one that ended it."""
    completion = output.outputs[0]
    tokens = list(completion.token_ids)
    ended = completion.finish_reason == "stop" and not isinstance(completion.stop_reason, str)
    return tokens[:-1] if ended else tokens


def _log_softmax(values: Any) -> FloatArray:
    values = values - values.max()
    result: FloatArray = (values - np.log(np.exp(values).sum())).astype(np.float32)
    return result
