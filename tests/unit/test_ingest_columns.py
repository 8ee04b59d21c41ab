"""Cells as shops write them, decided per column: what of a file ends in the workspace."""

import csv
import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import DataError
from llmrec.ingest import IngestOptions, ingest_events, ingest_items

CASES = Path(__file__).parents[3] / "shared" / "cases" / "ingest"


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


@pytest.fixture
def write(tmp_path):
    def write(header, *rows, name="items.csv", delimiter=","):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=delimiter).writerows([header.split(delimiter), *rows])
        return path

    return write


@pytest.fixture
def write_json(tmp_path):
    def write_json(*rows):
        path = tmp_path / "items.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path

    return write_json


def stored(shop):
    with CatalogStore.open(shop.database_url) as store:
        return {item.id: item for batch in store.iter_items() for item in batch}


def ingested(shop, path, **options):
    """The items of a workspace after a file, and the report of it."""
    report = ingest_items(shop, [path], options=IngestOptions(**options)).files[0]
    return stored(shop), report


def prices(shop, write, cells, header="id,title,price", **options):
    path = write(header, *([str(i), "Cup", *_row(cell)] for i, cell in enumerate(cells)))
    items, report = ingested(shop, path, **options)
    read = [items[str(i)] for i in range(len(cells))]
    texts = [None if item.price is None else str(item.price) for item in read]
    return list(zip(texts, [item.currency for item in read], strict=True)), report


def _row(cell):
    return [cell] if isinstance(cell, str) else list(cell)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.299", "899,00", "2.450,00"], ["1299", "899.00", "2450.00"]),
        (["1.299", "12.99", "4"], ["1.299", "12.99", "4"]),
        (["1,299", "12.99"], ["1299", "12.99"]),
        (["1,299", "0,99", "12,5"], ["1.299", "0.99", "12.5"]),
        (["1.299", "1.000.000"], ["1299", "1000000"]),
        (["1'299", "12.50"], ["1299", "12.50"]),
        (["1,00,000", "1,299"], ["100000", "1299"]),
        (["١٬٢٩٩", "١٢٫٥٠"], ["1299", "12.50"]),
        (["1.299", "12,-"], ["1.299", "12"]),
    ],
)
def test_the_decimal_sign_is_the_columns(shop, write, cells, expected):
    read, _ = prices(shop, write, cells)
    assert [price for price, _ in read] == expected


@pytest.mark.parametrize("hint", ["column", "flag", "setting", "header"])
def test_a_point_groups_where_the_currency_is_written_so(shop, write, monkeypatch, hint):
    options, header, cells = {}, "id,title,price", ["1.299", "899"]
    if hint == "column":
        header, cells = f"{header},currency", [(cell, "EUR") for cell in cells]
    elif hint == "flag":
        options["currency"] = "EUR"
    elif hint == "header":
        header = "id,title,Price (EUR)"
    else:
        monkeypatch.setenv("LLMREC_INGEST__CURRENCY", "EUR")
        shop = Workspace.open(shop.path)
    read, report = prices(shop, write, cells, header, **options)
    assert read == [("1299", "EUR"), ("899", "EUR")]
    assert not any("two ways" in warning for warning in report.warnings)


def test_each_currency_of_a_file_has_its_own_sign(shop, write):
    rows = [("1.299", "EUR"), ("49,90", "EUR"), ("1,299", "USD"), ("49.90", "USD"),
            ("1,299", "JPY"), ("1.250", "KWD"), ("1.299", "KRW")]  # fmt: skip
    read, _ = prices(shop, write, rows, "id,title,price,currency")
    assert [price for price, _ in read] == [
        "1299", "49.90", "1299", "49.90", "1299", "1.250", "1299",
    ]  # fmt: skip


def test_a_price_that_stays_open_is_said_and_a_flag_decides(shop, write, tmp_path):
    read, report = prices(shop, write, ["1.299", "4"])
    assert read[0][0] == "1.299"
    assert any("'1.299'" in text and "--decimal" in text for text in report.warnings)
    other = Workspace.init(tmp_path / "other")
    read, report = prices(other, write, ["1.299", "4"], decimal=",")
    assert (read[0][0], report.warnings) == ("1299", ())


