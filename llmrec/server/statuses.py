"""Each error's HTTP status, in one place; a test fails for an error that is missing here.

Errors of the caller's making are told in their own words. Those of the server's are told in words
that name no path, no address and no setting, and are written in full to the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmrec import errors

__all__ = ["STATUSES", "Status", "status_of"]

_RETRY_S = 2.0


@dataclass(frozen=True)
class Status:
    """How an error is answered.

    Attributes:
        status: of HTTP.
        code: names the error for programs, and does not change.
        says: what the caller reads instead of the error's own words; ``None``: those.
        logged: whether the error's words may be written to the log; those of a model may quote
            what a shopper wrote.
        retry_after: seconds that the answer names, if the error itself names none.
    """

    status: int
    code: str
    says: str | None = None
    logged: bool = True
    retry_after: float | None = None


_BROKEN = "The server is not set up as it should be."
_MODEL = "The language model failed."

STATUSES: dict[type[errors.LLMRecError], Status] = {
    errors.LLMRecError: Status(500, "internal", "The server failed.", logged=False),
    errors.ConfigError: Status(500, "misconfigured", _BROKEN),
    errors.WorkspaceError: Status(500, "misconfigured", _BROKEN),
    errors.LockedError: Status(
        503, "locked", "Another program is writing to the shop.", retry_after=_RETRY_S
    ),
    errors.DataError: Status(422, "invalid_request"),
    errors.HistoryError: Status(422, "invalid_request"),
    errors.ToolError: Status(422, "invalid_request"),
    errors.UnknownItem: Status(404, "not_found"),
    errors.CatalogError: Status(
        503, "catalog_unavailable", "The catalogue cannot be read.", retry_after=_RETRY_S
    ),
    errors.ModelError: Status(500, "model_broken", "The weights of the model cannot be used."),
    errors.WeightsMissing: Status(503, "model_missing", "The weights of the model are missing."),
    errors.WeightsCorrupt: Status(500, "model_broken", "The weights of the model are damaged."),
    errors.AdapterMismatch: Status(500, "model_broken", "An adapter does not fit the model."),
    errors.DownloadError: Status(
        503, "model_missing", "The weights of the model are missing.", retry_after=60.0
    ),
    errors.VectorIndexError: Status(
        503, "index_unavailable", "The index cannot be read.", retry_after=_RETRY_S
    ),
    errors.IndexMissing: Status(503, "index_missing", "The shop has not been indexed yet."),
    errors.IndexMismatch: Status(500, "misconfigured", _BROKEN),
    errors.EngineError: Status(502, "model_failed", _MODEL, logged=False),
    errors.EngineUnavailable: Status(
        503, "model_unavailable", "The language model cannot be reached.", retry_after=5.0
    ),
    errors.EngineTimeout: Status(504, "model_timeout", "The language model took too long."),
    errors.ContextOverflow: Status(
        422, "too_long", "The request is longer than the model can read.", logged=False
    ),
    errors.OutOfMemory: Status(
        503, "out_of_memory", "The model ran out of memory.", retry_after=5.0
    ),
    errors.RequestError: Status(400, "bad_request"),
    errors.KeyRefused: Status(401, "unauthorized"),
    errors.NotAllowed: Status(403, "forbidden"),
    errors.NotFound: Status(404, "not_found"),
    errors.AlreadyThere: Status(412, "already_there"),
    errors.TurnConflict: Status(409, "turn_conflict"),
    errors.TooLarge: Status(413, "too_large"),
    errors.RateExceeded: Status(429, "rate_exceeded", retry_after=_RETRY_S),
    errors.Overloaded: Status(503, "overloaded", retry_after=_RETRY_S),
    errors.TookTooLong: Status(504, "timeout"),
    errors.DiskFull: Status(507, "disk_full", "The server has no room left to write."),
    errors.MissingExtra: Status(500, "misconfigured", _BROKEN),
}


def status_of(kind: type[errors.LLMRecError]) -> Status:
    """How an error of this class is answered; one that is not ours, as the nearest one above."""
    return next(STATUSES[one] for one in kind.__mro__ if one in STATUSES)
