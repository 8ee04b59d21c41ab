"""What is said of an order: words of buying, of taking back, and for a person. Pure.

By code: nothing goes into a cart on a model's word alone. What a message says of an order is what
it says beside its questions: "I'll take the second, do you ship to Austria?" buys.
"""

from __future__ import annotations

import re

from llmrec.documents.sentences import asks
from llmrec.linear import bounded

__all__ = ["asks_for_person", "asks_to_buy", "is_order", "order_in", "takes_back"]

_BUY = bounded(
    r"\b(?:take|buy|order|purchase|cart|basket|bag\s+it|checkout|check\s+out|get\s+(?:it|that|this|the)"
    r"|have\s+(?:it|that|this|the)|go\s+(?:with|for)|want\s+(?:it|that|this|the)|wrap|reserve|add"
    r"|that's\s+(?:it|the\s+one)(?!\s+for)|sold|deal|(?:is|are)\s+mine"
    r"|nehm\w*|nimm\w*|(?:ge)?kauf\w*|bestell\w*|warenkorb|wagen|pack\w*|möchte|will|hätte|wird['’]?s"
    r"|soll['’]?s\s+sein|her\s+damit|dann\s+(?:die|den|das))\b"
    r"|买|要|下单|购物车|拿|来一|来个|订|就(?:它|这|那)",
    re.IGNORECASE,
)
# "How long does it take" and "ich möchte sprechen" have words of buying, and are no order.
_ORDER = bounded(
    r"(?:\b(?:i|we)(?:'ll|'d\s+like\s+to|\s+(?:will|want\s+to|would\s+like\s+to))\s+(?:\w+\s+)?have"
    r"|(?:\b(?:(?:i|we)(?:'ll|'d\s+like\s+to|\s+(?:will|want\s+to|would\s+like\s+to))?"
    r"|let\s+me|let's|please)\s+(?:(?:just|then|gladly|rather)\s+)?"
    r"|^\W*(?:(?:ok|okay|yes|then|great|fine|perfect|so|and|now)\W+)?)"
    r"(?:take|buy|order|purchase|get|add|go\s+(?:with|for)))\b"
    r"|\b(?:in|to)\s+(?:my|the)\s+(?:cart|basket|bag)\b|\bin\s+den\s+(?:waren)?(?:korb|wagen)\b"
    r"|\b(?:nehmen?|nimm|kaufen?|bestellen?)\b"
    r"|我(?:就|想)?(?:要|买|拿|订)(?!问|找|退|换|看|知道|联系|投诉|查)|(?:要|买)了|来[一个]|下单|购物车",
    re.IGNORECASE,
)
_IF = bounded(
    r"\?|\b(?:if|unless|wenn|falls|würde|would\s+(?!like))|如果|要是|[吗么]", re.IGNORECASE
)
_PERSON = bounded(
    r"\b(?:my|our|an?\s+(?:earlier|old|existing))\s+(?:\w+\s+)?(?:orders?|parcel|package|delivery)\b"
    r"|\b(?:speak|talk|chat)(?:ing)?\s+(?:to|with)\b|\bhuman\b|\bcustomer\s+(?:service|care)\b"
    r"|\b(?:real|live|actual)\s+person\b|(?<!for\s)\ban?\s+person\s*(?:[,.!?]|please|$)"
    r"|\b(?:get|give|reach|find|need|want|call)\s+(?:me\s+)?(?:an?|some)\s+(?:person|agent|employee)\b"
    r"|\bmensch(?:en)?\b|\bmitarbeiter\w*|\bkunden(?:dienst|service)\b|\b(?:sprechen|reden)\b"
    r"|\b(?:meine|unsere)[rn]?\s+(?:\w+\s+)?(?:bestellung(?:en)?|lieferung)\b"
    r"|人工(?!皮|革|草|合成|智能)|客服|真人|订单|我的(?:包裹|快递)",
    re.IGNORECASE,
)
_UNDONE = bounded(
    r"\b(?:not|no|n't|never|leave|forget|cancel|remove|instead|without|vergiss|vergessen|nicht|kein\w*|doch"
    r"|raus|streich\w*)\b|n't\b|不要|不买|别|取消|算了",
    re.IGNORECASE,
)

_STOPS = bounded(
    r"(?<=[.!?;…])\s+|(?<=[。！？;!?])(?=[\u3400-\u9fff])|,\s*|，|、"
    r"|\s+(?:and|und|but|aber|also|plus)\s+(?=(?:how|what|when|where|which|who|can|could|do|does|is|are"
    r"|will|would|show|wie|was|wann|wo|welche\w*|kann|liefer\w*|habt|haben|gibt|ist|sind|zeig\w*)\b)"
    r"|(?=另外|还有|顺便)",
    re.IGNORECASE,
)

_JOINING = bounded(r"^(?:and|und|but|aber|also|plus|另外|还有|顺便)\s*", re.IGNORECASE)


def order_in(message: str) -> str:
    """What a message says beside its questions, if it buys there; else all of it.

    >>> order_in("I'll take the second, and do you ship to Austria?")
    "I'll take the second"
    >>> order_in("Den zweiten nehme ich, und liefert ihr nach Wien?"), order_in("can I buy it?")
    ('Den zweiten nehme ich', 'can I buy it?')
    >>> order_in("第二个我要了,另外你们寄到奥地利吗?")
    '第二个我要了'
    """
    pieces = [piece.strip() for piece in _STOPS.split(message) if piece and piece.strip()]
    told = ", ".join(piece for piece in pieces if not _asks(piece))
    return told if asks_to_buy(told) else message


def _asks(piece: str) -> bool:
    return asks(_JOINING.sub("", piece))


def asks_to_buy(message: str) -> bool:
    """Whether a word of buying stands in a message.

    >>> [asks_to_buy(text) for text in ("I'll take the first", "looks good", "vergiss die Kanne")]
    [True, False, False]
    """
    return bool(_BUY.search(message))


def is_order(message: str) -> bool:
    """Whether a message can hardly be anything but an order.

    >>> [is_order(text) for text in ("I'll take the oak one", "how long does the oak one take?")]
    [True, False]
    """
    return bool(_ORDER.search(message)) and not _IF.search(message)


def asks_for_person(message: str) -> bool:
    """Whether a message asks for a person, or of an order that was given before.

    >>> [asks_for_person(text) for text in ("where is my order?", "I order the two-person tent")]
    [True, False]
    """
    return bool(_PERSON.search(message))


def takes_back(message: str) -> bool:
    """Whether a word of a message denies or takes back."""
    return bool(_UNDONE.search(message))
