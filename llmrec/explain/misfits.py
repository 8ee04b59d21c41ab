"""Whether an answer holds a product that has nothing of what was asked for.

A small shop has three slippers at most, and an answer of ten goes on with candles. Words that
praise the candle as if it had been asked for would mislead; that it is something else is said.
"""

from __future__ import annotations

import re
from functools import lru_cache

from llmrec.catalog.things import head_of
from llmrec.catalog.tokens import tokens
from llmrec.explain.choice import FactText, question_words, stands_among, word_overlap
from llmrec.explain.facts import fold
from llmrec.explain.from_fields import item_language
from llmrec.explain.quotable import text_language
from llmrec.explain.requests import WordsRequest
from llmrec.types import Language

__all__ = ["MISFITS", "comes_near", "is_beside", "is_misfit", "is_open_question"]

MISFITS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Not quite what you asked for.",
        "Something else than you asked for.",
        "This is another thing.",
    ),
    "de": ("Nicht ganz das Gesuchte.", "Etwas anderes als gesucht.", "Das hier ist etwas anderes."),
    "zh": ("和你要找的不太一样。", "不是你要找的那种。", "这是另一类商品。"),
}
"""Sentences of ours, in the order in which one answer uses them."""

# Whether a thing is a good present stands in no field.
_PRESENT = re.compile(
    r"\b(?:present|gift|surprise|souvenir)s?\b|geschenk|mitbringsel|überrasch|礼物|送|推荐",
    re.IGNORECASE,
)
# A question that is open names no thing that a product could be another than.
_OPEN = re.compile(
    r"^\W*(?:what|how|why|where|which|who|can|could|should|do|does|is|are|my|was|wie|wo|warum|wer"
    r"|womit|kann|soll|something|anything|etwas|irgendwas|ideas?|help)\b|什么|怎么|哪",
    re.IGNORECASE,
)
_LONG = 6
"""Letters of a name that stands by chance in no other word."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_KINDS = """
thing gear equipment stuff accessory tool toy clothes anything
spielzeug werkzeug kleidung geschirr zubehör möbel ausrüstung sache etwas
"""
_ANY_THING = frozenset(_KINDS.split())
"""Names of whole kinds: a shop calls none of its products so."""

_PART = 4
"""Letters of a word of the title that may be a part of a compound of the question."""

_COUNTS = frozenset({"zwei", "drei", "vier", "fünf", "funf", "acht", "zehn"})
"""As in "dreijährig", which asks for no three pieces."""

_GERMAN_WORDS = """
der die das den dem ein eine einen einer für mit ohne und oder zum zur im auf aus von bei als gegen
nicht kein keine mein meine meinen meiner
"""
_ENGLISH_WORDS = """
the a an of for with without and or to my our your on at from by that which not no
"""
_GERMAN, _ENGLISH = frozenset(_GERMAN_WORDS.split()), frozenset(_ENGLISH_WORDS.split())
# What one shop calls so and a shopper otherwise; a search by meaning finds it all the same.
_NAMES = """
flask, thermos, vacuum bottle, insulated bottle, isolierflasche, thermoskanne, 保温杯, 保温壶, 暖壶
jumper, sweater, pullover, jersey, cardigan, pulli, strickjacke, 毛衣, 针织衫
rucksack, backpack, knapsack, daypack, 背包, 双肩包, 书包
torch, flashlight, headlamp, taschenlampe, 手电, 头灯
trousers, pants, hose, hosen, 裤
trainers, sneakers, turnschuhe, laufschuhe, 运动鞋, 跑鞋
sofa, couch, settee, 沙发
duvet, comforter, quilt, bettdecke, steppdecke, 被子, 羽绒被
pram, stroller, buggy, pushchair, kinderwagen, 婴儿车
nappy, nappies, diaper, windel, 尿布, 纸尿裤
bin, trash can, waste basket, wastebasket, mülleimer, papierkorb, abfalleimer, 垃圾桶
hoover, vacuum cleaner, staubsauger, 吸尘器
hob, stove, cooker, herd, kocher, kochfeld, 炉
sellotape, sticky tape, adhesive tape, klebeband, klebefilm, 胶带
biro, ballpoint, ball pen, kugelschreiber, kuli, 圆珠笔
rubber, eraser, radiergummi, 橡皮
plaster, band-aid, bandage, pflaster, 创可贴
mobile, cell phone, smartphone, handy, 手机
tap, faucet, wasserhahn, 水龙头
slippers, house shoes, hausschuhe, pantoffeln, 拖鞋
beanie, hat, cap, mütze, kappe, 帽
pan, skillet, wok, pfanne, 锅
mug, cup, becher, tasse, 杯
curtain, drapes, vorhang, gardine, 窗帘
headphones, earphones, earbuds, headset, kopfhörer, ohrhörer, 耳机
crib, cot, babybett, kinderbett, 婴儿床
kettle, water boiler, wasserkocher, 水壶, 热水壶
rug, carpet, teppich, 地毯
blanket, throw, decke, 毯
"""
_FEWEST = 2
"""Words that a question must have: one alone may have a synonym that the shop uses instead."""


def is_open_question(query: str) -> bool:
    """Whether a question names no thing: "what can I sow in autumn"; never of presents."""
    return bool(_OPEN.search(query)) and not _PRESENT.search(query)


def is_misfit(request: WordsRequest, language: Language) -> bool:
    """Whether the question names a thing, and no word of it stands anywhere in the item.

    Never of an item whose text is in another language, nor of one that the search holds to answer:
    it knows the words by their meaning.
    """
    query = request.query or ""
    if request.fit == "answer":
        return False
    is_open = _PRESENT.search(query) or _OPEN.search(query)
    return not is_open and _has_nothing_asked(request, language)


def comes_near(request: WordsRequest, language: Language) -> bool:
    """Whether the item is not what was asked for, as far as the search and the words tell.

    The search holds shoes to answer a question for a snack, where a shop has few snacks: so the
    thing that the question names must stand in the item as well. Without a search nobody knows.
    """
    query = request.query or ""
    if request.fit != "answer":
        return request.fit is not None
    if (
        is_open_question(query)
        or _PRESENT.search(query)
        or _spoken_in(query)
        not in (
            None,
            language,
        )
    ):
        return False
    return _has_nothing_asked(request, language) or not _names_the_thing(request, query)


def _names_the_thing(request: WordsRequest, query: str) -> bool:
    """Whether the noun that a question begins with stands in the item, or another name of it."""
    item, head = request.item, head_of(query)
    if not head or head in _ANY_THING:
        return True
    # "Bags and helpers" holds bottles as well.
    groups = (step for step in item.category if not re.search(r"[&,/、]|\b(?:and|und)\b", step))
    text = fold(" ".join((item.title, *groups, item.description)))
    if _CHINESE.search(head):
        return head[-1] in text
    words = frozenset(tokens(head))
    if any(stands_among(word, tokens(item.title)) for word in words):
        return True
    return bool(words & set(tokens(text))) or any(
        _is_named(name, text) for name in _synonyms(words)
    )


def is_beside(request: WordsRequest, language: Language) -> bool:
    """Whether no word of an open question stands anywhere in the item.

    Then nothing in its text can be the answer, as far as words tell. Of a present that is never
    known.
    """
    query = request.query or ""
    if request.recipient or not is_open_question(query):
        return False
    return _has_nothing_asked(request, language)


def _has_nothing_asked(request: WordsRequest, language: Language) -> bool:
    query, item = request.query or "", request.item
    if item_language(item) != language:
        return False
    if not item.description or text_language(item) != language:
        return False
    if len(question_words(query)) < _FEWEST or _spoken_in(query) not in (None, language):
        return False
    fields = " ".join((item.title, item.brand or "", *item.category))
    facts = [FactText(fields), FactText(item.description)]
    facts += [FactText(" ".join((name, *some))) for name, some in item.attributes.items()]
    if any(word_overlap(query, fact) for fact in facts):
        return False
    # "Tee" has too few letters to be told in "Teekanne" everywhere; here it is enough.
    text = fold(" ".join((fields, item.description)))
    asked = question_words(query)
    if any(_is_named(name, text) for name in _synonyms(asked)):
        return False
    # Pairs of signs do not tell that 砂锅 is a 锅 as 小锅 is.
    if _CHINESE.search(head := head_of(query)) and head[-1] in item.title:
        return False
    parts = [part for part in tokens(fields) if len(part) >= _PART and part not in _COUNTS]
    return not any(word in text or any(part in word for part in parts) for word in asked)


def _spoken_in(query: str) -> Language | None:
    """The language of a question, by its script or a word that only one language has."""
    if _CHINESE.search(query):
        return "zh"
    words = set(re.findall(r"[^\W\d_]+", query.casefold()))
    german = bool(words & _GERMAN) or bool(re.search("[äöüß]", query.casefold()))
    english = bool(words & _ENGLISH)
    return None if german is english else "de" if german else "en"


@lru_cache(maxsize=256)
def _synonyms(asked: frozenset[str]) -> frozenset[str]:
    """Other names of the things that are asked for, folded."""
    groups = (group.split(",") for group in _NAMES.strip().splitlines())
    named = ([name.strip() for name in group] for group in groups)
    return frozenset(
        name
        for group in named
        if any(asked & set(tokens(name)) for name in group)
        for name in group
    )


def _is_named(name: str, text: str) -> bool:
    """Whether a folded text has this name; a long one also within a compound ("Wollpullover")."""
    if len(name) >= _LONG or not name.isascii():
        return name in text
    return re.search(rf"(?<![a-z]){name}(?:es|s)?(?![a-zäöü])", text) is not None
