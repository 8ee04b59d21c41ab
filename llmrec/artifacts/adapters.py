"""Which adapter a setting means: a version, a folder, the promoted one, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from llmrec.artifacts.store import Artifacts

__all__ = ["NO_ADAPTER", "AdapterFolder", "AdapterKind", "chosen_adapter"]

NO_ADAPTER = "none"
"""What a setting says where no adapter shall serve, whatever was promoted."""

AdapterKind: TypeAlias = Literal["ranker", "reader", "words"]
"""What ``ranking.adapter``, ``reader.adapter`` and ``explain.adapter`` choose among."""

_KINDS: tuple[AdapterKind, ...] = get_args(AdapterKind)


@dataclass(frozen=True)
class AdapterFolder:
    """An adapter under the name that engines and traces call it by."""

    name: str
    folder: Path


def chosen_adapter(models: Path, kind: AdapterKind, setting: str | None) -> AdapterFolder | None:
    """The adapter that a setting means; ``None`` is the base model alone.

    Args:
        models: the workspace's ``models_dir``.
        kind: what it is for.
        setting: a version (``ranker/0002``), a folder in ``models``, ``none``, or ``None`` for the
            version that was promoted, if one was.

    Raises:
        ModelError: there is no such version, or its card or the pointer is damaged. Whether a
            plain folder holds an adapter is found out by the engine that loads it.
        WorkspaceError: a newer llmrec wrote the card or the pointer.
    """
    store = Artifacts(models)
    if setting == NO_ADAPTER:
        return None
    if setting is None:
        current = store.current(kind)
        return AdapterFolder(current.name, current.folder) if current else None
    named, _, version = setting.partition("/")
    if named in _KINDS and version:
        return AdapterFolder(setting, store.get(named, version).folder)
    return AdapterFolder(setting, models / setting)
