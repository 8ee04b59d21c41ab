"""Whether a version is worse than the one that serves, by the main metric of their cards."""

from __future__ import annotations

from dataclasses import dataclass

from llmrec.artifacts.card import Card

__all__ = ["CardComparison"]


@dataclass(frozen=True)
class CardComparison:
    """Two cards by their main metric, of which more is better.

    Intervals overlap more often than not; the rule looks at the means alone, since whoever promotes
    must choose. Figures of different names are not compared.
    """

    new: Card
    serving: Card

    @property
    def worse(self) -> bool:
        """Whether the new one's mean is below that of the one that serves."""
        if self.new.main is None or self.serving.main is None:
            return False
        (name, new), (other, old) = self.new.main, self.serving.main
        return name == other and new.mean < old.mean

    def __str__(self) -> str:
        if self.new.main is None or self.serving.main is None:
            return "not compared: one of the two has no metric"
        (name, new), (other, old) = self.new.main, self.serving.main
        if name != other:
            return f"not compared: {name} {new} is another metric than {other} {old}"
        learned_alike = self.new.data.sha256 == self.serving.data.sha256
        return f"{name} {new} against {old}" + (
            "" if learned_alike else ", after learning from other data"
        )
