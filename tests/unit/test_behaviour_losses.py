"""The two losses: equal to the plain softmax, right in bfloat16, unbiased when sampled."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from llmrec.embedding.behaviour.dropout import ByteDropout
from llmrec.finetune.behaviour import softmax
from llmrec.finetune.behaviour.sampled import Proposal, sampled_softmax_loss
from llmrec.finetune.behaviour.softmax import chunk_rows, full_softmax_loss


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield


def problem(n=50, items=30, dim=8):
    hidden = torch.randn(n, dim, requires_grad=True)
    table = torch.randn(items, dim, requires_grad=True)
    return hidden, table, torch.randint(0, items, (n,))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("bytes_", [1, 30 * 4 * 17, 2**20])
def test_chunks_are_the_plain_softmax(monkeypatch, smoothing, bytes_):
    monkeypatch.setattr(softmax, "CHUNK_BYTES", bytes_)
    hidden, table, targets = problem()
    plain = cross_entropy(hidden @ table.T, targets, label_smoothing=smoothing)
    wanted = torch.autograd.grad(plain * 3, (hidden, table))
    loss = full_softmax_loss(hidden, table, targets, smoothing=smoothing)
    found = torch.autograd.grad(loss * 3, (hidden, table))
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(found, wanted)


def test_a_certain_model_has_a_loss_of_nothing_not_of_nan():
    hidden = torch.tensor([[200.0, 0.0]], requires_grad=True)
    loss = full_softmax_loss(hidden, torch.eye(2), torch.tensor([0]))
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    wrong = full_softmax_loss(hidden, torch.eye(2), torch.tensor([1]))
    assert float(wrong.detach()) == pytest.approx(200)


def test_bfloat16_is_near_float32():
    hidden, table, targets = problem(200, 100, 16)
    exact = full_softmax_loss(hidden, table, targets)
    wanted = torch.autograd.grad(exact, (hidden, table))
    rough = full_softmax_loss(hidden, table, targets, bf16=True)
    found = torch.autograd.grad(rough, (hidden, table))
    assert float(rough.detach()) == pytest.approx(float(exact.detach()), rel=0.01)
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == torch.float32
        assert float((one - other).norm() / other.norm()) < 0.03


def test_memory_of_a_chunk_is_bounded():
    assert chunk_rows(12_101) * 12_101 * 4 <= softmax.CHUNK_BYTES
    assert chunk_rows(10**7) == 16


def test_drawn_items_follow_the_proposal():
    counts = np.array([1, 1, 8, 0, 80])
    proposal = Proposal(counts, power=1.0)
    drawn = np.bincount(proposal.draw(40_000), minlength=5) / 40_000
    np.testing.assert_allclose(drawn, [1 / 91, 1 / 91, 8 / 91, 1 / 91, 80 / 91], atol=0.01)
    np.testing.assert_allclose(proposal.log_q.exp().sum(), 1, rtol=1e-5)


def test_the_sampled_denominator_is_that_of_the_softmax_on_average():
    hidden, table, _ = (one.detach() for one in problem(1, 40, 4))
    target, proposal = torch.tensor([39]), Proposal(np.arange(1, 41))
    scores = (hidden @ table.T)[0]
    sums = []
    for _ in range(3_000):
        rows = proposal.draw(50)
        loss = sampled_softmax_loss(
            hidden, table[target], table[rows], target, rows, proposal.log_q[rows]
        )
        sums.append(float((loss + scores[39]).exp()))
    error = np.std(sums) / np.sqrt(len(sums))
    assert np.mean(sums) == pytest.approx(float(scores.exp().sum()), abs=4 * error)
    assert error < 0.01 * np.mean(sums)


def test_a_drawn_target_does_not_compete_with_itself():
    hidden, table, targets = problem(5, 10)
    rows = targets.clone()
    loss = sampled_softmax_loss(
        hidden[:1], table[targets[:1]], table[rows[:1]], targets[:1], rows[:1], torch.zeros(1)
    )
    assert float(loss.detach()) == 0


def test_dropout_by_bytes_keeps_the_mean_and_drops_the_share():
    dropout = ByteDropout(0.4)
    values = torch.ones(300, 333, requires_grad=True)
    dropped = dropout(values)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.4, abs=0.01)
    assert float(dropped.detach().mean()) == pytest.approx(1, abs=0.01)
    # Each byte of a draw decides alike: no column pattern.
    assert float((dropped == 0).float().mean(0).std()) < 0.04
    (gradient,) = torch.autograd.grad(dropped.sum(), values)
    torch.testing.assert_close(gradient, dropped.detach())
    assert dropout.eval()(values) is values
