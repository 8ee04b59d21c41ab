"""Single cells: text, ids, prices, times, kinds and the smaller fields."""

import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_id, clean_text, is_missing
from llmrec.ingest.fields import (
    join_texts,
    parse_attributes,
    parse_category,
    parse_kind,
    parse_language,
    parse_link,
    parse_number,
    parse_stock,
    says_cancelled,
)
from llmrec.ingest.prices import parse_price
from llmrec.ingest.times import EARLIEST, parse_time
from llmrec.types import EventKind

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  two \t words\r\n\nmore ", "two words more"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("a<br/>b<li>c", "a b c"),
        ("H<sub>2</sub>O", "H2O"),
        ("<b>x</b><script>alert('y')</script><style>p {}</style>z", "xz"),
        ("<!-- hidden -->shown", "shown"),
        ("Tom &amp; Jerry &#8364; &hellip;", "Tom & Jerry € …"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("4 < 5 & 6 > 5", "4 < 5 & 6 > 5"),
        ("AT&T", "AT&T"),
        ("Cafe\u0301", "Café"),
        ("zero\u200bwidth \u202ereversed\u202c\ufeff", "zerowidth reversed"),
        ("bell\x07 and\x1b escape", "bell and escape"),
        ("tag\U000e0041\U000e0042 smuggling", "tag smuggling"),
        ("lone \ud800 surrogate", "lone surrogate"),
        (
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ("不锈钢水壶", "不锈钢水壶"),
    ],
)
def test_text_is_cleaned(raw, clean):
    assert clean_text(raw) == clean


@pytest.mark.parametrize("raw", ["a\x00b", "x" * 11])
def test_text_that_cannot_be_cleaned_is_refused(raw):
    with pytest.raises(DataError):
        clean_text(raw, max_chars=10)


@given(st.text(st.characters(exclude_characters="\x00"), max_size=60))
def test_cleaning_gives_plain_nfc_text_on_one_line(raw):
    clean = clean_text(raw)
    assert unicodedata.is_normalized("NFC", clean)
    assert clean == " ".join(clean.split())
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in clean)
    clean.encode()


def test_ids_are_text():
    assert clean_id(" B00 1 ") == "B00 1"
    assert clean_id(17850) == clean_id(17850.0) == "17850"
    assert clean_id("Cafe\u0301") == "Café"


@pytest.mark.parametrize(
    "raw", ["", "  ", None, float("nan"), 1.5, True, [], "a\x00b", "a\nb", "\ud800", "x" * 513]
)
def test_what_is_no_id_is_refused(raw):
    with pytest.raises(DataError):
        clean_id(raw)


def test_missing():
    assert all(map(is_missing, (None, "", " \t", "None", "N/A", "nan", float("nan"), [], {})))
    assert not any(map(is_missing, (0, 0.0, False, "0", "no", "nothing")))


@pytest.mark.parametrize(
    ("raw", "price", "currency"),
    [
        ("€1.234,50", "1234.50", "EUR"),
        ("$12.99", "12.99", "USD"),
        ("12.99 USD", "12.99", "USD"),
        ("USD12.99", "12.99", "USD"),
        (12.5, "12.5", None),
        (0.1, "0.1", None),
        ("1 299,00 kr", "1299.00", None),
        ("1\u202f299,00\u00a0€", "1299.00", "EUR"),
        ("1'299.50 CHF", "1299.50", "CHF"),
        ("1’299.50 CHF", "1299.50", "CHF"),
        ("12,34,567.00", "1234567.00", None),
        ("1,299", "1299", None),
        ("1.299", "1.299", None),
        ("€1.299", "1299", "EUR"),
        ("12,5", "12.5", None),
        ("EUR 5,-", "5", "EUR"),
        ("US$ 3", "3", "USD"),
        ("￥1,299", "1299", "JPY"),
        ("Rs.500", "500", None),
        (".99", "0.99", None),
        ("0", "0", None),
        (0, "0", None),
        ("1e2", "100", None),
        (Decimal("9.90"), "9.90", None),
        (0.1 + 0.2, "0.3", None),
    ],
)
def test_prices(raw, price, currency):
    assert parse_price(raw) == (Decimal(price), currency)


def test_a_configured_currency_decides_shared_signs_only():
    assert parse_price("$5", "CAD")[1] == "CAD"
    assert parse_price("5 kr", "NOK")[1] == "NOK"
    assert parse_price("$5", "EUR")[1] == "USD"
    assert parse_price("5", "EUR") == (Decimal(5), "EUR")


@pytest.mark.parametrize("raw", [None, "", "None", float("nan"), "n/a"])
def test_no_price_is_none(raw):
    assert parse_price(raw, "EUR") == (None, None)


@pytest.mark.parametrize(
    "raw",
    ["ask us", "-5", -5, "−5 €", "20 - 10", "5 x 20", "5 € / 100 g", "1.2.3", "2.999.99", "1 23",
     "5 XYZ", "$5 EUR", True, float("inf"), "1" * 70, 1e13, "1e400", [5]],
)  # fmt: skip
def test_what_is_no_price_is_refused(raw):
    with pytest.raises(DataError):
        parse_price(raw)


