"""One error tree: every failure that llmrec raises on purpose is one of these.

::

    LLMRecError
    ├── ConfigError              llmrec.toml, environment or a flag says something impossible
    ├── WorkspaceError           the folder is missing, foreign, newer than this program, or full
    │   └── LockedError          somebody else is writing (retryable)
    ├── DataError                input that cannot be read; names file, row and field
    │   ├── HistoryError         a history, k, query or filter that cannot be served
    │   ├── ToolError            arguments that a tool of the assistant cannot serve
    │   └── UnknownItem          a product that the catalogue does not know
    ├── CatalogError             the database behind the catalogue failed
    ├── ModelError
    │   ├── WeightsMissing       the named weights are not on this machine yet
    │   ├── WeightsCorrupt       a hash differs from the pinned one
    │   ├── AdapterMismatch      an adapter of another base model
    │   └── DownloadError        registry or hub out of reach (retryable)
    ├── VectorIndexError
    │   ├── IndexMissing         nothing indexed yet
    │   └── IndexMismatch        made with another encoder
    ├── EngineError              the language model failed
    │   ├── EngineUnavailable    not loaded, not reachable (retryable)
    │   │   └── EngineTimeout    it took longer than allowed (retryable)
    │   ├── ContextOverflow      the prompt is longer than the model's context
    │   └── OutOfMemory
    ├── RequestError             a request that the server does not serve
    │   ├── KeyRefused           no key, or one that is unknown or revoked
    │   ├── NotAllowed           the key's scope, or its shopper, does not reach that far
    │   ├── NotFound             there is no such thing
    │   ├── AlreadyThere         what was to be new is there already
    │   ├── TurnConflict         the conversation went on elsewhere meanwhile
    │   ├── TooLarge             a body of more bytes than allowed
    │   ├── RateExceeded         more requests than the key may make (retryable)
    │   ├── Overloaded           the server has its hands full, or is closing (retryable)
    │   └── TookTooLong          no answer within the time allowed (retryable)
    ├── DiskFull                 no space left on the device
    └── MissingExtra             an optional dependency is not installed

Each carries one sentence of what went wrong, a ``hint`` of what to do, and ``retryable``.
The command line prints exactly these two and exits with ``exit_code``.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AdapterMismatch",
    "AlreadyThere",
    "CatalogError",
    "ConfigError",
    "ContextOverflow",
    "DataError",
    "DiskFull",
    "DownloadError",
    "EngineError",
    "EngineTimeout",
    "EngineUnavailable",
    "HistoryError",
    "IndexMismatch",
    "IndexMissing",
    "KeyRefused",
    "LLMRecError",
    "LockedError",
    "MissingExtra",
    "ModelError",
    "NotAllowed",
    "NotFound",
    "OutOfMemory",
    "Overloaded",
    "RateExceeded",
    "RequestError",
    "TooLarge",
    "TookTooLong",
    "ToolError",
    "TurnConflict",
    "UnknownItem",
    "VectorIndexError",
    "WeightsCorrupt",
    "WeightsMissing",
    "WorkspaceError",
    "near_miss",
]


class LLMRecError(Exception):
    """Base of every error that llmrec raises on purpose.

    Args:
        message: one sentence: what went wrong, with the names involved.
        hint: one sentence: what to do about it; empty if nothing can be said.
    """

    retryable = False
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class ConfigError(LLMRecError):
    """A setting, from whatever source, that cannot be honoured."""

    exit_code = 2


class WorkspaceError(LLMRecError):
    """The workspace folder is missing, not one of ours, or made by a newer version."""


class LockedError(WorkspaceError):
    """Another process is writing to the workspace."""

    retryable = True


class DataError(LLMRecError):
    """Input that cannot be read.

    Args:
        message: what is wrong with the value.
        file: the file it stands in, as the user named it.
        row: 1-based row (or line) in that file; a header is row 1.
        field: the column or key.
        hint: what to do.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        row: int | None = None,
        field: str | None = None,
        hint: str = "",
    ) -> None:
        place = ", ".join(
            part
            for part in (
                file or "",
                f"row {row}" if row is not None else "",
                f"field '{field}'" if field else "",
            )
            if part
        )
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.reason = message
        self.file = file
        self.row = row
        self.field = field


class HistoryError(DataError):
    """A request (history, k, query, filters) that cannot be served."""

    exit_code = 2


class ToolError(DataError):
    """Arguments that a tool of the assistant cannot serve."""

    exit_code = 2


class UnknownItem(DataError):
    """A product was named that the catalogue does not know."""


class CatalogError(LLMRecError):
    """The database behind the catalogue failed."""


class ModelError(LLMRecError):
    """Something is wrong with model weights."""


class WeightsMissing(ModelError):
    """Named weights are not on this machine."""


class WeightsCorrupt(ModelError):
    """A file's hash differs from the pinned one."""


class AdapterMismatch(ModelError):
    """An adapter was trained on another base model than the one that runs."""


class DownloadError(ModelError):
    """A registry or hub could not be reached, or does not have what was asked for."""

    retryable = True


class VectorIndexError(LLMRecError):
    """Something is wrong with the vector index."""


class IndexMissing(VectorIndexError):
    """Nothing has been indexed yet."""


class IndexMismatch(VectorIndexError):
    """The index was made with another encoder than the configured one."""


class EngineError(LLMRecError):
    """The language model failed."""


class EngineUnavailable(EngineError):
    """The engine cannot be loaded or reached."""

    retryable = True


class EngineTimeout(EngineUnavailable):
    """A call took longer than the engine's ``timeout_s``; its work was given up."""


class ContextOverflow(EngineError):
    """A prompt is longer than the model's context; raised before anything runs."""


class OutOfMemory(EngineError):
    """The model or the batch does not fit into memory."""


class RequestError(LLMRecError):
    """A request that the server does not serve.

    Args:
        message: what was refused.
        hint: what to do.
        retry_after: seconds after which it is worth another try; ``None`` if no time can be said.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class KeyRefused(RequestError):
    """No key came with the request, or one that is unknown or revoked."""


class NotAllowed(RequestError):
    """The key is good, but not for this."""


class NotFound(RequestError):
    """What the request names does not exist."""


class AlreadyThere(RequestError):
    """The request wants something to be new, and it exists."""


class TurnConflict(RequestError):
    """A conversation went on elsewhere while this turn of it was under way."""


class TooLarge(RequestError):
    """The request's body has more bytes than the server reads."""


class RateExceeded(RequestError):
    """The key has made more requests than it may."""

    retryable = True


class Overloaded(RequestError):
    """The server has as much to do as it can take, or is closing."""

    retryable = True


class TookTooLong(RequestError):
    """The request was not answered in the time allowed; its work was given up."""

    retryable = True


class DiskFull(LLMRecError):
    """No space left on the device; nothing half-written is left behind."""


class MissingExtra(LLMRecError):
    """An optional dependency is not installed.

    >>> str(MissingExtra("peft", extra="train"))
    "The package 'peft' is not installed. Run: pip install 'llmrec[train]'"
    """

    exit_code = 2

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"The package '{package}' is not installed.",
            hint=f"Run: pip install 'llmrec[{extra}]'",
        )
        self.package = package
        self.extra = extra


def near_miss(name: str, known: Iterable[str]) -> str:
    """A question to begin a hint with, where a name is like one that exists; else nothing.

    >>> near_miss("titel", ["title", "price"]), near_miss("x", ["title"])
    ("Did you mean 'title'? ", '')
    """
    by_case = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), by_case, n=1)
    return f"Did you mean '{by_case[close[0]]}'? " if close else ""
