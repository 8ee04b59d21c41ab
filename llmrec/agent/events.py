"""What a reply consists of, in the order it comes: for a terminal, a browser and a log alike.

Each has a ``type`` and goes over a wire as JSON (``model_dump_json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from llmrec.agent.constraints import Constraint
from llmrec.agent.state import Conversation

__all__ = [
    "AgentEvent",
    "Answered",
    "Card",
    "ConstraintsChanged",
    "Done",
    "Failed",
    "Held",
    "ProductWords",
    "Products",
    "Table",
    "Thinking",
    "ToolCalled",
    "ToolReturned",
    "Words",
]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thinking(_Event):
    """Work is going on; ``step`` is ``reading``, ``choosing``, ``writing`` or a tool's name."""

    type: Literal["thinking"] = "thinking"
    step: str


class ToolCalled(_Event):
    """A tool is being asked; the shopper's own limits hold beside these arguments."""

    type: Literal["tool_called"] = "tool_called"
    name: str
    arguments: Mapping[str, Any]


class ToolReturned(_Event):
    """What it answered, as the tool's plain values; for whoever wants more than words."""

    type: Literal["tool_returned"] = "tool_returned"
    name: str
    result: Mapping[str, Any]


class Held(_Event):
    """A constraint with the words that list it, and those that drop it."""

    constraint: Constraint
    text: str
    drop: str


class ConstraintsChanged(_Event):
    """All constraints that hold from now on, oldest first."""

    type: Literal["constraints_changed"] = "constraints_changed"
    held: tuple[Held, ...]


class Card(_Event):
    """A product on the screen.

    Attributes:
        number: by which it is spoken of.
        product: its fields, as far as the catalogue has them.
        reason: why; ``origin`` says whether it is quoted, the model's or made from fields.
        scores: the parts of its score, by name.
        pending: the model has still to write its words: :class:`ProductWords` will have them.
    """

    number: int
    product: Mapping[str, Any]
    reason: str | None = None
    origin: str | None = None
    scores: Mapping[str, float] = Field(default_factory=dict)
    pending: bool = False


class Products(_Event):
    """The products that are shown from now on."""

    type: Literal["products"] = "products"
    cards: tuple[Card, ...]


class ProductWords(_Event):
    """The words of one card, behind the cards; those that cost no model stand on it already.

    Attributes:
        number: of the card.
        product: the id of its product.
        reason: why; none where none could be had.
        origin: of the reason, as on a card.
        description: if one was wanted.
        error: the name of the error's class, if the model has not written what it should have;
            what strangers may read of it depends on that.
        message: of the error.
    """

    type: Literal["product_words"] = "product_words"
    number: int
    product: str
    reason: str | None = None
    origin: str | None = None
    description: str | None = None
    error: str = ""
    message: str = ""


class Table(_Event):
    """Products side by side; each row is a field's name and what each product says."""

    type: Literal["table"] = "table"
    titles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str | None, ...]], ...]


class Words(_Event):
    """A piece of what is said; pieces join without anything between them."""

    type: Literal["words"] = "words"
    text: str


class Failed(_Event):
    """The reply could not be given; the conversation is as it was.

    ``error`` is the name of the error's class: what strangers may read of it depends on that.
    """

    type: Literal["failed"] = "failed"
    error: str = ""
    message: str
    hint: str = ""
    retryable: bool = False


class Answered(_Event):
    """All is said but the words of products: the conversation after this turn may be kept.

    Whoever leaves from now on ends only those words.
    """

    type: Literal["answered"] = "answered"
    conversation: Conversation


class Done(_Event):
    """The last event: the conversation after this turn."""

    type: Literal["done"] = "done"
    conversation: Conversation


AgentEvent: TypeAlias = (
    Thinking
    | ToolCalled
    | ToolReturned
    | ConstraintsChanged
    | Products
    | ProductWords
    | Table
    | Words
    | Failed
    | Answered
    | Done
)
