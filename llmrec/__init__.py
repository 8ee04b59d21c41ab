"""llmrec: a generative LLM recommender for online shops.

>>> from llmrec import Recommender
>>> shop = Recommender.open("SHOP")  # doctest: +SKIP
>>> print(shop.recommend(["B001", "red running shoes"], k=5))  # doctest: +SKIP
"""

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
