"""Which product a message means: by its place on the screen, or by words of its title.

By code, exactly: a reader's model knows the language and no catalogue, and what is not on the
screen it cannot point at. Where several products have the words nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from llmrec.agent.constraints.changes import Reference
from llmrec.catalog.tokens import tokens
from llmrec.linear import bounded
from llmrec.reading.prompt import words_named
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore

__all__ = [
    "asks_for_one_of",
    "asks_for_things",
    "asks_of_all",
    "best_named",
    "items_named",
    "name_in",
    "of_name",
    "only_points",
    "place_in",
    "speaks_of_it",
    "speaks_of_one",
    "surely_named",
    "titles_named",
]

_MOST_LOOKED_AT = 200
_FEW = 3
_LONGEST_NAME = 12
"""Words: a longer remainder of a message is a story, and no product's name."""

_ORDINALS = (
    ("first", "1st", "erste", "ersten", "erstes", "erster"),
    ("second", "2nd", "zweite", "zweiten", "zweites", "zweiter"),
    ("third", "3rd", "dritte", "dritten", "drittes", "dritter"),
    ("fourth", "4th", "vierte", "vierten", "viertes", "vierter"),
    ("fifth", "5th", "fünfte", "fünften", "fünftes", "fünfter"),
    ("sixth", "6th", "sechste", "sechsten", "sechstes", "sechster"),
)
_PLACE_OF = {word: place for place, words in enumerate(_ORDINALS, start=1) for word in words}
_LAST = ("last", "letzte", "letzten", "letztes", "letzter")
# "My first tent", "a second opinion", "at first" and "the last time" are no places.
_NO_PLACE_BEHIND = ("a", "an", "at", "my", "our", "your", "his", "her", "their", "its")
_NO_PLACE_BEHIND_STEMS = ("ein", "mein", "dein", "sein", "ihr", "unser")
_NO_PLACE_BEFORE = """
time times day days night week month year season winter summer trip birthday floor hand aid class
mal tag tage nacht woche monat jahr sommer reise geburtstag stock klasse
"""
_NO_PLACE = frozenset(_NO_PLACE_BEFORE.split())
_BEFORE_LAST = ("the", "number", "der", "die", "das", "den", "dem", "des", "zum", "vom", "zur")
_HAN_DIGITS = {sign: place for place, sign in enumerate("一二三四五六七八九十", start=1)}
# 第一次 is the first time, and 第二个月 the second month: a place counts products.
_HAN_COUNTED = r"(?:[个個款件种種把只双条张台套瓶盒](?!月|小时|星期|孩子|宝宝|生日)|[呢的]?\W*$)"
_NUMBERED = bounded(
    r"(?:#|\bnumber\s|\bno\.?\s|\bnummer\s|\bnr\.?\s|编号\s?)\s*(\d{1,3}|[一二三四五六七八九十])"
    rf"|第\s?(\d{{1,3}}|[一二三四五六七八九十])(?=\s?{_HAN_COUNTED})",
    re.IGNORECASE,
)
_HAN_LAST = bounded(rf"最后[一那]?(?={_HAN_COUNTED})")
# "A family of 4" and "about 4" count something else; "reviews of 2" and "why not 3?" do not.
_BARE = bounded(
    r"\b(?:not|nicht|(?:what|how|say|think)\s+about|(?:sagen|denken|meinen)\s+[^\W\d]+\s+(?:zu|über)"
    r"|(?:reviews?|ratings?|bewertung(?:en)?|rezension(?:en)?)\s+(?:of|about|von|zu|über))"
    r"\s+(\d{1,2})\s*[?!.]*$",
    re.IGNORECASE,
)