def test_evidence_far_down_the_file_counts(shop, write):
    cells = ["1.299"] * 2_000 + ["899,00"]
    read, _ = prices(shop, write, cells)
    assert {price for price, _ in read} == {"1299", "899.00"}


@pytest.mark.parametrize(
    ("cell", "price", "currency"),
    [
        ("SR 1,595", "1595", "SAR"),
        ("20 ر.س", "20", "SAR"),
        ("kr 1.595", "1595", None),
        ("199:- kr", "199", None),
        ("Rs. 1,899", "1899", None),
        ("₨ 500", "500", None),
        ("Rs. 499/-", "499", None),
        ("1299,00 kr/st", "1299.00", None),
        ("¥ 99.00", "99.00", "CNY"),
        ("¥ 1,299", "1299", "JPY"),
        ("12 zł", "12", "PLN"),
        ("12,50 Kč", "12.50", "CZK"),
        ("3 000 Ft", "3000", "HUF"),
        ("20 lei", "20", "RON"),
        ("R$ 1.595", "1595", "BRL"),
        ("S/ 12.50", "12.50", "PEN"),
        ("A$5", "5", "AUD"),
        ("NT$ 500", "500", "TWD"),
        ("HK$ 5", "5", "HKD"),
        ("CHF 12.-", "12", "CHF"),
        ("12.34USD", "12.34", "USD"),
        ("$12.00 CAD", "12.00", "CAD"),
        ("ab 12,99 €", "12.99", "EUR"),
        ("from $5", "5", "USD"),
        ("10 - 20", "10", None),
        ("$10.99 – $15.99", "10.99", "USD"),
        ("12€50", "12.50", "EUR"),
        ("Free", "0", None),
        ("59.699999999999996", "59.7", None),
        ("-3", None, None),
        ("ask us", None, None),
    ],
)
def test_prices_in_words_and_signs(shop, write, cell, price, currency):
    read, report = prices(shop, write, [cell, "5"])
    assert read[0] == (price, currency)
    assert report.rejected == 0
    assert bool(report.left_out) == (price is None)


def test_a_sign_of_several_currencies_is_said_until_somebody_names_one(shop, write, tmp_path):
    _, report = prices(shop, write, ["199 kr", "5 kr"])
    assert any(text.startswith("2 prices") and "--currency" in text for text in report.warnings)
    for i, code in enumerate(("NOK", "SEK")):
        other = Workspace.init(tmp_path / str(i))
        read, report = prices(other, write, ["199 kr", "5"], currency=code)
        assert (read, report.warnings) == ([("199", code), ("5", code)], ())
    other = Workspace.init(tmp_path / "column")
    header = "id,title,price,currency"
    assert prices(other, write, [("199 kr", "DKK")], header)[0] == [("199", "DKK")]
    # Euros are none of the currencies that "kr" can mean.
    other = Workspace.init(tmp_path / "euro")
    assert prices(other, write, ["199 kr"], currency="EUR")[0] == [("199", None)]


def test_ranges_are_said(shop, write):
    _, report = prices(shop, write, ["899 – 999", "5"])
    assert any("the lowest counts" in text and "899 – 999" in text for text in report.warnings)


def test_minor_units(shop, write_json, write, tmp_path):
    rows = [{"id": 1, "title": "Cup", "price": 1195, "currency": "EUR"},
            {"id": 2, "title": "Pot", "price": "1195", "currency": "JPY"},
            {"id": 3, "title": "Pan", "price": 1195, "currency": "KWD"},
            {"id": 4, "title": "Jug", "price": 11.95, "currency": "EUR"}]  # fmt: skip
    items, report = ingested(shop, write_json(*rows), price_unit="cents")
    assert [items[id].price for id in "123"] == [
        Decimal("11.95"), Decimal(1195), Decimal("1.195"),
    ]  # fmt: skip
    assert items["4"].price is None
    assert report.left_out == {"price: a price in cents that is not whole": 1}
    other = Workspace.init(tmp_path / "other")
    items, report = ingested(other, write("id,title,price_cents", ["1", "Cup", "1195"]))
    assert (items["1"].price, report.warnings) == (Decimal("11.95"), ())


