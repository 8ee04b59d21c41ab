"""Prices and values of fields as each language writes them; words are not translated."""

from __future__ import annotations

import re
from decimal import Decimal

from llmrec.prompting import one_line, price_text
from llmrec.types import Language

__all__ = ["is_readable", "price_in", "value_in"]

_UNIT = r"(?=\s?(?:kg|g|l|ml|cl|cm|mm|km|m|W|kW|V|Ah|mAh|kWh|h|°C|升|毫升|克|千克|厘米|米)\b)"
_POINT = re.compile(rf"(?<![\d.,])(\d{{1,3}})\.(\d{{1,2}}){_UNIT}")
_COMMA = re.compile(rf"(?<![\d.,])(\d{{1,3}}),(\d{{1,2}}){_UNIT}")
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
_LATIN_WORD = re.compile(r"[a-zäöüß]{3}")


def price_in(price: Decimal, currency: str | None, language: Language) -> str:
    """The price as the language writes it.

    >>> price_in(Decimal("16.9"), "EUR", "de"), price_in(Decimal("16.9"), "EUR", "en")
    ('16,90 EUR', '16.90 EUR')
    """
    text = price_text(price, currency)
    return text.replace(".", ",", 1) if language == "de" else text


def is_readable(value: str, language: Language) -> bool:
    """Whether a value of a foreign item can stand in a sentence: 陶瓷 in none but a Chinese one.

    Numbers, units and sizes stand in all of them; words do not, and nothing here translates.

    >>> [is_readable(value, "zh") for value in ("陶瓷", "stainless steel", "9 x 60 ml")]
    [True, False, True]
    """
    if language == "zh":
        return not _LATIN_WORD.search(value)
    return not _CHINESE.search(value)


def value_in(text: str, language: Language) -> str:
    """A field's value with the units of the language, and before them its decimal mark.

    Before other words a comma may be that of a list.

    >>> value_in("2.4 kg", "de"), value_in("1,5 l", "en"), value_in("1.7 千克", "de")
    ('2,4 kg', '1.5 l', '1,7 kg')
    """
    line = _CHINESE_COMMA.sub("，", one_line(text))
    if language != "zh":
        line = _CHINESE_UNIT.sub(lambda match: f" {_CHINESE_UNITS[match[1]]}", line)
    return _POINT.sub(r"\1,\2", line) if language == "de" else _COMMA.sub(r"\1.\2", line)
