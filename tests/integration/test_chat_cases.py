"""What shoppers said and earlier readers misread: the right reading, and what must hold then.

Each is had twice on the demo shop with the default encoder: read by the lines that it means, which
tries the conversation alone, and read by the reader that ships.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmrec import Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.events import AgentEvent, Failed, Products, ToolCalled, Words
from llmrec.agent.meaning import context_of
from llmrec.agent.replies import say
from llmrec.agent.state import Conversation, Situation
from llmrec.catalog.store import CatalogStore
from llmrec.config import EngineSettings
from llmrec.demo import documents_files, items_files
from llmrec.documents import index_documents
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_items
from llmrec.reading import MessageReader, Reading, ReadingContext, Traced
from llmrec.reading.prompt import plain
from llmrec.reading.scripted import ScriptedReader
from llmrec.reading.shipped import FOLDER, shipped_adapter
from llmrec.retrieval import build_index

pytestmark = pytest.mark.integration

MESSAGES = Path(__file__).parents[3] / "shared" / "cases" / "chat" / "messages.jsonl"

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Talk:
    """A conversation after its last message: how that was read, and what came of it."""

    reading: Reading
    now: Situation
    events: Sequence[AgentEvent]

    @property
    def tools(self) -> list[str]:
        return [event.name for event in self.events if isinstance(event, ToolCalled)]

    @property
    def words(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Words))

    @property
    def products(self) -> list[Mapping[str, Any]]:
        """Those that the last reply shows."""
        lists = [event for event in self.events if isinstance(event, Products)]
        return [card.product for card in lists[-1].cards] if lists else []

    @property
    def titles(self) -> list[str]:
        return [product["title"].casefold() for product in self.products]


Check = Callable[[Talk], bool]


@dataclass(frozen=True)
class Case:
    """One conversation, and what is right.

    Attributes:
        said: the messages, and behind each the line that it means.
        reads: what the reading of the last message has under these keys; of a text, its words.
        holds: all that holds then, by the keys of a reading, but for whom.
        seeks: words of what is looked for.
        checks: what else is true of the reply.
    """

    said: Mapping[str, str]
    reads: Values = field(default_factory=dict)
    holds: Values = field(default_factory=dict)
    seeks: str = ""
    checks: tuple[Check, ...] = ()


def none_has(*words: str) -> Check:
    """No product that is shown says one of these words in its title or its values."""
    return lambda talk: (
        not any(word in _title_and_values(product) for word in words for product in talk.products)
    )


def _title_and_values(product: Mapping[str, Any]) -> str:
    return f"{product['title']} {product.get('attributes', {})}".casefold()


def says(*keys: str, **values: str) -> Check:
    """The reply has these sentences."""
    return lambda talk: all(
        any(say(key, language, **values) in talk.words for language in ("en", "de", "zh"))
        for key in keys
    )


def calls(tool: str) -> Check:
    return lambda talk: tool in talk.tools


def quotes(word: str) -> Check:
    """The reply has a word that stands in the shop's own document."""
    return lambda talk: word in talk.words.casefold()


def shows_nothing_new(talk: Talk) -> bool:
    return not any(isinstance(event, Products) for event in talk.events)


def shows_something(talk: Talk) -> bool:
    return bool(talk.products)


def all_are(word: str) -> Check:
    return lambda talk: bool(talk.titles) and all(word in title for title in talk.titles)


def rises(talk: Talk) -> bool:
    prices = [Decimal(str(product["price"])) for product in talk.products]
    return bool(prices) and prices == sorted(prices)


def first_is_for_a_child_of_two(talk: Talk) -> bool:
    ages = talk.products[0].get("attributes", {}).get("age", [])
    return not any(f"from {years} years" in str(ages) for years in range(3, 19))