def test_a_price_may_be_an_object(shop, write_json):
    rows = [{"id": 1, "title": "Cup", "price": {"amount": "1.299,00", "currency": "EUR"}},
            {"id": 2, "title": "Pot", "price": '{"value": 5, "currency_code": "USD"}'},
            {"id": 3, "title": "Pan", "price": {"amount": 5, "currency": "??"}}]  # fmt: skip
    items, report = ingested(shop, write_json(*rows))
    read = [(items[id].price, items[id].currency) for id in "123"]
    assert read == [(Decimal(1299), "EUR"), (Decimal(5), "USD"), (None, None)]
    assert report.left_out == {"price: an unknown currency": 1}


def test_whole_prices_are_asked_about(shop, write, tmp_path):
    _, report = prices(shop, write, ["1195", "2500"])
    assert any("--price-unit cents" in text for text in report.warnings)
    other = Workspace.init(tmp_path / "other")
    assert prices(other, write, ["1195", "25"])[1].warnings == ()


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        (["1,000", "12,000", "1,250", "1.500"], [1000, 12000, 1250, 1500]),
        (["1 000", "1'000", "1.000.000"], [1000, 1000, 1_000_000]),
        (["10+", ">100", "100 or more", "über 5"], [None] * 4),
        (["12 pcs", "12 Stück", "noch 3", "12.0", "-5"], [12, 12, 3, 12, 0]),
        (["in stock", "yes", "auf Lager", "out of stock", "false"], [None, None, None, 0, 0]),
        (["12.000", "3.000"], [12, 3]),
        (["12.000", "0.500", "1500.000"], [12, None, 1500]),
        (["a few left", "many", "1.5"], [None, None, None]),
    ],
)
def test_stock_counts(shop, write, cells, counts):
    rows = ([str(i), "Cup", cell] for i, cell in enumerate(cells))
    items, report = ingested(shop, write("id,title,stock", *rows))
    assert [items[str(i)].stock for i in range(len(cells))] == counts
    assert report.rejected == 0


def test_what_the_shop_says_of_availability_goes_over_the_count(shop, write):
    path = write(
        "id,title,stock,in_stock", ["a", "Cup", "7", "1"], ["b", "Pot", "7", "0"],
        ["c", "Pan", "0", "1"], ["d", "Jug", "", "yes"], ["e", "Mug", "", "no"],
        ["f", "Can", "3", ""],
    )  # fmt: skip
    items, _ = ingested(shop, path)
    assert [items[id].stock for id in "abcdef"] == [7, 0, None, None, 0, 3]


def test_the_sale_price_counts_while_the_sale_lasts(shop, write):
    header = "id,title,regular_price,sale_price,sale_price_effective_date"
    path = write(header, ["a", "Cup", "14.00", "9.00"], ["b", "Pot", "12.50", ""],
                 ["c", "Pan", "5.00", "0.00"], ["d", "Jug", "5.00", "ask"])  # fmt: skip
    path.write_text(path.read_text().replace(",sale_price_effective_date", ""))
    items, report = ingested(shop, path)
    assert [str(items[id].price) for id in "abcd"] == ["9.00", "12.50", "5.00", "5.00"]
    assert report.left_out == {"sale_price: not a price, or more than one": 1}
    flags = {"columns": {"price": ("regular_price",)}}
    assert ingested(shop, path, **flags)[0]["a"].price == Decimal("14.00")


