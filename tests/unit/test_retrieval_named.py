"""Titles that have the whole of a name, and the things that are called so."""

import numpy as np
import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Filters, Item

TITLES = {
    "sheet": "Groundsheet for two-person tents",
    "tent": "Skerry 2 two-person tent",
    "pegs": "Tent pegs",
    "dry": "Roll-top dry bag 20 l",
    "sleeping": "Ember down sleeping bag",
    "liner": "Silk sleeping bag liner",
    "footrest": "Footrest for the office",
    "chair": "Office chair with mesh back",
    "glue": "Wood glue 250 g",
    "zelt": "Zweimannzelt",
    "dress": "红色连衣裙",
    **{f"other{n}": f"Stoneware plate {n}" for n in range(30)},
}


class BlindEncoder(HashingEncoder):
    """Every text is near to a groundsheet, a dry bag and a footrest, as a real encoder may have it.

    So what comes first does so by its name.
    """

    def encode(self, texts, *, progress=None):
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for place, text in enumerate(texts):
            near = any(word in text for word in ("Groundsheet", "dry bag", "Footrest"))
            vectors[place, 0], vectors[place, 1] = (1, 0) if near else (0.8, 0.6)
            if text.islower():
                vectors[place, :2] = 1, 0
        return vectors


@pytest.fixture(scope="module")
def retriever(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named") / "shop"
    Workspace.init(folder)
    workspace = Workspace.open(folder, overrides={"models": {"encoder": "hashing"}})
    encoder = BlindEncoder()
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(Item(id, title) for id, title in TITLES.items())
        build_index(workspace, store, encoder)
    with Retriever.open(workspace, encoder=encoder) as opened:
        yield opened


def found(retriever, source, query, **filters):
    request = RetrievalRequest(query=query, filters=Filters(**filters))
    (hits,), row = retriever.found([request])
    ids = {place: id for id, place in row.items()}
    return [ids[place] for place in hits[source].rows.tolist()]


@pytest.mark.parametrize(
    ("query", "id"),
    [
        ("tent", "tent"),
        ("sleeping bag", "sleeping"),
        ("sleeping bags", "sleeping"),
        ("office chair", "chair"),
    ],
)
def test_the_whole_name_comes_first(retriever, query, id):
    result = retriever.retrieve(RetrievalRequest(query=query), 5)
    assert result.candidates[0].item == id
    assert {"titled", "named"} <= set(result.candidates[0].sources)


def test_of_the_titles_with_the_words_some_are_named_so(retriever):
    assert set(found(retriever, "titled", "sleeping bag")) == {"sleeping", "liner"}
    assert found(retriever, "named", "sleeping bag") == ["sleeping"]
    assert set(found(retriever, "titled", "tent")) == {"tent", "sheet", "pegs"}
    assert found(retriever, "named", "tent") == ["tent"]


def test_nearer_to_the_query_comes_first_among_equals(retriever):
    assert found(retriever, "titled", "tent")[0] == "sheet"


def test_a_part_of_the_name_is_another_thing(retriever):
    assert found(retriever, "titled", "wooden toy") == []  # not the wood glue
    assert found(retriever, "titled", "chair for a ballerina with wings") == []
    assert found(retriever, "titled", "silk sleeping bag") == ["liner"]
    assert found(retriever, "named", "silk sleeping bag") == []


def test_filters_hold_before_the_first_are_chosen(retriever):
    assert found(retriever, "titled", "sleeping bag", not_items=["sleeping"]) == ["liner"]
    # The best titles are gone, and a lesser one does not take their place.
    assert found(retriever, "titled", "silk sleeping bag", not_items=["liner"]) == []


def test_without_words_nothing_is_named(retriever):
    for query in (None, "!!!", "nothing of the sort"):
        assert found(retriever, "titled", query) == found(retriever, "named", query) == []


def test_words_in_pairs_of_characters(retriever):
    assert found(retriever, "named", "连衣裙") == ["dress"]
