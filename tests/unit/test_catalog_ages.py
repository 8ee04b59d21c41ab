"""Ages as shoppers and shops say them."""

from __future__ import annotations

import pytest

from llmrec.catalog.ages import AgeRange, WantedAge, range_in, wanted_age

BABY, TODDLER = WantedAge(6), WantedAge(24, 2)


@pytest.mark.parametrize(
    ("question", "age"),
    [
        ("a toy for my two-year-old", TODDLER),
        ("toy for a 12-year-old girl", WantedAge(144, 12)),
        ("gift for twins aged 4", WantedAge(48, 4)),
        ("toy for a baby aged 6 months", BABY),
        ("gift for 3 to 6 year olds", WantedAge(36, 3, 6)),
        ("gift for 3- to 6-year-olds", WantedAge(36, 3, 6)),
        ("game for ages 3-6", WantedAge(36, 3, 6)),
        ("toy for my 1 1/2 year old", WantedAge(18)),
        ("toy for my 1½ year old", WantedAge(18)),
        ("for my thirty-two-year-old", None),
        ("gift for newborns", WantedAge(1)),
        ("Spielzeug für meinen zweijährigen Sohn", TODDLER),
        ("Spielzeug für meinen 2 Jahre alten Sohn", TODDLER),
        ("Spielzeug für mein 6 Monate altes Baby", BABY),
        ("für ein 1,5 Jahre altes Kind", WantedAge(18)),
        ("für 3- bis 6-Jährige", WantedAge(36, 3, 6)),
        ("mein Sohn ist 8 Jahre alt", WantedAge(96, 8)),
        ("给两岁的孩子", TODDLER),
        ("给十岁女孩的玩具", WantedAge(120, 10)),
        ("给十二岁女孩的玩具", WantedAge(144, 12)),
        ("二十五岁", WantedAge(300, 25)),
        ("三十岁", WantedAge(360, 30)),
        ("3到6岁的玩具", WantedAge(36, 3, 6)),
        ("6个月大的宝宝", BABY),
        ("两三岁", None),
        ("cheese aged 12-18 months", None),
        ("shelf 80 cm", None),
        ("for my 2-year-old and my 9-year-old", None),
    ],
)
def test_the_age_that_a_question_says(question: str, age: WantedAge | None) -> None:
    assert wanted_age(question) == age


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("6 months to 3 years", 6, 47),
        ("6 Monate bis 3 Jahre", 6, 47),
        ("2 years - 5 years", 24, 71),
        ("6-18 months", 6, 18),
        ("2-5 years", 24, 71),
        ("from 50 years", 600, 1200),
        ("up to 3 years", 0, 36),
        ("3 years 6 months warranty", 36, 1200),
        ("12 years and under", 0, 155),
        ("12 years old & under", 0, 155),
        ("36 months or younger", 0, 36),
        ("12 years max", 0, 155),
        ("younger than 12 years", 0, 144),
        ("12 Jahre und jünger", 0, 155),
        ("12 Jahre oder darunter", 0, 155),
        ("höchstens 12 Jahre", 0, 144),
        ("12 岁以下", 0, 155),
        ("12岁及以下", 0, 155),
        ("3 years and older", 36, 1200),
        ("not for children under 3 years", 36, 1200),
        ("nicht für Kinder unter 3 Jahren", 36, 1200),
        ("不适合3岁以下儿童", 36, 1200),
    ],
)
def test_the_ages_that_a_field_says(value: str, low: int, high: int) -> None:
    found = range_in(value, "age")
    assert found is not None
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    ("age", "phrases"),
    [
        (WantedAge(36, 3, 6), ("3- to 6-year-olds", "3- bis 6-Jährige", "3 至 6 岁")),
        (
            WantedAge(6, None, 9),
            ("6- to 9-month-olds", "6 bis 9 Monate alte Kinder", "6 至 9 个月"),
        ),
    ],
)
def test_several_ages_in_words(age: WantedAge, phrases: tuple[str, ...]) -> None:
    assert tuple(age.phrase(language) for language in ("en", "de", "zh")) == phrases


@pytest.mark.parametrize(
    ("low", "high", "phrases"),
    [
        (12, 1200, ("from 1 year", "ab 1 Jahr", "1 岁以上")),
        (24, 1200, ("from 2 years", "ab 2 Jahren", "2 岁以上")),
        (1, 1200, ("from 1 month", "ab 1 Monat", "1 个月以上")),
        (0, 155, ("up to 12 years", "bis 12 Jahre", "12 岁以下")),
    ],
)
def test_one_year_is_no_plural(low: int, high: int, phrases: tuple[str, ...]) -> None:
    ages = AgeRange(low, high, "age", "")
    assert tuple(ages.phrase(language) for language in ("en", "de", "zh")) == phrases
