"""Logits in float32 from a network that computes in less."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from llmrec.engines.local.head import float32_head


@pytest.fixture
def network(tiny_model: Path) -> torch.nn.Module:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.bfloat16).eval()
    # Logits of real models are above 16, where numbers of bfloat16 are 1/8 apart.
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(200)
    return model


def logits(network: torch.nn.Module) -> torch.Tensor:
    found: torch.Tensor = network(input_ids=torch.tensor([[5, 6, 7]]), logits_to_keep=1).logits
    return found[0, 0]


def test_close_labels_no_longer_tie(network: torch.nn.Module) -> None:
    with torch.no_grad():
        rounded = logits(network)
        with float32_head(network):
            whole = logits(network)
    assert rounded.dtype == torch.bfloat16
    assert whole.dtype == torch.float32
    assert len(rounded.unique()) < len(whole.unique())
    torch.testing.assert_close(whole, rounded.float(), rtol=0.02, atol=0.5)


def test_it_ends_with_the_block(network: torch.nn.Module) -> None:
    with torch.no_grad(), float32_head(network):
        pass
    assert logits(network).dtype == torch.bfloat16


def test_under_autocast_too_and_gradients_pass(tiny_model: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16), float32_head(model):
        found = logits(model)
    assert found.dtype == torch.float32
    found.sum().backward()
    gradient = model.model.layers[0].self_attn.q_proj.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_float32_stays_as_it_is(tiny_model: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    with torch.no_grad():
        plain = logits(model)
        with float32_head(model):
            assert torch.equal(logits(model), plain)
