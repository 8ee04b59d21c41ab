"""The server's log: one JSON object a line. What shoppers say or are called is not in it."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Any

__all__ = ["JsonLines", "configuration"]


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, event, and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; an exception is named by its type alone, for its words may hold anything."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "at": at.isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False, default=str)


def configuration() -> dict[str, Any]:
    """For :func:`logging.config.dictConfig`: everything as JSON lines on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"llmrec.server": {"level": "INFO"}, "uvicorn.error": {"level": "INFO"}},
    }
