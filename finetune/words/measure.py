"""Write about held-out items as serving does, with the adapter and without; count what passes."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.artifacts import Figure, read_card
from llmrec.config import ExplainSettings, disk_errors
from llmrec.explain import WordsRequest, Writer
from llmrec.finetune.figures import mean_figure, share_figure
from llmrec.finetune.words.variety import distinct_2, skeletons
from llmrec.types import Words

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["FIRST_TRY", "SAMPLES", "Written", "add_to_card", "write_texts"]

FIRST_TRY = "passes at first try"
"""Share of texts that the checker lets pass at the first attempt; the main metric of a card."""

SAMPLES = "samples.jsonl"
"""Beside the card: every text that was written, for people to read."""

_TOGETHER = 10
"""As many as serving asks for at once."""


@dataclass(frozen=True)
class Written:
    """Texts about the same requests, with the adapter or without."""

    requests: tuple[WordsRequest, ...]
    reasons: tuple[Words, ...]
    descriptions: tuple[Words, ...]

    @property
    def texts(self) -> tuple[Words, ...]:
        """Reasons, then descriptions."""
        return self.reasons + self.descriptions

    @property
    def first_try(self) -> list[bool]:
        """Whether each text passed at the first attempt."""
        return [text.origin == "model" and text.attempts == 1 for text in self.texts]

    @property
    def by_item(self) -> list[float]:
        """Share of each item's texts that passed at the first attempt.

        Reason and description of one item are no separate witnesses.
        """
        kinds = [texts for texts in (self.reasons, self.descriptions) if texts]
        passed = ([t.origin == "model" and t.attempts == 1 for t in texts] for texts in kinds)
        return [sum(texts) / len(kinds) for texts in zip(*passed, strict=True)]

    @property
    def by_model(self) -> list[bool]:
        """Whether each text passed at any attempt."""
        return [text.origin == "model" for text in self.texts]

    def summary(self) -> dict[str, dict[str, float]]:
        """Of reasons and of descriptions: shares that pass, variety and mean length as shown."""
        kinds = {"reasons": self.reasons, "descriptions": self.descriptions}
        return {name: _summary(texts) for name, texts in kinds.items() if texts}


def write_texts(
    engine: Engine,
    requests: Sequence[WordsRequest],
    settings: ExplainSettings,
    *,
    adapter: str | None,
    brands: Collection[str],
    reasons: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write a reason, if wanted, and a description for each request through the serving path.

    Args:
        engine: that has ``adapter`` loaded.
        requests: about items that were held out.
        settings: of the writer, whose adapter is ``adapter`` instead.
        adapter: its name in the engine; ``None`` for the base alone.
        brands: the shop's.
        reasons: whether reasons count.
        progress: called with the number of requests done since the last call.
    """
    served = settings.model_copy(update={"adapter": adapter, "enabled": True})
    writer = Writer(engine, served, known_brands=brands)
    pairs: list[tuple[Words, Words | None]] = []
    for start in range(0, len(requests), _TOGETHER):
        batch = requests[start : start + _TOGETHER]
        pairs += writer.write_many(batch)
        if progress:
            progress(len(batch))
    return Written(
        tuple(requests),
        tuple(reason for reason, _ in pairs) if reasons else (),
        tuple(described for _, described in pairs if described),
    )


def add_to_card(folder: Path, base: Written, adapted: Written) -> None:
    """Put what was measured first into the card of the adapter in ``folder``, and the texts beside.

    Raises:
        ModelError: its card is missing or damaged.
        DiskFull: no space left.
    """
    card = read_card(folder)
    pairs = zip(adapted.by_item, base.by_item, strict=True)
    measured: dict[str, Figure] = {
        FIRST_TRY: share_figure(adapted.first_try),
        f"{FIRST_TRY}, base": share_figure(base.first_try),
        "lift": mean_figure([after - before for after, before in pairs]),
        "passes": share_figure(adapted.by_model),
        "passes, base": share_figure(base.by_model),
    }
    extra = {**card.extra, "words": {"adapter": adapted.summary(), "base": base.summary()}}
    with disk_errors(folder / SAMPLES):
        (folder / SAMPLES).write_text("".join(_lines(base, adapted)), encoding="utf-8")
    plain = {name: figure for name, figure in card.metrics.items() if name not in measured}
    card.model_copy(update={"metrics": measured | plain, "extra": extra}).write(folder)


def _lines(base: Written, adapted: Written) -> list[str]:
    lines = []
    for kind in ("reasons", "descriptions"):
        for number, words in enumerate(getattr(adapted, kind)):
            row: dict[str, Any] = {
                "item": adapted.requests[number].item.id,
                "kind": kind.removesuffix("s"),
                "text": words.text,
                "origin": words.origin,
                "attempts": words.attempts,
                "problems": list(words.problems),
                "base": getattr(base, kind)[number].text,
                "base_origin": getattr(base, kind)[number].origin,
            }
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return lines


def _summary(texts: Sequence[Words]) -> dict[str, float]:
    shown = [text.text for text in texts]
    return {
        "texts": len(texts),
        "first_try": sum(text.origin == "model" and text.attempts == 1 for text in texts)
        / len(texts),
        "by_model": sum(text.origin == "model" for text in texts) / len(texts),
        "distinct_2": distinct_2(shown),
        "skeletons": skeletons(shown),
        "words": sum(len(text.split()) for text in shown) / len(shown),
    }
