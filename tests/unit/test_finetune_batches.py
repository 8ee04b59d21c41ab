"""Tokens, label tokens, padding and order."""

from __future__ import annotations

import pytest

from llmrec.errors import ContextOverflow, ModelError
from llmrec.finetune import RankingExample
from llmrec.finetune.batches import TokenExample, collate, epoch_order, tokenise
from llmrec.finetune.losses import NO_LABEL


def characters(text: str) -> list[int]:
    return [ord(one) for one in text]


def example(prompt: str = "(A) x (B) y Answer: (", labels: str = "AB") -> RankingExample:
    return RankingExample("u", prompt, tuple(labels), tuple(labels.lower()), 1, True)


def test_tokens_of_prompts_and_of_labels_behind_them() -> None:
    (made,) = tokenise([example()], characters, model="'tiny'", max_tokens=99)
    assert made.tokens == tuple(characters("(A) x (B) y Answer: ("))
    assert made.label_tokens == (65, 66)
    assert made.target == 1


def test_a_prompt_over_the_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(ContextOverflow, match="'u' has 21 tokens; 20 are the limit"):
        tokenise([example()], characters, model="'tiny'", max_tokens=20)


def test_labels_the_model_has_no_token_for_are_refused() -> None:
    long = RankingExample("u", "Answer: (", ("AB", "C"), ("a", "b"), 0, True)
    with pytest.raises(ModelError, match="'AB' is not a token of its own in 'tiny'"):
        tokenise([long], characters, model="'tiny'", max_tokens=99)
    with pytest.raises(ModelError, match="'A' is not a token of its own"):
        tokenise([example(labels="AA")], characters, model="'tiny'", max_tokens=99)


def test_padding_stands_left_and_positions_count_from_the_first_real_token() -> None:
    batch = collate([TokenExample((5, 6, 7), (1, 2), 0), TokenExample((8,), (3, 1, 2), 2)], pad=9)
    assert batch.tokens.tolist() == [[5, 6, 7], [9, 9, 8]]
    assert batch.mask.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert batch.positions.tolist() == [[0, 1, 2], [0, 0, 0]]
    assert batch.label_tokens.tolist() == [[1, 2, NO_LABEL], [3, 1, 2]]
    assert batch.targets.tolist() == [0, 2]


def test_lengths_are_rounded_up_with_padding_that_is_masked() -> None:
    batch = collate([TokenExample((5, 6, 7), (1, 2), 0)], pad=9, multiple=4)
    assert batch.tokens.tolist() == [[9, 5, 6, 7]]
    assert batch.mask.tolist() == [[0, 1, 1, 1]]
    exact = collate([TokenExample((5, 6, 7, 8), (1, 2), 0)], pad=9, multiple=4)
    assert exact.tokens.tolist() == [[5, 6, 7, 8]]


def test_each_epoch_has_its_own_order_and_draws_it_again() -> None:
    assert epoch_order(20, 0, seed=3) == epoch_order(20, 0, seed=3)
    assert epoch_order(20, 0, seed=3) != epoch_order(20, 1, seed=3)
    assert sorted(epoch_order(20, 1, seed=3)) == list(range(20))
