"""Server-sent events: what threads make, line by line to whoever waits; cards are never lost.

A stream ends with ``done`` or ``failed``. Once its cards are out, whatever goes wrong ends their
words alone: each card that waits for some gets a ``product_words`` that says why there are none.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from llmrec import errors
from llmrec.agent.events import ProductWords
from llmrec.server.failures import answer_to, detail_of, unexpected

__all__ = ["STREAMED", "Data", "EventStream", "Wire", "sent_lines", "words_data"]

Data: TypeAlias = dict[str, Any]

Wire: TypeAlias = Callable[[Any], tuple[Data | None, Data | None]]
"""From an event to what is sent of it, if anything, and to the ``done`` that holds from then on."""

STREAMED: dict[int | str, Any] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}
}
"""What a route that streams says of its answer."""

_HEADERS = {"X-Accel-Buffering": "no"}  # nginx would else keep the words until all are said


class EventStream(StreamingResponse):
    """Lines as they come; whoever leaves, also before the first one, ends what makes them."""

    def __init__(self, events: AsyncGenerator[Any, None], lines: AsyncIterator[str]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers=_HEADERS)
        self._events = events

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Send them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()


async def sent_lines(
    events: AsyncGenerator[Any, None], wire: Wire, request_id: str, first: Data | None = None
) -> AsyncIterator[str]:
    """The events as the lines of the stream; whatever is raised becomes its last event.

    Args:
        events: ``None`` among them means that nothing has come for a while.
        wire: from an event to what is sent.
        request_id: of the log.
        first: is sent before all.
    """
    if first is not None:
        yield _line(first)
    waiting: dict[tuple[int, str], None] = {}
    done: Data | None = None
    try:
        async for event in events:
            # A comment, so that nobody on the way takes the silence for an end.
            sent, end = ({}, None) if event is None else wire(event)
            done = end or done
            if sent is not None:
                _note(waiting, sent)
                yield _line(sent) if sent else ": wait\n\n"
        if done is not None:  # behind the end, when the place is free again
            yield _line(done)
    except errors.LLMRecError as error:
        for data in _ended(json.loads(bytes(answer_to(error, request_id).body)), waiting, done):
            yield _line(data)
    except Exception as error:
        for data in _ended(json.loads(bytes(unexpected(error, request_id).body)), waiting, done):
            yield _line(data)
    finally:
        await events.aclose()


def words_data(event: ProductWords, request_id: str) -> Data:
    """The words of a card as they are sent; of an error what a stranger may read."""
    kind = getattr(errors, event.error, errors.LLMRecError) if event.error else None
    detail = detail_of(kind, event.message, "", request_id).model_dump() if kind else None
    return {**event.model_dump(mode="json", exclude={"message"}), "error": detail}


def _note(waiting: dict[tuple[int, str], None], sent: Data) -> None:
    """Which cards wait for their words after this was sent."""
    if sent.get("type") == "products":
        cards = [card for card in sent["cards"] if card["pending"]]
        waiting.update(dict.fromkeys((card["number"], card["product"]["id"]) for card in cards))
    elif sent.get("type") == "product_words":
        waiting.pop((sent["number"], sent["product"]), None)


def _ended(body: Data, waiting: dict[tuple[int, str], None], done: Data | None) -> Iterator[Data]:
    """The last events of a stream in which something was raised."""
    if done is None:
        yield {"type": "failed", **body["error"]}
        return
    for number, product in waiting:
        words = ProductWords(number=number, product=product).model_dump(exclude={"message"})
        yield {**words, "error": body["error"]}
    yield done


def _line(data: Data) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
