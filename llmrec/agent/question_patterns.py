"""The patterns of questions: what is asked of the shop, of a product shown, or of several.

As in :mod:`llmrec.agent.command_patterns` all three languages are tried on every message.
"""

from __future__ import annotations

import re

from llmrec.agent.constraints.reader import pattern
from llmrec.agent.constraints.references import ANY

__all__ = [
    "ASKED_FIELD",
    "ASKING",
    "LEAD",
    "OFFER",
    "OFFERED",
    "PLURAL",
    "PRODUCT",
    "SENTENCES",
    "SHOP",
    "SHOP_OFFERED",
]

LEAD = r"(?:(?:and|so|but|hm+|well|oh|ok(?:ay)?|und|also|aber|那|那么)[\s,.!]+)*"
OFFER = (
    r"(?:(?:do|would)\s+you\s+(?:also\s+)?(?:have|sell|carry)|have\s+you\s+got|is\s+there"
    r"|are\s+there"
    r"|hast\s+du|habt\s+ihr|haben\s+sie|gibt\s+es|有没有|有卖|卖不卖"
    r"|(?:can|could)\s+(?:you|i)\s+(?:please\s+)?"
    r"(?:show|find|see|have|get|recommend|suggest)(?:\s+me)?)"
)
_SHOP = (
    r"\b(?:discounts?|on\s+sale|promotions?|promo\s+codes?|coupons?|special\s+offers?|rabatte?"
    r"|sonderangebote?|reduziert|pick(?:ing|ed)?\s+(?:it|them|this)\s+up|pick-?\s?up"
    r"|collect\s+(?:it|them)|abholen|abholung|ships?|arrives?|(?:ver|zu)?schicken|wann\s+kommt"
    r"|returns?(?:\s+policy)?|refunds?"
    r"|send\s+(?:it|something|things)\s+back|shipping"
    r"|deliver(?:y|ed|ies)?|shipped|warrant(?:y|ies)|guarantee"
    r"|payments?|pay\s+(?:by|with)|paypal|credit\s+cards?|invoices?|opening\s+hours"
    r"|customer\s+service|gift\s+wrap(?:ping)?|vouchers?"
    r"|rückgabe|zurückgeben|zurückschicken|umtausch(?:en)?|erstattung|versand(?:kosten)?"
    r"|lieferung|lieferzeit(?:en)?|liefert|garantie|gewährleistung"
    r"|bezahlen|zahlung(?:sarten)?|zahlen|rechnung|öffnungszeiten|kundendienst|gutscheine?"
    r"|geschenkverpackung|parcels?|postage|customs|money\s+back|pakete?|porto|geld\s+zurück)\b"
    r"|折扣|打折|促销|自提|退货|退款|退换|换货|运费|发货|配送|快递|送货|保修|付款|支付|发票|客服|营业时间|优惠券|包邮|包裹|邮费"
)
SHOP = pattern(_SHOP)
SHOP_OFFERED = pattern(
    rf"^{LEAD}{OFFER}\s*(?:(?:any|an?|some|free|the|more|another|einen?|eine)\s+)*(?:{_SHOP})"
    r"(?=\s*(?:$|[?.!,，。？吗]|(?:on|for|if|when|policy|options?|available|auf|für|bei)\b))"
)
"""What the shop offers beside products: "do you have any discounts?", but no discount cards."""
ASKING = pattern(
    rf"\?|[吗么呢]\s*$|^{LEAD}(?:how|what|when|where|which|who|do|does|can|could|is|are|will|may"
    r"|wie|was"
    r"|wann|wo|welche|kann|könnt|können|ist|sind|gibt"
    r"|habt|darf|muss)\b|多久|怎么|可以|能不能|多少|如何"
)
OFFERED = pattern(rf"^{LEAD}{OFFER}")
_NOUN = r"(?:the|its|their|your)\s+(?!(?:best|most|cheapest|latest|newest|other|next|\w+est)\b)"
ASKED_FIELD = pattern(
    rf"^{LEAD}(?:(?:how\s+(?:much|big|large|small|heavy|long|tall|high|wide|deep|thick|old|many"
    rf"|loud|fast|warm|strong|expensive)|(?:what|which)\s+(?:colou?rs?|sizes?|materials?|brand))"
    rf"\b(?!.*\b(?:an?|any|some)\s)"
    rf"|(?:how|what)\s+about\s+{_NOUN}(?:price|cost|size|weight|colou?rs?|material|brand"
    rf"|quality|dimensions|battery|rating)\b|(?:what(?:'s|s|\s+is|\s+are)|may\s+i\s+know)\s+{_NOUN}"
    rf"(?:[\w-]+\s+)?[\w-]+(?:\s+of\s+{ANY})?\W*$"
    rf"|(?:wie\s+(?:viel|viele|teuer|groß|schwer|lang|hoch|breit|tief|dick|alt|laut|stark)"
    rf"|was\s+kostet|welche\s+(?:farben?|größen?|marke)|(?:was|wie)\s+ist\s+(?:der\s+preis"
    rf"|das\s+material|die\s+(?:größe|farbe|marke)))\b(?!.*\bein(?:e[nrms]?)?\s))"
    r"|^(?:那|请问)?(?:价格(?:是)?(?:多少|呢)|多少钱|什么(?:价格|颜色|材质|牌子)|有?多(?:大|重|长|高|宽))"
)
"""A question of a field that names no product: of the one that was spoken of last."""
PLURAL = pattern(
    r"\b(?:those|these|they|them|both|each|all\s+of\s+them|their|the\s+two|diese|beide|alle)\b"
    r"|\bwhat\s+are\s+(?:the|their)\b|\bwas\s+sind\b|它们|这些|那些|都"
)
"""Several of the products shown are meant."""
SENTENCES = re.compile(r"[^.!?;。！？]+(?:[.](?=\d)[^.!?;。！？]*)*[.!?;。！？]*")
PRODUCT = pattern(
    rf"{ANY}|\bits\b|\b(?:are|do|did|were|have|can|could|will|would)\s+they\b"
    r"|\b(?:of|are|between|is)\s+(?:them|both)\b"
    r"|\b(?:ist|sind|hat|haben|kann|wird|passt|kostet|wiegt)\s+(?:er|sie)\b(?!\s+(?-i:[A-ZÄÖÜ]))"
)
