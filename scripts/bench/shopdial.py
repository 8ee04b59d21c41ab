"""Human shopping dialogues replayed: which tool is chosen, and whether the product is shown.

    python scripts/bench/shopdial.py ../shared/data

The folder has mg_shopdial, whose shoppers' messages are given to the assistant one after the other
(what the human assistant answered is not), and minionerec_office, whose products stand in the
catalogue beside those of the dialogues. No language model: the grammar and MiniLM's retrieval are
what is measured. After each message that has an annotated counterpart among the tools
(``shopdial_data.RULES``) it is noted whether the assistant chose one of them; and if the human's
answer names products, which of these are on the assistant's screen. ``--turns FILE`` writes each
turn as a JSON line, for reading what fails; ``--half first`` leaves the other half of the dialogues
unread, for figures of what nobody has worked on.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from shopdial_data import (
    PRODUCTS,
    RULES,
    SHOPPER,
    TALK,
    Names,
    Utterance,
    category_of,
    named_next,
    names_by_category,
    read_dialogues,
    read_products,
    rule_of,
)

from llmrec import Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.events import AgentEvent, Failed, Products, ToolCalled
from llmrec.agent.state import Conversation
from llmrec.catalog.matching import matches
from llmrec.catalog.store import CatalogStore
from llmrec.embedding import load_encoder
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.ingest import ingest_items
from llmrec.retrieval import RetrievalRequest, build_index
from llmrec.types import Item

KS = (1, 5, 10)
PRICES = {"min_price", "max_price"}
OTHERS = "minionerec_office"
HALVES = ("first", "second", "all")
SETTINGS = {
    "models": {"engine": "scripted"},
    "reader": {"engine": "openvino"},
    "ranking": {"llm_weight": 0.0},
    "explain": {"enabled": False},
}


@dataclass(frozen=True)
class Turn:
    """What came of one message; ``lists`` are the rankings by who made them, the best first."""

    dialogue: str
    message: str
    rule: str | None
    tool: str
    fits: bool
    named: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]
    constraints: tuple[str, ...] = ()
    failed: str = ""
    forbidden: int = 0
    products: int = 0

    def recall(self, ranking: str, k: int) -> float:
        """Share of the products named that stand among the first k."""
        return len(set(self.lists[ranking][:k]) & set(self.named)) / len(self.named)


def make_shop(folder: Path, data: Path) -> Workspace:
    """The dialogues' products within a larger catalogue; what is indexed is not encoded again."""
    if not folder.exists():
        Workspace.init(folder)
    workspace = Workspace.open(folder, overrides=SETTINGS)
    ingest_items(workspace, [data / OTHERS / "items.parquet"])
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(read_products(data / "mg_shopdial"))
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    return workspace