# Words that ask, point or join, and name no product.
_ENGLISH_STOP = """
a about all am among amongst an and any anybody anyone anything are aren't as ask at be been being
buyer buyers but by can can't come comes could customer customers did didn't do does doesn't don't
else ever everybody everyone experience feedback find for from get give good great had happy has
hasn't have haven't here how i i'd if in included is isn't it it's its itself just know like liked
list listed look me mean missing more my no nobody not of offer offered ok okay on one ones
opinion opinions or other others out owner owners people please product rate rated rates rating
ratings really recommend recommended recommending result results review reviewed reviewer
reviewers reviews said say saying says see selection shop shopper shoppers should show showed
showing shown shows so some somebody someone star stars still store suggest suggested suggesting
tell than that that's the their them then there these they thing think this those to too top up us
user users want was wasn't we well were weren't what what's which who why with won't work works
worth would write written wrote you your
"""
_GERMAN_STOP = """
aber alle allem alles als also am an andere anderen auch auf aus bei bewertet bewertung
bewertungen bin bitte da dabei damit dann das dass davon dazu dein deine dem den denen denn der
des die dies diese diesem diesen dieser dieses doch dort du eigentlich ein eine einem einen einer
eines empfiehlst empfohlen erfahrung erfahrungen es etwas fehlen fehlt finde finden für gekauft
gibt gibt's gut gute gutes haben halten hast hat hier ich ihr im in ist ja jemand käufer kann
kaufen kein keine keinem keinen keiner kommt kunden kundinnen leute mal man mehr mein meine meinen
meint meinung meinungen mir mit nicht nichts noch nur oder ob rezension rezensionen sag sagen sagt
schlagt schlägst schon sehe seh sein sie sind so sollte sterne taugen taugt trotzdem über um und
uns unter viele viel vom von vor vorgeschlagen wäre warum was weil welche welchen welcher welches
wenn wer weshalb wie wieso wir wird wurde wurden zeigst zeig zeigt gezeigt zu zufrieden zum zur
liste auswahl ergebnissen
"""
_STOP = frozenset((*_ENGLISH_STOP.split(), *_GERMAN_STOP.split()))
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['’][^\W\d_]+)?(?:-[^\W_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_STOP = re.compile(
    "为什么|为何|怎么样|怎么说|怎样|怎么|没有|不是|不在|没在|推荐|显示|出现|里面|其中|这里|这个|那个|这款|那款"
    "|这种|那种|这些|那些|大家|别人|其他人|顾客|买家|用户|买过|的人|评价|评论|评分|口碑|好评|差评|觉得|认为|如何"
    "|好不好|好用|好吗|列表|结果|关于|给我|请问|可以|商品|产品|一个|有没有|有什么|什么|多少|几颗星|几星|没给"
)
_HAN_ENDS = re.compile(
    "^[的对和在有没不是把被给我你它他她说要就都也还]+|[的呢吗啊吧呀了中里在有没不是说]+$"
)


def place_in(message: str) -> Reference | None:
    """The place on the screen that a message names.

    >>> place_in("why not the second?"), place_in("第三个怎么样"), place_in("why not tea?")
    (Reference(number=2), Reference(number=3), None)
    """
    if found := _NUMBERED.search(message) or _BARE.search(message):
        text = found[found.lastindex or 0]
        return Reference(int(text) if text.isdecimal() else _HAN_DIGITS[text])
    if _HAN_LAST.search(message):
        return Reference(-1)
    words = ["", *_WORD.findall(message.casefold()), ""]
    for before, word, behind in zip(words, words[1:], words[2:], strict=False):
        if behind in _NO_PLACE:
            continue
        if word in _LAST and before in _BEFORE_LAST:
            return Reference(-1)
        counts = before in _NO_PLACE_BEHIND or before.startswith(_NO_PLACE_BEHIND_STEMS)
        if word in _PLACE_OF and not counts:
            return Reference(_PLACE_OF[word])
    return None


def only_points(message: str) -> bool:
    """Whether a message names a place on the screen and nothing else.

    >>> [only_points(text) for text in ("the second", "第二个", "the second?", "price of 2")]
    [True, True, False, False]
    """
    is_short = len(message.split()) <= _FEW and not re.search("[?？]", message)
    return is_short and place_in(message) is not None and not name_in(message)


