"""What reads: the shop's engine where it runs the reader's base, else one for reading alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from llmrec.artifacts import chosen_adapter
from llmrec.config import EngineSettings
from llmrec.reading.prompt import ReadingContext
from llmrec.reading.reader import MessageReader
from llmrec.reading.scripted import ScriptedReader
from llmrec.reading.shipped import shipped_adapter
from llmrec.reading.tracing import Traced

if TYPE_CHECKING:
    from llmrec.config import Settings
    from llmrec.engines.protocol import Engine

__all__ = ["Reader", "load_reader", "reading_engine"]

_SHIPPED = "reader"
"""What engines call the adapter that ships."""


class Reader(Protocol):
    """Reads shoppers' messages."""

    def read(
        self, message: str, context: ReadingContext | None = None, currency: str | None = None
    ) -> Traced:
        """What a message says; see :class:`~llmrec.reading.reader.MessageReader`."""


def load_reader(
    settings: Settings, models: Path, own: Callable[[], Engine], currency: str | None = None
) -> tuple[Reader, Engine | None]:
    """The reader of a workspace, with the adapter that is set, else promoted, else shipped.

    Args:
        settings: of the workspace.
        models: its ``models_dir``.
        own: gives the shop's engine.
        currency: the shop's.

    Returns:
        The reader, and the engine that was loaded for it alone, which the caller closes.

    Raises:
        ModelError: its weights or its adapter are missing; says how to pull them.
        MissingExtra: its engine is not installed.
        AdapterMismatch: the adapter was trained on another base.
    """
    chosen = settings.reader
    kind = settings.models.engine if chosen.engine == "auto" else chosen.engine
    if kind == "scripted":
        return ScriptedReader(currency=currency), None
    adapter = chosen_adapter(models, "reader", chosen.adapter)
    name, folder = (adapter.name, adapter.folder) if adapter else (_SHIPPED, shipped_adapter())
    shared = chosen.engine in ("auto", settings.models.engine) and (
        chosen.base == settings.models.llm
    )
    if shared:
        engine, alone = own(), None
    else:
        engine = alone = reading_engine(settings, chosen.base)
    try:
        engine.load_adapter(name, folder)
    except BaseException:
        if alone is not None:
            with suppress(Exception):
                alone.close()
        raise
    return MessageReader(engine, name, currency, chosen.witness), alone


def reading_engine(settings: Settings, base: str) -> Engine:
    """An engine for reading alone, of the kind that the settings say; the caller closes it.

    Raises:
        ModelError: the base's weights are missing; says how to pull them.
        MissingExtra: its engine is not installed.
    """
    from llmrec.engines import load_engine

    kind = settings.reader.engine
    if kind == "auto":
        kind = settings.models.engine
        # A server has not got the adapter: a small model beside it costs less than asking there.
        if kind in ("openai", "vllm"):
            kind = "auto"
    # A scripted engine reads nothing, yet what was trained in such a shop is to be measured.
    return load_engine("auto" if kind == "scripted" else kind, base, EngineSettings())
