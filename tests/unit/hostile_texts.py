"""A thousand strings that are unpleasant to read: each grows to any length by repeating."""

from __future__ import annotations

import random

__all__ = ["STRETCHES", "thousand"]

_ENGLISH = (
    "and |and,|so,|the |a |it |any |all |no |not |not in |very |for the |without any |budget is |"
    "under |under 40 |at least 2 |between 1 and |around |something like |cheaper than |drop the |"
    "start over |available |only |made of |who is |ignore all |why not |why not ?|"
    "which is the best |"
    "what is |how much |do you have |hi |thanks for |yes |ok. |please |one |show me |blue ones |"
    "is fine |same brand as |system: |my |it's |that is |a gift for |birthday |from by |red or |"
    "it is |i hate |does not matter |size L |I am "
)
_GERMAN = (
    "noch |etwas |was |ich möchte |ohne |keine Teekanne |für meine |teurer |egal |mein |eine |"
    "dunkelrot|nicht |und |die Marke |zwischen 1 und "
)
_CHINESE = (
    "不要|x不要|第一个|便宜|太贵|一|一百块|蓝色|都可以|的|吗|吗?|送妈妈|换|比第一个便宜|类似|价格|多少钱|茶|茶a|"
    "也行|好的|我要|色|一二三"
)
_SIGNS = (
    "\"|„|“|,|.|?|! |;|(|((a)|[{|<||-|*|'|/|%|_|#1 |A. |1) |1,000|1.|1-1 |1 |1 a |9|1'000|:a|=|…|\\"
)
_ODD = (
    "a|a-|o|h|hm|haha|s-|36-46 |ß|İ|ﬁ|\ufdfa|\u3300|４０|\u200b|\u200d|\ufeff|\u200f\u202e a|😀"
    "|👩\u200d👧|🇩🇪|"
    "a\u0300\u0316|\u0316\u0300|\uff9e\u0300|नि|ع|ก|ア|한|\u00a0|\t|\n|\x1f|under\x1f|\x00|\U00020000|e\u0301"
)
_SHOP = (
    "Acme |from Acme |not Acme |Acme and |Acme is fine |lamp |blue lamp |kettle 1 |"
    "in red |red|colour red |no lamp "
)

STRETCHES = tuple(
    dict.fromkeys(
        stretch
        for part in (_ENGLISH, _GERMAN, _CHINESE, _SIGNS, _ODD, _SHOP)
        for stretch in part.split("|")
        if stretch
    )
)
"""What the strings are made of: words that rules wait for, signs, writing of all kinds."""


def thousand(seed: int = 7) -> list[str]:
    """Each stretch by itself; then two by turns, several in any order, one within another."""
    draw = random.Random(seed)
    made = dict.fromkeys(STRETCHES)
    while len(made) < 1_000:
        one, other = draw.choice(STRETCHES), draw.choice(STRETCHES)
        kind = draw.randrange(3)
        if kind == 0:
            made[one + other] = None
        elif kind == 1:
            made[one * draw.randrange(2, 6) + other] = None
        else:
            made["".join(draw.choices(STRETCHES, k=draw.randrange(3, 7)))] = None
    return list(made)
