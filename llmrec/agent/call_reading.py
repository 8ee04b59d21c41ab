"""A tool call that a model has written -> a command, or changes and words to look for.

What comes out goes through the same state machine as what the grammar reads. A hard limit is
taken only from what the shopper has said: a model may find the limit in a sentence, and may not
add one. A name that the catalogue does not know is left out, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmrec.agent.call_schema import FEEDBACK, NOTHING
from llmrec.agent.commands import Command, CommandKind
from llmrec.agent.constraints import Change, Critique, Reference, Shown
from llmrec.agent.constraints.amounts import AMOUNT, amount, in_figures
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Categories,
    MoreLike,
    Recipient,
    Unwanted,
    Values,
)
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.people import is_person
from llmrec.agent.constraints.reader import pattern
from llmrec.agent.constraints.synonyms import is_colour, same_words
from llmrec.agent.tools.recommend import RECOMMEND, RecommendArguments
from llmrec.catalog.matching import fold
from llmrec.errors import ToolError
from llmrec.requests import clean_query

__all__ = ["Understood", "read_call"]

_AMOUNT = pattern(AMOUNT)
_NOTHING = Critique((), "")


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message means.

    Attributes:
        command: what is to be done, if it is more than to look for something.
        critique: changes, and words to look for.
        left_out: what the shopper named and nothing in the shop is called.
    """

    command: Command | None = None
    critique: Critique = _NOTHING
    left_out: tuple[str, ...] = ()


def read_call(call: Mapping[str, Any], message: str, context: Context) -> Understood | None:
    """What a call means; ``None`` where it calls no tool that there is.

    Args:
        call: ``tool`` and its arguments, as :func:`~llmrec.agent.call_schema.call_schema` has them
            or as a model got them wrong.
        message: what the shopper has said.
        context: the catalogue's names and the products on the screen.
    """
    arguments = dict(call)
    name = arguments.pop("tool", None)
    if name == NOTHING:
        return Understood(Command("off_topic"))
    if name == "recommend":
        return _wanted(arguments, message, context)
    product = _reference(arguments.get("product"))
    if name == "similar":
        return Understood(critique=Critique((MoreLike(product),), ""))
    if name == "feedback":
        return _feedback(arguments.get("kind"), product)
    if name == "compare":
        numbers = arguments.get("products")
        named = tuple(map(_reference, numbers)) if isinstance(numbers, list) else ()
        return Understood(Command("compare", named, message))
    if name == "shop_question":
        return Understood(Command("shop_question", text=message))
    kind = _ABOUT_ONE.get(name) if isinstance(name, str) else None
    return None if kind is None else Understood(Command(kind, (product,), message))


_ABOUT_ONE: Mapping[str, CommandKind] = {
    "bought_together": "together",
    "explain": "why",
    "describe": "describe",
    "product_question": "product_question",
}


def _reference(number: object) -> Reference:
    """A number that is not on the screen is refused later, as one that the shopper has said."""
    return Reference(number if type(number) is int else None)


def _feedback(kind: object, product: Reference) -> Understood | None:
    if kind not in FEEDBACK:
        return None
    if kind == "dislike":
        return Understood(critique=Critique((Unwanted(product),), ""))
    return Understood(Command("like" if kind == "like" else "cart", (product,)))


def _wanted(arguments: dict[str, Any], message: str, context: Context) -> Understood:
    who = arguments.pop("for_whom", None)
    valid, odd = _valid(arguments)
    heard = _Heard(message, context)
    changes = [*heard.prices(valid), *heard.names(valid), *heard.values(valid)]
    if isinstance(who, str) and is_person(who) and heard.says(who):
        changes.append(Recipient(who))
    left_out = tuple(dict.fromkeys(one for one in (*odd, *heard.unknown) if heard.says(one)))
    return Understood(None, Critique(tuple(changes), clean_query(valid.query) or ""), left_out)


def _valid(arguments: dict[str, Any]) -> tuple[RecommendArguments, list[str]]:
    """The arguments that the tool takes, and what was given for the others."""
    odd: list[str] = []
    while True:
        try:
            return RECOMMEND.parse(arguments), odd
        except ToolError as error:
            odd.append(str(arguments.pop((error.field or "").partition(".")[0])))


class _Heard:
    """A message, and which of a model's limits it says.

    ``unknown`` collects names that the catalogue does not have.
    """

    def __init__(self, message: str, context: Context) -> None:
        self.message = message
        self._folded = fold(message)
        self.context = context
        self.unknown: list[str] = []

    def says(self, words: str) -> bool:
        """Whether the words stand in the message, a colour or a material in any language."""
        said = fold(words)
        return bool(said) and any(
            re.search(rf"(?<![a-zà-ÿ0-9]){re.escape(one)}", self._folded)
            for one in (said, *same_words(said))
        )

    def prices(self, asked: RecommendArguments) -> Iterator[Change]:
        """Limits of the price: sums of the message, or the price of a product shown."""
        known = dict(_priced(self.context.shown))
        for found in _AMOUNT.finditer(in_figures(self.message)):
            if read := amount(found[0]):
                known[read[0]] = read[1]
        limits: tuple[tuple[float | None, type[AtMost | AtLeast]], ...] = (
            (asked.max_price, AtMost),
            (asked.min_price, AtLeast),
        )
        for value, kind in limits:
            if value is not None and (sum_ := Decimal(str(value)).normalize()) in known:
                yield kind(Decimal(f"{sum_:f}"), known[sum_])

    def names(self, asked: RecommendArguments) -> Iterator[Change]:
        """Brands and categories, wanted and unwanted."""
        for wanted in (True, False):
            brands = asked.brands if wanted else asked.not_brands
            if known := self._each(brands, self._brand):
                yield Brands(known, wanted)
            categories = asked.categories if wanted else asked.not_categories
            if known := self._each(categories, self._category):
                yield Categories(known, wanted)

    def values(self, asked: RecommendArguments) -> Iterator[Change]:
        """Colours, materials and other attributes, wanted and unwanted."""
        vocabulary = self.context.vocabulary
        for wanted in (True, False):
            given = asked.attributes if wanted else asked.not_attributes
            for name, said in given.items():
                attribute = self._attribute(name, said)
                known = [one for one in said if self.says(one)] if attribute else []
                values = {v: None for one in known for v in vocabulary.values(attribute or "", one)}
                if attribute and values:
                    yield Values(attribute, tuple(values), ", ".join(known), wanted)
                else:
                    self.unknown += said

    def _each(self, names: tuple[str, ...], find: Callable[[str], str | None]) -> tuple[str, ...]:
        found = {one: find(one) for one in names}
        self.unknown += [one for one, known in found.items() if known is None]
        return tuple({known: None for known in found.values() if known})

    def _attribute(self, name: str, said: tuple[str, ...]) -> str | None:
        """The catalogue's name; green is a colour, also where a material is green compost."""
        colours = self.context.vocabulary.of_kind("colour")
        if colours and all(is_colour(fold(one)) for one in said):
            return colours[0]
        return self.context.vocabulary.attribute_names.get(fold(name))

    def _brand(self, name: str) -> str | None:
        known = self.context.vocabulary.brands.get(fold(name))
        return known if known and self.says(known) else None

    def _category(self, name: str) -> str | None:
        found = self.context.vocabulary.category_at(name, 0)
        whole = found is not None and found.end == len(name)
        return found.name if found and whole and self.says(name) else None


def _priced(shown: tuple[Shown, ...]) -> Iterator[tuple[Decimal, str | None]]:
    return ((one.price.normalize(), one.currency) for one in shown if one.price is not None)
