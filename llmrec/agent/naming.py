"""Which product a message means: by its place on the screen, or by words of its title.

By code, exactly: a reader's model knows the language and no catalogue, and what is not on the
screen it cannot point at. Where several products have the words nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from llmrec.agent.constraints.changes import Reference
from llmrec.catalog.tokens import tokens
from llmrec.linear import bounded
from llmrec.reading.prompt import words_named
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore

__all__ = [
    "asks_for_things",
    "asks_to_buy",
    "items_named",
    "name_in",
    "of_name",
    "only_points",
    "place_in",
    "speaks_of_it",
    "takes_back",
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
_HAN_DIGITS = {sign: place for place, sign in enumerate("一二三四五六七八九十", start=1)}
_NUMBERED = bounded(
    r"(?:#|\bnumber\s|\bno\.?\s|\bnummer\s|\bnr\.?\s|第\s?|编号\s?)\s*(\d{1,3}|[一二三四五六七八九十])",
    re.IGNORECASE,
)
_BARE = bounded(r"\b(?:not|nicht|of|about|zu|über|von)\s+(\d{1,2})\s*[?!.]*$", re.IGNORECASE)

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
        text = found[1]
        return Reference(int(text) if text.isdecimal() else _HAN_DIGITS[text])
    if "最后" in message:
        return Reference(-1)
    for word in _WORD.findall(message.casefold()):
        if word in _PLACE_OF:
            return Reference(_PLACE_OF[word])
        if word in _LAST:
            return Reference(-1)
    return None


def only_points(message: str) -> bool:
    """Whether a message names a place on the screen and nothing else.

    >>> [only_points(text) for text in ("the second", "第二个", "the second?", "price of 2")]
    [True, True, False, False]
    """
    is_short = len(message.split()) <= _FEW and not re.search("[?？]", message)
    return is_short and place_in(message) is not None and not name_in(message)


def titles_named(message: str, titles: Sequence[str]) -> list[int]:
    """The places, from 0, of titles that have words of the message which no other title has.

    >>> titles_named("how heavy is the skerry?", ["Groundsheet for tents", "Skerry 3 tent"])
    [1]
    """
    named = words_named(message, titles)
    return [n - 1 for n, words in named.items() if not {w.casefold() for w in words} <= _STOP]


_IT = bounded(
    r"\b(?:it|its|it's|this|that one|er|sie|es|ihn|ihm|davon|damit|den|die)\b|它|这个|这款|那个",
    re.IGNORECASE,
)
_BUY = bounded(
    r"\b(?:take|buy|order|purchase|cart|basket|bag\s+it|checkout|check\s+out|get\s+(?:it|that|this|the)"
    r"|have\s+(?:it|that|this|the)|go\s+(?:with|for)|want\s+(?:it|that|this|the)|wrap|reserve|add"
    r"|nehm\w*|nimm\w*|kauf\w*|bestell\w*|warenkorb|wagen|pack\w*|möchte|will|hätte)\b"
    r"|买|要|下单|购物车|拿|来一|来个|订",
    re.IGNORECASE,
)
_UNDONE = bounded(
    r"\b(?:not|no|n't|never|leave|forget|cancel|remove|instead|without|vergiss|vergessen|nicht|kein\w*|doch"
    r"|raus|streich\w*)\b|n't\b|不要|不买|别|取消|算了",
    re.IGNORECASE,
)


_HAVE = bounded(
    r"\b(?:do\s+you\s+(?:have|sell|stock|carry)|have\s+you\s+got|haben\s+sie|habt\s+ihr|führ(?:t\s+ihr|en\s+sie)"
    r"|gibt\s+es|gibts|gibt's)\b|有(?:没有)?[^，。]+[吗么]|有没有|卖[^，。]+吗",
    re.IGNORECASE,
)


def asks_for_things(message: str, titles: Sequence[str]) -> bool:
    """Whether a message asks if the shop has something, and points at nothing on the screen.

    >>> [asks_for_things(text, ["Oak board"]) for text in ("do you have kettles?", "you got it?")]
    [True, False]
    """
    points = place_in(message) is not None or speaks_of_it(message)
    return bool(_HAVE.search(message)) and not points and not titles_named(message, titles)


def speaks_of_it(message: str) -> bool:
    """Whether a message speaks of a product as "it"."""
    return bool(_IT.search(message))


def asks_to_buy(message: str) -> bool:
    """Whether a word of buying stands in a message.

    >>> [asks_to_buy(text) for text in ("I'll take the first", "looks good", "vergiss die Kanne")]
    [True, False, False]
    """
    return bool(_BUY.search(message))


def takes_back(message: str) -> bool:
    """Whether a word of a message denies or takes back."""
    return bool(_UNDONE.search(message))


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
