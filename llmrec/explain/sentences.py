"""A description as sentences, each with those that it must not be quoted without.

A sentence is never cut and never rewritten. One that begins "They ..." or "But ..." is quoted only
behind the one before; one that is taken back by the next ("Not two weeks.") only with it. Where
nobody can tell that a piece is a whole sentence, it is none: a wrapped line, a list under "Not
for:", a text that breaks off. All of it is linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from llmrec.catalog.tokens import tokens
from llmrec.explain.patterns import LEANS, LEANS_AT_END, OF_ANOTHER, TAKES_BACK

__all__ = ["Sentence", "runs_of", "sentences_of"]

MAX_CHARS = 20_000
MAX_SENTENCES = 200
MAX_RUN = 3
"""Sentences that are quoted together; what leans on more is not quoted at all."""

# A paragraph or a list item ends a sentence that has no full stop. A cell of a table does not
# ("Waterproof | no"), nor does a line that was wrapped: what holds another tag is not quoted.
_BLOCK = re.compile(
    r"</?(?:p|li|ul|ol|div|h[1-6])\b[^<>]{0,200}>|\n[^\S\n]{0,20}\n"
    r"|(?:^|\n)[^\S\n]{0,20}(?=[-*•·✓✔●■▪–][^\S\n])",
    re.IGNORECASE,
)
_LISTED = re.compile(r"<li\b[^<>]{0,200}>", re.IGNORECASE)
_ITEM = re.compile(r"[-*•·✓✔●■▪–]\s+")
_BREAKS = re.compile(r"(?:\s|<br\b[^<>]{0,20}>){1,50}", re.IGNORECASE)
_END = re.compile(r"[.!?…]{1,8}[\"'”’»)]{0,3}(?=\s|<|$)|[。！？]{1,4}[”’」》）]{0,3}")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|incl|excl|no|nr|dr|mr|mrs|st|ca|z\.\s?b|d\.\s?h|inkl|exkl|bzw|max|min"
    r"|vs|etc|usw|mon|tel|vol|fig|art|tr|mind|ggf|evtl|bspw|sog|vgl|lt|gem|stk|pkg|std)"
    r"|(?<!\d)(?<!\d\s)\b[^\W\d_]|\b\d{1,2})$",
    re.IGNORECASE,
)
_BEFORE = 10
_STOPPED = re.compile(r"[.!?。！？][\"'”’»)」》）]{0,3}$")

# What the sentence says begins with its verb; the word before it is what it speaks of.
_DEMONSTRATIVE = re.compile(
    r"(?:this|these|diese[rs]?)\s((?:[^\W\d_][\w'’-]*\s){1,5}?)"
    r"(?:is|are|was|were|can|may|has|have|will|won[’']t|do|does|features?|makes?|comes?|offers?|keeps?"
    r"|holds?|fits?|helps?|includes?|provides?|allows?|lets?|gives?|works?|delivers?|contains?"
    r"|measures?|adds?|stays?|creates?|writes?|dry|dries|protects?|resists?|lasts?|uses?|ensures?"
    r"|ist|sind|hat|haben|kann|können|hält|halten|passt|passen|bietet|bieten|bleibt|bleiben)\s",
    re.IGNORECASE,
)
# A title may name these, and yet another part of the text is meant.
_PARTS = frozenset(tokens("set pack size color colour way time feature design model line series"))

_DENIES = re.compile(r"\b(?:not?|never|without|nicht|kein\w{0,2}|ohne|nie)\b|[不非无没勿忌]", re.I)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it stands in the text, white space folded.

    ``part`` counts paragraphs and list items: none leans on another part. ``whole`` is false for
    what does not end as sentences end, unless it is an item of a list.
    """

    text: str
    part: int
    whole: bool


