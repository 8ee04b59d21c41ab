"""The dialogues of MG-ShopDial (Bernard and Balog, SIGIR 2023): what they say and what it means.

Reads a folder with utterances.parquet and items.parquet. Two things are not in the data and are
decided here: which tools an annotated turn asks for (:data:`RULES`), and which products the human
assistant spoke of (:class:`Names`).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from llmrec.types import Item

SHOPPER = "Client"
TALK = "talk"
"""Stands for an answer without a tool."""
PRODUCTS = frozenset({"recommend", "search", "similar", "bought_together"})
QUESTIONS = frozenset(
    {"product_question", "shop_question", "describe", "compare", "explain", "reviews"}
)


@dataclass(frozen=True)
class Utterance:
    """Somebody's words with their annotation: one goal, any number of intents."""

    speaker: str
    text: str
    goal: str = ""
    intents: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """Shoppers' turns with this goal and one of these intents ask for one of these tools."""

    name: str
    goal: str
    intents: frozenset[str]
    tools: frozenset[str]

    def covers(self, turn: Utterance) -> bool:
        """Whether it speaks of this turn."""
        return turn.goal == self.goal and bool(turn.intents & self.intents)


_ASKS = frozenset({"o_question", "clarify", "elicit"})
_WANTS = _ASKS | {"disclose", "interaction", "recommend", "explain"}
RULES = (
    Rule("question", "qa", _ASKS, QUESTIONS),
    Rule("search", "search", _WANTS, PRODUCTS),
    Rule("recommendation", "recommendation", _WANTS, PRODUCTS),
    Rule("opinion", "recommendation", frozenset({"pf", "nf"}), frozenset({"feedback", TALK})),
    Rule("small talk", "meta", frozenset({"greeting", "interaction", "pf"}), frozenset({TALK})),
)
"""The first that covers a turn counts.

Left out, for nothing here is their counterpart: turns that only answer what the human assistant
has asked (``answer``: this assistant did not ask it), ``other``, turns that have no intent, and
the few of a goal whose intents are not in the table, such as a question about the talk itself.
"""


def rule_of(turn: Utterance) -> Rule | None:
    """The rule of a shopper's turn; ``None`` where no tool is its counterpart."""
    return next((rule for rule in RULES if rule.covers(turn)), None)


def read_dialogues(folder: Path) -> dict[str, list[Utterance]]:
    """By id, all utterances in their order."""
    dialogues = defaultdict(list)
    for row in sorted(_rows(folder, "utterances"), key=lambda row: row["turn"]):
        intents = frozenset(name for name, _ in json.loads(row["intents"]))
        utterance = Utterance(row["participant"], row["utterance"], row["goal"], intents)
        dialogues[row["dialog_id"]].append(utterance)
    return dict(sorted(dialogues.items()))


def category_of(dialogue: str) -> str:
    """An id begins with the category that the dialogue is about."""
    return dialogue.split(":")[0]


def read_products(folder: Path) -> list[Item]:
    """The products that the human assistants could offer."""
    return [
        Item(
            row["item_id"],
            row["title"],
            category=(row["category"],),
            description=row["description"] or "",
            price=Decimal(row["price"].strip("$ ").replace(",", "")),
            currency="USD",
            attributes={"rating": row["rating"]} if row["rating"] else {},
            image_url=row["image_url"],
        )
        for row in _rows(folder, "items")
    ]


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    import pyarrow.parquet as parquet

    return parquet.read_table(folder / f"{table}.parquet").to_pylist()


class Names:
    """By what the products of a category are called: their picture, price, or words of the title.

    A word can name a product if no other title of the category has it and no dialogue of another
    category uses it. One of a title's first three words does, elsewhere two do.

    >>> tent, mug = Item("1", "Dome tent, light, for two people"), Item("2", "Mug, red")
    >>> names = Names([tent, mug], everyday={"red"})
    >>> names.in_words("The dome is for four"), names.in_words("a red one for people")
    ({'1'}, set())
    """

    def __init__(self, products: Sequence[Item], everyday: Iterable[str]) -> None:
        counts = Counter(word for item in products for word in words(item.title))
        prices = Counter(item.price for item in products)
        known = set(everyday)
        self._words = {
            item.id: {word for word in words(item.title) if counts[word] == 1} - known
            for item in products
        }
        self._first = {item.id: words(" ".join(item.title.split()[:3])) for item in products}
        self._prices = {str(i.price): i.id for i in products if i.price and prices[i.price] == 1}
        self._pictures = {item.image_url: item.id for item in products if item.image_url}

    def in_words(self, text: str) -> set[str]:
        """Ids of the products that a text names."""
        by_picture = {id for url, id in self._pictures.items() if url in text}
        text = re.sub(r"https?://\S+", " ", text)
        amounts = re.findall(r"\d+\.\d\d(?!\d)", text)
        by_price = {self._prices[amount] for amount in amounts if amount in self._prices}
        matches = {id: names & words(text) for id, names in self._words.items()}
        by_word = {id for id, names in matches.items() if len(names) > 1 or names & self._first[id]}
        return by_picture | by_price | by_word


def words(text: str) -> set[str]:
    """Words of more than two letters, in small letters."""
    return {word for word in re.findall(r"[^\W_]+", text.casefold()) if len(word) > 2}


def names_by_category(
    dialogues: Mapping[str, Sequence[Utterance]], products: Sequence[Item]
) -> dict[str, Names]:
    """What names a product, in the dialogues of each category."""
    used = defaultdict(set)
    for id, turns in dialogues.items():
        used[category_of(id)].update(*(words(turn.text) for turn in turns))
    return {
        category: Names(
            [item for item in products if item.category == (category,)],
            set().union(*(names for other, names in used.items() if other != category)),
        )
        for category in used
    }


def named_next(turns: Sequence[Utterance], at: int, names: Names) -> set[str]:
    """What the human assistant names before the shopper speaks again.

    Shoppers write several messages in a row: the answer to the last is the answer to all.
    """
    items: set[str] = set()
    answering = False
    for turn in turns[at + 1 :]:
        if turn.speaker == SHOPPER and answering:
            break
        if turn.speaker != SHOPPER:
            answering = True
            items |= names.in_words(turn.text)
    return items
