"""Reading shoppers' messages: what a message says, as one typed value."""

from __future__ import annotations

from llmrec.reading.prompt import ReadingContext
from llmrec.reading.reader import MessageReader
from llmrec.reading.reading import Reading
from llmrec.reading.tracing import Traced

__all__ = ["MessageReader", "Reading", "ReadingContext", "Traced"]
