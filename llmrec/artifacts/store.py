"""The learned things of one workspace: publish, promote, roll back, remove.

::

    models/ranker/
    ├── current.json     which version serves, and which served before
    ├── 0001/            card.json and the files of that kind
    └── 0002/
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from llmrec.artifacts.card import CARD_NAME, KINDS, Card, read_card
from llmrec.artifacts.folders import folder_aside, sync_files
from llmrec.artifacts.pointer import POINTER_NAME, Pointer, read_pointer, write_pointer
from llmrec.config import disk_errors
from llmrec.errors import ConfigError, LockedError, ModelError

__all__ = ["Artifact", "Artifacts"]

_VERSION = re.compile(r"\d{4,}")
_BUILDING = ".building-"
_LOCK = ".lock"
_WAIT_S = 10.0


@dataclass(frozen=True)
class Artifact:
    """One version of something learned, whole on disk."""

    kind: str
    version: str
    folder: Path
    card: Card

    @property
    def name(self) -> str:
        """Kind and version, as settings and traces name it: ``ranker/0002``."""
        return f"{self.kind}/{self.version}"


class Artifacts:
    """The versions of everything learned in one workspace.

    Reading takes no lock. Every change is one rename, so that whoever reads, and a process killed
    at any moment, leaves and finds the old state or the new one.

    Args:
        root: the workspace's ``models_dir``.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def numbers(self, kind: str) -> tuple[str, ...]:
        """The names of all versions, oldest first; their cards are not read.

        Raises:
            ConfigError: there is no such kind.
        """
        home = self._home(kind)
        names = (one.name for one in home.iterdir() if one.is_dir()) if home.is_dir() else ()
        return tuple(sorted((one for one in names if _VERSION.fullmatch(one)), key=int))

    def versions(self, kind: str) -> tuple[Artifact, ...]:
        """All versions, oldest first.

        Raises:
            ConfigError: there is no such kind.
            ModelError: a card is damaged; the message names the file.
        """
        return tuple(self.get(kind, version) for version in self.numbers(kind))

    def get(self, kind: str, version: str) -> Artifact:
        """One version.

        Raises:
            ConfigError: there is no such kind.
            ModelError: there is no such version, or its card is damaged.
        """
        folder = self._folder(kind, version)
        return Artifact(kind, version, folder, read_card(folder))

    def serving(self, kind: str) -> str | None:
        """The number of the version that serves; nothing but the pointer is read.

        Raises:
            ConfigError: there is no such kind.
            ModelError: ``current.json`` is damaged.
        """
        return read_pointer(self._home(kind)).version

    def current(self, kind: str) -> Artifact | None:
        """The version that serves, ``None`` if nothing was promoted.

        Raises:
            ConfigError: there is no such kind.
            ModelError: it is damaged or gone.
        """
        version = self.serving(kind)
        return None if version is None else self.get(kind, version)

    def revision(self, kind: str) -> tuple[int, ...] | None:
        """A value that changes when another version is promoted; one ``stat``, nothing is read.

        Raises:
            ConfigError: there is no such kind.
        """
        try:
            found = (self._home(kind) / POINTER_NAME).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def publish(self, kind: str, fill: Callable[[Path], None], card: Card) -> Artifact:
        """Make a new version, whole or not at all; it does not serve yet.

        Other versions may be published, promoted or removed while ``fill`` runs.

        Args:
            kind: one of :data:`~llmrec.artifacts.card.KINDS`.
            fill: writes the files into the folder it is given; ``card.json`` is not its business.
            card: what is known about the version; its ``kind`` is ``kind``.

        Raises:
            ConfigError: there is no such kind.
            DiskFull: no space is left; nothing of the version stays.
            LockedError: another process holds the kind's lock for long.
            ValueError: the card is of another kind, or ``fill`` wrote a card of its own.
        """
        home = self._home(kind)
        if card.kind != kind:
            raise ValueError(f"a card of the kind '{card.kind}' cannot be published as '{kind}'")
        with disk_errors(home), self._building(kind) as partial:
            fill(partial)
            if (partial / CARD_NAME).exists():
                raise ValueError(f"fill wrote {CARD_NAME}; what it says belongs into the card")
            card.write(partial)
            sync_files(partial)
            with self._locked(kind):
                version = self._next(kind)
                os.replace(partial, home / version)
        return Artifact(kind, version, home / version, card)

    def promote(self, kind: str, version: str) -> Artifact:
        """Let ``version`` serve from now on.

        Raises:
            ConfigError: there is no such kind.
            ModelError: there is no such version, or its card is damaged.
            LockedError: another process holds the kind's lock for long.
        """
        with self._locked(kind):
            chosen = self.get(kind, version)
            self._point(kind, read_pointer(self._home(kind)).moved_to(version))
            return chosen

    def rollback(self, kind: str) -> Artifact | None:
        """Let serve what served before; ``None`` if nothing did, and nothing does from now on.

        Raises:
            ConfigError: there is no such kind.
            ModelError: nothing serves, so that there is nothing to take back.
            LockedError: another process holds the kind's lock for long.
        """
        with self._locked(kind):
            pointer = read_pointer(self._home(kind))
            if pointer.version is None:
                raise ModelError(
                    f"Nothing of the kind '{kind}' serves; there is nothing to take back.",
                    hint=f"Let a version serve with: llmrec models promote {kind} VERSION",
                )
            there = self.numbers(kind)
            # A folder deleted by hand is passed over.
            before = tuple(one for one in pointer.before if one in there)
            version = before[-1] if before else None
            chosen = None if version is None else self.get(kind, version)
            self._point(
                kind, pointer.model_copy(update={"version": version, "before": before[:-1]})
            )
            return chosen

    def remove(self, kind: str, version: str) -> None:
        """Delete a version that does not serve; its number is not given again.

        Raises:
            ConfigError: there is no such kind.
            ModelError: it serves, or there is none of that number.
            LockedError: another process holds the kind's lock for long.
        """
        with self._locked(kind):
            folder = self._folder(kind, version)
            pointer = read_pointer(folder.parent)
            if pointer.version == version:
                raise ModelError(
                    f"'{kind}/{version}' serves; it is not removed.",
                    hint=f"First run: llmrec models rollback {kind}, or promote another version.",
                )
            self._point(kind, pointer.without(version))
            # Renamed first: a removal that is killed leaves no half version.
            doomed = folder.with_name(_BUILDING + secrets.token_hex(6))
            with disk_errors(folder):
                os.replace(folder, doomed)
                shutil.rmtree(doomed)

    def _home(self, kind: str) -> Path:
        if kind not in KINDS:
            raise ConfigError(
                f"There is no learned part of the kind '{kind}'.",
                hint=f"Kinds are: {', '.join(KINDS)}.",
            )
        return self.root / kind

    def _folder(self, kind: str, version: str) -> Path:
        folder = self._home(kind) / version
        if not _VERSION.fullmatch(version) or not folder.is_dir():
            there = ", ".join(self.numbers(kind))
            raise ModelError(
                f"There is no version '{version}' of '{kind}' in {self.root}.",
                hint=f"There are: {there}." if there else f"No '{kind}' was published here yet.",
            )
        return folder

    def _next(self, kind: str) -> str:
        last = read_pointer(self._home(kind)).last
        return f"{max([last, *map(int, self.numbers(kind))]) + 1:04}"

    def _point(self, kind: str, pointer: Pointer) -> None:
        write_pointer(self._home(kind), pointer)

    @contextmanager
    def _building(self, kind: str) -> Iterator[Path]:
        """A folder to build in, with a lock that says that somebody still does."""
        home = self._home(kind)
        partial = home / (_BUILDING + secrets.token_hex(6))
        lock = FileLock(partial.with_name(partial.name + _LOCK))
        with ExitStack() as held:
            with self._locked(kind):
                _sweep(home)
                held.enter_context(lock)
                held.callback(Path(lock.lock_file).unlink, missing_ok=True)
                folder = held.enter_context(folder_aside(partial))
            yield folder

    @contextmanager
    def _locked(self, kind: str) -> Iterator[None]:
        path = self._home(kind) / "write.lock"
        lock = FileLock(path)
        try:
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=_WAIT_S)
        except Timeout as error:
            raise LockedError(
                f"Another process is changing {path.parent}.",
                hint="Wait until it has finished, then run this one again.",
            ) from error
        try:
            yield
        finally:
            lock.release()


def _sweep(home: Path) -> None:
    """Remove what processes that were killed have left behind; the caller holds the kind's lock."""
    for name in {left.name.removesuffix(_LOCK) for left in home.glob(f"{_BUILDING}*")}:
        mark = FileLock(home / (name + _LOCK))
        with suppress(Timeout), mark.acquire(timeout=0):
            shutil.rmtree(home / name, ignore_errors=True)
            Path(mark.lock_file).unlink(missing_ok=True)
