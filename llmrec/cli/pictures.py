"""Products' pictures in a terminal: kitty's graphics, sixel, or half blocks (textual-image).

A picture is an ornament: one that is not there, too large or broken is left out, and nothing else
changes.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rich.console import Console

from llmrec.errors import MissingExtra

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MAX_BYTES", "Pictures"]

MAX_BYTES = 8 * 2**20
_MAX_PIXELS = 50_000_000
_PIXELS = 480  # to each side, of what is sent to a terminal
_CELLS = 24
_TIMEOUT_S = 3.0
_KEPT = 64


class Pictures:
    """Prints pictures. Asks the terminal once what it can show, before anything is typed.

    Args:
        console: where they go; a terminal.
        folder: where paths that are not absolute begin.
        fetch: whether ``http`` and ``https`` addresses may be fetched.

    Raises:
        MissingExtra: textual-image is not installed.
    """

    def __init__(self, console: Console, folder: Path, *, fetch: bool) -> None:
        try:
            from textual_image.renderable import Image as Shown
        except ImportError as error:
            raise MissingExtra("textual-image", extra="pictures") from error
        self._shown = Shown
        self._console = console
        self._folder = folder
        self._fetch = fetch
        self._kept: OrderedDict[str, Image | None] = OrderedDict()

    def show(self, address: str | None) -> None:
        """Print the picture that lies at ``address``; nothing if there is none to show."""
        if not address:
            return
        if address not in self._kept:
            self._kept[address] = self._read(address)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        picture = self._kept[address]
        if picture is not None:
            # A terminal without a size, of some CI: nothing of it is worth an answer.
            with suppress(OSError, ValueError, ArithmeticError):
                self._console.print(self._shown(picture, width=_CELLS, height="auto"))

    def _read(self, address: str) -> Image | None:
        import httpx
        from PIL import Image, UnidentifiedImageError

        # SyntaxError is what Pillow raises for some broken files.
        broken = (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError)
        try:
            content = self._content(address)
            if content is None or len(content) > MAX_BYTES:
                return None
            with Image.open(io.BytesIO(content)) as picture:
                if picture.width * picture.height > _MAX_PIXELS:
                    return None
                picture.draft("RGB", (_PIXELS, _PIXELS))
                picture.thumbnail((_PIXELS, _PIXELS))
                return picture.convert("RGB")
        except (*broken, httpx.HTTPError, httpx.InvalidURL, Image.DecompressionBombError):
            return None

    def _content(self, address: str) -> bytes | None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            return _fetched(address) if self._fetch else None
        path = unquote(parts.path) if parts.scheme == "file" else address
        file = self._folder / Path(path).expanduser()
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        return file.read_bytes()


def _fetched(address: str) -> bytes | None:
    """What lies at a web address; ``None`` if it is more than anybody would look at."""
    import httpx

    content = bytearray()
    with httpx.stream("GET", address, timeout=_TIMEOUT_S, follow_redirects=True) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > MAX_BYTES:
                return None
    return bytes(content)
