"""llmrec: a generative LLM recommender for online shops.

>>> from llmrec import Recommender
>>> shop = Recommender.open("SHOP")  # doctest: +SKIP
>>> print(shop.recommend(["B001", "red running shoes"], k=5))  # doctest: +SKIP
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmrec.answer_events import AnswerComplete, AnswerEvent, AnswerRanked, WordsWritten
    from llmrec.config import Workspace
    from llmrec.recommender import Recommender, recommend
    from llmrec.types import (
        Event,
        EventKind,
        Filters,
        HistoryEntry,
        Item,
        Recommendation,
        Recommendations,
    )

__version__ = "0.1.0"

__all__ = [
    "AnswerComplete",
    "AnswerEvent",
    "AnswerRanked",
    "Event",
    "EventKind",
    "Filters",
    "HistoryEntry",
    "Item",
    "Recommendation",
    "Recommendations",
    "Recommender",
    "WordsWritten",
    "Workspace",
    "__version__",
    "recommend",
]

_MODULES = {
    "llmrec.answer_events": ("AnswerComplete", "AnswerEvent", "AnswerRanked", "WordsWritten"),
    "llmrec.config": ("Workspace",),
    "llmrec.recommender": ("Recommender", "recommend"),
}
"""Where each public name is defined; the others are in ``llmrec.types``."""

# The main path imports SQLAlchemy, pydantic and numpy, which takes half a second. Every module of
# the package, and so every command, imports this file first: a name is imported when it is used
# (PEP 562). A type checker reads the imports above, and so still reports a name that is not there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = next((home for home, names in _MODULES.items() if name in names), "llmrec.types")
        globals()[name] = getattr(import_module(home), name)
        return globals()[name]

    def __dir__() -> list[str]:
        """Its names, the public ones that are not imported yet included."""
        return sorted({*globals(), *__all__})
