"""The web page in a real browser, on the demo store: what a shopper does, with eyes and without."""

import base64

import httpx
import pytest
from browsing import Visit
from scripted_lines import code_reading_by
from serving import Process, make_key, new_shop
from tool_shop import make_demo_store

pytestmark = pytest.mark.integration

LINES = {
    "something for the balcony": "find | use: balcony",
    "something for the garden under 30": "find | max 30 | use: garden",
    "something for the garden, in green, under 60": "find | max 60 | use: garden | colour: green",
    "something under 60": "find | max 60",
    "a present under 25": "find | thing gift | max 25",
    "a teapot": "find | thing teapot",
    "in blue": "refine | colour: blue",
    "in red": "refine | colour: red",
    "under 40": "refine | max 40",
    "under 1": "refine | max 1",
}
HOSTILE = "<img src=x onerror='window.broken = 1'><script>window.broken = 2</script> gong"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
LIKE = ".turn:not(.past) .card:first-child button:text('Like')"
DISLIKE = ".turn:not(.past) .card:first-child button:text('Not for me')"
WHY = ".turn:not(.past) .card:first-child button:text('Why this?')"


@pytest.fixture(scope="module")
def url(browser, tmp_path_factory):
    workspace = make_demo_store(tmp_path_factory.mktemp("demo") / "shop")
    with Process(workspace, code=code_reading_by(LINES)) as server:
        items = [
            {"id": "X-1", "title": HOSTILE, "url": "javascript:window.broken=3", "price": "5"},
            {"id": "X-2", "title": "Zither case", "image_url": "https://pictures.example/z.png"},
        ]
        assert httpx.post(f"{server.url}/v1/items", json={"items": items}).is_success
        yield server.url


@pytest.mark.parametrize(("size", "user"), [("desktop", "shopper-234"), ("phone", "shopper-040")])
def test_ask_narrow_why_like_see_the_change_and_be_forgotten(browser, url, size, user):
    with Visit(browser, f"{url}/#profile", size) as visit:
        page = visit.page
        page.wait_for_selector("#who")
        assert visit.faults() == []
        page.fill("#who", user)
        page.press("#who", "Enter")
        page.wait_for_selector(".lines li")
        assert visit.faults() == []

        page.click("#to-chat")
        page.wait_for_selector("#welcome")
        assert visit.faults() == []
        visit.ask("something for the balcony")
        wide = visit.titles()
        visit.ask("under 40")
        assert "Drop: at most 40 EUR" in visit.filters()
        assert len(wide) == 3 and visit.titles() and visit.faults() == []

        visit.press(WHY)
        page.wait_for_selector("#why:not([hidden])")
        assert page.locator("#why .evidence li").count() and page.locator("#why .bar").count()
        assert page.locator("#why .fields .used, #why mark").count()
        assert visit.faults() == []
        page.click("#why-close")

        before = visit.titles()
        visit.press(LIKE)
        liked = visit.titles()
        assert before[0] == liked[0]
        assert "Noted: you like" in page.locator(".turn:not(.past)").inner_text()
        visit.press(DISLIKE)
        assert liked[0] not in visit.titles()
        kept = httpx.get(f"{url}/v1/sessions", params={"user": user}).json()["sessions"]
        assert kept[0]["title"] == "something for the balcony"

        page.click("#to-profile")
        page.click("button:text-is('Forget me')")
        assert visit.faults() == []
        page.click("button:text('Delete everything')")
        page.wait_for_selector("text=Nothing is known yet")
        gone = httpx.get(f"{url}/v1/sessions", params={"user": user}).json()["sessions"]
        assert gone == [] and visit.faults() == []
        page.click("#to-chat")
        page.wait_for_selector("#welcome")
        assert visit.titles() == []
        assert visit.complaints == []


def test_a_review_is_quoted_as_text_and_can_be_taken_away(browser, url):
    text = f"Leaks! {HOSTILE} &lt;b&gt; “and” that after one week in dry weather."
    review = {"user": "ann", "item": "GAR-028", "kind": "rating", "value": 1, "text": text}
    assert httpx.post(f"{url}/v1/events", json={"events": [review]}).json()["texts"] == 1
    with Visit(browser, f"{url}/#profile", "phone") as visit:
        page = visit.page
        page.fill("#who", "ann")
        page.press("#who", "Enter")
        line = page.locator(".lines li", has_text="Leaks!")
        said = line.locator("span").inner_text()
        assert said.startswith("Did not like ") and "gong" in said and visit.faults() == []
        assert page.locator(".lines img, .lines script").count() == 0
        line.locator("button").click()
        line.wait_for(state="detached")
        assert page.evaluate("window.broken") is None and visit.complaints == []


@pytest.mark.parametrize("user", ["shopper-101", None])
def test_earlier_conversations_are_gone_on_with_and_deleted(browser, url, user):
    with Visit(browser, url, "phone") as visit:
        page = visit.page
        if user:
            page.evaluate("user => sessionStorage.setItem('llmrec.user', user)", user)
            page.reload()
        visit.ask("something for the garden under 30")
        page.click("#to-earlier")
        page.wait_for_selector("#new-talk")
        page.click("#new-talk")
        page.wait_for_selector("#welcome")
        assert visit.filters() == []
        visit.ask("a teapot")
        page.click("#to-earlier")
        page.wait_for_selector("#earlier-body .lines li")
        listed = page.locator("#earlier-body .talked > span:first-child").all_inner_texts()
        garden = ["something for the garden under 30"] if user else []
        assert listed == ["a teapot", *garden] and visit.faults() == []
        page.click("button[aria-label='Delete: a teapot']")
        page.wait_for_selector("button[aria-label='Delete: a teapot']", state="detached")
        if user:
            page.click("button[aria-label^='Go on with: something for the garden']")
            page.wait_for_selector("#held button", state="attached")  # folded on a phone
            assert "Drop: at most 30 EUR" in visit.filters()
        else:
            page.wait_for_selector("#earlier-body .hint")
        assert visit.complaints == []


