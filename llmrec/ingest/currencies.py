"""Currencies: codes, the signs and words they go by, how numbers are written beside them."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from llmrec.errors import DataError

__all__ = [
    "DecimalSign",
    "currencies_named",
    "decimal_sign_of",
    "minor_digits",
    "parse_currency",
]

DecimalSign = Literal[".", ","]

_CODES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN
    BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD
    JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR
    ZMW ZWL
    """.split()  # noqa: SIM905
)

_WORDS = {
    "USD": "us$ u$s u$d usd$", "CAD": "ca$ c$ can$ cad$", "AUD": "au$ a$ aud$",
    "NZD": "nz$ nzd$", "HKD": "hk$ hkd$", "SGD": "s$ sg$", "TWD": "nt$ ntd ntd$ twd$",
    "MXN": "mx$ mex$ mxn$", "BRL": "r$ reais real", "ARS": "ar$ arg$", "CLP": "cl$ clp$",
    "COP": "co$ col$", "JMD": "j$ jm$", "XCD": "ec$", "NAD": "n$", "BND": "b$", "TTD": "tt$",
    "EUR": "€ euro euros eur.", "GBP": "£ pound pounds gb£ stg", "JPY": "円 jp¥ yen 日元 日圓",
    "CNY": "元 cn¥ rmb yuan 人民币 人民幣 块", "INR": "₹ rupees", "PKR": "pkrs", "LKR": "lkrs",
    "KRW": "₩ 원 won", "RUB": "₽ руб руб. р. rub.", "TRY": "₺ tl tl.", "UAH": "₴ грн грн.",
    "VND": "₫ đ vnđ", "ILS": "₪ nis", "THB": "฿ บาท baht", "PHP": "₱ php.", "NGN": "₦",
    "PLN": "zł zł. zl", "CZK": "kč kč. kc", "HUF": "ft ft.", "RON": "lei leu",
    "CHF": "fr. sfr. sfr chf. franken", "IDR": "rp rp.",
    "SAR": "sr s.r. s.r sar. ر.س ر.س. ریال ريال",
    "AED": "dhs dhs. د.إ د.إ. درهم", "QAR": "qr q.r. ر.ق", "OMR": "r.o. ر.ع.", "KWD": "kd k.d. د.ك",
    "BHD": "bd b.d. د.ب", "JOD": "jd j.d. د.أ", "EGP": "e£ le l.e. ج.م", "LBP": "ll l.l. ل.ل",
    "TND": "dt د.ت", "DZD": "da د.ج", "PEN": "s/ s/. soles", "PAB": "b/.", "MYR": "rm",
    "ZAR": "r rand", "KES": "ksh kshs ksh. kshs.", "TZS": "tsh tshs", "UGX": "ush ushs",
    "GHS": "₵ gh₵ gh¢", "BGN": "лв лв.", "KZT": "₸ тг тг.", "AZN": "₼", "GEL": "₾", "AMD": "֏",
    "CRC": "₡", "PYG": "₲ gs gs.", "BDT": "৳ tk tk.", "LAK": "₭", "KHR": "៛", "MNT": "₮",
    "RSD": "din din. дин дин.", "MKD": "ден ден.", "BAM": "km", "HRK": "kn", "GTQ": "q",
    "ETB": "birr", "SEK": "skr", "NOK": "nkr", "DKK": "dkr", "ISK": "íkr",
}  # fmt: skip
_NAMED = {word: code for code, words in _WORDS.items() for word in words.split()}

# What several currencies call theirs, the one first that is meant where nothing else is said;
# None first: no one is meant more often than the others, so that a guess would be wrong too often.
_SHARED: dict[str, tuple[str | None, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BZD",
          "BBD", "BSD", "FJD", "JMD", "XCD", "TTD", "NAD", "DOP", "KYD", "BMD", "BND", "LRD"),
    "dollar": (None, "USD", "CAD", "AUD", "NZD", "HKD", "SGD"),
    "dollars": (None, "USD", "CAD", "AUD", "NZD", "HKD", "SGD"),
    "¥": ("JPY", "CNY"),
    "元": ("CNY", "TWD", "HKD", "JPY"),
    "£": ("GBP", "EGP", "LBP", "SYP", "FKP", "GIP", "SHP"),
    "kr": (None, "SEK", "NOK", "DKK", "ISK"),
    "kr.": (None, "SEK", "NOK", "DKK", "ISK"),
    "kronor": ("SEK",), "kroner": (None, "NOK", "DKK"),
    "rs": (None, "INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "rs.": (None, "INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "₨": (None, "INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "dh": (None, "AED", "MAD"), "dh.": (None, "AED", "MAD"), "dhs": ("AED", "MAD"),
    "cfa": (None, "XOF", "XAF"), "fcfa": (None, "XOF", "XAF"), "fr": (None, "CHF", "XPF"),
    "peso": (None, "MXN", "ARS", "CLP", "COP", "PHP", "DOP", "UYU", "CUP"),
    "pesos": (None, "MXN", "ARS", "CLP", "COP", "PHP", "DOP", "UYU", "CUP"),
    "﷼": ("SAR", "IRR", "OMR", "QAR", "YER"),
    "din": ("RSD", "KWD", "BHD"), "da": ("DZD",), "r": ("ZAR",),
}  # fmt: skip

_COMMA = frozenset(
    """
    EUR DKK NOK SEK ISK TRY BRL VND IDR CLP COP ARS UYU PYG BOB VES CRC PLN CZK HUF RON BGN RSD
    HRK BAM MKD ALL RUB UAH BYN KZT AZN GEL AMD MAD TND DZD XOF XAF XPF AOA MZN
    """.split()  # noqa: SIM905
)
"""Where people write a decimal comma: ``1.299`` is one thousand two hundred and ninety-nine."""

_NO_MINOR = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
_THREE_MINOR = frozenset("BHD IQD JOD KWD LYD OMR TND".split())  # noqa: SIM905


def parse_currency(value: object) -> str:
    """An ISO 4217 code, from the code or from a sign or word that means one currency.

    Raises:
        DataError: it is neither.
    """
    candidates = currencies_named(str(value))
    code = candidates[0] if candidates else None
    if code is None:
        raise DataError("an unknown currency" if not candidates else "a sign of several currencies")
    return code


@lru_cache(maxsize=1024)  # every row of a file names the same few
def currencies_named(word: str) -> tuple[str | None, ...]:
    """What a word beside a price may mean; empty for a word of no currency.

    The first holds where nothing else is said: ``None`` where none is meant more often than others.

    >>> currencies_named("SR"), currencies_named("$")[:2], currencies_named("kr")[:2]
    (('SAR',), ('USD', 'CAD'), (None, 'SEK'))
    """
    sign = "".join(word.split()).casefold()
    if shared := _SHARED.get(sign):
        return shared
    if named := _NAMED.get(sign):
        return (named,)
    code = sign.upper()
    return (code,) if code in _CODES else ()


def decimal_sign_of(code: str | None) -> DecimalSign | None:
    """What people mostly write before the decimals of that currency; ``None`` for none at all."""
    if code is None:
        return None
    return "," if code in _COMMA else "."


def minor_digits(code: str | None) -> int:
    """How many decimals a currency has: 100 cents are a dollar, 1,000 fils a dinar, a yen is one.

    >>> minor_digits("USD"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return 0 if code in _NO_MINOR else 3 if code in _THREE_MINOR else 2
