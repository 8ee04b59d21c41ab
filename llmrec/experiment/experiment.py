"""The experiment that a workspace's settings name: its arms, who is in which, how each ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, TypeAlias

from llmrec.artifacts import NO_ADAPTER, AdapterFolder, chosen_adapter
from llmrec.config import ExperimentSettings, RankingSettings, Workspace
from llmrec.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from llmrec.ranking import Ranker, Ranking, RankRequest

__all__ = [
    "ARMS",
    "Arm",
    "Experiment",
    "arm_of",
    "check_arm_b",
    "rank_in_arms",
]

Arm: TypeAlias = Literal["A", "B"]
ARMS: tuple[Arm, Arm] = ("A", "B")


def arm_of(experiment: str, user: str, share: float) -> Arm:
    """The arm of a shopper: B for a ``share`` of all, drawn anew by each experiment's name.

    With a larger share shoppers move from A to B only, with a smaller one from B to A only.

    >>> [arm_of("spring", user, 0.5) for user in ("S001", "S002", "S003", "S004")]
    ['B', 'A', 'A', 'A']
    """
    # A name holds no NUL, so that no two pairs of name and user read the same.
    key = f"{experiment}\x00{user}".encode("utf-8", "surrogatepass")
    return "B" if int.from_bytes(sha256(key).digest()[:8], "big") < share * 2**64 else "A"


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
        """The experiment of a workspace; ``None`` without a name, or within an evaluation.

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
        """The arm of a shopper; ``None`` for a stranger, who gets A's ranking, uncounted."""
        return arm_of(self.name, user, self.settings.share) if user else None

    def what(self, arm: Arm) -> str:
        """Describe in words how an arm ranks."""
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
    rankings: dict[int, Ranking] = {}
    for arm, ranker in rankers.items():
        places = [place for place, assigned in enumerate(arms) if (assigned or "A") == arm]
        ranked = ranker.rank_many([requests[place] for place in places]) if places else []
        rankings.update(zip(places, ranked, strict=True))
    return [rankings[place] for place in range(len(requests))]


def check_arm_b(workspace: Workspace) -> None:
    """Check arm B's adapter when the shop opens, so that half of its shoppers meet no error.

    It reads headers only, and nothing if the settings name no adapter.

    Raises:
        ConfigError: there is none, it is damaged, or it does not fit the language model.
    """
    setting = workspace.settings.experiment.adapter
    if setting is None:  # as arm A's
        return
    try:
        chosen = chosen_adapter(workspace.models_dir, "ranker", setting)
        if chosen:
            _check_folder(workspace, chosen)
    except ModelError as error:
        message = f"Setting 'experiment.adapter': {error.message}"
        raise ConfigError(message, hint=error.hint) from error


def _check_folder(workspace: Workspace, chosen: AdapterFolder) -> None:
    if not (chosen.folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{chosen.folder} holds no adapter.",
            hint="Name a version of 'llmrec models list', a folder in models/, or 'none'.",
        )
    models = workspace.settings.models
    if models.engine == "scripted":  # which has no weights that an adapter could fit
        return
    from llmrec.engines.adapters import check_adapter
    from llmrec.weights import locate

    try:
        base = locate(models.llm)
    except ModelError:  # a server has the weights, or they are pulled later: the engine will check
        return
    check_adapter(chosen.name, chosen.folder, base)
