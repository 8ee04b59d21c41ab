"""Reading written lists: scripts/bench/list_generation.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))

from list_generation import read_json_list, read_list

LABELS = ("A", "B", "C", "D")


@pytest.mark.parametrize(
    "text",
    [
        "C, A, D, B",
        " C,A,D,B\n",
        "C), (A), (D), (B)",
        "C > A > D > B",
        "C A D B",
        "1. C\n2. A\n3. D\n4. B",
        "C)\n(A)\n(D)\n(B)",
        "- (C) Green tea, loose, 4.50 EUR\n- (A) Kettle, steel\n- (D) Mug\n- (B) Sieve, 3 EUR",
        "C) Green tea, loose, (A) Kettle, steel, (D) Mug, (B) Sieve, 3 EUR",
        "C: Green tea\nA: Kettle\nD: A mug\nB: Sieve",
    ],
)
def test_a_permutation_is_read_in_many_forms(text: str) -> None:
    read = read_list(text, LABELS)
    assert read.order == ("C", "A", "D", "B")
    assert read.valid


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("A, B, C", {"missing"}),
        ("A, B, C, D, A", {"duplicate"}),
        ("A, B, C, D, E", {"not offered"}),
        ("a, b, c, d", {"unreadable", "not offered", "missing"}),
        ("", {"unreadable", "missing"}),
        ("I am sorry.", {"unreadable", "not offered", "missing"}),
        ("Green tea\nKettle", {"unreadable", "not offered", "missing"}),
        ("A, A, Z", {"duplicate", "not offered", "missing"}),
    ],
)
def test_each_problem_is_named(text: str, problems: set[str]) -> None:
    read = read_list(text, LABELS)
    assert read.problems == problems
    assert not read.valid


def test_a_mended_list_keeps_what_was_said_and_adds_the_rest_as_shown() -> None:
    assert read_list("C, C, Z, B", LABELS).mended(LABELS) == ("C", "B", "A", "D")


@given(st.text(alphabet="ABCDEZ1. ,()>\n-", max_size=60))
def test_whatever_is_written_mends_to_a_permutation(text: str) -> None:
    read = read_list(text, LABELS)
    assert sorted(read.mended(LABELS)) == sorted(LABELS)
    assert read.valid == (not read.problems)
    assert not read.valid or len(read.order) == len(LABELS)


@given(st.permutations(LABELS))
def test_every_written_permutation_is_valid_and_unchanged(order: list[str]) -> None:
    assert read_list(", ".join(order), LABELS).order == tuple(order)
    assert read_list(", ".join(order), LABELS).valid


def test_json_is_read_and_broken_json_is_named() -> None:
    assert read_json_list('["C", "A", "D", "B"]', LABELS).order == ("C", "A", "D", "B")
    assert read_json_list('["C","A","A","B"]', LABELS).problems == {"duplicate", "missing"}
    cut = read_json_list('["C", "A", "D', LABELS)
    assert cut.order == ("C", "A", "D")
    assert cut.problems == {"not JSON", "missing"}
    assert "unreadable" in read_json_list("3", LABELS).problems
