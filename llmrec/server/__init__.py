"""The HTTP server: the main path, the catalogue and the event log for other programs.

Start it with ``llmrec serve``; :func:`llmrec.server.app.create_app` makes the application.
"""

from __future__ import annotations

__all__: list[str] = []
