"""The learned things of one workspace: publish, promote, roll back, remove.

::

    models/ranker/
    ├── current.json     which version serves, and which served before
    ├── 0001/            card.json and the files of that kind
    └── 0002/
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llmrec.artifacts.card import CARD_NAME, KINDS, Card, read_card
from llmrec.artifacts.comparison import CardComparison
from llmrec.artifacts.folders import filled
from llmrec.artifacts.home import building, bury, is_number, locked, next_number, numbers
from llmrec.artifacts.pointer import POINTER_NAME, read_pointer, write_pointer
from llmrec.config import disk_errors
from llmrec.errors import ConfigError, ModelError

__all__ = ["Artifact", "Artifacts"]


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
    at any moment, leaves and finds the old state or the new one. Every method raises
    :class:`~llmrec.errors.ConfigError` where there is no such kind; those that change something
    raise :class:`~llmrec.errors.LockedError` if another process holds the kind's lock for a minute.

    Args:
        root: the workspace's ``models_dir``.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def numbers(self, kind: str) -> tuple[str, ...]:
        """The numbers of all versions, oldest first; their cards are not read."""
        return numbers(self._home(kind))

    def versions(self, kind: str) -> tuple[Artifact, ...]:
        """All versions, oldest first.

        Raises:
            ModelError: a card is damaged; the message names file and field.
        """
        return tuple(self.get(kind, version) for version in self.numbers(kind))

    def get(self, kind: str, version: str) -> Artifact:
        """One version.

        Raises:
            ModelError: there is no such version, or its card is damaged or of another kind.
            WorkspaceError: a newer llmrec wrote it.
        """
        folder = self._folder(kind, version)
        card = read_card(folder)
        if card.kind != kind:
            raise ModelError(
                f"{folder / CARD_NAME} is of the kind '{card.kind}', not '{kind}'.",
                hint=f"Move that folder to where '{card.kind}' lies, or remove it.",
            )
        return Artifact(kind, version, folder, card)

    def serving(self, kind: str) -> str | None:
        """The number of the version that serves; nothing but the pointer is read.

        Raises:
            ModelError: ``current.json`` is damaged.
            WorkspaceError: a newer llmrec wrote it.
        """
        return read_pointer(self._home(kind)).version

    def current(self, kind: str) -> Artifact | None:
        """The version that serves, ``None`` if nothing was promoted.

        Raises:
            ModelError: it is damaged or gone.
            WorkspaceError: a newer llmrec wrote it.
        """
        while (version := self.serving(kind)) is not None:
            try:
                return self.get(kind, version)
            except ModelError:
                # It may have been rolled back and removed since the pointer was read.
                if self.serving(kind) == version:
                    raise
        return None

    def revision(self, kind: str) -> tuple[int, ...] | None:
        """A value that changes when another version is promoted; one ``stat``, nothing is read."""
        try:
            status = (self._home(kind) / POINTER_NAME).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def publish(self, kind: str, fill: Callable[[Path], None], card: Card) -> Artifact:
        """Make a new version, whole or not at all; it does not serve yet.

        Other versions may be published, promoted or removed while ``fill`` runs.

        Args:
            kind: one of :data:`~llmrec.artifacts.card.KINDS`.
            fill: writes the files into the folder it is given; ``card.json`` is not its business.
            card: what is known about the version; its ``kind`` is ``kind``.

        Raises:
            DiskFull: no space is left; nothing of the version stays.
            ValueError: the card is of another kind, or ``fill`` wrote a card of its own.
        """
        home = self._home(kind)
        if card.kind != kind:
            raise ValueError(f"a card of the kind '{card.kind}' cannot be published as '{kind}'")

        def fill_all(partial: Path) -> None:
            fill(partial)
            if (partial / CARD_NAME).exists():
                raise ValueError(f"fill wrote {CARD_NAME}; what it says belongs into the card")
            card.write(partial)

        with disk_errors(home), building(home) as partial:
            filled(partial, fill_all)
            with locked(home):
                version = next_number(home)
                os.replace(partial, home / version)
        return Artifact(kind, version, home / version, card)

    def promote(self, kind: str, version: str, *, unless_worse: bool = False) -> Artifact:
        """Let ``version`` serve from now on.

        Args:
            kind: of what.
            version: its number.
            unless_worse: refuse one whose main metric is below that of the one that serves; see
                :class:`~llmrec.artifacts.comparison.CardComparison`.

        Raises:
            DiskFull: no space is left; what served still does.
            ModelError: there is no such version, its card or ``current.json`` is damaged, or it is
                worse; the message gives both figures.
        """
        home = self._home(kind)
        with locked(home):
            chosen = self.get(kind, version)
            if unless_worse:
                _refuse_worse(chosen, self._readable(kind))
            write_pointer(home, read_pointer(home).moved_to(version))
        return chosen

    def rollback(self, kind: str) -> Artifact | None:
        """Let serve what served before; ``None`` if nothing did, and nothing does from now on.

        Raises:
            DiskFull: no space is left; what served still does.
            ModelError: nothing serves, or what did before is damaged.
        """
        home = self._home(kind)
        with locked(home):
            pointer = read_pointer(home)
            if pointer.version is None:
                raise ModelError(
                    f"Nothing of the kind '{kind}' serves; there is nothing to take back.",
                    hint=f"Let a version serve with: llmrec models promote {kind} VERSION",
                )
            back = pointer.moved_back(numbers(home))
            chosen = None if back.version is None else self.get(kind, back.version)
            write_pointer(home, back)
        return chosen

    def remove(self, kind: str, version: str) -> None:
        """Delete a version that does not serve; its number is not given again.

        Raises:
            ModelError: it serves, or there is none of that number, or ``current.json`` is damaged.
        """
        home = self._home(kind)
        with locked(home):
            folder = self._folder(kind, version)
            if read_pointer(home).version == version:
                raise ModelError(
                    f"'{kind}/{version}' serves; it is not removed.",
                    hint=f"First run: llmrec models rollback {kind}, or promote another version.",
                )
            with disk_errors(folder):
                bury(folder)

    def _readable(self, kind: str) -> Artifact | None:
        """What serves; ``None`` if that is damaged, which a promotion may be about to mend."""
        version = self.serving(kind)
        with suppress(ModelError):
            return None if version is None else self.get(kind, version)
        return None

    def _home(self, kind: str) -> Path:
        if kind not in KINDS:
            raise ConfigError(
                f"There is no learned part of the kind '{kind}'.",
                hint=f"Kinds are: {', '.join(KINDS)}.",
            )
        return self.root / kind

    def _folder(self, kind: str, version: str) -> Path:
        folder = self._home(kind) / version
        if not is_number(version) or not folder.is_dir():
            there = ", ".join(self.numbers(kind))
            raise ModelError(
                f"There is no version '{version}' of '{kind}' in {self.root}.",
                hint=f"There are: {there}." if there else f"No '{kind}' was published here yet.",
            )
        return folder


def _refuse_worse(new: Artifact, serving: Artifact | None) -> None:
    if serving is None:
        return
    compared = CardComparison(new.card, serving.card)
    if compared.worse:
        raise ModelError(
            f"'{new.name}' is worse than '{serving.name}', which serves: {compared}.",
            hint=f"Promote it all the same with: llmrec models promote {new.kind} {new.version} "
            "--force",
        )