def titles_named(message: str, titles: Sequence[str]) -> dict[int, list[str]]:
    """By the place of a title, from 0, its words in a message that no other title has.

    A number that may be a place on the screen is no name by itself: "why 1?" is not of "Pot 1 l".

    >>> titles_named("how heavy is the skerry?", ["Groundsheet for tents", "Skerry 3 tent"])
    {1: ['Skerry']}
    """
    named: dict[int, list[str]] = {}
    for number, own in words_named(message, titles).items():
        words = [word for word in own if word.casefold() not in _STOP]
        if any(not word.isdecimal() or int(word) > len(titles) for word in words):
            named[number - 1] = words
    return named or _as_written(message, titles)


def _as_written(message: str, titles: Sequence[str]) -> dict[int, list[str]]:
    """The one title that has a word just as the message writes it: a "ring" is none of "rings"."""
    written = [{word.casefold() for word in _LATIN_WORD.findall(title)} for title in titles]
    words = [
        word
        for word in dict.fromkeys(_LATIN_WORD.findall(message))
        if word.casefold() not in _STOP
        and sum(word.casefold() in title for title in written) == 1
        and len(words_named(word, titles)) == 0
        and sum(bool(words_named(word, [title])) for title in titles) > 1
    ]
    places = {
        place for place, title in enumerate(written) for word in words if word.casefold() in title
    }
    return {places.pop(): words} if len(places) == 1 else {}


def best_named(message: str, titles: Sequence[str]) -> list[int]:
    """The places, from 0, of the titles that a message names; of several the one it spells out.

    "Is the Wren 300 good for running?" has a word of the "Wren 600 for running", too, but names
    the other one by two words in a row; "not the 600" names what is not meant.

    >>> titles = ["Wren 600 headlamp for running", "Wren 300 headlamp"]
    >>> best_named("is the Wren 300 good for running?", titles)
    [1]
    >>> best_named("not the 600, I meant the 300", titles)
    [1]
    """
    named = titles_named(message, titles)
    if len(named) > 1:
        meant = titles_named(_NOT_MEANT.sub(" ", message), titles)
        named = meant or named
    if len(named) < 2:
        return [*named]
    runs = {place: _longest_run(message, titles[place], words) for place, words in named.items()}
    most = max(runs.values())
    spelt = [place for place, run in runs.items() if run == most]
    return spelt if most > 1 and len(spelt) == 1 else [*named]


def _longest_run(message: str, title: str, own: Sequence[str]) -> int:
    """How many words in a row the message takes from a title, a word of its own among them."""
    words = [word.casefold() for word in _LATIN_WORD.findall(message)]
    row = [word.casefold() for word in _LATIN_WORD.findall(title)]
    folded = {word.casefold() for word in own}
    longest = 0
    for begin in range(len(words)):
        for place in range(len(row)):
            run = takewhile(
                lambda pair: pair[0] == pair[1], zip(words[begin:], row[place:], strict=False)
            )
            same = [word for word, _ in run]
            if not folded.isdisjoint(same):
                longest = max(longest, sum(word not in _STOP for word in same))
    return longest


_LATIN_WORD = re.compile(r"[^\W_\u3400-\u9fff]+")
_NOT_MEANT = bounded(
    r"\b(?:not|nicht)\s+(?:the|that|der|die|das|den|dem)\s+[^\W_]+|不是[^，,。！!？?\s]{1,12}",
    re.IGNORECASE,
)
_BEHIND_ARTICLE = bounded(
    r"\b(?:the|this|that|der|die|das|den|dem|des|dies\w*)\s+([^\W_]+(?:[\s-][^\W_]+)?)"
    r"|[这那]一?[个款种把件只]?([\u3400-\u9fff]{2})",
    re.IGNORECASE,
)


