"""HTTP to one server: retries with backoff, a circuit breaker, a bounded number of requests.

How the three work together:

- A request that fails in a way that may pass (no connection, a broken answer, 429, 500, 502, 503,
  504) is sent again, with exponential backoff and full jitter (Brooker, "Exponential Backoff And
  Jitter", 2015), for at most ``retry_s`` seconds. Other refusals are final.
- ``breaker_failures`` such failures in a row open the breaker. While it is open a *new* call fails
  at once; requests of calls that had begun wait within their ``retry_s``, and every
  ``breaker_reset_s`` seconds one request finds out whether the server is back.
- The call's own time limit goes over all of this.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_before_delay,
    wait_random_exponential,
)

from llmrec.config import EngineSettings
from llmrec.engines.calls import Deadline
from llmrec.engines.remote.breaker import CircuitBreaker
from llmrec.engines.remote.failures import (
    ServerFailed,
    check_status,
    no_completion,
    transport_error,
)
from llmrec.errors import ConfigError, EngineError, EngineUnavailable

__all__ = ["ServerClient"]

_T = TypeVar("_T")

_CONNECT_S = 10.0
_SILENCE_S = 600.0
_POLL_S = 0.5
_BACKOFF = wait_random_exponential(multiplier=0.25, max=5.0)


class ServerClient:
    """Asks the server at ``settings.url``. Its coroutines all run on one loop.

    Raises:
        ConfigError: no URL is set, or it is none.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._url = _parsed(settings.url)
        # Without user and password, which a URL may carry.
        self.where = str(self._url.copy_with(userinfo=b"")).rstrip("/")
        self._key = settings.api_key.get_secret_value() if settings.api_key else ""
        self._retry_s = settings.retry_s
        self.breaker = CircuitBreaker(settings.breaker_failures, settings.breaker_reset_s)
        self._slots = asyncio.Semaphore(settings.connections)
        self._connections = settings.connections
        self._last_failure = ""
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            limits=httpx.Limits(
                max_connections=settings.connections,
                max_keepalive_connections=settings.connections,
            ),
        )

    def __repr__(self) -> str:
        return f"ServerClient({self.where!r})"

    def timed_out(self, deadline: Deadline) -> EngineError:
        """Count a call that ran out of time, once for all its requests, and give its error."""
        error = deadline.error()
        self._last_failure = error.message
        self.breaker.failed()
        return error

    def check_closed_circuit(self) -> None:
        """Raise :class:`EngineUnavailable` while the breaker is open: for calls that begin now."""
        wait = self.breaker.wait_s
        if wait:
            raise self._redacted(self._open_error(wait))

    async def get(self, path: str, deadline: Deadline, *, patient: bool = False) -> Any:
        """The JSON at ``path`` below the URL, or below the server's root with a ``/`` in front.

        Asked once, or with ``patient`` again and again as everything else is.
        """
        if patient:
            return await self._retried(lambda: self._once("GET", path, None, deadline))
        try:
            return await self._once("GET", path, None, deadline)
        except ServerFailed as failure:
            raise self._redacted(failure.error) from failure
        except EngineError as error:
            raise self._redacted(error) from None

    async def post(
        self,
        path: str,
        body: dict[str, Any],
        deadline: Deadline,
        *,
        read: Callable[[Any], _T],
        final_500: bool = False,
    ) -> _T:
        """Send ``body``, again if need be, and return what ``read`` makes of the answer.

        Args:
            path: below the URL.
            body: sent as JSON.
            deadline: of the whole call.
            read: takes the answer's JSON, or its text where it is none; may raise
                :class:`ServerFailed`.
            final_500: whether "internal server error" is an answer rather than a passing failure.
        """

        async def ask() -> _T:
            return read(await self._once("POST", path, body, deadline, final_500=final_500))

        return await self._retried(ask)

    async def events(
        self, path: str, body: dict[str, Any], deadline: Deadline
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The server-sent events that answer ``body``; sent again only until the first has come.

        Raises:
            EngineUnavailable: the server broke off in the middle.
        """

        async def begin() -> tuple[AsyncGenerator[dict[str, Any], None], dict[str, Any] | None]:
            events = self._events(path, body, deadline)
            try:
                return events, await anext(events, None)
            except BaseException:
                await events.aclose()
                raise

        async with self._slots:
            events, first = await self._retried(begin)
            async with aclosing(events):
                if first is None:
                    return
                yield first
                try:
                    async for event in events:
                        yield event
                except ServerFailed as failure:
                    raise self._redacted(failure.error) from failure
                except EngineError as error:
                    raise self._redacted(error) from None

    async def each(self, asks: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T]:
        """Every answer in its place. The first failure cancels the rest.

        At most ``connections`` run at a time, over all calls; calls share the slots in turn.
        """
        answers: dict[int, _T] = {}
        left = iter(enumerate(asks))

        async def work() -> None:
            for place, ask in left:
                async with self._slots:
                    answers[place] = await ask()

        workers = [asyncio.create_task(work()) for _ in range(min(len(asks), self._connections))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [answers[place] for place in range(len(asks))]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _retried(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        async def attempt() -> _T:
            wait = self.breaker.enter()
            if wait:
                raise ServerFailed(self._open_error(wait), after_s=min(wait, _POLL_S), counts=False)
            try:
                answer = await ask()
            except ServerFailed as failure:
                if failure.counts:
                    self._last_failure = failure.error.message
                    self.breaker.failed()
                raise
            except EngineUnavailable as error:
                self._last_failure = error.message
                self.breaker.failed()
                raise
            except EngineError:
                # A refusal is an answer too.
                self.breaker.succeeded()
                raise
            self.breaker.succeeded()
            return answer

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ServerFailed),
            wait=_pause,
            stop=stop_before_delay(self._retry_s),
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except ServerFailed as failure:
            raise self._redacted(failure.error) from failure
        except EngineError as error:
            raise self._redacted(error) from None

    async def _once(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        deadline: Deadline,
        *,
        final_500: bool = False,
    ) -> Any:
        try:
            response = await self._http.send(self._request(method, path, body, deadline))
        except httpx.HTTPError as error:
            raise transport_error(error, self.where) from error
        check_status(response, self.where, final_500=final_500)
        try:
            return response.json()
        except ValueError as error:
            # Broken in the middle, most likely; whole answers of a wrong kind never get better.
            raise ServerFailed(no_completion(self.where, response.text)) from error

    async def _events(
        self, path: str, body: dict[str, Any], deadline: Deadline
    ) -> AsyncGenerator[dict[str, Any], None]:
        request = self._request("POST", path, body, deadline)
        try:
            response = await self._http.send(request, stream=True)
            async with aclosing(response):
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                check_status(response, self.where)
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        data = line.removeprefix("data:").strip()
                        if data == "[DONE]":
                            return
                        yield self._event(data)
        except httpx.HTTPError as error:
            raise transport_error(error, self.where) from error

    def _event(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except ValueError as error:
            raise no_completion(self.where, data) from error
        if not isinstance(event, dict) or "error" in event:
            raise no_completion(self.where, data)
        return event

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None, deadline: Deadline
    ) -> httpx.Request:
        url = self._url.copy_with(path=path) if path.startswith("/") else f"{self._url}{path}"
        left = deadline.left
        # The call's own limit strikes first and exactly; this one is for calls without.
        silence = _SILENCE_S if left is None else left + _CONNECT_S
        return self._http.build_request(
            method,
            url,
            json=body,
            headers={"X-Request-Id": uuid.uuid4().hex},
            timeout=httpx.Timeout(silence, connect=_CONNECT_S),
        )

    def _open_error(self, wait: float) -> EngineUnavailable:
        return EngineUnavailable(
            f"The server at {self.where} is not asked now, because requests failed in a row; "
            f"it is tried again in {wait:.1f} seconds. The last failure: {self._last_failure}",
            hint="Look at the server, or start one with 'llmrec serve-llm'.",
        )

    def _redacted(self, error: EngineError) -> EngineError:
        # A server may repeat the key it was given.
        if self._key and self._key in str(error):
            error.message = error.message.replace(self._key, "***")
            error.args = (error.message,)
        return error


def _pause(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    pause = _BACKOFF(state)
    if isinstance(failure, ServerFailed) and failure.after_s is not None:
        return failure.after_s + min(pause, _POLL_S)
    return pause


def _parsed(url: str | None) -> httpx.URL:
    if not url:
        raise ConfigError(
            "The engine 'openai' needs the address of its server.",
            hint="Set engine.url, e.g. LLMREC_ENGINE__URL=http://localhost:8000/v1; "
            "'llmrec serve-llm' says how to start one.",
        )
    try:
        parsed = httpx.URL(f"{url.rstrip('/')}/")
    except httpx.InvalidURL as error:
        raise ConfigError(f"engine.url is no URL: {error}.", hint="Correct it.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(
            f"engine.url is no address of a server: '{parsed.copy_with(userinfo=b'')}'.",
            hint="Write it like http://localhost:8000/v1.",
        )
    return parsed
