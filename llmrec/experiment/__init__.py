"""An A/B of two rankers in a live shop: who is in which arm, what was shown, what came of it."""

from llmrec.experiment.experiment import ARMS, Arm, Experiment, arm_of, rank_in_arms
from llmrec.experiment.exposures import Exposures, ShownList
from llmrec.experiment.recording import keep_shown

__all__ = [
    "ARMS",
    "Arm",
    "Experiment",
    "Exposures",
    "ShownList",
    "arm_of",
    "keep_shown",
    "rank_in_arms",
]
