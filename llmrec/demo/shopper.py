"""One shopper's behaviour: from tastes to a list of events.

A shopper comes to the shop at a number of visits. At each visit one need is met: the next step of a
journey under way, something in a category the shopper likes in this season, or a bestseller. A need
becomes a funnel: look at the thing and a few beside it, perhaps put it into the cart, perhaps buy
it, and some days after buying perhaps rate it.

Only :meth:`random.Random.random` is drawn from, whose sequence Python guarantees for a seed, so
that a log can be made again on any machine.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from llmrec.demo.journeys import JOURNEYS, Journey
from llmrec.demo.personas import Persona

__all__ = ["DemoShopper", "Shelf", "Taste", "normal", "pick"]

_DAY = 86_400.0
_JOURNEY_SHARE = 0.55  # of visits that continue or begin a journey
_WHIM_SHARE = 0.13  # of visits that look at what everybody looks at
_NEW_DAYS = 30  # an item counts as new for so long, and draws more eyes

#: Category prefix -> what each month, January first, does to the need for it.
_SEASONS: Mapping[str, Sequence[float]] = {
    "Garden > Grow": (0.6, 1.5, 2.5, 2.5, 2.0, 1.0, 0.6, 0.5, 0.7, 0.5, 0.2, 0.2),
    "Garden": (0.3, 0.6, 1.5, 2.0, 2.0, 1.6, 1.2, 0.8, 0.7, 0.6, 0.5, 0.4),
    "Outdoor > Camping": (0.3, 0.4, 0.7, 1.2, 1.8, 2.0, 2.0, 1.5, 0.8, 0.5, 0.3, 0.5),
    "Outdoor > Water": (0.2, 0.2, 0.4, 0.8, 1.6, 2.2, 2.4, 2.0, 1.0, 0.5, 0.2, 0.3),
    "Kitchen > Baking": (0.8, 0.8, 0.9, 1.0, 0.7, 0.6, 0.5, 0.6, 0.9, 1.2, 2.0, 2.2),
    "Kitchen > Tea": (1.5, 1.3, 1.0, 0.8, 0.7, 0.6, 0.6, 0.7, 1.0, 1.4, 1.7, 1.8),
    "Home > Living": (1.0, 0.8, 0.7, 0.7, 0.6, 0.6, 0.6, 0.7, 1.0, 1.4, 2.0, 2.2),
    "Baby & Kids > Toys": (0.7, 0.7, 0.8, 0.9, 0.9, 0.8, 0.8, 0.8, 0.9, 1.1, 2.0, 2.5),
    "Office": (1.3, 1.0, 1.0, 0.9, 0.9, 0.8, 0.8, 1.2, 1.5, 1.2, 1.0, 0.8),
}

#: Leaves that run out and are bought again.
_CONSUMABLE = frozenset(
    {
        "Beans",
        "Leaf tea",
        "Staples and treats",
        "Food and treats",
        "Care and cleaning",
        "Soap and care",
        "Seeds",
    }
)

#: Share of visits that begin in each hour of the day (UTC).
_HOURS = (1, 0, 0, 0, 0, 1, 3, 5, 5, 4, 4, 5, 6, 5, 4, 4, 5, 7, 9, 11, 10, 7, 4, 2)


def pick(rng: Random, weights: Sequence[float]) -> int:
    """Draw an index with probability proportional to its weight; needs one weight above 0."""
    left = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return index
    return max(index for index, weight in enumerate(weights) if weight > 0)


def normal(rng: Random) -> float:
    """Nearly standard normal (sum of twelve uniforms)."""
    return sum(rng.random() for _ in range(12)) - 6.0


@dataclass(frozen=True)
class Taste:
    """What the simulator adds to an item: how popular, how good, and how dear for its kind.

    ``dearness`` is the standardised logarithm of the price within the category leaf.
    """

    popularity: float
    quality: float
    dearness: float


class Shelf:
    """The catalogue as the simulator sees it: items by leaf, and a :class:`Taste` for each."""

    def __init__(self, items: Sequence[Mapping[str, Any]], seed: int) -> None:
        self.items = {str(item["id"]): item for item in items}
        self.path = {name: " > ".join(item["category"]) for name, item in self.items.items()}
        self.added = {
            name: datetime.fromisoformat(item["added_at"].replace("Z", "+00:00"))
            for name, item in self.items.items()
        }
        leaves: dict[str, list[str]] = defaultdict(list)
        for name, path in self.path.items():
            leaves[path].append(name)
        self.leaves = dict(leaves)
        self.taste: dict[str, Taste] = {}
        for names in self.leaves.values():
            self._judge(names, seed)

    def _judge(self, names: list[str], seed: int) -> None:
        logs = [math.log(float(self.items[name]["price"])) for name in names]
        mean = sum(logs) / len(logs)
        spread = math.sqrt(sum((log - mean) ** 2 for log in logs) / len(logs)) or 1.0
        for name, log in zip(names, logs, strict=True):
            rng = Random(f"{seed} item {name}")
            popularity = math.exp(0.8 * normal(rng))
            quality = min(4.9, max(2.8, 4.2 + 0.4 * normal(rng)))
            self.taste[name] = Taste(popularity, quality, (log - mean) / spread)


@dataclass
class DemoShopper:
    """One shopper with one or two personas; :meth:`live` gives the whole log of events.

    Attributes:
        name: the shopper's id.
        personas: persona and share of the shopper's needs; shares sum to 1.
        shelf: the catalogue.
        rng: this shopper's own source of chance.
    """

    name: str
    personas: Sequence[tuple[Persona, float]]
    shelf: Shelf
    rng: Random
    events: list[dict[str, Any]] = field(default_factory=list)
    _bought: set[str] = field(default_factory=set)
    _open: list[list[tuple[str, ...]]] = field(default_factory=list)
    _begun: set[str] = field(default_factory=set)

    def live(self, start: datetime, end: datetime, target: int) -> list[dict[str, Any]]:
        """Shop from ``start`` until just before ``end``; about ``target`` events, at most 60."""
        visits = max(2, round(target / 4.1))
        for at in self._visit_times(start, end, visits):
            if len(self.events) < target + 6:
                self._visit(at, end)
        while len(self.events) < 5:
            self._visit(end - timedelta(seconds=_DAY * (1 + 20 * self.rng.random())), end)
        return _in_order(self.events)[:60]

    def _visit_times(self, start: datetime, end: datetime, visits: int) -> list[datetime]:
        days = (end - start).days
        times = []
        for _ in range(visits):
            day = start + timedelta(days=int(days * self.rng.random()))
            hour = pick(self.rng, _HOURS)
            times.append(day + timedelta(hours=hour, seconds=int(3_000 * self.rng.random())))
        return sorted(times)

    def _visit(self, at: datetime, end: datetime) -> None:
        """Meet one need: choose a thing, look around it, and perhaps buy it."""
        persona = self.personas[pick(self.rng, [share for _, share in self.personas])][0]
        chance = self.rng.random()
        step = self._next_step(persona, at) if chance < _JOURNEY_SHARE else None
        if step is not None:
            self._funnel(step, persona, at, end, eager=True)
            return
        whim = chance > 1 - _WHIM_SHARE
        wanted = self._bestseller(at) if whim else self._need(persona, at)
        if wanted is not None:
            self._funnel(wanted, persona, at, end, eager=not whim)

    def _next_step(self, persona: Persona, at: datetime) -> str | None:
        """The next thing of a journey under way, or the first of a new one; ``None`` if none is."""
        self._open = [steps for steps in self._open if steps]
        fresh = [name for name in persona.journeys if name not in self._begun]
        if fresh and (not self._open or self.rng.random() < 0.25):
            weights = [self._season(self.shelf.path[_first(name)], at) for name in fresh]
            name = fresh[pick(self.rng, weights)]
            self._begun.add(name)
            self._open.append(list(_without_early_end(self.rng, JOURNEYS[name])))
        if not self._open:
            return None
        steps = self._open[-1]
        wanted = self._choose(steps.pop(0), persona, at)
        return wanted if wanted is not None and wanted not in self._bought else None

    def _need(self, persona: Persona, at: datetime) -> str | None:
        """Something from a category the persona likes, in this season."""
        leaves = list(self.shelf.leaves)
        weights = [_liking(persona, leaf) * self._season(leaf, at) for leaf in leaves]
        return self._choose(self.shelf.leaves[leaves[pick(self.rng, weights)]], persona, at)

    def _bestseller(self, at: datetime) -> str | None:
        """Something popular from anywhere in the shop, whatever the shopper's tastes."""
        names = [name for name, added in self.shelf.added.items() if added <= at]
        weights = [self.shelf.taste[name].popularity ** 1.5 for name in names]
        return names[pick(self.rng, weights)] if names else None

    def _season(self, path: str, at: datetime) -> float:
        prefixes = [prefix for prefix in _SEASONS if path.startswith(prefix)]
        return _SEASONS[max(prefixes, key=len)][at.month - 1] if prefixes else 1.0

    def _choose(self, names: Sequence[str], persona: Persona, at: datetime) -> str | None:
        weights = [self._appeal(name, persona, at) for name in names]
        return names[pick(self.rng, weights)] if any(weight > 0 for weight in weights) else None

    def _appeal(self, name: str, persona: Persona, at: datetime) -> float:
        """How likely the item is among its peers; 0 while it is not in the shop yet."""
        age = at - self.shelf.added[name]
        if age < timedelta(0):
            return 0.0
        item, taste = self.shelf.items[name], self.shelf.taste[name]
        appeal = taste.popularity * persona.brands.get(item["brand"], 1.0)
        appeal *= math.exp(0.7 * persona.price * taste.dearness)
        appeal *= persona.languages.get(item["language"], 0.02)
        if age < timedelta(days=_NEW_DAYS):
            appeal *= 1.6
        if name in self._bought:
            appeal *= 0.5 if item["category"][-1] in _CONSUMABLE else 0.02
        return appeal

    def _funnel(
        self, wanted: str, persona: Persona, at: datetime, end: datetime, *, eager: bool
    ) -> None:
        """Views, then perhaps cart, purchase and a later rating of ``wanted``."""
        at = self._look_around(wanted, persona, at)
        at = self._log(wanted, "view", at)
        if self.rng.random() < (0.10 if eager else 0.02):
            at = self._log(wanted, "like", at)
        if self.rng.random() > (0.78 if eager else 0.35):
            if not eager and self.rng.random() < 0.2:
                self._log(wanted, "dislike", at)
            return
        at = self._log(wanted, "cart", at)
        if self.rng.random() > 0.82:
            return
        at = self._log(wanted, "purchase", at)
        self._bought.add(wanted)
        if self.rng.random() < 0.3:
            self._rate(wanted, at, end)

    def _look_around(self, wanted: str, persona: Persona, at: datetime) -> datetime:
        peers = [peer for peer in self.shelf.leaves[self.shelf.path[wanted]] if peer != wanted]
        for _ in range(pick(self.rng, (0.45, 0.35, 0.15, 0.05))):
            other = self._choose(peers, persona, at) if peers else None
            if other is not None:
                at = self._log(other, "view", at)
        return at

    def _rate(self, name: str, at: datetime, end: datetime) -> None:
        later = at + timedelta(seconds=int(_DAY * (3 + 18 * self.rng.random())))
        felt = self.shelf.taste[name].quality + 0.7 * normal(self.rng)
        if later < end:
            self._log(name, "rating", later, float(min(5, max(1, round(felt)))))

    def _log(self, name: str, kind: str, at: datetime, value: float | None = None) -> datetime:
        event: dict[str, Any] = {"user": self.name, "item": name, "kind": kind, "at": at}
        if value is not None:
            event["value"] = value
        self.events.append(event)
        return at + timedelta(seconds=15 + int(165 * self.rng.random()))


def _first(journey: str) -> str:
    return JOURNEYS[journey][0][0]


def _liking(persona: Persona, leaf: str) -> float:
    """The weight of the longest prefix that the persona likes."""
    prefixes = [prefix for prefix in persona.likes if leaf.startswith(prefix)]
    return persona.likes[max(prefixes, key=len)] if prefixes else 0.0


def _without_early_end(rng: Random, journey: Journey) -> Journey:
    """A journey breaks off after each step with one chance in ten."""
    kept = 1
    while kept < len(journey) and rng.random() > 0.1:
        kept += 1
    return journey[:kept]


def _in_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sorted by time, and no two at the same second."""
    events.sort(key=lambda event: event["at"])
    for before, after in pairwise(events):
        if after["at"] <= before["at"]:
            after["at"] = before["at"] + timedelta(seconds=1)
    return events
