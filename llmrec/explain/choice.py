"""Which of a product's facts matter to this shopper: those that share words with the question.

Words count by their stems, those of the title little: the shopper sees the title anyway. What
stands earlier in the text counts more. docs/design/006-words.md has the hit rates, also those of
the sentence encoder and of the language model, which choose no better.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from llmrec.catalog.tokens import tokens

__all__ = [
    "FactText",
    "answers",
    "lateness",
    "question_words",
    "stands_among",
    "substance",
    "word_overlap",
]

TITLE_WORD = 0.3
_LATER, _LATEST = 0.1, 3
_SHARED = 5
"""Letters in which words of one stem agree: "pitching" and "pitch", "Abend" and "Abendtee"."""

_EMPTY_WORDS = """
a an the and or for with of to in on at by from that this it is are be can could i you my me we our
your one some any not no so do does want need looking something somebody someone who which what when
where how get go goes use like have has will would should also very but please under over about more
less than without his her their its as if after before while during through into out off up only
first away time day
der die das den dem ein eine einen einem einer und oder für mit von zu im in am auf ist sind ich du
wir mein meine dein kann können will brauche suche etwas jemand nicht kein ohne man sich auch sehr
aber bitte unter über mehr als wenn wie was
"""
_EMPTY = frozenset(tokens(_EMPTY_WORDS))
_NUMBER_WORDS = """
two three four five six seven eight nine ten zwei drei vier fünf sechs sieben acht neun zehn
"""
_NUMBERS = frozenset(tokens(_NUMBER_WORDS))
_UNITS = frozenset(tokens("kg g l ml cm mm m km w v lb lbs oz inch inches mg"))
_OF_FIELD = {
    "thickness": "thick thin knee knees joints soft cushion dick dünn knie weich 厚 薄 膝盖",
    "keeps warm": "warm hot heiß tea coffee tee kaffee hours stunden 保温",
    "comfort temperature": "warm cold freezing frost night nights winter kalt nacht 冷 暖 冬",
    "waterproof": "rain wet dry regen nass trocken 雨 防水",
    "time": "quick short long minutes evening schnell lang minuten 分钟 时间",
    "serves": "people guests family personen gäste 人",
    "sun protection": "sun sonne 防晒",
    "age": "year years old month months baby babies toddler newborn child children kid kids boy"
    " girl"
    " daughter son grandchild jahr jahre jährig monat monate kind kinder 岁 儿童 孩子 宝宝",
    "weight": "heavy light lightweight weigh weighs schwer leicht gewicht 重 轻",
    "dimensions": "size big small large wide narrow space groß klein platz maße 大 小 尺寸",
    "size": "size fit fits small large größe 尺码 尺寸",
    "capacity": "litre litres big large small volume liter 升 容量",
    "battery": "battery batteries charge rechargeable akku batterie laden 电池 充电",
    "hob": "hob stove induction gas herd induktion 炉 电磁炉",
    "material": "material made plastic wood cotton wool steel leather vegan warm soft winter stoff"
    " aus warm weich winter 材质 暖",
    "caffeine": "caffeine decaf sleep evening koffein 咖啡因",
    "load": "weigh kg carry carries heavy hold strong trägt 承重",
    "players": "players people two three four spieler 人",
    "colour": "colour color farbe 颜色",
    "origin": "origin from country herkunft 产地",
    "care": "wash washing machine waschen 洗",
    "brightness": "bright lumen hell 亮",
}


@dataclass(frozen=True, slots=True)
class FactText:
    """What a fact is compared by: its ``text``, and the field it stands in where it is a value."""

    text: str
    field: str = ""


def lateness(place: int) -> float:
    """What a sentence loses by its place in the text, from 0: who writes begins with what matters.

    >>> [round(lateness(place), 1) for place in (0, 1, 3, 9)]
    [0.0, 0.1, 0.3, 0.3]
    """
    return _LATER * min(place, _LATEST)


def substance(text: str) -> int:
    """The words of a text that mean something; of Chinese, pairs of signs.

    >>> substance("For the bag and the beginner."), substance("Three pockets under the belt.")
    (2, 3)
    """
    return len(_words(text) - _EMPTY)


def answers(question: str, fact: FactText, title: str) -> bool:
    """Whether the fact has a word of the question that the title does not have.

    A number alone is none: "three children" are not "three months at a glance"; nor is a unit.

    >>> answers("pan for eggs", FactText("Even eggs come off."), "Iron pan")
    True
    >>> answers("planner for three children", FactText("Shows three months."), "Planner")
    False
    """
    fact_words = _words_of(fact)
    asked = question_words(question, title) - _NUMBERS
    if not fact.field:
        asked -= _UNITS
    return any(stands_among(word, fact_words) for word in asked if not word.isdigit())


@lru_cache(maxsize=2_048)
def question_words(question: str, title: str = "") -> frozenset[str]:
    """What a question asks for: its words that mean something and do not stand in the title.

    >>> sorted(question_words("a pan for eggs", "Iron pan"))
    ['egg']
    """
    title_words = _words(title)
    return frozenset(
        word for word in _words(question) - _EMPTY if not stands_among(word, title_words)
    )


def word_overlap(question: str, fact: FactText, title: str = "") -> float:
    """The share of the question's words, from 0 to 1, that stand in the fact."""
    asked = _words(question) - _EMPTY
    if not fact.field:
        asked -= _UNITS
    if not asked:
        return 0.0
    title_words, fact_words = _words(title), _words_of(fact)
    weights = {word: TITLE_WORD if stands_among(word, title_words) else 1.0 for word in asked}
    shared = sum(weight for word, weight in weights.items() if stands_among(word, fact_words))
    return shared / sum(weights.values())


_ENDINGS = re.compile(r"(?<=[^\W\d_]{4})(?:ing|ed)$")


def stands_among(word: str, words: Collection[str]) -> bool:
    """Whether a word is one of ``words``, in another form or as part of a compound.

    >>> stands_among("pitching", {"pitch"}), stands_among("abend", {"abendtee"})
    (True, True)
    """
    if word in words or _ENDINGS.sub("", word) in words:
        return True
    if len(word) < _SHARED or not re.match(r"[a-zß-ÿ]", word):
        return False
    return any(
        word[:_SHARED] == other[:_SHARED]
        or word in other
        or (len(other) >= _SHARED and other in word)
        for other in words
    )


def _words_of(fact: FactText) -> frozenset[str]:
    return _words(fact.text) | _words(_OF_FIELD.get(fact.field, ""))


# A question is held against each fact, and the same facts come in answer after answer.
@lru_cache(maxsize=8_192)
def _words(text: str) -> frozenset[str]:
    return frozenset(tokens(text))
