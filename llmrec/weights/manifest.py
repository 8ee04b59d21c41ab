"""The marker of a finished folder of weights: every file with its size and SHA-256.

A folder without ``manifest.json`` is not finished and is never used. :func:`write` runs last, in
the temporary folder, before that is renamed into place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from llmrec.errors import WeightsCorrupt

__all__ = ["FORMAT", "MANIFEST", "FileEntry", "Manifest", "check", "read", "sha256_of", "write"]

MANIFEST = "manifest.json"

FORMAT = 1
"""Raised when the way files are produced changes; older folders are then made again."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One produced file: path below the folder, size in bytes, hexadecimal SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished folder holds and where it came from."""

    name: str
    source: str
    files: tuple[FileEntry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)


def sha256_of(stream: BinaryIO, progress: Callable[[int], None] | None = None) -> str:
    """Hexadecimal SHA-256 of a stream; ``progress`` gets the bytes read since its last call."""
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
        if progress:
            progress(len(chunk))
    return digest.hexdigest()


def write(folder: Path, *, name: str, source: str) -> Manifest:
    """Hash every file of ``folder`` and write the marker into it."""
    entries = []
    for path in _files(folder):
        with path.open("rb") as stream:
            digest = sha256_of(stream)
        relative = path.relative_to(folder).as_posix()
        entries.append(FileEntry(relative, path.stat().st_size, digest))
    manifest = Manifest(name, source, tuple(entries))
    content = {
        "format": FORMAT,
        "name": name,
        "source": source,
        "files": {entry.path: {"bytes": entry.size, "sha256": entry.sha256} for entry in entries},
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return manifest


def read(folder: Path) -> Manifest | None:
    """The marker of ``folder``; ``None`` if there is none or if it is of another format."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return None
        files = tuple(
            FileEntry(path, int(entry["bytes"]), str(entry["sha256"]))
            for path, entry in content["files"].items()
        )
        return Manifest(str(content["name"]), str(content["source"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def check(folder: Path, manifest: Manifest, progress: Callable[[int], None] | None = None) -> None:
    """Compare every file with the marker.

    Raises:
        WeightsCorrupt: a file is missing or differs; the message names it.
    """
    hint = f"Run: llmrec models pull {manifest.name} --force"
    for entry in manifest.files:
        path = folder / entry.path
        if not path.is_file():
            raise WeightsCorrupt(f"{path} is missing.", hint=hint)
        with path.open("rb") as stream:
            digest = sha256_of(stream, progress)
        if digest != entry.sha256:
            raise WeightsCorrupt(
                f"{path} is damaged: its SHA-256 starts with {digest[:12]}, "
                f"not {entry.sha256[:12]}.",
                hint=hint,
            )


def _files(folder: Path) -> Iterator[Path]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    # huggingface_hub keeps its own bookkeeping in a hidden folder of the download.
    return (
        path
        for path in paths
        if path.name != MANIFEST and ".cache" not in path.relative_to(folder).parts
    )
