"""Files of the shapes that are recognised, and columns that the user maps."""

import csv
import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError
from llmrec.ingest import IngestOptions, ingest_events, ingest_items
from llmrec.ingest.recognise import parse_map
from llmrec.types import Event, EventKind, Item


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


@pytest.fixture
def write(tmp_path):
    def write(name, header, *rows, delimiter=","):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=delimiter).writerows([header.split(delimiter), *rows])
        return path

    return write


def stored_items(shop):
    with CatalogStore.open(shop.database_url) as store:
        return {item.id: item for batch in store.iter_items() for item in batch}


def stored_events(shop):
    with CatalogStore.open(shop.database_url) as store:
        return [event for batch in store.iter_events() for event in batch]


def test_our_own_fields_come_back_as_they_were(shop, tmp_path):
    item = Item(
        "k-1", "Kettle", "Acme", ("Home", "Kitchen"), "Boils.", Decimal("19.90"), "EUR", "de-AT", 3,
        {"Colour": "red"}, "https://x.example/k-1", "https://x.example/k-1.jpg",
        datetime(2024, 5, 1, tzinfo=timezone.utc),
    )  # fmt: skip
    row = {
        "id": item.id, "title": item.title, "brand": item.brand, "category": item.category,
        "description": item.description, "price": str(item.price), "currency": item.currency,
        "language": item.language, "stock": item.stock, "attributes": item.attributes,
        "url": item.url, "image_url": item.image_url, "added_at": item.added_at.isoformat(),
    }  # fmt: skip
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps(row) + "\n")
    report = ingest_items(shop, [path]).files[0]
    assert (report.shape, report.added) == ("llmrec's own fields", 1)
    assert stored_items(shop) == {"k-1": item}

    event = Event("u", "k-1", EventKind.CART, datetime(2024, 6, 1, tzinfo=timezone.utc), 2, 1.0)
    path = tmp_path / "events.jsonl"
    row = {
        "user": "u",
        "item": "k-1",
        "kind": "cart",
        "at": "2024-06-01",
        "position": 2,
        "value": 1,
    }
    path.write_text(json.dumps(row) + "\n")
    assert ingest_events(shop, [path]).files[0].shape == "llmrec's own fields"
    assert stored_events(shop) == [event]


def test_amazon_reviews_2023(shop, tmp_path):
    product = {
        "main_category": "All Beauty", "title": "Serum &amp; Cream", "average_rating": 4.8,
        "rating_number": 10, "features": ["Vegan.", "30 ml."], "description": ["Soft <b>skin</b>."],
        "price": 12.5, "images": [{"thumb": "https://x.example/t.jpg", "hi_res": None}],
        "videos": [], "store": "Acme", "categories": ["Beauty", "Skin Care"],
        "details": {"Colour": "red", "Best Sellers Rank": {"Beauty": 3},
                    "Date First Available": "July 9, 2014"},
        "parent_asin": "B01", "bought_together": None,
    }  # fmt: skip
    bare = {**product, "parent_asin": "B02", "price": "None", "categories": [], "details": "{}",
            "store": None, "images": [], "description": [], "features": []}  # fmt: skip
    path = tmp_path / "meta_All_Beauty.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in (product, bare)))
    report = ingest_items(shop, [path]).files[0]
    assert report.shape == "Amazon Reviews 2023, products"
    items = stored_items(shop)
    assert items["B01"] == Item(
        "B01", "Serum & Cream", "Acme", ("Beauty", "Skin Care"), "Soft skin. Vegan. 30 ml.",
        Decimal("12.5"), "USD", attributes={"Colour": "red"}, image_url="https://x.example/t.jpg",
        added_at=datetime(2014, 7, 9, tzinfo=timezone.utc),
    )  # fmt: skip
    assert items["B02"] == Item("B02", "Serum & Cream", category=("All Beauty",))

    review = {"rating": 4.0, "title": "Fine", "text": "…", "images": [], "asin": "B01-red",
              "parent_asin": "B01", "user_id": "U", "timestamp": 1588328430123}  # fmt: skip
    path = tmp_path / "All_Beauty.jsonl"
    path.write_text(json.dumps(review) + "\n")
    assert ingest_events(shop, [path]).files[0].shape == "Amazon Reviews 2023, reviews"
    at = datetime(2020, 5, 1, 10, 20, 30, 123000, tzinfo=timezone.utc)
    assert stored_events(shop) == [Event("U", "B01", EventKind.RATING, at, 0, 4.0)]


SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,"
    "Option1 Value,Variant Inventory Qty,Variant Price,Image Src,Status"
)