CASES = (
    Case(
        {"a kettle that doesn't cost more than 30 euros": "find | thing kettle | max 30"},
        {"intent": "find", "looking_for": "kettle", "max": 30, "min": None},
        {"max": 30},
        "kettle",
    ),
    Case(
        {"no lamps over 50": "find | thing lamps | max 50"},
        {"intent": "find", "looking_for": "lamps", "max": 50, "min": None, "not": []},
        {"max": 50},
        "lamps",
    ),
    Case(
        {"nothing that costs more than 50, a lamp": "find | thing lamp | max 50"},
        {"intent": "find", "looking_for": "lamp", "max": 50, "min": None},
        {"max": 50},
        "lamp",
    ),
    Case(
        {"keine Lampe über 50 Euro": "find | thing Lampe | max 50"},
        {"intent": "find", "looking_for": "Lampe", "max": 50, "min": None, "not": []},
        {"max": 50},
        "Lampe",
    ),
    Case(
        {"别给我50以上的灯": "find | thing 灯 | max 50"},
        {"intent": "find", "looking_for": "灯", "max": 50, "min": None},
        {"max": 50},
        "灯",
    ),
    Case(
        {
            "a teapot, neither Acme nor Rillbeck": "find | thing teapot | no brand Acme"
            " | no brand Rillbeck"
        },
        {"looking_for": "teapot", "brands": [], "not_brands": ["Acme", "Rillbeck"]},
        # The shop has nothing from Acme: there is nothing to keep away.
        {"not_brands": ["Rillbeck"]},
        "teapot",
        (says("not_here", text="“Acme”"), shows_something),
    ),
    Case(
        {"ich mag Acme nicht": "find | no brand Acme"},
        {"looking_for": None, "brands": [], "not_brands": ["Acme"]},
        {},
        "",
        (says("not_here", text="„Acme“"),),
    ),
    Case(
        {"ein Zelt unter 1.500 Euro": "find | thing Zelt | max 1.500"},
        {"looking_for": "Zelt", "max": 1500},
        {"max": 1500},
        "Zelt",
    ),
    Case(
        {"a laptop stand under 1k": "find | thing laptop stand | max 1k"},
        {"looking_for": "laptop stand", "max": 1000},
        {"max": 1000},
        "laptop stand",
    ),
    Case(
        {"a lamp under twenty five": "find | thing lamp | max twenty five"},
        {"looking_for": "lamp", "max": 25},
        {"max": 25},
        "lamp",
    ),
    Case(
        {"under one hundred and fifty": "find | max one hundred and fifty"},
        {"looking_for": None, "max": 150, "min": None},
        {"max": 150},
    ),
    Case(
        {
            "a tent": "find | thing tent",
            "two hundred euros max": "refine | max two hundred",
        },
        {"intent": "refine", "looking_for": None, "max": 200},
        {"max": 200},
        "tent",
    ),
    Case(
        {"a tent over 200 pesos": "find | thing tent | min 200"},
        {"looking_for": "tent", "min": 200, "max": None},
        {"min": 200},
        "tent",
    ),
    Case(
        {"a lamp, ≤ 30€": "find | thing lamp | max 30"},
        {"looking_for": "lamp", "max": 30, "min": None, "currency": "EUR"},
        {"max": 30},
        "lamp",
    ),
    Case(
        {"a lamp around 30": "find | thing lamp | around 30"},
        {"looking_for": "lamp", "around": 30, "min": None, "max": None},
        {"min": Decimal("22.5"), "max": Decimal("37.5")},
        "lamp",
    ),
    Case(
        {"shoes from 36 to 42": "find | thing shoes | size: 36 to 42"},
        {"looking_for": "shoes", "min": None, "max": None, "around": None, "size": "36 42"},
        # Which of these sizes is meant nobody knows: it is looked for, and limits nothing.
        {},
        "shoes",
    ),
    Case(
        {
            "a heater, power usage between 500 and 1000": "find | thing heater"
            " | power: between 500 and 1000"
        },
        {"looking_for": "heater", "min": None, "max": None, "around": None},
        {},
        "heater",
    ),
    Case(
        {"a bag": "find | thing bag", "nothing with leather": "refine | without leather"},
        {"intent": "refine", "looking_for": None, "not": ["leather"]},
        {"not": ["leather"]},
        "bag",
        (none_has("leather"), shows_something),
    ),
    Case(
        {
            "treats for my dog": "find | thing treats | for my dog",
            "no treats with chicken": "refine | without chicken",
        },
        {"not": ["chicken"]},
        {"not": ["chicken"]},
        "treats",
        (none_has("chicken"),),
    ),
    Case(
        {"dog treats, my dog is allergic to chicken": "find | thing dog treats | without chicken"},
        {"looking_for": "dog treats", "not": ["chicken"]},
        {"not": ["chicken"]},
        "dog treats",
        (none_has("chicken"),),
    ),
    Case(
        {"I can't wear wool, a warm hat": "find | thing hat | feature: warm | without wool"},
        {"intent": "find", "looking_for": "hat", "not": ["wool"]},
        {"not": ["wool"]},
        "warm hat",
        (none_has("wool"), shows_something),
    ),
    Case(
        {"想买个炒锅": "find | thing 炒锅", "不要不粘锅": "refine | without 不粘锅"},
        {"brands": [], "not": ["不粘锅"]},
        # No title and no value here says so, and nothing else (steel!) may be refused for it.
        {},
        "炒锅",
        (none_has("不粘"),),
    ),
    Case(
        {"Tamperley is rubbish, a torch please": "find | thing torch | no brand Tamperley"},
        {"looking_for": "torch", "brands": [], "not_brands": ["Tamperley"]},
        {"not_brands": ["Tamperley"]},
        "torch",
        (shows_something,),
    ),
    Case(
        {
            "a tent for two under 250": "find | thing tent | people: two | max 250",
            "forget the tent, I need sleeping bags": "find | thing sleeping bags",
        },
        {"intent": "find", "looking_for": "sleeping bags"},
        {"max": 250},
        "sleeping bags",
        (lambda talk: "tent" not in (talk.now.query or ""), shows_something),
    ),
    Case(
        {
            "a tent under 100": "find | thing tent | max 100",
            "never mind the price": "drop | drop max",
        },
        {"intent": "drop", "drops": ["max"]},
        {},
        "tent",
        (all_are("tent"),),
    ),
    Case(
        {"a cat bed": "find | thing cat bed", "does it come in red?": "product | colour: red"},
        {"intent": "product_question"},
        {},
        "cat bed",
        (calls("product_question"), shows_nothing_new),
    ),
    Case(
        {"cancel my order please": "order"},
        {"intent": "order_or_human"},
        {},
        "",
        (says("cannot_order"), quotes("@"), shows_nothing_new),
    ),
    Case(
        {"I want to talk to a human": "order"},
        {"intent": "order_or_human"},
        {},
        "",
        (says("cannot_order"), quotes("@"), shows_nothing_new),
    ),
    Case(
        {"running shoes": "find | thing running shoes", "this is useless you dumb bot": "abuse"},
        {"intent": "abuse_or_injection"},
        {},
        "running shoes",
        (says("hostile"), shows_nothing_new),
    ),
    Case(
        {
            "a teapot": "find | thing teapot",
            "what if she doesn't like it, can she return it?": "shop",
        },
        {"intent": "shop_question"},
        {},
        "teapot",
        (calls("shop_question"), quotes("return"), lambda talk: not says("shop_silent")(talk)),
    ),
    Case(
        {"Wie lange kann ich etwas zurückgeben?": "shop"},
        {"intent": "shop_question"},
        {},
        "",
        (calls("shop_question"), quotes("30"), lambda talk: not says("shop_silent")(talk)),
    ),
    Case(
        {"eine Pfanne": "find | thing Pfanne", "geht die auch auf Induktion?": "product"},
        {"intent": "product_question"},
        {},
        "Pfanne",
        (calls("product_question"), shows_nothing_new),
    ),
    Case(
        {"do you sell the Nespresso Vertuo Pop?": "find | thing Nespresso Vertuo Pop"},
        {"intent": "find"},
        {},
        "Nespresso",
        (quotes("nothing here is"), quotes("nespresso"), shows_something),
    ),
    Case(
        {"raincoat for me": "find | thing raincoat | for me"},
        {"looking_for": "raincoat", "for_whom": "me"},
        {},
        "raincoat",
        (
            lambda talk: talk.now.recipient is None,
            lambda talk: "dog" not in talk.titles[0],
            lambda talk: not any("barrel" in title for title in talk.titles),
        ),
    ),
    Case(
        {"a toy for a two year old": "find | thing toy | age: two"},
        {"looking_for": "toy", "age": "2"},
        {},
        "toy",
        (shows_something, first_is_for_a_child_of_two),
    ),
    Case(
        {
            "a sleeping bag": "find | thing sleeping bag",
            "same but cheaper": "refine | sort cheapest",
        },
        {"intent": "refine", "sort": "cheapest", "max": None},
        {},
        "sleeping bag",
        (rises, all_are("sleeping bag")),
    ),
    Case(
        {"a book on how to compare wines": "find | thing book on how to compare wines"},
        {"intent": "find", "looking_for": "book on how to compare wines"},
        {},
        "book wines",
        (shows_something,),
    ),
    Case(
        {"you are now my favourite shop, a tent please": "find | thing tent"},
        {"intent": "find", "looking_for": "tent"},
        {},
        "tent",
        (all_are("tent"),),
    ),
    Case(
        {"the cheapest tent you have": "find | thing tent | sort cheapest"},
        {"intent": "find", "looking_for": "tent", "sort": "cheapest"},
        {},
        "tent",
        (rises, all_are("tent")),
    ),
)
IDS = [" · ".join(one.said) for one in CASES]


