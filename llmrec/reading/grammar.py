"""The grammar of one message's line: every value must be copied from that message.

A model that reads under it cannot name a brand, a sum or a material that the shopper has not
written. Sums are those numbers that :func:`~llmrec.reading.amounts.amounts_in` has seen, so that
the code's value for each is known before the model chooses. Values are whole words; Chinese has
none, so there any piece of the text will do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from llmrec.linear import bounded
from llmrec.reading.amounts import amounts_in
from llmrec.reading.lines import INTENTS

__all__ = ["ATTRIBUTES", "GIFT", "line_grammar"]

GIFT = "gift"
"""What is looked for where no kind of present is named."""

ATTRIBUTES = (
    "age alcohol area battery_life body_weight breed brightness burn_time capacity class cocoa "
    "colour compartments compatible_with condition deadline depth duration feature filling finish "
    "fit flavour form format gender grade height included interest keys length level load look "
    "magnification material memory model model_year motif noise occasion origin pack pattern "
    "people pieces place position power pressure quantity range rating resolution roast room scale "
    "scent season seat_height shape size skin_type socket speed spf storage strength style "
    "temperature texture theme thickness time tog topic type use voltage warranty weight width year"
)
"""The names that values go by; those that the written messages use more than three times."""

_MOST_PARTS = 16
_MOST_FURTHER = 2
"""Requests of a message behind the first; the writers' messages have no more."""
_MOST_WORDS = 11
_MOST_PLACES = 9
_SORTS = ("cheapest", "dearest", "best_rated", "newest")
_DROPS = ("max", "min", "brand", "not_brand", "not", "in_stock", "all")

_CHUNK = bounded(r"[^\s|]+")
_WORD = bounded(r"[^\W_]+(?:['-][^\W_]+)*")
_PART = bounded(r"[^\W_]+")
# "Nut-free", "laktosefrei", "sugarless": what it is free of stands in the word.
_FREE = bounded(r"([^\W\d_]{3,40}?)-?(?:free|frei(?:e[nrsm]?)?|less|los(?:e[nrsm]?)?)")
# "Nur noch die roten": the colour is "rot". Not of "Kräutertee", whose last letter is its own.
_ENDING = re.compile(r"(?<=[a-zäöüß]{3})(?<!e)(?:e[nrsm]?|s)$")
_CHINESE = re.compile("[\u3400-\u9fff]")
_EDGES = ".,;:!?\"'()[]…"


def line_grammar(message: str, on_screen: int, most_further: int = _MOST_FURTHER) -> str:
    """A Lark grammar, as llguidance reads it; a line begins with a space.

    Args:
        message: plain text of one line; not empty.
        on_screen: how many products are on the screen; the first nine can be named.
        most_further: how many requests may follow the first.
    """
    sums = tuple(dict.fromkeys(amount.text for amount in amounts_in(message)))
    kinds = ['"thing " (value | "gift")', '"brand " value', '"no brand " value']
    kinds += ['"without " value', '"for " value', '"in stock"', f'"sort " ({_any(_SORTS)})']
    kinds += [f'"drop " ({_any(_DROPS)} | name)', 'name ": " value']
    if sums:
        kinds.append(f'("max " | "min " | "around ") ({_any(sums)})')
    if on_screen:
        places = (str(n) for n in range(1, min(on_screen, _MOST_PLACES) + 1))
        kinds.append(f'"item " ({_any(places)})')
    return "\n".join(
        (
            f'start: " " request (" || " request){{0,{most_further}}}',
            f'request: intent (" | " part){{0,{_MOST_PARTS}}}',
            f"intent: {_any(INTENTS)}",
            f"part: {' | '.join(kinds)}",
            f'value: word (" " word){{0,{_MOST_WORDS}}}',
            f"name: {_any(ATTRIBUTES.split())}",
            *_word_rules(message, sums),
        )
    )


def _word_rules(message: str, sums: Sequence[str]) -> Iterator[str]:
    if _CHINESE.search(message):
        yield "word: WORD"
        yield "WORD: COPIED & /[^ |]+/"
        copied = json.dumps({"substring_chars": message}, ensure_ascii=False)
        yield f"COPIED: %regex {copied}"
    else:
        yield f"word: {_any(_words(message, sums)) or _any((message,))}"


def _words(message: str, sums: Sequence[str]) -> dict[str, None]:
    """The words of a message, with and without what hangs on them."""
    words: dict[str, None] = {}
    for whole in (match[0].rstrip(".,;:!?)") for match in _CHUNK.finditer(message)):
        chunk = whole.strip(_EDGES)
        pieces = [match[0] for rule in (_WORD, _PART) for match in rule.finditer(chunk)]
        free = [match[1] for piece in pieces if (match := _FREE.fullmatch(piece))]
        bare = [_ENDING.sub("", piece) for piece in pieces]
        words |= dict.fromkeys(word for word in (whole, chunk, *pieces, *free, *bare) if word)
    # Numbers of several words, and those with a sign in them, are copied too.
    for text in sums:
        words |= dict.fromkeys(text.split())
    return words


def _any(texts: Iterable[str]) -> str:
    return " | ".join(json.dumps(text, ensure_ascii=False) for text in texts)
