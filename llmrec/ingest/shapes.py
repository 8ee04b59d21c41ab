"""The shapes of files that are recognised by themselves, and the names that columns go by.

A shape is recognised by columns that no other kind of file has together. Column names are compared
without regard to case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from llmrec.ingest.paths import PLAIN_PATHS, PathStyle
from llmrec.ingest.times import DateOrder
from llmrec.types import EventKind

__all__ = [
    "CENT_COLUMNS",
    "EVENT_FIELDS",
    "EVENT_NAMES",
    "ITEM_FIELDS",
    "ITEM_HELPERS",
    "ITEM_NAMES",
    "OPTION_COLUMNS",
    "RATING_COLUMNS",
    "SHAPES",
    "TITLE_FALLBACKS",
    "FileShape",
    "Merge",
    "Target",
]

Target = Literal["items", "events"]
Merge = Literal["none", "handles", "parents", "sales"]
"""Whether several rows make one item: those of Shopify's handle, a parent and its variants, or all
sales of a stock code."""

ITEM_FIELDS = (
    "id", "title", "brand", "category", "description", "price", "currency", "language", "stock",
    "attributes", "url", "image_url", "added_at",
)  # fmt: skip
EVENT_FIELDS = ("user", "item", "kind", "at", "position", "value", "text", "status", "returned")
ITEM_HELPERS = ("sale_price", "availability", "parent", "published", "status", "visibility")
"""What a file may say besides, by which the fields are made; ``--map`` can name them too."""


@dataclass(frozen=True)
class FileShape:
    """A kind of file.

    Attributes:
        name: how the report calls it.
        target: what its rows become.
        needs: columns that tell it.
        columns: our field -> its columns; the first that says something counts.
        currency: of prices that name none.
        kind: of its events.
        order: month or day first in slashed dates.
        merge: whether several rows make one item.
        path: the category's columns are steps of one path.
        paths: how its categories are written.
    """

    name: str
    target: Target
    needs: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None
    kind: EventKind | None = None
    order: DateOrder | None = None
    merge: Merge = "none"
    path: bool = False
    paths: PathStyle = PLAIN_PATHS


_SHOPIFY = {
    "id": ("Handle", "URL handle"),
    "title": ("Title",),
    "brand": ("Vendor",),
    "category": ("Product Category", "Type"),
    "description": ("Body (HTML)", "Description"),
    "price": ("Variant Price", "Price"),
    "stock": ("Variant Inventory Qty", "Inventory quantity"),
    "image_url": ("Image Src", "Product image URL"),
    "attributes.tags": ("Tags",),
    "option1.name": ("Option1 Name",),
    "option1.value": ("Option1 Value",),
    "option2.name": ("Option2 Name",),
    "option2.value": ("Option2 Value",),
    "option3.name": ("Option3 Name",),
    "option3.value": ("Option3 Value",),
    "status": ("Status",),
    "published": ("Published", "Published on online store"),
    "tracked": ("Variant Inventory Tracker", "Inventory tracker"),
    "policy": ("Variant Inventory Policy", "Continue selling when out of stock"),
}
_WOO = {
    "id": ("ID",),
    "sku": ("SKU",),
    "title": ("Name",),
    "brand": ("Brands", "Brand"),
    "category": ("Categories",),
    "description": ("Description", "Short description"),
    "price": ("Regular price",),
    "sale_price": ("Sale price",),
    "sale_from": ("Date sale price starts",),
    "sale_to": ("Date sale price ends",),
    "stock": ("Stock",),
    "availability": ("In stock?",),
    "image_url": ("Images",),
    "url": ("External URL",),
    "attributes.tags": ("Tags",),
    "published": ("Published",),
    "visibility": ("Visibility in catalog",),
    "parent": ("Parent",),
} | {
    f"option{i}.{part}": (f"Attribute {i} {column}",)
    for i in range(1, 7)
    for part, column in (("name", "name"), ("value", "value(s)"))
}
_GOOGLE = {
    "id": ("id",),
    "title": ("title",),
    "brand": ("brand",),
    "category": ("product_type", "google_product_category"),
    "description": ("description",),
    "price": ("price",),
    "sale_price": ("sale_price",),
    "sale_dates": ("sale_price_effective_date",),
    "stock": ("quantity_to_sell_on_facebook", "inventory", "quantity"),
    "availability": ("availability",),
    "url": ("link",),
    "image_url": ("image_link", "additional_image_link"),
    "parent": ("item_group_id",),
} | {
    f"attributes.{name}": (name,)
    for name in ("color", "size", "material", "pattern", "gender", "age_group")
}
_MAGENTO = {
    "id": ("sku",),
    "title": ("name",),
    "category": ("categories",),
    "description": ("description", "short_description"),
    "price": ("price",),
    "sale_price": ("special_price",),
    "sale_from": ("special_price_from_date",),
    "sale_to": ("special_price_to_date",),
    "stock": ("qty",),
    "availability": ("is_in_stock",),
    "attributes": ("additional_attributes",),
    "image_url": ("base_image",),
    "published": ("product_online",),
    "visibility": ("visibility",),
    "variations": ("configurable_variations",),
    "added_at": ("created_at",),
}
_SALES = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
_SALES_II = ("Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID")
_SALES_ITEMS = {
    "id": ("StockCode",),
    "title": ("Description",),
    "price": ("UnitPrice", "Price"),
}
_SALES_EVENTS = {
    "user": ("CustomerID", "Customer ID"),
    "item": ("StockCode",),
    "at": ("InvoiceDate",),
    "value": ("Quantity",),
    "invoice": ("InvoiceNo", "Invoice"),
}

SHAPES = (
    FileShape(
        "Amazon Reviews 2023, products",
        "items",
        ("parent_asin", "title", "store", "features", "details"),
        {
            "id": ("parent_asin",),
            "title": ("title",),
            "brand": ("store",),
            "category": ("categories", "main_category"),
            "description": ("description",),
            "features": ("features",),
            "price": ("price",),
            "attributes": ("details",),
            "image_url": ("images",),
        },
        currency="USD",
    ),
    FileShape(
        "Amazon Reviews 2023, reviews",
        "events",
        ("user_id", "parent_asin", "rating", "timestamp"),
        {
            "user": ("user_id",),
            "item": ("parent_asin",),
            "at": ("timestamp",),
            "value": ("rating",),
            "text": ("text",),
        },
        kind=EventKind.RATING,
    ),
    FileShape(
        "Shopify product export",
        "items",
        ("Handle", "Title", "Vendor", "Variant Price"),
        _SHOPIFY,
        merge="handles",
    ),
    FileShape(
        "Shopify product export",
        "items",
        ("URL handle", "Title", "Vendor", "Price"),
        _SHOPIFY,
        merge="handles",
    ),
    FileShape(
        "WooCommerce product export",
        "items",
        ("ID", "Type", "SKU", "Name", "Published", "Regular price"),
        _WOO,
        merge="parents",
        paths=PathStyle(comma_paths=True),
    ),
    FileShape(
        "Google Merchant feed",
        "items",
        ("id", "title", "link", "image_link", "availability", "price"),
        _GOOGLE,
        merge="parents",
        paths=PathStyle(numbers=False),
    ),
    FileShape(
        "Magento product export",
        "items",
        ("sku", "product_type", "name", "categories", "visibility", "additional_attributes"),
        _MAGENTO,
        merge="parents",
        paths=PathStyle(comma_paths=True, slashes=True, top="Default Category"),
    ),
    FileShape(
        "MovieLens, movies",
        "items",
        ("movieId", "title", "genres"),
        {"id": ("movieId",), "title": ("title",), "category": ("genres",)},
    ),
    FileShape(
        "MovieLens, ratings",
        "events",
        ("userId", "movieId", "rating", "timestamp"),
        {"user": ("userId",), "item": ("movieId",), "at": ("timestamp",), "value": ("rating",)},
        kind=EventKind.RATING,
    ),
    FileShape(
        "UCI Online Retail",
        "items",
        _SALES,
        _SALES_ITEMS,
        currency="GBP",
        merge="sales",
    ),
    FileShape(
        "UCI Online Retail",
        "items",
        _SALES_II,
        _SALES_ITEMS,
        currency="GBP",
        merge="sales",
    ),
    FileShape(
        "UCI Online Retail",
        "events",
        _SALES,
        _SALES_EVENTS,
        kind=EventKind.PURCHASE,
        order="mdy",
    ),
    FileShape(
        "UCI Online Retail",
        "events",
        _SALES_II,
        _SALES_EVENTS,
        kind=EventKind.PURCHASE,
        order="mdy",
    ),
    FileShape(
        "UCI Online Retail, prepared",
        "items",
        ("item_id", "title", "price", "n_invoices"),
        {"id": ("item_id",), "title": ("title", "text"), "price": ("price",)},
        currency="GBP",
    ),
    FileShape(
        "MovieLens, prepared",
        "items",
        ("item_id", "title", "category", "llamarec_id"),
        {"id": ("item_id",), "title": ("title", "text"), "category": ("category",)},
        paths=PathStyle(comma_steps=True),
    ),
    FileShape(
        "Women's clothing, prepared",
        "items",
        ("item_id", "title", "category", "department", "division"),
        {
            "id": ("item_id",),
            "title": ("title", "text"),
            "category": ("division", "department", "category"),
        },
        path=True,
    ),
)

_SALE_NAMES = (
    "saleprice", "specialprice", "salesprice", "discountprice", "discountedprice", "offerprice",
    "promoprice", "promotionalprice", "currentprice", "finalprice", "actualprice",
)  # fmt: skip
_CENT_NAMES = (
    "pricecents", "priceincents", "pricecent", "amountcents", "unitamount", "priceminor",
    "priceinminorunits", "priceminorunits",
)  # fmt: skip
CENT_COLUMNS = frozenset(_CENT_NAMES)
"""Price columns whose name says that they count cents."""

OPTION_COLUMNS = frozenset({"color", "colour", "size", "material", "pattern", "variant", "style",
                            "option", "flavour", "flavor", "scent", "length", "width"})  # fmt: skip
"""Columns by which the variants of a product differ, where a file has variants."""

ITEM_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": (
        "id", "itemid", "productid", "parentasin", "asin", "sku", "articleid", "articleno",
        "stockcode", "handle", "movieid", "ean", "gtin",
    ),
    "title": ("title", "name", "producttitle", "productname", "itemtitle", "itemname"),
    "brand": ("brand", "brandname", "vendor", "manufacturer", "maker", "store"),
    "category": (
        "category", "categories", "categorypath", "productcategory", "producttype",
        "googleproductcategory", "genres", "genre", "department",
    ),
    "description": ("description", "productdescription", "longdescription", "desc", "bodyhtml"),
    "price": (
        "price", "regularprice", "unitprice", "listprice", "originalprice", "normalprice",
        "baseprice", "variantprice", "retailprice", *_CENT_NAMES, *_SALE_NAMES,
    ),
    "sale_price": _SALE_NAMES,
    "currency": ("currency", "currencycode", "pricecurrency"),
    "language": ("language", "lang", "locale"),
    "stock": (
        "stock", "stocklevel", "stockquantity", "stockqty", "qtyinstock", "quantityinstock",
        "inventory", "inventoryquantity", "inventoryqty", "quantityavailable", "onhand",
        "quantityonhand", "qty",
    ),
    "availability": (
        "availability", "instock", "isinstock", "stockstatus", "availabilitystatus", "available",
        "isavailable",
    ),
    "parent": (
        "itemgroupid", "parentid", "parentsku", "parentproductid", "parentitemid", "masterid",
        "mastersku", "masterproductid", "productgroupid", "variantof", "parent",
    ),
    "published": (
        "published", "ispublished", "isactive", "active", "enabled", "isenabled", "productonline",
        "publishedononlinestore",
    ),
    "status": ("status", "productstatus", "publishstatus"),
    "visibility": ("visibility", "visibilityincatalog", "catalogvisibility"),
    "variants": ("variants",),
    "options": ("options",),
    "attributes": (
        "attributes", "properties", "specs", "specifications", "productspecifications",
        "additionalattributes",
    ),
    "url": ("url", "link", "producturl", "productlink", "permalink", "canonicalurl"),
    "image_url": (
        "imageurl", "imagelink", "imagesrc", "image", "images", "img", "imageurls", "mainimage",
        "baseimage", "productimage", "picture", "photo", "thumbnail",
    ),
    "added_at": ("addedat", "dateadded", "createdat", "publishedat", "created"),
}  # fmt: skip
"""Our field -> names it goes by, letters and digits only, the surest first."""

TITLE_FALLBACKS = ("text", "keywords")

EVENT_NAMES: Mapping[str, tuple[str, ...]] = {
    "user": (
        "user", "userid", "customer", "customerid", "shopper", "shopperid", "visitor", "visitorid",
        "client", "clientid", "member", "memberid", "reviewerid", "uid",
    ),
    "item": (
        "item", "itemid", "product", "productid", "parentasin", "asin", "sku", "articleid",
        "stockcode", "movieid", "iid",
    ),
    "kind": (
        "kind", "event", "eventtype", "eventname", "type", "action", "interaction", "behavior",
        "behaviour",
    ),
    "at": (
        "at", "timestamp", "time", "datetime", "date", "eventtime", "createdat", "orderdate",
        "purchasedate", "unixreviewtime", "ts",
    ),
    "position": ("position", "pos", "sequence", "seq", "step"),
    "value": ("value", "rating", "score", "stars", "overall", "quantity", "qty"),
    "text": ("reviewtext", "reviewbody", "text"),
    "status": ("orderstatus", "status", "financialstatus", "paymentstatus", "state", "orderstate"),
    "returned": (
        "returned", "isreturned", "isreturn", "refunded", "isrefunded", "isrefund", "cancelled",
        "canceled", "iscancelled", "iscanceled",
    ),
}  # fmt: skip

RATING_COLUMNS = frozenset({"rating", "score", "stars", "overall"})
"""Value columns that make an event a rating where the file says no kind."""
