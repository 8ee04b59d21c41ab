"""Pictures in ``llmrec chat``: from a file, from a server, in a terminal; never in the way."""

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from rich.console import Console
from tool_shop import make_demo_store
from typer.testing import CliRunner

from llmrec.agent.events import Card, Products
from llmrec.catalog.store import CatalogStore
from llmrec.cli import pictures as module
from llmrec.cli.chat_view import WrappedReply, show
from llmrec.cli.main import app
from llmrec.cli.pictures import Pictures
from llmrec.errors import MissingExtra

# textual-image 0.12 asks a pillow of 2026 for its pixels in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")

RED = (200, 10, 10)
HALF = "▀"


def png(size=(40, 40), color=RED):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def console():
    return Console(
        file=io.StringIO(), force_terminal=True, color_system="truecolor", width=80, height=40
    )


@pytest.fixture
def half_blocks(monkeypatch):
    from textual_image import renderable

    monkeypatch.setattr(renderable, "Image", renderable.HalfcellImage)


@pytest.fixture
def make(console, tmp_path, half_blocks):
    return lambda fetch=False: Pictures(console, tmp_path, fetch=fetch)


def printed(pictures, address):
    file = pictures._console.file
    before = len(file.getvalue())
    pictures.show(address)
    return file.getvalue()[before:]


@pytest.fixture
def server():
    """A web server: /red.png, /late.png by way of a redirect, and what is none."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path == "/moved.png":
                self.send_response(302)
                self.send_header("Location", "/red.png")
                self.end_headers()
                return
            known = {"/red.png": png(), "/text.png": b"no picture", "/cut.png": png()[:60]}
            known["/huge.png"] = b"\x89PNG" + bytes(module.MAX_BYTES)
            content = known.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            with suppress(OSError):  # the reader may have left
                self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        running.asked = asked
        running.at = f"http://127.0.0.1:{running.server_port}"
        yield running
        running.shutdown()


def test_a_file_is_shown_from_the_shops_folder_or_anywhere(make, tmp_path):
    (tmp_path / "red pot.png").write_bytes(png())
    pictures = make()
    for address in (
        "red pot.png",
        str(tmp_path / "red pot.png"),
        f"file://{tmp_path}/red%20pot.png",
    ):
        shown = printed(pictures, address)
        assert HALF in shown and "38;2;200;10;10" in shown
    assert printed(pictures, None) == printed(pictures, "") == ""


def test_what_is_no_picture_is_left_out(make, tmp_path, monkeypatch):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes(png()[:60])
    (tmp_path / "wide.png").write_bytes(png((9000, 9000)))
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(module.MAX_BYTES + 1)
    pictures = make()
    for address in ("text.png", "cut.png", "wide.png", "huge.png", "gone.png", ".", "\0"):
        assert printed(pictures, address) == ""


def test_a_web_address_is_fetched_only_where_that_is_allowed(make, server):
    assert printed(make(), f"{server.at}/red.png") == "" and not server.asked
    pictures = make(fetch=True)
    for _ in range(2):
        assert HALF in printed(pictures, f"{server.at}/moved.png")
    assert server.asked == ["/moved.png", "/red.png"]


def test_a_web_address_that_fails_is_left_out(make, server):
    pictures = make(fetch=True)
    for path in ("gone.png", "text.png", "cut.png", "huge.png"):
        assert printed(pictures, f"{server.at}/{path}") == ""
    for address in ("http://127.0.0.1:1/red.png", "http://", "http://[", "ftp://x/red.png"):
        assert printed(pictures, address) == ""


def test_a_card_stands_below_its_picture_and_without_one_as_ever(console, make, tmp_path):
    (tmp_path / "red.png").write_bytes(png())
    cards = tuple(
        Card(number=n, product={"id": title, "title": title, "image_url": url})
        for n, (title, url) in enumerate([("Red pot", "red.png"), ("Blue", "gone.png")], 1)
    )
    show(console, Products(cards=cards), WrappedReply(console), make())
    text = console.file.getvalue()
    assert text.index(HALF) < text.index("1. Red pot") < text.index("2. Blue")
    assert HALF not in text[text.index("1. Red pot") :]


def test_without_the_extra_the_error_names_it(console, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "textual_image.renderable", None)
    with pytest.raises(MissingExtra, match=r"pip install 'llmrec\[pictures\]'"):
        Pictures(console, tmp_path, fetch=False)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    made = make_demo_store(tmp_path_factory.mktemp("demo") / "shop")
    (made.path / "red.png").write_bytes(png())
    with CatalogStore.open(made.database_url) as store:
        items = [one for some in store.iter_items() for one in some]
        store.write_items([replace(item, image_url="red.png") for item in items])
    return made


def in_terminal(workspace, *options, answer=b""):
    """What ``llmrec chat`` writes to a terminal that gives ``answer`` when asked what it can do."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 1000, 800))
    command = [sys.executable, "-m", "llmrec.cli", "chat", "-w", str(workspace.path), *options]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    replies = [(b"\x1b[c", answer), (b"you>", b"a teapot\r"), (b"Found for", b"/quit\r")]
    said, told = b"", 0
    try:
        while select.select([ours], [], [], 120)[0]:
            try:
                said += os.read(ours, 65536)
            except OSError:  # the other side has gone
                break
            for asked, reply in list(replies):
                if asked in said[told:]:
                    os.write(ours, reply)
                    replies.remove((asked, reply))
            if b"\x1b[6n" in said[told:]:  # where is the cursor?
                os.write(ours, b"\x1b[1;1R")
                told = len(said)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return said.decode(errors="replace")


def test_in_a_terminal_pictures_come_as_it_can_show_them(workspace):
    plain = in_terminal(workspace, "--pictures", "local")
    assert plain.count(HALF) > 3 * 20 and "38;2;200;10;10" in plain and "Found for" in plain
    sixel = in_terminal(workspace, "--pictures", "local", answer=b"\x1b[?62;4c")
    assert sixel.count("\x1bP") == 3 and HALF not in sixel
    without = in_terminal(workspace)
    assert HALF not in without and "\x1b[c" not in without and "Found for" in without


def test_in_a_pipe_there_are_none_and_nothing_is_asked(workspace):
    result = CliRunner().invoke(
        app,
        ["chat", "-w", str(workspace.path), "--pictures", "local"],
        input="a teapot\n/quit\n",
    )
    assert result.exit_code == 0 and "Found for" in result.stdout
    assert HALF not in result.stdout and "\x1b" not in result.stdout
