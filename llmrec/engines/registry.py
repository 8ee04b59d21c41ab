"""Engines by name; each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from llmrec.config import EngineSettings
from llmrec.engines.protocol import Engine
from llmrec.errors import ConfigError

__all__ = ["EngineLoader", "engine_names", "load_engine", "register_engine"]

EngineLoader: TypeAlias = Callable[[str, EngineSettings], Engine]

_LOADERS: dict[str, EngineLoader] = {}


def register_engine(name: str) -> Callable[[EngineLoader], EngineLoader]:
    """Decorator: make ``name`` known; the function takes the weights' name and the settings.

    >>> @register_engine("echo")
    ... def _echo(model: str, settings: EngineSettings) -> Engine:
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
    """All names that :func:`load_engine` takes, ``auto`` among them."""
    return tuple(_LOADERS)


def load_engine(name: str, model: str, settings: EngineSettings | None = None) -> Engine:
    """Load an engine with its weights; seconds for a small model, nothing is downloaded.

    Args:
        name: the engine's kind, e.g. ``transformers``; ``auto`` takes the planner's choice.
        model: a name of ``llmrec models list``, a pulled hub id, or a folder.
        settings: device, precision, limits, server; what is left to ``auto`` is planned.

    Raises:
        ConfigError: there is no such engine, or it cannot do what the settings ask for.
        MissingExtra: it is not installed.
        ModelError: the weights are missing or cannot be read.
        EngineUnavailable: its server cannot be reached.
        OutOfMemory: the weights do not fit into memory.
    """
    if name not in _LOADERS:
        raise ConfigError(
            f"There is no engine called '{name}'.",
            hint=f"Set models.engine to one of: {', '.join(_LOADERS)}.",
        )
    return _LOADERS[name](model, settings or EngineSettings())


@register_engine("auto")
def _auto(model: str, settings: EngineSettings) -> Engine:
    from llmrec.planner import plan_here

    plan = plan_here(model, settings)
    return load_engine(plan.engine, model, plan.settings(settings))


@register_engine("transformers")
def _transformers(model: str, settings: EngineSettings) -> Engine:
    from llmrec.engines.local.engine import TransformersEngine

    return TransformersEngine.load(model, settings)


@register_engine("openvino")
def _openvino(model: str, settings: EngineSettings) -> Engine:
    from llmrec.engines.openvino.engine import OpenVINOEngine

    return OpenVINOEngine.load(model, settings)


@register_engine("vllm")
def _vllm(model: str, settings: EngineSettings) -> Engine:
    from llmrec.engines.vllm.engine import VLLMEngine

    return VLLMEngine.load(model, settings)


@register_engine("openai")
def _openai(model: str, settings: EngineSettings) -> Engine:
    from llmrec.engines.remote.engine import RemoteEngine

    return RemoteEngine.connect(model, settings)


@register_engine("scripted")
def _scripted(model: str, settings: EngineSettings) -> Engine:
    from llmrec.engines.scripted import ScriptedEngine

    engine = ScriptedEngine(model=model)
    engine.timeout_s = settings.timeout_s
    return engine
