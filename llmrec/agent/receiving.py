"""For whom a thing is: the receiver begins, stays, and ends; a present is no product's name. Pure.

A small model takes "a birthday present" for a thing that is called so, the age of a whisky for that
of who gets it, and "a book for myself" for the book's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from llmrec.agent.buying import is_order
from llmrec.agent.constraints.changes import Change, Drop, Recipient, Wish
from llmrec.agent.constraints.held import FOR_WHOM, OCCASION
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.state import Situation
from llmrec.catalog.ages import is_ripened, wanted_age
from llmrec.catalog.matching import fold
from llmrec.linear import bounded
from llmrec.reading import Reading, Traced
from llmrec.reading.amounts import amounts_in
from llmrec.reading.grammar import GIFT
from llmrec.retrieval.receivers import is_grown_up, is_not_for, names_of_same
from llmrec.types import Language

__all__ = ["is_for_self", "receiver_changes", "with_receiver", "with_receivers_refused"]

_MYSELF = frozenset(("me", "myself", "mich", "mir", "mich selbst", "我", "自己", "我自己"))

_WITH_ME = frozenset(("me", "us", "myself", "ourselves", "mich", "mir", "uns"))
"""Whoever is among those it is for keeps their own taste: "for me and my two kids"."""

_WE = ("我们", "咱们", "我和", "我跟")

_THIRD_PERSON_WORDS = """
him her it them he she they ihn ihm ihr ihnen sie er es 他 她 它 他们 她们 它们
"""
_THIRD_PERSONS = frozenset(_THIRD_PERSON_WORDS.split())

_BODY_WORDS = """
back backs neck knee knees foot feet hand hands hip hips skin hair eyes wrist wrists shoulder
shoulders joints rücken nacken knie füße hände hüfte haut haare augen schultern gelenke
"""
_BODY = frozenset(map(fold, _BODY_WORDS.split()))

# "Too small for me" and "pick one for me" say nothing of who gets it: what stands before counts.
_BEFORE_ME = (
    r"something|anything|one|ones|some|now|also|just|only|actually|time|this\s+is|it['’]?s|then|and"
    r"|but|no"
)
_VOR_MICH = r"was|etwas|eins|eine[nrs]?|jetzt|nun|auch|nur|diesmal|doch|ist|wäre|dann|und|aber|nein"
_SELF = bounded(
    rf"""
    \bfor\s+(?:myself|my\s+own\s+use)\b
    |(?:^|[,.;!?]\s*|\b(?:{_BEFORE_ME})\W+)for\s+me\b
    |\bfür\s+mich\s+sel(?:bst|ber)\b
    |(?:^|[,.;!?]\s*|\b(?:{_VOR_MICH})\W+)für\s+mich\b
    |[给為为]我?自己|我自己(?=用|穿|吃|喝|戴|玩|的|要|留)|(?<![他她它])自己用
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FOR_ME = bounded(r"\s*\b(?:for|für)\s+(?:me|mich|my)", re.IGNORECASE)
_SERVICE = bounded(
    r"\b(?:pick|choose|look|check|find|search|ask|see|wähl\w*|such\w*|schau\w*|frag\w*|prüf\w*)\b"
    r"(?:\s+(?!something|anything|was\b|etwas)\w+){0,4}\W*$",
    re.IGNORECASE,
)
_DENIED = bounded(r"\b(?:not|nicht|nothing|nichts|kein\w*)\b|n['’]t\b|不是|不要", re.IGNORECASE)
_NEAR = 24
"""Signs before "for me" in which it is denied, or a service is asked for."""

_SELF_BEHIND = bounded(
    r"\s*(?:\bfor\s+(?:me|myself)|\bfür\s+mich(?:\s+sel(?:bst|ber))?)\s*$|^[给為为]我?自己(?:用)?的?"
    r"(?:[买買]|挑|选)?(?:一?[个個件条只双本])?",
    re.IGNORECASE,
)

