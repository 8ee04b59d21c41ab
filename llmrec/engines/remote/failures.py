"""What a server or the way to it does wrong, as our errors: one place for all of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx

from llmrec.errors import ConfigError, EngineError, EngineTimeout, EngineUnavailable, LLMRecError

__all__ = [
    "NotServed",
    "ServerFailed",
    "check_status",
    "message_of",
    "no_completion",
    "transport_error",
]

START = "Start one with 'llmrec serve-llm', or correct engine.url (LLMREC_ENGINE__URL)."

_PASSING = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_LONGEST_MESSAGE = 300


class ServerFailed(Exception):
    """A failure that may pass; asking again may help.

    Args:
        error: what to raise when it does not.
        after_s: seconds that the server wants to be left alone.
        counts: whether the circuit breaker counts it; a busy server is no dead one.
    """

    def __init__(
        self, error: EngineError, *, after_s: float | None = None, counts: bool = True
    ) -> None:
        super().__init__()
        self.error = error
        self.after_s = after_s
        self.counts = counts


class NotServed(EngineError):
    """The server does not know the path or the model (HTTP 404).

    ``by_route`` tells that the path itself is unknown.
    """

    by_route = False


def transport_error(error: httpx.HTTPError, where: str) -> Exception:
    """What to raise for a request that got no complete answer."""
    reason = str(error).strip() or type(error).__name__
    if isinstance(error, httpx.ReadTimeout):
        return EngineTimeout(
            f"The server at {where} was silent for too long.",
            hint="Look at the server's log; engine.timeout_s limits a call.",
        )
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return ConfigError(f"{where} cannot be asked: {reason}.", hint="Correct engine.url.")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        text = f"The server at {where} cannot be reached: {reason}."
    else:
        text = f"The server at {where} broke off: {reason}."
    return ServerFailed(EngineUnavailable(text, hint=START))


def check_status(response: httpx.Response, where: str, *, final_500: bool = False) -> None:
    """Raise what a status other than 200 means; the body has been read.

    Args:
        response: the answer.
        where: the server, for messages.
        final_500: whether "internal server error" is an answer rather than a passing failure.
    """
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    text = message_of(response)
    if status in _PASSING and not (final_500 and status == HTTPStatus.INTERNAL_SERVER_ERROR):
        busy = status == HTTPStatus.TOO_MANY_REQUESTS
        doing = "is busy" if busy else "fails"
        raise ServerFailed(
            EngineUnavailable(
                f"The server at {where} {doing} (HTTP {status}: {text}).",
                hint="Lower engine.connections." if busy else "Look at the server's log.",
            ),
            after_s=_retry_after(response),
            counts=not busy,
        )
    raise _final(status, text, where)


def message_of(response: httpx.Response) -> str:
    """What the server says about its refusal, short and on one line."""
    try:
        body: Any = response.json()
    except ValueError:
        body = response.text
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    text = " ".join(str(body).split()).rstrip(".")
    return text[:_LONGEST_MESSAGE] or response.reason_phrase


def no_completion(where: str, answer: object) -> EngineError:
    """The error for an answer that does not look like one."""
    return EngineError(
        f"The server at {where} answers with something that is no completion: "
        f"{str(answer)[:100]!r}.",
        hint="engine.url must be the /v1 address of an OpenAI-compatible server.",
    )


def _final(status: int, text: str, where: str) -> LLMRecError:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return EngineError(
            f"The server at {where} refuses the key (HTTP {status}).",
            hint="Set LLMREC_ENGINE__API_KEY to the server's key.",
        )
    if status == HTTPStatus.NOT_FOUND:
        missing = NotServed(
            f"The server at {where} does not know this (HTTP 404: {text}).",
            hint="engine.url must end in /v1; engine.served_model must be a model it serves.",
        )
        missing.by_route = text in ("Not Found", "")
        return missing
    return EngineError(
        f"The server at {where} refuses the request (HTTP {status}: {text}).",
        hint="Compare the server's flags with what 'llmrec serve-llm' prints.",
    )


def _retry_after(response: httpx.Response) -> float | None:
    # The header may also be a date; servers of models send seconds.
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return None
