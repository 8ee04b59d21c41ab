"""From a server's answer to the labels' log-probabilities, or to the reason why there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from llmrec.engines.remote.failures import no_completion
from llmrec.errors import EngineError
from llmrec.types import FloatArray

__all__ = ["FLAGS", "label_scores", "refused_labels"]

FLAGS = "--max-logprobs 128 --logprobs-mode processed_logprobs"
"""What ``vllm serve`` needs to answer with the log-probabilities of up to 100 labels."""

_PREFIX = "token_id:"


def label_scores(answer: Any, label_ids: Sequence[int], where: str) -> FloatArray:
    """Log-probabilities of ``label_ids``, normalised over them.

    Log-probabilities over all tokens differ from those over the labels by one number for each
    prompt, so both kinds come out the same here, as long as every label is among them.

    Args:
        answer: the JSON of a completion.
        label_ids: the labels' tokens.
        where: the server, for messages.

    Returns:
        Float32, of shape ``[len(label_ids)]``.

    Raises:
        EngineError: a label is not among them, as where a server cuts the list at 20 or at 5.
    """
    try:
        listed = answer["choices"][0]["logprobs"]["top_logprobs"][0]
        by_id = {
            int(token.removeprefix(_PREFIX)): float(value)
            for token, value in listed.items()
            if token.startswith(_PREFIX)
        }
    except (TypeError, KeyError, IndexError, ValueError, AttributeError) as error:
        if isinstance(answer, dict) and answer.get("choices"):
            raise _incomplete(0, len(label_ids), where) from error
        raise no_completion(where, answer) from error
    there = [by_id[id] for id in label_ids if id in by_id and math.isfinite(by_id[id])]
    if len(there) < len(label_ids):
        raise _incomplete(len(there), len(label_ids), where)
    values = np.array(there, dtype=np.float64)
    values -= values.max()
    scores: FloatArray = (values - np.log(np.exp(values).sum())).astype(np.float32)
    return scores


def refused_labels(error: EngineError, labels: int, where: str) -> EngineError:
    """The error for a request that was refused: about log-probabilities, or as it is."""
    return _incomplete(0, labels, where) if "logprobs" in error.message else error


def _incomplete(scored: int, labels: int, where: str) -> EngineError:
    return EngineError(
        f"The server at {where} gives the log-probabilities of {scored} of {labels} labels.",
        hint=f"Start 'vllm serve' with {FLAGS}; 'llmrec serve-llm' prints the whole command. "
        "A server that cannot do this can write texts, but not rank.",
    )