_GIFT = bounded(
    r"(?:^|\s)(?P<en>gifts?|presents?)$|(?:^|\s|(?P<de>[^\W\d_]{3,20}?)s?)geschenk(?:e|idee)?$"
    r"|(?:小)?礼(?:物|品)$",
    re.IGNORECASE,
)
_FRAME_WORDS = """
a an the some any my little small nice good lovely cheap great last-minute perfect ein eine einen
kleines kleine schönes schöne nettes nette tolles passendes 一个 一份 个 份 的 送 给 小
"""
_FRAME = frozenset(_FRAME_WORDS.split())
_OCCASION = bounded(
    r"birthday|christmas|xmas|wedding|anniversary|housewarming|graduation|valentine|easter|farewell"
    r"|mother['’]?s\s+day|father['’]?s\s+day|geburtstag|weihnacht|hochzeit|einzug|abschied|ostern?"
    r"|生日|圣诞|新年|结婚|毕业|乔迁|春节|中秋",
    re.IGNORECASE,
)

_GROWN_UP = 18
_AGED: dict[Language, str] = {
    "en": "{} ({} years old)",
    "de": "{} ({} Jahre alt)",
    "zh": "{}({}岁)",
}


def is_for_self(message: str, thing: str = "") -> bool:
    """Whether a message says that something is for whoever writes it.

    >>> [is_for_self(text) for text in ("now something for me", "too small for me")]
    [True, False]
    >>> is_for_self("a book for me", "book"), is_for_self("jetzt was für mich")
    (True, True)
    >>> is_for_self("给我自己买一个"), is_for_self("不是给我自己的")
    (True, False)
    """
    ends = [match.start() + _without_me(match[0]) for match in _SELF.finditer(message)]
    if thing:
        ends += [
            match.start()
            for match in _FOR_ME.finditer(message)
            if fold(message[: match.start()]).endswith(fold(thing))
        ]
    before = (message[max(end - _NEAR, 0) : end] for end in ends)
    return any(not (_DENIED.search(text) or _SERVICE.search(text)) for text in before)


def _without_me(words: str) -> int:
    """How many signs stand before "for me" in the words that say it: "one" of "one for me"."""
    match = _FOR_ME.search(words)
    return match.start() if match else 0


def with_receiver(
    reading: Reading, message: str, situation: Situation, language: Language
) -> Reading:
    """The reading with what a model mistakes about receivers, presents and ages put right."""
    values: dict[str, object] = {}
    thing = reading.looking_for or ""
    if thing != GIFT and (bare := _SELF_BEHIND.sub("", thing).strip()) != thing:
        values["looking_for"] = thing = bare
    is_self = situation.recipient is not None and is_for_self(message, thing)
    for_whom = reading.for_whom or ("me" if is_self else None)
    if reading.intent in ("order_or_human", "smalltalk"):
        if is_self and not reading.refers_to and not is_order(message):
            return reading.model_copy(update={"intent": "refine", "for_whom": for_whom})
        return reading
    attributes = {
        name: value
        for name, value in reading.attributes.items()
        if not (isinstance(value, str) and _is_no_more_than_gift(value, for_whom))
    }
    if thing != GIFT and (gift := _GIFT.search(thing)):
        values["looking_for"] = GIFT
        attributes |= _told_of_gift(thing, gift, for_whom)
    is_known = for_whom is None or {*fold(for_whom).split()} <= _THIRD_PERSONS
    who = (situation.recipient if is_known else None) or for_whom
    for name, age in _ages_in(attributes):
        if phrase := _age_of_thing(age, thing, message, who):
            del attributes[name]
            attributes["feature"] = phrase
        elif who and (years := _years(age)) >= _GROWN_UP:
            # The age of a grown-up is no word of what suits them.
            del attributes[name]
            is_told = not is_self and str(years) not in who
            for_whom = _AGED[language].format(who, years) if is_told else for_whom
    values |= {"attributes": attributes, "for_whom": for_whom}
    return reading.model_copy(update=values)


