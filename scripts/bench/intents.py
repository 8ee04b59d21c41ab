"""How often the language model understands a message that no pattern does.

Example::

    python scripts/bench/intents.py --workspace demo-shop            # by labels, by margin
    python scripts/bench/intents.py --workspace demo-shop --calls    # by tool calls
    python scripts/bench/intents.py --workspace demo-shop --calls --llm FOLDER --engine openvino

The messages lie in ``intents.json``: 45 whose sort alone matters, most of which name what is looked
for, which is also the default; and others whose arguments matter too. With ``--calls`` three
products of the demo store are on the screen. A tool is right if it is the one named; arguments are
right if the changes and the products meant are exactly those named, and the words to look for hold
one of those named.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from llmrec import Recommender
from llmrec.agent.asking import shown_by
from llmrec.agent.call_reading import Understood
from llmrec.agent.constraints import Vocabulary
from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Categories,
    MoreLike,
    Recipient,
    Unwanted,
    Values,
)
from llmrec.agent.intents import CHOICES, ByCalls, ByLabels
from llmrec.agent.state import Situation

CASES = Path(__file__).with_suffix(".json")
SCREEN = ("GAR-028", "GAR-015", "GAR-026")  # a watering can, a balcony box, gloves
MARGINS = (0.0, 0.5, 1.0, 2.0, 3.0)
BY_LABEL = {"recommend": None, "nothing": "off_topic"}
BY_COMMAND = {
    "off_topic": "nothing",
    "why": "explain",
    "together": "bought_together",
    "like": "feedback",
    "cart": "feedback",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--calls", action="store_true", help="by tool calls instead of labels")
    parser.add_argument("--llm", help="other weights: a name or a folder")
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--every", type=int, default=1, help="take every n-th message")
    parser.add_argument("--say", action="store_true", help="print every call that is not right")
    asked = parser.parse_args()
    models = {"engine": asked.engine, **({"llm": asked.llm} if asked.llm else {})}
    overrides = {"models": models, "engine": {"precision": asked.precision}}
    cases = json.loads(CASES.read_text(encoding="utf-8"))[:: asked.every]
    with Recommender.open(asked.workspace, overrides=overrides) as shop:
        if asked.calls:
            by_calls(shop, cases, asked.say)
        else:
            by_labels(shop, [one for one in cases if "facts" not in one])


def by_calls(shop: Recommender, cases: list[dict[str, Any]], say: bool) -> None:
    """Let the model write a tool call for each message, and count what is right of it."""
    items = shop.store.items(SCREEN)
    situation = Situation(
        words=("something for the garden",), shown=shown_by([items[id] for id in SCREEN])
    )
    vocabulary = Vocabulary.of_store(shop.store)
    intents = ByCalls(shop.engine)
    right = {"tool": 0, "default": 0, "tool, with arguments": 0, "arguments": 0}
    argued, began = 0, time.perf_counter()
    for case in cases:
        message = case["message"]
        meaning = intents.decide(message, situation, vocabulary)
        tool, facts, words = told(meaning, message)
        fits = tool == case["tool"]
        right["default"] += case["tool"] == "recommend"
        if "facts" in case:
            argued += 1
            same = fits and facts == set(case["facts"]) and about(words, case)
            right["arguments"] += same
            right["tool, with arguments"] += fits
        else:
            same = fits
            right["tool"] += fits
        if say and not same:
            print(f"{message}: {tool} {sorted(facts)} “{words}”, wanted {case}")
    seconds = (time.perf_counter() - began) / len(cases)
    plain = len(cases) - argued
    model = Path(shop.engine.model).name
    print(f"{model} on {shop.engine.name}: tool right {right['tool']} of {plain}")
    print(
        f"with arguments: tool right {right['tool, with arguments']} of {argued}, "
        f"arguments too {right['arguments']} of {argued}"
    )
    print(f"to look for it is right for {right['default']} of all {len(cases)}")
    print(f"{seconds:.1f} s a message")


def told(meaning: Understood | None, message: str) -> tuple[str, set[str], str]:
    """The tool, what it is told, and the words to look for."""
    if meaning is None:
        return "recommend", set(), message
    if command := meaning.command:
        numbers = {str(one.number) for one in command.references}
        return BY_COMMAND.get(command.kind, command.kind), numbers, ""
    facts = {fact(change) for change in meaning.critique.changes}
    kinds = {type(change) for change in meaning.critique.changes}
    tool = "similar" if MoreLike in kinds else "feedback" if Unwanted in kinds else "recommend"
    return tool, facts, meaning.critique.rest or message


def fact(change: object) -> str:
    """A change in a few words, as ``intents.json`` has them."""
    if isinstance(change, (AtMost, AtLeast)):
        return f"at {'most' if isinstance(change, AtMost) else 'least'} {change.amount}"
    if isinstance(change, (Brands, Categories)):
        kind = "brand" if isinstance(change, Brands) else "category"
        return f"{'' if change.wanted else 'not '}{kind} {', '.join(change.names)}"
    if isinstance(change, Values):
        return f"{'' if change.wanted else 'not '}{change.name} {change.said}"
    if isinstance(change, Recipient):
        return f"for {change.who}"
    assert isinstance(change, (MoreLike, Unwanted))
    return f"{'like' if isinstance(change, MoreLike) else 'not'} {change.reference.number}"


def about(words: str, case: dict[str, Any]) -> bool:
    """Whether the words to look for name what the case is about."""
    named = case.get("about", [])
    return not named or any(one in words.casefold() for one in named)


def by_labels(shop: Recommender, cases: list[dict[str, Any]]) -> None:
    """Choose by label for each message, at several margins."""
    scores = [ByLabels(shop.engine, 0.0).scores(case["message"]) for case in cases]
    wanted = [BY_LABEL.get(case["tool"], case["tool"]) for case in cases]
    for margin in MARGINS:
        chosen = [_chosen(one, margin) for one in scores]
        right = sum(one == other for one, other in zip(chosen, wanted, strict=True))
        print(f"{shop.engine.model}, margin {margin}: {right} of {len(cases)} right")


def _chosen(scores: list[float], margin: float) -> str | None:
    best = max(range(len(scores)), key=scores.__getitem__)
    return CHOICES[best][0] if scores[best] - scores[0] >= margin else None


if __name__ == "__main__":
    main()
