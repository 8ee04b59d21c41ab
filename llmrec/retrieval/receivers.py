"""Whom products are made for and whom a request names: a raincoat for me is none for a dog.

Titles and categories say it of a product ("Pets > Dogs", "Travel blanket for dogs"), and fields
and titles for which ages. What is made for others than those named is left out. Where a request
names nobody, what is made for an animal or a baby steps back: whoever means it mostly says so.
Where it says for whom it is not ("not for dogs"), what is made for them alone is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.ages import WantedAge, is_age_field, range_in, wanted_age
from llmrec.catalog.snapshot import Snapshot
from llmrec.catalog.tokens import tokens
from llmrec.linear import bounded
from llmrec.types import BoolArray

__all__ = [
    "Receivers",
    "Wanted",
    "is_grown_up",
    "is_not_for",
    "names_of_same",
    "wanted_by",
    "words_sought",
]

_DOG, _CAT, _BABY, _CHILD, _GROWN = 1, 2, 4, 8, 16
_ANIMALS = _DOG | _CAT
_MOST_NAMED = 40
"""Words of a request that are looked at: a pasted text names nobody."""

_KINDS: Mapping[int, str] = {
    _DOG: "dog puppy puppies hund hunde welpe welpen 小狗 狗狗 狗用 犬用",
    _CAT: "cat kitten katze katzen kätzchen 小猫 猫咪 猫用 猫抓",
    _ANIMALS: "pet haustier haustiere 宠物",
    _BABY: "baby babies newborn infant säugling säuglinge 婴儿 宝宝 新生",
    _BABY | _CHILD: "toddler kleinkind kleinkinder",
    _CHILD: "kid child children kind kinder 儿童 孩子",
}
"""What categories and requests call those for whom a thing is; a single character stands in too
many Chinese words."""

_PERSONS: Mapping[int, str] = {
    _GROWN: "me myself husband wife partner boyfriend girlfriend mother mum mom father dad parents "
    "grandmother grandma granny grandfather grandpa aunt uncle boss colleague mich mann frau "
    "mutter mama vater papa eltern oma opa tante onkel chef chefin kollege kollegin",
    _GROWN | _CHILD: "sister brother friend cousin schwester bruder freund freundin",
    _CHILD: "boy girl niece nephew junge jungen mädchen nichte neffe",
    _CHILD | _GROWN: "son daughter grandson granddaughter sohn tochter enkel enkelin",
}
"""Whom a request can name behind "for"; products are seldom filed under them."""

# Only what a title says beyond doubt: "Baby spinach" and "Cat 6 cable" are made for nobody.
_IN_TITLE: Mapping[int, re.Pattern[str]] = {
    _DOG: bounded(
        r"^dog(?!s\b)(?:'s)?\s[a-z]{3}|\bfor (?:\w+ )?(?:dogs|puppies)\b|\bfür (?:\w+ )?hunde\b"
    ),
    _CAT: bounded(
        r"^cat\s(?:bed|collar|food|flap|litter|toy|tree|harness|carrier|bowl)\b"
        r"|\bfor (?:\w+ )?(?:cats|kittens)\b|\bfür (?:\w+ )?katzen\b"
    ),
    _BABY: bounded(r"\bfor (?:\w+ )?(?:babies|newborns|infants)\b|\bfür (?:\w+ )?babys\b"),
    _CHILD: bounded(
        r"\b(?:children|kid)['’]?s['’]?\s|\bfor (?:\w+ )?(?:children|kids)\b"
        r"|\bfür (?:\w+ )?kinder\b"
    ),
}
# English "kind" is no child: "some kind of lead", "what kind is it". These are no German words.
_KIND_OF = bounded(
    r"\bkinds? of\b|\b(?:a|all|any|are|each|every|is|no|of|other|same|some|that|the|these|this|to"
    r"|very|what|which|your) kind\b",
    re.IGNORECASE,
)
_FOR = bounded(r"\b(?:for|für)\s+|给")
_FOR_ME = bounded(
    r"\s*(?:\bfor (?:me|myself)\b|\bfür mich(?:\sselbst)?\b|给我(?:自己)?用?)", re.IGNORECASE
)
# Of "no spill cup for toddlers" the toddlers are not taken back: few words, and "for" ends them.
_NOT_FOR = bounded(
    r"[\s,;，；]*(?:\b(?:not(?! only| just)|no|nothing|never|without"
    r"|(?:do not|don['’]t) (?:want|need)|nicht(?! nur)|nichts|kein(?:e[mnrs]?)?|ohne)\s+"
    r"(?:(?:any(?:thing)?|things?|something|suitable|meant|made|one|geeignet|gedacht|gemacht)\s+)*"
    r"(?:(?:for|für)\s+)?"
    r"(?P<whom>(?!for\b|für\b|but\b|sondern\b)[^\W\d_]+(?:['’]s)?"
    r"(?:\s+(?!for\b|für\b|but\b|sondern\b|aber\b)[^\W\d_]+){0,2})"
    r"|(?:不要|不想要|不是|不给|不适合|不用)(?:给|适合)?(?P<wem>[\u3400-\u9fff]{1,6}))",
    re.IGNORECASE,
)
_CHILDHOOD, _INFANCY = 14 * 12, 3 * 12
_GROWN_UP = 18 * 12
_ALL_AGES = (0, 32_000)


@dataclass(frozen=True)
class Wanted:
    """Whom a request names.

    Attributes:
        kinds: bits of those whom a product may be made for; 0 where nobody is named.
        age: theirs, where it is said.
        apart: bits of those for whom it is said not to be.
        someone: whether anybody is named, be it somebody of whom nothing is known ("Toby").
    """

    kinds: int = 0
    age: WantedAge | None = None
    apart: int = 0
    someone: bool = False

    @property
    def grown_up(self) -> bool:
        """Whether it is for grown-ups alone, of whom no age is known."""
        return self.age is None and self.kinds == _GROWN


def wanted_by(query: str, recipient: str | None = None) -> Wanted:
    """Whom a request is for, as its words and the recipient's say it.

    Args:
        query: what is asked for.
        recipient: whom it is for, where that is known apart ("my sister").
    """
    query, apart = _without_others(query)
    text = f"{query}\n{recipient or ''}"
    behind = " ".join([*_FOR.split(query.casefold())[1:], recipient or ""])
    named = _kinds_in(query) | _kinds_in(recipient or "") | _bits(behind, _PERSONS)
    age = wanted_age(text)
    if recipient and is_grown_up(recipient) and age is not None and age.last < _GROWN_UP:
        age = wanted_age(recipient)  # "a 10-year-old bonsai" for dad is not as old as he is
    if age is not None and not named & _ANIMALS:
        named |= _of_age(age)
    age = None if named & _ANIMALS else age
    return Wanted(named, age, apart & ~named, bool(named or recipient))


def _without_others(query: str) -> tuple[str, int]:
    """The query without those for whom it is not to be, and their bits."""
    apart, kept, end = 0, [], 0
    for match in _NOT_FOR.finditer(query):
        bits = _kinds_in(match["whom"] or match["wem"]) | _bare_kinds_in(match["wem"] or "")
        if bits:
            apart |= bits
            kept.append(query[end : match.start()])
            end = match.end()
    return "".join([*kept, query[end:]]), apart


def is_not_for(message: str, whom: str) -> bool:
    """Whether a message says that a thing is not for the animal or child that a word names.

    >>> is_not_for("垫子,不是给狗", "狗"), is_not_for("a mat for my dog", "dog")
    (True, False)
    """
    return bool(_without_others(message)[1] & (_kinds_in(whom) | _bare_kinds_in(whom)))


def names_of_same(word: str) -> tuple[str, ...]:
    """What else catalogues call the animal or child that a word names.

    >>> names_of_same("Puppy")[:3], names_of_same("mother")
    (('dog', 'puppy', 'puppies'), ())
    """
    folded = word.casefold()
    kinds = (tuple(names.split()) for names in _KINDS.values())
    return next((names for names in kinds if folded in names), ())


def is_grown_up(recipient: str) -> bool:
    """Whether somebody can be no child: a father, not a brother.

    >>> is_grown_up("my dad"), is_grown_up("my brother"), is_grown_up("Toby")
    (True, False, False)
    """
    return _bits(recipient, _PERSONS) == _GROWN and not _kinds_in(recipient)


def words_sought(query: str) -> str:
    """A query without the words that say it is for whoever asks, or for whom it is not.

    No title has the ones, and what has the others is not to come.

    >>> words_sought("raincoat for me, red"), words_sought("for me")
    ('raincoat, red', 'for me')
    >>> words_sought("raincoat, not for dogs")
    'raincoat'
    """
    return _FOR_ME.sub("", _without_others(query)[0]).strip() or query


class Receivers:
    """For whom each product of a catalogue is, by its row; made when first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def barred(self, wanted: Wanted) -> BoolArray:
        """The products that are made for others than those named, bool ``[n_items]``."""
        kinds = self._kinds
        barred = np.zeros(len(kinds), bool)
        if wanted.kinds:
            # A grown-up may well want a game from the children's shelf.
            apart = (kinds & _CHILD) == 0 if wanted.kinds & _GROWN else True
            barred |= (kinds > 0) & ((kinds & wanted.kinds) == 0) & apart
        if wanted.apart:
            barred |= (kinds > 0) & ((kinds & ~np.uint8(wanted.apart)) == 0)
        if wanted.age is not None:
            low, high = self._ages
            barred |= (wanted.age.last < low) | (high < wanted.age.months)
        elif wanted.grown_up:
            barred |= self._ages[1] < _GROWN_UP  # of any age: a magnifier from 50 on may be meant
        return barred

    def steps_back(self, wanted: Wanted) -> BoolArray:
        """The products for animals or babies of whom the request says nothing, bool ``[n_items]``.

        None in a shop that sells little else.
        """
        special = ((self._kinds & _ANIMALS) > 0) | (self._kinds == _BABY)
        if wanted.someone and not wanted.kinds:
            return np.zeros(len(special), bool)
        named = (self._kinds & wanted.kinds) > 0
        return special & ~named if special.mean() < 0.5 else np.zeros(len(special), bool)

    @cached_property
    def _kinds(self) -> NDArray[np.uint8]:
        """Bits; 0 for what is for anybody. "Baby & Kids > Baby" is for babies alone."""
        kinds = np.full(len(self._snapshot), 255, np.uint8)
        steps: dict[int, set[str]] = {}
        for step in self._snapshot.categories:
            if bits := _kinds_in(step):
                steps.setdefault(bits, set()).add(step)
        for bits in sorted(steps, key=int.bit_count, reverse=True):
            filed = self._snapshot.in_category(steps[bits].__contains__)
            narrowed = kinds[filed] & bits
            kinds[filed] = np.where(narrowed > 0, narrowed, bits)
        kinds[kinds == 255] = 0
        for row in self._named_in_titles():
            if not kinds[row]:
                kinds[row] = _titled_bits(self._snapshot.titles[row])
        return kinds

    def _named_in_titles(self) -> set[int]:
        words = {word for words in _KINDS.values() for word in _TOKENS[words]}
        return {row for word in words for row in self._snapshot.titled(word).tolist()}

    @cached_property
    def _ages(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The lowest and the highest age in months; of what says none, all."""
        low = np.full(len(self._snapshot), _ALL_AGES[0], np.int32)
        high = np.full(len(self._snapshot), _ALL_AGES[1], np.int32)
        for (name, value), rows in self._snapshot.values(is_age_field):
            ages = range_in(value, name)
            if ages is not None and ages.high > 0:
                low[rows], high[rows] = ages.low, ages.high
        young = (self._kinds & (_BABY | _CHILD)) > 0
        for row in np.flatnonzero(young & (high == _ALL_AGES[1]) & (low == 0)).tolist():
            ages = range_in(self._snapshot.titles[row], "title")
            if ages is not None:
                low[row], high[row] = ages.low, ages.high
        return low, high


def _kinds_in(text: str) -> int:
    """The bits of the animals and children that a text names.

    >>> _kinds_in("any kind of harness"), _kinds_in("Rucksack Kind") == _kinds_in("für mein Kind")
    (0, True)
    """
    return _bits(_KIND_OF.sub(" ", text), _KINDS)


# Alone behind "not for" the one character can be nothing else: 不是给狗 is not 狗尾草.
_BARE_KINDS = re.compile(r"(?:([狗猫])|[和跟与或、]){1,6}(?:用|穿|吃|玩|睡|买)?的?")
_BARE_KIND_OF = {"狗": _DOG, "猫": _CAT}


def _bare_kinds_in(text: str) -> int:
    """The bits of the animals that a text calls by one character each, and names nothing else.

    >>> _bare_kinds_in("狗和猫") == _DOG | _CAT, _bare_kinds_in("狗粮")
    (True, 0)
    """
    if not _BARE_KINDS.fullmatch(text):
        return 0
    return _or(bits for sign, bits in _BARE_KIND_OF.items() if sign in text)


def _bits(text: str, kinds: Mapping[int, str]) -> int:
    """The bits of all that a text names."""
    named = set(tokens(text)[:_MOST_NAMED])
    return _or(bits for bits, words in _spelt(kinds) if words & named)


def _spelt(kinds: Mapping[int, str]) -> Iterable[tuple[int, frozenset[str]]]:
    return ((bits, _TOKENS[words]) for bits, words in kinds.items())


_TOKENS = {
    words: frozenset(tokens(words)) for kinds in (_KINDS, _PERSONS) for words in kinds.values()
}


def _titled_bits(title: str) -> int:
    folded = title[:200].casefold()
    return _or(bits for bits, pattern in _IN_TITLE.items() if pattern.search(folded))


def _or(many: Iterable[int]) -> int:
    mask = 0
    for bits in many:
        mask |= bits
    return mask


def _of_age(age: WantedAge) -> int:
    """Of several ages those of the youngest and of the oldest."""
    return _at(age.months) | _at(age.last)


def _at(months: int) -> int:
    if months < _INFANCY:
        return _BABY | _CHILD
    return _CHILD if months < _CHILDHOOD else _GROWN | _CHILD
