"""The words and signs that numbers are written with, in English, German and Chinese.

Only tables: what a row of them is worth is for :mod:`llmrec.reading.number_phrases` to say. Words
are casefolded, so that "Dreißig" stands here as "dreissig". Some are regular expressions: those
that are only looked for between and behind numbers.
"""

from __future__ import annotations

from decimal import Decimal

__all__ = [
    "ABOUT",
    "ARTICLES",
    "BARE_SCALES",
    "CENTS",
    "COUNTED",
    "CURRENCIES",
    "DIGITS",
    "ENGLISH",
    "FORMAL",
    "GERMAN_ONES",
    "GERMAN_TENS",
    "HALVES",
    "MEASURES",
    "MONEY",
    "NOTES",
    "NOT_BEFORE",
    "NO_NUMERALS",
    "ONLY_BEHIND_NUMBERS",
    "SCALES",
    "SHY",
    "UNITS",
    "VAGUE",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _rising(first: int, text: str, step: int = 1) -> dict[str, int]:
    return {word: first + step * n for n, word in enumerate(text.split())}


def _by_value(rows: dict[int, str]) -> dict[str, int]:
    return {word: value for value, text in rows.items() for word in text.split()}


_ENGLISH_ONES = _rising(1, "one two three four five six seven eight nine")
_ENGLISH_TEENS = _rising(
    10, "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_ENGLISH_TENS = _rising(20, "twenty thirty forty fifty sixty seventy eighty ninety", 10)
_ENGLISH_TENS |= {"fourty": 40, "fivty": 50, "ninty": 90}
_IN_ONE_WORD = {
    ten + one: tens + ones
    for ten, tens in _ENGLISH_TENS.items()
    for one, ones in _ENGLISH_ONES.items()
}
ENGLISH = {"zero": 0} | _ENGLISH_ONES | _ENGLISH_TEENS | _ENGLISH_TENS | _IN_ONE_WORD
"""Below a hundred, also "twentyfive"."""

GERMAN_ONES = _rising(
    0,
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn",
) | {"ein": 1, "eine": 1, "zwo": 2, "fuenf": 5, "zwoelf": 12, "fuenfzehn": 15, "fuffzehn": 15}
GERMAN_TENS = (
    _rising(20, "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig", 10)
    # As they are spoken in the south.
    | _rising(20, "zwanzg dreissg vierzg fuffzg sechzg siebzg achtzg neunzg", 10)
    | {"dreizig": 30, "fuenfzig": 50, "fünzig": 50, "fuffzig": 50, "fufzig": 50, "fuffzich": 50}
)

SCALES = _by_value(
    {
        100: "hundred hundert hundered hunderd",
        1_000: "thousand tausend k grand tsd teur mille riese riesen",
        100_000: "lakh lakhs lac lacs",
        1_000_000: "million millions millionen mio",
        10_000_000: "crore crores",
    }
)
"""What multiplies the number before it and may go on: "two hundred (and fifty)"."""

BARE_SCALES = _words("hundred hundert hundered hunderd thousand tausend million")
"""Those that are a number with nothing before them; "grand" wants at least an article."""

ONLY_BEHIND_NUMBERS = _words("k tsd teur millions mio lakhs lacs crores")
"""Not even an article makes a number of these: "a K-pop album"."""

NOTES = _by_value(
    {
        5: "fiver fivers fünfer fuenfer",
        10: "tenner tenners zehner",
        12: "dozen dutzend",
        20: "score zwanziger zwanzger zwanni zwannis zwani",
        50: "fünfziger fuenfziger fuffziger fuffi fuffis fuffie",
        100: "hunderter hundertern hunni hunnis hundo hundos",
        200: "zweihunderter",
        500: "fünfhunderter",
        1_000: "tausender tausendern tausi",
    }
)
"""What is counted and does not go on, bank notes and dozens: "two tenners"."""

HALVES = _words("half halb halbe halber halbes halben")
ARTICLES = _words("a an ein eine einen einem einer")

SHY = _words("one eins elf 一")
"""Numbers that are more often something else, a pronoun or an elf."""

VAGUE = _words("few several many paar einige einigen mehrere mehreren etliche viele")
"""Before a scale or a note these leave no exact value: "a few hundred"."""

NOT_BEFORE = {
    "grand": _words("piano pianos total tour prix slam finale opening hotel canyon cherokee"),
    "score": _words("of"),
}
"""Words before which a scale or a note is none: "grand piano"."""

MONEY = _words("euro eur dollar buck pound pfund quid franc franken yen yuan rupee")
"""Behind "a" these say that one is meant: "under a pound"."""

COUNTED = _words(
    "person people adult kid child piece item unit pack pair year month litre liter kilo kg metre "
    "meter personen erwachsener kind kinder stück jahr jahre monat monate packung"
)
"""Behind "one" and "eine" these do."""

CURRENCIES = (
    "euros? euronen eur € dollars? usd us\\$ \\$ bucks? pounds? pfund quid gbp £ francs? franken "
    "chf fr yen jpy ¥ yuan rmb rupees? rupien inr rs ₹ kronor kroner kr kč czk zł pln ft huf ₽ руб"
)
CENTS = "cents? ct pence pennies p rappen"
MEASURES = (
    "gb tb mb kg g gr grams? gramm ml cl l lit(?:er|re)s? mm cm m met(?:er|re)s? inch(?:es)? zoll "
    "ft feet lbs? oz mah wh w watts? v hz packs? pieces? stück pcs"
)
"""Units of size and count: behind two numbers in a row they say that those are two."""

FORMAL = {sign: Decimal(n) for n, sign in enumerate("壹贰叁肆伍陆柒捌玖", start=1)}
"""Written on cheques, and in other words (大陆): numbers only beside a unit."""

DIGITS = (
    {sign: Decimal(n) for n, sign in enumerate("零一二三四五六七八九")}
    | {"〇": Decimal(0), "两": Decimal(2), "兩": Decimal(2), "半": Decimal("0.5")}
    | FORMAL
)
UNITS = (
    {"十": 10, "廿": 20, "卅": 30}
    | dict.fromkeys("百佰", 100)
    | dict.fromkeys("千仟", 1_000)
    | dict.fromkeys("万萬", 10_000)
    | dict.fromkeys("亿億", 100_000_000)
)

ABOUT = _words("百八十 百十 千八百 万八千")
"""Said of what is near the first unit."""

NO_NUMERALS = (
    "百搭 百合 百货 百貨 百叶 百变 百科 百分 百事 百草味 百乐 千克 千米 千瓦 千卡 千兆 千层 千纸 "
    "千斤顶 万能 萬能 万一 万用 万向 万圣 万代 万元户 十分(?!钟|之) 十足 十字 三星 三明治 三文 "
    "三角 三亚 三脚 三只松鼠 二手 二维 二胡 二次元 五金 五谷 五香 五官 五花 五粮液 四季 四川 四叶 "
    "六神 七夕 七彩 七匹狼 八宝 八角 八卦 九阳 九牧 九州 [五七八九]分[裤袖]"
)
"""Chinese words that begin with a numeral and hold no number, brands among them."""
