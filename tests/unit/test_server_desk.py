"""The merchant's page in a real browser: products changed, added and removed; numbers that live."""

import pytest
from browsing import Visit
from serving import Process, make_key, new_shop

pytestmark = pytest.mark.integration

FIRST = "#items tr:first-child"


@pytest.fixture(scope="module")
def workspace(browser, tmp_path_factory):
    workspace = new_shop(tmp_path_factory.mktemp("desk"))
    with (workspace.path / "llmrec.toml").open("a") as settings:
        settings.write('\n[experiment]\nname = "a against a"\n')
    return workspace


@pytest.fixture(scope="module")
def key(workspace):
    return make_key(workspace, "merchant")


@pytest.fixture(scope="module")
def url(workspace, key):
    with Process(workspace) as server:
        yield server.url


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_products_are_changed_added_and_removed(browser, url, key, size):
    with Visit(browser, f"{url}/merchant", size, ready="#door[open]") as visit:
        page = visit.page
        assert visit.faults() == []
        page.fill("#key", key)
        page.press("#key", "Enter")
        page.wait_for_selector(f"{FIRST} button")
        page.wait_for_selector("#days svg")
        page.wait_for_selector("#arms tbody tr")
        assert page.inner_text("#experiment-title") == "Experiment: a against a"
        assert page.locator("#arms tbody tr").count() == 2
        assert page.locator("#items tr").count() == 20
        page.click("summary")
        page.wait_for_selector("#routes tr:has-text('/v1/activity')")
        assert visit.faults() == []

        page.click("#next")
        page.wait_for_selector("#back:not([disabled])")
        page.click("#back")
        page.wait_for_selector("#back[disabled]")

        page.click(f"{FIRST} button:text('Change')")
        page.fill("#product-stock", "many")
        page.click("dialog[open] button:text('Save')")
        page.wait_for_selector("dialog[open] .wrong:not(:empty)")
        assert page.locator("dialog[open] .wrong").inner_text().startswith("Stock: ")
        assert visit.faults() == []
        page.fill("#product-stock", "3")
        page.fill("#product-price", "1,299")  # not guessed: it would be a thousandth for some
        page.click("dialog[open] button:text('Save')")
        page.wait_for_selector("dialog[open] .wrong:has-text('price: ')")
        page.fill("#product-price", "12,50")
        page.click("dialog[open] button:text('Save')")
        page.wait_for_selector("dialog[open]", state="detached")
        page.wait_for_selector(f"{FIRST} td:text-is('3')")
        assert page.evaluate("document.activeElement.id") == "items-title"
        assert "12.50" in page.locator(f"{FIRST} td.number").first.inner_text()

        page.click("#add")
        page.fill("#product-id", "i0000")
        page.fill("#product-title", "Somebody else's")
        page.click("dialog[open] button:text('Add')")
        page.wait_for_selector("dialog[open] .wrong:has-text('of this id')")
        page.fill("#product-id", f"new-{size}")
        page.fill("#product-title", f"Zither for a {size}")
        page.click("dialog[open] button:text('Add')")
        page.wait_for_selector("dialog[open]", state="detached")
        page.fill("#find", f"zither {size}")
        page.press("#find", "Enter")
        page.wait_for_selector(f"{FIRST} th:has-text('Zither for a {size}')")
        page.click(f"{FIRST} button:text('Remove')")
        page.wait_for_selector("dialog[open]")
        assert visit.faults() == []
        page.click("dialog[open] button:text('Remove')")
        page.wait_for_selector("#items tr", state="detached")
        # What the browser itself reports: no key yet, no number for a stock, an id that is taken.
        told = ("status of 401", "status of 422", "status of 412")
        assert all(any(status in one for status in told) for one in visit.complaints)


def test_a_failure_stays_until_the_same_thing_works(browser, url, key):
    with Visit(browser, f"{url}/merchant", ready="#door[open]") as visit:
        page = visit.page
        page.fill("#key", key)
        page.press("#key", "Enter")
        page.wait_for_selector(f"{FIRST} button")
        page.route("**/v1/items?*", lambda one: one.abort())
        page.press("#find", "Enter")
        page.wait_for_selector("#refused:not([hidden])")
        with page.expect_response("**/v1/numbers"):
            pass
        page.wait_for_function("document.querySelectorAll('#now dd').length")
        assert page.is_visible("#refused")
        page.unroute("**/v1/items?*")
        page.press("#find", "Enter")
        page.wait_for_selector("#refused", state="hidden")


def test_a_shoppers_key_opens_nothing(browser, url, workspace):
    own = make_key(workspace, "shopper", "u001")
    with Visit(browser, f"{url}/merchant", ready="#door[open]") as visit:
        visit.page.fill("#key", own)
        visit.page.press("#key", "Enter")
        visit.page.wait_for_selector("#other-key:not([hidden])")
        assert "merchant" in visit.page.locator("#refused").inner_text()
        assert visit.page.locator("#items tr").count() == 0
        visit.page.click("#other-key button")
        visit.page.wait_for_selector("#door[open]")
