"""Take the pictures of the web page in docs/images/ from a running server of the demo store.

Start one with ``llmrec demo`` and ``llmrec serve -w demo-shop``, then run this with its address.
Without a Chinese font (Debian's fonts-wqy-microhei) the switch of languages shows boxes.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLOURS = 64
DESKTOP = {"width": 1360, "height": 820}
PHONE = {"width": 390, "height": 800}
USER = "shopper-234"
ASKED = {"en-IE": "seeds to sow", "de-DE": "etwas für den Balkon unter 20"}
FIRST_CARD = ".turn:not(.past) .card:first-child"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080")
    url = parser.parse_args().url
    chromium = shutil.which("chromium") or sys.exit(
        "There is no chromium: apt-get install chromium"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, size, scheme, locale in (
            ("page-desktop", DESKTOP, "light", "en-IE"),
            ("page-dark", DESKTOP, "dark", "en-IE"),
            ("page-phone", PHONE, "light", "en-IE"),
            ("page-phone-de", PHONE, "light", "de-DE"),
        ):
            tab = browser.new_page(
                viewport=size, color_scheme=scheme, locale=locale, reduced_motion="reduce"
            )
            talk(tab, url, locale, why=name == "page-desktop", narrow=size == DESKTOP)
            save(tab.screenshot(), IMAGES / f"{name}.png")
            tab.close()
        some_weeks(url)
        for name, size in (("desk-desktop", DESKTOP), ("desk-phone", PHONE)):
            tab = browser.new_page(viewport=size, reduced_motion="reduce")
            tab.goto(f"{url}/merchant")
            tab.wait_for_selector("#items tr")
            save(tab.screenshot(), IMAGES / f"{name}.png")
            tab.close()


def some_weeks(url: str) -> None:
    """Events of these days, because those of the demo store are of its own year."""
    draw = random.Random(0)
    now = datetime.now(timezone.utc)
    kinds = ["view"] * 12 + ["cart"] * 4 + ["purchase"] * 3 + ["like"] * 2 + ["dislike", "rating"]
    events = [
        {
            "user": f"picture-{draw.randrange(40)}",
            "item": f"picture-{draw.randrange(60)}",
            "kind": draw.choice(kinds),
            "at": (now - timedelta(days=draw.triangular(0, 14, 0))).isoformat(),
            "value": draw.randint(1, 5),
        }
        for _ in range(900)
    ]
    httpx.post(f"{url}/v1/events", json={"events": events}).raise_for_status()


def talk(tab: Any, url: str, locale: str, *, why: bool, narrow: bool) -> None:
    """A known shopper asks, and perhaps narrows and wants to know why."""
    tab.goto(f"{url}/#profile")
    tab.fill("#who", USER)
    tab.press("#who", "Enter")
    tab.wait_for_selector(".lines li")
    tab.click("#to-chat")
    ask(tab, ASKED[locale])
    if narrow:
        ask(tab, "under 5")
    if why:
        tab.click(f"{FIRST_CARD} .card-acts button:first-child")
        tab.wait_for_selector("#why:not([hidden])")
        tab.locator(".turn:not(.past) .said").last.scroll_into_view_if_needed()
    tab.mouse.move(0, 0)


def ask(tab: Any, message: str) -> None:
    """Say something and wait for the whole reply."""
    tab.fill("#say", message)
    tab.press("#say", "Enter")
    tab.wait_for_selector("body:not(.busy)")


def save(picture: bytes, path: Path) -> None:
    """With few colours, which is all that the page has."""
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS)
    few.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
