"""The page in German and Chinese in a real browser: its words, their language, and the switch."""

import re

import pytest
from browsing import Visit
from scripted_lines import code_reading_by
from serving import Process
from test_page_words import PLURALS, words
from tool_shop import make_demo_store

pytestmark = pytest.mark.integration

FIRST = ".turn:not(.past) .card:first-child"
WHY, LIKE = (f"{FIRST} .card-acts button:nth-child({place})" for place in (1, 2))
GERMAN = {
    "languages": ("de-DE", "en"),
    "tag": "de",
    "title": "Was suchst du?",
    "shown": "Das kann ich anbieten:",
    "message": "etwas für den Balkon unter 40",
    "held": "Streichen: höchstens 40 EUR",
    "price": r"^\d+,\d\d\s€$",
    "liked": "Gemerkt:",
    "many": "4 Nachrichten",
}
CHINESE = {
    "languages": ("zh-CN",),
    "tag": "zh-Hans",
    "title": "你想找什么？",
    "shown": "为你找到这些：",
    "message": "适合阳台的东西，40 以下",
    "held": "取消：不超过 40 EUR",
    "price": r"^€\d+\.\d\d$",
    "liked": "记下了：",
    "many": "4 条消息",
}
LINES = {
    GERMAN["message"]: "find | max 40 | use: Balkon",
    CHINESE["message"]: "find | max 40 | use: 阳台",
}
EACH = pytest.mark.parametrize("told", [GERMAN, CHINESE], ids=["de", "zh"])
SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@pytest.fixture(scope="module")
def url(browser, tmp_path_factory):
    workspace = make_demo_store(tmp_path_factory.mktemp("demo") / "shop")
    with Process(workspace, code=code_reading_by(LINES)) as server:
        yield server.url


def look(visit, told):
    """What holds on every screen: no fault, nothing too wide, the language, nothing unfilled."""
    assert visit.faults() == [] and visit.too_wide() == []
    assert visit.page.get_attribute("html", "lang") == told["tag"]
    assert "undefined" not in visit.page.content()
    assert "{" not in re.sub(r"/v1/\S+", "", visit.page.inner_text("body"))  # routes have some


@EACH
@SIZES
def test_ask_why_and_like_in_the_shoppers_language(browser, url, told, size):
    own = words(told["tag"][:2])
    with Visit(browser, f"{url}/#profile", size, languages=told["languages"]) as visit:
        page = visit.page
        page.wait_for_selector("#who")
        look(visit, told)
        page.fill("#who", "shopper-234")
        page.press("#who", "Enter")
        page.wait_for_selector(".lines li")
        look(visit, told)

        page.click("#to-chat")
        page.wait_for_selector("#starts button")
        assert (
            page.inner_text("#welcome-title") == told["title"] and page.title() == own["page.title"]
        )
        look(visit, told)
        visit.press("#starts li:first-child button")
        assert page.inner_text(".turn .words").strip() == told["shown"]
        visit.ask(told["message"])
        assert told["held"] in visit.filters() and visit.titles()
        assert page.locator(f"{FIRST} .price").evaluate(
            "(price, pattern) => new RegExp(pattern, 'u').test(price.textContent)", told["price"]
        )
        look(visit, told)

        visit.press(WHY)
        page.wait_for_selector("#why:not([hidden])")
        assert page.inner_text("#why-title") == own["why.of"].format(title=visit.titles()[0])
        # A product of which nothing speaks to this shopper has no evidence to show.
        headings = page.locator("#why-body h3").all_inner_texts()
        assert headings and {*headings} <= {own[key] for key in own if key.startswith("why.")}
        look(visit, told)
        page.click("#why-close")
        assert page.inner_text(LIKE) == own["card.like"]
        visit.press(LIKE)
        assert told["liked"] in page.locator(".turn:not(.past) .words").last.inner_text()
        heard = page.locator(f"#spoken p[lang={told['tag'][:2]}]").all_inner_texts()
        assert any(told["liked"] in one for one in heard)

        page.click("#to-earlier")
        page.wait_for_selector("#earlier-body .talked .hint")
        assert told["many"] in page.inner_text("#earlier-body .talked .hint >> nth=0")
        look(visit, told)
        assert visit.complaints == []


