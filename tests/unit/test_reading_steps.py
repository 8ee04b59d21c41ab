"""What is read of a shopper's message costs steps in proportion to its length: counted, not timed.

A step is a line of Python that is run, or a sign of the text that a regular expression is let look
at. The second holds if no expression looks at a sign more often than its own bounds say, and that
is counted too, by a matcher of ours (``regex_steps.py``).
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

import pytest
from hostile_texts import STRETCHES, thousand
from regex_steps import Walk
from retrieval_shop import make_items

from llmrec.agent.constraints import Constraints, Shown, Vocabulary
from llmrec.agent.constraints.changes import Without
from llmrec.agent.constraints.query import read_query
from llmrec.agent.language import language_of
from llmrec.agent.meaning import meaning_of
from llmrec.agent.state import Situation
from llmrec.agent.tools.asked_fields import find_statement
from llmrec.catalog.matching import fold
from llmrec.catalog.tokens import tokens
from llmrec.documents.sentences import sentences
from llmrec.explain import check, count_claims, facts_of, grounding, shape_problems, whole_sentences
from llmrec.explain.brands import spoken_brands
from llmrec.linear import PHRASES, bounded, composed
from llmrec.prompting import one_line, shorten
from llmrec.reading import ReadingContext
from llmrec.reading.amounts import amounts_in
from llmrec.reading.currency import currency_in
from llmrec.reading.grammar import line_grammar
from llmrec.reading.lines import read_line
from llmrec.reading.prompt import plain, prompt_head
from llmrec.reading.tracing import traced
from llmrec.reviews.quotation import quotation
from llmrec.types import Filters

TEXTS = thousand()
READING = (
    "llmrec.agent",
    "llmrec.explain",
    "llmrec.documents",
    "llmrec.prompting",
    "llmrec.reading",
    "llmrec.catalog.tokens",
)


def modules() -> list[ModuleType]:
    """The modules that read a stranger's text."""
    found = [importlib.import_module(name) for name in READING]
    for package in [one for one in found if hasattr(one, "__path__")]:
        inside = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        found += [importlib.import_module(info.name) for info in inside]
    return found