def test_filters_mirror_the_conversation_and_change_it(browser, url):
    with Visit(browser, url) as visit:
        page = visit.page
        visit.press("#starts button:text('What people like here')")
        assert visit.titles()
        visit.ask("something for the garden, in green, under 60")
        assert len(visit.filters()) == 3 and page.input_value("#price-to") == "60"
        page.fill("#price-from", "12,50")
        page.fill("#price-to", "30")
        visit.press("#prices button")
        assert "Drop: at most 30 EUR" in visit.filters() and len(visit.filters()) == 4
        page.fill("#price-to", "cheap")
        page.click("#prices button")
        assert page.is_visible("#prices-wrong") and len(visit.filters()) == 4
        visit.press("#held button >> nth=0")
        assert len(visit.filters()) == 3

        page.reload()
        page.wait_for_selector(".card")
        assert len(visit.filters()) == 3 and not page.is_visible("#welcome")
        visit.press("#undo")
        assert len(visit.filters()) == 4
        visit.press("#over")
        assert visit.filters() == [] and visit.complaints == []


def test_what_was_not_acknowledged_does_not_count(browser, url):
    with Visit(browser, url) as visit:
        visit.ask("something under 60")
        shown = visit.titles()
        visit.page.route("**/v1/chat", lambda one: one.abort())
        visit.ask("in blue")
        assert "cannot be reached" in visit.page.locator(".turn .wrong").last.inner_text()
        visit.page.unroute("**/v1/chat")
        visit.page.route("**/v1/chat", lambda one: None)  # an answer that never comes
        visit.page.fill("#say", "in red")
        visit.page.press("#say", "Enter")
        visit.press("#stop")
        assert "Stopped" in visit.page.locator(".turn .wrong").last.inner_text()
        visit.page.unroute("**/v1/chat")
        assert visit.filters() == ["Drop: at most 60 EUR"] and visit.titles() == shown
        visit.ask("under 1")
        assert visit.titles() == [] and len(visit.filters()) == 1


def test_hostile_texts_stay_texts_and_pictures_come_from_where_the_catalogue_says(browser, url):
    with Visit(browser, url) as visit:
        page = visit.page
        page.route("https://pictures.example/*", lambda one: one.fulfill(body=PIXEL))
        visit.ask(HOSTILE)
        said = page.locator(".said").first.inner_text()
        assert said == HOSTILE
        card = page.locator(".card", has_text="gong").first
        assert HOSTILE in card.locator("h2").inner_text()
        assert card.locator("a, img, script").count() == 0
        assert page.evaluate("window.broken") is None
        visit.ask("zither case")
        image = page.locator(".turn:not(.past) .card img").first
        assert image.get_attribute("src") == "https://pictures.example/z.png"
        assert visit.complaints == []


def test_without_a_mouse_and_without_eyes(browser, url):
    with Visit(browser, url) as visit:
        page = visit.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the message field"
        page.keyboard.press("Enter")
        page.keyboard.type("a present under 25")
        page.keyboard.press("Enter")
        visit.settled()
        heard = page.locator("#spoken p").all_inner_texts()
        assert any(one.startswith("3 products: 1, ") for one in heard)
        assert page.evaluate("document.activeElement.id") == "say"
        page.focus(WHY)
        page.keyboard.press("Enter")
        page.wait_for_selector("#why:not([hidden])")
        assert page.evaluate("document.activeElement.id") == "why-title"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.textContent") == "Why this?"
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"
        page.focus(LIKE)
        page.keyboard.press("Enter")
        visit.settled()
        assert page.evaluate("document.activeElement.tagName") == "H2"


def test_a_fault_would_be_found(browser, url):
    with Visit(browser, url) as visit:
        visit.page.evaluate("document.body.append(document.createElement('button'))")
        assert any(one.startswith("button-name") for one in visit.faults())


def test_the_key_is_asked_for_once_and_gone_when_the_shopper_is_forgotten(browser, tmp_path):
    workspace = new_shop(tmp_path, items=20)
    key = make_key(workspace, "shopper", "u001")
    with Process(workspace) as server, Visit(browser, server.url) as visit:
        page = visit.page
        page.wait_for_selector("#door[open]")
        assert visit.faults() == []
        page.fill("#key", "llmrec_wrong")
        page.press("#key", "Enter")
        page.wait_for_selector("#door-wrong:not(:empty)")
        page.fill("#key", key)
        page.press("#key", "Enter")
        page.wait_for_selector("#door:not([open])", state="attached")
        visit.ask("a lamp")
        assert visit.titles()
        page.reload()
        page.wait_for_selector(".card")
        assert key not in page.content() and key not in page.url
        page.click("#to-profile")
        page.wait_for_selector("#pin")
        assert page.locator("#who").count() == 0
        page.click("button:text-is('Forget me')")
        page.click("button:text('Delete everything')")
        page.wait_for_selector("#door[open]")
