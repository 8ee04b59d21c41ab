"""Search as shoppers type, with the text encoder that ships: codes, slips, and other scripts."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.config import Workspace
from llmrec.demo import items_files
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_items
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Item

pytestmark = pytest.mark.integration

SEARCHES = Path(__file__).with_name("demo_searches.jsonl")
MORE = [
    Item("TK-210", "Wall bracket"),
    Item("d1", "雪纺连衣裙"),
    Item("d2", "连衣裙 蓝色"),
    Item("kite", "Sport kite Gannet", price=Decimal(589), currency="EUR"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    workspace = Workspace.init(tmp_path_factory.mktemp("words") / "shop")
    ingest_items(workspace, items_files())
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(MORE)
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    return workspace


@pytest.fixture(scope="module")
def search(shop):
    with Retriever.open(shop) as retriever, CatalogStore.open(shop.database_url) as store:

        def ask(query):
            result = retriever.retrieve(RetrievalRequest(query=query), 5)
            found = store.items(candidate.item for candidate in result.candidates)
            return [item.title.casefold() for item in found.values()], result.notes

        yield ask


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("kettel", "kettle"),
        ("ketle", "kettle"),
        ("keetle", "kettle"),
        ("tnet", "tent"),
        ("jaket", "jacket"),
        ("bakpack", "pack"),
        ("enamle mug", "enamel mug"),
        ("tnet for 2 persons", "tent"),
        ("sleepign bag", "sleeping bag"),
        ("ekttle", "kettle"),
        ("etnt", "tent"),
    ],
)
def test_slips_of_the_finger(search, slip, word):
    titles, _ = search(slip)
    assert any(word in title for title in titles)


@pytest.mark.parametrize("query", ["TK-210", "tk-210", "is TK-210 in stock?", "tk210", "tk 210"])
def test_codes(search, query):
    titles, notes = search(query)
    assert titles[0] == "wall bracket"
    assert notes == ()


def test_words_of_a_script_that_the_encoder_cannot_read(search):
    assert set(search("连衣裙")[0][:2]) == {"雪纺连衣裙", "连衣裙 蓝色"}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("Schlafsack", "sleeping bag"),
        ("Zelt", "tent"),
        ("Tomatensamen", "tomato"),
        ("睡袋", "sleeping bag"),
        ("猫抓板", "scratcher"),
        ("钢笔", "fountain pen"),
    ],
)
def test_words_of_another_language_find_english_products(search, query, word):
    titles, notes = search(query)
    assert any(word in title for title in titles)
    (note,) = notes
    assert note.startswith(f"no product has the word “{query}”; searched for “") and word in note


@pytest.mark.parametrize("query", ["qwertyzxcv", "nespresso vertuo pop", "flights to rome", "!!!"])
def test_what_nothing_answers_is_said(search, query):
    assert re.search("much like|does not know them", search(query)[1][-1])


@pytest.mark.parametrize("query", ["tent", "rain jacket", "a present for a gardener", "stapler"])
def test_what_something_answers_is_not(search, query):
    assert search(query)[1] == ()


def test_what_the_demo_store_has_not_is_said(search):
    lines = SEARCHES.read_text(encoding="utf-8").splitlines()
    queries = [json.loads(line) for line in lines]
    said = {
        query["query"]: re.search("much like|does not know", " ".join(search(query["query"])[1]))
        for query in queries
        if query["language"] == "en"
    }
    missing = [
        query["query"] for query in queries if query["query"] in said and not query["answered"]
    ]
    assert len(missing) == 11
    unsaid = [query for query in missing if said[query] is None]
    # 4 in the demo store alone; the dresses above are near to one more.
    assert len(unsaid) <= 5, unsaid
    there = [text for text in said if text not in missing]
    assert sum(said[query] is not None for query in there) <= 0.02 * len(there)


def test_a_sum_in_the_query_is_a_limit_on_the_command_line(shop):
    words = ["--query", "kite under 200 euros", "--no-reasons", "--json", "-w", str(shop.path)]
    done = CliRunner().invoke(app, ["recommend", *words])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["query"] == "kite"
    assert "read as a limit: at most 200 EUR" in answer["trace"]["notes"]
    prices = [float(one["item"]["price"]) for one in answer["recommendations"]]
    assert all(price <= 200 for price in prices)
