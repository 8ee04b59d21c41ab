"""Greetings, thanks, assent and goodbyes: said to the assistant, and not of what is looked for.

A message counts as courtesy only if nothing else is in it: "thank you card" is a product. In front
of other words it is left out where a mark parts it from them, or a sentence begins behind it.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from llmrec.agent.constraints.reader import pattern

__all__ = ["Courtesy", "courtesy_of", "without_courtesy"]

Courtesy: TypeAlias = Literal["goodbye", "thanks", "wellbeing", "greeting", "assent"]

_VERY = (
    r"(?:(?:very|really|so|pretty|quite|totally|all|just|too|sehr|echt|richtig|ganz|wirklich)\s+)*"
)
_GOOD = (
    r"(?:good|great|fine|nice|cool|okay?|awesome|amazing|wonderful|excellent|perfect|lovely"
    r"|brilliant|fantastic|interesting|helpful|kind|sweet|neat|alright|all\s+right|right|correct"
    r"|enough|gut|prima|super|toll|perfekt|wunderbar|schön|klasse|spitze|nett|hilfreich"
    r"|interessant|ausgezeichnet|hervorragend|in\s+ordnung)"
)
_THIS = r"(?:that|this|it|they|these|those|das|es|die)"
_IS = (
    r"(?:'s|s|\s+(?:is|are|was|were|would\s+be|will\s+be|looks?|sounds?|seems?|works?|ist|wäre"
    r"|war|klingt|sieht|passt|hört\s+sich))"
)
_FOR = (
    r"(?:\s+(?:for|für|of)\s+(?:(?:all|your|you|the|that|this|helping|die|deine|ihre|eure)\s+)*"
    r"(?:me|that|this|it|you|everything|help|time|offer|advice|assistance|service|patience"
    r"|support|kindness|info(?:rmation)?|answers?|suggestions?|recommendations?|hilfe|beratung"
    r"|mühe|antwort(?:en)?|geduld|auskunft|alles))?"
)
_MUCH = (
    r"(?:\s+(?:so\s+much|very\s+much|a\s+lot|again|once\s+again|once\s+more|anyway|kindly|indeed"
    r"|sehr|nochmals?|recht\s+herzlich))*"
)
# In the order in which they are tried: the longer of two that begin alike comes first.
_PHRASES: tuple[tuple[Courtesy, str], ...] = (
    (
        "wellbeing",
        r"how\s+(?:are|r)\s+(?:you|u)(?:\s+(?:doing|today))*|how(?:'s|\s+is)\s+it\s+going"
        r"|how\s+do\s+you\s+do|(?:are\s+you|is\s+any(?:one|body))\s+(?:still\s+)?(?:here|there)"
        r"(?:\s+to\s+help(?:\s+me)?)?|wie\s+geht(?:'?s|\s+es)(?:\s+(?:dir|ihnen"
        r"|euch))?(?:\s+heute)?"
        r"|你好吗|您好吗|最近(?:怎么样|好吗)|在吗",
    ),
    (
        "greeting",
        r"(?:hi+|hello|hey+|hiya|hei|good\s+(?:morning|evening|afternoon|day)|greetings|hallo"
        r"|guten\s+(?:tag|morgen|abend)|servus|moin|grüezi|grüß\s+(?:gott|dich))"
        r"(?:\s+(?:there|again|everyone|all|zusammen))*|nice\s+to\s+meet\s+you"
        r"|早上好|下午好|晚上好|大家好|你好|您好|嗨|哈喽",
    ),
    (
        "goodbye",
        r"(?:good)?bye(?:\s*bye)?|see\s+(?:you|ya)(?:\s+(?:later|soon|again|around))?|take\s+care"
        r"|(?:have|enjoy)\s+(?:a|your)\s+(?:very\s+)?(?:nice|good|great|lovely|wonderful)?\s*(?:day"
        r"|evening|weekend|night|one)|good\s+night|nothing\s+else|(?:no,?\s+)?(?:that's|that\s+is"
        r"|that\s+will\s+be|that\s+was|that'?ll\s+be)\s+(?:all|it|everything)(?:\s+for\s+(?:now"
        r"|today))?|tschüss?|auf\s+wiedersehen|bis\s+(?:bald|später|dann|zum\s+nächsten\s+mal)"
        r"|mach'?s\s+gut|(?:einen\s+)?schönen\s+(?:tag|abend)(?:\s+noch)?|(?:nein,?\s+)?das"
        r"\s+(?:war'?s|war\s+alles|wäre\s+alles|ist\s+alles)|再见|拜拜|下次见|回头见|就这样吧?"
        r"|没有?(?:别的|其他的?)了|祝你.{0,6}?愉快",
    ),
    (
        "thanks",
        rf"(?:(?:many|no|nope|nah),?\s+)?(?:thanks|thank\s+(?:you|u)|thx"
        rf"|cheers){_MUCH}{_FOR}{_MUCH}"
        rf"|much\s+appreciated|i\s+(?:really\s+)?appreciate\s+(?:it|that|your\s+help)"
        rf"|you\s+(?:too|as\s+well)|you(?:'ve|\s+have)\s+been\s+{_VERY}(?:helpful|kind)"
        rf"|{_THIS}{_IS}\s+{_VERY}(?:helpful|kind|nett|hilfreich)(?:\s+of\s+you|\s+von\s+(?:dir"
        r"|ihnen))?|(?:nein,?\s+)?(?:(?:vielen|besten|herzlichen|lieben|schönen"
        r"|tausend)\s+)*dank(?:e)?"
        rf"(?:\s?schön)?{_MUCH}{_FOR}|gleichfalls|ebenfalls"
        r"|(?:非常|十分|太|很|好)?(?:感谢|多谢|谢谢|谢)(?:你们?|您|了|啦)?的?(?:帮助|帮忙|推荐|介绍|解答|耐心)?"
        r"|麻烦(?:你|您)了|辛苦了|不用了",
    ),
    (
        "assent",
        rf"{_THIS}{_IS}\s+an?\s+{_VERY}{_GOOD}\s+(?:offer|deal|price|idea|choice|point"
        rf"|suggestion|thing)"
        rf"|{_THIS}{_IS}\s+{_VERY}{_GOOD}(?:\s+(?:idea|to\s+me|for\s+me|with\s+me|an|aus"
        rf"|für\s+mich))?"
        rf"|(?:sounds?|looks?|seems?|klingt|sieht|passt"
        rf"|hört\s+sich)\s+{_VERY}{_GOOD}(?:\s+(?:to\s+me"
        rf"|idea|an|aus))?|good\s+idea|gute\s+idee|{_VERY}{_GOOD}|(?:{_THIS}\s+)?(?:works"
        rf"|passt)(?:\s+so)?"
        r"|sure(?:\s+thing)?|yes|yeah|yep|yup|ja|jawohl|klar|natürlich|gern(?:e)?|genau|okey"
        r"|okay|ok|k"
        r"|of\s+course|exactly|absolutely|definitely|certainly|i\s+see|got\s+it|i\s+understand"
        r"|understood|no\s+(?:problem|worries|hurry|rush)|go\s+ahead|take\s+your\s+time"
        r"|i(?:'ll|\s+will|\s+can)\s+wait|let\s+me\s+(?:think|see)|wow|o+h*|ah+|aha|hm+|mhm|haha+"
        r"|lol|einverstanden|verstehe|verstanden|alles\s+klar|ach\s+so|kein\s+problem"
        r"|lass\s+dir\s+zeit"
        r"|听起来.{0,3}?(?:不错|好|棒)|看起来.{0,3}?(?:不错|好|棒)|(?:很|太|挺|真|非常)(?:好|棒|不错)(?:了|的)?"
        r"|好[的啊吧呀哒嘞]?|行[吧啊]?|可以|没问题|没关系|当然(?:可以)?|是[的啊]|对[的啊]?|嗯+|哦+"
        r"|知道了|明白了?|了解了?|不错",
    ),
)
_RULES = [(kind, pattern(rf"(?:{text})(?![^\W_\u3400-\u9fff])")) for kind, text in _PHRASES]
# Endless, and linear still: nothing stands behind the row, so none of it is tried twice.
_BETWEEN = re.compile(
    r"(?:[\s,.!?;:~()\-–…*^'\"、。，！？]|[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]"
    r"|[:;=]-?[a-z](?![a-z])|(?:and|but|so|then|very|please|now|well|und|aber|also|bitte|dann)\b"
    r"|[啊呀哦啦])+",
    re.IGNORECASE,
)
_MARK = pattern(r"\s*[,.!;:。，！、~]")
_SENTENCE = pattern(
    r"\s*(?:i|i'm|i'd|we|can|could|do|does|is|are|would|show|please|ich|wir|kannst|können|hast"
    r"|habt|haben|gibt|zeig)\b|\s*(?:我|请|有|帮)"
)
_STRENGTH: tuple[Courtesy, ...] = ("goodbye", "thanks", "wellbeing", "greeting", "assent")


def courtesy_of(message: str) -> Courtesy | None:
    """What a message of nothing but courtesy is; of several kinds the one to be answered first.

    >>> courtesy_of("ok great, thank you for your help!"), courtesy_of("Hi there, how are you?")
    ('thanks', 'wellbeing')
    >>> courtesy_of("thank you card"), courtesy_of("ok, a tent")
    (None, None)
    """
    said, rest = _taken(message)
    return None if rest or not said else next(kind for kind in _STRENGTH if kind in said)


def without_courtesy(message: str) -> str:
    """The message without the courtesy before it.

    >>> without_courtesy("Hi there! Ok, a tent"), without_courtesy("Hello Kitty mug")
    ('a tent', 'Hello Kitty mug')
    """
    place = 0
    while (found := _at(message, place)) is not None:
        behind = found[1]
        if _MARK.match(message, behind):
            place = _skip(message, behind)
        elif _SENTENCE.match(message, behind):
            place = behind
            while message[place : place + 1].isspace():
                place += 1
        else:
            break
    return message[place:]


def _taken(message: str) -> tuple[set[Courtesy], str]:
    """The kinds that a message begins with, and what stands behind them."""
    said: set[Courtesy] = set()
    place = _skip(message, 0)
    while found := _at(message, place):
        said.add(found[0])
        place = _skip(message, found[1])
    return said, message[place:]


def _at(message: str, place: int) -> tuple[Courtesy, int] | None:
    """The longest phrase that begins here."""
    found = [(one.end(), kind) for kind, rule in _RULES if (one := rule.match(message, place))]
    if not found:
        return None
    end = max(end for end, _ in found)
    return next(kind for one, kind in found if one == end), end


def _skip(message: str, place: int) -> int:
    between = _BETWEEN.match(message, place)
    return between.end() if between else place
