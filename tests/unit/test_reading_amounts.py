"""The numbers of a message, as people write sums, counts and sizes in three languages."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from types import FrameType
from typing import Any

import pytest
from hostile_texts import STRETCHES, thousand
from hypothesis import given
from hypothesis import strategies as st
from regex_steps import Walk

from llmrec.linear import PHRASES, composed
from llmrec.reading import amounts, number_phrases, number_tokens, number_words
from llmrec.reading.amounts import amounts_in


def lines(table: str) -> list[Any]:
    """Of each line "message => value value" the message and its values."""
    parts = [line.partition("=>") for line in table.strip().splitlines()]
    return [pytest.param(one.strip(), values.split(), id=one.strip()) for one, _, values in parts]


def values_of(message: str) -> list[Decimal]:
    return [amount.value for amount in amounts_in(message)]


def in_order(values: list[str]) -> list[Decimal]:
    return [Decimal(value) for value in values]


FIGURES = """
    under 40 => 40
    40€ or 50€ => 40 50
    €40 => 40
    EUR40 => 40
    $1,299.99 => 1299.99
    1.299,99 € => 1299.99
    1.500,50 => 1500.50
    1'299 => 1299
    1’299.50 => 1299.50
    CHF 1'299.- => 1299
    30,- => 30
    30.- => 30
    30,-€ => 30
    for 49,90 Euro => 49.90
    1,500 => 1500
    1.500 => 1500
    12.345.678 => 12345678
    1,234,567.89 => 1234567.89
    0.125 => 0.125
    0,5 l => 0.5
    .99 => 0.99
    under €.99 => 0.99
    ok...50 euros => 50
    me.50 max => 50
    Rs.500 => 500
    10..20 => 10 20
    1,00,000 => 100000
    ₹12,34,567 => 1234567
    ₹1,50,000.50 => 150000.50
    10,20,30 => 10 20 30
    1,2,3 or 4 => 1 2 3 4
    3.5.2024 => 3 5 2024
    192.168.1.1 => 192 168 1 1
    half past 10:30 => 10 30
    10-20 => 10 20
    10–20€ => 10 20
    -50 => 50
    50% off => 50
    20, 30 or 40 => 20 30 40
    it is 20. 30 is too much => 20 30
    007 => 7
    1 200 euros => 1200
    under 1 500 please => 1500
    1 200,50 € => 1200.50
    15 500 Kč => 15500
    1 000 000 => 1000000
    2 500 ml bottles => 2 500
    2 500ml bottles => 2 500
    iphone 15 256gb => 15 256
    iphone 15 256 GB => 15 256
    s24 256 => 24 256
    sizes 98 104 110 => 98 104 110
    1\u202f200 € => 1200
    1\u2009299,99 => 1299.99
    98\u00a0500 => 98500
    ½ => 0.5
    ½ kg => 0.5
    2½ => 2.5
    2 ½ => 2.5
    ¾ inch => 0.75
    1/2 inch => 0.5
    2 1/2 inch => 2.5
    3/4 => 0.75
    50/50 => 50 50
    24/7 => 24 7
    205/55 R16 => 205 55 16
    3x4 => 3 4
    WH-1000XM5 => 1000 5
    12 pack => 12
    the 2nd => 2
    500g => 500
    100mm => 100
    2m cable => 2
    65W charger => 65
    5kg => 5
    4,5 Sterne => 4.5
    size 42 => 42
    ٤٠ => 40
    no number here =>