def sentences_of(description: str) -> tuple[Sentence, ...]:
    """The sentences of a description in their order, at most 200 of the first 20,000 characters.

    >>> [one.text for one in sentences_of("Holds approx. 2 l. Not for tea!")]
    ['Holds approx. 2 l.', 'Not for tea!']
    """
    result: list[Sentence] = []
    heading = ""
    text = _LISTED.sub("\n• ", description[:MAX_CHARS])
    for part, piece in enumerate(_BLOCK.split(text)):
        listed = _ITEM.match(piece.lstrip())
        sentences = list(_split(piece.lstrip()[listed.end() :] if listed else piece))
        if not sentences:
            continue
        stands = not (listed and (heading.endswith((":", "：")) or _DENIES.search(heading)))
        for sentence in sentences:
            is_end = _STOPPED.search(sentence) or (listed and len(sentences) == 1)
            result.append(Sentence(sentence, part, bool(is_end and stands)))
        if not listed:
            last = sentences[-1]
            heading = "" if _STOPPED.search(last) else last
        if len(result) >= MAX_SENTENCES:
            break
    return tuple(result[:MAX_SENTENCES])


def runs_of(sentences: tuple[Sentence, ...], title: str = "") -> tuple[range, ...]:
    """For each sentence that can be quoted the shortest run of sentences that keeps it true.

    A run may come for several sentences; it comes once. "These pens ..." leans on nothing where
    the ``title`` names pens.
    """
    names = frozenset(tokens(title))
    runs = (_run(sentences, place, names) for place in range(len(sentences)))
    return tuple(dict.fromkeys(run for run in runs if run is not None))


def _run(sentences: tuple[Sentence, ...], place: int, names: Collection[str]) -> range | None:
    first = last = place
    while _leans(sentences, first, names):
        first -= 1
        if first < 0 or sentences[first].part != sentences[place].part or last - first >= MAX_RUN:
            return None
    while last + 1 < len(sentences) and _takes_back(sentences[last], sentences[last + 1]):
        last += 1
        if last - first >= MAX_RUN:
            return None
    run = range(first, last + 1)
    return run if all(sentences[number].whole for number in run) else None


def _leans(sentences: tuple[Sentence, ...], place: int, names: Collection[str]) -> bool:
    text = sentences[place].text
    if place == 0:
        return bool(OF_ANOTHER.match(text) or LEANS_AT_END.search(text))
    if sentences[place - 1].text.endswith(("?", "？", ":", "：")):
        return True
    if LEANS_AT_END.search(text):
        return True
    return bool(LEANS.match(text)) and not _names_the_product(text, names)


def _names_the_product(text: str, names: Collection[str]) -> bool:
    """Whether the noun behind "this" or "these" stands in the title, which is on the card.

    >>> _names_the_product("These handy gel pens have a grip.", {"gel", "pen", "blue"})
    True
    """
    match = _DEMONSTRATIVE.match(text)
    noun = tokens(match[1])[-1:] if match else []
    return bool(noun) and noun[0] in names and noun[0] not in _PARTS


def _takes_back(sentence: Sentence, following: Sentence) -> bool:
    return following.part == sentence.part and bool(TAKES_BACK.match(following.text))


def _split(text: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(text):
        if match[0].startswith(".") and not _is_stop(text, match):
            continue
        if sentence := _tidy(text[start : match.end()]):
            yield sentence
        start = match.end()
    if rest := _tidy(text[start:]):
        yield rest


def _is_stop(text: str, match: re.Match[str]) -> bool:
    """Whether a full stop ends a sentence: not behind "approx", nor before a small letter."""
    if _ABBREVIATED.search(text[max(0, match.start() - _BEFORE) : match.start()]):
        # At the end of a text there is nothing that the abbreviation could go on with.
        return not text[match.end() :][:MAX_CHARS].strip()
    rest = text[match.end() : match.end() + 60].lstrip(" \n\t\r\"'“„(")
    return not rest[:1].islower()


def _tidy(text: str) -> str:
    """White space folded, line breaks at both ends gone."""
    begin = _BREAKS.match(text)
    return " ".join(text[begin.end() if begin else 0 :].split())