DATES = [
    ("2024/03/05 10:20", "2024-03-05T10:20:00"),
    ("2024/3/5", "2024-03-05T00:00:00"),
    ("2024-3-5 8:05", "2024-03-05T08:05:00"),
    ("2024.03.05", "2024-03-05T00:00:00"),
    ("Tue, 05 Mar 2024 10:20:00 GMT", "2024-03-05T10:20:00"),
    ("Tue, 5 Mar 2024 10:20:00 -0500", "2024-03-05T15:20:00"),
    ("5 Mar 2024", "2024-03-05T00:00:00"),
    ("March 5th, 2024 10:20 PM", "2024-03-05T22:20:00"),
    ("5. März 2024", "2024-03-05T00:00:00"),
    ("Dienstag, 5. März 2024, 10:20 Uhr", "2024-03-05T10:20:00"),
    ("5 août 2024", "2024-08-05T00:00:00"),
    ("12 juin 2024", "2024-06-12T00:00:00"),
    ("12 juil. 2024", "2024-07-12T00:00:00"),
    ("2024年3月5日 10:20", "2024-03-05T10:20:00"),
    ("05-MAR-24", "2024-03-05T00:00:00"),
    ("05/Mar/2024:10:20:00 +0000", "2024-03-05T10:20:00"),
    ("Tue Mar  5 10:20:00 2024", "2024-03-05T10:20:00"),
    ("Tue Mar 05 2024 10:20:00 GMT+0100 (Central European Standard Time)", "2024-03-05T09:20:00"),
    ("20240305102030", "2024-03-05T10:20:30"),
    ("202403051020", "2024-03-05T10:20:00"),
    ("/Date(1709634000000)/", "2024-03-05T10:20:00"),
    ("2024-03-05 10:20 PM", "2024-03-05T22:20:00"),
    ("2024-03-05 10:20:00 CET", "2024-03-05T09:20:00"),
    ("2024-03-05T10:20:00+01:00[Europe/Berlin]", "2024-03-05T09:20:00"),
]


def events_of(shop, write, cells, **options):
    path = write("user,item,time", *([f"u{i}", "a", cell] for i, cell in enumerate(cells)))
    options = IngestOptions(allow_unknown_items=True, **options)
    report = ingest_events(shop, [path], options=options).files[0]
    with CatalogStore.open(shop.database_url) as store:
        events = [event for batch in store.iter_events() for event in batch]
    return {event.user: event.at for event in events}, report


def test_times_of_every_log(shop, write):
    times, report = events_of(shop, write, [cell for cell, _ in DATES])
    assert report.rejected == 0
    for i, (cell, iso) in enumerate(DATES):
        assert times[f"u{i}"] == datetime.fromisoformat(f"{iso}+00:00"), cell


@pytest.mark.parametrize(
    ("proof", "month"), [("25/03/2024", 4), ("03/25/2024 8:26 AM", 3), ("31.12.2023 23:59", 4)]
)
def test_the_order_of_dates_is_the_columns(shop, write, proof, month):
    cell = "03.04.2024" if "." in proof else "03/04/2024"
    times, report = events_of(shop, write, [cell, proof])
    assert (times["u0"].month, report.rejected) == (month, 0)
    assert any(proof in text and "--date-order" in text for text in report.warnings)


def test_dates_of_both_orders_are_read_where_they_are_plain_and_said(shop, write):
    times, report = events_of(shop, write, ["25/03/2024", "03/25/2024", "03/04/2024"])
    assert set(times) == {"u0", "u1"}
    assert "ambiguous" in next(iter(report.reasons))
    assert any("both orders" in text for text in report.warnings)


@pytest.mark.parametrize("cell", ["05.03.24", "05-03-2024", "5/3/24 00:00"])
def test_two_digit_years_and_dashes_with_an_order(shop, write, cell):
    times, report = events_of(shop, write, [cell], date_order="dmy")
    assert times["u0"] == datetime(2024, 3, 5, tzinfo=timezone.utc)
    assert report.warnings == ()


def test_years_of_two_digits_prove_no_order(shop, write):
    times, report = events_of(shop, write, ["24.03.05", "2024-01-01"])
    assert (set(times), report.rejected) == ({"u1"}, 1)


