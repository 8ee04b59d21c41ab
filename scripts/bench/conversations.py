"""Generated conversations, and one wish in many wordings: whether what is meant holds.

Without ``--reader``, shoppers of :mod:`meanings` talk for 3 to 8 turns in three languages, and each
message is read by the line that it means: what is tried is the conversation, not the model. Counted
are products against what was meant, invented ones, limits held otherwise than meant, failures::

    python scripts/bench/conversations.py 500

With ``--reader``, a trained reader reads the same wish in ten wordings, and messages changed in a
way that must or must not change their meaning (:mod:`metamorphic`)::

    python scripts/bench/conversations.py --reader openvino --limit 100 --errors differing.jsonl

Both print JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from meanings import COLOURS, Meant, Shopper, forbidden

from llmrec.agent.agent import Agent
from llmrec.agent.events import AgentEvent, Failed, Products
from llmrec.agent.state import Conversation, Situation
from llmrec.reading.prompt import plain
from llmrec.reading.scripted import ScriptedReader
from llmrec.types import Item

TESTS = Path(__file__).parents[2] / "tests"
SHOPPERS = (None, "shopper-116", "shopper-040")
LANGUAGES = ("en", "en", "de", "zh")


def shown(events: list[AgentEvent]) -> list[str] | None:
    """The ids of the products that a reply shows last; ``None`` where it shows no list."""
    lists = [event.cards for event in events if isinstance(event, Products)]
    return [card.product["id"] for card in lists[-1]] if lists else None


def held(now: Situation, language: str) -> Meant:
    """What the assistant holds, in the generator's terms; the thing is left out."""
    one_word: dict[str, Any] = {}
    brands: set[str] = set()
    not_brands: set[str] = set()
    without: set[str] = set()
    for constraint in now.constraints.held:
        if constraint.kind == "max_price":
            one_word["high"] = constraint.amount
        elif constraint.kind == "min_price":
            one_word["low"] = constraint.amount
        elif constraint.kind == "brand":
            brands |= set(constraint.values)
        elif constraint.kind == "not_brand":
            not_brands |= set(constraint.values)
        elif constraint.kind in ("not_attribute", "not_word", "refusal"):
            without.add(constraint.said or constraint.values[0])
        elif constraint.kind == "recipient":
            one_word["receiver"] = constraint.said
        elif constraint.kind == "in_stock":
            one_word["in_stock"] = True
        elif constraint.kind == "attribute":
            one_word[constraint.name] = _colour_named(constraint.said, language)
        else:
            without.add(f"{constraint.kind} {constraint.values}")  # nothing else was ever said
    return Meant(
        brands=frozenset(brands),
        not_brands=frozenset(not_brands),
        without=frozenset(without),
        cheapest=now.sort == "cheapest",
        **one_word,
    )


def _colour_named(message: str, language: str) -> str:
    return next((name for name, words in COLOURS.items() if words[language] == message), message)


def differing(meant: Meant, now: Situation, language: str) -> list[str]:
    """The names of what is held otherwise than meant."""
    acted_on = held(now, language)
    return [
        field.name
        for field in fields(Meant)
        if field.name != "thing" and getattr(meant, field.name) != getattr(acted_on, field.name)
    ]


