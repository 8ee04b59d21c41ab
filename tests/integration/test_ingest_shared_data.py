"""The research data sets beside the project, all of them recognised by themselves."""

from decimal import Decimal
from pathlib import Path

import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.ingest import IngestOptions, ingest_events, ingest_items

pytestmark = [pytest.mark.integration, pytest.mark.shared_data]

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


@pytest.fixture
def ingest(tmp_path):
    if not DATA.is_dir():
        pytest.skip("the research data sets are not beside the project")
    shop = Workspace.init(tmp_path / "shop")

    def ingest(name, events=True, limit=None):
        items = ingest_items(shop, [DATA / name / "items.parquet"]).files[0]
        options = IngestOptions(limit=limit)
        log = None
        if events:
            path = DATA / name / "interactions.parquet"
            log = ingest_events(shop, [path], options=options).files[0]
        return items, log, CatalogStore.open(shop.database_url)

    return ingest


def test_amazon_beauty_loses_no_item_and_keeps_the_order(ingest):
    items, events, store = ingest("amazon14_beauty")
    with store:
        assert (items.added, items.rejected) == (12_101, 0)
        assert (events.added, events.rejected) == (198_502, 0)
        assert store.count_users() == 22_363
        history = store.history("A1YJEY40YUW4SE")
        assert [event.position for event in history] == list(range(len(history)))
        assert {event.at for event in history} == {None}
        assert all(item.title for batch in store.iter_items() for item in batch)


def test_online_retail_has_prices_in_pounds(ingest):
    items, events, store = ingest("online_retail", limit=50_000)
    with store:
        assert (items.added, items.rejected) == (3_659, 0)
        assert events.rows == events.added + events.duplicates == 50_000
        item = store.item("10002")
        assert (item.price, item.currency) == (Decimal("0.85"), "GBP")


@pytest.mark.parametrize(
    ("name", "items", "events"),
    [("minionerec_industrial", 3_686, 22_743), ("minionerec_office", 3_459, 22_447)],
)
def test_amazon_2018(ingest, name, items, events):
    items_report, events_report, store = ingest(name)
    with store:
        assert (items_report.added, events_report.added) == (items, events)
        assert {e.kind.value for e in store.history(store.users(1)[0])} == {"rating"}


def test_movielens_with_its_one_broken_time(ingest):
    items, events, store = ingest("ml_latest_small")
    with store:
        assert (items.added, events.added) == (3_650, 90_273)
        assert events.reasons == {"not a time": 1}
        assert store.item("1").category == (
            "Adventure",
            "Animation",
            "Children",
            "Comedy",
            "Fantasy",
        )


@pytest.mark.parametrize(
    ("name", "count"), [("mg_shopdial", 57), ("womens_clothing_reviews", 1_206)]
)
def test_catalogues_without_a_log(ingest, name, count):
    items, _, store = ingest(name, events=False)
    with store:
        assert (items.added, items.rejected) == (count, 0)
        assert all(item.title for batch in store.iter_items() for item in batch)
