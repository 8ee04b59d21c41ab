"""Model weights: named, pinned, fetched once, converted once, verified."""

from llmrec.weights.cache import (
    Progress,
    available,
    folder_of,
    installed,
    locate,
    locate_tokenizer,
    pull,
    pull_tokenizer,
    remove,
    verify,
)
from llmrec.weights.derived import derived_folder
from llmrec.weights.names import DEFAULTS, Weights, describe, known

__all__ = [
    "DEFAULTS",
    "Progress",
    "Weights",
    "available",
    "derived_folder",
    "describe",
    "folder_of",
    "installed",
    "known",
    "locate",
    "locate_tokenizer",
    "pull",
    "pull_tokenizer",
    "remove",
    "verify",
]
