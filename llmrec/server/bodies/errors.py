"""The one body that every failure has."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ErrorBody", "ErrorDetail", "failures"]


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="names the failure for programs, and does not change")
    message: str = Field(description="one sentence for people")
    hint: str = Field("", description="what to do about it")
    field: str | None = Field(None, description="the part of the request that is at fault")
    retryable: bool = Field(False, description="whether the same request may do better later")
    request_id: str = Field(description="under which the server's log knows this request")


class ErrorBody(BaseModel):
    """The body of every answer with a status of 400 or more."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "invalid_request",
                        "message": "Input should be less than or equal to 100",
                        "hint": "See /openapi.json for what this route takes.",
                        "field": "k",
                        "retryable": False,
                        "request_id": "5d0c1f9ad5c24b6e",
                    }
                }
            ]
        }
    )

    error: ErrorDetail


_MEANING = {
    400: "The request cannot be read.",
    401: "No key, or one that is unknown or revoked.",
    403: "The key's scope or its shopper does not reach that far.",
    404: "There is no such thing.",
    409: "What was read went on elsewhere meanwhile.",
    412: "It is there already, and was to be new.",
    413: "The body is too large.",
    422: "A field is missing, unknown or out of bounds.",
    429: "The key has made too many requests; see Retry-After.",
    500: "The server is not set up as it should be, or failed.",
    502: "The language model failed.",
    503: "Overloaded, closing or not ready; see Retry-After.",
    504: "The answer took too long.",
    507: "The server has no room left to write.",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of a route's failures; those that any route may have are always in it."""
    common = (400, 413, 500, 503, 504)
    return {
        status: {"model": ErrorBody, "description": _MEANING[status]}
        for status in sorted({*common, *statuses})
    }
