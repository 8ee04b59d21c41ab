"""Whether words go on with what was looked for, or begin something else."""

from __future__ import annotations

from llmrec.agent.constraints.reader import pattern
from llmrec.agent.state import MAX_WORDS

__all__ = ["looked_for"]

_ENGLISH = (
    "lighter heavier smaller bigger larger taller shorter longer wider narrower thinner thicker "
    "warmer colder cooler softer harder stronger sturdier quieter louder brighter darker newer "
    "older nicer prettier better simpler easier faster slower sharper"
)
_GERMAN = (
    "leichter schwerer kleiner größer höher kürzer länger breiter schmaler dünner dicker wärmer "
    "kälter weicher härter stärker stabiler leiser lauter heller dunkler neuer älter schöner "
    "besser einfacher schneller langsamer schärfer"
)
_MORE = "|".join(f"{word}(?:e[snrm]?)?" for word in (_ENGLISH + " " + _GERMAN).split())
_REFINING = pattern(
    r"^(?:with|without|for|but|more|less|that|which|in|to|on|at|suitable|made|washable|it\s+should"
    r"|mit|ohne|für|aber|mehr|weniger|aus|zum|zur|geeignet|es\s+soll"
    rf"|{_MORE})\b|^(?:带|不带|没有|适合|用于|更|再|能|最好|可以)"
)


def looked_for(before: tuple[str, ...], words: str) -> tuple[str, ...]:
    """The phrases of the quest with new words: joined if they refine it, else these alone.

    >>> looked_for(("tent",), "for two"), looked_for(("tent", "for two"), "lighter")
    (('tent', 'for two'), ('tent', 'for two', 'lighter'))
    >>> looked_for(("tent",), "espresso cups")
    ('espresso cups',)
    """
    if before and _REFINING.search(words):
        return (before[0], *(*before[1:], words)[1 - MAX_WORDS :])
    return (words,)
