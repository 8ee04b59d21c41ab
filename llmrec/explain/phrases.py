"""Sentence patterns for words made from fields, in English, German and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmrec.types import Language

__all__ = ["PHRASES", "Phrases", "canonical"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's patterns; where there are several, a stable hash picks one.

    ``clauses`` say what the shopper did, ``links`` what the item has in common with it, ``facts``
    one fact about the item (by attribute name; ``*`` for all others); ``sentence`` joins two facts.
    ``many`` has the same where an attribute has several values, which ``last`` joins: patterns that
    hold whether all are in the product or it comes in one of them. ``names`` translate usual
    attribute names; with ``own_names`` others are left out, because a foreign word would stand in
    the middle of the sentence.
    """

    language: Language
    clauses: Mapping[str, tuple[str, ...]]
    links: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, str]
    sentence: tuple[str, ...]
    single: tuple[str, ...]
    many: Mapping[str, str]
    last: str
    comma: str = ", "
    join: str = " "
    names: Mapping[str, str] = field(default_factory=dict)
    own_names: bool = False

    def listed(self, values: Sequence[str]) -> str:
        """The values in one phrase; measures as they stand: they may be of one thing or of several.

        >>> PHRASES["en"].listed(["S", "M", "L"]), PHRASES["de"].listed(["rot"])
        ('S, M and L', 'rot')
        >>> PHRASES["de"].listed(["7 Kerzen", "LED"])
        '7 Kerzen, LED'
        """
        if any(value[:1].isdigit() for value in values):
            return self.comma.join(values)
        *most, last = values
        return self.comma.join(most) + (self.last if most else "") + last


_ENGLISH = Phrases(
    language="en",
    clauses={
        "purchase": ('You bought "{name}"',),
        "view": ('You viewed "{name}"',),
        "cart": ('You put "{name}" in your cart',),
        "rating": ('You rated "{name}"',),
        "like": ('You liked "{name}"',),
        "text": ('You mentioned "{name}"',),
        "query": ('You asked for "{name}"',),
    },
    links={
        "brand": ("; this is from {value} too.", ", and this is also from {value}."),
        "category": (
            "; this is in {value} as well.",
            ", and this belongs to {value} too.",
            ", which is in {value} like this one.",
        ),
        "attribute": (
            "; this has the same {attribute}, {value}.",
            ", and the {attribute} is the same here: {value}.",
        ),
        "near": ("; this is close to it.", ", and this is near it in our catalogue."),
        "query": (", and we found this.", "; this is what we found for it."),
        "none": ("",),
    },
    facts={
        "material": "is made of {value}",
        "colour": "comes in {value}",
        "color": "comes in {value}",
        "capacity": "holds {value}",
        "weight": "weighs {value}",
        "dimensions": "measures {value}",
        "size": "comes in size {value}",
        "brand": "is from {value}",
        "category": "belongs to {value}",
        "price": "costs {value}",
        "*": "has {attribute} {value}",
    },
    sentence=("It {first} and {second}.", "It {second} and {first}."),
    single=("It {first}.",),
    many={
        "colour": "comes in {value}",
        "color": "comes in {value}",
        "size": "comes in sizes {value}",
        "*": "lists {value} as {attribute}",
    },
    last=" and ",
)

