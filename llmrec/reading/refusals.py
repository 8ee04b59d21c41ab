"""Refusals that a line leaves out: what stands behind a word that denies, to be asked about.

A model that writes forgets more than one that answers: of two refusals in a long message it often
writes one. So the words behind each denial that no part of the line has are asked about, and become
a refusal where the answer is sure enough (:func:`llmrec.reading.signs.is_refused`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmrec.linear import bounded
from llmrec.reading.lines import Line, Part

__all__ = ["Denial", "left_out_denials"]

_NO = r"no|not|nothing|without|isn'?t|aren'?t|don'?t|doesn'?t|hates?|except"
_ENGLISH = re.compile(_NO, re.IGNORECASE)
_DENIES = bounded(
    rf"(?<![\w-])(?:{_NO}"
    r"|kein(?:e[nrms]?)?|ohne|nicht|net|nix|nichts|außer)(?![\w-])"
    r"|不要|不想要|不喜欢|不能有|不含|没有|别|除了|讨厌",
    re.IGNORECASE,
)
_ASIDE = frozenset(
    """
    a an the any too much of with from made want like is in it to be have contain more again another
    one for me us der die das den dem ein eine einen aus mit von so zu sein bitte noch schon wieder
    """.split()  # noqa: SIM905
)
"""Words between a denial and what it denies."""
_ENDS = frozenset(
    """
    and or but because that if please either though tho anymore at in und oder aber weil bitte
    """.split()  # noqa: SIM905
)
_CLAUSE = re.compile(r"[,.;:!?()，。；：！？（）]")
_HAN = re.compile(r"[\u3400-\u9fff]{2,4}")
_FIRST_HAN = "\u3400"
_MOST_WORDS, _MOST_READ = 3, 5
_MOST_DENIALS = 3
"""Denials of a message that are asked about; each costs up to three questions."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A word that denies, and what it may refuse, shortest first."""

    word: str
    spans: tuple[str, ...]

    def refusal(self, span: str) -> Part:
        """The part that refuses a span: as a brand where English writes it as a name."""
        is_name = span[:1].isupper() and _ENGLISH.fullmatch(self.word) is not None
        return Part("no brand" if is_name else "without", span)


def left_out_denials(text: str, line: Line) -> list[Denial]:
    """The denials whose words the line does not have, the first few.

    Args:
        text: the message, plain.
        line: what the model wrote of it.

    >>> left_out_denials("a lamp, not Bolt and no glass please", Line("find"))
    [Denial(word='not', spans=('Bolt',)), Denial(word='no', spans=('glass',))]
    >>> left_out_denials("nicht ohne Trennwand", Line("find"))
    []
    """
    known = [part.text.casefold() for request in line.requests for part in request.parts]
    matches = list(_DENIES.finditer(text))
    # "Not without": what is denied twice is wanted.
    starts, ends = {match.start() for match in matches}, {match.end() for match in matches}
    denials = []
    for match in matches:
        behind = text[match.end() :].lstrip()
        if len(text) - len(behind) in starts or len(text[: match.start()].rstrip()) in ends:
            continue
        spans = tuple(span for span in _spans(behind) if _is_new(span, known))
        if spans:
            denials.append(Denial(match[0], spans))
    return denials[:_MOST_DENIALS]


def _spans(behind: str) -> Iterator[str]:
    """What may be denied at the beginning of a text: its first word, its first two …."""
    clause = _CLAUSE.split(behind, maxsplit=1)[0]
    if clause[:1] >= _FIRST_HAN:
        if run := _HAN.match(clause):
            yield from (run[0][:n] for n in range(2, len(run[0]) + 1))
        return
    words = clause.split()[:_MOST_READ]
    while words and words[0].casefold() in _ASIDE:
        words = words[1:]
    for n, word in enumerate(words[:_MOST_WORDS], start=1):
        if word.casefold() in _ENDS:
            return
        yield " ".join(words[:n])


def _is_new(span: str, known: list[str]) -> bool:
    folded = span.casefold()
    return len(span) > 1 and not any(part and (part in folded or folded in part) for part in known)
