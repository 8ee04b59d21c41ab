"""What a message asks the assistant to do, where a pattern can tell: why, compare, undo, hello.

Constraints are another matter (:mod:`llmrec.agent.constraints`); what neither understands is left
to :mod:`llmrec.agent.intents`.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.agent.command_patterns import (
    ABOUT_ME_RULES,
    ALONE,
    COMPARE,
    EVERY,
    HOSTILE,
    MORE,
    OFF_TOPIC,
    ONLY_PRODUCT,
    SEARCH,
    SUGGEST,
    THAT,
    WHOLE_RULES,
    WHY,
    WHY_NOT,
    WITH_PRODUCT_RULES,
    CommandKind,
)
from llmrec.agent.constraints.changes import Reference
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import plain
from llmrec.agent.constraints.references import named_products, reference
from llmrec.agent.courtesy import courtesy_of, without_courtesy
from llmrec.agent.question_patterns import (
    ASKED_FIELD,
    ASKING,
    OFFERED,
    PRODUCT,
    SENTENCES,
    SHOP,
    SHOP_OFFERED,
)

__all__ = ["Command", "CommandKind", "read_command"]


_SHORT = 6


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be done.

    Attributes:
        kind: what.
        references: the products shown that are meant.
        text: what it is about, in the shopper's words.
        rest: the part of the message that is still to be read for constraints.
    """

    kind: CommandKind
    references: tuple[Reference, ...] = ()
    text: str = ""
    rest: str = ""


def read_command(message: str, context: Context) -> Command | None:
    """The command in a message, or ``None``; courtesy before other words is no command.

    >>> from llmrec.agent.constraints.vocabulary import Vocabulary
    >>> read_command("Compare 1 and the third", Context(Vocabulary())).references
    (Reference(number=1), Reference(number=3))
    """
    text = named_products(plain(message), context.shown)
    if HOSTILE.search(text):
        return Command("hostile")
    if OFF_TOPIC.search(text):
        return Command("off_topic")
    if courtesy := courtesy_of(text):
        return Command(courtesy)
    for kind, rule in (*WHOLE_RULES, *ABOUT_ME_RULES):
        if rule.search(text):
            return Command(kind)
    return _asked(without_courtesy(text), context)


def _asked(text: str, context: Context) -> Command | None:
    """A question or an order about products, or about the shop."""
    if SUGGEST.search(text):
        return Command("suggest")
    if found := ALONE.search(text):
        return Command("product", (reference(found[1]),), text)
    if found := WHY_NOT.search(text):
        about = next(part for part in found.groups() if part)
        # A title may hold numbers: only words that are nothing but a reference are one.
        return Command("why_not", _references(about) if ONLY_PRODUCT.search(about) else (), about)
    if found := MORE.search(text):
        return Command("more", rest=text[found.end() :])
    if WHY.search(text):
        return Command("why", _references(text) or _pointed(text), text)
    if COMPARE.search(text):
        return Command("compare", _references(text), text)
    for kind, rule in WITH_PRODUCT_RULES:
        if found := rule.search(text):
            rest = f"{text[: found.start()]} {text[found.end() :]}".strip(" ,.!?;。")
            return Command(kind, _pointed(found[0]), text, rest)
    if question := _question(text, context):
        return question
    if (found := SEARCH.search(text)) and not THAT.search(text):
        return Command("search", text=text[found.end() :], rest=text[found.end() :])
    return None


def _question(text: str, context: Context) -> Command | None:
    """A question to the shop's documents, or of a product shown."""
    parts = [one.strip() for one in SENTENCES.findall(text)]
    offered = any(OFFERED.search(one) for one in parts)
    asked = [] if offered else [one for one in parts if ASKING.search(one)]
    if any(SHOP.search(one) for one in asked) or any(SHOP_OFFERED.search(one) for one in parts):
        return Command("shop_question", text=text)
    for one in asked:
        # Before anything is shown a long question is a wish: "is it hard to find a tent for …?"
        if (product := PRODUCT.search(one)) and (context.shown or len(one.split()) <= _SHORT):
            return Command("product_question", (reference(product[0]),), text)
    if context.shown and any(ASKED_FIELD.search(one) for one in parts):
        return Command("product_question", (Reference(),), text)
    return None


def _references(text: str) -> tuple[Reference, ...]:
    """Every product that is named by its number, once."""
    return tuple(dict.fromkeys(reference(found[0]) for found in EVERY.finditer(text)))


def _pointed(text: str) -> tuple[Reference, ...]:
    """The product that is named by its number, else "that one" if there is such a word."""
    numbered = _references(text)
    if numbered:
        return numbered[:1]
    return (Reference(None),)
