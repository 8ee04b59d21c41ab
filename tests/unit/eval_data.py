"""A small data set in every form that ``open_data`` takes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd

WORDS = ("tea", "pot", "mug", "kettle", "lamp", "rug", "vase", "tray", "bowl", "knife")


def make_rows(users: int = 30, items: int = 40, *, seed: int = 3) -> list[dict[str, Any]]:
    """Rows with a leave-one-out split: each user has six to nine different items, one a day."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for user in range(users):
        taken = draw.sample(range(items), draw.randint(6, 9))
        for place, item in enumerate(taken):
            left = len(taken) - place
            rows.append(
                {
                    "user_id": f"u{user:03}",
                    "item_id": f"i{item:03}",
                    "timestamp": 1_700_000_000 + 86_400 * place + user,
                    "position": place,
                    "split": {1: "test", 2: "valid"}.get(left, "train"),
                }
            )
    return rows


def make_items(items: int = 40) -> list[dict[str, Any]]:
    """Items with a title and a category."""
    return [
        {
            "item_id": f"i{item:03}",
            "title": f"{WORDS[item % 10]} {WORDS[(item // 10) % 10]} no {item}",
            "category": f"Home > {WORDS[item % 5]}",
        }
        for item in range(items)
    ]


def make_folder(
    folder: Path,
    rows: list[dict[str, Any]] | None = None,
    items: list[dict[str, Any]] | None = None,
) -> Path:
    """A data folder as in the research data."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(make_rows() if rows is None else rows).to_parquet(folder / "interactions.parquet")
    pd.DataFrame(make_items() if items is None else items).to_parquet(folder / "items.parquet")
    return folder
