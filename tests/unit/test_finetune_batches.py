"""Lists of candidates as the model reads them, their loss, and the order of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmrec.errors import ContextOverflow, ModelError
from llmrec.finetune import RankingExample
from llmrec.finetune.batches import epoch_order
from llmrec.finetune.ranker.lists import ListExample, list_losses, list_scores, tokenise_lists

LIMITS: dict[str, Any] = {"model": "'tiny'", "context": 99, "max_tokens": 99}


def characters(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def example(head: str = "had tea\n", branches: tuple[str, ...] = ("pot:", "rake:")) -> Any:
    return RankingExample("u", head, branches, ("a", "b"), 1, True, (2.0, 1.0))


def test_head_and_branches_are_the_tokens_that_serving_sends() -> None:
    (made,) = tokenise_lists([replace(example(), later=(3, 7))], characters, **LIMITS)
    assert made.head == tuple(characters("had tea\n"))
    assert made.parts == (tuple(characters("pot:")), tuple(characters("rake:")))
    assert made.answers == (ord("Y"), ord("N")) and made.titles == (3, 7)
    assert made.tokens == tuple(characters("had tea\npot:rake:"))


def test_what_is_over_a_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(ContextOverflow, match="A prompt of user 'u' has 13 tokens; 12 are"):
        tokenise_lists([example()], characters, **LIMITS | {"context": 12})
    with pytest.raises(ContextOverflow, match="The list of user 'u' has 17 tokens; 16 are"):
        tokenise_lists([example()], characters, **LIMITS | {"max_tokens": 16})


def test_a_tokenizer_that_merges_head_and_branch_is_refused() -> None:
    def merging(text: str) -> list[int]:
        return characters(text.replace("\np", "P"))

    with pytest.raises(ModelError, match="'tiny' merges the end"):
        tokenise_lists([example()], merging, **LIMITS)


@pytest.fixture(scope="module")
def network(tiny_model: Path) -> Any:
    pytest.importorskip("torch", reason="pip install 'llmrec[local]'")
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_model).eval()


def lists() -> tuple[ListExample, ListExample]:
    long = ListExample(
        tuple(range(10, 40)),
        ((50, 51, 52), (60,), (70, 71, 72, 73)),
        2,
        (5, 6),
        offsets=(0.5, 0.0, -0.5),
        titles=(20, 28),
    )
    return long, ListExample((11, 12, 13), ((50, 51), (65, 2)), 0, (5, 6), offsets=(0.0, 1.0))


def by_hand(network: Any, made: ListExample) -> list[float]:
    """Log-odds of each candidate behind a prompt of its own."""
    import torch

    odds = []
    for part in made.parts:
        with torch.no_grad():
            logits = network(torch.tensor([[*made.head, *part]])).logits[0, -1]
        odds.append(float(logits[made.answers[0]] - logits[made.answers[1]]))
    return odds


def test_log_odds_of_a_packed_list_are_those_of_each_prompt_alone(network: Any) -> None:
    for row, made in zip(list_scores(network, lists(), batch=2), lists(), strict=True):
        np.testing.assert_allclose(row.numpy(), by_hand(network, made), atol=1e-5)


def test_the_loss_is_a_softmax_over_the_list_beside_the_offsets(network: Any) -> None:
    losses, right = list_losses(network, lists(), "cpu")
    for made, loss, hit in zip(lists(), losses.tolist(), right.tolist(), strict=True):
        judged = np.array(by_hand(network, made)) + np.array(made.offsets)
        expected = np.log(np.exp(judged).sum()) - judged[made.target]
        assert loss == pytest.approx(expected, abs=1e-5)
        assert hit == (judged.argmax() == made.target)


def test_next_titles_are_a_second_loss(network: Any) -> None:
    import torch

    long, short = lists()
    first, last = long.titles
    with torch.no_grad():
        logits = network(torch.tensor([long.head])).logits[0, first - 1 : last - 1]
    told = torch.nn.functional.cross_entropy(logits, torch.tensor(long.head[first:last]))
    plain, _ = list_losses(network, (short, long), "cpu")
    both, _ = list_losses(network, (short, long), "cpu", next_title=0.25)
    assert (both - plain).tolist() == pytest.approx([0.0, 0.25 * float(told)], abs=1e-5)


def test_each_epoch_has_its_own_order_and_draws_it_again() -> None:
    assert epoch_order(20, 0, seed=3) == epoch_order(20, 0, seed=3)
    assert epoch_order(20, 0, seed=3) != epoch_order(20, 1, seed=3)
    assert sorted(epoch_order(20, 1, seed=3)) == list(range(20))
