"""Price limits that stand in the words of a single query, for whoever asks without a conversation.

"kite under 200 euros" is a wish and a limit. Searched for, the sum is three more words, and kites
for 589 come back. A conversation is read by a model; that would cost more than the search itself,
so here only what cannot be meant otherwise is read. A query with a negation in it ("no lamps over
50") keeps its words: a limit that is turned round is worse than none. Numbers and currencies are
those of :mod:`llmrec.reading`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import chain
from typing import Literal, TypeAlias

from llmrec.linear import bounded
from llmrec.reading.amounts import Amount, amounts_in
from llmrec.reading.currency import currency_beside, currency_in
from llmrec.reading.prompt import plain
from llmrec.types import Filters, Recommendations

__all__ = ["ReadQuery", "read_query"]

_Kind: TypeAlias = Literal["max", "min", "range", "around"]

# Each number stands in the text as one private sign: with a currency, or bare.
_FIRST_BARE, _FIRST_MONEY, _MOST = 0xE000, 0xE800, 0x800
_MONEY, _SUM = "([\ue800-\uefff])", "([\ue000-\uefff])"
_A = r"(?:(?:an?|eine[nm]?|ein)\s+)?"
_OWN_SIGNS = re.compile("[\ue000-\uefff]")

_PATTERNS: tuple[tuple[_Kind, str], ...] = (
    (
        "range",
        r"(?:\b(?:between|from|zwischen|von)\s+|在)?"
        rf"{_SUM}\s*(?:and|to|und|bis(?:\s+zu)?|-|–|~|到|至|和)\s*{_MONEY}(?:\s*之间)?",
    ),
    # Negations stand first: "not more than" holds "more than".
    (
        "max",
        r"(?:\b(?:(?:not|no|nothing)\s+(?:more\s+than|over|above)"
        r"|(?:nicht|nichts)\s+(?:mehr\s+als|über|teurer\s+als))\s+"
        rf"|不要?超过|不能超过|别超过|不高于|不多于){_A}{_SUM}",
    ),
    (
        "min",
        r"(?:\b(?:(?:not|no|nothing)\s+(?:less\s+than|under|below)|nicht\s+unter)\s+"
        rf"|不低于|不少于){_A}{_SUM}",
    ),
    (
        "max",
        r"(?:\b(?:under|below|less\s+than|cheaper\s+than|at\s+(?:the\s+)?most|up\s+to|within"
        r"|max(?:imum)?\.?(?:\s+of)?|(?:my\s+)?budget(?:\s*(?:is|of|:))?|unter|bis(?:\s+zu)?"
        r"|höchstens|maximal|(?:weniger|billiger|günstiger)\s+als)\s+"
        rf"|至多|最多|最高|低于|少于|预算(?:是|为)?){_A}{_SUM}",
    ),
    ("max", rf"(?:<=?|≤)\s*{_MONEY}"),
    (
        "max",
        rf"{_SUM}\s*(?:or\s+(?:less|under|below|cheaper)\b|max(?:imum)?\b|at\s+(?:the\s+)?most\b"
        r"|tops\b|oder\s+(?:weniger|billiger|günstiger)\b|maximal\b|höchstens\b|以下|以内|之内|封顶)",
    ),
    (
        "min",
        r"(?:\b(?:over|above|more\s+than|at\s+least|min(?:imum)?\.?(?:\s+of)?"
        r"|starting\s+(?:at|from)|über|ab|mindestens|(?:mehr|teurer)\s+als)\s+"
        rf"|至少|最低|高于|超过){_A}{_SUM}",
    ),
    ("min", rf"(?:>=?|≥)\s*{_MONEY}"),
    ("min", rf"{_SUM}\s*(?:or\s+more\b|and\s+(?:up|above)\b|oder\s+mehr\b|以上|起)"),
    ("around", rf"\b(?:about|around|roughly|etwa|ungefähr|circa|ca\.?|um\s+die)\s+{_MONEY}"),
)
_RULES = [(kind, bounded(text, re.IGNORECASE)) for kind, text in _PATTERNS]
_NEGATION = bounded(
    r"\b(?:no|not|nothing|never|none|neither|without|[a-z]+n't|cannot|kein(?:e[nrsm]?)?|nicht|nichts"
    r"|ohne|weder)\b|[不别別没沒无無]",
    re.IGNORECASE,
)
# What makes a bare number something else than a price: "under 2 kg", "ab 3 Jahren", "40 cm".
_UNITS = (
    "kg g mg lbs? oz cm mm km m inch(?:es)? ft l ml cl litres? liters? liter w watts? kw v volt "
    "mah lm hours? h stunden? minutes? min minuten years? jahren? months? monaten? weeks? wochen "
    "days? tage?n? people persons? personen pieces? st(?:ü|ue)ck degrees? grad tog pages? seiten "
    "gb tb mb kb gigabytes? terabytes? megabytes? hz khz mhz ghz mp megapixels? mbps dpi rpm zoll "
    "yards? feet calories kcal"
)
_UNIT = bounded(
    rf"\s*(?:(?:{'|'.join(_UNITS.split())})(?![a-zäöü])|[%°岁人升克斤米瓦个件款号码度页天种]|千克|公斤"
    r"|毫升|厘米|毫米|小时|分钟)|[a-zäöüß]",
    re.IGNORECASE,
)
_KELVIN = re.compile(r"\d{3,9}\s?k", re.IGNORECASE)
_NEXT_WORD = bounded(r"\s+([a-zäöüß]+)", re.IGNORECASE)
_NO_NOUN_WORDS = """
please for in or and but from with if that on by as is only now too also available made bitte für
aus von mit oder und aber wenn auch nur lieferbar auf am
"""
_NO_NOUNS = frozenset(_NO_NOUN_WORDS.split())
_FEW = 10
_NEAR, _CENT = Decimal("1.2"), Decimal("0.01")


@dataclass(frozen=True)
class ReadQuery:
    """A query without its price limits, and the filters with them.

    ``notes`` say what was read as a limit, a sentence each; empty where nothing was.
    """

    query: str | None
    filters: Filters
    notes: tuple[str, ...] = ()

    def noted(self, answer: Recommendations) -> Recommendations:
        """The answer with the notes in its trace, before its own."""
        if not self.notes:
            return answer
        return replace(
            answer, trace=replace(answer.trace, notes=(*self.notes, *answer.trace.notes))
        )


def read_query(query: str | None, filters: Filters, currencies: Sequence[str] = ()) -> ReadQuery:
    """Take price limits out of a query's words; limits that the filters have already win.

    Args:
        query: the shopper's words.
        filters: what was given as filters.
        currencies: that the shop prices in, the most common first. A sum in another one is taken
            as one in the first, and said.

    >>> read = read_query("kite under 200 euros", Filters(), ["EUR"])
    >>> read.query, read.filters.max_price, read.notes
    ('kite', Decimal('200'), ('read as a limit: at most 200 EUR',))
    >>> read_query("no lamps over 50", Filters(), ["EUR"]).query
    'no lamps over 50'
    """
    if not query or filters.min_price is not None or filters.max_price is not None:
        return ReadQuery(query, filters)
    text = _OWN_SIGNS.sub(" ", plain(query))
    masked, amounts = _masked(text)
    masked, limits = _limits_in(masked, amounts)
    low, high = _bounds(limits)
    crossed = low is not None and high is not None and low > high
    if (low is None and high is None) or crossed or _NEGATION.search(masked):
        return ReadQuery(query, filters)  # what could be meant otherwise stays words
    taken = sorted(chain.from_iterable(limits.values()), key=lambda amount: amount.start)
    places = [(amount.start, amount.end) for amount in taken]
    named = currency_in(text, places, currencies[0] if currencies else None)
    return ReadQuery(
        _unmasked(masked, text, amounts) or None,
        _with_limits(filters, low, high, named, currencies),
        tuple(_notes(low, high, named, currencies)),
    )


def _limits_in(masked: str, amounts: Mapping[str, Amount]) -> tuple[str, dict[_Kind, list[Amount]]]:
    """The masked text without the limits that it names, and these by their kind."""
    limits: dict[_Kind, list[Amount]] = {"max": [], "min": [], "around": []}
    for kind, rule in _RULES:
        place = 0
        while match := rule.search(masked, place):
            sums = [amounts[sign] for sign in match.groups()]
            place = match.end()
            if _counts_things(kind, sums, masked[match.end() :]):
                continue
            masked = f"{masked[: match.start()]} {masked[match.end() :]}"
            place = match.start() + 1
            if kind == "range":
                cheapest, dearest = sorted(sums, key=lambda amount: amount.value)
                limits["min"].append(cheapest)
                limits["max"].append(dearest)
            else:
                limits[kind].append(sums[0])
    return masked, limits


def _bounds(limits: Mapping[_Kind, Sequence[Amount]]) -> tuple[Decimal | None, Decimal | None]:
    """The lowest and the highest price that all limits allow."""
    lows = [amount.value for amount in limits["min"]]
    highs = [amount.value for amount in limits["max"]]
    # What is cheaper and fits is no worse: "around" is a limit from above with tolerance.
    highs += [
        (amount.value * _NEAR).quantize(_CENT, ROUND_HALF_EVEN) for amount in limits["around"]
    ]
    return max(lows, default=None), min(highs, default=None)


def _masked(text: str) -> tuple[str, dict[str, Amount]]:
    """The text with a sign for each number that may be a price, and the numbers by their signs."""
    amounts: dict[str, Amount] = {}
    parts, end = [], 0
    for place, amount in enumerate(amounts_in(text)[:_MOST]):
        named = currency_beside(text, amount.start, amount.end)
        bare = named is None
        if bare and (_UNIT.match(text, amount.end) or _KELVIN.fullmatch(amount.text)):
            continue
        first = amount.start if named is None else min(amount.start, named.start(1))
        last = amount.end if named is None else max(amount.end, named.end(1))
        if first < end:
            continue
        sign = chr((_FIRST_BARE if bare else _FIRST_MONEY) + place)
        amounts[sign] = Amount(first, last, text[first:last], amount.value)
        parts += [text[end:first], sign]
        end = last
    return "".join([*parts, text[end:]]), amounts


def _unmasked(masked: str, text: str, amounts: dict[str, Amount]) -> str:
    words = _OWN_SIGNS.sub(lambda match: amounts[match[0]].text, masked)
    return " ".join(words.split()).strip(" ,;")


def _counts_things(kind: _Kind, sums: Sequence[Amount], behind: str) -> bool:
    """Whether a bare number counts things: "at least 2 pockets", but not "under 40 waterproof"."""
    amount = sums[0]
    if kind == "range" or currency_beside(amount.text, 0, 0) or not amount.text[-1:].isalnum():
        return False
    if any(char in "€£$" for char in amount.text):
        return False
    thousand = amount.text[-1:] in "kK"
    if kind == "max" and amount.value >= _FEW and not thousand:
        return False
    following = _NEXT_WORD.match(behind)
    return following is not None and following[1].casefold() not in _NO_NOUNS


def _with_limits(
    filters: Filters,
    low: Decimal | None,
    high: Decimal | None,
    currency: str | None,
    currencies: Sequence[str],
) -> Filters:
    # Where the shop has one currency, items that name none are priced in it too.
    named = currency if currency in currencies and len(currencies) > 1 else None
    return filters.model_copy(
        update={
            "min_price": low,
            "max_price": high,
            "currency": filters.currency or named,
        }
    )


def _notes(
    low: Decimal | None, high: Decimal | None, currency: str | None, currencies: Sequence[str]
) -> list[str]:
    own_unit = currency if currency in currencies or not currencies else currencies[0]
    unit = f" {own_unit or (currencies[0] if currencies else '')}".rstrip()
    notes = [
        f"read as a limit: {name} {amount.normalize():f}{unit}"
        for name, amount in (("at least", low), ("at most", high))
        if amount is not None
    ]
    if currency and currencies and currency not in currencies:
        notes.append(f"prices here are in {currencies[0]}, not in {currency}")
    return notes
