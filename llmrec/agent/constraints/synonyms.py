"""Words of the three languages for the same colour, material or attribute.

Only words for the same thing: a shopper who asks for grey may not want graphite, and the catalogue
does not say that it is grey.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = [
    "COMPOUNDED",
    "holds",
    "is_colour",
    "kind_of",
    "same_words",
]

_KINDS = {
    "colour": "colour color farbe farbton colors colours 颜色",
    "size": "size größe groesse grösse sizes 尺码 尺寸 码数 大小",
    "material": "material materials materialien stoff fabric 材质 材料",
}
_GROUPS = """
black schwarz 黑
white weiß weiss 白
grey gray grau 灰
red rot 红
blue navy blau 蓝
green grün 绿
yellow gelb 黄
orange 橙
brown braun 棕 褐
pink rosa 粉
purple violet lila violett 紫
gold golden 金
silver silber silbern 银
beige 米
wood wooden holz 木 木头 木质
wool wolle schurwolle merinowolle 羊毛
linen leinen 亚麻
cotton baumwolle 棉 纯棉
glass glas 玻璃
steel stahl 钢
stainless_steel edelstahl 不锈钢
leather leder 皮革
bamboo bambus 竹 竹子
plastic kunststoff plastik 塑料
ceramic keramik 陶瓷
porcelain porzellan 瓷
silk seide 丝绸
silicone silikon 硅胶
copper kupfer 铜
cast_iron gusseisen 铸铁
high hoch 高
low niedrig 低
none keins 无
"""
_SAME = {
    word.replace("_", " "): tuple(one.replace("_", " ") for one in line.split())
    for line in _GROUPS.strip().splitlines()
    for word in line.split()
}
_OF_KIND = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_ENDING = re.compile(r"(?:e|es|en|er|em)$")
_CJK = re.compile(r"[\u3400-\u9fff]")


def kind_of(name: str) -> str:
    """``colour``, ``size`` or ``material`` for the names of these; other names as they are.

    >>> kind_of("farbe"), kind_of("roast")
    ('colour', 'roast')
    """
    return _OF_KIND.get(name, name)


def same_words(said: str) -> tuple[str, ...]:
    """The words of all languages for what was said (folded), or only that word.

    >>> "blue" in same_words("blaues"), same_words("sage")
    (True, ('sage',))
    """
    for word in (said, _ENDING.sub("", said), said.removesuffix("色")):
        if word in _SAME:
            return _SAME[word]
    return (said,)


@lru_cache(maxsize=4_096)
def _whole(word: str) -> re.Pattern[str]:
    # German compounds end with the colour: "dunkelgrün"; other words stand alone. Cotton
    # ("Baumwolle") is no wool.
    own = re.escape(word)
    return re.compile(rf"(?<![^\W_]){own}(?![^\W_])|[^\W\d_]{{3,40}}(?<!baum){own}\b")


def holds(value: str, word: str) -> bool:
    """Whether a value (folded) speaks of the word.

    >>> holds("dusk blue", "blue"), holds("dunkelgrün", "grün"), holds("blueberry", "blue")
    (True, True, False)
    >>> holds("米白", "白"), holds("scored", "red")
    (True, False)
    >>> holds("schurwolle", "wolle"), holds("baumwolle", "wolle")
    (True, False)
    """
    if _CJK.search(word):
        return word in value
    found = _whole(word).search(value)
    return found is not None and (found[0] == word or word in COMPOUNDED)


_COMPOUNDS = "schwarz weiß weiss grau rot blau grün gelb braun rosa violett wolle holz stahl glas"
COMPOUNDED = frozenset(_COMPOUNDS.split())
"""Words that German compounds end with and still mean: "dunkelgrün" is green."""


def is_colour(said: str) -> bool:
    """Whether a word (folded) names a colour in one of the languages."""
    return same_words(said) != (said,) and same_words(said)[0] in _COLOURS


_COLOUR_WORDS = "black white grey red blue green yellow orange brown pink purple gold silver beige"
_COLOURS = frozenset(_COLOUR_WORDS.split())
