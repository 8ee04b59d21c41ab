"""Checkpoints and results on disk: a folder appears whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from llmrec.artifacts import publish_folder
from llmrec.config import disk_errors
from llmrec.errors import ConfigError, LockedError, WorkspaceError

__all__ = ["Checkpoints", "StepReport", "publish_folder"]

_TENSORS, _STATE = "trainer.pt", "state.json"


@dataclass(frozen=True, slots=True)
class StepReport:
    """One optimizer step: mean ``loss`` and ``accuracy`` of its ``examples`` before the update."""

    step: int
    steps: int
    epoch: int
    examples: int
    loss: float
    accuracy: float
    learning_rate: float


class Checkpoints:
    """The checkpoints of one training run, in ``<out>.training`` beside its result.

    Args:
        out: where the result will be.
        fingerprint: what must be equal for a checkpoint to be continued (settings, data, base).
    """

    def __init__(self, out: Path, fingerprint: Mapping[str, Any]) -> None:
        self.folder = out.with_name(out.name + ".training")
        self._out = out
        self._fingerprint: dict[str, Any] = json.loads(json.dumps(fingerprint))

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the run, so that no second process trains into the same folder.

        Raises:
            LockedError: another process does.
            WorkspaceError: there is a result already.
        """
        path = self._out.with_name(self._out.name + ".lock")
        lock = FileLock(path)
        try:
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=0)
        except Timeout as error:
            raise LockedError(
                f"Another process is training into {self._out}.",
                hint="Wait until it has finished, or train into another folder.",
            ) from error
        try:
            if self._out.exists():
                raise WorkspaceError(
                    f"{self._out} exists already.", hint="Name another folder, or remove this one."
                )
            yield
        finally:
            lock.release()

    def latest(self) -> tuple[list[StepReport], dict[str, Any]] | None:
        """Reports and tensors of the last whole checkpoint, or ``None`` if there is none.

        Raises:
            ConfigError: it belongs to other settings, data or base; the message says which.
        """
        import torch

        found = sorted(self.folder.glob("step-*[0-9]"))
        if not found:
            return None
        state = json.loads((found[-1] / _STATE).read_text(encoding="utf-8"))
        self._compare(state["fingerprint"], found[-1])
        tensors = torch.load(found[-1] / _TENSORS, map_location="cpu", weights_only=True)
        return [StepReport(**one) for one in state["reports"]], tensors

    def save(self, reports: list[StepReport], tensors: dict[str, Any]) -> None:
        """Write the checkpoint after the last of ``reports``, then remove the ones before it."""
        import torch

        target = self.folder / f"step-{reports[-1].step:08d}"
        state = {"fingerprint": self._fingerprint, "reports": [asdict(one) for one in reports]}

        def fill(folder: Path) -> None:
            torch.save(tensors, folder / _TENSORS)
            (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")

        publish_folder(target, fill)
        for old in self.folder.glob("step-*"):
            if old.name < target.name:
                shutil.rmtree(old)

    def clear(self) -> None:
        """Remove all checkpoints."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _compare(self, theirs: Mapping[str, Any], path: Path) -> None:
        names = [name for name, value in self._fingerprint.items() if theirs.get(name) != value]
        if names:
            raise ConfigError(
                f"The checkpoint {path} was made with other {', '.join(names)}.",
                hint="Train as before to continue it, or pass resume=False to start afresh.",
            )
