"""The tool ``shop_question``: what the shop's own documents say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.documents import Quotation
from llmrec.requests import clean_query

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["SHOP_QUESTION", "ShopQuestionArguments", "ShopQuestionResult"]

_SILENT = "The shop's documents do not say."


class ShopQuestionArguments(Arguments):
    """What is asked."""

    question: str = Field(min_length=1, max_length=2000, description="in the shopper's words")


@dataclass(frozen=True)
class ShopQuestionResult(ToolResult):
    """``quotation`` is ``None`` where the documents do not say."""

    question: str
    quotation: Quotation | None

    def to_dict(self) -> dict[str, Any]:
        """The answer in the document's words, its file and headings, and the whole passage."""
        found = self.quotation
        if found is None:
            return {"question": self.question, "answer": _SILENT, "found": False}
        return {
            "question": self.question,
            "answer": found.text,
            "found": True,
            "source": {"file": found.file, "headings": list(found.headings)},
            "passage": found.passage,
        }


def shop_question(
    shop: Recommender, shopper: Shopper, arguments: ShopQuestionArguments
) -> ShopQuestionResult:
    """Quote the passage that is nearest to the question, if it is near enough to be an answer.

    Raises:
        VectorIndexError: the vector store failed, or its server is out of reach.
    """
    question = clean_query(arguments.question)
    found = shop.documents.ask(question) if question else None
    return ShopQuestionResult(question or "", found)


SHOP_QUESTION = Tool(
    "shop_question",
    "Answer a question on returns, delivery, payment and the like from the shop's own documents.",
    ShopQuestionArguments,
    shop_question,
)