def _ages_in(attributes: Mapping[str, str | tuple[str, ...]]) -> list[tuple[str, str]]:
    """The properties that are an age, whatever name they were read under."""
    return [
        (name, value)
        for name, value in attributes.items()
        if isinstance(value, str) and (name == "age" or wanted_age(value) is not None)
    ]


def with_receivers_refused(traced: Traced, message: str) -> Traced:
    """The reading with "not for dogs" held where a witness doubts it: the words leave no doubt."""
    plain = [
        part for part in traced.unsure if part.kind == "without" and is_not_for(message, part.text)
    ]
    if not plain or traced.reading.intent not in ("find", "refine"):
        return traced
    refused = (*traced.reading.not_, *(part.text for part in plain))
    return replace(
        traced,
        reading=traced.reading.model_copy(update={"not_": refused}),
        unsure=tuple(part for part in traced.unsure if part not in plain),
    )


def _told_of_gift(thing: str, gift: re.Match[str], for_whom: str | None) -> dict[str, str]:
    """What else the words of a present say: when it is given, or what it is about."""
    before = " ".join(filter(None, (thing[: gift.start()], gift["de"])))
    words = [word for word in before.split() if fold(word) not in _FRAME]
    text = " ".join(words)
    if not text or text.endswith("的") or (for_whom and text in for_whom):
        return {}  # 妈妈的礼物 says whose it is
    return {OCCASION if _OCCASION.search(text) else "interest": text}


def _is_no_more_than_gift(value: str, for_whom: str | None) -> bool:
    """Whether a property only says that it is a present, and whose: 妈妈的礼物."""
    gift = _GIFT.search(value)
    if gift is None:
        return False
    rest = value[: gift.start()].replace(for_whom or "\n", "").strip()
    return not rest or fold(rest) in _FRAME


_YEARS = bounded(
    r"(?<!\d)(\d{1,3})[\s-]*(?:years?[\s-]olds?|years?|jahre?(?:\s+alte?\w*)?|jährige?\w*|岁|歲|年)(?:的|陈)?",
    re.IGNORECASE,
)


def _age_of_thing(age: str, thing: str, message: str, who: str | None) -> str | None:
    """The words of an age that is that of what is sought: "a 25 year old whisky for dad".

    So it is of what is sold by its age; of any thing right behind it where who gets it is grown
    up: "a 3 year old toy" is for a child.
    """
    for match in _YEARS.finditer(message):
        if not age.startswith(match[1]):
            continue
        behind = message[match.end() :].lstrip(" -")
        is_next = bool(thing) and fold(behind).startswith(fold(thing))
        if is_ripened(" " + behind) or (is_next and who and is_grown_up(who)):
            return match[0]
    return None


def _years(age: str) -> int:
    amounts = amounts_in(age)
    return int(amounts[0].value) if len(amounts) == 1 and amounts[0].value < 150 else 0


def receiver_changes(
    reading: Reading, situation: Situation, vocabulary: Vocabulary
) -> Iterator[Change]:
    """Whom the quest is for from now on, and what suits them."""
    who = reading.for_whom
    if who is None:
        return
    said = {*fold(who).split()}
    if fold(who) in _MYSELF or said & _WITH_ME or who.startswith(_WE):
        if situation.recipient is not None:
            yield Drop("recipient")
        return
    if said & _BODY:  # "for my back" is what it is for, and not who it is for
        yield Wish("use", who.split()[-1])
        return
    if situation.recipient and said <= _THIRD_PERSONS:
        return  # "for her" is the cat of before
    yield Recipient(who)
    last = (who.partition("(")[0].split() or who.split())[-1]
    # "For my puppy" says what is looked for where the shop has things for dogs.
    for name in (last, *names_of_same(last)):
        if vocabulary.in_titles(name):
            yield Wish(FOR_WHOM, name, "" if name == last else last)
            return
