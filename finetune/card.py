"""The card of an adapter: what it was trained on, how, with what result."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    from llmrec.finetune.examples import ExampleSet
    from llmrec.finetune.lora import LoraReport
    from llmrec.finetune.settings import LoraSettings

__all__ = ["CARD_NAME", "base_sha256", "write_card"]

CARD_NAME = "card.json"
_PACKAGES = ("llmrec", "torch", "transformers", "peft")


def write_card(
    folder: Path,
    base: str,
    base_folder: Path,
    data: ExampleSet,
    settings: LoraSettings,
    report: LoraReport,
) -> None:
    """Write ``card.json`` into the adapter's ``folder``."""
    card: dict[str, Any] = {
        "kind": "lora-ranker",
        "format": 1,
        "base": base,
        "base_sha256": base_sha256(base_folder),
        "prompt": data.prompt_version,
        "data_sha256": data.sha256,
        "examples": asdict(data.counts) | {"examples": len(data.examples)},
        "settings": settings.model_dump(mode="json"),
        "trainable": report.trainable,
        "epochs": _epochs(report),
        "losses": [round(one.loss, 6) for one in report.steps],
        "validation": {"loss": report.loss, "accuracy": report.accuracy},
        "resumed_from": report.resumed_from,
        "seconds": round(report.seconds, 1),
        "versions": {name: _version(name) for name in _PACKAGES},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / CARD_NAME).write_text(text, encoding="utf-8")


def _epochs(report: LoraReport) -> list[dict[str, float]]:
    """Mean loss and accuracy of each epoch, while it trained."""
    epochs = []
    for _, group in groupby(report.steps, key=lambda one: one.epoch):
        steps = list(group)
        # The last step of an epoch may be short; it weighs what its examples weigh.
        total = sum(one.examples for one in steps)
        epochs.append(
            {
                "loss": sum(one.loss * one.examples for one in steps) / total,
                "accuracy": sum(one.accuracy * one.examples for one in steps) / total,
            }
        )
    return epochs


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
