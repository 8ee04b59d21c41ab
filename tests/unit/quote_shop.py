"""The demo store's products as items, and the pieces that a text quotes of one."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache

from llmrec.demo import items_files
from llmrec.explain import WordsRequest, sentences_of
from llmrec.types import HistoryEntry, Item, Words


@lru_cache(maxsize=1)
def demo_products() -> dict[str, Item]:
    """By id, in the catalogue's order."""
    rows = [
        json.loads(line)
        for path in items_files()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return {row["id"]: _item(row) for row in rows}


def ask(*ids, query=None, bought=(), language=None, **more) -> list[WordsRequest]:
    """One answer of these products, with descriptions."""
    products = demo_products()
    history = tuple((HistoryEntry(item=id), products[id]) for id in bought)
    related = tuple(range(len(history)))
    return [
        WordsRequest(products[id], history, query, True, 1, related, language, **more) for id in ids
    ]


def quoted_sentences(item: Item, words: Words) -> list[str]:
    """The sentences of the description that the evidence names, as they stand there."""
    sentences = sentences_of(item.description)
    names = (name.partition("sentence:")[2] for name in words.evidence)
    return [sentences[int(place)].text for place in names if place]


def _item(row) -> Item:
    return Item(
        row["id"],
        row["title"],
        brand=row.get("brand"),
        category=tuple(row["category"]),
        description=row["description"],
        price=Decimal(str(row["price"])),
        currency=row["currency"],
        language=row["language"],
        stock=row["stock"],
        attributes=row.get("attributes") or {},
    )
