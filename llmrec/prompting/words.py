"""The prompts for a reason and a description: short, with the facts and the answer's beginning."""

from __future__ import annotations

import re

from llmrec.prompting.shop_text import one_line, shorten
from llmrec.prompting.templates import Prompt, render_template
from llmrec.types import Item

__all__ = ["describe_prompt", "reason_prompt"]

TITLE_WORDS = 14
REASON_FACTS = 28
DESCRIBE_FACTS = 45


def reason_prompt(item: Item, lead: str) -> Prompt:
    """Ask why ``item`` suits a shopper; the answer goes on from ``lead``."""
    values = {"product": _product(item), "facts": _facts(item, REASON_FACTS, 2), "lead": lead}
    return render_template("reason.v1", values)


def describe_prompt(item: Item, lead: str) -> Prompt:
    """Ask for a sentence about ``item``; the answer goes on from ``lead``, which names it."""
    values = {"product": _product(item), "facts": _facts(item, DESCRIBE_FACTS, 5), "lead": lead}
    return render_template("describe.v1", values)


def _product(item: Item) -> str:
    return shorten(one_line(item.title), TITLE_WORDS)


def _facts(item: Item, words: int, attributes: int) -> str:
    """The first sentences of the description, and the values of a few attributes behind them.

    Attribute names and the category stay out: a small model copies them as they stand.
    """
    pieces = re.split(r"\n+", item.description[:4_000])
    described = shorten(" ".join(line for piece in pieces if (line := one_line(piece))), words)
    listed = [", ".join(values) for values in list(item.attributes.values())[:attributes]]
    values = [shorten(one_line(value), 6) for value in listed]
    if not described and item.category:
        values.append(shorten(one_line(item.category[-1]), 5))
    facts = ", ".join(value for value in values if value)
    return " ".join(part.rstrip(" .") + "." for part in (described, facts) if part)
