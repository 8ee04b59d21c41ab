"""From what a prompt shows of an item to clauses that can stand in a sentence about it.

A shop's descriptions are whole sentences and pieces of such; each is told by its first words and
either fits one of the forms below or is left out. Attributes stand in prompts without their names,
so only those count whose value alone says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from llmrec.explain.claims import concept_uses
from llmrec.explain.facts import fold
from llmrec.finetune.words.vocabulary import (
    ADJECTIVES,
    DETERMINERS,
    FINITE,
    NOUNS_TOO,
    NUMERALS,
    PREPOSITIONS,
    VERBS,
)
from llmrec.prompting import one_line, shorten
from llmrec.types import Item

__all__ = ["Clause", "clauses_of", "is_plural"]

_WORDS = (2, 16)
_SPLIT = re.compile(r"(?<=[.!?;:])\s+|\n+")
_LEFT_OUT = re.compile(
    # What speaks of the shop or to the reader, or denies ...
    r"\b(?:we|our|us|i|my|not|never|cannot|can't|don't|doesn't|won't|nor|click|please|buy|order|shop|"
    # ... and what is no reason to take a thing.
    r"sold|too|only|until|less|slightly|rough|weak|cracks?|chips|creaks?|sheds?|shrinks?|stains?|"
    r"wrong|others)\b|[\"“”()*@]|https?:",
    re.IGNORECASE,
)
_SPANS = frozenset(
    ("days", "weeks", "months", "years", "hours", "minutes", "seconds", "people", "times", "grams")
)
_PAST = re.compile(r"[a-z-]{3,}(?:ed|able|ible|proof|safe|free|bodied|resistant|drying|sewn)$")
_AFTER_ADJECTIVE = frozenset(
    (
        "and",
        "or",
        "when",
        "for",
        "enough",
        "as",
        "to",
        "with",
        "but",
        "inside",
        "at",
        "after",
        "if",
        "on",
    )
)
_NOUN_TAIL = frozenset(
    ("for", "with", "in", "of", "from", "that", "which", "to", "made", "without", "on", "by", "and")
)
_UNIT = {
    "weight": r"(?:about )?[\d.,]+ ?(?:kg|g|lb|oz)",
    "capacity": r"[\d.,]+ ?(?:l|ml|litres?|oz)",
    "dimensions": r"[\d.,]+(?: ?[x×] ?[\d.,]+){1,2} ?(?:cm|mm|m|in|inches)",
    "power": r"[\d.,]+ ?w",
    "pack": r"\d+ [a-z]+",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One fact in the forms that it has; empty where it has not that form.

    ``after`` stands behind a noun ("made of steel"), ``says`` behind a subject in the singular ("is
    made of steel"), ``own`` has a subject of its own ("its lid stays on while you pour"), ``noun``
    says what the item is ("a plain workhorse with a full tang").
    """

    after: str = ""
    says: str = ""
    own: str = ""
    noun: str = ""


def clauses_of(item: Item, shown: str) -> list[Clause]:
    """Clauses from an item's description and attributes that stand whole in ``shown``.

    Args:
        item: what is spoken of.
        shown: the text that the model gets about it.
    """
    seen, title = fold(shown), fold(item.title)
    # A description that was cut ends in the middle of a sentence, which the next attribute follows.
    pieces = [piece for piece in _pieces(item.description) if fold(piece) in seen]
    made = [clause for piece in pieces if (clause := _from_piece(piece, title))]
    # Of several values a sentence would have to know whether it is all of them or one.
    single = {name: values[0] for name, values in item.attributes.items() if len(values) == 1}
    for name, value in single.items():
        line = shorten(one_line(value), 6)
        whole = line == one_line(value) and fold(line) in seen and fold(line) not in title
        if whole and (clause := _from_value(name, line)):
            made.append(clause)
    return list(dict.fromkeys(made))


def is_plural(noun: str) -> bool:
    """Whether a title's main word is in the plural.

    >>> is_plural("Hiking socks for winter"), is_plural("Set of jars")
    (True, False)
    """
    head = re.split(r",| (?:for|with|in|from|of|to|on|by|and|&)\b|\s\d", noun, maxsplit=1)[0]
    last = head.split()[-1].casefold() if head.split() else ""
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "press", "lens"))


def _pieces(description: str) -> Iterator[str]:
    for piece in _SPLIT.split(description[:4_000]):
        text = one_line(piece).rstrip(" .!?;:")
        if _WORDS[0] <= len(text.split()) <= _WORDS[1] and not _LEFT_OUT.search(text):
            yield text