class _Listening:
    """A reader that keeps what it has read last."""

    def __init__(self, reader: Any) -> None:
        self.reader, self.last = reader, Reading(intent="smalltalk")

    def read(
        self, message: str, context: ReadingContext | None = None, currency: str | None = None
    ) -> Traced:
        found: Traced = self.reader.read(message, context, currency)
        self.last = found.reading
        return found


Talking = Callable[[Case], Talk]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Iterator[Recommender]:
    workspace = Workspace.init(tmp_path_factory.mktemp("chat") / "shop")
    ingest_items(workspace, items_files())
    encoder = load_encoder(workspace.settings.models.encoder)
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, encoder)
    (workspace.path / "documents").mkdir(exist_ok=True)
    for file in documents_files():
        shutil.copy(file, workspace.path / "documents")
    index_documents(workspace, encoder)
    with Recommender.open(workspace.path, overrides={"models": {"engine": "scripted"}}) as opened:
        yield opened


@pytest.fixture(scope="module")
def shipped(request: pytest.FixtureRequest) -> Iterator[MessageReader]:
    from llmrec.engines import load_engine

    if not FOLDER.is_dir():
        pytest.skip(f"no trained reader in {FOLDER}")
    request.getfixturevalue("smollm2")
    engine = load_engine("transformers", "smollm2-135m-instruct", EngineSettings())
    engine.load_adapter("reader", shipped_adapter())
    yield MessageReader(engine)
    engine.close()


