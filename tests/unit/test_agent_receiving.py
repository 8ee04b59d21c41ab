"""For whom a thing is: when a receiver ends, what a present is, and whose an age is."""

import pytest
from agent_talk import products_of, talk

from llmrec.agent.receiving import is_for_self, with_receivers_refused
from llmrec.reading.lines import read_line
from llmrec.reading.tracing import traced
from llmrec.retrieval.receivers import wanted_by

DOG = ("a blanket for my dog", "find | thing blanket | for my dog")
MOTHER = ("a teapot for my mother", "find | thing teapot | for my mother")


@pytest.mark.parametrize(
    "message",
    [
        "now something for me",
        "a book for myself",
        "and one for me please",
        "for me this time",
        "jetzt was für mich",
        "doch lieber eins für mich",
        "für mich selbst",
        "给我自己买一个",
        "我自己用的",
    ],
)
def test_what_is_for_whoever_asks_is_seen(message):
    assert is_for_self(message)


@pytest.mark.parametrize(
    "message",
    [
        "too small for me",
        "pick one for me",
        "it's not for me",
        "it isn't just for me",
        "zu teuer für mich",
        "das ist nicht für mich",
        "不是给我自己的",
        "给我看看",
        "他自己用的",
    ],
)
def test_what_is_no_receiver_is_none(message):
    assert not is_for_self(message)


@pytest.mark.parametrize(
    ("held", "message", "line"),
    [
        (DOG, "now something for me", "refine | for me"),
        (DOG, "now something for me", "refine"),
        (DOG, "a book for myself", "find | thing book for myself"),
        (MOTHER, "a lamp for me", "find | thing lamp"),
        (MOTHER, "und jetzt was für mich", "refine | for mich"),
        (MOTHER, "eine Lampe für mich", "find | thing Lampe für mich"),
        (DOG, "给我自己买一个", "order"),
        (DOG, "我自己用的", "refine"),
    ],
)
def test_a_receiver_ends_with_what_is_for_whoever_asks(agent, held, message, line):
    before, _ = talk(agent, held)
    after, events = talk(agent, (message, line), after=before)
    assert before.now.recipient and after.now.recipient is None
    assert not after.now.wishes and products_of(events)
    assert not any(word in " ".join(after.now.words) for word in ("myself", "mich"))


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("that is too big for me", "refine | size: big"),
        ("pick a warm one for me", "refine | feature: warm"),
        ("warm, zu dünn ist nichts für mich", "refine | feature: warm"),
    ],
)
def test_a_receiver_stays_where_nobody_else_is_named(agent, message, line):
    after, _ = talk(agent, DOG, (message, line))
    assert after.now.recipient == "my dog"


@pytest.mark.parametrize(
    ("message", "line", "wishes"),
    [
        ("a present for my mother", "find | thing present | for my mother", ()),
        ("a nice little gift for my mother", "find | thing little gift | for my mother", ()),
        ("a birthday present for her", "find | thing birthday present | for her", ()),
        ("a coffee gift for my dad", "find | thing coffee gift | for my dad", ("coffee",)),
        ("ein Geschenk für meine Mutter", "find | thing Geschenk | for meine Mutter", ()),
        ("Geburtstagsgeschenk für Oma", "find | thing Geburtstagsgeschenk | for Oma", ()),
        ("送给妈妈的礼物", "find | thing 妈妈的礼物 | occasion: 妈妈的礼物 | for 妈妈", ()),
        ("给爸爸的生日礼物", "find | thing 生日礼物 | for 爸爸", ()),
    ],
)
def test_a_present_is_no_products_name(agent, message, line, wishes):
    after, events = talk(agent, (message, line))
    assert after.now.words == () and after.now.recipient
    assert after.now.wishes == wishes and products_of(events)


@pytest.mark.parametrize("thing", ["gift box", "Geschenkpapier", "gift wrap"])
def test_what_only_has_a_present_in_its_name_is_looked_for(agent, thing):
    after, _ = talk(agent, (f"{thing} for mum", f"find | thing {thing} | for mum"))
    assert after.now.words == (thing,)


@pytest.mark.parametrize(
    ("message", "line", "who"),
    [
        (
            "a gift for my 40-year-old brother",
            "find | thing gift | for my 40-year-old brother | age: 40",
            "my 40-year-old brother",
        ),
        (
            "a gift for my brother, he is 40",
            "find | thing gift | for my brother | age: 40",
            "my brother (40 years old)",
        ),
        (
            "Geschenk für meinen Bruder, er ist 35",
            "find | thing Geschenk | for meinen Bruder | age: 35",
            "meinen Bruder (35 Jahre alt)",
        ),
        ("给姐姐的礼物，45岁", "find | thing 礼物 | for 姐姐 | age: 45岁", "姐姐(45岁)"),
    ],
)
def test_the_age_of_a_grown_up_is_not_looked_for(agent, message, line, who):
    after, _ = talk(agent, (message, line))
    assert (after.now.recipient, after.now.query) == (who, None)


def test_an_age_told_later_joins_the_receiver_and_a_childs_age_is_looked_for(agent):
    brother = ("a teapot for my brother", "find | thing teapot | for my brother")
    after, _ = talk(agent, brother, ("he is 40", "refine | age: 40 | for he"))
    assert after.now.recipient == "my brother (40 years old)" and after.now.wishes == ()
    niece = "a toy for my niece, she is 8", "find | thing toy | for my niece | age: 8"
    after, _ = talk(agent, niece)
    assert "8 year old" in after.now.wishes


@pytest.mark.parametrize(
    ("message", "line", "who", "wish"),
    [
        (
            "a 25 year old whisky for dad",
            "find | thing whisky | for dad | occasion: 25 year old",
            "dad",
            "25 year old",
        ),
        (
            "12-year-old single malt whisky for my son",
            "find | thing whisky | for my son | age: 12",
            "my son",
            "12-year-old",
        ),
        (
            "a 10 year old bonsai for my mum",
            "find | thing bonsai | for my mum | age: 10",
            "my mum",
            "10 year old",
        ),
        (
            "ein 25 Jahre alter Whisky für Papa",
            "find | thing Whisky | for Papa | age: 25 Jahre",
            "Papa",
            "25 Jahre alter",
        ),
        ("给爸爸买25年的威士忌", "find | thing 威士忌 | for 爸爸 | age: 25年", "爸爸", "25年的"),
    ],
)
def test_an_age_of_the_thing_is_not_the_receivers(agent, message, line, who, wish):
    after, _ = talk(agent, (message, line))
    assert after.now.recipient == who and wish in after.now.wishes
    wanted = wanted_by(after.now.query or "", after.now.recipient)
    assert wanted.age is None and wanted == wanted_by("a thing", who)


@pytest.mark.parametrize(
    ("message", "text", "is_held"),
    [
        ("a mat for my cat, not for dogs", "dogs", True),
        ("eine Decke, nicht für Hunde", "Hunde", True),
        ("给猫的垫子,不是给狗", "狗", True),
        ("a mat for my dog", "dog", False),
        ("a mat, not leather", "leather", False),
    ],
)
def test_for_whom_it_is_not_holds_where_the_words_leave_no_doubt(message, text, is_held):
    line = read_line(f"find | without {text}")
    doubted = traced(message, line, line.parts)
    assert doubted.reading.not_ == () and doubted.unsure
    after = with_receivers_refused(doubted, message)
    assert (after.reading.not_, after.unsure) == (
        ((text,), ()) if is_held else ((), doubted.unsure)
    )
