"""Public data sets by name: fetched from their homes only when named, and kept in the cache.

::

    ~/.cache/llmrec/datasets/      (or below LLMREC_CACHE)
    ├── downloads/NAME/            files as they came; a broken-off download goes on there
    └── NAME/                      interactions.parquet, items.*, source.json: a data folder

The folder is written under another name and renamed when it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from llmrec.config import cache_dir, disk_errors
from llmrec.errors import DataError, LockedError
from llmrec.eval.data import conversions
from llmrec.eval.data.download import RemoteFile, fetch, look

__all__ = ["AMAZON", "PUBLIC", "PublicSet", "prepare_public", "public_names", "public_set"]

Convert = Callable[[Mapping[str, Path], Path], None]

AMAZON = "amazon-2023"
"""Prefix of the names ``amazon-2023:CATEGORY``."""

_GROUPLENS = "https://files.grouplens.org/datasets/movielens"
_MOVIELENS_TERMS = "GroupLens: research use, no commercial use without permission"
_UCSD = "https://cseweb.ucsd.edu/~wckang"
_AMAZON_REPOSITORY = "datasets/McAuley-Lab/Amazon-Reviews-2023/resolve/main"


@dataclass(frozen=True)
class PublicSet:
    """A data set and how it becomes a data folder.

    Attributes:
        name: what the user says.
        about: one line on what it is.
        terms: its licence, in a few words.
        files: by the name that ``convert`` knows them by.
        convert: makes the data folder of the downloaded files.
    """

    name: str
    about: str
    terms: str
    files: Mapping[str, RemoteFile]
    convert: Convert


def _movielens(name: str, about: str, size: int, sha256: str, convert: Convert) -> PublicSet:
    file = RemoteFile(f"{_GROUPLENS}/{name}.zip", size, sha256)
    return PublicSet(name, about, _MOVIELENS_TERMS, {"zip": file}, convert)


PUBLIC: dict[str, PublicSet] = {
    one.name: one
    for one in (
        _movielens(
            "ml-latest-small",
            "MovieLens, 100,836 ratings of 610 users (2018)",
            978_202,
            "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
            conversions.movielens_csv,
        ),
        _movielens(
            "ml-100k",
            "MovieLens, 100,000 ratings of 943 users (1998)",
            4_924_029,
            "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
            conversions.movielens_100k,
        ),
        _movielens(
            "ml-1m",
            "MovieLens, 1,000,209 ratings of 6,040 users (2003)",
            5_917_549,
            "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
            conversions.movielens_1m,
        ),
        PublicSet(
            "steam",
            "Steam reviews, 7.8 million of 2.6 million players, and the games (2018)",
            "no licence stated; research use",
            {
                "reviews": RemoteFile(f"{_UCSD}/steam_reviews.json.gz"),
                "games": RemoteFile(f"{_UCSD}/steam_games.json.gz"),
            },
            conversions.steam,
        ),
    )
}


def public_names() -> tuple[str, ...]:
    """What may be named."""
    return (*PUBLIC, f"{AMAZON}:CATEGORY")


def public_set(name: str) -> PublicSet | None:
    """The set of that name; ``None`` if there is none.

    >>> public_set("amazon-2023:All_Beauty").about
    'Amazon Reviews 2023, All_Beauty: 5-core, last item out, with the products'
    """
    if not name.startswith(f"{AMAZON}:"):
        return PUBLIC.get(name)
    category = name.partition(":")[2]
    if not category.replace("_", "").isalnum():
        return None
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    home = f"{hub}/{_AMAZON_REPOSITORY}"
    split = f"{home}/benchmark/5core/last_out/{category}"
    files = {part: RemoteFile(f"{split}.{part}.csv") for part in ("train", "valid", "test")}
    files["products"] = RemoteFile(f"{home}/raw/meta_categories/meta_{category}.jsonl")
    about = f"Amazon Reviews 2023, {category}: 5-core, last item out, with the products"
    terms = "no licence stated; research use (McAuley lab)"
    return PublicSet(name, about, terms, files, conversions.amazon_2023)


def prepare_public(
    wanted: PublicSet,
    *,
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Make sure that a set is on this machine, and return its data folder.

    Args:
        wanted: which one.
        say: told what will be downloaded, from where and how large, before it begins.
        progress: called with the file's name, the bytes done and in all (0 if not known).

    Raises:
        DownloadError: its home cannot be reached, or the download broke off.
        DataError: what came is not what was pinned, or cannot be read.
        DiskFull: no space left.
        LockedError: another process has been fetching it for very long.
    """
    from filelock import FileLock, Timeout

    root = cache_dir() / "datasets"
    key = wanted.name.replace(":", "-")
    folder = root / key
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(root / f"{key}.lock", timeout=1800):
                if not (folder / "source.json").is_file():
                    _make(wanted, folder, root / "downloads" / key, say, progress)
        except Timeout as error:
            raise LockedError(
                f"Another process is still fetching '{wanted.name}'.", hint="Wait, or end it."
            ) from error
    return folder


def _make(
    wanted: PublicSet,
    folder: Path,
    downloads: Path,
    say: Callable[[str], None] | None,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    files = {
        name: file if file.size else look(file.url)
        for name, file in wanted.files.items()
        if not (downloads / _basename(file)).is_file()
    }
    if files and say:
        say(_announcement(wanted, files))
    paths = {name: downloads / _basename(file) for name, file in wanted.files.items()}
    for name, file in files.items():
        tell = partial(progress, _basename(file)) if progress else None
        fetch(file, paths[name], tell)
    made = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    try:
        _converted(wanted, paths, made)
        urls = [file.url for file in wanted.files.values()]
        source = {"name": wanted.name, "terms": wanted.terms, "files": urls}
        (made / "source.json").write_text(json.dumps(source, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    shutil.rmtree(downloads, ignore_errors=True)


def _converted(wanted: PublicSet, paths: Mapping[str, Path], made: Path) -> None:
    try:
        wanted.convert(paths, made)
    except conversions.UNREADABLE as error:
        for path in paths.values():
            path.unlink(missing_ok=True)
        raise DataError(
            f"the files of '{wanted.name}' cannot be read: {type(error).__name__}: {error}.",
            hint="They were removed; run it again. If it happens again, their home has changed.",
        ) from error


def _basename(file: RemoteFile) -> str:
    return file.url.rpartition("/")[2]


def _announcement(wanted: PublicSet, files: Mapping[str, RemoteFile]) -> str:
    known = [file.size for file in files.values() if file.size]
    size = f"{sum(known) / 1e6:,.1f} MB" if len(known) == len(files) else "an unknown size"
    lines = [f"{wanted.name}: {wanted.about}. Terms: {wanted.terms}.", f"Downloading {size}:"]
    lines += [f"  {file.url}" for file in files.values()]
    return "\n".join(lines)
