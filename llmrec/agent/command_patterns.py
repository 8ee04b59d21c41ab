"""The patterns of commands, in English, German and Chinese together.

A message is tried against all three languages: people mix them, and a wrong guess at the language
of three words then does no harm.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from llmrec.agent.constraints.reader import pattern
from llmrec.agent.constraints.references import ANY, BARE, NUMBERED
from llmrec.agent.constraints.references import THAT as THAT_WORDS
from llmrec.agent.question_patterns import LEAD, OFFER

__all__ = [
    "ABOUT_ME_RULES",
    "ALONE",
    "COMPARE",
    "EVERY",
    "HOSTILE",
    "MORE",
    "OFF_TOPIC",
    "ONLY_PRODUCT",
    "SEARCH",
    "SUGGEST",
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
    "wellbeing",
    "thanks",
    "goodbye",
    "assent",
    "help",
    "undo",
    "more",
    "suggest",
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
        r"|(?:zeig\s+(?:mir\s+)?)?(?:noch\s+)?(?:mehr(?:\s+davon)?|weitere|andere)|weiter"
        r"|was\s+noch|nächste"
        r"|更多的?|换一[批些]|还有吗|其他的|下一批|再来几个|别的呢?)",
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
_CHOICES = (
    r"(?:ones?|options?|suggestions?|recommendations?|ideas?|choices?|alternatives?|products?"
    r"|items?|models?)"
)
MORE = pattern(
    rf"^{LEAD}(?:(?:{OFFER}|(?:please\s+)?(?:show|give)(?:\s+me)?|let\s+me\s+see"
    rf"|i\s+want(?:\s+to\s+see)?"
    rf"|zeig(?:e|en\s+sie)?(?:\s+mir)?|ich\s+(?:möchte|will))\s*)?"
    rf"(?:(?:(?:any|some)\s*thing\s+else(?!\s+(?:than|but)\b)"
    rf"|what\s+else(?=\s*(?:$|[?.!,;]|(?:do|can|could|would|have)\s+you\b|is\s+there\b"
    rf"|(?:for|in|under|below|from)\b)))"
    rf"(?:\s+(?:do|can|could|would)\s+you\s+(?:have|offer|recommend|suggest|show)(?:\s+me)?"
    rf"|\s+is\s+there)?"
    rf"|(?:(?:any|some|the|a\s+few|a)\s+)?(?:other|more|further"
    rf"|different)\s+{_CHOICES}(?!\s+than\b)"
    rf"|(?:any|some|the)\s+others|(?:any|some)\s+alternatives"
    rf"|(?:sonst\s+|auch\s+)?noch\s+(?:et)?was(?:\s+anderes)?|(?:et)?was\s+ander(?:e|)s(?!\s+als\b)"
    rf"|was\s+(?:hast\s+du|habt\s+ihr|haben\s+sie|gibt\s+es)\s+(?:sonst\s+)?noch"
    rf"|(?:noch\s+)?(?:andere|weitere)\s+(?:vorschläge|optionen|produkte|möglichkeiten"
    rf"|ideen))(?![^\W_])"
    rf"|^(?:你们?)?(?:还有|有没有)(?:没有|什么)?(?:别的|其他的?|其它的?)(?:推荐|选择|商品)?吗?"
)
"""More of the same, and perhaps with a limit behind it: "anything else below 20"."""
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
    r"|(?:which|what\s+one)\s+(?:one\s+|of\s+(?:them|these|those)\s+)?(?:is|are"
    r"|has)\s+the\s+(?:best|most"
    r"|\w{3,}est)\b(?:\s+\w+){0,2}\W*$"
    r"|welche[srn]?\s+(?:davon\s+|von\s+beiden\s+)?(?:ist|sind)\s+(?:besser|\w+er\b"
    r"|am\s+\w+sten\b))"
    r"|(?:比较(?!便宜|贵|大|小|轻|好|喜欢)|对比|区别|哪个(?:更|最|比较))"
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
        rf"^(?:(?:and|und|so)\s+)?(?:(?:what|how)\s+about|was\s+ist\s+mit)\s+{NUMBERED}\W*$",
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
        rf"\b(?:(?:i'll|i\s+will|i\s+(?:want|would\s+like)\s+to|i'd\s+like\s+to|let's)\s+(?:take"
        rf"|buy|have|order"
        rf"|go\s+(?:for|with))|i\s+(?:take|buy)|(?<!to\s)buy|ich\s+(?:nehme|kaufe|bestelle))"
        rf"\s+(?:{ANY}|{BARE}(?=\W*$))",
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
SEARCH = pattern(
    r"^(?:please\s+)?(?:search(?:\s+for)?|find(?:\s+me)?|look\s+for|look\s+up|do\s+you\s+(?:have"
    r"|sell|carry)|have\s+you\s+got|such(?:e)?(?:\s+nach)?"
    r"|finde(?:\s+mir)?|habt\s+ihr|haben\s+sie|hast\s+du|verkauft\s+ihr|搜索|搜一下|查找|有没有|有卖)\s*(?=\S)"
)
SUGGEST = pattern(
    r"^(?:(?:so|and|then|now)[\s,]+)*(?:what(?:'s|\s+is)\s+(?:new|good|popular|hot)|anything\s+new"
    r"|surprise\s+me|what\s+(?:do|would|can|could)\s+you\s+(?:recommend|suggest)|what\s+should\s+i"
    r"\s+(?:buy|get|take)|(?:can|could)\s+you\s+(?:recommend|suggest)\s+(?:me\s+)?(?:something|anything)"
    r"|(?:please\s+)?(?:recommend|suggest)(?:\s+me)?\s+(?:something|anything)"
    r"|(?:do\s+you\s+have\s+|have\s+you\s+got\s+|give\s+me\s+)?(?:any|some)\s+(?:ideas?|suggestions?"
    r"|recommendations?|tips?)"
    r"|(?:(?:i\s+want|i'd\s+like|show\s+me|give\s+me|find\s+me)\s+)?(?:something|anything)\s+"
    r"(?:nice|good|special|beautiful|pretty|great|i(?:'d|\s+would|\s+might|\s+could)\s+(?:like|love))"
    r"|(?:zeig\s+mir\s+)?(?:et)?was\s+(?:schönes|gutes|besonderes|nettes)"
    r"|was\s+gibt(?:'s|\s+es)\s+(?:neues|schönes)|überrasch\s+mich"
    r"|was\s+(?:empfiehlst|rätst)\s+du(?:\s+mir)?|was\s+(?:kannst|könntest|würdest)\s+du(?:\s+mir)?"
    r"\s+empfehlen|empfiehl\s+mir\s+(?:et)?was|(?:hast\s+du\s+)?(?:ein\s+paar\s+)?(?:ideen|vorschläge|tipps))"
    r"(?:\s+(?:for|to)\s+me|\s+für\s+mich)?(?:\s+(?:today|now|here|please|heute|bitte))*[\s.!?]*$"
    r"|^(?:你|您)?(?:有什么|有啥)(?:可以|好)?(?:推荐|新品|新的|新东西)(?:的|吗|给我的?)?[\s.!?。！？]*$"
    r"|^(?:随便)?(?:给我)?推荐(?:一下|点什么|些什么)?[吧。！!\s]*$"
)
"""A wish for a suggestion that names no thing."""

ONLY_PRODUCT = pattern(rf"^(?:{BARE})$")
ALONE = pattern(
    rf"^(?:ok(?:ay)?|yes|i\s+mean|ich\s+meine|ja|我(?:说|指)的是)?[\s,]*({BARE})[\s.!]*(?:please"
    rf"|bitte)?[\s.!?]*$"
)
THAT = pattern(THAT_WORDS)
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
WITH_PRODUCT_RULES = [(kind, pattern(text)) for kind, text in _WITH_PRODUCT]
EVERY = re.compile(BARE, re.IGNORECASE)
