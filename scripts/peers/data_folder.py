"""A data folder as every peer reads it: what may be learnt from, and the histories that are shown.

The rules are those of ``llmrec.eval.given_split``, without importing it: a peer lives in an
environment of its own. Each answer carries a fingerprint of its history, so that the harness
notices if the two ever part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

__all__ = ["Folder", "Order", "Part", "fingerprint", "read_folder"]

Part = Literal["valid", "test"]
Order = Literal["time", "position"]

_SHOWN = {"valid": ("train", "history"), "test": ("train", "history", "valid")}
_KNOWN = {"valid": ("train",), "test": ("train", "valid")}


@dataclass(frozen=True)
class Folder:
    """The rows of ``interactions.parquet``: ``user``, ``item``, ``split``, each user's in order."""

    name: str
    rows: pd.DataFrame

    def training(self) -> pd.DataFrame:
        """Training rows alone."""
        return self.rows[self.rows["split"] == "train"]

    def known(self, part: Part) -> pd.DataFrame:
        """Rows that a model may learn from before ``part`` is asked.

        For ``test`` these are also the validation targets, which lie in the past by then.
        """
        return self.rows[self.rows["split"].isin(_KNOWN[part])]

    def shown(self, part: Part) -> pd.DataFrame:
        """Rows of the histories of all users whom ``part`` asks."""
        users = self.rows.loc[self.rows["split"] == part, "user"].unique()
        mine = self.rows["split"].isin(_SHOWN[part]) & self.rows["user"].isin(users)
        return self.rows[mine]

    def histories(self, part: Part) -> dict[str, tuple[str, ...]]:
        """Item ids by user whom ``part`` asks, oldest first; empty for the cold."""
        users = self.rows.loc[self.rows["split"] == part, "user"].unique()
        lists = self.shown(part).groupby("user", sort=False)["item"].agg(tuple)
        return {user: lists.get(user, ()) for user in users}

    def targets(self, part: Part) -> dict[str, frozenset[str]]:
        """What each user takes next."""
        rows = self.rows[self.rows["split"] == part]
        return dict(rows.groupby("user", sort=False)["item"].agg(frozenset))


def read_folder(path: Path, order: Order = "position") -> Folder:
    """Read ``interactions.parquet`` of a folder.

    Args:
        path: of the folder.
        order: ``position`` alone, or ``time`` and within one moment the position.

    Raises:
        ValueError: a column that the order needs is missing.
    """
    table = pd.read_parquet(path / "interactions.parquet")
    keys = {"position": ["position"], "time": ["timestamp", "position"]}[order]
    missing = [column for column in ("user_id", "item_id", "split", *keys) if column not in table]
    if missing:
        raise ValueError(f"{path}: the column '{missing[0]}' is missing.")
    if order == "time":
        table["timestamp"] = pd.to_numeric(table["timestamp"])
    table = table.sort_values(["user_id", *keys], kind="stable", na_position="first")
    # Within a user the parts stand in their order, whatever the times of one basket say.
    rank = table["split"].map({"train": 0, "history": 0, "valid": 1, "test": 2})
    table = table.assign(rank=rank).sort_values(["user_id", "rank"], kind="stable")
    rows = table.rename(columns={"user_id": "user", "item_id": "item"})
    plain = rows[["user", "item", "split"]].astype(object).reset_index(drop=True)
    return Folder(path.resolve().name, plain)


def fingerprint(history: tuple[str, ...]) -> str:
    """16 hex digits of SHA-256 over the item ids."""
    return hashlib.sha256("\x1f".join(history).encode()).hexdigest()[:16]
