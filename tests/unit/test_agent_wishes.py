"""What a thing should ideally be like: held, shown, replaced, taken back, and never a filter."""

import pytest
from agent_talk import products_of, talk, tools_of, words_of

from llmrec.agent.meaning import context_of
from llmrec.agent.state import Situation
from llmrec.reading.lines import read_line
from llmrec.reading.tracing import traced

TENT = ("a tent for two, light", "find | thing tent | people: two | feature: light")


def wishes_of(conversation):
    return [wish.values[0] for wish in conversation.now.constraints.of("wish")]


def test_a_wish_is_held_and_looked_for_and_keeps_nothing_away(agent):
    conversation, events = talk(agent, TENT)
    assert wishes_of(conversation) == ["2 people", "light"]
    assert conversation.now.query == "2 people light tent"
    assert conversation.now.constraints.filters().is_empty
    assert len(products_of(events)) == 3


def test_a_newer_number_of_people_takes_the_place_of_the_older(agent):
    three = ("no, there are three of us", "refine | people: three")
    conversation, events = talk(agent, TENT, three)
    assert wishes_of(conversation) == ["light", "3 people"]
    assert "takes the place" not in words_of(events)


def test_features_add_up(agent):
    porch = ("with a porch", "refine | feature: porch")
    conversation, _ = talk(agent, TENT, porch)
    assert wishes_of(conversation) == ["2 people", "light", "porch"]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("forget light", "drop | drop feature"),
        ("forget light", "drop | drop weight"),
        ("nothing light, please", "refine | without light"),
    ],
)
def test_a_wish_can_be_taken_back(agent, message, line):
    conversation, _ = talk(agent, TENT, (message, line))
    assert wishes_of(conversation) == ["2 people"]


def test_words_that_the_list_of_what_holds_offers_drop_a_wish(agent):
    conversation, _ = talk(agent, TENT)
    conversation, _ = talk(agent, ("never mind light", "smalltalk"), after=conversation)
    assert wishes_of(conversation) == ["2 people"]


def test_a_field_that_holds_it_takes_the_place_of_a_wish(agent):
    teak = ("a teapot of teak", "find | thing teapot | material: teak")
    glass = ("glass then", "refine | material: glass")
    conversation, _ = talk(agent, teak, glass)
    assert [limit.kind for limit in conversation.now.constraints.held] == ["attribute"]


def test_another_thing_ends_the_wishes_and_nobody_is_told(agent):
    conversation, events = talk(agent, TENT, ("now a teapot", "find | thing teapot"))
    assert conversation.now.constraints.held == () and "No longer" not in words_of(events)


def test_what_suits_a_receiver_ends_with_the_receiver(agent):
    dog = ("a bed for my dog", "find | thing bed | for my dog")
    conversation, _ = talk(agent, dog)
    assert conversation.now.query == "dog bed"
    conversation, _ = talk(agent, ("it's for me", "refine | for me"), after=conversation)
    assert conversation.now.query == "bed" and conversation.now.recipient is None


def test_the_reader_is_told_of_wishes_by_their_names(agent):
    conversation, _ = talk(agent, TENT)
    context = context_of(conversation.now)
    assert context.held["attributes"] == {"people": "2 people", "feature": "light"}


def test_wishes_without_a_thing_are_looked_for(agent):
    conversation, events = talk(agent, ("something waterproof", "find | feature: waterproof"))
    assert conversation.now.query == "waterproof" and tools_of(events) == ["recommend"]


def test_an_old_conversation_has_its_words_as_they_were():
    old = {"words": ["a light tent", "for two"]}
    assert Situation.model_validate(old).query == "a light tent, for two"


def test_things_that_are_alternatives_have_one_price_and_one_refusal(agent):
    message = "a lantern or a torch, not over 25, nothing with gas"
    line = "find | thing lantern || find | thing torch | max 25 | without gas"
    _, events = talk(agent, (message, line))
    assert tools_of(events) == ["recommend", "recommend"]
    assert all(float(product["price"]) <= 25 for product in products_of(events))
    assert all("gas" not in product["title"].casefold() for product in products_of(events))


def test_a_thing_with_a_price_of_its_own_keeps_it_from_the_other(agent):
    message = "a tent and a torch under 40"
    _, events = talk(agent, (message, "find | thing tent || find | thing torch | max 40"))
    prices = [float(product["price"]) for product in products_of(events)]
    assert max(prices) > 40 and max(prices[3:]) <= 40


