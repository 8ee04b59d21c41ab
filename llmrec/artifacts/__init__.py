"""What was learned for a shop: versions on disk, each with a card, one of them serving."""

from llmrec.artifacts.adapters import (
    NO_ADAPTER,
    AdapterFolder,
    AdapterKind,
    chosen_adapter,
)
from llmrec.artifacts.card import (
    CARD_NAME,
    KINDS,
    Card,
    CardData,
    Figure,
    Kind,
    package_versions,
    read_card,
)
from llmrec.artifacts.comparison import CardComparison
from llmrec.artifacts.folders import publish_folder
from llmrec.artifacts.store import Artifact, Artifacts

__all__ = [
    "CARD_NAME",
    "KINDS",
    "NO_ADAPTER",
    "AdapterFolder",
    "AdapterKind",
    "Artifact",
    "Artifacts",
    "Card",
    "CardComparison",
    "CardData",
    "Figure",
    "Kind",
    "chosen_adapter",
    "package_versions",
    "publish_folder",
    "read_card",
]