_GERMAN = Phrases(
    language="de",
    clauses={
        "purchase": ("Du hast „{name}“ gekauft",),
        "view": ("Du hast dir „{name}“ angesehen",),
        "cart": ("Du hast „{name}“ in den Warenkorb gelegt",),
        "rating": ("Du hast „{name}“ bewertet",),
        "like": ("Dir hat „{name}“ gefallen",),
        "text": ("Du hast „{name}“ erwähnt",),
        "query": ("Du suchst „{name}“",),
    },
    links={
        "brand": ("; auch das hier ist von {value}.", ", und das hier ist ebenfalls von {value}."),
        "category": (
            "; auch das hier gehört zu {value}.",
            ", und das hier findest du ebenfalls unter {value}.",
        ),
        "attribute": ("; {attribute} ist hier gleich: {value}.",),
        "near": ("; das hier kommt dem nahe.",),
        "query": ("; das hier passt dazu.",),
        "none": ("",),
    },
    facts={
        "brand": "von {value}",
        "category": "aus {value}",
        "price": "für {value}",
        "*": "{attribute}: {value}",
    },
    sentence=("Kurz gesagt: {first}, {second}.", "Die Fakten: {second}, {first}."),
    single=("Kurz gesagt: {first}.",),
    many={"*": "{attribute}: {value}"},
    last=" und ",
    names={
        "material": "Material",
        "colour": "Farbe",
        "color": "Farbe",
        "capacity": "Fassungsvermögen",
        "weight": "Gewicht",
        "dimensions": "Maße",
        "size": "Größe",
        "length": "Länge",
        "diameter": "Durchmesser",
        "height": "Höhe",
        "origin": "Herkunft",
        "pack": "Packung",
        "power": "Leistung",
        "caffeine": "Koffein",
        "battery": "Batterie",
        "brightness": "Helligkeit",
        "age": "Alter",
        "roast": "Röstung",
        "flavour": "Geschmack",
        "scent": "Duft",
        "load": "Tragkraft",
        "pages": "Seiten",
        "hob": "Herd",
        "fill": "Füllung",
        "season": "Saison",
        "sow": "Aussaat",
        "harvest": "Ernte",
        "players": "Spieler",
        "comfort temperature": "Komforttemperatur",
        "paper": "Papier",
        "keeps warm": "Hält warm",
        "burn time": "Brenndauer",
        "care": "Pflege",
        "plug": "Stecker",
        "colour temperature": "Farbtemperatur",
        "serves": "Portionen",
        "allergens": "Allergene",
        "sugar": "Zucker",
        "salt": "Salz",
        "fat": "Fett",
        "protein": "Eiweiß",
        "fibre": "Ballaststoffe",
        "carbohydrates": "Kohlenhydrate",
        "ingredients": "Zutaten",
        "energy": "Energie",
        "width": "Breite",
        "depth": "Tiefe",
        "voltage": "Spannung",
    },
)

_CHINESE = Phrases(
    language="zh",
    clauses={
        "purchase": ("你买过“{name}”",),
        "view": ("你看过“{name}”",),
        "cart": ("你把“{name}”加入了购物车",),
        "rating": ("你评价过“{name}”",),
        "like": ("你喜欢“{name}”",),
        "text": ("你提到“{name}”",),
        "query": ("你在找“{name}”",),
    },
    links={
        "brand": ("，这件也来自{value}。", "，这件同样来自{value}。"),
        "category": ("，这件也属于{value}。", "，{value}里还有这一件。"),
        "attribute": ("，这件的{attribute}也是{value}。",),
        "near": ("，这件与它相近。",),
        "query": ("，这件与之相符。",),
        "none": ("",),
    },
    facts={
        "brand": "来自{value}",
        "category": "属于{value}",
        "price": "价格{value}",
        "*": "{attribute}为{value}",
    },
    sentence=("它{first}，{second}。", "它{second}，{first}。"),
    single=("它{first}。",),
    many={"*": "{attribute}有{value}"},
    last="和",
    comma="、",
    join="",
    names={
        "material": "材质",
        "colour": "颜色",
        "color": "颜色",
        "capacity": "容量",
        "weight": "重量",
        "dimensions": "尺寸",
        "size": "尺码",
        "length": "长度",
        "diameter": "直径",
        "height": "高度",
        "origin": "产地",
        "pack": "包装",
        "power": "功率",
        "flavour": "口味",
        "battery": "电池",
        "brightness": "亮度",
        "age": "年龄",
        "roast": "烘焙度",
        "scent": "香味",
        "load": "承重",
        "pages": "页数",
        "hob": "炉灶",
        "fill": "填充物",
        "season": "季节",
        "sow": "播种",
        "harvest": "收获",
        "players": "玩家人数",
        "comfort temperature": "舒适温度",
        "paper": "纸张",
        "keeps warm": "保温",
        "burn time": "燃烧时间",
        "care": "洗护",
        "plug": "插头",
        "colour temperature": "色温",
        "serves": "份量",
        "allergens": "过敏原",
        "sugar": "糖",
        "salt": "盐",
        "fat": "脂肪",
        "protein": "蛋白质",
        "fibre": "膳食纤维",
        "carbohydrates": "碳水化合物",
        "ingredients": "配料",
        "energy": "能量",
        "width": "宽度",
        "depth": "深度",
        "voltage": "电压",
    },
    own_names=True,
)

PHRASES: Mapping[Language, Phrases] = {"en": _ENGLISH, "de": _GERMAN, "zh": _CHINESE}
"""By language."""

_ENGLISH_NAMES = {
    label.casefold(): name
    for phrases in (_GERMAN, _CHINESE)
    for name, label in phrases.names.items()
}


def canonical(name: str) -> str:
    """The English name of an attribute (folded) that a catalogue may have in another language.

    >>> canonical("höhe"), canonical("产地"), canonical("origin")
    ('height', 'origin', 'origin')
    """
    return _ENGLISH_NAMES.get(name, name)
