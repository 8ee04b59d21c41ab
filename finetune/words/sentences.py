"""A small grammar: continuations of what a prompt's answer begins with, from an item's clauses.

>>> from llmrec.finetune.words.clauses import Clause
>>> steel = Clause(after="made of steel", says="is made of steel")
>>> sorted(continuations("Chef's knife 20 cm", [steel], "reason", 1, lower=frozenset()))[:2]
["the Chef's knife 20 cm made of steel", "the Chef's knife 20 cm that is made of steel"]
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import permutations
from typing import Literal

from llmrec.finetune.words.clauses import Clause, is_plural

__all__ = ["Form", "continuations", "plain_noun"]

Form = Literal["reason", "description"]

_SINGLE = re.compile(r"^([A-Za-zÀ-ÿ'’ -]+?)(?:\s+\d[\d.,x× -]*\s?[a-zA-Z]{0,3})?(?:,.*)?$")
_MANY = {"is": "are", "has": "have", "comes": "come", "holds": "hold", "weighs": "weigh"}


def continuations(
    title: str, clauses: Sequence[Clause], form: Form, attempt: int, *, lower: Collection[str]
) -> set[str]:
    """All sentences of the grammar, without the beginning that the prompt gives and the full stop.

    Args:
        title: short, as the sentence names the item.
        clauses: what may be said.
        form: of a reason or a description.
        attempt: 1 or 2; they begin otherwise.
        lower: words that are written small inside a sentence.
    """
    many = is_plural(title)
    if form == "reason":
        made = _named(clauses, many) if attempt == 2 else _reasons(title, clauses, many, lower)
    else:
        made = _is(clauses, many) if attempt == 2 else _descriptions(clauses, many)
    return set(made)


def plain_noun(title: str, lower: Collection[str]) -> str:
    """``a glass teapot`` for "Glass teapot 1 l"; empty where a title is no such thing.

    >>> plain_noun("Glass teapot 1 l", {"glass"}), plain_noun("Epson 126 Ink", {"ink"})
    ('a glass teapot', '')
    """
    match = _SINGLE.match(title)
    words = match[1].split() if match else []
    small = len(words) > 1 and all(word == word.lower() for word in words[1:])
    if not small or is_plural(title) or words[0].casefold() not in lower:
        return ""
    noun = " ".join([words[0].lower(), *words[1:]])
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _reasons(
    title: str, clauses: Sequence[Clause], many: bool, lower: Collection[str]
) -> Iterator[str]:
    """Behind "This is"."""
    plain = plain_noun(title, lower)
    for subject in [f"the {title}", *([plain] if plain else [])]:
        joint = ", " if "," in subject else " "
        for first, second in _pairs(clauses):
            if first.after:
                yield f"{subject}{joint}{first.after}" + _more(second, many)
            if first.says and (says := _verb(first.says, many)):
                link = ", which" if joint == ", " else " that"
                yield f"{subject}{link} {says}" + _and(first, second, many)
            if first.own:
                yield f"{subject}, and {first.own}"
    yield from _nouns(clauses, many)


def _named(clauses: Sequence[Clause], many: bool) -> Iterator[str]:
    """Behind "This is TITLE,"."""
    for first, second in _pairs(clauses):
        if first.after:
            yield first.after + _more(second, many)
        if first.says and (says := _verb(first.says, many)):
            yield f"which {says}" + _and(first, second, many)
        if first.own:
            yield f"and {first.own}"
    yield from _nouns(clauses, many)


def _descriptions(clauses: Sequence[Clause], many: bool) -> Iterator[str]:
    """Behind "The TITLE"."""
    it = "They" if many else "It"
    for first, second in _pairs(clauses):
        says, more = _verb(first.says, many), _verb(second.says, many) if second else ""
        if says:
            yield says + _and(first, second, many)
            if more:
                yield f"{says}. {it} {more}"
            if second and second.own:
                yield f"{says}, and {second.own}"
        if first.after and more and "," not in first.after:
            yield f", {first.after}, {more}"
    if not many:
        yield from (f"is {noun}" for noun in _nouns(clauses, many))


def _is(clauses: Sequence[Clause], many: bool) -> Iterator[str]:
    """Behind "The TITLE is", whatever the number of the title."""
    for first, second in _pairs(clauses):
        if first.says.startswith("is "):
            yield first.says.removeprefix("is ") + ("" if many else _and(first, second, many))
            if second and second.own:
                yield f"{first.says.removeprefix('is ')}, and {second.own}"
    if not many:
        yield from _nouns(clauses, many)


def _nouns(clauses: Sequence[Clause], many: bool) -> Iterator[str]:
    """What the item is, alone or with one thing more."""
    for first, second in _pairs(clauses):
        if first.noun:
            yield first.noun + (f", {second.after}" if second and second.after else "")
            if second and (more := _verb(second.says, many)):
                yield f"{first.noun}, and it {more}"


def _pairs(clauses: Sequence[Clause]) -> Iterator[tuple[Clause, Clause | None]]:
    yield from ((clause, None) for clause in clauses)
    yield from permutations(clauses, 2)


def _more(second: Clause | None, many: bool) -> str:
    """A second fact behind one that has no verb."""
    if second is None:
        return ""
    if second.own:
        return f", and {second.own}"
    says = _verb(second.says, many)
    return f", and {'they' if many else 'it'} {says}" if says else ""


def _and(first: Clause, second: Clause | None, many: bool) -> str:
    """A second verb for the same subject; none where the sentence would drag or stammer."""
    says = _verb(second.says, many) if second else ""
    alike = (
        bool(second) and first.says.split()[:1] == says.split()[:1] and not says.startswith("is ")
    )
    return f" and {says}" if says and not alike and " and " not in first.says else ""


def _verb(says: str, many: bool) -> str:
    """In the number of the subject; empty where that is not known."""
    if not many or not says:
        return says
    verb, _, others = says.partition(" ")
    return f"{_MANY[verb]} {others}" if verb in _MANY else ""
