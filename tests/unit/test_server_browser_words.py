"""The page while a model writes: cards with room for words, which come one after the other."""

import pytest
from browsing import Visit
from scripted_lines import reading_by
from serving import Listening, Slow, wait_for
from tool_shop import make_demo_store

from llmrec import Workspace
from llmrec.errors import EngineUnavailable

pytestmark = pytest.mark.integration

CARDS = ".turn:not(.past) .card"
AWAITED = f"{CARDS} .reason[aria-busy='true']"
STEPS = 100_000
LINES = {"a teapot": "find | thing teapot", "under 40": "refine | max 40"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = make_demo_store(tmp_path_factory.mktemp("demo") / "shop")
    return Workspace.open(made.path, overrides={"explain": {"words": "model"}})


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def url(workspace, slow):
    with reading_by(LINES), Listening(workspace, slow.engine) as server, slow:
        yield server.url


def heights(page):
    return page.locator(CARDS).evaluate_all(
        "cards => cards.map(card => Math.round(card.getBoundingClientRect().height))"
    )


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_cards_are_there_before_their_words_and_do_not_move_when_they_come(
    browser, url, slow, size
):
    with Visit(browser, url, size) as visit:
        page = visit.page
        visit.ask("a teapot")
        assert len(visit.titles()) == 3 and page.locator(AWAITED).count() >= 2
        assert page.locator(AWAITED).first.inner_text() == "The reason is being written."
        assert visit.faults() == []
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        before, waiting = heights(page), page.locator(AWAITED).count()
        slow.release(STEPS)
        page.wait_for_selector(AWAITED, state="detached")
        reasons = page.locator(f"{CARDS} .reason").all_inner_texts()
        assert len(reasons) == 3 and all(reasons)
        assert heights(page) == before and visit.faults() == []
        heard = page.locator("#spoken").inner_text()
        lines = (
            f"{number}, {title}: {reason}"
            for number, (title, reason) in enumerate(zip(visit.titles(), reasons, strict=True), 1)
        )
        assert sum(line in heard for line in lines) == waiting
        assert visit.complaints == []


def test_the_shopper_goes_on_while_words_come(browser, url, slow):
    with Visit(browser, url) as visit:
        page = visit.page
        visit.ask("a teapot")
        assert page.locator(AWAITED).count()
        page.fill("#say", "under 40")
        page.press("#say", "Enter")
        wait_for(lambda: slow.entered.is_set())
        slow.release(STEPS)
        page.wait_for_selector("text=at most 40 EUR")
        page.wait_for_selector(f"{CARDS} .reason:not([aria-busy])")
        assert page.locator(".turn").count() == 2
        page.wait_for_selector(".reason[aria-busy]", state="detached")
        assert page.locator(".turns .wrong").count() == 0
        assert visit.complaints == []


def test_escape_leaves_the_words_out_and_keeps_the_answer(browser, url, slow):
    with Visit(browser, url) as visit:
        page = visit.page
        visit.ask("a teapot")
        waiting = page.locator(AWAITED).count()
        assert waiting
        page.keyboard.press("Escape")
        page.wait_for_selector(AWAITED, state="detached")
        assert len(visit.titles()) == 3
        assert page.locator(f"{CARDS} .reason").count() == 3 - waiting
        slow.release(STEPS)
        page.reload()  # the conversation goes on where it was
        page.wait_for_selector(".card")
        assert page.locator(".said").all_inner_texts() == ["a teapot"]
        assert visit.complaints == []


def test_a_model_that_fails_to_write_leaves_sentences_from_fields(browser, url, slow):
    slow.engine.fail_on = frozenset({"generate"})
    slow.engine.fail_with = EngineUnavailable("It is away.")
    with Visit(browser, url, "phone") as visit:
        visit.ask("a teapot")
        visit.page.wait_for_selector(AWAITED, state="detached")
        reasons = visit.page.locator(f"{CARDS} .reason").all_inner_texts()
        assert len(reasons) == 3 and all(reasons)
        assert visit.page.locator(".turns .wrong").count() == 0 and visit.complaints == []
