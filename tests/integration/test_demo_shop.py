"""The whole main path on the demo store: real SmolLM2, MiniLM, Chroma and SQLite."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from llmrec import Filters, Recommender, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.demo import events_file, featured_shoppers, items_files
from llmrec.embedding import load_encoder
from llmrec.explain import facts_of
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, smollm2, minilm):
    workspace = Workspace.init(tmp_path_factory.mktemp("demo") / "shop")
    ingest_items(workspace, items_files())
    ingest_events(workspace, [events_file()])
    with CatalogStore.open(workspace.database_url) as store:
        report = build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    assert report.encoded == len(load_ids(workspace))
    return workspace


@pytest.fixture(scope="module")
def shop(workspace):
    with Recommender.open(workspace) as recommender:
        yield recommender


def load_ids(workspace):
    with CatalogStore.open(workspace.database_url) as store:
        return [item.id for batch in store.iter_items() for item in batch]


def test_featured_shoppers_get_ranked_products_with_reasons(shop):
    known = set(load_ids(shop.workspace))
    for user in featured_shoppers():
        answer = shop.recommend(user=user, k=2, filters=Filters(in_stock=True), describe=1)
        assert len(answer) == 2 and set(answer.ids) <= known
        assert not set(answer.ids) & {entry.item for entry in shop.history_of(user)}
        assert all(one.item.stock != 0 for one in answer)
        assert answer.trace.forward_passes == 0
        assert answer.trace.unranked == "no ranking adapter has shown a lift here"
        assert answer.trace.model == "smollm2-135m-instruct"
        reasons = [one.reason for one in answer if one.reason]
        assert answer[0].description and reasons
        assert all(one.text and one.evidence for one in reasons)
        assert all(one.origin in ("quote", "fields") for one in reasons)


def test_a_batch_ranks_as_one_by_one(shop):
    users = featured_shoppers()
    histories = [shop.history_of(user) for user in users]
    many = shop.recommend_many(histories, k=5, explain=False)
    for history, together in zip(histories, many, strict=True):
        alone = shop.recommend(history, k=5, explain=False)
        assert together.ids == alone.ids
        assert [one.score for one in together] == pytest.approx(
            [one.score for one in alone], abs=1e-3
        )


def test_a_query_in_words_finds_the_thing(shop):
    answer = shop.recommend([], k=5, query="something to brew espresso", explain=False)
    assert any("Coffee" in one.item.category for one in answer[:3])
    german = shop.recommend([], k=5, query="Ostfriesentee", filters={"languages": ["de"]})
    assert all(one.item.language == "de" for one in german)


def test_one_changed_title_is_one_item_encoded(workspace):
    encoder = load_encoder(workspace.settings.models.encoder)
    with CatalogStore.open(workspace.database_url) as store:
        item = store.item(load_ids(workspace)[0])
        store.write_items([replace(item, title=item.title + ", revised")])
        assert build_index(workspace, store, encoder).encoded == 1
        store.write_items([replace(item, stock=3, price=item.price + 1)])  # and the old title
        report = build_index(workspace, store, encoder)
        assert report.encoded == 1  # the title went back
        store.write_items([replace(item, stock=4, price=item.price + 2)])
        report = build_index(workspace, store, encoder)
        assert (report.encoded, report.updated) == (0, 1)


def test_facts_of_every_product_can_be_read(shop):
    items = shop.store.items(load_ids(shop.workspace))
    assert all(facts_of(item) for item in items.values())


def test_the_demo_command_tells_the_story(workspace):
    documents = workspace.path / "documents"
    documents.mkdir()
    (documents / "contact.md").write_text("# Contact\n\nOur own words.\n")
    result = CliRunner().invoke(app, ["demo", str(workspace.path), "-k", "1"])
    assert result.exit_code == 0, result.output
    for user in featured_shoppers():
        assert user in result.stdout
    assert result.stdout.count("EUR") >= 3 and "llmrec chat" in result.stdout
    assert len(list(documents.iterdir())) == 5 and "5 documents" in result.stderr
    assert "Our own words." in (documents / "contact.md").read_text()