def test_a_thing_named_again_or_stood_for_is_no_thing_of_its_own(agent):
    message = "a tent or a torch, hiking ones, and a light torch"
    line = (
        "find | thing tent || find | thing torch || find | thing hiking ones"
        " || find | thing light torch"
    )
    _, events = talk(agent, (message, line))
    assert tools_of(events) == ["recommend", "recommend"]


def test_one_figure_has_one_meaning():
    line = "find | thing bag | max 60 || find | thing bag | feature: not more than 60"
    found = traced("a bag, not more than 60", read_line(line))
    assert (found.reading.max, found.also) == (60, ())
    assert [part.text for part in found.untraced] == ["not more than 60"]
    twice = traced("a 60 l bag for 60", read_line("find | thing bag | capacity: 60 l | max 60"))
    assert (twice.reading.max, twice.reading.attributes) == (60, {"capacity": "60 l"})


def test_what_is_refused_stays_away_beside_what_is_wanted_instead(agent):
    message = "no glass, steel or ceramic would be fine"
    line = "refine | without glass | material: steel | material: ceramic"
    conversation, events = talk(agent, ("a teapot", "find | thing teapot"), (message, line))
    kinds = [limit.kind for limit in conversation.now.constraints.held]
    assert "refusal" in kinds and "attribute" in kinds
    materials = [str(product.get("attributes", {})) for product in products_of(events)]
    assert not any("glass" in material for material in materials)


def test_two_products_go_into_the_cart_together(agent):
    conversation, _ = talk(agent, ("a teapot", "find | thing teapot"))
    first, second = conversation.now.shown[:2]
    after, _ = talk(
        agent, ("I'll take the first and second", "order | item 1 | item 2"), after=conversation
    )
    assert {mark.item for mark in after.now.marks} == {first.id, second.id}


def test_what_was_shown_before_is_taken_by_its_name(agent):
    conversation, _ = talk(agent, ("a headlamp", "find | thing headlamp"))
    lamp, *others = conversation.now.shown
    told = {word for other in others for word in other.title.split()}
    word = next(word for word in lamp.title.split() if word not in told and len(word) > 3)
    conversation, _ = talk(agent, ("now a teapot", "find | thing teapot"), after=conversation)
    message = f"I'll take the first and the {word} one"
    after, _ = talk(agent, (message, "order | item 1"), after=conversation)
    assert lamp.id in {mark.item for mark in after.now.marks}


def test_a_thing_ends_a_wish_that_had_none_and_was_answered(agent):
    neck = ("something for my neck", "find | use: neck")
    conversation, _ = talk(agent, neck, ("a teapot then", "find | thing teapot"))
    assert conversation.now.query == "teapot"


def test_an_occasion_is_held_and_not_looked_for(agent):
    gift = ("a housewarming teapot", "find | thing teapot | occasion: housewarming")
    conversation, _ = talk(agent, gift)
    assert wishes_of(conversation) == ["housewarming"]
    assert conversation.now.query == "teapot"


def test_an_occasion_that_titles_know_is_a_use(agent):
    conversation, _ = talk(agent, ("a tent for tea", "find | thing tent | occasion: tea"))
    assert conversation.now.query == "tea tent"


@pytest.mark.parametrize("who", ["her", "him", "sie", "它"])
def test_a_pronoun_names_nobody_new(agent, who):
    dog = ("a bed for my dog", "find | thing bed | for my dog")
    toy = (f"and a toy for {who}", f"find | thing toy | for {who}")
    conversation, _ = talk(agent, dog, toy)
    assert conversation.now.recipient == "my dog"
    assert conversation.now.query == "dog toy"


def test_a_puppy_is_a_dog_to_a_shop_that_says_dog(agent):
    conversation, _ = talk(agent, ("a bed for my puppy", "find | thing bed | for my puppy"))
    assert conversation.now.query == "dog bed"


def test_a_colour_of_what_has_none_is_a_part_of_its_name(agent):
    tea = ("black tea, loose", "find | thing tea | colour: black | feature: loose")
    conversation, _ = talk(agent, tea)
    assert conversation.now.query == "black loose tea"
    assert conversation.now.constraints.filters().is_empty
    tent = ("a green tent", "find | thing tent | colour: green")
    conversation, _ = talk(agent, tent)
    assert not conversation.now.constraints.filters().is_empty
