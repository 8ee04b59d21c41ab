"""The registry, and the tools that find products and take note of what is done with them."""

import json
from decimal import Decimal

import pytest
from tool_shop import call, ids, make_demo_store, open_shop

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS
from llmrec.catalog.matching import fold
from llmrec.errors import LLMRecError, ToolError, UnknownItem
from llmrec.retrieval.fusion import BY_WORDS
from llmrec.types import EventKind, Filters, HistoryEntry

USER = "shopper-234"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_demo_store(tmp_path_factory.mktemp("demo") / "shop")


@pytest.fixture(scope="module")
def shop(workspace):
    with open_shop(workspace) as recommender:
        yield recommender


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_says_what_it_takes(name):
    tool = TOOLS[name]
    assert tool.name == name
    assert tool.description.endswith(".") and "\n" not in tool.description
    schema = json.loads(json.dumps(tool.schema))
    assert schema["additionalProperties"] is False
    assert tuple(schema["properties"]) == tool.takes
    assert set(tool.takes) == set(tool.arguments.model_fields)
    assert all(one.get("description") for one in schema["properties"].values()), schema
    assert [tool.name for tool in TOOLS.values() if tool.changes] == ["feedback"]


@pytest.mark.parametrize("name", TOOLS)
def test_a_wrong_argument_is_named_with_what_the_tool_takes(shop, name):
    with pytest.raises(ToolError, match="colour") as raised:
        call(shop, name, colour="blue")
    assert name in raised.value.message and raised.value.hint.startswith(f"{name} takes ")


def test_what_a_tool_alone_takes_comes_before_the_limits():
    assert TOOLS["search"].takes[:4] == ("query", "k", "sort", "categories")
    assert TOOLS["similar"].takes[:2] == ("product", "k")


def test_search_answers_the_same_whoever_asks(shop):
    known = Shopper.of_log(shop, USER)
    assert known.history
    found = call(shop, "search", query="watering can", k=4)
    assert found.to_dict() == call(shop, "search", known, query="watering can", k=4).to_dict()
    assert len(found.products) == 4
    assert "watering can" in found.products[0].title.lower()
    assert set(found.found[0].candidate.sources) <= set(BY_WORDS)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_search_leaves_out_what_the_shopper_dislikes_and_finds_what_they_have(shop):
    first, second = ids(call(shop, "search", query="watering can", k=2))
    shopper = Shopper(
        history=(
            HistoryEntry(item=first, kind=EventKind.DISLIKE),
            HistoryEntry(item=second, kind=EventKind.PURCHASE),
        )
    )
    found = ids(call(shop, "search", shopper, query="watering can", k=2))
    assert first not in found and second in found


def test_limits_hold_before_the_top_k_and_only_narrow(shop):
    shopper = Shopper(filters=Filters(max_price=Decimal(20), categories=("Garden", "Kitchen")))
    found = call(shop, "search", shopper, query="pot", k=20, max_price=500, categories=["garden"])
    assert len(found.products) == 20
    assert all(item.price <= 20 and "Garden" in item.category for item in found.products)
    assert found.matching >= 20
    with pytest.raises(ToolError, match="only Garden, Kitchen") as raised:
        call(shop, "search", shopper, query="pot", categories=["Office"])
    assert raised.value.field == "categories" and raised.value.hint
    with pytest.raises(LLMRecError, match="min_price"):
        call(shop, "search", shopper, query="pot", min_price=30)


def test_attributes_narrow_by_folded_name_and_value(shop):
    blue = call(shop, "search", query="blue", k=20, attributes={"Colour": ["BLUE"]})
    assert blue.products
    assert {fold(item.attributes["colour"][0]) for item in blue.products} == {"blue"}
    shopper = Shopper(filters=Filters(attributes={"colour": ("red", "blue")}))
    both = call(shop, "search", shopper, query="blue", k=20, attributes={"COLOUR": ["Blue"]})
    assert ids(both) == ids(blue)
    shopper = Shopper(filters=Filters(not_attributes={"colour": ("red",)}))
    rest = call(shop, "search", shopper, query="blue", k=20, not_attributes={"colour": ["Blue"]})
    assert rest.products
    left = {
        fold(value) for product in rest.products for value in product.attributes.get("colour", ())
    }
    assert not {"red", "blue"} & left