@given(st.decimals(0, 10**9, places=2), st.sampled_from(["{:,}", "€{:,}", "{:,} USD", "£ {:,}"]))
def test_a_price_written_with_thousands_is_read_back_exactly(price, pattern):
    assert parse_price(pattern.format(price))[0] == price


@given(st.decimals(0, 10**9, places=2))
def test_a_price_written_the_european_way_is_read_back_exactly(price):
    european = f"{price:,}".translate(str.maketrans(",.", ".,"))
    assert parse_price(f"{european} €") == (price, "EUR")


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("2020-05-01", "2020-05-01T00:00:00+00:00"),
        ("2020-05-01T10:20:30Z", "2020-05-01T10:20:30+00:00"),
        ("2020-05-01 10:20", "2020-05-01T10:20:00+00:00"),
        ("2020-05-01T10:20:30.5", "2020-05-01T10:20:30.500000+00:00"),
        ("2020-05-01T10:20:30.123456789Z", "2020-05-01T10:20:30.123456+00:00"),
        ("2020-05-01T10:20:30+02:00", "2020-05-01T08:20:30+00:00"),
        ("2020-05-01T10:20:30-0530", "2020-05-01T15:50:30+00:00"),
        ("2020-05-01 10:20:30 UTC", "2020-05-01T10:20:30+00:00"),
        ("20200501", "2020-05-01T00:00:00+00:00"),
        ("1588328430", "2020-05-01T10:20:30+00:00"),
        (1588328430, "2020-05-01T10:20:30+00:00"),
        (1588328430.0, "2020-05-01T10:20:30+00:00"),
        ("1588328430.25", "2020-05-01T10:20:30.250000+00:00"),
        (1588328430123, "2020-05-01T10:20:30.123000+00:00"),
        (1588328430123456, "2020-05-01T10:20:30.123456+00:00"),
        (1588328430123456789, "2020-05-01T10:20:30.123456+00:00"),
        ("July 9, 2014", "2014-07-09T00:00:00+00:00"),
        (date(2020, 5, 1), "2020-05-01T00:00:00+00:00"),
        (datetime(2020, 5, 1, 10), "2020-05-01T10:00:00+00:00"),
        (
            datetime(2020, 5, 1, 10, tzinfo=timezone(timedelta(hours=2))),
            "2020-05-01T08:00:00+00:00",
        ),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
    ],
)
def test_times(raw, iso):
    assert parse_time(raw, NOW).isoformat() == iso


def test_slashed_dates_need_an_order():
    assert parse_time("12/1/2010 8:26", NOW, "mdy") == datetime(
        2010, 12, 1, 8, 26, tzinfo=timezone.utc
    )
    assert parse_time("12/1/2010 8:26", NOW, "dmy") == datetime(
        2010, 1, 12, 8, 26, tzinfo=timezone.utc
    )
    assert parse_time("12/1/2010 12:05 AM", NOW, "mdy").hour == 0
    with pytest.raises(DataError, match="ambiguous"):
        parse_time("12/1/2010 8:26", NOW)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("1970-01-01", "before 1990"),
        (0, "before 1990"),
        ("0", "before 1990"),
        ("3000-01-01", "in the future"),
        (NOW + timedelta(days=2), "in the future"),
        (2**80, "in the future"),
        ("2020-13-01", "not a time"),
        ("2020-02-30", "not a time"),
        ("yesterday", "not a time"),
        ("2020-05-01T25:00", "not a time"),
        ("0001-01-01T00:00+14:00", "not a time"),
        ("9999-12-31T23:00-10:00", "not a time"),
        (-5, "not a time"),
        (float("inf"), "not a time"),
        (True, "not a time"),
        ([], "not a time"),
        ("13/13/2020", "ambiguous"),
    ],
)
def test_times_that_cannot_be_are_refused(raw, reason):
    with pytest.raises(DataError, match=reason):
        parse_time(raw, NOW)


