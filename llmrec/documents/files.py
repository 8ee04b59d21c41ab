"""The Markdown files of a shop, read and cut."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from llmrec.config import Workspace
from llmrec.documents.passages import Passage, cut
from llmrec.errors import ConfigError, DataError

__all__ = ["Document", "documents_folder", "read_documents"]

_CUT = b"1"
"""Moves on with every change to how files are cut, so that they are indexed anew."""


@dataclass(frozen=True)
class Document:
    """One file: its path below the folder with ``/``, a hash of its bytes, and its passages."""

    name: str
    digest: str
    passages: tuple[Passage, ...]


def documents_folder(workspace: Workspace) -> Path | None:
    """Where the documents of a shop lie; ``None`` where it has no such folder.

    Raises:
        ConfigError: a folder was set that is not there.
    """
    settings = workspace.settings.documents
    folder = workspace.path / Path(settings.folder).expanduser()
    if folder.is_dir():
        return folder
    if "folder" in settings.model_fields_set:
        raise ConfigError(
            f"documents.folder: {folder} is not a folder.",
            hint="Make it and put Markdown files there, or correct the setting in llmrec.toml.",
        )
    return None


def read_documents(folder: Path) -> list[Document]:
    """All ``.md`` files below ``folder`` but hidden ones, ordered by name.

    Raises:
        DataError: a file is not text in UTF-8, or cannot be read; names it.
    """
    paths = sorted(path for path in folder.rglob("*.md") if path.is_file())
    named = [(path.relative_to(folder).as_posix(), path) for path in paths]
    return [_read(name, path) for name, path in named if not f"/{name}".count("/.")]


def _read(name: str, path: Path) -> Document:
    try:
        content = path.read_bytes()
        passages = tuple(cut(content.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise DataError(
            "it is not text in UTF-8.", file=str(path), hint="Save it as UTF-8."
        ) from error
    except OSError as error:
        raise DataError(
            f"it cannot be read: {error.strerror}.", file=str(path), hint="Check its permissions."
        ) from error
    return Document(name, blake2b(content, digest_size=16, key=_CUT).hexdigest(), passages)
