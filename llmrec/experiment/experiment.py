"""The experiment that a workspace's settings name: its arms, and how each of them ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmrec.artifacts import NO_ADAPTER
from llmrec.config import ExperimentSettings, RankingSettings, Workspace
from llmrec.errors import ConfigError
from llmrec.experiment.assignment import Arm, arm_of

if TYPE_CHECKING:
    from llmrec.ranking import Ranker, Ranking, RankRequest

__all__ = ["Experiment", "rank_in_arms"]


@dataclass(frozen=True)
class Experiment:
    """An A/B of two rankers.

    Attributes:
        name: which it is.
        settings: of the experiment.
        ranking: the settings of each arm's ranker.
    """

    name: str
    settings: ExperimentSettings
    ranking: Mapping[Arm, RankingSettings]

    @classmethod
    def of(cls, workspace: Workspace) -> Experiment | None:
        """The one that runs in a workspace; none runs in a part of an evaluation.

        Raises:
            ConfigError: arm B is described, but the experiment has no name.
        """
        settings, ours = workspace.settings.experiment, workspace.settings.ranking
        change = {
            name: value
            for name, value in (("adapter", settings.adapter), ("llm_weight", settings.llm_weight))
            if value is not None
        }
        if settings.name is None and change:
            raise ConfigError(
                f"The section 'experiment' sets {' and '.join(change)}, but no name.",
                hint="Give the experiment a name, or take the section away.",
            )
        if settings.name is None or workspace.part is not None:
            return None
        arms: dict[Arm, RankingSettings] = {"A": ours, "B": ours.model_copy(update=change)}
        return cls(settings.name, settings, arms)

    def arm(self, user: str | None) -> Arm | None:
        """The arm of a shopper; ``None`` for a stranger, who gets arm A's ranking uncounted."""
        return arm_of(self.name, user, self.settings.share) if user else None

    def what(self, arm: Arm) -> str:
        """How an arm ranks, in words."""
        ranking = self.ranking[arm]
        named = {None: "the promoted adapter, if any", NO_ADAPTER: "no adapter"}
        adapter = named.get(ranking.adapter, f"adapter {ranking.adapter}")
        weight = ranking.llm_weight
        return f"{adapter}, " + (
            "with the weight it has earned" if weight is None else f"llm_weight {weight:g}"
        )


def rank_in_arms(
    requests: Sequence[RankRequest], arms: Sequence[Arm | None], rankers: Mapping[Arm, Ranker]
) -> list[Ranking]:
    """Rank each request with its arm's ranker, strangers' with A's; one call for each ranker.

    Raises:
        EngineError: the language model failed.
        ModelError: an adapter cannot be loaded.
    """
    done: dict[int, Ranking] = {}
    for arm, ranker in rankers.items():
        places = [place for place, own in enumerate(arms) if (own or "A") == arm]
        some = ranker.rank_many([requests[place] for place in places]) if places else []
        done.update(zip(places, some, strict=True))
    return [done[place] for place in range(len(requests))]
