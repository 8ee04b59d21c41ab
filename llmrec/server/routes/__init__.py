"""The routes, one router in each file; :mod:`llmrec.server.app` puts them together."""

from __future__ import annotations

__all__: list[str] = []