"""

SUFFIXES = """
    1k => 1000
    1K => 1000
    1.5k => 1500
    1,5k => 1500
    2 k => 2000
    20k€ => 20000
    10k-15k => 10000 15000
    1-2k => 1000 2000
    $1-$2k => 1000 2000
    1 to 2k => 1000 2000
    1,5 bis 2k => 1500 2000
    500-1k => 500 1000
    800 to 1.5k => 800 1500
    2 K-Cup machines => 2
    4K TV => 4000
    4k60 => 4000 60
    1k5 => 1500
    5-600 => 500 600
    6 or 700 => 600 700
    10-600 => 10 600
    1 hundred and 50 => 150
    2 hundred and 50 ml => 200 50
    1.5 grand => 1500
    1.5k, two hundred max => 1500 200
    2 thousand, two hundred => 2000 200
    2 grand => 2000
    5-10 grand => 5000 10000
    2 hundred => 200
    2 hundred and fifty => 250
    2-3 hundred => 200 300
    5 thousand => 5000
    2 million => 2000000
    1.5 lakh => 150000
    2 lakhs => 200000
    2 lac => 200000
    1 crore => 10000000
    2 lakh fifty thousand => 250000
    2 and a half grand => 2500
    1½ grand => 1500
    1½k => 1500
    3 tenners => 30
    2 fivers => 10
    2 dozen => 24
    60ish => 60
    50-ish => 50
    1k-ish => 1000
    100 or so => 100
    50odd => 50
    2 tsd => 2000
    2 Tsd. Euro => 2000
    2tsd => 2000
    2T€ => 2000
    2,5 T€ => 2500
    5 TEUR => 5000
    2 T-shirts => 2
    2 Tausend => 2000
    1,5 Tausend => 1500
    2 Mille => 2000
    3 Riesen => 3000
    2 Mio => 2000000
    1 Million => 1000000
    2 Fuffis => 100
    3 Hunderter => 300
    5 Zwanziger => 100
"""

ENGLISH = """
    twenty => 20
    twenty five => 25
    Twenty-Five => 25
    twentyfive => 25
    fourty => 40
    fifty bucks => 50
    fiftyish => 50
    fifty-ish => 50
    sixty-something => 60
    nineteen => 19
    a hundred => 100
    hundred => 100
    one hundred => 100
    hundred & ten => 110
    a hundred and ten => 110
    hundred and twenty => 120
    one hundred and fifty => 150
    two hundred fifty => 250
    two hundred and fifty-five => 255
    twelve hundred => 1200
    fifteen hundred => 1500
    twenty five hundred => 2500
    nineteen hundred and ninety nine => 1999
    a thousand => 1000
    one thousand => 1000
    a thousand five hundred => 1500
    one thousand, two hundred and fifty dollars => 1250
    one thousand, fifty or ten => 1000 50 10
    two thousand and one => 2001
    hundred and fifty thousand => 150000
    three hundred thousand => 300000
    two million five hundred thousand => 2500000
    a grand => 1000
    a grand and a half => 1500
    grand and a half if need be => 1500
    half a grand => 500
    one and a half grand => 1500
    two and a half thousand => 2500
    two grand => 2000
    two grand and a half => 2500
    one grand => 1000
    a hundred and a half => 150
    one and a half => 1.5
    half a million => 500000
    half a dozen => 6
    a half dozen => 6
    a dozen => 12
    two dozen => 24
    a score => 20
    three score => 60
    a score of bottles =>
    a review score of 4 => 4
    the grand piano =>
    a grand piano =>
    a grand total of 20 => 20
    five k => 5000
    ten k tops => 10000
    k thanks =>
    a k-pop album =>
    a lakh => 100000
    two lakh => 200000
    five crore => 50000000
    a tenner => 10
    a fiver => 5
    two tenners => 20
    three fivers => 15
    a couple of tenners => 20
    a couple hundred => 200
    a couple of hundred => 200
    couple grand => 2000
    a couple of tents =>
    couple of quid => 2
    a few hundred =>
    several thousand =>
    a few tenners =>
    hundreds of them =>
    one fifty => 150
    a one fifty budget => 150
    two fifty => 250
    the two-fifty mark => 250
    one twenty five => 125
    one fifty k => 150000
    one ten => 110
    two twenty litre bags => 2 20
    ten fifty litre bags => 10 50
    nineteen ninety nine => 19.99
    nineteen ninety-nine => 19.99
    forty nine ninety five => 49.95
    twelve fifty => 12.50
    twenty thirty bucks => 20 30
    twenty-thirty => 20 30
    fifteen twenty quid => 15 20
    forty-nine euros and ninety-nine cents => 49.99
    49 euros and 99 cents => 49.99
    49€99 => 49.99
    5 pounds 50 => 5.50
    not above 90 Cent each => 0.90
    ninety-nine cents => 0.99
    50 to 90 cents => 0.50 0.90
    not one cent over =>
    1080p => 1080
    two 50-cent stamps => 2 0.50
    twelve dollars fifty => 12.50
    seventeen pounds fifty is what I have => 17.50
    100 dollars 30 days => 100 30
    20 euros and 30 => 20 30
    100 euro 50 inch tv => 100 50
    20 dollars or 30 => 20 30
    one point five => 1.5
    two point five grand => 2500
    nineteen point nine nine => 19.99
    between a hundred and two hundred => 100 200
    between a hundred and fifty and two hundred => 150 200
    between one hundred and one fifty => 100 150
    between fifty and a hundred => 50 100
    between five hundred and a thousand => 500 1000
    between five hundred and two thousand => 500 2000
    between a thousand and fifteen hundred => 1000 1500
    between two and three hundred => 200 300
    between one and two thousand => 1000 2000
    between 1 and 2k => 1000 2000
    two or three hundred => 200 300
    two to three hundred => 200 300
    twenty to thirty => 20 30
    twenty and thirty => 20 30
    twenty, thirty or forty => 20 30 40
    hundred hundred => 100 100
    zero => 0
