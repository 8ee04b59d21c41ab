"""The shapes of files that are recognised by themselves, and the names that columns go by.

A shape is recognised by columns that no other kind of file has together. Column names are compared
without regard to case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from llmrec.ingest.times import DateOrder
from llmrec.types import EventKind

__all__ = [
    "EVENT_FIELDS",
    "EVENT_NAMES",
    "ITEM_FIELDS",
    "ITEM_NAMES",
    "RATING_COLUMNS",
    "SHAPES",
    "TITLE_FALLBACKS",
    "Merge",
    "Shape",
    "Target",
]

Target = Literal["items", "events"]
Merge = Literal["none", "variants", "sales"]
"""Whether several rows make one item: Shopify's variants, or all sales of a stock code."""

ITEM_FIELDS = (
    "id", "title", "brand", "category", "description", "price", "currency", "language", "stock",
    "attributes", "url", "image_url", "added_at",
)  # fmt: skip
EVENT_FIELDS = ("user", "item", "kind", "at", "position", "value", "text", "status", "returned")


@dataclass(frozen=True)
class Shape:
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
        comma: commas part the steps of a category.
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
    comma: bool = False


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
    Shape(
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
    Shape(
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
    Shape(
        "Shopify product export",
        "items",
        ("Handle", "Title", "Vendor", "Variant Price"),
        _SHOPIFY,
        merge="variants",
    ),
    Shape(
        "Shopify product export",
        "items",
        ("URL handle", "Title", "Vendor", "Price"),
        _SHOPIFY,
        merge="variants",
    ),
    Shape(
        "MovieLens, movies",
        "items",
        ("movieId", "title", "genres"),
        {"id": ("movieId",), "title": ("title",), "category": ("genres",)},
    ),
    Shape(
        "MovieLens, ratings",
        "events",
        ("userId", "movieId", "rating", "timestamp"),
        {"user": ("userId",), "item": ("movieId",), "at": ("timestamp",), "value": ("rating",)},
        kind=EventKind.RATING,
    ),
    Shape(
        "UCI Online Retail",
        "items",
        _SALES,
        _SALES_ITEMS,
        currency="GBP",
        merge="sales",
    ),
    Shape(
        "UCI Online Retail",
        "items",
        _SALES_II,
        _SALES_ITEMS,
        currency="GBP",
        merge="sales",
    ),
    Shape(
        "UCI Online Retail",
        "events",
        _SALES,
        _SALES_EVENTS,
        kind=EventKind.PURCHASE,
        order="mdy",
    ),
    Shape(
        "UCI Online Retail",
        "events",
        _SALES_II,
        _SALES_EVENTS,
        kind=EventKind.PURCHASE,
        order="mdy",
    ),
    Shape(
        "UCI Online Retail, prepared",
        "items",
        ("item_id", "title", "price", "n_invoices"),
        {"id": ("item_id",), "title": ("title", "text"), "price": ("price",)},
        currency="GBP",
    ),
    Shape(
        "MovieLens, prepared",
        "items",
        ("item_id", "title", "category", "llamarec_id"),
        {"id": ("item_id",), "title": ("title", "text"), "category": ("category",)},
        comma=True,
    ),
    Shape(
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
    "price": ("price", "unitprice", "saleprice", "listprice"),
    "currency": ("currency", "currencycode", "pricecurrency"),
    "language": ("language", "lang", "locale"),
    "stock": ("stock", "stocklevel", "inventory", "inventoryquantity", "availability", "instock"),
    "attributes": ("attributes", "properties", "specs", "specifications"),
    "url": ("url", "link", "producturl", "productlink"),
    "image_url": ("imageurl", "imagelink", "imagesrc", "image", "images", "img"),
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
