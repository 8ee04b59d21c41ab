"""How often the language model sorts an unclear message right, by margin.

Example::

    python scripts/bench/intents.py --workspace demo-shop

The messages are those that no pattern and no constraint explains; most of them name what is looked
for, which is also the default.
"""

from __future__ import annotations

import argparse

from llmrec import Recommender
from llmrec.agent.intents import CHOICES, ByCalls, ByLabels

MARGINS = (0.0, 0.5, 1.0, 2.0, 3.0)
MESSAGES = {
    None: (
        "a teapot", "tent for two", "something for the garden", "espresso cups", "running shoes",
        "warm sleeping bag", "gift for a gardener", "I want to start baking bread", "reading lamp",
        "things for a newborn", "Zelt für zwei", "eine Teekanne", "etwas für den Balkon",
        "Kaffeemühle", "warme Decke", "茶壶", "帐篷", "送宝宝的玩具", "咖啡机", "我想学做面包",
    ),
    "shop_question": (
        "when will it arrive", "can I change my mind later", "the item broke after a week",
        "do I have to pay duties", "wann kommt es an", "kann ich es mir anders überlegen",
        "was kostet das Schicken", "什么时候到", "坏了怎么办",
    ),
    "off_topic": (
        "tell me about your mother", "who won the football game", "what is 2+2", "I feel sad today",
        "translate hello to French", "wer hat das Spiel gewonnen", "wer ist Bundeskanzler",
        "今天心情不好", "谁是美国总统",
    ),
    "compare": ("better quality of these two", "beide sehen gleich aus", "选哪一个"),
    "product_question": ("how big", "fits in a dishwasher?", "Wie groß", "能用电磁炉吗"),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--calls", action="store_true", help="by JSON instead of labels")
    asked = parser.parse_args()
    pairs = [(wanted, message) for wanted, some in MESSAGES.items() for message in some]
    with Recommender.open(asked.workspace) as shop:
        if asked.calls:
            given = [ByCalls(shop.engine).decide(message) for _, message in pairs]
            right = sum(
                (one.kind if one else None) == w for one, (w, _) in zip(given, pairs, strict=True)
            )
            print(f"{shop.engine.model}: {right} of {len(pairs)} right by JSON")
            return
        scores = [ByLabels(shop.engine, 0.0).scores(message) for _, message in pairs]
        for margin in MARGINS:
            chosen = [_chosen(one, margin) for one in scores]
            right = sum(one == wanted for one, (wanted, _) in zip(chosen, pairs, strict=True))
            print(f"{shop.engine.model}, margin {margin}: {right} of {len(pairs)} right")


def _chosen(scores: list[float], margin: float) -> str | None:
    best = max(range(len(scores)), key=scores.__getitem__)
    return CHOICES[best][0] if scores[best] - scores[0] >= margin else None


if __name__ == "__main__":
    main()
