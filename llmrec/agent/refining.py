"""Whether words go on with what was looked for, or begin something else.

A message stands for itself if it names a thing; else it says more of the thing that is looked for.
In this order: words that lean on what was said before ("it", "he likes", "preferably", "for …", "a
wooden one") go on; a thing of the quest named again goes on; an order or a wish for a thing ("show
me …", "I also need a …") begins; and of a bare phrase the catalogue decides, by whether it sells
things called so.
"""

from __future__ import annotations

import re

from llmrec.agent.constraints.reader import pattern
from llmrec.agent.constraints.things import Things, head_of
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
_SENTENCE = (
    r"(?:^|[.!?;。！？,，]\s*)(?:(?:and|but|so|oh|well|then|maybe|also|und|aber|also)[\s,]+)*"
)
_ABOUT = (
    r"(?:it|that|they|these|this|he|she|es|er|sie)(?:'s|'d|'ll)?(?![^\W_])"
    r"|das\s+(?:ist|wäre|soll(?:te)?|muss)\b"
    r"|(?:my|his|her|our|their|mein|meine|sein|ihre?)\s+[^\W\d_]+\s+(?:is|are|has|have|likes?"
    r"|loves?|needs?|wants?|ist|hat|mag|liebt|braucht|will)\b"
    r"|(?:preferr?e?r?ably|ideally|if\s+possible|am\s+liebsten|möglichst|vorzugsweise|bevorzugt"
    r"|lieber)\b"
    r"|(?:must|should|has\s+to|needs?\s+to|muss|soll(?:te)?)\b|最好|希望|它|[他她](?:喜欢|是|要)"
)
_WISH = (
    r"(?:(?:i|we)(?:'m|\s+am|'re|\s+are)?\s+(?:(?:also|now|just|really|still|only)\s+)*(?:want|need"
    r"|would\s+like|looking\s+for|searching\s+for|after)|i'd\s+(?:also\s+)?(?:like|love|prefer)"
    r"|ich\s+(?:brauche|möchte|will|suche|hätte\s+gerne?)(?:\s+(?:auch|noch|jetzt|nur))*)"
    r"(?:\s+(?:to\s+(?:buy|see|have|get|order)|only|just))*"
)
_ORDER = (
    r"(?:(?:please\s+|now\s+|jetzt\s+)*(?:show|find|give|get|search|look)(?:\s+(?:me|for|us))*"
    r"|(?:can|could|would)\s+you\s+(?:please\s+)?(?:show|find|give|recommend|suggest)(?:\s+me)?"
    r"|(?:do\s+you|have\s+you|is\s+there|are\s+there)(?:\s+(?:also|have|got|sell))*"
    r"|(?:jetzt\s+|bitte\s+|nun\s+)*(?:zeig|such|finde)(?:e|en\s+sie)?(?:\s+(?:mir|nach))*"
    r"|(?:hast\s+du|habt\s+ihr|haben\s+sie|gibt\s+es)(?:\s+(?:auch|noch))*)"
)
_STANDS_FOR = (
    r"(?:something|anything|ones?|it|them|that|this|these|those|options?|choices?|products?|items?"
    r"|models?|versions?|etwas|was|eins|welche[snr]?)"
)
_LEANING = pattern(
    rf"{_SENTENCE}(?:{_ABOUT})"
    rf"|{_SENTENCE}(?:(?:{_WISH}|{_ORDER})\s+)?(?:(?:an?|the|some|any|ein(?:e[nrs]?)?)\s+)?"
    rf"(?:[\w-]+\s+){{0,2}}{_STANDS_FOR}(?![^\W_])"
    r"|的\s*[吗吧呢啊。?!]*$"
)
_BEGINNING = pattern(
    rf"{_SENTENCE}(?:{_ORDER}\s+(?=\w)|{_WISH}\s+(?:an?|some|another|ein(?:e[nrms]?)?"
    rf"|noch)\s+(?=\w))"
    rf"|\b(?:also|now)\s+(?:{_WISH}|{_ORDER})\s|\b(?:instead|stattdessen)\W*$"
    r"|^(?:我)?(?:还|也|现在|另外|再)*(?:想|要|需要|在找|给我|帮我|有没有|推荐|看看|换成|改看)"
)
_STATEMENT = pattern(rf"{_SENTENCE}(?:i|we|you|ich|wir|my|mein|meine)(?:'m|'d|'ve|'ll)?\s+\w+|^我")
_BARE = 6
_PREPOSITION = pattern(r"^(?:for|für)\s+(?:(?:the|an?|den|die|das|dem|ein(?:e[nrms]?)?)\s+)?(?=\S)")


def looked_for(
    before: tuple[str, ...], words: str, said: str = "", things: Things | None = None
) -> tuple[str, ...]:
    """The phrases of the quest with new words: joined if they say more of it, else these alone.

    Args:
        before: the phrases of the quest, oldest first.
        words: of the message that are left to be looked for.
        said: the message; by default the words.
        things: what the catalogue sells.

    >>> things = Things(["tent", "cup", "headset"])
    >>> looked_for(("tent",), "for two"), looked_for(("tent", "for two"), "lighter")
    (('tent', 'for two'), ('tent', 'for two', 'lighter'))
    >>> looked_for(("tent",), "easy to pitch", things=things)
    ('tent', 'easy to pitch')
    >>> looked_for(("tent",), "espresso cups", things=things)
    ('espresso cups',)
    """
    if before and _goes_on(before, words, said or words, things or Things()):
        return (before[0], *(*before[1:], words)[1 - MAX_WORDS :])
    return (_PREPOSITION.sub("", words),)


def _goes_on(before: tuple[str, ...], words: str, said: str, things: Things) -> bool:
    if _REFINING.search(words) or _LEANING.search(said):
        return True
    if head_of(words) and any(head_of(words) == head_of(one) for one in before):
        return True
    if _BEGINNING.search(said) and (words in things or _phrase(words)):
        return False
    return words not in things or bool(_STATEMENT.search(said)) or not _phrase(words)


def _phrase(words: str) -> bool:
    """Whether it is short enough to be a name, and no sentence."""
    return len(re.findall(r"[^\W_]+", words)) <= _BARE