def test_recommend_is_the_main_path(shop):
    shopper = Shopper.of_log(shop, USER)
    result = call(shop, "recommend", shopper, query="a present", k=3, describe=1, max_price=40)
    expected = shop.recommend(
        user=USER, k=3, query="a present", filters={"max_price": 40}, describe=1
    )
    assert tuple(ids(result)) == expected.ids
    assert not {entry.item for entry in shopper.history} & set(ids(result))
    plain = result.to_dict()
    reasons = [one.reason.text if one.reason else None for one in expected]
    assert any(reasons) and [one.get("reason") for one in plain["products"]] == reasons
    assert plain["products"][0]["description"] and "description" not in plain["products"][1]
    assert plain["matching"] == expected.trace.matching
    assert json.loads(json.dumps(plain)) == plain
    asked = call(shop, "recommend", Shopper(history=shopper.history, query="a present"), k=3)
    assert tuple(ids(asked)) == shop.recommend(shopper.history, 3, "a present").ids


def test_feedback_counts_in_the_next_answer(shop):
    user = "somebody-new"
    before = call(shop, "recommend", Shopper.of_log(shop, user), k=3, reasons=False)
    unwanted = before.products[0]
    noted = call(
        shop, "feedback", Shopper.of_log(shop, user), product=unwanted.title, kind="dislike"
    )
    assert noted.stored and noted.to_dict()["product"]["id"] == unwanted.id
    assert shop.store.history(user)[-1].kind is EventKind.DISLIKE
    shopper = Shopper.of_log(shop, user)
    assert shopper.history == (noted.entry,)
    assert unwanted.id not in ids(call(shop, "recommend", shopper, k=20, reasons=False))
    assert unwanted.id not in ids(call(shop, "search", shopper, query=unwanted.title, k=20))


def test_feedback_comes_after_a_log_that_is_ahead_of_the_clock(shop):
    from datetime import datetime, timezone

    from llmrec.types import Event

    late = datetime(2999, 1, 1, tzinfo=timezone.utc)
    shop.store.write_events([Event("early-bird", "GAR-001", EventKind.LIKE, late)])
    shopper = Shopper.of_log(shop, "early-bird")
    call(shop, "feedback", shopper, product="GAR-001", kind="dislike")
    kinds = [entry.kind for entry in Shopper.of_log(shop, "early-bird").history]
    assert kinds == [EventKind.LIKE, EventKind.DISLIKE]


def test_feedback_of_a_stranger_is_not_stored(shop):
    before = shop.store.count_events()
    noted = call(shop, "feedback", product="gar-001", kind="rating", value=4)
    assert not noted.stored and shop.store.count_events() == before
    assert noted.entry.item == "GAR-001" and noted.entry.value == 4
    assert Shopper().after(noted.entry).history == (noted.entry,)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"kind": "rating"}, "value"),
        ({"kind": "like", "value": 3}, "value"),
        ({"kind": "rating", "value": -1}, "value"),
        ({"kind": "rating", "value": float("nan")}, "value"),
        ({"kind": "view"}, "kind"),
    ],
)
def test_an_impossible_feedback_is_refused_and_not_written(shop, arguments, field):
    before = shop.store.count_events()
    with pytest.raises(ToolError) as raised:
        call(shop, "feedback", Shopper(user=USER), product="GAR-001", **arguments)
    assert raised.value.field == field and raised.value.hint
    assert shop.store.count_events() == before


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("GAR-0O1", "GAR-001 (Balcony tomato Dwarf Ruby)"),
        ("XGAR-002", "GAR-002"),
        ("Dwarf Ruby", "GAR-001 (Balcony tomato Dwarf Ruby)"),
        ("%_\\", "the tool search"),
        ("zzzz qqqq", "tool search"),
    ],
)
def test_an_unknown_product_brings_the_nearest(shop, name, hint):
    with pytest.raises(UnknownItem, match="has no product") as raised:
        call(shop, "feedback", product=name, kind="like")
    assert hint in raised.value.hint


def test_an_empty_answer_says_which_limits_are_to_blame(shop):
    limits = {"brands": ["Fennibor"], "max_price": 1, "attributes": {"colour": ["no colour"]}}
    blamed = ("no product passes attributes.colour (no colour)",)
    for name, arguments in (
        ("search", {"query": "seeds"}),
        ("recommend", {}),
        ("similar", {"product": "GAR-001"}),
    ):
        result = call(shop, name, **arguments, **limits)
        assert (result.products, result.notes[-1:]) == ((), blamed)
        assert blamed[0] in result.to_dict()["notes"]
    two = {"brands": ["Fennibor"], "min_price": 100, "in_stock": True}
    notes = call(shop, "search", query="seeds", **two).notes
    seeds = shop.retriever.matching(Filters(brands=("Fennibor",), in_stock=True))
    dear = shop.retriever.matching(Filters(min_price=100, in_stock=True))
    assert notes == (
        f"without brands (Fennibor) {dear} would pass",
        f"without min_price (100) {seeds} would pass",
    )
    assert call(shop, "search", query="seeds", brands=["Fennibor"]).notes == ()
