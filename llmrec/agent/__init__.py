"""A conversation with a shopper: what the words change, what is remembered, what is answered."""

from __future__ import annotations

__all__: list[str] = []
