"""What plain words say more surely than the reader: reviews, why not that one, none of these.

The reader's structure has no intent for what reviewers say, and none for "why not": it says that
something is asked, and of which products. Which tool answers is chosen here, by words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from llmrec.agent.commands import Command
from llmrec.documents.sentences import questions_in
from llmrec.linear import bounded
from llmrec.reading import Reading
from llmrec.reading.reading import Intent

if TYPE_CHECKING:
    from llmrec.agent.meaning import Meaning

__all__ = [
    "asks_beyond_the_shop",
    "asks_for_reviews",
    "question_why_not",
    "recognised",
    "turns_down_all",
]

_Request: TypeAlias = tuple[Reading, ...]

_QUESTIONS: tuple[Intent, ...] = ("why", "product_question", "shop_question", "smalltalk", "more")
"""Intents that a small model takes these questions for ("what do others say" for others to see); of
several, the first is taken for them."""

_LONGEST = 300
"""Signs of a message beyond which it is a story: these patterns look far ahead."""

_OTHERS = (
    r"(?:people|others|other\s+(?:people|buyers|customers|shoppers)|customers|buyers|reviewers|shoppers"
    r"|users|everyone|everybody)"
)
_ANDERE = r"(?:andere|anderen|(?:die\s+)?(?:leute|kunden|käufer|nutzer))"
_REVIEWS = bounded(
    rf"""
    \bwhat\s+(?:do|did|does|are)\s+(?:the\s+)?{_OTHERS}\s+(?:say|saying|think|write)
    |\bhow\s+(?:do|are)\s+{_OTHERS}\s+(?:like|liking|find|finding|rate|rating)
    |\bdo(?:es)?\s+(?:{_OTHERS}|anyone|anybody)\s+(?:like|complain)
    |\b(?:what|how|are|is|any|do|does|who|has|have|tell|show|read|summari[sz]e)\b[^.]*\b(?:reviews?
        |reviewers?|reviewed|rated(?!\s+(?:at|to|for|up|down|from|in|between|above|below|ip\w*)\b))\b
    |\b(?:what|how|are|is|any|do|does|who|has|have|tell|show|read|summari[sz]e)\b(?:[^.]*(?:\b(?:the|its|their
        |this|that|many|any|an?|good|bad|high|low|best|worst|average|overall|mean|star|customers?|buyers?
        |users?|shoppers?|product|of|all|more|other|or|and|me)|['’]s?))?\s+ratings?\b
    |\bhow\s+many\s+stars\b
    |\b(?:is|are)\s+(?:it|this|that|they|these|those|the\s+[\w\s'-]{{1,60}}?|[a-z][\w'-]*)\s+any\s+good\b
    |\bis\s+(?:it|this|that)(?:\s+one)?\s+(?:really\s+)?(?:any\s+)?good\s*\?
    |\bwas\s+(?:sagen|meinen|denken|schreiben|halten)\s+(?:denn\s+)?{_ANDERE}\b
    |\bwie\s+(?:finden|bewerten)\s+(?:denn\s+)?{_ANDERE}\b
    |\b(?:was|wie|sind|ist|gibt|gibt's|hat|haben|wer|zeig)\b[^.]*\b(?:bewertung(?:en)?|rezension(?:en)?
        |bewertet|rezensiert)\b
    |\bwie\s+viele\s+sterne\b
    |\btaug(?:t|en)\b[^.]{{0,40}}\b(?:was|etwas)\b
    |\b(?:ist|sind)\s+(?:das|der|die|es|sie|er)\s+(?:\w+\s+){{0,4}}(?:gut|was|etwas)\s*\?
    |评价|评论|口碑|评分|好评|差评|大家(?:都|觉得|怎么|说)|别人(?:觉得|怎么|说)|买过的人|好用吗|好不好用|几颗星|多少星
    """,
    re.IGNORECASE | re.VERBOSE,
)

# "with good reviews", "mit guten Bewertungen" is a wish for products, and no question of one.
_WISH = bounded(
    r"\b(?:with|having)\s+(?:\w+\s+){0,2}(?:reviews?|ratings?|stars)\b|\bmit\s+(?:\w+\s+){0,2}"
    r"(?:bewertung(?:en)?|rezensionen|sternen)\b|\b(?:best|well|top|highly|gut|best)[\s-]"
    r"(?:rated|reviewed|bewertet\w*)\b|评价(?:好|高)的|评分(?:高|最高)的|好评(?:多|最多)的|口碑(?:好|最好)的",
    re.IGNORECASE,
)
# A figure that a maker measures ("IP rating", "rating of its energy use") is a fact, and how a
# review is written is for the shop to say.
_MEASURED = (
    r"(?:energ\w*|effi\w*|strom\w*|temperat\w*|leistung\w*|power|voltage|heat|wärme\w*|load"
    r"|belast\w*|schutz\w*)"
)
_NO_OPINION = bounded(
    rf"\b(?:rating|bewertung)\s+(?:(?:of|for|in|der|des|von|für|zur?m?)\s+)(?:\w+\s+)?{_MEASURED}"
    r"|\b(?:write|leave|post|submit|publish|add|edit|delete)\s+(?:an?|my|the|our)\s+(?:\w+\s+)?(?:reviews?|ratings?)\b"
    r"|\b(?:bewertung|rezension)(?:en)?\s+(?:\w+\s+){0,2}(?:schreiben|abgeben|hinterlassen|verfassen|löschen)\b"
    r"|\bschreibe?n?\s+(?:ich|wir|man)\s+(?:\w+\s+){0,2}(?:bewertung|rezension)"
    r"|(?:写|发表|提交|留|删除?)(?:一?[个条])?(?:商品)?(?:评价|评论|好评|差评)",
    re.IGNORECASE,
)
_SHOP = re.compile(
    r"\b(?:your|the)\s+(?:shop|store)\b|\b(?:euer|eure|der|den)\s+(?:shop|laden)\b|店铺|你们店"
)

_WHY_NOT = bounded(
    r"\b(?:why|how\s+come)\b.*(?:\bnot\b|n['’]t\b|\bno\b|\bmissing\b|\bleft\s+out\b)"
    r"|\b(?:warum|wieso|weshalb)\b.*\b(?:nicht|kein\w*|fehlt|fehlen)\b"
    r"|(?:为什么|为何|怎么).*(?:没|不|缺)",
    re.IGNORECASE | re.DOTALL,
)
_SURELY = bounded(
    r"""
    ^\W*(?:(?:and|but|so|ok|okay|und|aber)\b\W*)?
    (?:(?:why|how\s+come)\s+
        (?:not\s+(?:the|that|this|these|those)\b
        |not\s+(?:number\s+)?\#?\d{1,2}\b
        |no\s+\w
        |[^?]*\b(?:is|are|was|were)(?:n['’]t)?\b[^?]*\b(?:among|in\s+(?:the|your)\s+(?:list|results)
            |on\s+the\s+list|shown|listed|recommended|included|missing|there|here|left\s+out)\b
        |(?:don['’]?t|do|did|didn['’]t|aren['’]t|are)\s+(?:i|you)\b[^?]*\b(?:see|show(?:ing)?
            |recommend(?:ing)?|suggest(?:ing)?|offer(?:ing)?|list(?:ing)?)\b
        )
    |(?:warum|wieso|weshalb)\s+(?:denn\s+)?
        (?:nicht\s+(?:der|die|das|den|dies\w*|jen\w*|nummer|nr)\b
        |kein\w*\b
        |fehl(?:t|en)\b
        |(?:ist|sind|war)\b[^?]*\bnicht\s+(?:dabei|da|darunter|drin|zu\s+sehen|aufgeführt)\b
        |(?:zeigst|empfiehlst|sehe|schlägst)\b[^?]*\b(?:nicht|kein\w*)\b
        )
    |(?:为什么|为何|怎么)(?:会|就)?(?:没有|没推荐|不推荐|没显示|不显示|不是|没出现)
    |(?:为什么|为何)[^？?]*(?:不在|没在|没出现|没有出现)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)


def recognised(
    meaning: Meaning, message: str, request: _Request, requests: Sequence[_Request]
) -> Meaning:
    """A question that was read, if it is one of these two; else what was read.

    That something is asked is for the reader to say: a wish for "a tent with good reviews" stays
    one. Only "why not the Assam?", which can mean nothing else, goes before a wish for Assam. Of
    several requests one question at most is taken for these, for the words are of the message.

    Args:
        meaning: what was read.
        message: plain text, of all requests.
        request: the one that means this.
        requests: all of the message.
    """
    several = len(requests) > 1
    if not several and asks_beyond_the_shop(message):
        return Command("beyond", (), message)
    if several and request is not _first_question(requests):
        return meaning
    references = meaning.references if isinstance(meaning, Command) else ()
    if surely_asks_why_not(message):
        return Command("why", references, message)
    if not (isinstance(meaning, Command) and meaning.kind in _QUESTIONS):
        return meaning
    questions = questions_in(message)
    of_reviews = sum(map(asks_for_reviews, questions))
    each_by_itself = several or meaning.kind in ("product_question", "shop_question")
    if not asks_for_reviews(message) or (each_by_itself and 0 < of_reviews < len(questions)):
        return meaning
    # What else a message of several requests says names no product of this one.
    text = " ".join(filter(asks_for_reviews, questions)) if several else ""
    return Command("reviews", references, text or message)


_BEYOND = bounded(
    r"""
    ^\W*(?:(?:please|can\s+you|could\s+you)\s+)?(?:write|compose|make\s+up|tell|sing|recite)\s+(?:(?:me|us)\s+)?
        (?:an?|some)\s+(?:\w+\s+){0,2}(?:poem|joke|story|song|essay|haiku|limerick|riddle)\b(?!\s*(?:book|card))
    |^\W*(?:and\s+)?(?:who|what)\s+are\s+you\W*$|^\W*what(?:'s|\s+is)\s+your\s+name\W*$
    |^\W*are\s+you\s+(?:an?\s+)?(?:real\s+)?(?:human|person|bot|robot|machine|program|ai|chatgpt)\b
    |^\W*(?:what(?:'s|\s+is)|how(?:'s|\s+is))\s+the\s+weather\b
    |^\W*(?:(?:bitte|kannst\s+du)\s+)?(?:schreibe?|dichte|erzähle?|sing)\s+(?:(?:mir|uns|mal|bitte)\s+){0,3}(?:ein\w*|'?ne?n?)\s+
        (?:\w+\s+){0,2}(?:gedicht|witz|geschichte|lied|märchen|aufsatz)\b
    |^\W*(?:und\s+)?wer\s+bist\s+du\W*$|^\W*wie\s+heißt\s+du\W*$|^\W*wie\s+(?:ist|wird)\s+das\s+wetter\b
    |^\W*bist\s+du\s+(?:ein\w*\s+)?(?:echte?r?\s+)?(?:mensch|roboter|bot|ki|programm|maschine)\b
    |^\W*(?:请|你?能不?能)?(?:给我|帮我)?(?:写|讲|说|唱|作)一?[首个篇段]?[\u3400-\u9fff]{0,6}(?:诗|笑话|故事|歌|作文)\W*$
    |^\W*你是谁|^\W*你叫什么|^\W*你是(?:不是)?(?:机器人|真人|人类|人工智能|AI)|^\W*(?:今天|明天)?天气(?:怎么样|如何)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def asks_beyond_the_shop(message: str) -> bool:
    """Whether a message asks for what no shop has: a poem, the weather, who it is that answers.

    >>> texts = ("Write me a poem about tea", "a story book", "wer bist du?", "给我讲个笑话")
    >>> [asks_beyond_the_shop(text) for text in texts]
    [True, False, True, True]
    """
    return len(message) <= _LONGEST and bool(_BEYOND.search(message))


def _first_question(requests: Sequence[_Request]) -> _Request | None:
    by_intent = {request[0].intent: request for request in reversed(requests)}
    return next((by_intent[intent] for intent in _QUESTIONS if intent in by_intent), None)


_NONE_OF_ALL = bounded(
    r"\b(?:neither|none)\s+of\s+(?:these|those|them|the\s+(?:two|three))\b(?!\s+(?:with|that|which|in)\b)"
    r"|\bnot\s+(?:these|those)(?:\s+(?:ones|two|three))?\s*(?:[,.;!]|$|\bplease|\bbut)"
    r"|\bkein(?:e[rs]?|s)\s+(?:davon|von\s+(?:denen|diesen|beiden|den\s+beiden))\b"
    r"|(?:这些|这几[个款件]|这两[个款件]|那些|那几[个款件]|那两[个款件]|一个)都(?:不|没)(?:要|是|行|合适|喜欢|想|对)"
    r"|(?:^|[,，。!！;；\s])都(?:不|没)(?:要|行|合适|喜欢|想)",
    re.IGNORECASE,
)


def turns_down_all(message: str) -> bool:
    """Whether a message turns down all that is shown, whatever else it wishes for.

    >>> texts = ("neither of those is a bed. Up to 100?", "not the second", "no, those are fine")
    >>> [turns_down_all(text) for text in texts]
    [True, False, False]
    """
    return len(message) <= _LONGEST and bool(_NONE_OF_ALL.search(message))


def asks_for_reviews(message: str) -> bool:
    """Whether a message asks what others think of a product.

    >>> asks_for_reviews("are the reviews ok?"), asks_for_reviews("a tent with good reviews")
    (True, False)
    """
    if len(message) > _LONGEST or _WISH.search(message) or _SHOP.search(message):
        return False
    if _NO_OPINION.search(message):
        return False
    return bool(_REVIEWS.search(message))


def asks_why_not(message: str) -> bool:
    """Whether a message may ask why a product is not there; "why is it not waterproof?" too."""
    return len(message) <= _LONGEST and bool(_WHY_NOT.search(message))


def question_why_not(message: str) -> str | None:
    """The question of a message that asks why a product is not there, without what stands beside.

    >>> question_why_not("why not the Assam? show me something under 30")
    'why not the Assam?'
    """
    question = next(filter(asks_why_not, questions_in(message)), None)
    return message if question is None and surely_asks_why_not(message) else question


def surely_asks_why_not(message: str) -> bool:
    """Whether it asks that and can hardly ask anything else.

    >>> surely_asks_why_not("why not the Assam?"), surely_asks_why_not("why is it not waterproof?")
    (True, False)
    """
    return asks_why_not(message) and bool(_SURELY.search(message))