@given(st.datetimes(EARLIEST.replace(tzinfo=None), datetime(2026, 1, 1)))
def test_a_time_means_the_same_however_it_is_written(at):
    utc = at.replace(tzinfo=timezone.utc)
    micros = (utc - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    assert parse_time(utc.isoformat(), NOW) == utc
    assert parse_time(micros, NOW) == parse_time(str(micros), NOW) == utc
    assert parse_time(str(micros // 1_000_000), NOW) == utc.replace(microsecond=0)


def test_kinds():
    for kind in EventKind:
        assert parse_kind(kind.value) is kind
    words = {"Add-To-Cart": "cart", "order": "purchase", "click": "view", "REVIEW": "rating"}
    assert {word: parse_kind(word).value for word in words} == words
    with pytest.raises(DataError):
        parse_kind("sneeze")


def test_numbers_and_stock():
    assert [parse_number(v) for v in ("4,5", "4.7/5", 3, None)] == [4.5, 4.7, 3.0, None]
    assert [parse_stock(v) for v in ("12", 3.0, -2, "In Stock", "sold out", True, False, None)] == [
        12, 3, 0, None, 0, None, 0, None,
    ]  # fmt: skip
    assert parse_stock("https://schema.org/OutOfStock") == 0
    for bad in ("many", "1.5", "1e999", 10**400, float("inf")):
        with pytest.raises(DataError):
            parse_stock(bad)


def test_categories():
    for raw in ("Home > Kitchen", "Home|Kitchen", '["Home", "Kitchen"]', ["Home", None, "Kitchen"]):
        assert parse_category(raw, 100) == ("Home", "Kitchen")
    assert parse_category("Health, Beauty", 100) == ("Health, Beauty",)
    assert parse_category("Health, Beauty", 100, comma=True) == ("Health", "Beauty")
    assert parse_category(None, 100) == ()


def test_attributes():
    expected = {"Colour": ("red",), "Size": ("S", "M"), "Waterproof": ("yes",)}
    assert (
        parse_attributes({"Colour": "red", "Size": ["S", "M"], "Waterproof": True}, 99) == expected
    )
    assert parse_attributes("Colour: red; Size: S, M; Waterproof: yes", 99) == expected
    red = {"Colour": ("red",)}
    assert parse_attributes('{"Colour": "<b>red</b>", "Nested": {"a": 1}}', 99) == red
    assert parse_attributes([("Colour", "red")], 99) == red
    assert parse_attributes(None, 99) == {}
    for bad in ("just words", 5, {str(i): "x" for i in range(1001)}):
        with pytest.raises(DataError):
            parse_attributes(bad, 99)


def test_links():
    assert parse_link("//cdn.example/a.jpg", 99) == "https://cdn.example/a.jpg"
    assert parse_link('"https://x.example/a.jpg"', 99) == "https://x.example/a.jpg"
    assert parse_link("/images/a.jpg", 99) == "/images/a.jpg"
    assert (
        parse_link([{"hi_res": None, "large": "https://x.example/l.jpg"}], 99)
        == "https://x.example/l.jpg"
    )
    assert (
        parse_link({"hi_res": [None, "https://x.example/h.jpg"]}, 99) == "https://x.example/h.jpg"
    )
    for bad in ("javascript:alert(1)", "file:///etc/passwd", " data:text/html,x"):
        with pytest.raises(DataError):
            parse_link(bad, 99)


def test_languages():
    assert [parse_language(v) for v in ("de", "DE_at", "English", None)] == [
        "de",
        "de-AT",
        "en",
        None,
    ]
    with pytest.raises(DataError):
        parse_language("no such language")


def test_joined_texts():
    assert join_texts(["<p>One.</p>", None, "Two."], 99) == "One. Two."
    assert join_texts('["One.", "Two."]', 99) == "One. Two."
    assert join_texts("[NEW] kettle", 99) == "[NEW] kettle"
    assert join_texts(None, 99) == ""


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"id": 3, "name": "Acme"}, "Acme"),
        ("{'id': 3, 'name': 'Acme'}", "Acme"),
        ('{:id=>3, :name=>"Acme"}', "Acme"),
        ({"rendered": "<p>Fine</p>"}, "Fine"),
        ({"en": "Lamp", "de": "Lampe"}, "Lamp"),
        ({"de-DE": "Lampe", "fr": ""}, "Lampe"),
        ([{"name": "One"}, {"name": "Two"}], "One Two"),
        ("{braces} in a title", "{braces} in a title"),
        ('{"short": "s", "long": "l"}', '{"short": "s", "long": "l"}'),
        ("[NEW] kettle", "[NEW] kettle"),
    ],
)
def test_of_an_object_its_name_is_the_text(raw, text):
    assert join_texts(raw, 100) == text


@pytest.mark.parametrize("raw", [{"short": "s", "long": "l"}, {"name": {"id": 3}}, [{"id": 3}]])
def test_an_object_without_a_name_is_no_text(raw):
    with pytest.raises(DataError, match="an object without a name"):
        join_texts(raw, 100)


@pytest.mark.parametrize(
    ("raw", "price"),
    [
        ("€ 1.299,-", "1299"),
        ("1.299,-- EUR", "1299"),
        ("CHF 1'299.-", "1299"),
        ("1,299.- USD", "1299"),
        ("12,-", "12"),
        ("SEK 1.299:-", "1299"),
        ("Rs 1200/-", "1200"),
    ],
)
def test_a_dash_for_no_cents_stands_behind_the_decimal_sign(raw, price):
    assert parse_price(raw)[0] == Decimal(price)


@pytest.mark.parametrize("raw", ["2024-Mar-05", "2024 March 5", "2024/März/05", "2024-mars-5"])
def test_a_date_may_begin_with_its_year_and_name_its_month(raw):
    assert parse_time(raw, NOW) == datetime(2024, 3, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize("word", ["annulé", "Annulée", "remboursée", "zurückgegeben", "storniert"])
def test_a_cancelled_order_is_one_in_other_languages(word):
    assert says_cancelled(word) and says_cancelled(unicodedata.normalize("NFD", word))