class Replay:
    """Says what the shoppers said, to an assistant of this shop."""

    def __init__(self, shop: Recommender, names: Mapping[str, Names]) -> None:
        self.agent = Agent(shop, k=max(KS))
        self.names = names
        self.known: dict[str, Item] = {
            item.id: item for items in shop.store.iter_items() for item in items
        }
        self._ids, self._draw = sorted(self.known), random.Random(0)

    def dialogue(self, id: str, turns: Sequence[Utterance]) -> list[Turn]:
        """All of the shopper's turns, in one conversation."""
        conversation, done = Conversation(), []
        for at, utterance in enumerate(turns):
            if utterance.speaker == SHOPPER and utterance.text.strip():
                named = named_next(turns, at, self.names[category_of(id)])
                conversation, turn = self._turn(id, conversation, utterance, named)
                done.append(turn)
        return done

    def _turn(
        self, id: str, conversation: Conversation, said: Utterance, named: set[str]
    ) -> tuple[Conversation, Turn]:
        failed, events = "", []
        try:
            conversation, events = self.agent.answer(conversation, said.text)
            failed = next((event.message for event in events if isinstance(event, Failed)), "")
        except Exception as error:  # counted and printed, whatever it is
            failed = repr(error)
        now, rule, tool = conversation.now, rule_of(said), _tool(events)
        filters, shown = now.constraints.filters(), _shown(events)
        turn = Turn(
            dialogue=id,
            message=said.text,
            rule=rule.name if rule else None,
            tool=tool,
            fits=rule is not None and tool in rule.tools,
            named=tuple(sorted(named)),
            lists=self._lists(said.text, [item.id for item in now.shown]) if named else {},
            constraints=tuple(constraint.kind for constraint in now.constraints.held),
            failed=failed,
            forbidden=sum(
                item not in self.known or not matches(self.known[item], filters) for item in shown
            ),
            products=len(shown),
        )
        return conversation, turn

    def _lists(self, message: str, on_screen: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The assistant's screen, and what needs no assistant: the last message searched."""
        lists = {
            "assistant": tuple(on_screen),
            "random": tuple(self._draw.sample(self._ids, max(KS))),
        }
        for name, source in (("words of the message", "lexical"), ("MiniLM of it", "query")):
            request = RetrievalRequest(query=message)
            hits = self.agent.shop.retriever.retrieve_from((source,), request, max(KS))
            lists[name] = tuple(candidate.item for candidate in hits.candidates)
        return lists


def _tool(events: Iterable[AgentEvent]) -> str:
    """The last tool that was asked: a mark comes before the products that follow from it."""
    called = [event.name for event in events if isinstance(event, ToolCalled)]
    return called[-1] if called else TALK


def _shown(events: Iterable[AgentEvent]) -> list[str]:
    cards = [card for event in events if isinstance(event, Products) for card in event.cards]
    return [str(card.product["id"]) for card in cards]


def mean_of(turns: Iterable[Turn], value: Callable[[Turn], float]) -> dict[str, Any]:
    """The mean over dialogues of their turns' means, with its interval over dialogues."""
    by_dialogue: dict[str, list[float]] = {}
    for turn in turns:
        by_dialogue.setdefault(turn.dialogue, []).append(value(turn))
    if not by_dialogue:
        return {"turns": 0}
    means = np.array([[np.mean(values)] for values in by_dialogue.values()])
    low, high = bootstrap_intervals(means)[0]
    count = sum(map(len, by_dialogue.values()))
    return {
        "mean": round(float(means.mean()), 3),
        "interval": [round(float(low), 3), round(float(high), 3)],
        "turns": count,
        "dialogues": len(means),
    }


def recalls(turns: Sequence[Turn]) -> dict[str, Any]:
    """Recall at each k, by who made the ranking."""
    rankings = turns[0].lists if turns else ()
    return {
        ranking: {
            f"recall@{k}": mean_of(turns, lambda t, r=ranking, k=k: t.recall(r, k)) for k in KS
        }
        for ranking in rankings
    }


def figures(turns: Sequence[Turn]) -> dict[str, Any]:
    """All that is reported."""
    mapped = [turn for turn in turns if turn.rule]
    named = [turn for turn in turns if turn.named]
    wanting = {rule.name for rule in RULES if rule.tools is PRODUCTS}
    wanted = [turn for turn in named if turn.rule in wanting]
    tools = {rule.name: rule.tools for rule in RULES}
    return {
        "turns": len(turns),
        "without a counterpart": len(turns) - len(mapped),
        "tool fits": mean_of(mapped, lambda turn: turn.fits),
        "tool fits, were products always shown": mean_of(
            mapped, lambda turn: "recommend" in tools[turn.rule or ""]
        ),
        "tool fits, by annotation": {
            rule.name: {
                **mean_of((t for t in mapped if t.rule == rule.name), lambda turn: turn.fits),
                "chosen": dict(Counter(t.tool for t in mapped if t.rule == rule.name)),
            }
            for rule in RULES
        },
        "recall, all turns whose answer names a product": recalls(named),
        "recall, those of them that want products": recalls(wanted),
        # The added products have no price: a limit on it leaves those of the dialogues alone.
        "recall, those of these without a limit on price": recalls(
            [turn for turn in wanted if not PRICES & set(turn.constraints)]
        ),
        "failures": sum(bool(turn.failed) for turn in turns),
        "products shown": sum(turn.products for turn in turns),
        "forbidden or unknown products": sum(turn.forbidden for turn in turns),
    }


def half_of(dialogues: Mapping[str, list[Utterance]], half: str) -> dict[str, list[Utterance]]:
    """The first half is looked at while the assistant is worked on, the second only counted."""
    ids = sorted(dialogues)
    middle = len(ids) // 2
    chosen = {"first": ids[:middle], "second": ids[middle:], "all": ids}[half]
    return {id: dialogues[id] for id in chosen}


def main() -> None:
    """Replay the dialogues that the arguments choose, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help=f"folder with mg_shopdial and {OTHERS}")
    parser.add_argument("--shop", type=Path, help="where the indexed catalogue is kept for again")
    parser.add_argument("--half", choices=HALVES, default="all", help="which dialogues, by id")
    parser.add_argument("--turns", type=Path, help="file for every turn as a JSON line")
    options = parser.parse_args()
    started = perf_counter()
    source = options.data / "mg_shopdial"
    dialogues = read_dialogues(source)
    names = names_by_category(dialogues, read_products(source))
    turns: list[Turn] = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_shop(options.shop or Path(folder) / "shop", options.data)
        with Recommender.open(workspace) as shop:
            replay = Replay(shop, names)
            for id, dialogue in half_of(dialogues, options.half).items():
                turns += replay.dialogue(id, dialogue)
            products = len(replay.known)
    if options.turns:
        lines = (json.dumps(asdict(turn), ensure_ascii=False) for turn in turns)
        options.turns.write_text("\n".join(lines) + "\n", encoding="utf-8")
    seconds = round(perf_counter() - started)
    print(json.dumps({"catalogue": products, **figures(turns), "seconds": seconds}, indent=1))


if __name__ == "__main__":
    main()