@EACH
@SIZES
def test_the_desk_in_the_merchants_language(browser, url, told, size):
    own = words(told["tag"][:2])
    ready = "#items tr button"
    with Visit(browser, f"{url}/merchant", size, ready=ready, languages=told["languages"]) as visit:
        page = visit.page
        page.wait_for_selector("#days svg")
        assert page.inner_text("h1") == own["desk.title"]
        page.click("summary")
        page.wait_for_selector("#routes tr")
        assert own["items.all"]["other"].format(n=502) == page.inner_text("#items-told")
        look(visit, told)
        page.click("#items tr:first-child button >> nth=0")
        page.fill("#product-price", "1,299")
        page.click("dialog[open] button[type=submit]")
        page.wait_for_selector("dialog[open] .wrong:not(:empty)")
        said = page.inner_text("dialog[open] .wrong")
        assert said == f"{own['field.price']}: {own['product.unread']}"
        look(visit, told)
        page.fill("#product-price", "5")
        page.fill("#product-stock", "many")
        page.click("dialog[open] button[type=submit]")
        page.wait_for_selector("dialog[open] .wrong[lang=en]")  # the server's own words
        assert page.inner_text("dialog[open] .wrong").startswith(f"{own['field.stock']}: ")
        assert all("status of 422" in one for one in visit.complaints)


def test_the_switch_is_remembered_and_the_assistants_words_keep_their_language(browser, url):
    with Visit(browser, url, languages=GERMAN["languages"]) as visit:
        page = visit.page
        visit.ask(GERMAN["message"])
        page.click(".languages button[lang=en]")
        page.wait_for_selector(".languages button[lang=en][aria-pressed=true]")
        page.wait_for_selector(".card")
        assert page.get_attribute("html", "lang") == "en"
        assert page.inner_text("#filters-title") == "Filters"
        assert page.inner_text(LIKE) == "Like"
        assert page.locator(".turn .words").first.get_attribute("lang") == "de"
        assert page.inner_text("#held b[lang=de]") == "höchstens 40 EUR"
        assert visit.faults() == [] and visit.too_wide() == []
        visit.press(LIKE)  # a button says nothing in any language: the assistant stays with its own
        assert "Gemerkt:" in page.locator(".turn:not(.past) .words[lang=de]").last.inner_text()

        page.reload()
        page.wait_for_selector(".languages button[lang=en][aria-pressed=true]")
        another = page.context.new_page()
        another.goto(f"{url}/merchant")
        another.wait_for_selector(".languages button[lang=en][aria-pressed=true]")
        assert another.inner_text("h1") == "Shop desk"
        page.click(".languages button[lang=zh-Hans]")
        page.wait_for_selector("html[lang=zh-Hans]")
        assert visit.complaints == []


@pytest.mark.parametrize(
    ("wished", "tag"),
    [
        (("fr-FR", "de-AT", "en"), "de"),
        (("fr-FR", "it"), "en"),
        (("zh-TW",), "zh-Hans"),
        (("en-US@posix",), "en"),
    ],
)
def test_the_first_language_of_the_browser_that_the_page_has(browser, url, wished, tag):
    with Visit(browser, url, languages=wished) as visit:
        assert visit.page.get_attribute("html", "lang") == tag
        pressed = ".languages button[aria-pressed=true]"
        assert visit.page.get_attribute(pressed, "lang") == tag and visit.complaints == []


def test_what_goes_wrong_is_told_in_the_shoppers_language(browser, url):
    own = words("de")
    busy = {"error": {"code": "overloaded", "message": "The server has too much to do."}}
    odd = {"error": {"code": "gone_odd", "message": "Something odd."}}
    with Visit(browser, url, languages=GERMAN["languages"]) as visit:
        page = visit.page
        for answer, told, said_in in (
            (None, own["trouble.unreachable"], "de"),
            ((503, busy), own["trouble.busy"], "de"),
            ((500, odd), "Something odd.", "en"),
            ((500, {}), own["trouble.status"].format(status=500), "de"),
        ):
            page.route("**/v1/chat", responding(answer))
            visit.ask("Lampe")
            wrong = page.locator(".turn .wrong").last
            assert wrong.inner_text() == told and wrong.get_attribute("lang") == said_in
            page.unroute("**/v1/chat")


def responding(answer):
    """A handler that answers with a status and a body, or not at all."""
    if answer is None:
        return lambda route: route.abort()
    return lambda route: route.fulfill(status=answer[0], json=answer[1])


def test_the_plural_forms_are_those_of_the_language(browser, url):
    with Visit(browser, url) as visit:
        found = visit.page.evaluate(
            "codes => codes.map(one => new Intl.PluralRules(one).resolvedOptions())", list(PLURALS)
        )
        assert [set(one["pluralCategories"]) for one in found] == list(PLURALS.values())


def test_without_a_script_the_page_is_english(browser, url):
    context = browser.new_context(java_script_enabled=False, locale="de-DE")
    page = context.new_page()
    page.goto(url)
    assert page.inner_text("#welcome-title") == "What are you looking for?"
    assert page.get_attribute("html", "lang") == "en"
    assert page.locator(".languages").count() == 0  # it could do nothing
    context.close()