def test_shopify_merges_variants(shop, write):
    path = write(
        "products.csv",
        SHOPIFY,
        ["mug", "Mug", "<p>Holds</p><p>tea</p>", "Acme", "Home > Kitchen", "Cup", "tea, gift",
         "true", "Size", "S", "3", "9.00", "https://x.example/m.jpg", "active"],
        ["mug", "", "", "", "", "", "", "", "", "L", "4", "7.50", "", ""],
        ["mug", "", "", "", "", "", "", "", "", "", "", "", "https://x.example/m2.jpg", ""],
        ["pot", "Pot", "", "Acme", "", "Pans", "", "true", "Title", "Default Title", "", "20.00",
         "", "active"],
        ["secret", "Secret", "", "", "", "", "", "true", "", "", "1", "1.00", "", "draft"],
    )  # fmt: skip
    report = ingest_items(shop, [path], options=IngestOptions(currency="EUR")).files[0]
    assert (report.shape, report.rows, report.added) == ("Shopify product export", 5, 2)
    assert report.reasons == {"not published in the shop": 1}
    items = stored_items(shop)
    assert items["mug"] == Item(
        "mug", "Mug", "Acme", ("Home", "Kitchen"), "Holds tea", Decimal("7.50"), "EUR", stock=7,
        attributes={"tags": ("tea", "gift"), "Size": ("S", "L")}, image_url="https://x.example/m.jpg",
    )  # fmt: skip
    assert items["pot"] == Item(
        "pot", "Pot", "Acme", ("Pans",), price=Decimal("20.00"), currency="EUR"
    )


def test_shopify_rows_without_a_handle_are_rejected_one_by_one(shop, write):
    row = ["", "Mug", *[""] * 9, "9.00", "", "active"]
    good = ["pot", "Pot", *[""] * 9, "9.00", "", "active"]
    report = ingest_items(shop, [write("p.csv", SHOPIFY, row, row, good)]).files[0]
    assert report.reasons == {"the id is missing": 2}


def test_movielens(shop, write):
    movies = write(
        "movies.csv", "movieId,title,genres",
        ["1", "Toy Story (1995)", "Adventure|Comedy"], ["2", "Quiet, The", "(no genres listed)"],
    )  # fmt: skip
    ratings = write(
        "ratings.csv", "userId,movieId,rating,timestamp", ["7", "1", "3.5", "964980499"]
    )
    assert ingest_items(shop, [movies]).files[0].shape == "MovieLens, movies"
    assert ingest_events(shop, [ratings]).files[0].shape == "MovieLens, ratings"
    assert stored_items(shop) == {
        "1": Item("1", "Toy Story (1995)", category=("Adventure", "Comedy")),
        "2": Item("2", "Quiet, The"),
    }
    at = datetime(2000, 7, 30, 18, 8, 19, tzinfo=timezone.utc)
    assert stored_events(shop) == [Event("7", "1", EventKind.RATING, at, 0, 3.5)]


def test_uci_online_retail_gives_items_and_events(shop, write):
    path = write(
        "OnlineRetail.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        ["536365", "85123A", "WHITE HOLDER", "6", "12/1/2010 8:26", "2.55", "17850", "UK"],
        ["536366", "85123A", "WHITE HOLDER", "1", "12/2/2010 8:26", "2.95", "17850.0", "UK"],
        ["536367", "85123A", "wrongly coded", "1", "12/2/2010 9:00", "2.55", "", "UK"],
        ["C536379", "85123A", "WHITE HOLDER", "-1", "12/3/2010 9:41", "2.55", "14527", "UK"],
        ["536380", "85123A", "WHITE HOLDER", "-1", "12/3/2010 9:41", "2.55", "14527", "UK"],
        ["536381", "22222", "damaged", "-5", "12/3/2010 9:50", "0", "", "UK"],
        ["536382", "POST", "POSTAGE", "1", "12/3/2010 9:51", "18.00", "17850", "UK"],
    )  # fmt: skip
    items = ingest_items(shop, [path]).files[0]
    assert (items.shape, items.rows, items.added) == ("UCI Online Retail", 7, 1)
    assert items.reasons == {
        "never sold with a price and a description": 1,
        "not a product: postage, a fee or a voucher": 1,
    }
    item = Item("85123A", "WHITE HOLDER", price=Decimal("2.55"), currency="GBP")
    assert stored_items(shop) == {"85123A": item}
    events = ingest_events(shop, [path]).files[0]
    assert events.reasons == {
        "the id is missing": 2,
        "a cancelled sale": 1,
        "a quantity that is not positive": 1,
        "an unknown item": 1,
    }
    first, second = stored_events(shop)
    assert first == Event(
        "17850", "85123A", EventKind.PURCHASE,
        datetime(2010, 12, 1, 8, 26, tzinfo=timezone.utc), 0, 6.0,
    )  # fmt: skip
    assert (second.user, second.value) == ("17850", 1.0)