class Talk:
    """One conversation, and what must hold in it."""

    def __init__(self, agent: Agent, lines: dict[str, str], known: Mapping[str, Item], seed: int):
        self.agent, self.lines, self.known, self.seed = agent, lines, known, seed
        draw = random.Random(seed)
        self.turns = draw.randint(3, 8)
        self.language = draw.choice(LANGUAGES)
        self.shopper = Shopper(draw, self.language)
        self.conversation = Conversation(user=draw.choice(SHOPPERS))
        self.meant = Meant()
        # What undo goes back to. A message that changes nothing is no step, and whether one that
        # repeats what holds is a step is nobody's concern: then nothing is known of before.
        self.before: Meant | None = None
        self.screen: list[str] = []
        self.wrong: set[str] = set()
        self.counts: Counter[str] = Counter(conversations=1)

    def run(self) -> Counter[str]:
        """Have it; the counts."""
        for _ in range(self.turns):
            if not self._turn():
                break
        return self.counts

    def _turn(self) -> bool:
        items = [self.known[id] for id in self.screen if id in self.known]
        message = self.shopper.says(self.meant, items, can_undo=self.before is not None)
        self.lines[plain(message.text)] = message.line
        if message.kind == "undo" and self.before is not None:
            self.meant, self.before = self.before, None
        else:
            following = message.effect(self.meant)
            if following != self.meant:
                self.before = self.meant
            elif message.line.split(" ")[0] in ("refine", "find", "more"):
                self.before = None
            self.meant = following
        self.counts["turns"] += 1
        try:
            self.conversation, events = self.agent.answer(self.conversation, message.text)
        except Exception as error:  # counted and shown, whatever it is
            self._note("crashes", message.text, repr(error))
            return False
        self._judge(message.text, message.kind, events)
        return True

    def _judge(self, message: str, kind: str, events: list[AgentEvent]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self._note("failures", message, event.message)
        wrong = set(differing(self.meant, self.conversation.now, self.language))
        # Counted in the turn where it begins: it differs in all turns behind it too.
        for name in sorted(wrong - self.wrong):
            values = getattr(held(self.conversation.now, self.language), name)
            self._note("limits otherwise", message, f"{name}: {values!r}, meant {self.meant}")
        self.wrong = wrong
        ids = shown(events)
        if ids is None:
            return
        self.counts["products"] += len(ids)
        for id in ids:
            if id not in self.known:
                self._note("not in the catalogue", message, id)
            elif against := forbidden(self.known[id], self.meant):
                self._note("forbidden", message, f"{self.known[id].title}: {against}, {self.meant}")
        prices = [self.known[id].price or 0 for id in ids if id in self.known]
        if self.meant.cheapest and not wrong and prices != sorted(prices):
            self._note("not the cheapest first", message, str(prices))
        if kind == "more" and set(ids) & set(self.screen):
            self._note("shown again", message, str(ids))
        self.screen = ids

    def _note(self, what: str, message: str, why: str) -> None:
        self.counts[what] += 1
        print(f"seed {self.seed}, {what}, {message!r}: {why}", file=sys.stderr)


FAULTS = (
    "forbidden",
    "not in the catalogue",
    "limits otherwise",
    "not the cheapest first",
    "shown again",
    "failures",
    "crashes",
)


def conversations(count: int) -> dict[str, Any]:
    """Have so many conversations; the counts."""
    sys.path.insert(0, str(TESTS))
    from tool_shop import make_demo_store, open_shop

    total: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_shop(make_demo_store(Path(folder) / "shop")) as shop,
    ):
        known = {item.id: item for items in shop.store.iter_items() for item in items}
        lines: dict[str, str] = {}
        agent = Agent(shop, reader=ScriptedReader(lines, "EUR"))
        for seed in range(count):
            total.update(Talk(agent, lines, known, seed).run())
    return dict(total)


def main() -> None:
    """Talk or read, as the arguments say, and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("conversations", type=int, nargs="?", default=500)
    parser.add_argument("--reader", choices=("openvino", "transformers"))
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("--adapter", type=Path, help="instead of the one that ships")
    parser.add_argument("--limit", type=int, help="messages of each written set")
    parser.add_argument("--errors", type=Path, help="a file for what was read otherwise")
    args = parser.parse_args()
    started = time.perf_counter()
    if args.reader is None:
        report = conversations(args.conversations)
    else:
        from metamorphic import read_in_many_ways

        report = read_in_many_ways(args.reader, args.base, args.adapter, args.limit, args.errors)
    report["seconds"] = round(time.perf_counter() - started)
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
