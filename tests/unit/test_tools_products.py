"""The tools about given products: what is near them, how they differ, what describes them."""

import json
from decimal import Decimal

import pytest
from tool_shop import call, ids, make_demo_store, open_shop

from llmrec.agent.shopper import Shopper
from llmrec.catalog.matching import matches
from llmrec.errors import ConfigError, ToolError, UnknownItem
from llmrec.types import EventKind, Filters, HistoryEntry

CAN = "GAR-020"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_demo_store(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture(scope="module")
def shop(workspace):
    with open_shop(workspace) as recommender:
        yield recommender


@pytest.mark.parametrize(("name", "source"), [("similar", "text"), ("bought_together", "together")])
def test_what_is_near_comes_from_its_own_source_in_that_order(shop, name, source):
    result = call(shop, name, product=CAN, k=6)
    assert len(result.products) == 6 and CAN not in ids(result)
    assert [set(one.candidate.sources) for one in result.found] == [{source}] * 6
    assert [one.candidate.sources[source].rank for one in result.found] == [1, 2, 3, 4, 5, 6]
    plain = result.to_dict()
    assert plain["product"]["id"] == CAN and plain["products"][0]["sources"] == {source: 1}
    assert json.loads(json.dumps(plain)) == plain


@pytest.mark.parametrize("name", ["similar", "bought_together"])
def test_limits_act_before_the_nearest_are_cut_off(shop, name):
    free = call(shop, name, product=CAN, k=20)
    filters = Filters(max_price=Decimal(9), not_brands=(free.products[0].brand,), in_stock=True)
    kept = call(shop, name, Shopper(filters=filters), product=CAN, k=10)
    assert len(kept.products) == 10
    assert all(matches(item, filters) for item in kept.products)
    assert set(ids(kept)) - set(ids(free)), "the limits let nothing in that was further away"


@pytest.mark.parametrize("name", ["similar", "bought_together"])
def test_known_and_unwanted_products_do_not_come_back(shop, name):
    first, second, third = ids(call(shop, name, product=CAN, k=3))
    history = (
        HistoryEntry(item=first, kind=EventKind.DISLIKE),
        HistoryEntry(item=second, kind=EventKind.PURCHASE),
    )
    assert ids(call(shop, name, Shopper(history=history), product=CAN, k=1)) == [third]
    again = Shopper(history=history, filters=Filters(allow_seen=True))
    assert ids(call(shop, name, again, product=CAN, k=2)) == [second, third]


def test_a_product_that_nobody_has_bought_goes_together_with_nothing(shop):
    from llmrec.types import Item

    shop.store.write_items([Item("NEW-1", "Untouched thing")])
    try:
        result = call(shop, "bought_together", product="NEW-1")
        assert result.products == () and result.matching > 400
    finally:
        shop.store.delete_item("NEW-1")


def test_a_source_that_was_switched_off_is_named(workspace):
    from llmrec import Recommender

    weights = {"text": 0.0, "query": 1.0, "popular": 1.0}
    overrides = {"retrieval": {"weights": weights}}
    with (
        Recommender.open(workspace.path, overrides=overrides) as shop,
        pytest.raises(ConfigError, match="text") as raised,
    ):
        call(shop, "similar", product=CAN)
    assert "retrieval.weights" in raised.value.hint


def test_compare_shows_the_catalogues_fields_and_what_differs(shop):
    names = ["GAR-001", "Climbing bean Blue Lake type", "GAR-020"]
    result = call(shop, "compare", products=names)
    assert ids(result) == ["GAR-001", "GAR-002", "GAR-020"]
    table = {field.name: field for field in result.fields}
    assert table["price"].values[:2] == ("3.40 EUR", "2.90 EUR")
    assert table["attributes.sow"].values == ("February to April", "May to July", None)
    assert table["attributes.sow"].differs
    plain = result.to_dict()
    assert plain["same"]["language"] == "en" and "price" in plain["differs"]
    said = {text for field in result.fields for text in field.values if text}
    for item in result.items:
        listed = {", ".join(values) for values in item.attributes.values()}
        assert {*listed, item.brand} - {None} <= said


def test_compare_takes_differently_written_names_for_one_field(shop):
    from llmrec.types import Item

    items = [
        Item("CMP-1", "One", attributes={"Colour": "Blue"}),
        Item("CMP-2", "Two", attributes={"colour": "blue"}),
    ]
    shop.store.write_items(items)
    try:
        result = call(shop, "compare", products=["CMP-1", "CMP-2"])
        assert result.to_dict()["same"] == {"attributes.Colour": "Blue"}
    finally:
        for item in items:
            shop.store.delete_item(item.id)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["GAR-001"], "at least 2"),
        (["GAR-001"] * 6, "at most 5"),
        (["GAR-001", "Balcony tomato Dwarf Ruby"], "named twice"),
    ],
)
def test_too_few_too_many_or_the_same_products_are_not_compared(shop, names, match):
    with pytest.raises(ToolError, match=match) as raised:
        call(shop, "compare", products=names)
    assert raised.value.hint and raised.value.field == "products"


def test_an_unknown_product_of_several_is_named(shop):
    with pytest.raises(UnknownItem, match="GAR-9999"):
        call(shop, "compare", products=["GAR-001", "GAR-9999"])


def test_a_description_says_where_it_comes_from(shop):
    result = call(shop, "describe", product="GAR-001")
    item = shop.store.item("GAR-001")
    assert ids(result) == ["GAR-001"]
    assert result.description.origin == "quote" and "sentence:0" in result.description.evidence
    plain = result.to_dict()
    assert plain["shop_text"] == item.description and plain["description"]
    german = call(shop, "describe", product="GAR-501")
    assert german.description.origin == "quote" and german.item.title not in german.description.text


def test_words_come_from_fields_where_a_fallback_is_configured(workspace):
    from llmrec import Recommender
    from llmrec.engines import ScriptedEngine
    from llmrec.errors import EngineUnavailable

    def described(**ranking):
        engine = ScriptedEngine(fail_with=EngineUnavailable("the model is down."))
        with Recommender.open(
            workspace.path,
            overrides={"ranking": ranking, "explain": {"words": "model"}},
            engine=engine,
        ) as shop:
            return call(shop, "describe", product="GAR-001")

    assert described(on_engine_failure="fallback").description.origin == "fields"
    with pytest.raises(EngineUnavailable, match="down"):
        described()
