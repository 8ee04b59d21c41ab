"""Cheapest, dearest, best rated, newest: of what the words name, in that order."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from agent_talk import products_of, talk, tools_of, words_of
from tool_shop import call, ids, make_store, open_shop

from llmrec.agent.agent import Agent
from llmrec.agent.asking import use_of
from llmrec.agent.shopper import Shopper
from llmrec.agent.state import Ask, Conversation, Situation
from llmrec.errors import HistoryError, ToolError
from llmrec.reading.scripted import ScriptedReader
from llmrec.types import Event, EventKind, Filters, HistoryEntry, Item

LONG_AGO = datetime(2024, 5, 1, tzinfo=timezone.utc)


def item(id, title, price=None, days=None, currency="EUR", **more):
    added = None if days is None else LONG_AGO + timedelta(days=days)
    amount = None if price is None else Decimal(price)
    return Item(id, title, price=amount, currency=amount and currency, added_at=added, **more)


ITEMS = [
    item("dome", "Dome tent", 80, days=1, brand="Acme", category=("Camping", "Tents")),
    item("tunnel", "Tunnel tents, green", 200, days=9, category=("Camping", "Tents")),
    item("treks", "Trekking tent for two", 150, category=("Camping", "Tents")),
    item("beach", "Beach tent", 30, days=5, currency="USD", category=("Camping", "Tents")),
    item("gift", "Play tent", days=100_000, category=("Toys",)),
    item("pegs", "Tent pegs, ten", 4, days=20, category=("Camping", "Tents")),
    item("lantern", "Lantern for tents", 12, days=2, category=("Camping", "Light")),
    item("mug", "Enamel mug", 9, days=3, category=("Camping", "Kitchen")),
    item("cup", "Tin cup", 9, days=3, category=("Camping", "Kitchen")),
]
PRICED = ["dome", "treks", "tunnel"]
UNPRICED = {"beach", "gift"}


def rating(user, item, value, days=0):
    return Event(user, item, EventKind.RATING, LONG_AGO + timedelta(days=days), value=value)


@pytest.fixture
def shop(tmp_path):
    with open_shop(make_store(tmp_path / "shop", ITEMS)) as recommender:
        yield recommender


def found(shop, sort, shopper=None, query="tent", **more):
    return ids(call(shop, "search", shopper, query=query, sort=sort, k=20, **more))


def test_the_cheapest_tent_of_the_demo_store_is_a_tent(demo_shop):
    products = call(demo_shop, "search", query="tent", sort="cheapest", k=20).products
    assert [product.title for product in products] == [
        "Cairn Solo one-person tent",
        "Skerry 2 two-person tent",
        "Skerry 3 three-person tent",
        "Harbour 5 family tunnel tent",
    ]


@pytest.mark.parametrize(
    ("query", "cheapest"),
    [
        ("sleeping bag", "Hearth 8 synthetic sleeping bag"),
        ("headlamps", "Wren 300 headlamp"),
        ("notebook", "Lined notebook A5, recycled"),
        ("a knife", "Craft knife and mat set"),
        ("Teekanne", "Teekanne Porzellan 1,2 l"),
        ("candles", "Beeswax taper candles, six pieces"),
    ],
)
def test_what_is_only_for_a_thing_or_with_it_is_none(demo_shop, query, cheapest):
    products = call(demo_shop, "search", query=query, sort="cheapest", k=20).products
    assert products[0].title == cheapest
    prices = [product.price for product in products]
    assert prices == sorted(prices)


def test_no_price_and_a_price_in_another_currency_come_last_both_ways(shop):
    cheapest, dearest = found(shop, "cheapest"), found(shop, "dearest")
    assert cheapest[:3] == PRICED and set(cheapest[3:]) == UNPRICED
    assert dearest[:3] == PRICED[::-1] and set(dearest[3:]) == UNPRICED


def test_the_newest_was_added_last_and_what_has_no_date_or_a_later_one_is_not_new(shop):
    newest = found(shop, "newest")
    assert newest[:3] == ["tunnel", "beach", "dome"] and set(newest[3:]) == {"treks", "gift"}


def test_one_rating_of_five_is_less_than_many_of_nearly_five(shop):
    events = [rating(f"u{n}", "tunnel", 5 if n % 4 else 4) for n in range(40)]
    events += [rating("u1", "dome", 5), rating("u2", "treks", 1)]
    events += [rating(f"u{n}", "mug", 3) for n in range(40)]
    shop.store.write_events(events)
    assert found(shop, "best_rated")[:3] == ["tunnel", "dome", "treks"]


def test_a_shopper_has_one_opinion_of_an_item_the_last_on_the_scale(shop):
    events = [rating("loud", "dome", 5, days) for days in range(50)]
    events += [rating("loud", "dome", 2, 60), rating("other", "dome", 900, 61)]
    events += [rating(f"u{n}", "tunnel", 4) for n in range(3)]
    shop.store.write_events(events)
    assert found(shop, "best_rated")[:2] == ["tunnel", "dome"]


def test_a_new_rating_counts_in_the_next_answer(shop):
    shop.store.write_events([rating("a", "dome", 4), rating("b", "tunnel", 3)])
    assert found(shop, "best_rated")[:2] == ["dome", "tunnel"]
    shop.store.write_events([rating(f"u{n}", "tunnel", 5) for n in range(9)])
    assert found(shop, "best_rated")[:2] == ["tunnel", "dome"]


def test_equal_ones_are_in_the_order_of_relevance(shop):
    plain = ids(call(shop, "search", query="tent", k=20))
    expected = [id for id in plain if id in {*PRICED, *UNPRICED}]
    assert found(shop, "best_rated") == expected  # nobody has rated anything


def test_limits_hold_and_no_peg_comes_where_no_tent_fits(shop):
    assert found(shop, "cheapest", min_price=100) == ["treks", "tunnel"]
    shopper = Shopper(filters=Filters(max_price=Decimal(160), not_items=("dome",)))
    assert found(shop, "cheapest", shopper) == ["treks", "beach"]
    nothing = call(shop, "search", query="tent", sort="cheapest", max_price=20)
    assert not nothing.products and nothing.matching == 0
    assert nothing.notes == ("no product called “tent” passes the limits",)
    assert "no product passes brands" in str(
        call(shop, "search", query="tent", sort="cheapest", brands=["Nobody"]).notes
    )


def test_what_the_shopper_dislikes_stays_away(shop):
    shopper = Shopper(history=(HistoryEntry(item="dome", kind=EventKind.DISLIKE),))
    assert found(shop, "cheapest", shopper)[0] == "treks"


def test_a_sorted_answer_counts_what_fits_and_can_be_written_as_json(shop):
    answer = call(shop, "search", query="tent", sort="cheapest", k=2)
    assert ids(answer) == PRICED[:2] and answer.matching == 5
    plain = answer.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert [one["sources"]["cheapest"] for one in plain["products"]] == [1, 2]


def test_without_words_all_that_passes_the_limits_is_in_order(shop):
    answer = call(shop, "recommend", sort="cheapest", k=3)
    assert ids(answer)[0] == "pegs" and set(ids(answer)[1:]) == {"mug", "cup"}
    assert all(one.reason is None for one in answer.answer)  # titles are all that there is
    assert answer.to_dict()["matching"] == len(ITEMS)
    assert ids(call(shop, "recommend", sort="newest", k=2)) == ["pegs", "tunnel"]
    kitchen = call(shop, "recommend", sort="dearest", k=1, categories=["Light"])
    assert ids(kitchen) == ["lantern"]


def test_recommending_by_words_leaves_out_what_the_shopper_has(shop):
    shopper = Shopper(history=(HistoryEntry(item="dome", kind=EventKind.PURCHASE),))
    answer = call(shop, "recommend", shopper, query="tent", sort="cheapest", k=2)
    assert ids(answer) == ["treks", "tunnel"]
    assert [one.score for one in answer.answer] == [1.0, 0.5]


def test_another_sort_is_refused(shop):
    with pytest.raises(ToolError, match="cheapest") as raised:
        call(shop, "search", query="tent", sort="nicest")
    assert raised.value.field == "sort"
    with pytest.raises(HistoryError, match="nothing is sorted by 'nicest'") as refused:
        shop.recommend(sort="nicest")
    assert refused.value.field == "sort" and "newest" in refused.value.hint


def test_a_situation_asks_search_for_words_and_recommend_without():
    tent, sorted_tent = Situation(words=("tent",)), Situation(words=("tent",), sort="newest")
    assert use_of(tent, 3).name == "recommend" and "sort" not in use_of(tent, 3).arguments
    assert use_of(sorted_tent, 3).name == "search"
    assert use_of(sorted_tent, 3).arguments == {"query": "tent", "k": 3, "sort": "newest"}
    bare = use_of(Situation(sort="cheapest"), 3)
    assert (bare.name, bare.arguments) == ("recommend", {"k": 3, "sort": "cheapest"})
    similar = Situation(ask=Ask(tool="similar", product="dome"), sort="cheapest")
    assert use_of(similar, 3).arguments == {"product": "dome", "k": 3}


def test_a_conversation_from_before_there_were_sorts_can_be_loaded():
    old = Conversation(now=Situation(words=("tent",))).model_dump(mode="json")
    del old["now"]["sort"]
    assert Conversation.model_validate(old).now.sort is None


SAID = {
    "below 20": "refine | max 20",
    "the cheapest tent": "find | thing tent | sort cheapest",
    "more": "more",
    "from 100": "refine | min 100",
    "a mug": "find | thing mug",
}


def test_more_goes_on_in_the_order_until_another_thing_is_looked_for(shop):
    agent = Agent(shop, k=2, reader=ScriptedReader(SAID, "EUR"))
    conversation, events = talk(agent, "the cheapest tent")
    assert tools_of(events) == ["search"]
    assert [product["id"] for product in products_of(events)] == PRICED[:2]
    later, events = agent.answer(conversation, "more")
    assert products_of(events)[0]["id"] == "tunnel" and later.now.sort == "cheapest"
    assert products_of(events)[1]["id"] in UNPRICED
    limited, events = agent.answer(conversation, "from 100")
    assert [product["id"] for product in products_of(events)] == ["treks", "tunnel"]
    other, events = agent.answer(limited, "a mug")
    assert other.now.sort is None and tools_of(events) == ["recommend"]


def test_a_dead_end_counts_what_is_called_so(shop):
    agent = Agent(shop, reader=ScriptedReader(SAID, "EUR"))
    _, events = talk(agent, "the cheapest tent", "below 20")
    assert not products_of(events)
    assert "there would be 5;" in words_of(events)  # of seven that have the word


def test_where_patterns_stand_behind_the_name_what_holds_it_is_called_so(tmp_path):
    patterns = ("Dots", "Stars", "Stripes", "Roses", "Lines", "Foxes")
    items = [
        item(f"b{place}", f"LUNCH BAG {name.upper()} DESIGN", 3 + place)
        for place, name in enumerate(patterns)
    ]
    items += [item("party", "PARTY BAG FOR A LUNCH", 1), item("liner", "Liner for lunch bags", 1)]
    with open_shop(make_store(tmp_path / "bags", items)) as bags:
        assert found(bags, "cheapest", query="lunch bag") == [f"b{n}" for n in range(6)]


def test_a_category_says_what_titles_do_not(tmp_path):
    items = [
        item(
            "huila", "Huila decaf 250 g", 13, category=("Kitchen", "Coffee"), description="Coffee"
        ),
        item("guji", "Guji roast 250 g", 14, category=("Kitchen", "Coffee"), description="Coffee"),
        item("cup", "Cup for tea or coffee", 5, category=("Kitchen", "Cups"), description="Coffee"),
        item("pen", "Ballpoint pen", 1, category=("Office",)),
    ]
    with open_shop(make_store(tmp_path / "cafe", items)) as cafe:
        assert found(cafe, "cheapest", query="coffee") == ["huila", "guji"]


def test_a_code_names_its_product_alone(shop):
    assert found(shop, "newest", query="tunnel") == ["tunnel"]
