"""What holds of a line: what the message says and the second witness does not deny."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.reading.lines import INTENTS, Line, Part, read_line, write_part
from llmrec.reading.reading import Reading
from llmrec.reading.tracing import WHOLE_SCREEN, Traced, traced, witnessed_parts


def trace(
    message: str,
    line: str,
    *denied: str,
    on_screen: int = 0,
    has_context: bool = False,
    currency: str = "EUR",
) -> Traced:
    said = read_line(line)
    assert said is not None
    return traced(
        message,
        said,
        [part for part in said.parts if write_part(part) in denied],
        on_screen=on_screen,
        has_context=has_context,
        currency=currency,
    )


def texts(parts: tuple[Part, ...]) -> list[str]:
    return [write_part(part) for part in parts]


def test_a_line_becomes_a_reading() -> None:
    found = trace(
        "a red kettle for my mother, no plastic, not Bolt but Acme, 20 to 40€, in stock, cheapest",
        "find | thing kettle | min 20 | max 40 | brand Acme | no brand Bolt | colour: red"
        " | without plastic | for my mother | in stock | sort cheapest",
    )
    assert found == Traced(
        Reading(
            intent="find",
            looking_for="kettle",
            min=Decimal(20),
            max=Decimal(40),
            currency="EUR",
            brands=("Acme",),
            not_brands=("Bolt",),
            attributes={"colour": "red"},
            not_=("plastic",),
            for_whom="my mother",
            in_stock=True,
            sort="cheapest",
        )
    )


@pytest.mark.parametrize(
    "part",
    [
        "thing kettle",
        "brand Acme",
        "no brand Acme",
        "without plastic",
        "for my mother",
        "colour: red",
        "max 40",
        "max thirty-one",
        "min lamp",
        "around a lot",
        "item 1",
    ],
)
def test_what_the_message_does_not_say_is_dropped(part: str) -> None:
    found = trace("a lamp up to 30", f"find | thing lamp | {part} | max 30")
    assert texts(found.untraced) == [part]
    assert found.reading == Reading(intent="find", looking_for="lamp", max=Decimal(30))


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("a RED lamp", "colour: red"),
        ("eine weiße Lampe", "colour: WEISSE"),
        ("nut-free, please", "without nut"),
        ("jacket for the rain", "thing rain jacket"),
        ("蓝色的电饭煲", "thing 电饭煲"),
    ],
)
def test_words_are_found_in_any_case_and_order(message: str, part: str) -> None:
    assert not trace(message, f"find | {part}").untraced


@pytest.mark.parametrize(
    ("message", "text", "value"),
    [
        ("up to 30", "30", "30"),
        ("a tenner at most", "tenner", "10"),
        ("1.5k tops", "1.5k", "1500"),
        ("höchstens 49,90", "49,90", "49.90"),
        ("Two Hundred max", "two hundred", "200"),
        ("不超过三百", "三百", "300"),
    ],
)
def test_a_sum_has_the_value_of_its_number(message: str, text: str, value: str) -> None:
    assert trace(message, f"find | max {text}").reading.max == Decimal(value)


def test_a_part_of_a_number_is_no_sum() -> None:
    assert texts(trace("under 300", "find | max 30").untraced) == ["max 30"]


@pytest.mark.parametrize(
    "part", ["max 30", "min 30", "around 30", "brand Acme", "no brand Acme", "without nuts"]
)
def test_what_the_second_witness_denies_is_not_held(part: str) -> None:
    found = trace("lamp Acme nuts 30€", f"find | thing lamp | {part}", part)
    assert texts(found.unsure) == [part]
    assert not found.untraced
    assert found.reading == Reading(intent="find", looking_for="lamp")


def test_prices_brands_and_refusals_are_witnessed() -> None:
    said = read_line(
        "find | thing a | max 1 | min 2 | around 3 | brand b | no brand c | without d | for e"
        " | colour: f | in stock | sort newest | item 1 | drop all"
    )
    assert said is not None
    assert texts(witnessed_parts(said)) == [
        "max 1",
        "min 2",
        "around 3",
        "brand b",
        "no brand c",
        "without d",
    ]


@pytest.mark.parametrize("intent", sorted(INTENTS))
def test_prices_currency_and_order_come_with_a_search_alone(intent: str) -> None:
    line = f"{intent} | max 30 | min 20 | around 25 | sort cheapest"
    found = trace("20€ 25€ 30€", line, has_context=True).reading
    limits = [found.min, found.around, found.max, found.currency, found.sort]
    if intent in ("find", "refine"):
        assert limits == [20, 25, 30, "EUR", "cheapest"]
    else:
        assert limits == [None] * 5


def test_a_refinement_of_nothing_is_a_search() -> None:
    assert trace("under 30", "refine | max 30").reading.intent == "find"
    assert trace("under 30", "refine | max 30", has_context=True).reading.intent == "refine"


@pytest.mark.parametrize("intent", sorted(INTENTS))
def test_a_question_of_no_place_means_the_whole_screen(intent: str) -> None:
    places = trace("which one", intent, on_screen=3, has_context=True).reading.refers_to
    assert places == ((1, 2, 3) if INTENTS[intent] in WHOLE_SCREEN else ())


def test_a_question_of_a_place_means_that_place() -> None:
    assert trace("2 and 1", "compare | item 2 | item 1", on_screen=3).reading.refers_to == (1, 2)


@pytest.mark.parametrize("place", ["0", "4", "-1", "two", "1.0", "²", "①", "99999999999"])
def test_a_place_outside_the_screen_is_dropped(place: str) -> None:
    found = trace(place, f"product | item {place} | item 3", on_screen=3)
    assert found.reading.refers_to == (3,)
    assert texts(found.untraced) == [f"item {place}"]


@pytest.mark.parametrize(
    ("message", "part", "value"),
    [
        ("a tent for two", "people: two", "2"),
        ("for a three year old", "age: three", "3"),
        ("a dozen", "pack: dozen", "12"),
        ("两个人用", "people: 两", "2"),
        ("for 2½ people", "people: 2½", "2½"),
        ("for two or three", "people: two or three", "two or three"),
        ("size two", "size: two", "two"),
        ("for many", "people: many", "many"),
    ],
)
def test_a_count_in_words_is_a_number(message: str, part: str, value: str) -> None:
    found = trace(message, f"find | {part}").reading.attributes
    assert found == {part.partition(":")[0]: value}


def test_the_last_word_of_two_counts() -> None:
    found = trace(
        "a lamp, no, a torch under 20, no wait, 30, cheapest or newest, for Ann or Bo",
        "find | thing lamp | thing torch | max 20 | max 30 | sort cheapest | sort newest"
        " | for Ann | for Bo",
    ).reading
    assert found.looking_for == "torch" and found.max == 30 and found.sort == "newest"
    assert found.for_whom == "Bo"


def test_the_last_word_counts_only_if_it_holds() -> None:
    found = trace("under 20, not 30", "find | max 20 | max 30", "max 30")
    assert found.reading.max == 20 and texts(found.unsure) == ["max 30"]


def test_several_values_of_a_name_are_listed() -> None:
    found = trace("red or blue, size 4", "find | colour: red | colour: blue | size: 4").reading
    assert found.attributes == {"colour": ("red", "blue"), "size": "4"}


def test_a_present_needs_no_word_in_the_message() -> None:
    found = trace("something for mum", "find | thing gift | for mum")
    assert found.reading.looking_for == "gift" and not found.untraced


def test_what_is_taken_back_comes_with_its_intent_alone() -> None:
    line = "| drop max | drop brand"
    assert trace("any price or make", f"drop {line}").reading.drops == ("max", "brand")
    assert trace("any price or make", f"refine {line}", has_context=True).reading.drops == ()


def test_an_order_that_is_none_is_dropped() -> None:
    found = trace("lamps by height", "find | sort height | sort cheapest")
    assert found.reading.sort == "cheapest" and texts(found.untraced) == ["sort height"]


def test_the_currency_is_that_of_the_prices_that_hold() -> None:
    line = "find | max 30 | min 20"
    assert trace("20£ to 30€", line).reading.currency == "EUR"
    assert trace("20£ to 30€", line, "max 30").reading.currency == "GBP"
    assert trace("20£ to 30€", line, "max 30", "min 20").reading.currency is None
    assert trace("$30", "find | max 30", currency="AUD").reading.currency == "AUD"


pieces = st.sampled_from(
    ["lamp", "red", "30", "two", "Acme", "²", "gift", "三百", "ß", "|", "max 30", "item 2"]
)
messages = st.lists(pieces, max_size=5).map(" ".join)
kinds = st.sampled_from(["thing", "max", "around", "brand", "without", "sort", "item", "colour:"])


@given(
    messages,
    st.sampled_from(sorted(INTENTS)),
    st.lists(st.tuples(kinds, pieces), max_size=6),
    st.integers(0, 6),
    st.integers(0, 3),
    st.booleans(),
)
def test_whatever_a_line_says_it_has_a_reading(
    message: str,
    intent: str,
    said: list[tuple[str, str]],
    denied: int,
    on_screen: int,
    has_context: bool,
) -> None:
    line = read_line(" | ".join([intent, *(f"{kind} {text}" for kind, text in said)]))
    assert isinstance(line, Line)
    found = traced(message, line, line.parts[:denied], on_screen=on_screen, has_context=has_context)
    reading = found.reading
    folded = message.casefold().replace("ß", "ss")
    for name in (*reading.brands, *reading.not_):
        assert name == "gift" or all(word in folded for word in name.casefold().split())
    assert all(1 <= place <= on_screen for place in reading.refers_to)
    assert reading.max in (None, 30, 2, 300)
    assert set(found.unsure) | set(found.untraced) <= set(line.parts)


@pytest.mark.parametrize(
    ("part", "refused"),
    [
        ("feature: Kein Plastik", ("Plastik",)),
        ("material: keine Wolle", ("Wolle",)),
        ("feature: keinen Strom", ("Strom",)),
        ("feature: keine Flecken macht", ()),
        ("feature: keimfrei", ()),
    ],
)
def test_a_denied_noun_is_a_refusal_and_no_feature(part: str, refused: tuple[str, ...]) -> None:
    message = f"Gläser, {part.partition(': ')[2]}, bitte"
    read = trace(message, f"find | thing Gläser | {part}").reading
    assert read.not_ == refused
    assert bool(read.attributes) != bool(refused)


@pytest.mark.parametrize("greeting", ["你好", "Hello", "Guten Tag"])
def test_a_greeting_is_nobody_to_give_something_to(greeting: str) -> None:
    read = trace(f"{greeting} a kettle for my mum", f"find | thing kettle | for {greeting}")
    assert read.reading.for_whom is None
    both = f"find | thing kettle | for my mum | for {greeting}"
    assert trace(f"{greeting} a kettle for my mum", both).reading.for_whom == "my mum"
