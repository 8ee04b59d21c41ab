"""How many requests are being answered, and whether new ones still are."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Traffic"]


@dataclass
class Traffic:
    """Written and read by the event loop's thread alone.

    Attributes:
        in_flight: requests being answered.
        closing: whether new requests are refused, because the server is about to end.
    """

    in_flight: int = 0
    closing: bool = False
