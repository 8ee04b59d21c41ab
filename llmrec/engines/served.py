"""The adapters that a shop's answers use: loaded when needed, followed as versions are promoted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from llmrec.artifacts import NO_ADAPTER, AdapterFolder, AdapterKind, Artifacts, chosen_adapter
from llmrec.errors import AdapterMismatch, EngineError
from llmrec.leaving import working_for

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["AdapterUse", "ServedAdapters", "always"]

AdapterUse: TypeAlias = Callable[[], AbstractContextManager[str | None]]
"""Gives the name of a call's adapter, and keeps that loaded until the call has ended."""

_Revision: TypeAlias = tuple[int, ...] | None
_Choice: TypeAlias = tuple[AdapterKind, str | None]
_SETTINGS: dict[AdapterKind, str] = {
    "ranker": "ranking.adapter",
    "reader": "reader.adapter",
    "words": "explain.adapter",
}


def always(setting: str | None) -> AdapterUse:
    """One that somebody else has loaded under this name; ``None`` and ``none`` are the base."""
    return lambda: nullcontext(None if setting == NO_ADAPTER else setting)


class ServedAdapters:
    """Loads adapters into an engine and lets them go. Safe to use from several threads.

    A call keeps the adapter that it began with. While one call loads what was promoted, the others
    go on with what they have; what nobody uses any more is unloaded, so that following a promotion
    takes the room of one adapter more.

    Args:
        engine: where adapters are loaded.
        models: the workspace's ``models_dir``.
    """

    def __init__(self, engine: Engine, models: Path) -> None:
        self._engine, self._models = engine, models
        self._store = Artifacts(models)
        self._loading, self._lock = threading.Lock(), threading.Lock()
        # What serves by kind and setting (an experiment has two settings of one kind), and the
        # revision of the store at which that was looked up.
        self._chosen: dict[_Choice, tuple[AdapterFolder | None, _Revision]] = {}
        self._loaded: set[str] = set()
        self._calls: Counter[str] = Counter()

    def following(self, kind: AdapterKind, setting: str | None) -> AdapterUse:
        """What a setting chooses; see :func:`~llmrec.artifacts.chosen_adapter`.

        Entering raises what that and :meth:`~llmrec.engines.Engine.load_adapter` raise.
        """
        return partial(self._use, kind, setting)

    @contextmanager
    def _use(self, kind: AdapterKind, setting: str | None) -> Iterator[str | None]:
        self._follow(kind, setting)
        with self._lock:
            chosen, _ = self._chosen[kind, setting]
            name = chosen.name if chosen else None
            if name:
                self._calls[name] += 1
        try:
            yield name
        finally:
            if name:
                with self._lock:
                    self._calls[name] -= 1
                self._let_go()

    def _follow(self, kind: AdapterKind, setting: str | None) -> None:
        # Only what is promoted can change; what a setting names stays.
        revision = self._store.revision(kind) if setting is None else None
        if self._is_followed(kind, setting, revision):
            return
        if not self._loading.acquire(blocking=(kind, setting) not in self._chosen):
            return
        try:
            # Another thread may have done it while this one waited.
            if not self._is_followed(kind, setting, revision):
                chosen = chosen_adapter(self._models, kind, setting)
                if chosen and chosen.name not in self._loaded:
                    with working_for(None):  # whoever comes next needs it too
                        self._load(kind, chosen, promoted=setting is None)
                with self._lock:
                    self._chosen[kind, setting] = chosen, revision
        finally:
            self._loading.release()
        self._let_go()

    def _is_followed(self, kind: AdapterKind, setting: str | None, revision: _Revision) -> bool:
        known = self._chosen.get((kind, setting))
        return known is not None and known[1] == revision

    def _load(self, kind: AdapterKind, chosen: AdapterFolder, *, promoted: bool) -> None:
        try:
            self._engine.load_adapter(chosen.name, chosen.folder)
        except AdapterMismatch as error:
            if not promoted:
                raise
            raise AdapterMismatch(
                error.message,
                hint=f"Take it back with: llmrec models rollback {kind}; or run the model that "
                f"it was trained on; or set {_SETTINGS[kind]} to '{NO_ADAPTER}'.",
            ) from error
        self._loaded.add(chosen.name)

    def _let_go(self) -> None:
        """Unload what neither serves nor runs; left to the next call if somebody loads just now."""
        if not self._loading.acquire(blocking=False):
            return
        try:
            with self._lock:
                serving = {adapter.name for adapter, _ in self._chosen.values() if adapter}
                idle = {adapter for adapter in self._loaded - serving if not self._calls[adapter]}
            for name in idle:
                self._loaded.discard(name)
                # A server that is away must not spoil the answer that has just come.
                with suppress(EngineError), working_for(None):
                    self._engine.unload_adapter(name)
        finally:
            self._loading.release()