def surely_named(message: str, titles: Sequence[str]) -> list[int]:
    """The places, from 0, of titles named by two words, or by one behind an article.

    An adjective may stand between the two. A word alone may be of anything: "a glass lid".

    >>> [surely_named(text, ["Glass pot", "Oak box"]) for text in ("a glass lid", "the glass one")]
    [[], [0]]
    """
    behind = titles_named(
        " . ".join("".join(one) for one in _BEHIND_ARTICLE.findall(message)), titles
    )
    named = titles_named(message, titles)
    return [place for place, words in named.items() if place in behind or _count(words) > 1]


def _count(words: Sequence[str]) -> int:
    """How many words these are; of Chinese, which has none, they are the pairs of its signs."""
    pairs = sum(bool(_HAN.match(word)) for word in words)
    return len(words) - pairs + (pairs + 1) // 2


_IT = bounded(
    r"\b(?:it|its|it's|this|that one|er|sie|es|ihn|ihm|davon|damit|den|die)\b|它|这个|这款|那个"
    r"|\b(?:that|das)(?=\s*[?!.,]|\s+(?:in|auch|noch|with|mit|without|ohne|aus|für|for)\b)",
    re.IGNORECASE,
)
# "For all hobs" says nothing of the products, nor does "which size" of one among them.
_ALL = bounded(
    r"(?<!for\s)(?<!on\s)(?<!in\s)\ball\b|(?<!für\s)(?<!bei\s)\balle[nrs]?\b"
    r"|\b(?:both|they|them|these|those|beide[nrs]?)\b|它们|都"
    r"|\b(?:which|welche[nrs]?)\s+(?:ones?|of|is|are|has|have|can|would|will|do|does|fits?|holds?|weighs?"
    r"|von|davon|ist|sind|hat|haben|kann|können|passt|passen|wäre|wiegt|fasst)\b"
    r"|\bwhich\b[^.?!]*\bthe\s+(?:\w+est|most|best)\b|哪[一个款种把件只些]",
    re.IGNORECASE,
)
_ONE = bounded(
    r"\b(?:it|its|it's|(?:this|that)\s+one|(?:is|does|can|has|will)\s+this|es)\b|它(?!们)|这[个款]",
    re.IGNORECASE,
)

_HAVE = bounded(
    r"\b(?:do\s+you\s+(?:have|sell|stock|carry)|have\s+you\s+got|haben\s+sie|habt\s+ihr|führ(?:t\s+ihr|en\s+sie)"
    r"|gibt\s+es|gibts|gibt's)\b|有(?:没有)?(?=[^，,。]+[吗么])|有没有|卖(?=[^，,。]+吗)",
    re.IGNORECASE,
)


def asks_for_things(message: str, titles: Sequence[str]) -> bool:
    """Whether a message asks if the shop has something, and points at nothing on the screen.

    >>> texts = ("do you have kettles?", "Haben Sie Zelte?", "do you have it in red?")
    >>> [asks_for_things(text, ["Oak board"]) for text in texts]
    [True, True, False]
    """
    # "Haben Sie" and "gibt es" have words that elsewhere stand for a product.
    rest, count = _HAVE.subn(" ", message)
    points = place_in(message) is not None or speaks_of_it(rest)
    return bool(count) and not points and not titles_named(message, titles)


def asks_for_one_of(question: str, things: Iterable[str]) -> bool:
    """Whether a question asks if the shop has one of some things that are wished for.

    >>> question = "And do you have a nice tea caddy?"
    >>> asks_for_one_of(question, ["tea caddy"]), asks_for_one_of(question, ["kettle"])
    (True, False)
    """
    if not _HAVE.search(question):
        return False
    words = {*tokens(question)}
    return any(
        (_HAN.search(thing) and thing in question) or {*tokens(thing)} <= words
        for thing in things
        if thing
    )


def speaks_of_it(message: str) -> bool:
    """Whether a message speaks of a product as "it"."""
    return bool(_IT.search(message))


