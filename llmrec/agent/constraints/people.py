"""For whom the quest is: a gift, "for my mother", "für meinen Bruder", "送妈妈"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmrec.agent.constraints.changes import Change, Drop, Recipient
from llmrec.agent.constraints.context import Context
from llmrec.agent.constraints.reader import Reader, pattern

__all__ = ["is_person", "read_recipients"]

_ENGLISH = (
    "mother mom mum father dad parents sister brother wife husband partner girlfriend boyfriend "
    "fiancée friend colleague boss son daughter grandmother grandma granny "
    "grandfather "
    "grandpa aunt uncle niece nephew cousin neighbou?r teacher flatmate roommate kids? child "
    "children "
    "baby godchild mother-in-law father-in-law"
)
_GERMAN = (
    "mutter mama vater papa eltern schwester bruder frau mann partner(?:in)? freund(?:in)? "
    "kolleg(?:e|in"
    "|en) chef(?:in)? sohn tochter oma opa großmutter großvater tante onkel nichte neffen? "
    "cousine? nachbar(?:in"
    "|n)? lehrer(?:in)? kind(?:er)? enkel(?:in)? schwiegermutter schwiegervater"
)
_CHINESE = (
    "妈妈 母亲 我妈 爸爸 父亲 我爸 父母 姐姐 妹妹 哥哥 弟弟 老婆 妻子 太太 老公 丈夫 男朋友 "
    "女朋友 朋友 闺蜜 同事 老板 领导 儿子 女儿 孩子 宝宝 奶奶 爷爷 外婆 外公 姥姥 姥爷 阿姨 "
    "叔叔 侄子 侄女 邻居 老师 婆婆 岳母"
)
_EN = "|".join(_ENGLISH.split())
_DE = "|".join(_GERMAN.split())
_ZH = "|".join(_CHINESE.split())
_PERSON = (
    r"(?:my|our|a|an|his|her|their|the)\s+(?:(?:old|little|young|best|dear)\s+)*"
    rf"(?:{_EN})\b"
)
_DE_PERSON = (
    r"(?:meine[nrm]?|unsere[nrm]?|eine[nrm]?|mein|unser|ein)\s+(?:(?:besten?|kleinen?|alten?)\s+)*"
    rf"(?:{_DE})\b"
)
_ME = (
    r"\b(?:it's\s+)?(?:for\s+(?:me|myself)(?:\s+now)?|für\s+mich(?:\s+selbst)?)\b",
    r"给我自己的?|我自己用的?",
)
_GIVEN = (
    r"(?:a\s+|as\s+a\s+)?(?:birthday\s+|christmas\s+|wedding\s+|small\s+|little\s+|nice\s+)*"
    r"(?:gift|present)"
)
_DE_GIVEN = (
    r"(?:ein(?:e[ns]?)?\s+|als\s+)?(?:kleines\s+|schönes\s+)*"
    r"(?:geburtstags|weihnachts|hochzeits)?-?(?:geschenk(?:idee)?|mitbringsel)"
)
_RULES = (
    rf"\b(?:{_GIVEN}\s+)?for\s+(?P<who>{_PERSON})",
    rf"\b(?:{_DE_GIVEN}\s+)?für\s+(?P<who>{_DE_PERSON})",
    rf"(?:送给?|给|买给)\s*(?:我的?)?(?P<who>{_ZH})(?:买|挑|选|找)?(?:一?[份个件]|点)?(?:的?礼物|的)?",
    rf"\b{_GIVEN}s?\b(?:\s+for\s+(?P<who>(?:someone|somebody|a\s+friend)))?",
    rf"\b{_DE_GIVEN}\b(?:\s+für\s+(?P<who>jemanden?))?|\bzum\s+verschenken\b",
    r"(?:当|作为|做)?(?:生日|圣诞|新年)?礼物|送礼用?的?|送人的?",
)
_SOMEBODY = pattern(
    rf"(?:{_PERSON}|{_DE_PERSON}|{_EN}|{_DE}|(?:我的?)?(?:{_ZH})|an?\s+friend|someone|somebody)"
)
_ME_RULES = [pattern(one) for one in _ME]
_GIFT_RULES = [pattern(one) for one in _RULES]
_OTHERS = pattern(r"\s+(?:for|für)\s+(?P<who>(?:an?|eine[nr]?|ein)\s+[^\W\d_]+(?:\s+lover)?)")


def read_recipients(reader: Reader, _: Context) -> Iterator[tuple[int, Change]]:
    """Somebody else to be pleased; "for me" ends it."""
    for rule in _ME_RULES:
        for found in reader.take(rule):
            yield found.start(), Drop("recipient")
    for rule in _GIFT_RULES:
        for found in reader.take(rule):
            yield found.start(), Recipient(found.groupdict().get("who") or _other(reader, found))


def is_person(words: str) -> bool:
    """Whether words name somebody, as the rules above know people; with "my" or without it.

    >>> is_person("my mother"), is_person("dad"), is_person("Schwester"), is_person("plastic")
    (True, True, True, False)
    """
    return bool(_SOMEBODY.fullmatch(words.strip()))


def _other(reader: Reader, found: re.Match[str]) -> str:
    """Whom "a gift for a gardener" is for, in words that stay: they say what to look for."""
    other = _OTHERS.match(reader.text, found.end())
    return other["who"] if other else ""
