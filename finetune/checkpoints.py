"""Checkpoints of a training: safetensors and JSON, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from llmrec.artifacts import publish_folder
from llmrec.config import disk_errors
from llmrec.errors import ConfigError, LockedError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TrainingFolder"]

_TENSORS, _STATE = "tensors.safetensors", "state.json"


class TrainingFolder:
    """The checkpoints of one run.

    Args:
        folder: of its own; made if missing.
        fingerprint: what must be equal for a checkpoint to be continued (settings, data).
        lock: file that says that somebody trains; in ``folder`` by default.
    """

    def __init__(
        self, folder: Path, fingerprint: Mapping[str, Any], *, lock: Path | None = None
    ) -> None:
        self.folder = folder
        self._lock = lock or folder / "train.lock"
        self._fingerprint: dict[str, Any] = json.loads(json.dumps(fingerprint))

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the folder, so that no second process trains in it.

        Raises:
            LockedError: another process does.
        """
        lock = FileLock(self._lock)
        try:
            with disk_errors(self._lock):
                self._lock.parent.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=0)
        except Timeout as error:
            raise LockedError(
                f"Another process is training in {self.folder}.",
                hint="Wait until it has finished, or train in another folder.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def latest(self) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
        """State and tensors of the last whole checkpoint, ``None`` if there is none.

        Raises:
            ConfigError: it belongs to another run; the message says what differs.
        """
        from safetensors.torch import load_file

        folders = sorted(self.folder.glob("at-*[0-9]"))
        if not folders:
            return None
        state = json.loads((folders[-1] / _STATE).read_text(encoding="utf-8"))
        theirs = state.pop("fingerprint")
        other = [name for name, value in self._fingerprint.items() if theirs.get(name) != value]
        if other:
            raise ConfigError(
                f"The checkpoint {folders[-1]} was made with other {', '.join(other)}.",
                hint="Train as before to continue it, or remove the folder to start afresh.",
            )
        return state, load_file(folders[-1] / _TENSORS)

    def save(self, step: int, state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Write the checkpoint after ``step`` steps of the run, then remove those before it."""
        from safetensors.torch import save_file

        def fill(folder: Path) -> None:
            # Clones: tensors that share memory are refused, and tied ones do.
            whole = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
            save_file(whole, folder / _TENSORS)
            text = json.dumps({**state, "fingerprint": self._fingerprint})
            (folder / _STATE).write_text(text, encoding="utf-8")

        target = self.folder / f"at-{step:010d}"
        shutil.rmtree(target, ignore_errors=True)
        publish_folder(target, fill)
        for old in self.folder.glob("at-*"):
            if old.name < target.name:
                shutil.rmtree(old, ignore_errors=True)

    def clear(self) -> None:
        """Remove all checkpoints, and the folder if nothing else lies in it."""
        for old in self.folder.glob("at-*"):
            shutil.rmtree(old, ignore_errors=True)
        with suppress(OSError):
            self.folder.rmdir()