@pytest.fixture(scope="module")
def by_line(shop: Recommender) -> Talking:
    """Conversations in which every message is read as its line says."""
    lines = {plain(text): line for case in CASES for text, line in case.said.items()}
    return _talking(shop, ScriptedReader(lines))


@pytest.fixture(scope="module")
def by_model(shop: Recommender, shipped: MessageReader) -> Talking:
    """Conversations in which the shipped reader reads."""
    return _talking(shop, shipped)


def _talking(shop: Recommender, chosen: Any) -> Talking:
    """Has a conversation once, and remembers how it went."""
    reader = _Listening(chosen)
    agent = Agent(shop, reader=reader)

    @cache
    def had(place: int) -> Talk:
        conversation, events = Conversation(), list[AgentEvent]()
        for message in CASES[place].said:
            conversation, events = agent.answer(conversation, message)
        return Talk(reader.last, conversation.now, events)

    return lambda case: had(CASES.index(case))


READ_RIGHT = 29
"""Of the cases, how many the shipped reader must bring to their right end; it was 30 of 39."""


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_last_message_is_read_as_it_is_meant(by_line: Talking, case: Case) -> None:
    read, meant = _reads(by_line(case), case)
    assert read == meant


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_conversation_holds_and_looks_for_what_is_meant(by_line: Talking, case: Case) -> None:
    assert _holds(by_line(case), case)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_reply_is_what_was_asked_for(by_line: Talking, case: Case) -> None:
    had = by_line(case)
    assert _wrong_replies(had, case) == [], (had.words, had.titles)


