"""Why a product is not among those shown: which one is meant, and what keeps it away."""

import pytest
from agent_talk import act, talk, tools_of, words_of

from llmrec.agent.naming import items_named, name_in, place_in
from llmrec.agent.recognised import surely_asks_why_not

CHEAP = ("a teapot under 40", "find | thing teapot | max 40")

ASKED = """
why not the Assam?
why isn't the Ridge tent among them?
why is the kettle not there?
Why don't I see the casserole?
why didn't you show the French press?
why aren't you recommending the stand mixer?
why no French press?
how come the casserole isn't listed?
and why not that one?
warum nicht das zweite?
warum ist das Zelt nicht dabei?
wieso fehlt der Ridgeway?
weshalb zeigst du die Teekanne nicht?
warum kein Darjeeling?
为什么没有铁锅？
为什么不推荐盖碗呢？
怎么没有筷子
为什么不是第二个
""".strip().splitlines()

NOT_ASKED = """
why is it not waterproof?
why the first?
why can't it go in the oven?
why is the second so expensive?
warum ist das nicht spülmaschinenfest?
warum das erste?
why not, show me more
not the Assam
这个为什么不防水
""".strip().splitlines()


@pytest.mark.parametrize("message", ASKED)
def test_the_question_is_known_by_its_words(message):
    assert surely_asks_why_not(message)


@pytest.mark.parametrize("message", NOT_ASKED)
def test_other_questions_are_the_readers(message):
    assert not surely_asks_why_not(message)


@pytest.mark.parametrize(
    ("message", "name", "place"),
    [
        ("why isn't the Ridge tent among them?", "Ridge tent", None),
        ("why not the second?", "", 2),
        ("why not number 3?", "", 3),
        ("why not 3?", "", 3),
        ("why not the First Flush?", "Flush", 1),
        ("warum ist das Zelt nicht dabei?", "Zelt", None),
        ("warum nicht das letzte?", "", -1),
        ("为什么没有铁锅？", "铁锅", None),
        ("为什么不是第二个？", "", 2),
        ("wieso fehlt Nr. 2?", "", 2),
    ],
)
def test_names_and_places_are_read_off_the_message(message, name, place):
    assert name_in(message) == name
    found = place_in(message)
    assert (found and found.number) == place


def test_a_name_is_found_by_all_its_words_and_an_exact_title_alone(demo_shop):
    def ids(name):
        return {item.id for item in items_named(demo_shop.store, name)}

    assert ids("stand mixer") == {"KIT-054"} == ids("Stand Mixers") == ids("krumelund mixer")
    assert ids("stand mixer xyz") == set() == ids("")
    assert ids("Daymark 22 day pack") == {"OUT-028"}
    assert ids("Daymark") == {"OUT-028", "OUT-028-2"}
    assert ids("铁锅") == {"KIT-701", "KIT-701-2"} and ids("盖碗") == {"KIT-719"}
    assert ids("Stövchen") == {"KIT-509"} and ids("Teigtücher") == set()


def test_over_budget_is_said_with_the_price_as_the_language_writes_it(agent):
    _, events = talk(agent, CHEAP, ("why not the stand mixer?", "refine | thing mixer"))
    assert tools_of(events) == ["explain"]
    assert "kept away by: at most 40 EUR (it says: 289 EUR)." in words_of(events)
    german = ("eine Kanne unter 20,50 Euro", "find | thing Kanne | max 20,50")
    _, events = talk(agent, german, ("warum nicht die Isolierkanne mit Holzbecher?", "why"))
    price = "höchstens 20,50 EUR (dort steht: 49,90 EUR)."
    assert f"ist ausgeschlossen durch: {price}" in words_of(events)


def test_sold_out_disliked_and_bought_are_said(agent, demo_shop):
    sold_out = next(
        item for items in demo_shop.store.iter_items() for item in items if item.stock == 0
    )
    stocked = ("something in stock", "find | thing kettle | in stock")
    _, events = talk(agent, stocked, (f"why not the {sold_out.title}?", "refine"))
    assert "it is sold out" in words_of(events)
    _, events = talk(agent, CHEAP, (f"why not the {sold_out.title}?", "refine"))
    assert f"{sold_out.title} is sold out." in words_of(events)

    shown, _ = talk(agent, CHEAP)
    disliked = shown.now.shown[0]
    after, _ = act(agent, shown, "/dislike 1")
    _, events = talk(agent, (f"why isn't the {disliked.title} among them?", "find"), after=after)
    assert words_of(events) == f"{disliked.title} is kept away by: you did not want it.\n"

    user = "shopper-234"
    bought = next(one for one in demo_shop.store.history(user) if one.kind.value == "purchase")
    title = demo_shop.store.item(bought.item).title
    _, events = talk(agent, CHEAP, (f"why not the {title}?", "refine"), user=user)
    assert "bought it already" in words_of(events) or "at most 40" in words_of(events)


def test_another_thing_is_told_so_and_what_is_shown_to_be_there(agent):
    before, _ = talk(agent, CHEAP)
    first = before.now.shown[0]
    _, events = talk(agent, (f"why not the {first.title}?", "refine"), after=before)
    assert words_of(events).startswith(f"{first.title} is among them, as number 1.")
    away = next(
        item
        for items in agent.shop.store.iter_items()
        for item in items
        if item.id not in {one.id for one in before.now.shown}
        and item.price is not None
        and item.price < 40
        and len(items_named(agent.shop.store, item.title)) == 1
    )
    _, events = talk(agent, (f"why not the {away.title}?", "refine"), after=before)
    assert "it is not what “teapot” means" in words_of(events)


def test_several_of_a_name_are_asked_back_and_none_is_told_in_each_language(agent):
    _, events = talk(agent, CHEAP, ("why not the kettlebell?", "refine"))
    assert words_of(events) == (
        "Several here are called “kettlebell”: Kettlebell 8 kg; Kettlebell 12 kg; "
        "Kettlebell 16 kg. Which one do you mean?\n"
    )
    _, events = talk(agent, CHEAP, ("warum nicht das Einhorn?", "refine"))
    assert words_of(events) == "Der Laden hat nichts, was „Einhorn“ heißt.\n"
    _, events = talk(agent, CHEAP, ("为什么没有铁锅？", "why"))
    assert "这里有多件商品叫“铁锅”" in words_of(events)
    _, events = talk(agent, CHEAP, ("why isn't there a tent in the list?", "why"))
    assert "here are called “tent”, such as " in words_of(events)


def test_that_one_is_what_was_spoken_of_last_and_never_the_readers_guess(agent):
    before, _ = talk(agent, CHEAP)
    _, events = talk(agent, ("why not that one?", "why | item 3"), after=before)
    assert words_of(events) == "Which of them do you mean? Say its number.\n"
    spoken, _ = talk(agent, ("the second", "find | item 2"), after=before)
    _, events = talk(agent, ("why not that one?", "why | item 3"), after=spoken)
    assert words_of(events).startswith(f"{before.now.shown[1].title} is among them, as number 2.")
