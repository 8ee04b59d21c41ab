"""A message -> what it changes, and the words that are left. No model, no state, no language.

The rules of English, German and Chinese are all tried on every message: they do not get in each
other's way, messages mix languages ("不要 Tamperley"), and a wrong guess at the language of three
words does no harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from llmrec.agent.constraints.amounts import in_figures
from llmrec.agent.constraints.changes import Change, Drop, Recipient, Values
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.drops import read_drops
from llmrec.agent.constraints.fillers import without_fillers
from llmrec.agent.constraints.left_out import NO_THING, read_left_out
from llmrec.agent.constraints.names import read_bare_brands, read_names
from llmrec.agent.constraints.people import read_recipients
from llmrec.agent.constraints.prices import read_comparisons, read_prices
from llmrec.agent.constraints.products import (
    read_brands_shown,
    read_likeness,
    read_stock,
    read_unwanted,
)
from llmrec.agent.constraints.reader import MAX_MESSAGE, Reader, pattern, plain
from llmrec.agent.constraints.references import named_products, with_titles
from llmrec.agent.constraints.values import read_only_a_value, read_values
from llmrec.catalog.tokens import tokens

__all__ = ["Critique", "read_message"]

_Rule: TypeAlias = Callable[[Reader, Context], Iterator[tuple[int, Change]]]

# What is said in more words comes first: "no price limit" before "no …", "in stock" before "in …".
_RULES: tuple[_Rule, ...] = (
    read_drops,
    read_prices,
    read_likeness,
    read_comparisons,
    read_brands_shown,
    read_unwanted,
    read_stock,
    read_recipients,
    read_names,
    read_values,
    read_bare_brands,
    read_left_out,
)

_NEGATED = pattern(
    r"\b(?:no|not|without|except|anything\s+but|other\s+than|avoid|i\s+hate|(?:don't|do\s+not)\s+"
    r"(?:want|like|need)|kein(?:e[nrsm]?)?|ohne|nicht|außer)\s+(?:(?:more|any|mehr)\s+)*"
    r"((?:(?:a|an|too|so|very|zu|sehr)\s+)*[^\W\d_][\w-]*)"
    r"|(?:不要|不想要)([\u3400-\u9fff]{1,6})"
)


class Critique(NamedTuple):
    """What a message asks for.

    Attributes:
        changes: in the order in which they were said.
        rest: the words that are left, without the frame of the sentence.
        unclear: what is not wanted, but by no word of the catalogue: "no frills".
    """

    changes: tuple[Change, ...]
    rest: str
    unclear: tuple[str, ...] = ()


def read_message(message: str, context: Context) -> Critique:
    """Find the changes that a message asks for.

    >>> from llmrec.agent.constraints.vocabulary import Vocabulary
    >>> read_message("A teapot, not more than 40 euros please", Context(Vocabulary()))
    Critique(changes=(AtMost(amount=Decimal('40'), currency='EUR'),), rest='teapot', unclear=())
    """
    reader = Reader(in_figures(named_products(plain(message), context.shown)))
    found = [change for rule in _RULES for change in rule(reader, context)]
    found += read_only_a_value(reader, context)
    # Searched for, words behind a "no" would find just what is not wanted.
    negated = (one[1] or one[2] for one in reader.take(_NEGATED))
    said = dict.fromkeys(words for words in negated if words.casefold() not in NO_THING)
    unclear = tuple(said)
    ordered = [change for _, change in sorted(found, key=lambda pair: pair[0])]
    # A long title named many times makes more text than a message may have.
    rest = with_titles(without_fillers(reader.rest), context.shown)[:MAX_MESSAGE]
    # The newest word wins: what was left out before is looked for now.
    left_out = context.left_out if rest else ()
    looked_for = set(tokens(rest)) if left_out else set()
    again = [Drop("word", one) for one in left_out if looked_for.issuperset(tokens(one))]
    return Critique(_joined([*again, *ordered]), rest, unclear)


def _joined(changes: list[Change]) -> tuple[Change, ...]:
    """Without repetitions; values of one attribute in one message are alternatives."""
    joined: dict[object, Change] = {}
    alternatives: defaultdict[object, list[Values]] = defaultdict(list)
    named = any(isinstance(change, Recipient) and change.who for change in changes)
    for change in changes:
        if isinstance(change, Recipient) and named and not change.who:
            continue  # "a gift for my mother" says it twice
        if not isinstance(change, Values):
            joined[change] = change
            continue
        key = (change.name, change.wanted)
        joined[key] = change  # holds the place of the first
        alternatives[key].append(change)
    return tuple(
        _alternatives(alternatives[key]) if isinstance(change, Values) else change
        for key, change in joined.items()
    )


def _alternatives(changes: list[Values]) -> Values:
    """Any value of these, each said once."""
    values = dict.fromkeys(value for change in changes for value in change.values)
    said = dict.fromkeys(change.said for change in changes)
    return replace(changes[0], values=tuple(values), said=", ".join(said))