"""

NO_NUMBERS = """
    the green one =>
    this one =>
    no one =>
    one of those =>
    one more thing =>
    someone else's =>
    a tent =>
    an attention grabber =>
    second hand =>
    the second =>
    first aid kit =>
    often =>
    tense =>
    half price =>
    elf costume =>
    that one and those =>
    ein Zelt =>
    eine Lampe =>
    eins davon =>
    einen roten =>
    eine der beiden =>
    das erste =>
    achtung =>
    achte auf Qualität =>
    hundertprozentig =>
    tausendmal besser =>
    ein paar Socken =>
    for one person => 1
    one piece => 1
    one euro => 1
    under one dollar => 1
    a one year old => 1
    under a pound => 1
    für eine Person => 1
    ein Euro => 1
    unter einem Euro => 1
    ein Stück => 1
"""

GERMAN = """
    zwanzig => 20
    zwei => 2
    zwo => 2
    zwölf => 12
    zwoelf => 12
    dreißig => 30
    dreissig => 30
    Dreißig => 30
    fünfundzwanzig => 25
    fuenfundzwanzig => 25
    fünf und zwanzig => 25
    zwischen fünf und zwanzig => 5 20
    hundert => 100
    einhundert => 100
    ein hundert => 100
    hundertzwanzig => 120
    hundert zwanzig => 120
    hundert und zehn => 110
    hundertfünf => 105
    zweihundert => 200
    zwei hundert => 200
    zweihundertfünfzig => 250
    zweihundertundfünfzig => 250
    Zweihundert Fünfzig => 250
    elfhundert => 1100
    fünfzehnhundert => 1500
    tausend => 1000
    eintausend => 1000
    tausendfünfhundert => 1500
    zweitausendfünfhundert => 2500
    zwei tausend fünf hundert => 2500
    eintausendzweihundertfünfundfünfzig => 1255
    fünfhunderttausend => 500000
    zweihundert tausend => 200000
    neunundneunzig => 99
    anderthalb => 1.5
    anderthalbtausend => 1500
    anderthalb tausend => 1500
    eineinhalb Tausend => 1500
    zweieinhalbtausend => 2500
    dreieinhalb => 3.5
    dreieinhalb tausend => 3500
    ein hunderter => 100
    einen Hunderter => 100
    zwei hunderter => 200
    ein Zweihunderter => 200
    ein Tausender => 1000
    einen Zwanziger => 20
    ein Zehner => 10
    ein Fünfer => 5
    einen Fuffi => 50
    zwei Fuffis => 100
    ein Hunni => 100
    zwei Hunnis => 200
    ein Zwanni => 20
    ein Fuffziger => 50
    fuffzig => 50
    ein paar hundert =>
    einige hundert Euro =>
    mehrere Tausend =>
    ein paar Fuffis =>
    ein Mille => 1000
    zwei Mille => 2000
    einen Riesen => 1000
    ein Riese => 1000
    zwei Riesen => 2000
    Riesen Teddy =>
    ein halbes Dutzend => 6
    zwei Dutzend => 24
    einen halben Tausender => 500
    zwölf Euro fünfzig => 12.50
    neunundvierzig Euro neunundneunzig => 49.99
    49 Euro und 99 Cent => 49.99
    zwei Euro fünfzig => 2.50
    zwei fünfzig => 2.50
    bis zwofuffzig => 250
    neunzehn neunundneunzig => 19.99
    zwei Komma fünf => 2.5
    zwischen hundert und zweihundert => 100 200
    zwischen fünfzig und hundert => 50 100
    zwei bis drei hundert => 200 300
    zwei bis dreihundert => 200 300
    zwei- bis dreitausend => 2000 3000
    unter elf Euro => 11
    elf bis sechzehn Euro => 11 16
    vierzg Euro circa => 40
    unter fuffzehn Euro => 15
    noch an Zwanzger im Börsl => 20
    für einen Tausi => 1000
    elf Stück => 11
    elf =>
    null Euro => 0
    bis zu fünfhundert => 500
