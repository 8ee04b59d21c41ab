"""Figures that several scripts report: percentiles, agreement of rankings, share of a limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmrec.weights.fingerprint import safetensors_header

__all__ = ["agreement", "latency", "matmul_parameters", "share_of_limit"]


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds.

    >>> latency([0.001, 0.002, 0.003])
    {'p50_ms': 2.0, 'p95_ms': 2.9}
    """
    p50, p95 = np.percentile(np.asarray(seconds) * 1000, [50, 95])
    return {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3)}


def agreement(
    scores: Sequence[NDArray[Any]], reference: Sequence[NDArray[Any]], top: int = 10
) -> dict[str, float]:
    """How much rankings agree with those of the reference.

    Returns:
        ``tau``: mean Kendall tau-b; ``same_top``: share of lists with the same first ``top`` in the
        same order; ``top_overlap``: mean share of the first ``top`` that both have; ``largest``:
        the largest difference of two log-probabilities.

    >>> agreement([np.array([0.1, 0.2])], [np.array([0.1, 0.2])])
    {'tau': 1.0, 'same_top': 1.0, 'top_overlap': 1.0, 'largest': 0.0}
    """
    from scipy.stats import kendalltau

    taus, same, overlaps, largest = [], [], [], 0.0
    for row, other in zip(scores, reference, strict=True):
        taus.append(float(kendalltau(row, other).statistic))
        firsts = [list(np.argsort(-values, kind="stable")[:top]) for values in (row, other)]
        same.append(firsts[0] == firsts[1])
        overlaps.append(len(set(firsts[0]) & set(firsts[1])) / len(firsts[0]))
        largest = max(largest, float(np.abs(row - other).max()))
    return {
        "tau": round(float(np.nanmean(taus)), 6),
        "same_top": round(float(np.mean(same)), 6),
        "top_overlap": round(float(np.mean(overlaps)), 6),
        "largest": round(largest, 6),
    }


def matmul_parameters(folder: Path) -> int:
    """Weights that multiply every token: all matrices but the embeddings and the output layer.

    The output layer runs for the last token of a prompt alone, and looking an embedding up is no
    multiplication. Read from the headers of the safetensors files.

    Raises:
        FileNotFoundError: there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise FileNotFoundError(f"no safetensors in {folder}")
    total = 0
    for path in files:
        for name, (_, shape) in safetensors_header(path).items():
            inner = "embed" not in name and "lm_head" not in name
            if len(shape) == 2 and inner:
                total += shape[0] * shape[1]
    return total


def share_of_limit(
    parameters: int, tokens: float, seconds: float, limit_tflops: float | None
) -> dict[str, float | None]:
    """Model TFLOP/s (``2 · parameters · tokens / seconds``) and its share of the measured limit.

    The products inside attention are left out, so this is a little low for long prompts (Kaplan et
    al. 2020, section 2.1, count the same way).

    >>> share_of_limit(10**9, 1000, 1.0, 4.0)
    {'model_tflops': 2.0, 'share': 0.5}
    """
    rate = 2 * parameters * tokens / seconds / 1e12
    share = round(rate / limit_tflops, 4) if limit_tflops else None
    return {"model_tflops": round(rate, 4), "share": share}
