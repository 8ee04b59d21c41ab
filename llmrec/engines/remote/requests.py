"""The bodies of requests to ``/v1/completions``, as vLLM 0.12 and later reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmrec.engines.constraints import Choices, Constraint, Grammar

__all__ = ["generation_body", "scoring_body"]

# A server may have other defaults from the model's generation_config.json. A repetition penalty
# would change the labels' log-probabilities.
_NEUTRAL = {
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}


def scoring_body(ids: Sequence[int], label_ids: Sequence[int]) -> dict[str, Any]:
    """Ask for one token among the labels and the log-probability of each of them.

    With temperature 0 no temperature divides the logits (vLLM takes 1 in its place).
    """
    return {
        **_NEUTRAL,
        "prompt": list(ids),
        "max_tokens": 1,
        "temperature": 0.0,
        "logprobs": len(label_ids),
        "allowed_token_ids": list(label_ids),
        "return_tokens_as_token_ids": True,
    }


def generation_body(
    ids: Sequence[int],
    *,
    max_tokens: int,
    stop: Sequence[str],
    temperature: float,
    seed: int,
    constraint: Constraint | None,
    stream: bool = False,
) -> dict[str, Any]:
    """Ask for a text, and for its tokens: where it ends is decided here, as in other engines."""
    body = {
        **_NEUTRAL,
        "prompt": list(ids),
        "max_tokens": max_tokens,
        "temperature": temperature,
        "seed": seed,
        "return_token_ids": True,
    }
    if stop:
        body["stop"] = list(stop)
    if stream:
        body["stream"] = True
    if isinstance(constraint, Choices):
        body["structured_outputs"] = {"choice": list(constraint.texts)}
    elif isinstance(constraint, Grammar):
        body["structured_outputs"] = {"grammar": constraint.text}
    elif constraint is not None:
        body["structured_outputs"] = {"json": constraint.schema}
    return body
