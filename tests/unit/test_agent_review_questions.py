"""What others say of a product, in a conversation: which product is meant, and what is answered."""

import pytest
from agent_talk import talk, tools_of, words_of

from llmrec.agent.recognised import asks_for_reviews

HAMMER = ("a hammer", "find | thing hammer")
DISH = ("ein Hammer", "find | thing Hammer")

ASKED = """
what do people say about the second?
what are others saying about it?
is it any good?
is this one any good?
are the reviews ok?
any reviews of the third?
how is it rated?
what's its rating?
what is the first's rating?
what rating does it have?
are ratings good?
is it rated well?
wie ist die Bewertung der Kanne?
how many stars does it have?
do people like it?
does it have good reviews?
what do reviewers say about the handle?
was sagen andere über das zweite?
was sagen die Kunden dazu?
wie finden andere das?
taugt das was?
ist das gut?
sind die Bewertungen gut?
gibt es Rezensionen?
wie viele Sterne hat es?
wie ist das zweite bewertet?
第二个评价怎么样？
这个好用吗？
大家觉得怎么样
口碑如何
有差评吗
""".strip().splitlines()

NOT_ASKED = """
a tent with good reviews
do you have tents with good reviews?
the best rated kettle
something well reviewed under 40
ein Zelt mit guten Bewertungen
is the second waterproof?
is it good for hiking?
are the sheets any bigger?
what does it say about the size?
gut bewertete Messer
ist das gut für Anfänger?
给我评价好的锅
how good is your shop's delivery? any reviews of the shop?
a book review notebook
what's the temperature rating of the first?
what's its energy rating?
What is the IP rating
how many watts is the first rated at?
is it rated to minus 10?
is it rated for outdoor use?
what is the rating for power use?
Wie ist die Bewertung der Energieeffizienz?
how do I write a review?
where can I leave my review?
wie schreibe ich eine Bewertung?
wie kann ich eine Rezension abgeben?
怎么写评价？
""".strip().splitlines()


@pytest.mark.parametrize("message", ASKED)
def test_a_question_for_reviews_is_known_by_its_words(message):
    assert asks_for_reviews(message)


@pytest.mark.parametrize("message", NOT_ASKED)
def test_a_wish_and_a_question_for_a_fact_are_none(message):
    assert not asks_for_reviews(message)


def hammer_first(agent):
    """A conversation with the claw hammer on the screen, and its number there."""
    conversation, _ = talk(agent, HAMMER)
    number = next(one.number for one in conversation.now.shown if one.id == "DIY-001")
    return conversation, number


ORDINALS = {1: "first", 2: "second", 3: "third"}


def test_the_answer_counts_and_quotes_whatever_question_the_reader_takes_it_for(agent):
    before, number = hammer_first(agent)
    message = f"what do people say about the {ORDINALS[number]}?"
    for line in ("product | item 3", "product", "shop", "why"):
        _, events = talk(agent, (message, line), after=before)
        assert tools_of(events) == ["reviews"]
        assert "Claw hammer 450 g: 6 reviews" in words_of(events)
        assert "4 of 6 reviewers mention the handle: “" in words_of(events)


def test_it_is_the_product_spoken_of_last_and_all_that_is_shown_where_none_is(agent):
    before, number = hammer_first(agent)
    _, events = talk(agent, ("is it any good?", "product"), after=before)
    assert tools_of(events) == ["reviews"] * min(3, len(before.now.shown))
    asked = (f"what do others say about the {ORDINALS[number]}?", "product")
    _, events = talk(agent, asked, ("is it any good?", "product"), after=before)
    assert tools_of(events) == ["reviews"] and "Claw hammer" in words_of(events)


def test_a_product_that_is_named_by_its_title_need_not_be_on_the_screen(agent):
    for message in ("is the French press any good?", "what do people say about the french press?"):
        _, events = talk(agent, HAMMER, (message, "product"))
        assert tools_of(events) == ["reviews"] and "French press 1 l: 6" in words_of(events)
    _, events = talk(agent, ("was sagen andere über das Teigtuch?", "product"))
    assert "Teigtuch aus Leinen: 4 Bewertungen mit Text" in words_of(events)
    assert "im Schnitt" not in words_of(events) and "Im Schnitt 2,7 von 5" in words_of(events)


def test_where_there_are_none_it_is_said_and_where_several_are_meant_it_is_asked(agent):
    _, events = talk(agent, ("any reviews of the stacking rings?", "product"))
    assert words_of(events).startswith("Stacking rings, beech:")
    _, events = talk(agent, ("any reviews of the smoky mountain black?", "product"))
    assert words_of(events) == "Nobody has reviewed Smoky mountain black 100 g yet.\n"
    _, events = talk(agent, ("any reviews of the kettlebell?", "product"))
    assert "Several here are called “kettlebell”" in words_of(events) and not tools_of(events)
    _, events = talk(agent, HAMMER, ("is the unicycle any good?", "product"))
    assert words_of(events) == "The shop has nothing that is called “unicycle”.\n"
    _, events = talk(agent, ("is it any good?", "product"))
    assert "Nothing is shown yet" in words_of(events)


def test_a_thing_is_asked_of_what_is_shown_and_its_absence_is_told(agent):
    before, number = hammer_first(agent)
    first = (f"what do people say about the {ORDINALS[number]}?", "product")
    asked = ("what do reviewers say about the noise?", "product")
    _, events = talk(agent, first, asked, after=before)
    assert "None of the 6 reviewers mentions the noise." in words_of(events)


def test_a_search_for_what_is_well_reviewed_stays_a_search(agent):
    message = ("show me tents that have reviews", "find | thing tents")
    _, events = talk(agent, message)
    assert tools_of(events) == ["recommend"]


def test_a_shop_whose_reviews_are_not_for_others_counts_stars_alone(demo_shop):
    from llmrec import Recommender

    silent = {"explain": {"quote_reviews": False}}
    with Recommender.open(demo_shop.workspace.path, overrides=silent) as shop:
        summary = shop.reviews_of("DIY-001")
    assert (summary.reviewers, summary.ratings, summary.average) == (0, 4, 4.0)
    assert not summary.mentions and not summary.quotes
