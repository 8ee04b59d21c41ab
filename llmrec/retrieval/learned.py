"""Fusion learned from a shop's log: what a place in a source's answer is worth there.

A conditional logit (McFadden 1974) over all that the sources found: the chance that a shopper
takes item ``i`` next is ``softmax`` over the candidates of

    score(i) = sum over sources s and features f of  w[s, f] * f(s, i)

Features are 0 for what a source did not find, and weights are never negative, so that being found
can only help and a weight says what it looks like it says. :mod:`llmrec.finetune.fusion` fits them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from llmrec.artifacts import Artifacts
from llmrec.artifacts.documents import StrictModel, read_document
from llmrec.errors import ModelError
from llmrec.retrieval.sources.base import Hits

__all__ = [
    "FEATURES",
    "FUSION_NAME",
    "FusionWeights",
    "LearnedBlend",
    "features",
    "load_fusion",
    "save_fusion",
    "serving_fusion",
]

FUSION_NAME = "fusion.json"

Feature: TypeAlias = Literal["first", "rank", "score"]
FEATURES: tuple[Feature, ...] = ("first", "rank", "score")
"""Ways to say where an item stands in a source's answer; see :func:`features`."""

_Weight: TypeAlias = Annotated[float, Field(ge=0)]


class FusionWeights(StrictModel):
    """What was learned: for each source the weight of each feature, in log-odds.

    ``depth`` is how many items each source gave when the weights were fitted.
    """

    format: Literal[1] = 1
    depth: int = Field(ge=2)
    weights: dict[str, dict[Feature, _Weight]]

    def at_first(self, source: str) -> float:
        """What the first place of ``source`` is worth; scores are taken to be 2 deviations up."""
        given = self.weights.get(source, {})
        return sum(weight * (2.0 if name == "score" else 1.0) for name, weight in given.items())


def features(hits: Hits, depth: int) -> NDArray[np.float64]:
    r"""Where items stand in a source's answer, each from 0 (not found) upwards.

    For rank ``r`` and score ``x``, with ``m`` the least and ``s`` the standard deviation of the
    answer's first ``depth`` scores:

    - ``first``: ``2 / (1 + r)``, which all but ends after the first places;
    - ``rank``: ``61 / (60 + r)``, that of reciprocal rank fusion;
    - ``score``: ``(x - m) / s``.

    Args:
        hits: of one source.
        depth: places that count; what stands behind has 0 everywhere.

    Returns:
        ``[k, 3]``, in the order of :data:`FEATURES`.
    """
    table = np.zeros((len(hits.rows), len(FEATURES)))
    scores = hits.scores[:depth].astype(np.float64)
    if not len(scores):
        return table
    rank = np.arange(1.0, len(scores) + 1)
    spread = float(scores.std())
    near = table[: len(scores)]
    near[:, 0] = 2 / (1 + rank)
    near[:, 1] = 61 / (60 + rank)
    # The spread of equal scores is what rounding leaves of it.
    if spread > 1e-6 * float(np.abs(scores).max()):
        near[:, 2] = (scores - scores.min()) / spread
    return table


@dataclass(frozen=True)
class LearnedBlend:
    """Learned weights at work; see :class:`~llmrec.retrieval.fusion.Blend`.

    Attributes:
        fitted: what was learned.
        by_hand: weights of sources that were not there to be fitted. The ratio between one of them
            and those that were, as set by hand, is kept.
    """

    fitted: FusionWeights
    by_hand: Mapping[str, float]

    def uses(self, source: str) -> bool:
        """Whether any of its weights is above 0."""
        known = self.fitted.weights.get(source)
        return self.by_hand.get(source, 0.0) > 0 if known is None else any(known.values())

    def parts(self, source: str, hits: Hits) -> NDArray[np.float64]:
        """See :class:`~llmrec.retrieval.fusion.Blend`."""
        return np.asarray(features(hits, self.fitted.depth) @ self.weights(source))

    def weights(self, source: str) -> NDArray[np.float64]:
        """What the features of ``source`` are worth, ``[3]``."""
        given = self.fitted.weights.get(source)
        if given is None:
            given = {"rank": self._scale * self.by_hand.get(source, 0.0)}
        return np.array([given.get(name, 0.0) for name in FEATURES])

    @cached_property
    def _scale(self) -> float:
        """What a hand-set weight of 1 is worth beside the fitted sources."""
        known = sum(self.by_hand.get(name, 0.0) for name in self.fitted.weights)
        worth = sum(map(self.fitted.at_first, self.fitted.weights))
        return worth / known if known and worth else 1.0


def save_fusion(weights: FusionWeights, folder: Path) -> None:
    """Write ``fusion.json`` into ``folder``."""
    text = json.dumps(weights.model_dump(mode="json"), indent=2)
    (folder / FUSION_NAME).write_text(text + "\n", encoding="utf-8")


def load_fusion(folder: Path) -> FusionWeights:
    """The weights in ``folder``.

    Raises:
        ModelError: they are missing or damaged; the message names file and field.
        WorkspaceError: a newer llmrec wrote them.
    """
    hint = "Run: llmrec train fusion, or take it back with: llmrec models rollback fusion"
    path = folder / FUSION_NAME
    try:
        return read_document(path, FusionWeights, hint=hint)
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing.", hint=hint) from error


def serving_fusion(artifacts: Artifacts) -> FusionWeights | None:
    """The promoted weights; ``None`` if there are none.

    Raises:
        ModelError: they are damaged.
        WorkspaceError: a newer llmrec wrote them.
    """
    artifact = artifacts.current("fusion")
    return None if artifact is None else load_fusion(artifact.folder)
