"""Where engines keep what they have made of weights: a folder of the cache for each of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from llmrec.config import cache_dir

__all__ = ["ENGINES", "derived_folder"]

ENGINES = ("openvino",)
"""Engines that convert weights, by the names of their folders in the cache."""


def derived_folder(engine: str, weights: Path) -> Path:
    """The folder for what ``engine`` makes of the weights in the folder ``weights``."""
    where = weights.expanduser().resolve()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", where.name)[:60]
    short = hashlib.sha256(str(where).encode()).hexdigest()[:8]
    return cache_dir() / engine / f"{name}-{short}"
