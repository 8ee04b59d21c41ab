"""From whatever was raised to the answer that the caller gets, and the line in the log."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from llmrec.errors import DataError, LLMRecError, RequestError
from llmrec.server.bodies.errors import ErrorBody, ErrorDetail
from llmrec.server.statuses import status_of

__all__ = ["answer_to", "detail_of", "install", "no_request", "unexpected"]

_log = logging.getLogger("llmrec.server.failures")
_ASK = "Ask whoever runs this server; the log knows the request by its id."
_FORMS = frozenset({"Words", "ItemEntry", "TextEntry"})
_SEE = "See /openapi.json for what this route takes."
_AS_JSON = f"Send one, with the header Content-Type: application/json. {_SEE}"
_NO_OBJECT = frozenset({"missing", "model_attributes_type", "model_type"})
"""What pydantic calls a body that is empty, or something else, or of another type for HTTP."""
_FIELD_CHARS = 500
"""Of a field's name in an answer: a sender's own name for one may be as long as the body."""
_PLAIN = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}


def install(app: FastAPI) -> None:
    """Answer every failure inside of ``app`` with an :class:`ErrorBody`."""

    @app.exception_handler(LLMRecError)
    async def _ours(request: Request, error: LLMRecError) -> JSONResponse:
        return answer_to(error, request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _refusal(error, request.state.request_id)

    @app.exception_handler(HTTPException)
    async def _plain(request: Request, error: HTTPException) -> JSONResponse:
        code = _PLAIN.get(error.status_code, "bad_request")
        detail = ErrorDetail(
            code=code,
            message=f"{error.detail}.",
            hint=_SEE,
            request_id=request.state.request_id,
        )
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(app, request.scope))
        return _response(error.status_code, detail, headers)


def _methods(app: FastAPI, scope: Scope) -> list[str]:
    """What a path takes; each of its methods is a route of its own, which knows only itself."""
    every = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    asked = [{**scope, "method": "GET" if name == "HEAD" else name} for name in every]
    return [
        name
        for name, one in zip(every, asked, strict=True)
        if any(route.matches(one)[0] is Match.FULL for route in app.router.routes)
    ]


def answer_to(error: LLMRecError, request_id: str) -> JSONResponse:
    """The answer to one of our errors; what only the server's owner should read is logged."""
    status = status_of(type(error))
    field = error.field if isinstance(error, DataError) else None
    detail = detail_of(type(error), error.message, error.hint, request_id, field=field)
    wait = error.retry_after if isinstance(error, RequestError) else None
    return _response(status.status, detail, _headers(status.status, wait or status.retry_after))


def detail_of(
    kind: type[LLMRecError], message: str, hint: str, request_id: str, *, field: str | None = None
) -> ErrorDetail:
    """What a stranger may read of an error of this class; the rest goes to the log."""
    status = status_of(kind)
    if status.says:
        words = message if status.logged else ""
        fields = {"request": request_id, "error": kind.__name__, "words": words}
        _log.error("failed", extra={"fields": fields})
    return ErrorDetail(
        code=status.code,
        message=status.says or message,
        hint=_ASK if status.says else hint,
        field=field,
        retryable=kind.retryable,
        request_id=request_id,
    )


def no_request(request_id: str) -> ErrorDetail:
    """What is told of bytes that are no request of HTTP; no part of ``app`` ever sees them."""
    return ErrorDetail(
        code="bad_request",
        message="This is no request that HTTP/1.1 allows.",
        hint="Look at its first line, its headers and its Content-Length.",
        request_id=request_id,
    )


def unexpected(error: Exception, request_id: str) -> JSONResponse:
    """The answer to what nobody foresaw; the log gets the places in the code, but no values."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    fields = {"request": request_id, "error": type(error).__name__, "places": places}
    _log.error("unexpected", extra={"fields": fields})
    detail = ErrorDetail(
        code="internal", message="The server failed.", hint=_ASK, request_id=request_id
    )
    return _response(500, detail)


def _refusal(error: RequestValidationError, request_id: str) -> JSONResponse:
    first: Mapping[str, Any] = error.errors()[0]
    # The first part says body, path or query; a form of an entry is none of the sender's names.
    where = [str(part) for part in first["loc"][1:] if part not in _FORMS]
    message, hint = f"{first['msg'].removeprefix('Value error, ')}.", _SEE
    if not where and first["type"] in _NO_OBJECT:
        message, hint = "The body should be a JSON object.", _AS_JSON
    detail = ErrorDetail(
        code="invalid_request",
        message=message,
        hint=hint,
        field=_shortened(".".join(where or map(str, first["loc"][:1]))) or None,
        request_id=request_id,
    )
    return _response(422, detail)


def _shortened(field: str) -> str:
    return field if len(field) <= _FIELD_CHARS else f"{field[: _FIELD_CHARS - 1]}…"


def _headers(status: int, retry_after: float | None) -> dict[str, str]:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return headers


def _response(
    status: int, detail: ErrorDetail, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = ErrorBody(error=detail).model_dump(mode="json")
    return JSONResponse(body, status, headers=dict(headers or {}))