"""

CHINESE = """
    二十五 => 25
    十 => 10
    十块 => 10
    十五元 => 15
    一百 => 100
    一百五 => 150
    一百五十 => 150
    一百零五 => 105
    一百一 => 110
    两百五十块 => 250
    两千三 => 2300
    一千零五十 => 1050
    一千零五 => 1005
    两千三百五 => 2350
    三万 => 30000
    三万五 => 35000
    十五万 => 150000
    一百二十万 => 1200000
    一亿 => 100000000
    300块 => 300
    300塊 => 300
    3万 => 30000
    3 万 => 30000
    1.5万 => 15000
    1千5 => 1500
    1千五 => 1500
    1万5 => 15000
    1万2千 => 12000
    2百5 => 250
    3千2百 => 3200
    两三百块 => 200 300
    三四十块 => 30 40
    三五百 => 300 500
    一两百块 => 100 200
    一两千的 => 1000 2000
    七八百以内 => 700 800
    一百二三十 => 120 130
    一百六七 => 160 170
    十七八岁 => 17 18
    三四个人 => 3 4
    两三万 => 20000 30000
    十几块 =>
    二十几块 =>
    几十块 =>
    几百 =>
    好几千 =>
    数百元 =>
    20几块 =>
    百来块 => 100
    千把块 => 1000
    一百来块 => 100
    三十多块 => 30
    三十左右 => 30
    100来块 => 100
    百元以内 => 100
    千元机 => 1000
    上千块 => 1000
    上千的帐篷 => 1000
    我不要上万的 => 10000
    价格过千 => 1000
    预算破万, 谢谢 => 10000
    上百的 => 100
    百八十块 => 100
    千八百的 => 1000
    百个 => 100
    贰佰元以内 => 200
    3佰左右 => 300
    中国大陆 =>
    2k5以内 => 2500
    千五蚊 => 1500
    廿 => 20
    廿五块 => 25
    卅块 => 30
    半百 => 50
    三百块五 => 300.5
    九块九包邮 => 9.9
    五块五毛 => 5.5
    9块9 => 9.9
    49块9毛 => 49.9
    49元99 => 49.99
    五块三个 => 5 3
    十块三包 => 10 3
    一米八的床 => 1.8
    1米5 => 1.5
    预算1w => 10000
    1.5w左右 => 15000
    预算1-2w => 10000 20000
    65w充电器 => 65
    20W快充 => 20
    2到3千 => 2000 3000
    2-3万 => 20000 30000
    三到五百 => 300 500
    五到十块 => 5 10
    一百到两百 => 100 200
    100到200元 => 100 200
    1k左右 => 1000
    5k块 => 5000
    两点五万 => 25000
    三点五公斤 => 3.5
    二十点五 => 20.5
    二〇二四 => 2024
    一五零 => 150
    两个 => 2
    三个人 => 3
    四件套 => 4
    三两茶叶 => 3
    3千克 => 3
    三千克 => 3
    2千瓦 => 2
    40元 => 40
    不超过４０元 => 40
    ５００－８００ => 500 800
    一个 =>
    一下 =>
    一些 =>
    一款红色的 =>
    一起 =>
    便宜一点 =>
    一般 =>
    统一 =>
    第一个 =>
    第二款 =>
    十分便宜 =>
    百搭 =>
    千万不要 =>
    万能遥控器 =>
    万一 =>
    三星手机 =>
    三明治 =>
    二手 =>
    五金 =>
    四季 =>
    百合花 =>
    零食 =>
    成千上万 =>
    成千上万的人 =>
    早上千万别打电话 =>
    网上万能的 =>
    上万能 =>
    百分之二十 => 20
    百分百 =>
    九分裤 =>
    周三 =>
    一岁宝宝 => 1
    一元 => 1
    一块钱 => 1
    一公斤 => 1
    一千 => 1000
    两千块以下三百以上 => 2000 300