@pytest.mark.parametrize(
    ("cell", "category", "further"),
    [
        ("Home Furnishing >> Curtains", ("Home Furnishing", "Curtains"), ()),
        ('["Home Furnishing >> Curtains"]', ("Home Furnishing", "Curtains"), ()),
        ("['Home', 'Curtains']", ("Home", "Curtains"), ()),
        ("Home → Curtains", ("Home", "Curtains"), ()),
        ("Home -> Curtains", ("Home", "Curtains"), ()),
        ("Home » Curtains", ("Home", "Curtains"), ()),
        ("Home::Curtains", ("Home", "Curtains"), ()),
        ("Home / Curtains", ("Home", "Curtains"), ()),
        ("Audio/Video", ("Audio/Video",), ()),
        ("Home > Curtains; Sale > Bargains > Textiles", ("Sale", "Bargains", "Textiles"),
         ("Home", "Curtains")),
        ("Home > Health, Beauty & Care > Soap", ("Home", "Health, Beauty & Care", "Soap"), ()),
        ("Home > Mugs, Garden > Pots", ("Home", "Mugs"), ("Garden", "Pots")),
        ('[{"id": 3, "name": "Mugs"}]', ("Mugs",), ()),
        ('{"lvl0": "Home", "lvl1": "Home > Mugs"}', ("Home", "Mugs"), ()),
    ],
)  # fmt: skip
def test_category_paths(shop, write, cell, category, further):
    path = write("id,title,category", ["1", "Cup", cell], ["2", "Pot", "Garden > Pots"])
    item = ingested(shop, path)[0]["1"]
    assert item.category == category
    assert item.attributes.get("also in", ()) == further


def test_further_paths_go_with_the_category(shop, write):
    ingested(shop, write("id,title,category", ["1", "Cup", "Home > Mugs; Garden > Pots"]))
    items, _ = ingested(shop, write("id,title,category", ["1", "Cup", "Home > Mugs"]))
    assert items["1"].attributes == {}


def test_a_bare_slash_parts_steps_where_the_column_is_made_of_them(shop, write):
    path = write("id,title,category", ["1", "Cup", "Home/Kitchen/Mugs"], ["2", "Pot", "Home/Pots"])
    items, _ = ingested(shop, path)
    assert items["1"].category == ("Home", "Kitchen", "Mugs")
    assert items["2"].category == ("Home", "Pots")


@pytest.mark.parametrize(
    ("cell", "attributes"),
    [
        ('{"spec"=>[{"key"=>"Type", "value"=>"Analog"}, {"key"=>"Color", "value"=>"black"}]}',
         {"Type": ("Analog",), "Color": ("black",)}),
        ('{:type => "x", :none => nil}', {"type": ("x",)}),
        ("{'type': 'x', 'sizes': ['S', 'M'], 'new': True}",
         {"type": ("x",), "sizes": ("S", "M"), "new": ("yes",)}),
        ('{"specs": {"Type": "x"}}', {"Type": ("x",)}),
        ('[{"name": "Size", "options": ["S", "M"]}]', {"Size": ("S", "M")}),
        ("size=XS,color=Black,climate=Cool|Windy",
         {"size": ("XS",), "color": ("Black",), "climate": ("Cool", "Windy")}),
        ("style=&frac14; zip|Full zip,sale=No", {"style": ("¼ zip", "Full zip"), "sale": ("No",)}),
        ("length: 1,2 m; ratio: 16:9", {"length": ("1,2 m",), "ratio": ("16:9",)}),
        ("Size: S|M|L", {"Size": ("S", "M", "L")}),
        ("just words", {}),
        ('["just", "words"]', {}),
        ("{broken", {}),
    ],
)  # fmt: skip
def test_attributes_as_programs_print_them(shop, write, cell, attributes):
    items, report = ingested(shop, write("id,title,attributes", ["1", "Cup", cell]))
    assert dict(items["1"].attributes) == attributes
    assert bool(report.left_out) == (not attributes)


@pytest.mark.parametrize(
    ("cell", "link"),
    [
        ('{"https://m.example/a.jpg": [355, 355], "https://m.example/b.jpg": [5, 5]}',
         "https://m.example/a.jpg"),
        ([{"src": "https://m.example/a.jpg", "alt": "A cup"}], "https://m.example/a.jpg"),
        ("['https://m.example/a.jpg', 'https://m.example/b.jpg']", "https://m.example/a.jpg"),
        ("https://m.example/a,1.jpg, https://m.example/b.jpg", "https://m.example/a,1.jpg"),
        ("https://m.example/a.jpg|https://m.example/b.jpg", "https://m.example/a.jpg"),
        ("https://m.example/my cup.jpg", "https://m.example/my%20cup.jpg"),
        ("www.m.example/a.jpg", "https://www.m.example/a.jpg"),
        (["no link at all", "https://m.example/a.jpg"], "https://m.example/a.jpg"),
        ("/m/h/mh01.jpg", "/m/h/mh01.jpg"),
        ("not a link at all", None),
        ("cup", None),
        ("ftp://m.example/a.jpg", None),
        ("javascript:alert(1)", None),
        (["javascript:alert(1)"], None),
        ("[broken", None),
    ],
)  # fmt: skip
def test_images(shop, write_json, cell, link):
    items, report = ingested(shop, write_json({"id": 1, "title": "Cup", "images": cell}))
    assert items["1"].image_url == link
    assert report.left_out == ({} if link else {"images: not a web address": 1})