def patterns_in(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from patterns_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from patterns_in(one)


PATTERNS = {
    found.pattern: found
    for module in modules()
    for name, value in vars(module).items()
    if not name.startswith("__")
    for found in patterns_in(value)
}


def small(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The same with bounds of six signs and two phrases: a short text is longer than them all."""
    text = re.sub(r"(?<=,)\d{2,}(?=\})", "6", pattern.pattern)
    text = re.sub(rf"(?<=,){PHRASES}(?=\}})", "2", text)
    return re.compile(text, pattern.flags & ~re.UNICODE)


def grown(stretch: str, length: int) -> str:
    return (stretch * (length // len(stretch) + 1))[:length]


def in_proportion(short: int, long: int) -> bool:
    """Whether twice the text costs twice the steps, and no more than a bounded look beyond."""
    return long <= 2.7 * short + 200


def test_there_are_patterns_and_texts() -> None:
    # Those of conversations went with the patterns that read them.
    assert len(PATTERNS) > 80
    assert len(set(TEXTS)) == 1_000


@pytest.mark.parametrize("part", range(8))
def test_no_pattern_looks_at_a_sign_again_and_again(part: int) -> None:
    walks = [Walk(small(one)) for one in list(PATTERNS.values())[part::8]]
    for number, walk in enumerate(walks):
        # Every stretch alone, and a twentieth of the mixed ones, another twentieth each time.
        for stretch in (*STRETCHES, *TEXTS[len(STRETCHES) + number % 20 :: 20]):
            steps = []
            for length in (60, 120):
                walk.steps = 0
                walk.spans(grown(stretch, length))
                steps.append(walk.steps)
            assert in_proportion(*steps), (walk.pattern.pattern, stretch, steps)


@pytest.mark.parametrize("text", [r"\s+x", r"(?:\w+\s+)*x", r"a.*b.*c", r"(?:a|b)*c$"])
def test_the_count_tells_a_pattern_without_bounds(text: str) -> None:
    stretch = {r"\s+x": " ", r"(?:\w+\s+)*x": "a "}.get(text, "a")
    walk = Walk(re.compile(text))
    walk.spans(grown(stretch, 30))
    short, walk.steps = walk.steps, 0
    walk.spans(grown(stretch, 60))
    assert not in_proportion(short, walk.steps)
    bound = Walk(small(bounded(text)))
    bound.spans(grown(stretch, 80))
    short, bound.steps = bound.steps, 0
    bound.spans(grown(stretch, 160))
    assert in_proportion(short, bound.steps)


def test_the_matcher_that_counts_finds_what_the_engine_finds() -> None:
    texts = [
        "not more than 40 euros, please",
        "不要蓝色的 Acme",
        "die zweite, aber billiger",
        "#2?",
    ]
    for pattern in PATTERNS.values():
        for text in (*texts, *(grown(one, 40) for one in STRETCHES[::7])):
            if len(text.upper()) == len(text.lower()) == len(text):
                spans = [found.span() for found in pattern.finditer(text)]
                ours = [(start, end) for start, end in Walk(pattern).spans(text) if start < end]
                assert ours == [(start, end) for start, end in spans if start < end], pattern


class Counted:
    """A pattern that counts the signs it is let look at, and does what it does."""

    def __init__(self, pattern: re.Pattern[str], counter: Counter) -> None:
        self._pattern, self._counter = pattern, counter
        self.pattern, self.flags = pattern.pattern, pattern.flags

    def _anchored(self, method: str, text: str, *span: int) -> Any:
        found = getattr(self._pattern, method)(text, *span)
        start = min((*span[:1], len(text))) if span else 0
        self._counter.steps += (found.end() if found else min((*span[1:2], len(text)))) - start + 1
        return found

    def search(self, text: str, *span: int) -> Any:
        return self._anchored("search", text, *span)

    def match(self, text: str, *span: int) -> Any:
        # What it does not match it has looked at no further than its bounds: that is counted above.
        found = self._pattern.match(text, *span)
        self._counter.steps += 1 + (found.end() - found.start() if found else 0)
        return found

    fullmatch = match

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._pattern, method)

        def call(*arguments: Any, **named: Any) -> Any:
            text = arguments[1 if method == "sub" else 0]
            self._counter.steps += len(text) + 1
            return real(*arguments, **named)

        return call


class Counter:
    """Counts the lines that run in our own files, and what patterns are let look at."""

    def __init__(self) -> None:
        self.steps = 0

    def of(self, call: Callable[[], object]) -> int:
        self.steps = 0
        before = sys.gettrace()
        sys.settrace(self._entered)
        try:
            call()
        finally:
            sys.settrace(before)
        return self.steps

    def _entered(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if "llmrec" in frame.f_code.co_filename else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        self.steps += event == "line"
        return self._line


@pytest.fixture(scope="module")
def counter() -> Iterator[Counter]:
    counter = Counter()
    known: dict[str, Counted] = {}

    def counted(value: Any) -> Any:
        if isinstance(value, re.Pattern):
            return known.setdefault(value.pattern + str(value.flags), Counted(value, counter))
        if type(value) in (list, tuple) and any(True for _ in patterns_in(value)):
            return type(value)(counted(one) for one in value)
        return value

    with pytest.MonkeyPatch.context() as patch:
        for module in modules():
            for name, value in list(vars(module).items()):
                if not name.startswith("__") and any(True for _ in patterns_in(value)):
                    patch.setattr(module, name, counted(value))
        yield counter


ITEMS = make_items(60)
VOCABULARY = Vocabulary.of_items(ITEMS)
SHOWN = tuple(Shown(n, one.id, one.title, brand=one.brand) for n, one in enumerate(ITEMS[:5], 1))
FACTS = facts_of(ITEMS[0], (), "a lamp")
SITUATION = Situation(words=("teapot", "red lamp"), shown=SHOWN)
CONTEXT = ReadingContext("teapot", {"max": 40}, [one.title for one in SHOWN])


def read(message: str) -> None:
    """All that a turn reads of a message before it asks a tool, and a single query of its words.

    A model writes the line; here it names every sum as a limit and the whole message as the rest.
    """
    text = plain(message)
    prompt_head(text, CONTEXT), language_of(text)
    amounts = amounts_in(text)
    currency_in(text, [(amount.start, amount.end) for amount in amounts], "EUR")
    if text:
        line_grammar(text, len(SHOWN))
    for line in LINES:
        sums = "".join(f" | max {one.text}" for one in amounts)
        said = read_line(line.replace("{}", text) + sums)
        assert said is not None
        found = traced(text, said, on_screen=5, has_context=True, currency="EUR")
        meaning_of([found.reading], text, SITUATION, VOCABULARY)
    read_query(text, Filters(), ["EUR"])
    one_line(text), quotation(text), shorten(text, 40), tokens(text)


LINES = (
    "find | thing {} | brand {} | no brand {} | without {} | colour: {} | size: {} | for {}",
    "drop | drop not",
)


def judge(text: str) -> None:
    """All that is checked of a sentence, and read of a merchant's text."""
    check(text, FACTS), grounding(text, FACTS), count_claims(text[:60])
    shape_problems(text, ("A lamp.",)), whole_sentences(text, 100, finished=True), sentences(text)


@pytest.mark.parametrize("part", range(8))
def test_a_thousand_hostile_messages_cost_in_proportion_to_their_length(
    counter: Counter, part: int
) -> None:
    for stretch in TEXTS[part::8]:
        short, long = (grown(stretch, length) for length in (170, 340))
        VOCABULARY.values.cache_clear()
        first = counter.of(lambda text=short: read(text))  # type: ignore[misc]
        VOCABULARY.values.cache_clear()
        steps = first, counter.of(lambda text=long: read(text))  # type: ignore[misc]
        assert in_proportion(*steps), (stretch, steps)


def test_what_is_checked_of_a_sentence_costs_in_proportion_to_its_length(counter: Counter) -> None:
    for stretch in STRETCHES:
        steps = [
            counter.of(lambda text=grown(stretch, n): judge(text))  # type: ignore[misc]
            for n in (170, 340)
        ]
        assert in_proportion(*steps), (stretch, steps)


def shop_of(count: int) -> Vocabulary:
    """As many brands, categories, colours and sizes; each begins with a word of its own."""
    names = [f"{word}{n} goods" for n in range(count // 4) for word in ("ka", "lo", "mi")]
    names += [chr(0x4E00 + n) + chr(0x5E00 + n) for n in range(count // 4)]
    values = {
        "colour": dict.fromkeys((*names, "red"), 1),
        "size": dict.fromkeys((*names, "2-6"), 1),
    }
    return Vocabulary(names, names, values, words=names)


@pytest.mark.parametrize(
    "line",
    [
        "find | brand lo1 goods | no brand mi2 goods",
        "find | colour: red | colour: mi2 goods",
        "find | colour: 一帀",
        "find | size: 4",
        "find | without ka1 goods | for 一帀",
    ],
)
def test_a_message_costs_the_same_in_a_shop_of_a_hundred_names_and_of_ten_thousand(
    counter: Counter, line: str
) -> None:
    text = "lo1 goods, red mi2 goods, ka1 goods, 一帀, size 4"
    said = read_line(line)
    assert said is not None
    found = traced(text, said)
    small_shop, large_shop = (shop_of(count) for count in (100, 10_000))
    steps = [
        counter.of(lambda shop=shop: meaning_of([found.reading], text, Situation(), shop))  # type: ignore[misc]
        for shop in (small_shop, large_shop)
    ]
    # Of sizes the values are gone through once for each size, and then remembered.
    again = counter.of(lambda: meaning_of([found.reading], text, Situation(), large_shop))
    assert again <= 1.1 * steps[0], steps
    if "size" not in line:
        assert steps[1] <= 1.1 * steps[0], steps
    assert meaning_of([found.reading], text, Situation(), large_shop).changes


def test_a_sentence_costs_the_same_beside_a_hundred_brands_and_ten_thousand(
    counter: Counter,
) -> None:
    text = fold("A Lamp by Brand7 Home and Brand3, with 茶具 and Müller")
    shops = [
        frozenset(f"{name}{n}{rest}" for n in range(count) for name, rest in kinds)
        for count in (100, 10_000)
        for kinds in ([("Brand", ""), ("Brand", " Home"), ("器具", ""), ("Möller", "")],)
    ]
    for shop in shops:
        spoken_brands(text, shop)  # indexed once
    few, many = (counter.of(lambda shop=shop: spoken_brands(text, shop)) for shop in shops)  # type: ignore[misc]
    assert many <= 1.1 * few
    spoken = [brand for brand, _ in spoken_brands(text, shops[1])]
    assert spoken == ["Brand3", "Brand7", "Brand7 Home"]


def test_marks_above_a_letter_end_somewhere_and_writing_keeps_them() -> None:
    for row in ("\u0316\u0300", "\uff9e\u0300", "\u0344"):
        assert len(composed("e" + row * 2_000, "NFKC")) <= 100
    for text in ("é", "ǖ", "नि", "ກໍ່", "ガ", "각", "ä" * 100):
        assert composed(text) == text


def test_a_limit_more_costs_a_look_at_each_that_is_held_and_no_comparison() -> None:
    held = Constraints()
    for n in range(200):
        held = held.apply(Without(f"word {n}")).constraints
    assert len(held.held) == 200
    again = held.apply(Without("word 7"))
    assert len(again.constraints.held) == 200 and again.constraints.held[-1].values == ("word 7",)


def test_a_question_of_a_product_reads_a_hostile_description_and_question(counter: Counter) -> None:
    import numpy as np

    for stretch in STRETCHES[::5]:
        item = ITEMS[0].__class__(id="x", title="Lamp", description=grown(stretch, 500))
        question = grown(stretch, 500)
        find_statement(item, question, lambda texts: np.ones((len(texts), 2), np.float32))
