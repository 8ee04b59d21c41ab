"""Sentences from fields pass the checker for every product of the demo store."""

import json
import random
from decimal import Decimal
from importlib import resources

import pytest

from llmrec.explain import WordsRequest, check, facts_of, words_from_fields
from llmrec.explain.from_fields import spoken_language
from llmrec.types import EventKind, HistoryEntry, Item


def demo_items():
    folder = resources.files("llmrec.demo")
    lines = [
        line
        for path in sorted(folder.iterdir(), key=lambda one: one.name)
        if path.name.startswith("products_") and path.name.endswith(".jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    for line in lines:
        row = json.loads(line)
        yield Item(
            id=row["id"],
            title=row["title"],
            brand=row.get("brand"),
            category=tuple(row["category"]),
            description=row["description"],
            price=Decimal(str(row["price"])),
            currency=row["currency"],
            language=row.get("language"),
            attributes={name: str(value) for name, value in (row.get("attributes") or {}).items()},
        )


@pytest.fixture(scope="module")
def items():
    return list(demo_items())


@pytest.mark.parametrize("language", [None, "en", "de", "zh"])
def test_sentences_from_fields_hold_in_every_language(items, language):
    chance = random.Random(5)
    for number, item in enumerate(items[::3]):
        anchor = chance.choice(items)
        entry = HistoryEntry(item=anchor.id, kind=chance.choice(list(EventKind)))
        request = WordsRequest(item, ((entry, anchor),), None, True, number, (0,), language)
        facts = facts_of(item, request.history)
        for words in words_from_fields(request):
            said_in = spoken_language(request)
            assert check(words.text, facts, language=said_in) == (), words.text
            known = {f"item:{anchor.id}", *facts.fields}
            assert set(words.evidence) <= known
