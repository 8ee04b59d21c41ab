"""A real browser for the tests of the web page: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """One shopper's tab, and what the browser complained of while it was open."""

    def __init__(
        self,
        browser: Any,
        url: str,
        size: str = "desktop",
        *,
        ready: str = "#starts button",
        languages: Sequence[str] = ("en-US",),
    ) -> None:
        width, height = SIZES[size]
        # Colours that still change would be measured half-way.
        self._context = browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            locale=languages[0],
        )
        said = json.dumps(list(languages))
        self._context.add_init_script(
            f"Object.defineProperty(navigator, 'languages', {{get: () => {said}}})"
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(30_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._heard(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(url)
        self.page.wait_for_selector(ready, state="attached")

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def ask(self, message: str) -> None:
        """Send a message and wait for the whole reply."""
        self.page.fill("#say", message)
        self.page.press("#say", "Enter")
        self.settled()

    def press(self, selector: str) -> None:
        """Press a button that asks something of the server, and wait for the whole reply."""
        self.page.click(selector)
        self.settled()

    def settled(self) -> None:
        """Wait until no reply runs."""
        self.page.wait_for_selector("body:not(.busy)")

    def titles(self) -> list[str]:
        """The products on the screen that can be spoken of."""
        return self.page.locator(".turn:not(.past) .card").evaluate_all(
            "cards => cards.map(card => card.getAttribute('aria-label'))"
        )

    def filters(self) -> list[str]:
        """What stands at the side, as it is read aloud."""
        return self.page.locator("#held button").evaluate_all(
            "chips => chips.map(chip => chip.getAttribute('aria-label'))"
        )

    def too_wide(self) -> list[str]:
        """The parts of the screen whose content is wider than they are, except for tables."""
        parts = "html, .top, .side, .turns, .why, .profile-view, .desk, dialog"
        return self.page.locator(parts).evaluate_all(
            "parts => parts.filter(one => one.checkVisibility())"
            ".filter(one => one.scrollWidth > one.clientWidth)"
            ".map(one => one.id || one.className || one.tagName)"
        )

    def faults(self) -> list[str]:
        """What axe-core calls serious or critical on this screen, light and dark."""
        from axe_playwright_python.sync_playwright import Axe

        found = []
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            found += Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['html']}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
