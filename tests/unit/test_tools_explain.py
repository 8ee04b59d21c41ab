"""The tool ``explain``: why this, and why not that."""

import json
import random
from decimal import Decimal

import pytest
from retrieval_shop import make_items
from tool_shop import make_demo_store, open_shop

from llmrec import Workspace
from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS
from llmrec.agent.tools.exclusions import exclusions
from llmrec.catalog.matching import matches
from llmrec.types import EventKind, Filters, HistoryEntry, Item

USER = "shopper-234"
KETTLE = Item(
    "k1",
    "Kettle",
    brand="Acme",
    category=("Kitchen", "Tea"),
    price=Decimal("59.90"),
    currency="EUR",
    language="de-AT",
    stock=0,
    attributes={"Colour": "red"},
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    workspace = make_demo_store(tmp_path_factory.mktemp("demo") / "shop")
    asked = Workspace.open(workspace.path, overrides={"ranking": {"llm_weight": 0.2}})
    with open_shop(asked) as recommender:
        yield recommender


def explain(shop, product, shopper=None, **arguments):
    shopper = shopper or Shopper.of_log(shop, USER)
    return TOOLS["explain"].call(shop, shopper, {"product": product, **arguments})


def test_why_this_has_the_rank_the_scores_and_the_reasons_evidence(shop):
    query = "for the balcony"
    answer = shop.recommend(user=USER, k=5, query=query, explain=False)
    for one in (answer[0], answer[4]):
        result = explain(shop, one.id, query=query)
        assert (result.status, result.rank, result.ranked) == ("recommended", one.rank, 20)
        assert result.scores == {
            "final": one.score,
            "llm": one.scores["llm"],
            "retrieval": one.scores["retrieval"],
        }
        named = {name: rank for name, rank in one.scores.items() if name.startswith("source:")}
        assert {f"source:{name}": rank for name, rank in result.sources.items()} == named and named
        # Of what only comes near a filler is no reason.
        evidence = result.reason.evidence if result.reason else ()
        assert len(result.evidence) == len(evidence)
        assert bool(evidence) is (result.reason is not None)
        assert not result.above and not result.exclusions
        plain = result.to_dict()
        assert json.loads(json.dumps(plain)) == plain


def test_the_evidence_is_looked_up(shop):
    history = (HistoryEntry(item="GAR-020", kind=EventKind.LIKE),)
    shopper = Shopper(history=history)
    answer = shop.recommend(list(history), k=5, explain=False)
    found = [one for hit in answer for one in explain(shop, hit.id, shopper).evidence]
    titles = {(one.name, one.text, one.kind) for one in found if one.source == "history"}
    assert titles == {("GAR-020", shop.store.item("GAR-020").title, "like")}
    fields = [one for one in found if one.source == "field"]
    assert fields and all(field.name and field.text for field in fields)


def test_why_not_that_gives_its_rank_and_what_stands_above(shop):
    answer = shop.recommend(user=USER, k=3, explain=False)
    lower = answer.considered[7]
    result = explain(shop, lower.id, k=3)
    assert (result.status, result.rank) == ("lower", 8)
    assert tuple(one.id for one in result.above) == answer.ids
    assert result.reason and result.scores["final"] == lower.score


def test_a_product_that_was_not_ranked_has_its_place_in_retrieval(shop):
    answer = shop.recommend(user=USER, k=3, explain=False)
    ranked = {one.id for one in answer.considered} | {one.item for one in shop.history_of(USER)}
    others = [one for batch in shop.store.iter_items() for one in batch if one.id not in ranked]
    result = explain(shop, others[0].id, k=3)
    assert result.status == "lower" and result.rank > 20
    assert "llm" not in result.scores and result.sources
    assert result.reason is None and result.above


def test_every_constraint_that_keeps_a_product_away_is_named(shop):
    item = shop.store.item("GAR-001")
    shopper = Shopper(
        history=(HistoryEntry(item=item.id, kind=EventKind.VIEW),),
        filters=Filters(max_price=Decimal(2), categories=("Kitchen",), not_items=(item.id,)),
    )
    result = explain(shop, item.id, shopper, not_brands=[item.brand.upper()], min_price=1)
    assert result.status == "excluded" and result.rank is None and result.reason is None
    assert {
        exclusion.limit: (exclusion.wanted, exclusion.has) for exclusion in result.exclusions
    } == {
        "categories": ("Kitchen", "Garden > Grow > Seeds"),
        "not_brands": ("FENNIBOR", "Fennibor"),
        "max_price": ("2", "3.40 EUR"),
        "not_items": (item.id, None),
        "already_had": ("view", None),
    }
    assert [one["limit"] for one in result.to_dict()["excluded_by"]] == [
        exclusion.limit for exclusion in result.exclusions
    ]


def test_a_dislike_is_named_as_one(shop):
    history = (HistoryEntry(item="GAR-001", kind=EventKind.DISLIKE),)
    for filters in (Filters(), Filters(allow_seen=True)):
        result = explain(shop, "GAR-001", Shopper(history=history, filters=filters))
        assert [exclusion.limit for exclusion in result.exclusions] == ["disliked"]


@pytest.mark.parametrize(
    ("filters", "limit", "has"),
    [
        ({"categories": ["Garden"]}, "categories", "Kitchen > Tea"),
        ({"not_categories": ["tea"]}, "not_categories", "Kitchen > Tea"),
        ({"brands": ["Brio"]}, "brands", "Acme"),
        ({"not_brands": ["ACME"]}, "not_brands", "Acme"),
        ({"min_price": 60}, "min_price", "59.90 EUR"),
        ({"max_price": 0}, "max_price", "59.90 EUR"),
        ({"currency": "USD"}, "currency", "EUR"),
        ({"in_stock": True}, "in_stock", "0"),
        ({"languages": ["en"]}, "languages", "de-AT"),
        ({"attributes": {"colour": ["blue", "green"]}}, "attributes.colour", "red"),
        ({"attributes": {"size": ["L"]}}, "attributes.size", None),
        ({"not_attributes": {"COLOUR": ["Red"]}}, "not_attributes.COLOUR", "red"),
        ({"not_words": ["teapot", "kettles"]}, "not_words", "Kettle"),
        ({"not_items": ["k0", "k1"]}, "not_items", None),
    ],
)
def test_each_filter_is_found_alone_and_among_others(filters, limit, has):
    passing = {"max_price": 100, "attributes": {"Colour": ["red"]}, "brands": ["acme"]}
    both = Filters(**{**passing, **filters})
    assert not matches(KETTLE, both)
    (found,) = exclusions(KETTLE, both, ())
    assert (found.limit, found.has) == (limit, has) and found.wanted
    assert exclusions(KETTLE, Filters(**passing), ()) == ()


def test_a_product_is_excluded_exactly_if_it_fails_the_filters():
    draw = random.Random(5)
    items = make_items(60)
    fields = {
        "categories": [("Home",), ("Tea", "Garden")],
        "not_categories": [("Light",)],
        "brands": [("Acme", "Brio")],
        "not_brands": [("Corva",)],
        "min_price": [5, 20],
        "max_price": [40, 70],
        "currency": ["EUR"],
        "in_stock": [True],
        "languages": [("de",), ("en", "de")],
        "attributes": [{"Colour": ("red", "blue")}],
        "not_attributes": [{"colour": ("green",)}],
        "not_words": [("lamps",), ("red",)],
    }
    excluded = 0
    for item in items:
        for _ in range(20):
            chosen = draw.sample(sorted(fields), draw.randrange(4))
            filters = Filters(**{name: draw.choice(fields[name]) for name in chosen})
            failed = {exclusion.limit.split(".")[0] for exclusion in exclusions(item, filters, ())}
            assert bool(failed) is not matches(item, filters)
            assert failed <= set(chosen)
            excluded += bool(failed)
    assert 200 < excluded < 1_000


def test_every_field_of_the_filters_can_be_named():
    tried = {
        name
        for mark in test_each_filter_is_found_alone_and_among_others.pytestmark
        for case in mark.args[1]
        for name in case[0]
    }
    assert tried == set(Filters.model_fields) - {"allow_seen"}


def test_a_quoted_sentence_is_looked_up_word_for_word(shop):
    result = explain(shop, "GAR-001", Shopper(), query="balcony tomato, no stake")
    assert result.reason.origin == "quote"
    sentences = [one for one in result.evidence if one.name == "description"]
    assert sentences and all(sentence.text in result.reason.text for sentence in sentences)
    assert sentences[0].text in shop.store.item("GAR-001").description