def test_no_optional_field_costs_the_product_and_all_are_reported(shop, write_json):
    bad = {"brand": "x" * 300_000, "category": 5, "description": "a\x00b", "price": "?",
           "currency": "??", "language": "no such language", "stock": "a few",
           "attributes": "just words", "url": "javascript:x", "image_url": 7,
           "added_at": "yesterday"}  # fmt: skip
    path = write_json({"id": 1, "title": "Cup", **bad}, {"id": 2, **bad})
    items, report = ingested(shop, path)
    assert (items["1"].title, set(items)) == ("Cup", {"1"})
    assert report.reasons == {"the title is missing": 1}
    assert {name.split(":")[0] for name in report.left_out} == set(bad)
    lines = [json.loads(line) for line in report.rejects.read_text("utf-8").splitlines()]
    kept = sorted((line["row"], line["kept"]) for line in lines)
    assert kept == [(1, True)] * len(bad) + [(2, False)]


def test_a_large_quantity_is_no_small_one(shop, write):
    path = write(
        "customer_id,product_id,order_date,quantity", ["c", "a", "2024-03-01", "1,000"],
        ["d", "a", "2024-03-01", "12 pcs"], ["e", "a", "2024-03-01", "1.000.000"],
    )  # fmt: skip
    ingest_events(shop, [path], options=IngestOptions(allow_unknown_items=True))
    with CatalogStore.open(shop.database_url) as store:
        events = [event for batch in store.iter_events() for event in batch]
    assert [event.value for event in events] == [1000.0, 12.0, 1_000_000.0]


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("eu_price.csv", {"D1": "1299", "D2": "899.00", "D3": "2450.00", "D4": "49.9",
                          "D5": "1000", "D6": "1499.00"}),
        ("09_sr_price.csv", {"I1": "1595", "I2": "1899", "I3": "1234.50", "I4": "12.50",
                             "I6": "1595", "I7": "123456", "I8": "12.50", "I9": "0",
                             "I11": "1595", "I12": "899", "I14": "1595.00", "I15": "1595",
                             "I16": "1595.5", "I17": "1595.00", "I18": "0"}),
    ],
)  # fmt: skip
def test_shared_price_files(shop, name, expected):
    items, report = ingested(shop, CASES / name)
    assert {id: str(items[id].price) for id in expected} == expected
    assert report.rejected == 0


def test_columns_of_one_attribute_that_are_called_alike_are_all_read(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "id,title,attributes.size,attributes.size,attributes.size\n1,Tee,S,,L\n2,Cap,,M,\n"
    )
    items, _ = ingested(shop, path)
    assert [items[id].attributes["size"] for id in ("1", "2")] == [("S", "L"), ("M",)]
    path.write_text("id,title,price,price\n1,Tee,5,6\n")
    with pytest.raises(DataError, match="'price' stands in the header 2 times"):
        ingested(shop, path)


def test_a_sale_above_the_price_is_none(shop, write):
    rows = [("10.00", "12.00"), ("10.00", "10.00"), ("0", "9.00"), ("", "8.00"), ("10.00", "0")]
    path = write(
        "id,title,price,sale_price", *([str(i), "Cup", *row] for i, row in enumerate(rows))
    )
    items, _ = ingested(shop, path, currency="EUR")
    assert [str(items[str(i)].price) for i in range(5)] == [
        "10.00",
        "10.00",
        "9.00",
        "8.00",
        "10.00",
    ]
