"""What the assistant says: short sentences from templates, in the shopper's language."""

from __future__ import annotations

from llmrec.agent.replies.listing import (
    EXACT,
    drop_all,
    either,
    listed,
    sought,
    spoken,
    to_drop,
    with_price,
)
from llmrec.agent.replies.texts import say

__all__ = [
    "EXACT",
    "drop_all",
    "either",
    "listed",
    "say",
    "sought",
    "spoken",
    "to_drop",
    "with_price",
]
