"""Prices and values of fields as each language writes them; words are not translated."""

from __future__ import annotations

import re
from decimal import Decimal

from llmrec.prompting import one_line, price_text
from llmrec.types import Language

__all__ = ["is_readable", "price_in", "value_in"]

_UNIT = r"(?=\s?(?:kg|g|l|ml|cl|cm|mm|km|m|W|kW|V|Ah|mAh|kWh|h|°C|升|毫升|克|千克|厘米|米)\b)"
# Three places may be thousands in the other language, unless nothing but a zero stands before.
_DECIMAL = (
    r"(?<![\d.,])(\d{{1,3}}(?={mark}(?:\d{{1,2}}|\d{{4,6}})\D)|0(?={mark}\d)){mark}(\d{{1,6}})"
)
_POINT = re.compile(_DECIMAL.format(mark=r"\.") + _UNIT)
_COMMA = re.compile(_DECIMAL.format(mark=",") + _UNIT)
_CHINESE_UNITS = dict(
    zip(
        ["千克", "公斤", "克", "毫升", "升", "厘米", "毫米", "米", "瓦", "毫安时", "小时", "度"],
        ["kg", "kg", "g", "ml", "l", "cm", "mm", "m", "W", "mAh", "h", "°C"],
        strict=True,
    )
)
_CHINESE_UNIT = re.compile(
    rf"(?<=\d)\s?({'|'.join(sorted(_CHINESE_UNITS, key=len, reverse=True))})(?![\u4e00-\u9fff])"
)
# The prompt's lines have ASCII commas only; a sentence that is read has those of its language.
_CHINESE_COMMA = re.compile(r"(?<=[\u4e00-\u9fff]),(?=[\u4e00-\u9fff])")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_LATIN_WORD = re.compile(
    # A word, or one of two letters that is no unit: "up to 12 kg".
    r"[a-zäöüß]{3}|(?<![A-Za-z])(?!(?:kg|mg|cm|mm|km|ml|cl|dl|lm|lx)\b)[a-zäöüß]{2}(?![A-Za-z])"
)


# What is counted, by language: singular and plural, and other forms that a catalogue may have.
_COUNTED: tuple[dict[Language, tuple[str, ...]], ...] = (
    {"en": ("hour", "hours"), "de": ("Stunde", "Stunden"), "zh": ("小时",)},
    {"en": ("minute", "minutes"), "de": ("Minute", "Minuten"), "zh": ("分钟",)},
    {"en": ("day", "days"), "de": ("Tag", "Tage"), "zh": ("天",)},
    {"en": ("week", "weeks"), "de": ("Woche", "Wochen"), "zh": ("周",)},
    {"en": ("month", "months"), "de": ("Monat", "Monate"), "zh": ("个月",)},
    {"en": ("person", "people", "persons"), "de": ("Person", "Personen"), "zh": ("人",)},
    {"en": ("piece", "pieces", "pcs"), "de": ("Stück", "Stück"), "zh": ("件",)},
    {"en": ("cup", "cups"), "de": ("Tasse", "Tassen"), "zh": ("杯",)},
    {"en": ("sheet", "sheets"), "de": ("Blatt", "Blatt"), "zh": ("张",)},
    {"en": ("pair", "pairs"), "de": ("Paar", "Paar"), "zh": ("双",)},
    {"en": ("bag", "bags"), "de": ("Beutel", "Beutel"), "zh": ("袋",)},
    {"en": ("page", "pages"), "de": ("Seite", "Seiten"), "zh": ("页",)},
    {"en": ("serving", "servings"), "de": ("Portion", "Portionen"), "zh": ("份",)},
)
_COUNT_OF = {form: forms for forms in _COUNTED for words in forms.values() for form in words}
# Behind a number, and at the end or before a mark: "20 bags" and not "20 bag clips".
_COUNT = re.compile(
    rf"(?<=\d)\s?({'|'.join(sorted(_COUNT_OF, key=len, reverse=True))})(?=\s*(?:$|[,;)/]))"
)
_UP_TO: dict[Language, str] = {"en": "up to", "de": "bis", "zh": "最多"}
_MOST = re.compile(r"^(?:up to|bis zu|bis|最多)\s*(?=\d)", re.IGNORECASE)


def price_in(price: Decimal, currency: str | None, language: Language) -> str:
    """The price as the language writes it.

    >>> price_in(Decimal("16.9"), "EUR", "de"), price_in(Decimal("16.9"), "EUR", "en")
    ('16,90 EUR', '16.90 EUR')
    """
    text = price_text(price, currency)
    return text.replace(".", ",", 1) if language == "de" else text


def _counted(before: str, form: str, language: Language) -> str:
    """What is counted in the language; its singular behind a lone 1."""
    if form in _COUNT_OF[form][language]:
        return f" {form}"
    forms = _COUNT_OF[form][language]
    is_single = re.search(r"(?<![\d.,])1$", before.rstrip()) is not None
    return f" {forms[0] if is_single or len(forms) == 1 else forms[1]}"


def is_readable(value: str, language: Language) -> bool:
    """Whether a value of a foreign item can stand in a sentence: 陶瓷 in none but a Chinese one.

    Numbers, units and sizes stand in all of them; words do not, and nothing here translates.

    >>> [is_readable(value, "zh") for value in ("陶瓷", "stainless steel", "9 x 60 ml")]
    [True, False, True]
    """
    if language == "zh":
        return not _LATIN_WORD.search(value)
    return not _CHINESE.search(value)


def value_in(text: str, language: Language, written_in: Language | None = None) -> str:
    """A field's value with the units of the language, and before them its decimal mark.

    Before other words a comma may be that of a list; so it is everywhere in a text that is known
    to be in a language which writes decimals with a point.

    >>> value_in("2.4 kg", "de"), value_in("1,5 l", "en"), value_in("1.7 千克", "de")
    ('2,4 kg', '1.5 l', '1,7 kg')
    >>> value_in("12 hours", "de"), value_in("bis zu 2 Personen", "en"), value_in("1 person", "de")
    ('12 Stunden', 'up to 2 people', '1 Person')
    >>> value_in("20,24 cm", "en", "en"), value_in("20,24 cm", "en", "de")
    ('20,24 cm', '20.24 cm')
    """
    line = _CHINESE_COMMA.sub("，", one_line(text))
    line = _MOST.sub(f"{_UP_TO[language]} ", line)
    line = _COUNT.sub(lambda match: _counted(line[: match.start()], match[1], language), line)
    if language != "zh":
        line = _CHINESE_UNIT.sub(lambda match: f" {_CHINESE_UNITS[match[1]]}", line)
    if language == "de":
        return line if written_in == "de" else _POINT.sub(r"\1,\2", line)
    return _COMMA.sub(r"\1.\2", line) if written_in in (None, "de") else line
