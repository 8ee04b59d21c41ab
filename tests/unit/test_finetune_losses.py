"""The ranking loss: its value, its gradient, its padding, and the schedule around it."""

from __future__ import annotations

import doctest

import pytest
import torch

from llmrec.finetune import batches, losses, settings
from llmrec.finetune.losses import NO_LABEL, label_cross_entropy, label_logits
from llmrec.finetune.settings import LoraSettings, learning_rate_at


@pytest.mark.parametrize("module", [losses, settings, batches])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


def random_case(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Three prompts with 4, 3 and 2 candidates over a vocabulary of 11."""
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, 11, generator=draw, dtype=torch.float64)
    labels = torch.tensor([[1, 4, 7, 9], [2, 0, 10, NO_LABEL], [5, 3, NO_LABEL, NO_LABEL]])
    return logits, labels, torch.tensor([2, 0, 1])


def test_the_loss_is_minus_the_log_softmax_over_the_labels_only() -> None:
    logits, labels, targets = random_case()
    found = label_cross_entropy(logits, labels, targets)
    for row in range(3):
        own = logits[row, labels[row][labels[row] != NO_LABEL]]
        expected = -own.log_softmax(0)[targets[row]]
        assert found[row].item() == pytest.approx(expected.item(), abs=1e-6)


def test_the_gradient_is_softmax_minus_one_hot_on_the_labels_and_zero_elsewhere() -> None:
    logits, labels, targets = random_case()
    logits.requires_grad_()
    label_cross_entropy(logits, labels, targets).sum().backward()
    assert logits.grad is not None
    expected = torch.zeros(3, 11, dtype=torch.float64)
    for row in range(3):
        tokens = labels[row][labels[row] != NO_LABEL]
        expected[row, tokens] = logits[row, tokens].detach().softmax(0)
        expected[row, labels[row, targets[row]]] -= 1
    torch.testing.assert_close(logits.grad, expected, atol=1e-6, rtol=0)


def test_the_gradient_agrees_with_finite_differences() -> None:
    logits, labels, targets = random_case(1)
    logits.requires_grad_()
    loss = label_cross_entropy(logits, labels, targets).sum()
    loss.backward()
    step = 1e-2  # the loss is float32 inside
    for row, column in ((0, 7), (0, 1), (1, 2), (2, 5), (2, 8)):
        nudge = torch.zeros_like(logits)
        nudge[row, column] = step
        with torch.no_grad():
            up = label_cross_entropy(logits + nudge, labels, targets).sum()
            down = label_cross_entropy(logits - nudge, labels, targets).sum()
        assert logits.grad is not None
        slope = ((up - down) / (2 * step)).item()
        assert logits.grad[row, column].item() == pytest.approx(slope, abs=1e-3)


def test_padding_changes_neither_loss_nor_gradient_and_leaves_no_nan() -> None:
    logits, labels, targets = random_case()
    wide = torch.cat([labels, torch.full((3, 2), NO_LABEL)], dim=1)
    torch.testing.assert_close(
        label_cross_entropy(logits, wide, targets), label_cross_entropy(logits, labels, targets)
    )
    logits.requires_grad_()
    label_cross_entropy(logits, wide, targets).sum().backward()
    assert logits.grad is not None and logits.grad.isfinite().all()
    assert label_logits(logits, wide)[2, 2:].eq(float("-inf")).all()


def test_the_rate_rises_and_falls_and_never_reaches_zero_in_use() -> None:
    chosen = LoraSettings(learning_rate=0.1, warmup=0.2)
    rates = [learning_rate_at(step, 10, chosen) for step in range(10)]
    assert max(rates) == pytest.approx(0.1)
    assert rates[:2] == pytest.approx([0.05, 0.1])
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert min(rates) > 0
    assert learning_rate_at(0, 1, LoraSettings(warmup=1.0)) > 0
