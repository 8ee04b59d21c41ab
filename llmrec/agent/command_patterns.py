"""The patterns of commands, in English, German and Chinese together.

A message is tried against all three languages: people mix them, and a wrong guess at the language
of three words then does no harm.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from llmrec.agent.constraints.reader import pattern
from llmrec.agent.constraints.references import ANY, BARE
from llmrec.agent.constraints.references import THAT as THAT_WORDS

__all__ = [
    "ABOUT_ME_RULES",
    "ALONE",
    "ASKING",
    "COMPARE",
    "EVERY",
    "HELLO",
    "HOSTILE",
    "OFFERED",
    "OFF_TOPIC",
    "ONLY_PRODUCT",
    "PRODUCT",
    "SEARCH",
    "SHOP",
    "THAT",
    "WHOLE_RULES",
    "WHY",
    "WHY_NOT",
    "WITH_PRODUCT_RULES",
    "CommandKind",
]

CommandKind: TypeAlias = Literal[
    "hostile",
    "greeting",
    "thanks",
    "goodbye",
    "help",
    "undo",
    "more",
    "filters",
    "profile",
    "forget",
    "why_not",
    "why",
    "compare",
    "describe",
    "together",
    "cart",
    "like",
    "shop_question",
    "product_question",
    "search",
    "off_topic",
    "product",
]

_R = f"(?:{ANY}|{BARE})"
HOSTILE = pattern(
    r"\b(?:ignore|disregard|forget|override)\s+(?:(?:all|any|your|the|my|of|previous|prior|above"
    r"|earlier)\s+)*"
    r"(?:instructions?|rules?|prompts?|guidelines?)\b|\b(?:system|hidden)\s+prompt\b"
    r"|\byou\s+are\s+now\s+(?:a|an|in|the|my)\b"
    r"|\bpretend\s+(?:to\s+be|you\s+are|that\s+you)\b|\bjailbreak|\bdeveloper\s+mode\b"
    r"|\b(?:reveal|print|show|repeat)\s+(?:me\s+)?your\s+(?:prompt|instructions)\b"
    r"|\b(?:ignoriere?|vergiss|missachte)\s+(?:(?:alle|deine|die|bisherigen|vorherigen|obigen)\s+)*"
    r"(?:anweisungen|regeln|vorgaben|instruktionen)\b|\bdu\s+bist\s+(?:jetzt|ab\s+jetzt)\s+(?:ein"
    r"|der|die)\b"
    r"|(?:忽略|无视|忘记)(?:之前|以上|所有|你|先前)的?(?:所有|全部)?的?(?:指令|指示|规则|提示)|系统提示|你现在是一?[个名]"
)
_FIRST = r"^(?:ok(?:ay)?|so|and|well|und|also|那|好的?)?[\s,]*"
_LAST = (
    r"(?:\s+(?:please|then|bitte|mal|now|again|to\s+you|a\s+lot|very\s+much|sehr|dir|there"
    r"|zusammen))*[\s!.?~]*$"
)
_WHOLE: tuple[tuple[CommandKind, str], ...] = (
    (
        "greeting",
        r"(?:hi|hello|hey|good\s+(?:morning|evening|afternoon|day)|hallo|guten\s+(?:tag|morgen"
        r"|abend)"
        r"|servus|moin|grüezi|grüß\s+(?:gott|dich)|你好|您好|嗨|哈喽)",
    ),
    (
        "thanks",
        r"(?:(?:many\s+)?thanks|thank\s+you|thx|cheers|great|perfect|danke(?:\s?schön)?"
        r"|vielen\s+dank|super|toll"
        r"|谢谢你?|多谢|感谢|太好了)",
    ),
    (
        "goodbye",
        r"(?:(?:good)?bye|see\s+you|that's\s+all|that\s+is\s+all|tschüss?|auf\s+wiedersehen"
        r"|das\s+war'?s|再见|拜拜|就这样)",
    ),
    (
        "help",
        r"(?:help(?:\s+me)?|what\s+can\s+you\s+do|how\s+does\s+this\s+work|hilfe|hilf\s+mir"
        r"|was\s+kannst\s+du"
        r"|wie\s+funktioniert\s+das|帮助|你(?:能|会|可以)(?:做|干)什么|怎么用)",
    ),
    (
        "undo",
        r"(?:undo(?:\s+(?:that|it))?|go\s+back|take\s+(?:that|it)\s+back"
        r"|(?:mach\s+das\s+)?rückgängig(?:\s+machen)?"
        r"|(?:einen\s+schritt\s+)?zurück|撤销|撤回|上一步|返回|退回)",
    ),
    (
        "more",
        r"(?:(?:show\s+(?:me\s+)?)?(?:some\s+|any\s+)?(?:more|others?|next|other\s+ones"
        r"|different\s+ones|more\s+of\s+(?:them|these|those))"
        r"|(?:something|anything)\s+else|what\s+else(?:\s+do\s+you\s+have|\s+is\s+there)?"
        r"|(?:zeig\s+(?:mir\s+)?)?(?:noch\s+)?(?:mehr(?:\s+davon)?|weitere|andere)|weiter"
        r"|was\s+noch|(?:et)?was\s+anderes|nächste"
        r"|更多的?|换一[批些]|还有(?:别的|其他的?)?吗|其他的|下一批|再来几个|别的呢?)",
    ),
)
WHOLE_RULES = [(kind, pattern(_FIRST + text + _LAST)) for kind, text in _WHOLE]
_ABOUT_ME: tuple[tuple[CommandKind, str], ...] = (
    (
        "forget",
        r"\bforget\s+(?:me|who\s+i\s+am|everything\s+about\s+me)\b"
        r"|\bdelete\s+(?:all\s+)?(?:my\s+(?:data|profile|history)|everything\s+about\s+me)\b"
        r"|\bvergiss\s+mich\b|\blösche?\s+(?:alle\s+)?(?:meine\s+daten|mein\s+profil"
        r"|alles\s+über\s+mich)\b"
        r"|忘(?:了|记|掉)我$|删除我的(?:所有)?(?:数据|资料|信息|档案)",
    ),
    (
        "profile",
        r"\bwhat\s+do\s+you\s+know\s+(?:about|of)\s+me\b|\bmy\s+profile\b"
        r"|\bwas\s+weißt\s+du\s+(?:über|von)\s+mir\b"
        r"|\bwas\s+weißt\s+du\s+über\s+mich\b|\bmein\s+profil\b|你(?:都)?(?:了解|知道)我(?:的)?(?:什么|哪些)"
        r"|我的(?:资料|画像|档案)",
    ),
    (
        "filters",
        r"\b(?:show|list|what\s+are|which\s+are)\s+(?:me\s+)?(?:(?:my|the|all"
        r"|current)\s+)*(?:filters|constraints|limits)\b"
        r"|\bwhat\s+have\s+i\s+asked\s+for\b|\bwelche\s+(?:filter|grenzen)\b"
        r"|\b(?:zeig\s+(?:mir\s+)?)?meine\s+filter\b"
        r"|(?:有|是)(?:哪些|什么)(?:条件|筛选)|(?:我的|当前的?|现在的?)(?:条件|筛选)",
    ),
)
ABOUT_ME_RULES = [(kind, pattern(text)) for kind, text in _ABOUT_ME]
WHY_NOT = pattern(
    r"^.{0,12}?\bwhy\s+(?:not|isn't|don't\s+you\s+(?:show|recommend)(?:\s+me)?"
    r"|didn't\s+you\s+(?:show|recommend)(?:\s+me)?)\s+(?P<a>.+?)[?.! ]*$"
    r"|^.{0,12}?\b(?:warum|wieso|weshalb)\s+(?:nicht|kein(?:e[nrs]?)?)\s+(?P<b>.+?)[?.! ]*$"
    r"|^.{0,12}?\b(?:warum|wieso|weshalb)\s+(?:zeigst"
    r"|empfiehlst)\s+du(?:\s+mir)?\s+(?P<c>.+?)\s+nicht[?.! ]*$"
    r"|^.{0,6}?(?:为什么|为何)(?:不|没有?)(?:给我|是)?(?:推荐|显示|看)?(?P<d>.+?)(?:呢)?[?。! ]*$"
)
WHY = pattern(r"^.{0,12}?(?:\b(?:why|how\s+come|warum|wieso|weshalb)\b|为什么|为何)")
COMPARE = pattern(
    r"\b(?:compare|comparison|versus|vs|differ(?:s|ences?)?\b|different\s+(?:between|about)"
    r"|(?:how|what)(?:'s|\s+(?:is|are)(?:\s+\w+){0,3})\s+different\W*$"
    r"|vergleiche?n?|vergleich|unterschied"
    r"|which\s+(?:one\s+|of\s+(?:them|these|those)\s+)?(?:is|are)\s+(?:better|\w+er\b|more\s+\w+)"
    r"|welche[srn]?\s+(?:davon\s+|von\s+beiden\s+)?(?:ist|sind)\s+(?:besser|\w+er\b))"
    r"|(?:比较(?!便宜|贵|大|小|轻|好|喜欢)|对比|区别|哪个(?:更|比较))"
)
_WITH_PRODUCT: tuple[tuple[CommandKind, str], ...] = (
    (
        "together",
        rf"\b(?:what\s+(?:else\s+)?goes\s+(?:well\s+)?with|(?:what\s+is\s+)?(?:often\s+"
        rf"|usually\s+)?bought\s+(?:together\s+)?with|accessories\s+for"
        rf"|what\s+(?:else\s+)?(?:do|did)\s+(?:people|others)\s+buy\s+with"
        rf"|(?:something\s+)?to\s+go\s+with|matching)\s+{_R}"
        r"|\bbought\s+together\b|\bdazu\s+passend|\bwas\s+(?:passt|kaufen\s+andere)\s+dazu\b",
    ),
    (
        "together",
        rf"\b(?:was\s+passt\s+(?:gut\s+)?zu[mr]?|passend(?:es)?\s+zu[mr]?|zubehör\s+(?:für"
        rf"|zu[mr]?)|was\s+kaufen\s+andere\s+zu[mr]?)\s+{_R}"
        rf"|{_R}.{{0,3}}(?:配什么|搭配什么|搭什么|一起买)",
    ),
    (
        "together",
        rf"(?:什么(?:可以)?(?:和|跟|搭配|配)|搭配|和){_R}(?:一起买|搭配|配)?(?:的东西)?",
    ),
    (
        "describe",
        r"\b(?:tell\s+me\s+(?:more\s+)?about|describe|(?:more\s+)?(?:details|information"
        r"|info)\s+(?:of|about|on)|more\s+about|what\s+is"
        rf"|erzähle?\s+(?:mir\s+)?(?:mehr\s+)?(?:über|von)|beschreibe?|mehr\s+(?:über|zu)"
        rf"|details\s+(?:zu|über)|was\s+ist)\s+{_R}[\s?.!]*$",
    ),
    (
        "describe",
        rf"(?:详细)?(?:介绍|讲讲|说说|描述)(?:一下)?{_R}|{_R}(?:怎么样|如何|是什么)[?。! ]*$",
    ),
    (
        "cart",
        rf"\b(?:add|put)\s+{_R}\s+(?:to|in|into)\s+(?:(?:the|my)\s+)?(?:cart|basket|bag)\b",
    ),
    (
        "cart",
        rf"\b(?:i'll\s+(?:take|buy)|i\s+(?:will\s+)?(?:take|buy)|i\s+want\s+to\s+buy|buy"
        rf"|ich\s+(?:nehme|kaufe))\s+{_R}",
    ),
    (
        "cart",
        rf"\b(?:lege?|packe?)\s+{_R}\s+in\s+den\s+(?:waren)?korb\b|(?:我要?)?买(?:下)?{ANY}",
    ),
    ("cart", rf"(?:把)?{_R}(?:加入|放进|放入|加到)购物车|\b{_R}\s+in\s+den\s+warenkorb\b"),
    (
        "like",
        rf"^(?:i\s+)?(?:really\s+|quite\s+)?(?:like|love|prefer)\s+{_R}|^(?:ich\s+)?mag\s+{_R}",
    ),
    (
        "like",
        rf"{_R}\s+(?:is|looks)\s+(?:really\s+|very\s+|quite\s+)?(?:great|perfect|nice|good|lovely"
        rf"|beautiful|fine)\b"
        rf"|{_R}\s+gefällt\s+mir(?!\s+(?:gar\s+)?nicht)(?:\s+gut)?|{_R}\s+(?:ist"
        rf"|finde\s+ich)\s+(?:gut|schön|toll|super|perfekt)\b",
    ),
    ("like", rf"^(?:我)?(?:很|比较|最)?喜欢{_R}|{_R}(?:我)?(?:很|真|挺|最)?(?:不错|喜欢|好看)"),
)
SHOP = pattern(
    r"\b(?:returns?(?:\s+policy)?|refunds?|send\s+(?:it|something|things)\s+back|shipping"
    r"|deliver(?:y|ed|ies)?|shipped|warrant(?:y|ies)|guarantee"
    r"|payments?|pay\s+(?:by|with)|paypal|credit\s+cards?|invoices?|opening\s+hours"
    r"|customer\s+service|gift\s+wrap(?:ping)?|vouchers?"
    r"|rückgabe|zurückgeben|zurückschicken|umtausch(?:en)?|erstattung|versand(?:kosten)?"
    r"|lieferung|lieferzeit(?:en)?|liefert|garantie|gewährleistung"
    r"|bezahlen|zahlung(?:sarten)?|zahlen|rechnung|öffnungszeiten|kundendienst|gutscheine?"
    r"|geschenkverpackung|parcels?|postage|customs|money\s+back|pakete?|porto|geld\s+zurück)\b"
    r"|退货|退款|退换|换货|运费|发货|配送|快递|送货|保修|付款|支付|发票|客服|营业时间|优惠券|包邮|包裹|邮费"
)
ASKING = pattern(
    r"\?|[吗么呢]\s*$|^(?:how|what|when|where|which|who|do|does|can|could|is|are|will|may|wie|was"
    r"|wann|wo|welche|kann|könnt|können|ist|sind|gibt"
    r"|habt|darf|muss)\b|多久|怎么|可以|能不能|多少|如何"
)
OFFERED = pattern(
    r"^(?:do\s+you\s+(?:have|sell|carry)|have\s+you\s+got|is\s+there|are\s+there|hast\s+du"
    r"|habt\s+ihr|haben\s+sie|gibt\s+es"
    r"|有没有|有卖|卖不卖|(?:can|could)\s+you\s+(?:show|find|recommend|suggest))"
)
SEARCH = pattern(
    r"^(?:please\s+)?(?:search(?:\s+for)?|find(?:\s+me)?|look\s+for|look\s+up|do\s+you\s+(?:have"
    r"|sell|carry)|have\s+you\s+got|such(?:e)?(?:\s+nach)?"
    r"|finde(?:\s+mir)?|habt\s+ihr|haben\s+sie|hast\s+du|verkauft\s+ihr|搜索|搜一下|查找|有没有|有卖)\s*(?=\S)"
)
ONLY_PRODUCT = pattern(rf"^(?:{BARE})$")
ALONE = pattern(
    rf"^(?:ok(?:ay)?|yes|i\s+mean|ich\s+meine|ja|我(?:说|指)的是)?[\s,]*({BARE})[\s.!]*(?:please|bitte)?[\s.!?]*$"
)
THAT = pattern(THAT_WORDS)
PRODUCT = pattern(rf"{ANY}")
OFF_TOPIC = pattern(
    r"\b(?:write|compose|tell)\s+(?:me\s+)?(?:a|an|some)\s+(?:\w+\s+)?(?:poem|story|essay|joke"
    r"|song|code|program)\b"
    r"|\bwhat(?:'s|\s+is)\s+the\s+(?:weather|time|capital|news)\b|\bwho\s+(?:is|are"
    r"|was)\s+(?:the\s+)?(?:president|you)\b"
    r"|\b(?:schreib|erzähl)e?\s+(?:mir\s+)?(?:ein(?:e[n]?)?|etwas)\s+(?:\w+\s+)?(?:gedicht"
    r"|geschichte|witz|lied|aufsatz)\b"
    r"|\bwie\s+(?:ist|wird)\s+das\s+wetter\b|\bwie\s+spät\s+ist\s+es\b|写一?(?:首诗|篇|个故事|段代码)|讲个?笑话"
    r"|天气怎么样|现在几点"
)
HELLO = pattern(r"^(?:hi|hello|hey|hallo|guten\s+(?:tag|morgen|abend)|你好|您好)[\s,!.]+(?=\S)")
WITH_PRODUCT_RULES = [(kind, pattern(text)) for kind, text in _WITH_PRODUCT]
EVERY = re.compile(BARE, re.IGNORECASE)