"""


@pytest.mark.parametrize(("message", "values"), lines(FIGURES))
def test_figures_are_read_with_every_kind_of_mark(message: str, values: list[str]) -> None:
    assert values_of(message) == in_order(values)


@pytest.mark.parametrize(("message", "values"), lines(SUFFIXES))
def test_a_word_or_letter_behind_figures_multiplies_them(message: str, values: list[str]) -> None:
    assert values_of(message) == in_order(values)


@pytest.mark.parametrize(("message", "values"), lines(ENGLISH))
def test_a_sum_in_english_words_is_its_value(message: str, values: list[str]) -> None:
    assert values_of(message) == in_order(values)


@pytest.mark.parametrize(("message", "values"), lines(GERMAN))
def test_a_sum_in_german_words_is_its_value(message: str, values: list[str]) -> None:
    assert values_of(message) == in_order(values)


@pytest.mark.parametrize(("message", "values"), lines(CHINESE))
def test_a_sum_in_chinese_is_its_value(message: str, values: list[str]) -> None:
    assert values_of(message) == in_order(values)


@pytest.mark.parametrize(("message", "values"), lines(NO_NUMBERS))
def test_an_article_or_a_pronoun_is_a_number_only_before_what_is_counted(
    message: str, values: list[str]
) -> None:
    assert values_of(message) == in_order(values)


EVERY_TABLE = (FIGURES, SUFFIXES, ENGLISH, GERMAN, CHINESE, NO_NUMBERS)


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_a_message_means_the_same_in_compatible_signs_and_inside_a_sentence(table: str) -> None:
    for case in lines(table):
        message, values = case.values
        # Thin spaces become plain ones, which are thousands marks before a currency only.
        if not any(one in message for one in ("\u202f", "\u2009", "\u00a0")):
            assert values_of(composed(message, "NFKC")) == in_order(values), message
        assert values_of(f"hello, {message}, thanks!") == in_order(values), message
        assert values_of(f"({message})") == in_order(values), message


@pytest.mark.parametrize(
    ("message", "texts"),
    [
        ("under a tenner please", ["tenner"]),
        ("a hundred and twenty max", ["hundred and twenty"]),
        ("half a grand, tops", ["half a grand"]),
        ("a grand and a half", ["grand and a half"]),
        ("$1,299.99!", ["1,299.99"]),
        ("1.5k€", ["1.5k"]),
        ("60ish", ["60"]),
        ("30,- bitte", ["30"]),
        ("forty-nine euros and ninety-nine cents!", ["forty-nine euros and ninety-nine cents"]),
        ("1-2k", ["1", "2k"]),
        ("一百来块", ["一百"]),
        ("三百块五", ["三百块五"]),
        ("under a pound", ["a pound"]),
        ("for one person", ["one"]),
    ],
)
def test_the_text_is_the_number_without_article_and_currency(
    message: str, texts: list[str]
) -> None:
    assert [amount.text for amount in amounts_in(message)] == texts


SIGNS = "0 1 9 12 999 1000 . , ' ’ - – / ½ ⁄ k K w € $ & 块 元 米 几 第 多 点 半"
WORDS = "and|und| a | half | one | ein | bis | to |couple of | point | |, "
PIECES = st.sampled_from(
    [
        *STRETCHES,
        *SIGNS.split(" "),
        *WORDS.split("|"),
        *number_words.ENGLISH,
        *number_words.GERMAN_ONES,
        *number_words.SCALES,
        *number_words.NOTES,
        *number_words.DIGITS,
        *number_words.UNITS,
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))


@given(TEXTS)
def test_amounts_lie_apart_inside_the_message_and_are_what_stands_there(message: str) -> None:
    end = 0
    for amount in amounts_in(message):
        assert end <= amount.start < amount.end <= len(message)
        assert amount.text == message[amount.start : amount.end]
        assert amount.value.is_finite() and amount.value >= 0
        end = amount.end


@given(st.integers(0, 10**9))
def test_figures_are_their_value_with_and_without_marks_of_thousands(number: int) -> None:
    for text in (f"{number}", f"{number:,}", f"{number:,}".replace(",", "."), f"{number:,}.50"):
        cents = Decimal("0.5") if text.endswith(".50") else 0
        assert values_of(f"under {text} euros") == [number + cents]


@given(st.integers(11, 9_999))
def test_chinese_numerals_are_the_value_they_are_written_for(number: int) -> None:
    text, zero = "", False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            text += ("零" if zero and text else "") + "零一二三四五六七八九"[digit] + unit
        zero = not digit
    if number > 100 and not text.endswith("十") and text[-1] not in "百千" and number % 100 < 10:
        assert "零" in text
    assert values_of(f"不超过{text}元") == [number]


REPEATED = (
    "1|1,|1.|1'|,|.|12,345|1.234,|1,00,|½|1⁄2|1/2|1k|1k5|1 234 |1 000 |1-2k|5-600 |1千|1万5|"
    "千|万|百搭|一|两两|三四|七八百|几|块五|1块1|半百|点五|hundert|tausend|fünfundzwanzig|"
    "zweiundund|einhalb|undund|hundred |"
    "hundred and |hundred thousand |one |one and a half |half a |point five |couple of |twenty-|"
    "nineteen |1 euro |1 to |two or |a few |few hundred |grand & |between two and "
)
HOSTILE = (*STRETCHES, *REPEATED.split("|"))


def grown(stretch: str, length: int) -> str:
    return (stretch * (length // len(stretch) + 1))[:length]


def test_two_thousand_of_anything_are_read_without_harm() -> None:
    for stretch in HOSTILE:
        text = grown(stretch, 2_000)
        for amount in amounts_in(text):
            assert text[amount.start : amount.end] == amount.text and amount.value.is_finite()


@pytest.mark.parametrize("length", [16, 30, 2_000])
@pytest.mark.parametrize("sign", ["9", ",", "万", "ten"])
def test_an_endless_run_is_no_number(sign: str, length: int) -> None:
    assert values_of(sign * length) == []


def small(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The same with bounds of six signs and two phrases: a short text is longer than them all."""
    text = re.sub(r"(?<=,)\d{2,}(?=\})", "6", pattern.pattern)
    text = re.sub(rf"(?<=,){PHRASES}(?=\}})", "2", text)
    return re.compile(text, pattern.flags & ~re.UNICODE)