def test_flags_go_over_settings_and_both_over_recognition(shop, write):
    (shop.path / "llmrec.toml").write_text(
        '[ingest]\ncurrency = "EUR"\nlanguage = "de"\n'
        '[ingest.item_columns]\nid = "Nummer"\ntitle = "kurz"\n'
    )
    shop = Workspace.open(shop.path)
    path = write(
        "artikel.csv", "Nummer;id;kurz;lang;Farbe;price",
        ["A1", "7", "Tasse", "Große Tasse", "rot", "9,90"], delimiter=";",
    )  # fmt: skip
    flags = parse_map(["title=lang", "attributes.Farbe=Farbe"], "items")
    report = ingest_items(shop, [path], options=IngestOptions(columns=flags)).files[0]
    assert report.columns["id"] == "Nummer"
    assert report.columns["title"] == "lang"
    assert stored_items(shop)["A1"] == Item(
        "A1", "Große Tasse", price=Decimal("9.90"), currency="EUR", language="de",
        attributes={"Farbe": "rot"},
    )  # fmt: skip


def test_a_field_of_several_columns_and_one_left_out(shop, write):
    path = write("p.csv", "id,title,brand,A,B", ["1", "Cup", "Acme", "Home", "Kitchen"])
    flags = parse_map(["category=A", "category=B", "brand="], "items")
    ingest_items(shop, [path], options=IngestOptions(columns=flags))
    assert stored_items(shop)["1"] == Item("1", "Cup", category=("Home", "Kitchen"))


def test_an_empty_title_falls_back_to_text(shop, write):
    path = write(
        "p.csv", "item_id,title,keywords,text", ["1", "", "opi red", ""], ["2", "", "", ""]
    )
    report = ingest_items(shop, [path]).files[0]
    assert stored_items(shop) == {"1": Item("1", "opi red")}
    assert report.reasons == {"the title is missing": 1}


def test_an_order_without_times_is_kept(shop, write):
    options = IngestOptions(allow_unknown_items=True)
    with_position = write(
        "a.csv", "user,item,position,timestamp", ["u", "b", "1", ""], ["u", "a", "0", ""]
    )
    assert ingest_events(shop, [with_position], options=options).accepted == 2
    assert [(e.item, e.position, e.at) for e in stored_events(shop)] == [
        ("a", 0, None),
        ("b", 1, None),
    ]
    without = write("b.csv", "user,item", ["v", "z"], ["v", "y"], ["v", "z"])
    assert ingest_events(shop, [without], options=options).accepted == 3
    assert [e.item for e in stored_events(shop) if e.user == "v"] == ["z", "y", "z"]


def test_the_kind_comes_from_the_flag_the_file_or_the_values(shop, write):
    path = write("e.csv", "user,item,event_type,date", ["u", "a", "addtocart", "2024-01-01"],
                 ["u", "a", "", "2024-01-02"])  # fmt: skip
    options = IngestOptions(allow_unknown_items=True)
    ingest_events(shop, [path], options=options)
    assert [e.kind.value for e in stored_events(shop)] == ["cart", "purchase"]
    forced = IngestOptions(allow_unknown_items=True, kind=EventKind.LIKE)
    ingest_events(shop, [path], options=forced)
    assert [e.kind.value for e in stored_events(shop)].count("like") == 2


@pytest.mark.parametrize(
    ("header", "missing", "flag"),
    [("foo,title", "id", "--map id=COLUMN"), ("id,foo", "title", "--map title=COLUMN")],
)
def test_a_missing_column_names_the_columns_and_the_flag(shop, write, header, missing, flag):
    path = write("p.csv", header, ["1", "2"])
    with pytest.raises(DataError) as caught:
        ingest_items(shop, [path])
    assert caught.value.file == str(path)
    assert caught.value.field == missing
    assert "foo" in caught.value.message
    assert flag in caught.value.hint
    assert stored_items(shop) == {}


def test_a_file_of_the_other_sort_is_pointed_out(shop, write):
    path = write("ratings.csv", "userId,movieId,rating,timestamp", ["7", "1", "3.5", "964980499"])
    with pytest.raises(DataError) as caught:
        ingest_items(shop, [path])
    assert "MovieLens, ratings" in caught.value.hint
    assert "ingest events" in caught.value.hint


def test_maps_that_make_no_sense(shop, write):
    for pair in ("name=x", "title", "attributes.=x"):
        with pytest.raises(ConfigError):
            parse_map([pair], "items")
    path = write("p.csv", "id,title", ["1", "Cup"])
    options = IngestOptions(columns=parse_map(["brand=Marke"], "items"))
    with pytest.raises(DataError, match="no column 'Marke'"):
        ingest_items(shop, [path], options=options)
