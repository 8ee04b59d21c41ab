"""Listwise ranking with a language model, in one forward pass."""

from llmrec.ranking.calibration import LabelPrior
from llmrec.ranking.fusion import fuse, standardise
from llmrec.ranking.ranker import Ranker, labels_for, order_seed, shuffled
from llmrec.ranking.requests import RankedCandidate, Ranking, RankRequest

__all__ = [
    "LabelPrior",
    "RankRequest",
    "RankedCandidate",
    "Ranker",
    "Ranking",
    "fuse",
    "labels_for",
    "order_seed",
    "shuffled",
    "standardise",
]
