"""What requests and answers look like: one file for each kind of route."""

from __future__ import annotations

__all__: list[str] = []
