"""Which currency a message names, beside its price and elsewhere; the price stands in brackets."""

from __future__ import annotations

import re

import pytest

from llmrec.reading.currency import currency_in


def currency_of(marked: str, shop: str | None) -> str | None:
    places: list[tuple[int, int]] = []
    for found in re.finditer(r"\[(.+?)\]", marked):
        start = found.start() - 2 * len(places)
        places.append((start, start + len(found[1])))
    return currency_in(re.sub(r"[\[\]]", "", marked), places, shop)


# Message, currency of the shop, currency that is named ("-" for none).
CASES = """
under €[30] | USD | EUR
[30]€ max | USD | EUR
[30] € max | USD | EUR
under £[30] | EUR | GBP
₹[500] tops | USD | INR
₩[30000] | USD | KRW
฿[300] | USD | THB
₺[300] | USD | TRY
₱[300] | USD | PHP
[300] ₽ | USD | RUB
a kettle, [40] euros | USD | EUR
a [40]-euro kettle | USD | EUR
[40] Euro | CHF | EUR
[40] Euronen | EUR | EUR
höchstens [40] EUR | CHF | EUR
eur [40] | USD | EUR
CHF [40] | EUR | CHF
[40]chf | EUR | CHF
[40] Franken | EUR | CHF
[40] Stutz | EUR | CHF
[40] Fr. | EUR | CHF
Fr. [40] | EUR | CHF
[300] zł | EUR | PLN
[300]zl | EUR | PLN
[300] czk | EUR | CZK
[9000] HUF | EUR | HUF
Rs.[500] | INR | INR
Rs [500] | PKR | PKR
[500] rupees | LKR | LKR
[500] rupees | USD | INR
RM[50] | MYR | MYR
[200] ringgit | USD | MYR
[200] dirhams | AED | AED
[200] dirhams | MAD | MAD
[200] rand | USD | ZAR
[200] baht | USD | THB
[200] lei | EUR | RON
[200] kr | NOK | NOK
[200] kr | DKK | DKK
[200] kr | EUR | SEK
[200] kroner | SEK | NOK
[200] kronor | NOK | SEK
[200] pesos | PHP | PHP
[200] pesos | MXN | MXN
[200] pesos | EUR | PHP
[30] quid | EUR | GBP
[30] pounds | USD | GBP
[30] pounds | EGP | EGP
[30] pounds sterling | USD | GBP
$[30] | USD | USD
$[30] | AUD | AUD
$[30] | CAD | CAD
$[30] | NZD | NZD
$[30] | SGD | SGD
$[30] | HKD | HKD
$[30] | TWD | TWD
$[30] | EUR | USD
[30]$ | EUR | USD
[30] dollars | AUD | AUD
[30] dollars | GBP | USD
US$[30] | AUD | USD
A$[30] | USD | AUD
AU$ [30] | USD | AUD
C$[30] | USD | CAD
CA$[30] | USD | CAD
NZ$[30] | USD | NZD
S$[30] | USD | SGD
HK$[30] | USD | HKD
NT$[30] | USD | TWD
R$[30] | USD | BRL
¥[300] | CNY | CNY
¥[300] | JPY | JPY
¥[300] | EUR | CNY
[3000] yen | USD | JPY
[300]円 | CNY | JPY
[300]元以内 | CNY | CNY
[300]元以内 | TWD | TWD
[300]元以内 | HKD | HKD
[300]元以内 | EUR | CNY
[三百]块左右 | CNY | CNY
[三百]块左右 | TWD | TWD
[三百]块左右 | HKD | HKD
[三百]块左右 | USD | CNY
[三百]块钱 | CNY | CNY
[三百]塊 | TWD | TWD
[三百]塊 | EUR | TWD
[三百]来块的鼠标 | CNY | CNY
[两百]多块钱 | CNY | CNY
[300]蚊 | USD | HKD
[300]台币 | CNY | TWD
[300]港币 | CNY | HKD
预算港幣[300] | CNY | HKD
人民币[300]以内 | USD | CNY
预算人民币[300] | USD | CNY
[300] rmb | USD | CNY
[300]美元 | CNY | USD
[30]欧元 | CNY | EUR
[3000]日元 | CNY | JPY
用港币付,最多[300] | CNY | HKD
in euros please, [30] at most | USD | EUR
dollars only, [30] at most | CAD | CAD
my budget is in pounds, [30] | USD | -
between [20] and [30] euros | USD | EUR
€[20] to [30] | USD | EUR
[20]-€[30] | USD | EUR
between [20] and [30] | USD | -
[20]£ or [30]€ | USD | GBP
min £[20], max $[30] | USD | GBP
under [30] | EUR | -
[30] bucks | USD | -
a [tenner] | GBP | -
a [fiver] at most | GBP | -
a [grand] | GBP | -
[30] Mäuse | EUR | -
2 pounds of flour | USD | -
2 Pfund Mehl | EUR | -
2 pounds of flour, [10] at most | USD | -
2 Pfund Mehl, höchstens [10] | EUR | -
2 pounds of flour, [10] euros | USD | EUR
a sterling silver ring under [50] | USD | -
the euro plug | GBP | -
[30] für eine Lampe | EUR | -
under [30] won't do | USD | -
we won, so [50] it is | USD | -
let's try [30] | USD | -
TRY [300] | USD | TRY
[10], mad about lego | GBP | -
[300] MAD | EUR | MAD
[30], cop costume | GBP | -
from [30] | EUR | -
farm [30] | USD | -
mrs [30] | INR | -
要一块[300]以内的表 | USD | -
a $ sign on a mug | USD | -
"""


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_a_currency_is_that_of_the_price(case: str) -> None:
    marked, shop, named = case.split(" | ")
    assert currency_of(marked, shop) == (None if named == "-" else named)


def test_there_are_cases_enough() -> None:
    assert len(CASES.strip().splitlines()) >= 60


@pytest.mark.parametrize(("message", "named"), [("$[30]", "USD"), ("[30]", None), ("[5]元", "CNY")])
def test_without_a_shop_a_shared_sign_is_the_most_common_one(
    message: str, named: str | None
) -> None:
    assert currency_of(message, None) == named


@pytest.mark.parametrize("message", ["€", "in euros", "30€", "USD", "三百块", "2 pounds", ""])
def test_a_message_without_a_price_names_none(message: str) -> None:
    assert currency_in(message, [], "USD") is None
