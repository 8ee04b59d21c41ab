"""Engines by name; each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from llmrec.engines.protocol import Engine
from llmrec.errors import ConfigError

__all__ = ["EngineLoader", "engine_names", "load_engine", "register_engine"]

EngineLoader: TypeAlias = Callable[[str], Engine]

_LOADERS: dict[str, EngineLoader] = {}


def register_engine(name: str) -> Callable[[EngineLoader], EngineLoader]:
    """Decorator: make ``name`` known; the function takes the weights' name and does the imports.

    >>> @register_engine("echo")
    ... def _echo(model: str) -> Engine:
    ...     from llmrec.engines.scripted import ScriptedEngine
    ...     return ScriptedEngine(model=model)
    >>> load_engine("echo", "parrot").model
    'parrot'
    """

    def keep(loader: EngineLoader) -> EngineLoader:
        _LOADERS[name] = loader
        return loader

    return keep


def engine_names() -> tuple[str, ...]:
    """All names that :func:`load_engine` takes."""
    return tuple(_LOADERS)


def load_engine(name: str, model: str) -> Engine:
    """Load an engine with its weights; seconds for a small model, nothing is downloaded.

    Args:
        name: the engine's kind, e.g. ``transformers``.
        model: a name of ``llmrec models list``, a pulled hub id, or a folder.

    Raises:
        ConfigError: there is no such engine.
        ModelError: the weights are missing or cannot be read.
        EngineError: they do not fit into memory.
    """
    if name not in _LOADERS:
        raise ConfigError(
            f"There is no engine called '{name}'.",
            hint=f"Set models.engine to one of: {', '.join(_LOADERS)}.",
        )
    return _LOADERS[name](model)


@register_engine("transformers")
def _transformers(model: str) -> Engine:
    from llmrec.engines.transformers_engine import TransformersEngine

    return TransformersEngine.load(model)


@register_engine("scripted")
def _scripted(model: str) -> Engine:
    from llmrec.engines.scripted import ScriptedEngine

    return ScriptedEngine(model=model)
