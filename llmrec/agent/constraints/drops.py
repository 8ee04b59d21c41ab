"""Giving constraints up: "drop the price limit", "Marke egal", "颜色不限", "start over"."""

from __future__ import annotations

from collections.abc import Iterator

from llmrec.agent.constraints.changes import Change, Drop, DropKind, StartOver
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import Reader, pattern
from llmrec.agent.constraints.vocabulary import MOST_SIGNS
from llmrec.catalog.matching import fold

__all__ = ["read_drops"]

_START = pattern(
    r"\b(?:start(?:ing)?\s+(?:all\s+)?over(?:\s+again)?|start\s+again|begin\s+again"
    r"|from\s+scratch|reset"
    r"(?:\s+everything)?|new\s+search|clear\s+everything|forget\s+(?:everything"
    r"|all\s+(?:of\s+)?that)"
    r"|(?:noch\s?mal\s+)?(?:ganz\s+)?von\s+vorne?(?:\s+anfangen)?|neu\s+anfangen|fang\s+neu\s+an"
    r"|neue\s+suche|neustart|alles\s+zurücksetzen|vergiss\s+(?:alles|das\s+alles))\b"
    r"|重新开始|从头(?:开始|再?来)|重来|重置|重新来"
)
# What stands for a kind in the three languages; a name of the catalogue's own comes after these.
_KINDS: tuple[tuple[DropKind, str, str], ...] = (
    ("price", r"(?:price|budget|preis|preisgrenze|preislimit|preisobergrenze)", "价格|预算|价钱"),
    ("brand", r"(?:brands?|makers?|marken?|hersteller)", "品牌|牌子|牌"),
    (
        "category",
        r"(?:categor(?:y|ies)|department|section|kategorien?|abteilung)",
        "类别|分类|品类",
    ),
    ("stock", r"(?:stock|availability|verfügbarkeit|lager(?:bestand)?)", "库存|现货"),
    ("recipient", r"(?:recipient|empfänger)", "收礼人|送礼对象"),
    (
        "all",
        r"(?:filters?|limits?|constraints?|conditions?|everything|bedingungen|grenzen|limits)",
        "条件|筛选|限制",
    ),
)
_DROP = r"(?:drop|remove|lift|cancel|clear|ignore|forget(?:\s+about)?|delete|no|without(?:\s+a)?)"
_ALL = r"(?:(?:the|my|any|all(?:\s+the)?|that|this|a)\s+)*"
_LIMIT = r"(?:\s*-?(?:limits?|filters?|constraints?|range|cap|restrictions?))"
_DE_DROP = r"(?:vergiss|ignoriere?|lösche?|entferne?|ohne|kein(?:e[nrs]?)?|streiche?)"
_DE_ALL = r"(?:(?:die|den|das|alle|meine?n?|der)\s+)*"
_DE_LIMIT = r"(?:-?\s?(?:grenzen?|limits?|filter|vorgaben?|beschränkung|einschränkung|obergrenze))"
_EGAL = (
    r"(?:ist\s+(?:mir\s+)?)?(?:völlig\s+|ganz\s+)?"
    r"(?:egal|gleich|wurscht|unwichtig|spielt\s+keine\s+rolle)"
)
_MATTER = (
    r"(?:(?:does\s+not|doesn't|don't)\s+matter|is\s+(?:not\s+important|unimportant|irrelevant))"
)


def _rules(word: str, chinese: str) -> str:
    """All the ways of giving up what ``word`` names."""
    return (
        rf"\b{_DROP}\s+{_ALL}{word}{_LIMIT}\b|\b(?:drop|remove|lift|clear|cancel"
        rf"|forget(?:\s+about)?)\s+{_ALL}{word}\b"
        rf"|\b(?:i\s+)?(?:don't|do\s+not)\s+(?:care|mind)\s+(?:about\s+)?(?:the\s+)?{word}\b"
        rf"|\bno\s+{word}\s+preference\b"
        rf"|\bany\s+{word}(?:\s+(?:is\s+)?(?:fine|ok|okay|will\s+do))?\b(?!\s*(?:under|below|over))"
        rf"|\ball\s+{word}\b|\b(?:the\s+)?{word}\s+{_MATTER}"
        rf"|\b{_DE_DROP}\s+{_DE_ALL}{word}{_DE_LIMIT}\b|\b{_DE_ALL}{word}{_DE_LIMIT}?\s+(?:weg"
        rf"|raus|löschen|aufheben)\b"
        rf"|\b(?:der\s+|die\s+|das\s+)?{word}\s+{_EGAL}\b|\begal\s+welche[rsn]?\s+{word}\b"
        rf"|\b(?:jede[rsn]?|alle|beliebige[rs]?)\s+{word}\b"
        rf"|(?:不限(?:制)?|取消|去掉|清除|不管|忽略|删除|删掉)(?:所有的?|全部的?)?(?:{chinese})(?:的?(?:限制|条件|要求|筛选))?"
        rf"|(?:{chinese})(?:不限|随便|无所谓|都可以|都行|不重要)|什么(?:{chinese})都(?:可以|行)"
    )