def in_proportion(short: int, long: int) -> bool:
    """Whether twice the text costs twice the steps, and no more than a bounded look beyond."""
    return long <= 2.7 * short + 200


def steps_of(message: str) -> int:
    """The lines of the parser that run for a message."""
    steps = 0

    def line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return line

    def entered(frame: FrameType, event: str, _: Any) -> Any:
        return line if "reading" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        amounts_in(message)
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("part", range(4))
def test_reading_costs_steps_in_proportion_to_the_length(part: int) -> None:
    for stretch in (*HOSTILE, *thousand()[len(STRETCHES) :: 5])[part::4]:
        steps = steps_of(grown(stretch, 300)), steps_of(grown(stretch, 600))
        assert in_proportion(*steps), (stretch, steps)


def test_no_pattern_looks_at_a_sign_again_and_again() -> None:
    parts = (amounts, number_phrases, number_tokens)
    values = [value for part in parts for value in vars(part).values()]
    found = [value for value in values if isinstance(value, re.Pattern)]
    assert found
    for pattern in found:
        walk = Walk(small(pattern))
        for stretch in HOSTILE:
            steps = []
            for length in (60, 120):
                walk.steps = 0
                walk.spans(grown(stretch, length))
                steps.append(walk.steps)
            assert in_proportion(*steps), (pattern.pattern, stretch, steps)