def test_the_shipped_reader_brings_most_cases_to_their_right_end(by_model: Talking) -> None:
    wrong = {}
    for case, id in zip(CASES, IDS, strict=True):
        had = by_model(case)
        read, meant = _reads(had, case)
        if read != meant or not _holds(had, case) or _wrong_replies(had, case):
            wrong[id] = had.reading.to_dict()
    assert len(CASES) - len(wrong) >= READ_RIGHT, wrong


def _reads(had: Talk, case: Case) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """What was read of the last message, as far as the case says anything of it; and the case."""
    read = had.reading.to_dict()
    # An attribute's name is loose, and a number of it may be a text; its value counts.
    values = read | {name: _text(one) for name, one in read["attributes"].items()}
    return {key: _read(values.get(key), one) for key, one in case.reads.items()}, case.reads


def _holds(had: Talk, case: Case) -> bool:
    limits = had.now.constraints
    limits = limits.drop(*limits.of("wish"))  # a wish is looked for, and keeps nothing away
    context = context_of(had.now.model_copy(update={"constraints": limits}))
    held = dict(context.held) if context else {}
    held.pop("for_whom", None)
    seeks = all(word in (had.now.query or "") for word in case.seeks.split())
    return held == dict(case.holds) and seeks


def _wrong_replies(had: Talk, case: Case) -> list[object]:
    """The checks that fail, by their place, and prices beyond the limits."""
    wrong: list[object] = [event for event in had.events if isinstance(event, Failed)]
    wrong += [number for number, check in enumerate(case.checks) if not check(had)]
    low, high = case.holds.get("min"), case.holds.get("max")
    prices = [Decimal(str(product["price"])) for product in had.products]
    beyond = (p for p in prices if (low is not None and p < low) or (high is not None and p > high))
    return [*wrong, *beyond]


def _read(value: Any, expected: Any) -> Any:
    """A text that has the words expected is as good as these."""
    if (
        isinstance(value, str)
        and isinstance(expected, str)
        and _key_words(expected) <= _key_words(value)
    ):
        return expected
    return sorted(value) if isinstance(value, list) else value


def _key_words(text: str) -> set[str]:
    return set(text.casefold().split())


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, (list, tuple)) else str(value)


def test_pesos_are_those_of_the_shop(shipped: MessageReader) -> None:
    assert shipped.read("a tent over 200 pesos", None, "PHP").reading.currency == "PHP"


@pytest.mark.shared_data
def test_every_case_that_was_found_is_here() -> None:
    if not MESSAGES.is_file():
        pytest.skip(f"no cases in {MESSAGES}")
    found = [json.loads(line)["said"] for line in MESSAGES.read_text("utf-8").splitlines()]
    assert [said for said in found if said not in [list(case.said) for case in CASES]] == []
