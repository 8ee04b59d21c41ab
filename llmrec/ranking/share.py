"""The model's share in the score: what a setting says, else what its adapter has earned.

A language model that ranks without having learned it ranks at chance and costs a second of every
answer. So it is asked only with an adapter whose card shows a lift over the retriever, and with the
weight that was fitted with that lift; or because somebody has set ``ranking.llm_weight``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmrec.artifacts import CARD_NAME, Artifacts, Card, chosen_adapter, read_card
from llmrec.errors import AdapterMismatch, ModelError
from llmrec.prompting import rank_prompt_version

if TYPE_CHECKING:
    from llmrec.config import RankingSettings

__all__ = ["LIFT", "ModelShare", "ShareOf", "has_shown_lift", "share_of_card"]

LIFT = "ndcg@10 lift"
"""What the fused order adds to the retriever's; the main metric of a card where it is known."""

_NO_LIFT = "no ranking adapter has shown a lift here"
_NO_WORDS = "no ranking adapter has shown a lift here for requests in words"


@dataclass(frozen=True, slots=True)
class ModelShare:
    """The weight of the model's log-odds in the score, and why it is 0 where it is.

    ``words`` says whether it holds for requests in words, too: a log holds none, so that what is
    learned from one has shown nothing about them.

    >>> ModelShare.set_by_hand(0.0).unasked(None)
    'ranking.llm_weight is 0'
    """

    weight: float
    reason: str = ""
    words: bool = True

    @classmethod
    def set_by_hand(cls, weight: float) -> ModelShare:
        """What ``ranking.llm_weight`` says."""
        return cls(weight, "" if weight else "ranking.llm_weight is 0")

    def unasked(self, query: str | None) -> str | None:
        """Why the model is not asked for such a request; ``None`` where it is."""
        if not self.weight:
            return self.reason
        return _NO_WORDS if query and not self.words else None


def has_shown_lift(card: Card) -> bool:
    """Whether the interval of the adapter's lift over the retriever lies above 0."""
    lift = card.metrics.get(LIFT)
    return lift is not None and lift.low is not None and lift.low > 0


def share_of_card(card: Card | None) -> ModelShare:
    """What an adapter has earned, by its card.

    ``extra.words`` of the card says whether it was shown for requests in words.
    """
    if card is None:
        return ModelShare(0.0, _NO_LIFT)
    if (other := _other_prompt(card)) is not None:
        return ModelShare(0.0, other)
    weight = card.extra.get("llm_weight")
    if not weight or not has_shown_lift(card):
        return share_of_card(None)
    return ModelShare(float(weight), words=bool(card.extra.get("words")))


class ShareOf:
    """The share of a shop's ranking adapter, looked up anew when another version is promoted.

    Args:
        models: the workspace's ``models_dir``.
        settings: which adapter, and whether a weight is set by hand.
    """

    def __init__(self, models: Path, settings: RankingSettings) -> None:
        self._models, self._settings = models, settings
        self._store = Artifacts(models)
        self._known: tuple[object, ModelShare] | None = None

    def __call__(self) -> ModelShare:
        """The share now.

        Raises:
            AdapterMismatch: a weight is set for an adapter that was trained for another prompt.
            ModelError: the setting names no adapter, or its card is damaged.
        """
        # Only what is promoted can change; what a setting names stays.
        revision = self._store.revision("ranker") if self._settings.adapter is None else ()
        known = self._known
        if known is None or known[0] != revision:
            self._known = known = revision, self._looked_up()
        return known[1]

    def _looked_up(self) -> ModelShare:
        weight = self._settings.llm_weight
        if weight == 0:
            return ModelShare.set_by_hand(weight)
        chosen = chosen_adapter(self._models, "ranker", self._settings.adapter)
        card = None
        if chosen is not None:
            if not (chosen.folder / "adapter_config.json").is_file():
                raise ModelError(
                    f"{chosen.folder} holds no adapter.",
                    hint="Let ranking.adapter name a version of 'llmrec models list', a folder in "
                    "models/, or 'none'.",
                )
            if (chosen.folder / CARD_NAME).is_file():
                card = read_card(chosen.folder)
        if weight is None:
            return share_of_card(card)
        if card is not None and (other := _other_prompt(card)) is not None:
            raise AdapterMismatch(
                f"The adapter that ranks cannot: {other}.",
                hint="Train it anew with 'llmrec train ranker', take it back with 'llmrec models "
                "rollback ranker', or set ranking.adapter to 'none'.",
            )
        return ModelShare.set_by_hand(weight)


def _other_prompt(card: Card) -> str | None:
    prompt = card.extra.get("prompt")
    if prompt in (None, rank_prompt_version()):
        return None
    return f"it was trained for the prompt {prompt}, this llmrec asks with {rank_prompt_version()}"
