"""The shipped log: whole, in order, made again by the simulator, and true to its personas."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from llmrec.demo import events_file, featured_shoppers, items_files, shoppers
from llmrec.demo.journeys import JOURNEYS
from llmrec.demo.personas import PERSONAS
from llmrec.demo.shopper import pick
from llmrec.demo.simulate import END, SHOPPERS, START, main
from llmrec.types import EventKind


@pytest.fixture(scope="module")
def items() -> dict[str, dict[str, Any]]:
    lines = [
        json.loads(line)
        for file in items_files()
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return {item["id"]: item for item in lines}


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    with gzip.open(events_file(), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_enough_shoppers_with_five_to_sixty_events_each(events: list[dict[str, Any]]) -> None:
    counts = Counter(event["user"] for event in events)
    assert len(counts) == len(shoppers()) == SHOPPERS >= 300
    assert set(counts) == set(shoppers())
    assert min(counts.values()) >= 5
    assert max(counts.values()) <= 60
    assert events_file().stat().st_size < 1_000_000


def test_events_are_in_order_and_inside_the_time(
    events: list[dict[str, Any]], items: dict[str, dict[str, Any]]
) -> None:
    times = [event["at"] for event in events]
    assert times == sorted(times)
    assert len({(event["user"], event["at"]) for event in events}) == len(events)
    assert times[-1].startswith("2026-11-01")
    for event in events:
        assert event["item"] in items
        assert items[event["item"]]["added_at"] <= event["at"]
        at = datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
        assert START <= at < END


def test_kinds_and_values(events: list[dict[str, Any]]) -> None:
    kinds = Counter(EventKind(event["kind"]) for event in events)
    assert set(kinds) == set(EventKind)
    assert kinds[EventKind.VIEW] > kinds[EventKind.CART] > kinds[EventKind.PURCHASE]
    for event in events:
        assert ("value" in event) == (event["kind"] == "rating")
        assert event.get("value", 1.0) in (1.0, 2.0, 3.0, 4.0, 5.0)


def test_a_purchase_follows_a_view_and_a_cart_and_a_rating_a_purchase(
    events: list[dict[str, Any]],
) -> None:
    done: set[tuple[str, str, str]] = set()
    before = {"cart": "view", "purchase": "cart", "rating": "purchase"}
    for event in events:
        needed = before.get(event["kind"])
        assert needed is None or (event["user"], event["item"], needed) in done
        done.add((event["user"], event["item"], event["kind"]))


def test_the_simulator_makes_the_shipped_files_again(tmp_path: Path) -> None:
    main(["--out", str(tmp_path)])
    # Unpacked, because another zlib may pack the same text into other bytes.
    with gzip.open(tmp_path / "events.jsonl.gz") as made, gzip.open(events_file()) as shipped:
        assert made.read() == shipped.read()
    assert json.loads((tmp_path / "shoppers.json").read_text(encoding="utf-8")) == shoppers()


def test_another_seed_makes_another_log_and_packing_is_repeatable(tmp_path: Path) -> None:
    for name, seed in (("one", "1"), ("again", "1"), ("two", "2")):
        main(["--out", str(tmp_path / name), "--shoppers", "12", "--seed", seed])
    packed = {one: (tmp_path / one / "events.jsonl.gz").read_bytes() for one in ("one", "again")}
    assert packed["one"] == packed["again"]
    assert packed["one"] != (tmp_path / "two" / "events.jsonl.gz").read_bytes()


def test_a_new_shopper_changes_no_other(tmp_path: Path) -> None:
    logs = {}
    for count in ("6", "7"):
        main(["--out", str(tmp_path / count), "--shoppers", count])
        text = gzip.decompress((tmp_path / count / "events.jsonl.gz").read_bytes()).decode()
        logs[count] = [line for line in text.splitlines() if '"shopper-007"' not in line]
    assert logs["6"] == logs["7"]


def test_personas_and_journeys_name_what_exists(items: dict[str, dict[str, Any]]) -> None:
    paths = {" > ".join(item["category"]) for item in items.values()}
    brands = {item["brand"] for item in items.values()}
    assert len(PERSONAS) >= 20
    assert len({persona.key for persona in PERSONAS}) == len(PERSONAS)
    for persona in PERSONAS:
        for prefix in persona.likes:
            assert any(path.startswith(prefix) for path in paths), (persona.key, prefix)
        assert set(persona.brands) <= brands, persona.key
        assert set(persona.journeys) <= set(JOURNEYS), persona.key
    for name, steps in JOURNEYS.items():
        assert {one for step in steps for one in step} <= set(items), name
    assert {name for persona in PERSONAS for name in persona.journeys} == set(JOURNEYS)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.key)
def test_a_persona_buys_in_its_categories_clearly_more_than_others(
    persona: Any, events: list[dict[str, Any]], items: dict[str, dict[str, Any]]
) -> None:
    top = max(persona.likes.values())
    core = tuple(prefix for prefix, weight in persona.likes.items() if weight >= top / 2)
    words = shoppers()
    inside: dict[bool, list[bool]] = defaultdict(list)
    for event in events:
        if event["kind"] == "purchase":
            mine = words[event["user"]].startswith(f"{persona.key}. ")
            path = " > ".join(items[event["item"]]["category"])
            inside[mine].append(path.startswith(core))
    own, others = (sum(inside[mine]) / len(inside[mine]) for mine in (True, False))
    assert own > 0.35
    assert own > 2.5 * others


def test_featured_shoppers_have_something_to_show(events: list[dict[str, Any]]) -> None:
    bought = Counter(event["user"] for event in events if event["kind"] == "purchase")
    featured = featured_shoppers()
    assert len(set(featured)) == 3
    assert all(name in shoppers() and bought[name] >= 6 for name in featured)


def test_pick_follows_the_weights_and_never_takes_a_zero() -> None:
    rng = Random(7)
    counts = Counter(pick(rng, (0.0, 3.0, 1.0, 0.0)) for _ in range(4_000))
    assert set(counts) == {1, 2}
    assert 0.72 < counts[1] / 4_000 < 0.78
