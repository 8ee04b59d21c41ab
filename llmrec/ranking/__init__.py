"""Ranking with a language model that judges each candidate apart, beside the retriever's score."""

from llmrec.ranking.fusion import fuse, standardise
from llmrec.ranking.ranker import Ranker
from llmrec.ranking.requests import RankedCandidate, Ranking, RankRequest
from llmrec.ranking.share import LIFT, ModelShare, ShareOf, has_shown_lift, share_of_card

__all__ = [
    "LIFT",
    "ModelShare",
    "RankRequest",
    "RankedCandidate",
    "Ranker",
    "Ranking",
    "ShareOf",
    "fuse",
    "has_shown_lift",
    "share_of_card",
    "standardise",
]
