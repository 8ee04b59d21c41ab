"""What a message says of products shown: not that one, not that brand, more like the second."""

from __future__ import annotations

from collections.abc import Iterator

from llmrec.agent.constraints.changes import BrandOf, Change, InStock, MoreLike, Unwanted
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import Reader, pattern
from llmrec.agent.constraints.references import ANY, BARE, NUMBERED, reference

__all__ = ["read_brands_shown", "read_likeness", "read_stock", "read_unwanted"]

_LIKENESS = [
    pattern(one)
    for one in (
        r"(?:\bshow\s+me\s+)?\b(?:(?:something|anything|things|stuff|more|products?|ones?)\s+)*"
        rf"(?:(?:more|something|anything|things|stuff|ones?)\s+like|similar\s+to"
        rf"|along\s+the\s+lines\s+of)\s+(?P<r>{ANY}|{BARE})",
        rf"^(?:just\s+)?(?:like\s+)?(?P<r>{ANY}),?\s+but\b",
        rf"^(?:so\s+)?(?:wie\s+)?(?P<r>{ANY}),?\s+(?:aber|nur|bloß)\b",
        rf"^(?P<r>{NUMBERED})(?:那样)?的?[,，]?(?:但是?|不过|只是)要?",
        r"\b(?:something|anything|more)\s+similar\b(?!\s+to)|\b(?:et)?was\s+ähnliches\b(?!\s+wie)"
        r"|^类似的$",
        rf"\b(?:mehr|etwas|was|so\s?was|so\s+etwas)(?:\s+(?:ähnliches|so))?\s+wie\s+(?P<r>{ANY}"
        rf"|{BARE})",
        rf"\b(?:etwas\s+)?ähnlich(?:e[srnm]?)?\s+(?:wie|zu[mr]?)?\s*(?P<r>{ANY}|{BARE})",
        rf"(?:像|跟|和|与)(?P<r>{ANY})(?:一样|差不多|类似|相似|那样|这样|同款)(?:的)?|类似(?:于)?(?P<s>{ANY})的?",
    )
]
_SAME_BRAND = pattern(
    rf"\b(?:(?:only\s+)?(?:more\s+)?(?:from|of|by)\s+(?:that|this|the\s+same)\s+brand"
    rf"|(?:the\s+)?same\s+brand(?:\s+as\s+(?P<a>{ANY}))?"
    rf"|(?:only\s+)?the\s+brand\s+of\s+(?P<b>{ANY})"
    rf"|(?:nur\s+|mehr\s+)?von\s+(?:dieser|derselben|der\s+gleichen)\s+marke"
    rf"|dieselbe\s+marke(?:\s+wie\s+(?P<c>{ANY}))?)\b"
    rf"|(?:只要|还要)?(?:同一个?|同|这个|那个)(?:牌子|品牌)的?|(?P<d>{ANY})(?:那个|的)(?:牌子|品牌)的?"
)
_OTHER_BRAND = pattern(
    r"\b(?:(?:not|no\s+more(?:\s+of)?|nothing(?:\s+else)?|anything\s+but|except|hide|without"
    r"|(?:don't|do\s+not)\s+(?:like|want))"
    rf"\s+(?:(?:from|by|of)\s+)?(?:(?:that|this)\s+brand|the\s+brand\s+of\s+(?P<a>{ANY}))"
    r"|(?:an?\s*other|(?:a\s+)?different|other)\s+brands?"
    rf"|(?:nicht|nichts|keine?|ohne)\s+(?:(?:mehr\s+)?von\s+)?(?:diese[rn]?|der"
    rf"|die)\s+marke(?:\s+(?:von|vom|des)\s+(?P<b>{ANY}))?"
    r"|(?:eine\s+)?andere[nr]?\s+marken?)\b"
    rf"|(?:不要|别要|不想要|不喜欢)(?:(?P<c>{ANY})的|[这那]个?)(?:牌子|品牌|牌)|(?:换个?|别的|其他的?|另一?个)(?:牌子|品牌)"
)
_POINTED = (
    rf"(?:{NUMBERED}|\b(?:that\s+one|this\s+one|those|these)\b|\b(?:that|it|this|das\s+da"
    rf"|den\s+da|die\s+da|diese[snrm]?|das|es)"
    r"(?=\s*(?:$|[,.!?\x1f]|again\b|any\s?more\b|please\b|bitte\b|and\b|und\b|but\b|aber\b))"
    r"|[这那]\s?[个款件种双本把只]|它)"
)
_AGAIN = r"(?:\s+(?:again|any\s?more|please|bitte|mehr|wieder))*"
_UNWANTED = [
    pattern(one)
    for one in (
        r"\b(?:not|no|never|hide|remove|without|except|skip|anything\s+but"
        r"|(?:i\s+)?(?:really\s+)?(?:don't|do\s+not|didn't)\s+(?:want|like|need"
        r"|show\s+me)(?:\s+to\s+see)?|i\s+(?:hate|dislike))"
        rf"\s+(?:more\s+of\s+)?(?P<r>{_POINTED}){_AGAIN}",
        rf"^(?:i\s+)?dislike\s+(?P<r>{BARE})",
        rf"(?P<r>{_POINTED})\s+is\s+(?:not\s+for\s+me|no\s+good|ugly|not\s+what\s+i\s+want)",
        rf"\b(?:nicht|bloß\s+nicht|ohne|außer)\s+(?P<r>{_POINTED}){_AGAIN}",
        rf"(?P<r>{ANY})\s+(?:bitte\s+)?(?:nicht(?=\s*(?:$|[,.!?\x1f]))"
        rf"|gefällt\s+mir\s+(?:gar\s+)?nicht|(?:mag|will|möchte)\s+ich\s+nicht"
        rf"|passt\s+(?:mir\s+)?nicht)"
        rf"{_AGAIN}",
        rf"(?:不要|不喜欢|不想要|去掉|别(?:再)?(?:推荐|给我看|显示)?)(?P<r>{_POINTED})(?:了)?",
        rf"(?P<r>{_POINTED})(?:我)?(?:不要|不喜欢|不想要|不合适|不行)(?:了)?",
    )
]
# "Available" says that something can be had; which colours are, or when, is another question.
_NOW = r"(?:now|right\s+now|right\s+away|immediately|today|straight\s+away)"
_BEING = (
    r"(?:that|which)(?:'s|\s+is|\s+are)(?:\s+(?:also|really|actually|still))?"
    r"|(?:must|should|has\s+to|have\s+to|needs?\s+to)\s+be|(?:are|is)\s+(?:they|these|those"
    r"|any)(?:\s+of\s+them)?"
)
_ALONE = r"(?!\s+(?:in|as|with|from|for|at|when|again|als|mit|für|wieder)\b)"
_STOCK = pattern(
    r"\b(?:only\s+)?(?:(?:what|which|that)(?:'s|\s+is|\s+are)?\s+)?(?:(?:really\s+)?in\s+stock"
    r"|deliverable|ready\s+to\s+ship)(?:\s+only)?\b"
    r"|\b(?:nur\s+)?(?:was\s+)?(?:auf\s+lager|(?:sofort\s+)?lieferbar(?:e[snr]?)?"
    r"|vorrätig(?:e[snr]?)?)(?:\s+ist)?\b"
    rf"|\b(?:only\s+(?:(?:what(?:'s|\s+is)|those|the)\s+)?available(?:\s+ones)?"
    rf"|available\s+(?:only|ones|{_NOW})|(?:{_BEING})\s+available(?:\s+{_NOW})?"
    rf"|nur\s+(?:was\s+)?verfügbar(?:e[snr]?)?(?:\s+ist)?|(?:sofort|jetzt"
    rf"|gleich)\s+verfügbar(?:e[snr]?)?"
    rf"|verfügbar(?:e[snr]?)?\s+sein)\b{_ALONE}"
    r"|(?:^|(?<=\x1f|,))\s*(?:available|verfügbar(?:e[snr]?)?)\s*(?=$|[,.!\x1f])"
    r"|(?:只要|只看|要)?(?:有现货|现货|有货|有库存)的?"
)


def read_likeness(reader: Reader, _: Context) -> Iterator[tuple[int, Change]]:
    """More like a product shown."""
    for rule in _LIKENESS:
        for found in reader.take(rule):
            yield found.start(), MoreLike(reference(_first(found.groupdict())))


def read_brands_shown(reader: Reader, _: Context) -> Iterator[tuple[int, Change]]:
    """The brand of a product shown, wanted or not; that product is "that one" if none is named."""
    for rule, wanted in ((_OTHER_BRAND, False), (_SAME_BRAND, True)):
        for found in reader.take(rule):
            yield found.start(), BrandOf(reference(_first(found.groupdict())), wanted)


def read_unwanted(reader: Reader, _: Context) -> Iterator[tuple[int, Change]]:
    """Never this product again."""
    for rule in _UNWANTED:
        for found in reader.take(rule):
            yield found.start(), Unwanted(reference(found["r"]))


def read_stock(reader: Reader, _: Context) -> Iterator[tuple[int, Change]]:
    """Only what can be delivered."""
    for found in reader.take(_STOCK):
        yield found.start(), InStock()


def _first(groups: dict[str, str | None]) -> str:
    return next((text for text in groups.values() if text), "")
