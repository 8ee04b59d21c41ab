"""The baselines by name, and the settings that tuning tries for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from llmrec.errors import ConfigError
from llmrec.eval.baselines.factors import ALS, BPR
from llmrec.eval.baselines.fold import Fold
from llmrec.eval.baselines.linear import EASE
from llmrec.eval.baselines.neighbours import ItemKNN, TextKNN, Transitions
from llmrec.eval.baselines.popular import Popular
from llmrec.eval.judging.asking import ManyRecommender

__all__ = ["BASELINES", "Recipe", "fit_baseline", "recipe"]


@dataclass(frozen=True)
class Recipe:
    """How to make one baseline.

    Attributes:
        name: as the command line calls it.
        about: one line for tables.
        make: from a fold and settings to a recommender.
        space: the values that tuning tries for each setting.
    """

    name: str
    about: str
    make: Callable[..., ManyRecommender]
    space: Mapping[str, Sequence[Any]]

    @property
    def size(self) -> int:
        """Number of combinations in the space."""
        total = 1
        for values in self.space.values():
            total *= len(values)
        return total


_HALF_LIVES = (None, 1.0, 2.0, 4.0, 8.0)

_RECIPES = (
    Recipe("popular", "what most users touched", Popular, {}),
    Recipe(
        "recent",
        "what many touched lately",
        Popular,
        {"half_life_days": (3.0, 7.0, 14.0, 30.0, 60.0, 120.0)},
    ),
    Recipe(
        "item-knn",
        "items touched by the same people",
        ItemKNN,
        {"shrink": (0.0, 3.0, 10.0, 30.0), "neighbours": (50, 200), "half_life": _HALF_LIVES},
    ),
    Recipe(
        "transitions",
        "items that came next",
        Transitions,
        {
            "window": (1, 2, 4, 8),
            "discount": (0.0, 0.25, 0.5, 0.75),
            "half_life": (0.5, 1.0, 2.0, 4.0),
        },
    ),
    Recipe(
        "text-knn",
        "items with similar words",
        TextKNN,
        {"half_life": _HALF_LIVES},
    ),
    Recipe(
        "ease",
        "linear autoencoder, closed form",
        EASE,
        # The inverse is the cost: neighbouring trials share it.
        {"ridge": (30.0, 100.0, 300.0, 1000.0), "half_life": _HALF_LIVES},
    ),
    Recipe(
        "als",
        "matrix factorisation, least squares",
        ALS,
        {
            "factors": (64, 128, 256),
            "regularization": (0.01, 0.1, 1.0, 10.0),
            "alpha": (2.0, 5.0, 10.0, 40.0),
        },
    ),
    Recipe(
        "bpr",
        "matrix factorisation, pairwise ranking",
        BPR,
        {
            "factors": (64, 128),
            "learning_rate": (0.02, 0.05, 0.1),
            "regularization": (0.001, 0.01, 0.05),
            "iterations": (50, 150, 300),
        },
    ),
)

BASELINES: Mapping[str, Recipe] = MappingProxyType({known.name: known for known in _RECIPES})
"""All baselines by name, simplest first."""


def recipe(name: str) -> Recipe:
    """The recipe called ``name``.

    Raises:
        ConfigError: there is none.
    """
    if name not in BASELINES:
        raise ConfigError(
            f"There is no baseline called '{name}'.", hint=f"Take one of: {', '.join(BASELINES)}."
        )
    return BASELINES[name]


def fit_baseline(
    name: str, fold: Fold, settings: Mapping[str, Any] | None = None, *, seed: int = 0
) -> ManyRecommender:
    """Make a baseline from what is known.

    Raises:
        ConfigError: there is no such baseline.
        MissingExtra: it wants a package that is not installed.
    """
    return recipe(name).make(fold, **(settings or {}), seed=seed)
