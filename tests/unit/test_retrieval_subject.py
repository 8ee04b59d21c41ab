"""What is not about the subject does not come, whatever the filters leave."""

from decimal import Decimal

import pytest

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Filters, Item

ITEMS = [
    Item("chair", "Office chair", price=Decimal(200), currency="EUR"),
    Item("stool", "Office chair, low", price=Decimal(90), currency="EUR"),
    Item("pen", "Ballpoint pen", price=Decimal(2), currency="EUR"),
    Item("ink", "Bottle of ink", price=Decimal(5), currency="EUR"),
]


@pytest.fixture
def retriever(tmp_path):
    Workspace.init(tmp_path / "shop")
    workspace = Workspace.open(tmp_path / "shop", overrides={"models": {"encoder": "hashing"}})
    encoder = HashingEncoder()
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(ITEMS)
        build_index(workspace, store, encoder)
    with Retriever.open(workspace, encoder=encoder) as opened:
        yield opened


def found(retriever, subject, **filters):
    limits = Filters(**filters)
    request = RetrievalRequest(query="office chair", filters=limits, subject=tuple(subject))
    result = retriever.retrieve(request, 10)
    assert result.matching == len(result.candidates)
    assert result.matching == retriever.matching(limits, subject=subject)
    return {candidate.item for candidate in result.candidates}


def test_only_what_is_about_a_subject_comes(retriever):
    assert found(retriever, ()) == {"chair", "stool", "pen", "ink"}
    assert found(retriever, ["office chair"]) == {"chair", "stool"}
    assert found(retriever, ["office chair", "ink"]) == {"chair", "stool", "ink"}


def test_the_floor_is_the_whole_catalogues_and_no_filter_lowers_it(retriever):
    assert found(retriever, ["office chair"], max_price=100) == {"stool"}
    assert found(retriever, ["office chair"], max_price=10) == set()


def test_where_nothing_is_like_the_subject_everything_may_come(retriever):
    assert found(retriever, ["?"]) == {"chair", "stool", "pen", "ink"}