def speaks_of_one(message: str) -> bool:
    """Whether a message surely speaks of one product as "it": "den" may begin the next word's name.

    >>> [speaks_of_one(text) for text in ("I'll take it", "den nehme ich", "they are nice")]
    [True, False, False]
    """
    return bool(_ONE.search(message))


def asks_of_all(message: str) -> bool:
    """Whether a question is of all that is shown, whatever was spoken of last.

    >>> [asks_of_all(text) for text in ("are all blue?", "which is lighter?", "is it for all?")]
    [True, True, False]
    """
    return bool(_ALL.search(message)) and not _ONE.search(message)


def name_in(message: str) -> str:
    """The words of a question that may be a product's name, in their order; without places.

    >>> name_in("why isn't the Ridge tent among them?"), name_in("warum nicht das zweite?")
    ('Ridge tent', '')
    >>> name_in("为什么没有推荐铁锅呢？")
    '铁锅'
    """
    names: list[str] = []
    rest = _BARE.sub(" ", _NUMBERED.sub(" ", message).replace("’", "'"))
    for word in _WORD.findall(rest):
        if _HAN.match(word):
            names += _han_names(word)
            continue
        folded = word.casefold()
        plain = folded.removesuffix("'s")
        if {folded, plain}.isdisjoint(_STOP) and plain not in _PLACE_OF and plain not in _LAST:
            names.append(word.removesuffix("'s"))
    return " ".join(names) if len(names) <= _LONGEST_NAME else ""


def _han_names(run: str) -> list[str]:
    parts = (_HAN_ENDS.sub("", part) for part in _HAN_STOP.split(run))
    return [
        part for part in parts if part and not re.fullmatch("第?[一二三四五六七八九十]?个?", part)
    ]


def of_name(name: str, items: Iterable[Item]) -> list[Item]:
    """The items that have all words of a name in title and brand, or in their values.

    One whose title has no other words comes alone: "Daymark 22" is not the black one, too.
    """
    wanted = set(tokens(name))
    if not wanted:
        return []
    titled: list[Item] = []
    valued: list[Item] = []
    for item in items:
        words = _title_words(item)
        if wanted <= words or _is_spread(name, item.title):
            titled.append(item)
        elif wanted <= words.union(*(_value_words(item))):
            valued.append(item)
    exact = [item for item in titled if set(tokens(item.title)) == wanted]
    return exact if len(exact) == 1 else titled or valued


def items_named(store: CatalogStore, name: str) -> list[Item]:
    """The items of the catalogue that have all words of a name in title and brand."""
    found = store.search_items(_as_searched(name), _MOST_LOOKED_AT)
    wanted = set(tokens(name))
    titled = [item for item in found if wanted and wanted <= _title_words(item)]
    exact = [item for item in titled if set(tokens(item.title)) == wanted]
    if len(exact) == 1 or not _HAN.search(name) or titled:
        return exact if len(exact) == 1 else titled
    spread = store.search_items(" ".join(name.replace(" ", "")), _MOST_LOOKED_AT)
    return [item for item in spread if _is_spread(name, item.title)]


def _as_searched(name: str) -> str:
    """The words without their endings: the catalogue is searched for them inside of words."""
    return " ".join(word[: len(stems[0])] for word in name.split() if (stems := tokens(word)))


def _is_spread(name: str, title: str) -> bool:
    """Whether the signs of a Chinese name stand in a title in their order: 铁锅 in 手工熟铁炒锅."""
    signs = _HAN.findall(name)
    if len(signs) < 2 or len(signs) != len(name.replace(" ", "")):
        return False
    rest = iter(title)
    return all(sign in rest for sign in signs)


def _title_words(item: Item) -> set[str]:
    return {*tokens(item.title), *tokens(item.brand or "")}


def _value_words(item: Item) -> Sequence[set[str]]:
    return [set(tokens(value)) for values in item.attributes.values() for value in values]
