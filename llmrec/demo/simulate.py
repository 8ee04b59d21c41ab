"""Make the demo store's shoppers: ``python -m llmrec.demo.simulate`` writes the files again.

Every shopper has a main persona, two in five a second one; each has a seed of their own, so that
adding a shopper changes no other. The log runs from 1 May 2025 to 1 November 2026. See
``docs/demo-store.md`` for the model and for what the log shows.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from llmrec.demo.personas import PERSONAS, Persona
from llmrec.demo.reviews import with_reviews
from llmrec.demo.shopper import DemoShopper, Shelf, normal

__all__ = ["END", "SEED", "SHOPPERS", "START", "events_text", "main", "simulate"]

SEED = 20261101
SHOPPERS = 364
START = datetime(2025, 5, 1, tzinfo=timezone.utc)
END = datetime(2026, 11, 2, tzinfo=timezone.utc)  # exclusive


def simulate(
    items: Sequence[Mapping[str, Any]], *, shoppers: int = SHOPPERS, seed: int = SEED
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Simulate a log.

    Args:
        items: the catalogue, as in the shipped JSON Lines.
        shoppers: how many; personas take turns, so multiples of their number are balanced.
        seed: the same seed and items give the same log.

    Returns:
        Events (``user, item, kind, at, value``) in the order of time, and the persona in words for
        each shopper's id.
    """
    shelf = Shelf(items, seed)
    events: list[dict[str, Any]] = []
    words: dict[str, str] = {}
    for index in range(shoppers):
        name = f"shopper-{index + 1:03d}"
        rng = Random(f"{seed} shopper {index}")
        personas = _personas(index, rng)
        words[name] = " Also: ".join(f"{persona.key}. {persona.words}" for persona, _ in personas)
        joined = START + timedelta(days=int(330 * rng.random() ** 2))
        target = min(54, max(5, round(math.exp(3.3 + 0.5 * normal(rng)))))
        events += DemoShopper(name, personas, shelf, rng).live(joined, END, target)
    events.sort(key=lambda event: (event["at"], event["user"]))
    return events, words


def _personas(index: int, rng: Random) -> list[tuple[Persona, float]]:
    main_one = PERSONAS[index % len(PERSONAS)]
    if rng.random() >= 0.4:
        return [(main_one, 1.0)]
    others = [persona for persona in PERSONAS if persona is not main_one]
    return [(main_one, 0.75), (others[int(rng.random() * len(others))], 0.25)]


def events_text(events: Sequence[Mapping[str, Any]]) -> str:
    """The events as JSON Lines, times in ISO 8601 with ``Z``."""
    lines = [
        json.dumps({**event, "at": event["at"].strftime("%Y-%m-%dT%H:%M:%SZ")}, ensure_ascii=False)
        for event in events
    ]
    return "\n".join(lines) + "\n"


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``events.jsonl.gz`` and ``shoppers.json`` into a folder, by default this package's."""
    from llmrec.demo import items_files, reviews_file

    parser = argparse.ArgumentParser(prog="python -m llmrec.demo.simulate", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder")
    parser.add_argument("--shoppers", type=int, default=SHOPPERS)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args(arguments)
    items = [row for file in items_files() for row in _rows(file)]
    events, words = simulate(items, shoppers=chosen.shoppers, seed=chosen.seed)
    events = with_reviews(events, _rows(reviews_file()))
    chosen.out.mkdir(parents=True, exist_ok=True)
    # No time stamp and no name inside: the same events give the same bytes.
    packed = gzip.compress(events_text(events).encode("utf-8"), compresslevel=9, mtime=0)
    (chosen.out / "events.jsonl.gz").write_bytes(packed)
    text = json.dumps(words, ensure_ascii=False, indent=1) + "\n"
    (chosen.out / "shoppers.json").write_text(text, encoding="utf-8")
    print(f"{len(events)} events of {len(words)} shoppers in {chosen.out}")


if __name__ == "__main__":
    main()
