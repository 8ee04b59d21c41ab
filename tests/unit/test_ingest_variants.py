"""Files in which variants have rows of their own: a product comes in once, and whole."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.ingest import IngestOptions, ingest_items
from llmrec.ingest.recognise import parse_map

CASES = Path(__file__).parents[3] / "shared" / "cases" / "ingest"


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


@pytest.fixture
def write(tmp_path):
    def write(header, *rows, delimiter=","):
        path = tmp_path / ("items.tsv" if delimiter == "\t" else "items.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerows([header.split(","), *(row.split("|") for row in rows)])
        return path

    return write


def ingested(shop, path, **options):
    report = ingest_items(shop, [path], options=IngestOptions(**options)).files[0]
    with CatalogStore.open(shop.database_url) as store:
        return {item.id: item for batch in store.iter_items() for item in batch}, report


def test_a_parent_and_its_variants_are_one_product(shop, write):
    path = write(
        "id,parent,title,price,stock,variant",
        "H1||T-Shirt|7.99|0|",
        "K1||Cap|5.00|2|",
        "H1-b|H1||8.99|4|black",
        "H1-w|H1||7.99|6|white",
    )
    items, report = ingested(shop, path)
    shirt = items["H1"]
    assert (shirt.title, shirt.price, shirt.stock) == ("T-Shirt", Decimal("7.99"), 10)
    assert dict(shirt.attributes) == {"variant": ("black", "white")}
    assert set(items) == {"H1", "K1"}
    assert (report.rows, report.added, report.rejected) == (4, 2, 0)
    (warning,) = report.warnings
    assert "2 rows are variants" in warning and "--map parent=" in warning


def test_variants_stay_products_where_the_user_says_so(shop, write):
    path = write("id,parent_id,title,price", "A||Mug|5", "A1|A|Red mug|6")
    items, report = ingested(shop, path, columns=parse_map(["parent="], "items"))
    assert (set(items), report.warnings) == ({"A", "A1"}, ())


def test_the_price_is_the_lowest_of_what_can_be_bought(shop, write):
    header = "id,parent_id,title,price,stock,size"
    path = write(header, "A||Tee|1.00||", "A1|A||7.00|0|S", "A2|A||9.00|3|M", "A3|A||8.00|2|L",
                 "B||Cap|1.00||", "B1|B||7.00|0|S", "B2|B||6.00|0|M")  # fmt: skip
    items, _ = ingested(shop, path)
    assert (items["A"].price, items["A"].stock) == (Decimal("8.00"), 5)
    assert (items["B"].price, items["B"].stock) == (Decimal("6.00"), 0)
    assert items["A"].attributes["size"] == ("S", "M", "L")


def test_a_variant_whose_stock_is_not_counted_can_be_bought(shop, write):
    path = write("id,parent_id,title,price,stock", "A||Tee||", "A1|A||7.00|0", "A2|A||9.00|10+")
    assert ingested(shop, path)[0]["A"].stock is None


def test_a_column_that_is_only_called_parent_may_mean_something_else(shop, write):
    path = write("id,parent,title", "A|Kitchen|Mug", "B|Kitchen|Pot", "C||Pan")
    assert set(ingested(shop, path)[0]) == {"A", "B", "C"}


def test_a_style_named_by_the_user_holds_its_variants(shop, write):
    path = write("id,style,title,price", "A-1|A|Mug red|5", "A-2|A|Mug blue|4", "B-1|B|Pot|9")
    items, _ = ingested(shop, path, columns=parse_map(["parent=style"], "items"))
    assert {id: item.title for id, item in items.items()} == {"A": "Mug", "B": "Pot"}
    assert items["A"].price == Decimal(4)


def test_an_id_twice_is_no_variant(shop, write):
    path = write("id,parent_id,title,price", "A||Mug|5", "A||Cup|6", "B||Pot|7")
    items, report = ingested(shop, path)
    assert (items["A"].title, items["A"].price, report.duplicates) == ("Cup", Decimal(6), 1)


GOOGLE = "id,title,link,image_link,availability,price,sale_price,item_group_id,color,size"


def google(name, stock, price, sale="", group="TEE", size=""):
    link = f"https://x.example/{name}"
    title = f"Tee {size}".strip()
    return f"{name}|{title}|{link}|{link}.jpg|{stock}|{price}|{sale}|{group}|Blue|{size}"


@pytest.mark.parametrize("style", ["image_link", "image link", "g:image_link"])
def test_a_google_feed(shop, write, style):
    path = write(
        GOOGLE.replace("image_link", style),
        google("g1", "in_stock", "15.00 EUR", "12.00 EUR", size="S"),
        google("g2", "out_of_stock", "11.00 EUR", size="M"),
        google("g3", "preorder", "15.00 EUR", size="L"),
        google("g4", "out of stock", "9.00 EUR", group=""),
        delimiter="\t",
    )
    items, report = ingested(shop, path)
    assert (report.shape, set(items)) == ("Google Merchant feed", {"TEE", "g4"})
    tee = items["TEE"]
    assert (tee.title, tee.price, tee.currency, tee.stock) == (
        "Tee", Decimal("12.00"), "EUR", None,
    )  # fmt: skip
    assert dict(tee.attributes) == {"color": ("Blue",), "size": ("S", "M", "L")}
    assert tee.image_url == "https://x.example/g1.jpg"
    assert items["g4"].stock == 0


def test_a_sale_of_another_time_does_not_count(shop, write):
    header = f"{GOOGLE},sale_price_effective_date"
    past = "2020-01-01T00:00+0100/2020-02-01T00:00+0100"
    now = "2020-01-01T00:00+0100/2999-02-01T00:00+0100"
    path = write(header, google("a", "in_stock", "15 EUR", "12 EUR", group="") + f"|{past}",
                 google("b", "in_stock", "15 EUR", "12 EUR", group="") + f"|{now}")  # fmt: skip
    items, _ = ingested(shop, path)
    assert (items["a"].price, items["b"].price) == (Decimal(15), Decimal(12))


WOO = (
    "ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Stock,Sale price,Regular price,"
    "Categories,Images,Parent,Attribute 1 name,Attribute 1 value(s)"
)


def test_a_woocommerce_export(shop, write):
    path = write(
        WOO,
        "11|simple|MUG-1|Mug|1|visible|1|7||12.50|Kitchen > Mugs, Outdoor > Cooking|"
        "https://x.example/a.jpg, https://x.example/b.jpg||Colour|Blue",
        "12|simple|MUG-2|Clay mug|1|visible|1|3|9.00|14.00|Kitchen > Mugs\\, Cups|||",
        "13|simple|MUG-3|Draft|0|visible|1|3||14.00||||",
        "14|variable|TEE|Tee|1|visible|1||||Clothing|||Size|S, M",
        "15|variation|TEE-S|Tee - S|1|visible|1|4||19.00|||TEE|Size|S",
        "16|variation|TEE-M|Tee - M|1|visible|1|4||21.00|||id:14|Size|M",
        "17|simple|P|Private|-1|hidden|1|4||5.00||||",
        "18|simple|B|On order|1|visible|backorder|0||5.00||||",
    )
    path.write_text(
        "\n".join(line + "," * (14 - _commas(line)) for line in path.read_text().splitlines()),
        "utf-8",
    )
    items, report = ingested(shop, path, currency="EUR")
    assert (report.shape, report.reasons) == (
        "WooCommerce product export", {"not published in the shop": 2},
    )  # fmt: skip
    assert {id: (str(item.price), item.stock) for id, item in items.items()} == {
        "11": ("12.50", 7), "12": ("9.00", 3), "14": ("19.00", 8), "18": ("5.00", None),
    }  # fmt: skip
    assert items["11"].category == ("Kitchen", "Mugs")
    assert items["11"].attributes["also in"] == ("Outdoor", "Cooking")
    assert items["11"].image_url == "https://x.example/a.jpg"
    assert items["12"].category == ("Kitchen", "Mugs, Cups")
    assert items["14"].attributes["Size"] == ("S", "M")


def _commas(line):
    return len(next(csv.reader([line]))) - 1


SHOPIFY = (
    "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant Price,Variant Inventory Tracker,"
    "Variant Inventory Qty,Image Src,Status"
)


def test_shopify_rows_of_a_handle_may_stand_apart(shop, write):
    path = write(
        SHOPIFY,
        "tee|Plain tee|R|Size|S|19.00|shopify|4|https://x.example/1.jpg|active",
        "cap|Wool cap|R|Title|Default Title|12.00||0||active",
        "tee||||M|17.00|shopify|0||",
        "old|Old|R|||1.00|shopify|1||draft",
        "tee||||L, long|21.00|shopify|6||",
    )
    items, report = ingested(shop, path)
    tee = items["tee"]
    assert (tee.price, tee.stock) == (Decimal("17.00"), 10)
    assert tee.attributes["Size"] == ("S", "M", "L, long")
    assert items["cap"].stock is None, "Shopify does not count it"
    assert (report.added, report.reasons) == (2, {"not published in the shop": 1})


def test_shopify_says_whether_what_is_sold_out_can_be_ordered(shop, write):
    header = f"{SHOPIFY},Variant Inventory Policy"
    path = write(
        header,
        "tee|Tee|R|Size|S|19.00|shopify|4||active|deny",
        "tee||||M|17.00|shopify|0|||deny",
        "cap|Cap|R|Size|S|19.00|shopify|4||active|deny",
        "cap||||M|17.00|shopify|0|||continue",
    )
    items, _ = ingested(shop, path)
    assert (items["tee"].price, items["tee"].stock) == (Decimal("19.00"), 4)
    assert (items["cap"].price, items["cap"].stock) == (Decimal("17.00"), None)


MAGENTO = (
    "sku,product_type,categories,name,product_online,visibility,price,special_price,qty,"
    "is_in_stock,additional_attributes,configurable_variations"
)


def test_a_magento_export(shop, write):
    paths = "Default Category/Men/Tops,Default Category/Sale"
    path = write(
        MAGENTO,
        f"M-S|simple|{paths}|Hoodie-S|1|Not Visible Individually|52||5|1|size=S,color=Red|",
        f"M-M|simple|{paths}|Hoodie-M|1|Not Visible Individually|50||0|0|size=M,color=Red|",
        f"M|configurable|{paths}|Hoodie|1|Catalog, Search|52||0|1|material=Wool,sale=No|"
        "sku=M-S,size=S¦sku=M-M,size=M",
        "X|simple|Default Category|Loose|1|Not Visible Individually|5||1|1||",
    )
    path.write_text(path.read_text("utf-8").replace("¦", "|"), "utf-8")
    items, report = ingested(shop, path)
    assert (report.shape, set(items)) == ("Magento product export", {"M"})
    hoodie = items["M"]
    assert (hoodie.title, hoodie.price, hoodie.stock) == ("Hoodie", Decimal(52), 5)
    assert hoodie.category == ("Men", "Tops")
    assert dict(hoodie.attributes) == {
        "material": ("Wool",), "sale": ("No",), "also in": ("Sale",), "size": ("S", "M"),
        "color": ("Red",),
    }  # fmt: skip
    assert report.reasons == {"not published in the shop": 1}


def test_variants_that_a_row_lists(shop, tmp_path):
    path = tmp_path / "products.jsonl"
    shopify = {
        "id": 1, "title": "Tee", "vendor": "R", "body_html": "<p>Soft</p>",
        "options": [{"name": "Size"}, {"name": "Colour"}],
        "images": [{"src": "https://x.example/1.jpg"}],
        "variants": [
            {"id": 10, "price": "9.00", "option1": "S", "option2": "Red", "available": False},
            {"id": 11, "price": "12.00", "option1": "M", "option2": "Red", "available": True},
        ],
    }  # fmt: skip
    other = {
        "id": 2, "title": "Cup",
        "variants": [
            {"price": {"amount": "5.50", "currency": "EUR"}, "stock": "1,000", "color": "blue"},
            {"price": {"amount": "6.00", "currency": "EUR"}, "stock": 4, "attributes":
             [{"name": "glaze", "value": "matt"}]},
            {"price": "ask us", "stock": 4},
        ],
    }  # fmt: skip
    plain = {"id": 3, "title": "Pot", "price": "3.00", "stock": 2, "variants": []}
    path.write_text("".join(json.dumps(row) + "\n" for row in (shopify, other, plain)), "utf-8")
    items, report = ingested(shop, path)
    tee, cup, pot = items["1"], items["2"], items["3"]
    assert (tee.price, tee.stock, tee.image_url) == (
        Decimal("12.00"), None, "https://x.example/1.jpg",
    )  # fmt: skip
    assert dict(tee.attributes) == {"Size": ("S", "M"), "Colour": ("Red",)}
    assert (cup.price, cup.currency, cup.stock) == (Decimal("5.50"), "EUR", 1004)
    assert dict(cup.attributes) == {"color": ("blue",), "glaze": ("matt",)}
    assert (pot.price, pot.stock) == (Decimal("3.00"), 2)
    assert report.left_out == {"variants: not a price, or more than one": 1}


@pytest.mark.parametrize(
    ("column", "word"),
    [("status", "draft"), ("Published", "false"), ("is_active", "0"), ("visibility", "hidden")],
)
def test_what_the_shop_does_not_show_is_left_out_and_said(shop, write, column, word):
    path = write(f"id,title,{column}", "1|Mug|", f"2|Pot|{word}", "3|Pan|on sale")
    items, report = ingested(shop, path)
    assert set(items) == {"1", "3"}
    assert report.reasons == {"not published in the shop": 1}


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("name", "count", "rejected"),
    [("google_feed.tsv", 35, 0), ("products_export.csv", 28, 2), ("google.tsv", 1, 0),
     ("woo.csv", 3, 2), ("shopify_split.csv", 2, 0), ("08_parent_variant.csv", 1, 0)],
)  # fmt: skip
def test_shared_files_with_variants(shop, name, count, rejected):
    items, report = ingested(shop, CASES / name)
    assert (len(items), report.rejected, report.left_out) == (count, rejected, {})
    assert all(item.price is not None for item in items.values())


LUMA = Path(__file__).parents[3] / "shared" / "data" / "magento_luma"


@pytest.mark.shared_data
@pytest.mark.skipif(not LUMA.is_dir(), reason="the shared data are not here")
def test_a_real_magento_export(shop):
    path = LUMA / "ConfigurableSampleData" / "fixtures" / "products.csv"
    items, report = ingested(shop, path)
    assert (report.rows, len(items), report.rejected, report.left_out) == (1994, 147, 0, {})
    assert items["MH01"].attributes["size"] == ("XS", "S", "M", "L", "XL")
    assert items["MH01"].category == ("Men", "Tops", "Hoodies & Sweatshirts")


def test_a_parent_that_is_set_aside_costs_its_variants_nothing(shop, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "id,parent_id,title,price,stock,size,description\n"
        'A,,Tee,5,1,,"unclosed\nB,,Cap,5,zzz,,x\nB-1,B,Cap red,5,1,S,x\nB-2,B,Cap blue,5,1,M,x\n'
        "C,,Pan,5,1,,y\nD,,Pot,5,zzz,,y\n"
    )
    items, report = ingested(shop, path)
    assert {id: item.stock for id, item in items.items()} == {"B": 2, "C": 1}
    assert report.reasons["not a stock count"] == 2