_EXTRA: dict[DropKind, str] = {
    "price": r"|\bmoney\s+(?:is\s+no\s+object|doesn't\s+matter)\b|\begal\s+was\s+es\s+kostet\b"
    r"|\bwhatever\s+it\s+costs\b|\bgeld\s+spielt\s+keine\s+rolle\b|多少钱都(?:可以|行)",
    "stock": r"|\b(?:also|even)\s+(?:what\s+is\s+|if\s+)?(?:sold\s+out|out\s+of\s+stock)\b"
    r"|\bauch\s+"
    r"(?:ausverkauft|nicht\s+lieferbar)e?s?\b|没货也(?:可以|行)|缺货也(?:可以|行)",
    "recipient": r"|\b(?:it's\s+|it\s+is\s+)?not\s+a\s+(?:gift|present)(?:\s+any\s?more)?\b"
    r"|\b(?:doch\s+)?kein\s+geschenk(?:\s+mehr)?\b|不是(?:礼物|送人的?)|不送人了?",
    "all": r"|\bno\s+(?:limits|filters|constraints)(?:\s+at\s+all)?\b|\b(?:alle"
    r"|sämtliche)\s+(?:filter|limits|grenzen|bedingungen)"
    r"\s+(?:weg|löschen|entfernen|aufheben)\b",
}
_UNWANTED = pattern(
    r"\bshow\s+(?:me\s+)?(?:the\s+)?(?:hidden|unwanted)\s+(?:ones?|products?|items?)(?:\s+again)?\b"
    r"|\bshow\s+(?:me\s+)?everything\s+again\b|\b(?:zeig\s+)?(?:ausgeblendete"
    r"|unerwünschte)(?:\s+produkte)?"
    r"\s+wieder(?:\s+zeigen)?\b|\bzeig(?:e)?\s+(?:mir\s+)?wieder\s+alles\b|恢复(?:隐藏|不要)的(?:商品|产品)?"
    r"|重新显示全部"
)
_NUMBER = pattern(
    r"\b(?:drop|remove|lösche|entferne)\s+(?:(?:the\s+)?(?:filter|constraint|limit)"
    r"|den\s+filter)\s+"
    r"(?:number\s+|no\.?\s+|nr\.?\s+|#)?(?P<n>\d{1,2})\b|(?:去掉|删除|取消)第?(?P<m>\d{1,2})[个条](?:条件|限制"
    r"|筛选)"
)
_KIND_RULES = [
    (kind, pattern(_rules(word, chinese) + _EXTRA.get(kind, ""))) for kind, word, chinese in _KINDS
]
_ATTRIBUTE = pattern(
    r"\b(?:any|drop(?:\s+the)?|remove(?:\s+the)?|egal\s+welche[rsn]?|jede[rsn]?"
    r"|no\s+matter\s+(?:the|which))\s+(?P<a>[^\W\d_]+)"
    r"(?:\s+(?:filter|limit|constraint|is\s+fine))?\b|\b(?:the\s+|die\s+|der\s+"
    r"|das\s+)?(?P<b>[^\W\d_]+)\s+"
    rf"(?:{_EGAL}|{_MATTER})\b|(?P<c>[\u3400-\u9fff]{{2}})(?:不限|随便|无所谓|都可以|都行)"
    r"|(?:不限|取消|去掉|不管)(?P<d>[\u3400-\u9fff]{2})(?:的?限制)?|什么(?P<e>[\u3400-\u9fff]{2})都(?:可以|行)"
)
_FINE = pattern(
    r"\s+(?:is|are|wäre|ist|sind)\s+(?:also\s+|doch\s+|auch\s+|wieder\s+)?(?:fine|ok(?:ay)?"
    r"|all\s+right|in\s+ordnung)"
    r"(?:\s+(?:again|too|after\s+all))?\b|\s*也?(?:可以|行)(?:了|的)?"
)


def read_drops(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """What the shopper gives up, each with its place in the message."""
    for found in reader.take(_START):
        yield found.start(), StartOver()
    for found in reader.take(_NUMBER):
        yield found.start(), Drop("number", found["n"] or found["m"])
    for found in reader.take(_UNWANTED):
        yield found.start(), Drop("unwanted")
    for kind, rule in _KIND_RULES:
        for found in reader.take(rule):
            yield found.start(), Drop(kind)
    for found in reader.take(_ATTRIBUTE):
        said = next(word for word in found.groups() if word)
        named = context.vocabulary.attribute_at(said, 0)
        if named is None or named.end < len(said):
            reader.put_back(found)
        else:
            yield found.start(), Drop("attribute", named.name)
    yield from _allowed_again(reader, context)


def _allowed_again(reader: Reader, context: Context) -> Iterator[tuple[int, Change]]:
    """Let a brand, or what was left out, come again: "Tamperley is fine", "teapots are fine"."""
    words = {fold(word): word for word in reversed(context.left_out)}
    lengths = dict.fromkeys(map(len, context.left_out))
    for found in reader.take(_FINE):
        end = found.start()
        said = (fold(reader.text[max(0, end - length) : end]) for length in lengths)
        word = next((words[one] for one in said if one in words), None)
        if word is not None:
            reader.cut(end - len(word), end)
            yield end - len(word), Drop("word", word)
            continue
        before = reader.text[max(0, end - MOST_SIGNS) : end]
        brands = ((n, context.vocabulary.brand_at(before, n)) for n in range(len(before)))
        brand = next(((n, name) for n, name in brands if name and name.end == len(before)), None)
        if brand is None:
            reader.put_back(found)
        else:
            start = end - len(before) + brand[0]
            reader.cut(start, end)
            yield start, Drop("brand", brand[1].name)
