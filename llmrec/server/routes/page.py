"""The web page: files of the package, sent under a policy that lets nothing else run or load."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from llmrec.errors import NotFound
from llmrec.server.intake import KeyFirst

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=KeyFirst)

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Pictures alone may come from elsewhere: the catalogue names where a product's are.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@router.get("/")
async def index() -> Response:
    """The page itself; it needs no key, and asks for one where the server does."""
    return _file("index.html")


@router.get("/merchant")
async def merchant() -> Response:
    """The page of whoever runs the shop; what it shows asks for a merchant's key."""
    return _file("merchant.html")


@router.get("/page/{name}")
async def part(name: str) -> Response:
    """A style, a script or the icon."""
    return _file(name)


def _file(name: str) -> Response:
    """A file of the page's folder, which has no folders in it.

    Raises:
        NotFound: there is none of this name.
    """
    # Names are compared, never joined to a path, so that none leads out of the folder.
    found = next((path for path in _folder().iterdir() if path.name == name), None)
    kind = _KINDS.get(PurePosixPath(name).suffix)
    if found is None or kind is None:
        raise NotFound("The page has no such part.", hint="Begin at /.")
    return Response(found.read_bytes(), media_type=kind, headers=_HEADERS)


def _folder() -> Traversable:
    return files("llmrec.server") / "page"
