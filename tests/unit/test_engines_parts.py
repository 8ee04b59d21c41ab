"""Batching, stop words and labels, without a model."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.engines.batching import batches_by_length
from llmrec.engines.local.prefix import shared_length
from llmrec.engines.stopping import cut_at_stop, shown_length
from llmrec.labels import label_token


@given(st.lists(st.integers(1, 500), max_size=40), st.integers(1, 2000))
def test_batches_hold_every_position_once_and_keep_the_budget(
    lengths: list[int], budget: int
) -> None:
    batches = list(batches_by_length(lengths, token_budget=budget))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget
        assert all(lengths[place] >= 0.9 * longest for place in batch)


@given(
    st.text("ab.\n", max_size=20), st.lists(st.text("ab.\n", min_size=1, max_size=3), max_size=3)
)
def test_what_was_shown_is_never_taken_back(text: str, stop: list[str]) -> None:
    final, _ = cut_at_stop(text, stop)
    for end in range(len(text) + 1):
        grown, done = cut_at_stop(text[:end], stop)
        if done:
            break
        assert final.startswith(grown[: shown_length(grown, stop)])


@given(
    st.lists(st.integers(0, 1), max_size=30),
    st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=4), min_size=1, max_size=4),
)
def test_the_shared_beginning_is_shared_and_leaves_a_rest(
    start: list[int], rests: list[list[int]]
) -> None:
    prompts = [start + rest for rest in rests]
    length = shared_length(prompts)
    assert length == 0 or length >= 16
    assert all(
        prompt[:length] == prompts[0][:length] and len(prompt) > length for prompt in prompts
    )
    if len(start) >= 16 and len(prompts) > 1:
        assert length >= len(start)


def test_half_a_character_is_held_back() -> None:
    assert shown_length("caf\ufffd", []) == 3


def _words(text: str) -> list[int]:
    return [hash(word) for word in re.findall(r"\w+|\W", text)]


def test_a_label_that_merges_into_the_prompt_is_no_label() -> None:
    assert label_token(_words, "Answer", "A") is None
    assert label_token(_words, "Answer:", "A") is not None


@pytest.mark.parametrize(
    "module",
    [
        "llmrec.labels",
        "llmrec.engines.batching",
        "llmrec.engines.local.halving",
        "llmrec.engines.local.prefix",
        "llmrec.engines.registry",
        "llmrec.engines.scripted",
        "llmrec.engines.stopping",
    ],
)
def test_doctests(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted
    assert not found.failed
