"""From what a source wrote in one place to an attribute's values: "S, M, L" are three.

Nobody can know a list from a sentence for certain. The rule asks for signs of a list: parts that
are short, of one kind, and without the small words that only phrases need. In doubt a text stays
one value. Why each sign: ``docs/design/005-ingest.md``.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["split_values"]

_LISTS = re.compile(
    r"\b(?:tags?|keywords?|labels?|ingredients?|allergens?|schlagw\w+|zutaten|inhaltsstoffe|allergene)\b"
    r"|标签|配料|过敏原",
    re.IGNORECASE,
)
"""Names of attributes that are lists whatever their parts look like."""

_MOST_TEXT = 2_000
_MOST_CHARS = 40
_MOST_WORDS = 4  # "iPhone 13 Pro Max" has three, "do not bleach" too: words alone decide nothing
_MOST_SPACED = 2  # around " / " the parts are the shortest: "S / M", "Black / White"
_MOST_HAN = 6  # Chinese has no spaces to count by

_MARKS = re.compile(r"[|｜;；,，、\n]|\s/\s|\s(?:and|or|und|oder|&)\s")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’.-])*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_ANSWERS = "yes no none ja nein not nicht never only nur please bitte"
_VERBS = "is are was be can may must should do does don't has have ist sind kann darf muss hat"
_POINTERS = "the this that it its you your we our to der die das den dem es sie wir which who if"
_JOINTS = "and or with without of for in on by from as at und oder mit ohne von für aus bei zu im"
_QUALIFIERS = (
    "about makes also including incl approx ca circa mostly plus each per auch inkl etwa je"
)
_COMPANY = "inc ltd llc gmbh corp co jr sr"
_SENTENCE = frozenset(f"{_ANSWERS} {_VERBS} {_POINTERS} {_COMPANY}".split())
_PHRASE = _SENTENCE | frozenset(f"{_JOINTS} {_QUALIFIERS}".split())
_HAN_SENTENCE = re.compile("[不请勿可的了是在]|包括|包含|大约")
_STOP = re.compile(r"[.!?]\s+[^\W\da-z]|[。！？]|://|\bwww\.")
_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|apr(?:il)?|may|mai|june?|juni|july?|juli"
    r"|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
_DATE = re.compile(rf"\b{_MONTH}\b.*\b(?:19|20)\d\d\b|\b\d{{1,2}}:\d\d\b", re.IGNORECASE)
# "36", "XL", "8 GB", "s": what may stand around an "and" without becoming a phrase.
_CODE = r"(?:\d[\d.]*(?: ?[A-Za-z%]{1,3})?|\d?[A-Z]{1,4}|[a-z])"
_LAST = re.compile(rf"({_CODE}(?:, {_CODE})*),? (?:and|or|und|oder|&) ({_CODE})")
_OXFORD = re.compile(r"(?:and|or|und|oder|&)\s+")
_ENTITY = re.compile(r"&#?\w{1,8}$")
_UNIT = re.compile(r"(?!\dX+[SL]$)\d[\d.,]*\s*([^\W\d]*)")
_INCHES = re.compile(r"\d ?in\b")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
# "S/M" is one size between two; three are no size.
_SIZES = re.compile(r"\d?X{0,4}[SML](?:/\d?X{0,4}[SML]){2,}")
_NUMBERS = re.compile(r"\d+(?:,\d+){2,}")


@lru_cache(maxsize=16_384)  # a catalogue says the same few things of many products
def split_values(text: str, name: str = "") -> tuple[str, ...]:
    """The values that a text names, each once and as it is written; one, where it is no list.

    A text is cut once, at the strongest of ``|``, ``;``, ``,`` and a slash between spaces. Nothing
    is cut within brackets, nor at a comma between two digits. What a source gives as a list needs
    no reading, and must not come here.

    Args:
        text: on one line, without markup.
        name: the attribute's; ingredients and tags are lists, however long their parts are.

    >>> split_values("S, M, L"), split_values("Cotton 60 %, Polyester 40 %")
    (('S', 'M', 'L'), ('Cotton 60 %', 'Polyester 40 %'))
    >>> split_values("1,5 l"), split_values("12/24 V"), split_values("red, white and blue")
    (('1,5 l',), ('12/24 V',), ('red, white and blue',))
    >>> split_values("S/M"), split_values("S/M/L")
    (('S/M',), ('S', 'M', 'L'))
    >>> split_values("wash cold, do not bleach, hang to dry")
    ('wash cold, do not bleach, hang to dry',)
    """
    if not _MARKS.search(text):
        return tuple(dict.fromkeys(text.split("/"))) if _SIZES.fullmatch(text) else (text,)
    parts = _parts(text.strip(), bool(_LISTS.search(name)))
    return tuple(dict.fromkeys(part for part in parts if part)) or (text,)


def _parts(text: str, listed: bool) -> list[str]:
    if not listed and (len(text) > _MOST_TEXT or _STOP.search(text)):
        return [text]
    if match := _LAST.fullmatch(text):
        codes = [*match[1].split(", "), match[2]]
        return codes if len({_bare(part) for part in codes}) == 1 else [text]
    for marks, within in (("|｜", _any), ("\n", _any), (";；", _loose), (",，、", _tight)):
        parts = _cut(text, marks)
        if len(parts) > 1:
            if listed:
                return [*parts[:-1], parts[-1].rstrip(".")]  # ingredients end with a full stop
            return parts if within(text, parts) else [text]
    if "," not in text and _DATE.search(text):
        return [text]
    parts = [part.strip() for part in re.split(r"\s/\s", text)]
    short = all(part and len(_WORD.findall(part)) <= _MOST_SPACED for part in parts)
    # "1 / 2" is a half, "250 ml / 8.5 fl oz" the same in another unit.
    units = {match[1].casefold() if (match := _UNIT.match(part)) else None for part in parts}
    one_kind = len(units) == 1 and "" not in units
    return parts if len(parts) > 1 and short and one_kind and _tight(text, parts) else [text]


def _cut(text: str, marks: str) -> list[str]:
    """The parts between marks that stand outside of brackets, and not between two digits."""
    if not any(mark in text for mark in marks):
        return [text]
    if _NUMBERS.fullmatch(text) and "," in marks and not _GROUPED.fullmatch(text):
        return text.split(",")  # "36,38,40": neither a decimal number nor thousands
    parts, depth, start = [], 0, 0
    for place, mark in enumerate(text):
        depth = max(0, depth + (mark in "([{（") - (mark in ")]}）"))
        number = (
            mark == "," and text[place - 1 : place].isdigit() and text[place + 1 :][:1].isdigit()
        )
        entity = mark == ";" and _ENTITY.search(text[max(0, place - 10) : place])
        if mark in marks and not (depth or number or entity):
            parts.append(text[start:place].strip())
            start = place + 1
    parts = [part for part in (*parts, text[start:].strip()) if part]
    if len(parts) > 2:  # a comma before "and" is nothing that a name or a phrase has
        parts[-1] = _OXFORD.sub("", parts[-1], count=1) if _OXFORD.match(parts[-1]) else parts[-1]
    return parts


def _any(text: str, parts: list[str]) -> bool:
    """A bar or a line's end stands in no sentence."""
    return all(len(part) <= 2 * _MOST_CHARS for part in parts)


