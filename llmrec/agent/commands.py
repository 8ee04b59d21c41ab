"""What the assistant is asked to do, beside finding: why, compare, undo, a question to the shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from llmrec.agent.constraints.changes import Reference

__all__ = ["Command", "CommandKind"]

CommandKind: TypeAlias = Literal[
    "cart",
    "compare",
    "contact",
    "describe",
    "filters",
    "help",
    "hostile",
    "like",
    "more",
    "offer_cart",
    "others",
    "product",
    "product_question",
    "profile",
    "reviews",
    "shop_question",
    "smalltalk",
    "beyond",
    "together",
    "undo",
    "why",
]


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do.

    Attributes:
        kind: what.
        references: the products shown that are meant.
        text: what it is about, in the shopper's words.
    """

    kind: CommandKind
    references: tuple[Reference, ...] = ()
    text: str = ""