def _from_piece(piece: str, title: str) -> Clause | None:
    words = piece.replace(",", " ,").split()
    first, others = words[0].casefold(), piece.split(" ", 1)[1]
    second = words[1].casefold()
    if _stammers(words):
        return None
    if first in ("it", "this") and second in VERBS:
        return Clause(says=others)
    surely = first in VERBS and first not in NOUNS_TOO
    if surely or (_looks_like_verb(first) and second in DETERMINERS):
        return Clause(says=_lowered(piece))
    if first in ("a", "an") and not _has_finite(words) and _names_it(words, title):
        return Clause(noun=_lowered(piece))
    if first in NUMERALS and second not in _SPANS and _is_list(words) and not _has_finite(words):
        return Clause(after=f"with {_lowered(piece)}", says=f"has {_lowered(piece)}")
    if first in PREPOSITIONS and not _has_finite(words):
        return Clause(after=_lowered(piece), says=f"is {_lowered(piece)}" if first == "for" else "")
    if first in ("the", "its") and _has_finite(words):
        return Clause(own=f"its {others}" if first == "its" else f"the {others}")
    if _is_adjective(first) and _describes(words):
        return Clause(says=f"is {_lowered(piece)}")
    return None


def _from_value(name: str, value: str) -> Clause | None:
    key, low = fold(name), fold(value)
    kinds = {concept.kind for concept, _, _ in concept_uses(low)}
    if key == "material" and "material" in kinds and not re.search(r"[\d,;:+(]", value):
        return Clause(f"made of {value}", f"is made of {value}")
    look = "colour" in kinds and "material" not in kinds
    if key in ("colour", "color") and look and not re.search(r"[\d,;:+(]", value):
        return Clause(f"in {value}", f"comes in {value}")
    if key == "origin" and value[:1].isupper() and not re.search(r"\d", value):
        return Clause(f"from {value}", f"comes from {value}")
    if key not in _UNIT or not re.fullmatch(_UNIT[key], low, re.IGNORECASE):
        return None
    return {
        "weight": Clause(f"weighing {value}", f"weighs {value}"),
        "capacity": Clause(f"with room for {value}", f"holds {value}"),
        "dimensions": Clause(f"measuring {value}", f"measures {value}"),
        "power": Clause(f"running on {value}", f"runs on {value}"),
        "pack": Clause(f"in a pack of {value}", f"comes in a pack of {value}"),
    }[key]


def _has_finite(words: Iterable[str]) -> bool:
    """Whether it has a verb of its own, outside "that holds" and "when it dries"."""
    within = False
    for word in words:
        low = word.casefold().strip("'’,")
        if low in ("that", "which", "who", "when", "where", "while", "if", "because", "as"):
            within = True
        elif low in (",", "and"):
            within = False
        elif not within and (low in FINITE or low in VERBS):
            return True
    return False


def _names_it(words: list[str], title: str) -> bool:
    """Whether the noun is the item, not a part of it: then its name stands in the title too."""
    low = [word.casefold() for word in words[1:]]
    tail = next((place for place, word in enumerate(low) if word in _NOUN_TAIL), len(low))
    return 1 <= tail <= 5 and low[tail - 1] in re.findall(r"[\w-]+", title)


def _describes(words: list[str]) -> bool:
    """Adjectives, and what may follow them; no noun that they would belong to."""
    low = [word.casefold() for word in words]
    place = 1
    while place < len(low) and low[place] in (",", "and"):
        if place + 1 >= len(low) or not (_is_adjective(low[place + 1])):
            return False
        place += 2
    return place >= len(low) or (low[place] in _AFTER_ADJECTIVE and not _has_finite(words[:place]))


def _is_adjective(word: str) -> bool:
    return word in ADJECTIVES or bool(_PAST.match(word))


def _looks_like_verb(word: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{3,}[^su\W]s", word))


def _is_list(words: list[str]) -> bool:
    """Behind each comma stands one more of what is counted."""
    low = [word.casefold() for word in words]
    more = NUMERALS | {"a", "an", "one", "and"}
    return all(following in more for word, following in pairwise(low) if word == ",")


def _stammers(words: list[str]) -> bool:
    """A comma with a verb right behind it: "comes oiled, gets better"."""
    low = [word.casefold() for word in words]
    return any(word == "," and following in VERBS for word, following in pairwise(low))


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