def _loose(text: str, parts: list[str]) -> bool:
    """Between semicolons a part may have "with" and "of": "black with dots; white"."""
    return _alike(text, parts) and not any(_words(part) & _SENTENCE for part in parts)


def _tight(text: str, parts: list[str]) -> bool:
    """Between commas: no small words, and no "yellow & red" that ends a phrase."""
    *most, last = parts
    if " & " in last and not any(" & " in part for part in most):
        return False
    return _alike(text, parts) and not any(_words(part) & _PHRASE for part in parts)


def _alike(text: str, parts: list[str]) -> bool:
    """Short parts of one kind: figures beside words are a date, a measure or an address."""
    if _DATE.search(text) or len({_bare(part) for part in parts}) > 1:
        return False
    return all(map(_is_short, parts))


def _is_short(part: str) -> bool:
    bare = re.sub(r"[(\[（].*?[)\]）]", " ", part)
    if _HAN.search(bare):
        return len(_HAN.findall(bare)) <= _MOST_HAN and not _HAN_SENTENCE.search(bare)
    return len(bare) <= _MOST_CHARS and len(_WORD.findall(bare)) <= _MOST_WORDS


def _bare(part: str) -> bool:
    return re.fullmatch(r"[\d\s.,+-]+", part) is not None


def _words(part: str) -> set[str]:
    words = _WORD.findall(_INCHES.sub(" ", part))
    return {word.casefold().rstrip(".") for word in words}
