"""Files of public data sets, as their homes serve them, into data folders.

A data folder has ``interactions.parquet`` (user_id, item_id, timestamp, rating; split where the
home gives one) and ``items.parquet`` or ``items.jsonl``. Sets without a split of their own are cut
to their 5-core, as is usual with them: users and items with fewer than five ratings are left out,
until all that are left have five.
"""

from __future__ import annotations

import ast
import gzip
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "UNREADABLE",
    "amazon_2023",
    "five_core",
    "movielens_1m",
    "movielens_100k",
    "movielens_csv",
    "steam",
]

UNREADABLE = (
    EOFError,
    KeyError,
    ValueError,
    SyntaxError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
)
"""What a conversion raises on damaged files."""

_COLUMNS = ["user_id", "item_id", "rating", "timestamp"]


def movielens_csv(files: Mapping[str, Path], folder: Path) -> None:
    """``ratings.csv`` and ``movies.csv`` of the releases since 2015."""
    import pandas as pd

    with zipfile.ZipFile(files["zip"]) as archive:
        with archive.open(_member(archive, "ratings.csv")) as stream:
            ratings = pd.read_csv(stream, dtype={"userId": str, "movieId": str})
        with archive.open(_member(archive, "movies.csv")) as stream:
            movies = pd.read_csv(stream, dtype=str, keep_default_na=False)
    ratings.columns = pd.Index(_COLUMNS)
    items = movies.rename(columns={"movieId": "item_id", "genres": "category"})
    _write(five_core(ratings), items, folder)


def movielens_1m(files: Mapping[str, Path], folder: Path) -> None:
    """``ratings.dat`` and ``movies.dat``: fields parted by ``::``, Latin-1."""
    import pandas as pd

    with zipfile.ZipFile(files["zip"]) as archive:
        ratings = [line.split("::") for line in _lines(archive, "ratings.dat")]
        movies = [line.split("::") for line in _lines(archive, "movies.dat")]
    items = pd.DataFrame(movies, columns=["item_id", "title", "category"])
    _write(five_core(_ratings(ratings)), items, folder)


def movielens_100k(files: Mapping[str, Path], folder: Path) -> None:
    """``u.data`` (tabs), ``u.item`` (bars, Latin-1, one flag per genre) and ``u.genre``."""
    import pandas as pd

    with zipfile.ZipFile(files["zip"]) as archive:
        ratings = [line.split("\t") for line in _lines(archive, "u.data")]
        genres = [line.partition("|")[0] for line in _lines(archive, "u.genre")]
        movies = [line.split("|") for line in _lines(archive, "u.item")]
    rows = [
        (
            id,
            title,
            "|".join(name for name, on in zip(genres, flags, strict=True) if on == "1"),
        )
        for id, title, _, _, _, *flags in movies
    ]
    items = pd.DataFrame(rows, columns=["item_id", "title", "category"])
    _write(five_core(_ratings(ratings)), items, folder)


def amazon_2023(files: Mapping[str, Path], folder: Path) -> None:
    """The benchmark's last-out files and the category's products; times are in milliseconds."""
    import pandas as pd

    parts = []
    for part in ("train", "valid", "test"):
        frame = pd.read_csv(files[part], dtype={"user_id": str, "parent_asin": str})
        frame = frame.rename(columns={"parent_asin": "item_id"})
        parts.append(frame[_COLUMNS].assign(split=part))
    rows = pd.concat(parts, ignore_index=True)
    rows["timestamp"] = rows["timestamp"] // 1000
    rows.to_parquet(folder / "interactions.parquet")
    wanted = set(rows["item_id"])
    with (
        files["products"].open(encoding="utf-8") as products,
        (folder / "items.jsonl").open("w", encoding="utf-8") as out,
    ):
        for line in products:
            if json.loads(line)["parent_asin"] in wanted:
                out.write(line)


def steam(files: Mapping[str, Path], folder: Path) -> None:
    """Reviews and games, one Python literal a line; a review is an event without a rating."""
    import pandas as pd

    reviews = (
        (review["username"], str(review["product_id"]), _midnight(review["date"]))
        for review in _literals(files["reviews"])
    )
    columns = ["user_id", "item_id", "timestamp"]
    # Of several reviews the earliest, wherever it stands: later ones would be its future.
    frame = pd.DataFrame(list(reviews), columns=columns).sort_values("timestamp", kind="stable")
    frame = frame.drop_duplicates(["user_id", "item_id"])
    games = [
        {
            "item_id": str(game["id"]),
            "title": game.get("app_name") or game.get("title") or "",
            "brand": game.get("developer") or "",
            "category": "|".join(game.get("genres") or ()),
        }
        for game in _literals(files["games"])
        if game.get("id")
    ]
    items = pd.DataFrame(games).drop_duplicates("item_id")
    _write(five_core(frame), items[items["title"] != ""], folder)


def five_core(rows: pd.DataFrame, least: int = 5) -> pd.DataFrame:
    """Rows of users and items that have at least ``least`` rows, taken again until all have."""
    while True:
        users = rows["user_id"].map(rows["user_id"].value_counts())
        items = rows["item_id"].map(rows["item_id"].value_counts())
        kept = rows[(users >= least) & (items >= least)]
        if len(kept) == len(rows):
            return rows
        rows = kept


def _write(rows: pd.DataFrame, items: pd.DataFrame, folder: Path) -> None:
    rows.reset_index(drop=True).to_parquet(folder / "interactions.parquet")
    kept = items[items["item_id"].isin(set(rows["item_id"]))]
    kept.reset_index(drop=True).to_parquet(folder / "items.parquet")


def _ratings(rows: Iterable[list[str]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=_COLUMNS)
    return frame.astype({"rating": float, "timestamp": "int64"})


def _member(archive: zipfile.ZipFile, name: str) -> str:
    member = next((path for path in archive.namelist() if path.rpartition("/")[2] == name), None)
    if member is None:
        raise KeyError(f"no {name} in the archive")
    return member


def _lines(archive: zipfile.ZipFile, name: str) -> list[str]:
    text = archive.read(_member(archive, name)).decode("latin-1")
    return [line.rstrip("\r") for line in text.split("\n") if line.strip()]


def _literals(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield ast.literal_eval(line)


def _midnight(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=timezone.utc).timestamp())
