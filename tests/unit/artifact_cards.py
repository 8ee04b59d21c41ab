"""Cards and files for tests of what was learned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmrec.artifacts import Artifact, Artifacts, Card, CardData, Figure

__all__ = ["fills", "make_card", "publish"]


def make_card(kind: str = "fusion", mean: float = 0.5, **fields: Any) -> Card:
    """A card with one metric."""
    given: dict[str, Any] = {
        "kind": kind,
        "data": CardData(sha256="ab" * 32, events=100, users=10, items=20),
        "seed": 0,
        "seconds": 1.5,
        "metrics": {"ndcg@10": Figure(mean=mean, low=mean - 0.01, high=mean + 0.01, n=10)},
    }
    return Card(**(given | fields))


def fills(text: str = "learned") -> Callable[[Path], None]:
    """What writes one file, in a folder of its own."""

    def fill(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "weights").write_text(text)

    return fill


def publish(store: Artifacts, kind: str = "fusion", mean: float = 0.5, **fields: Any) -> Artifact:
    """A new version."""
    return store.publish(kind, fills(), make_card(kind, mean, **fields))
