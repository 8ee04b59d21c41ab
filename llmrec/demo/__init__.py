"""The demo store: a shop of some 500 products and its shoppers, shipped with the package.

>>> len(items_files()), events_file().name, len(documents_files())
(9, 'events.jsonl.gz', 5)

Products and reviews are written by hand, in English, German and Chinese; the log comes from
:mod:`llmrec.demo.simulate`. Shop, brands and shoppers are invented.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

__all__ = [
    "documents_files",
    "events_file",
    "featured_shoppers",
    "items_files",
    "reviews_file",
    "shoppers",
]


def items_files() -> list[Path]:
    """The catalogue: JSON Lines files with the fields of :class:`llmrec.types.Item`, by name."""
    return sorted(_folder().glob("products_*.jsonl"))


def events_file() -> Path:
    """The log: gzipped JSON Lines with ``user, item, kind, at`` and, for ratings, ``value``.

    Some 270 opinions have a review, their ``text``.
    """
    return _folder() / "events.jsonl.gz"


def reviews_file() -> Path:
    """The reviews as they were written: JSON Lines with ``item, kind, value, text``.

    The log has them already, each with a shopper (:mod:`llmrec.demo.reviews`).
    """
    return _folder() / "reviews.jsonl"


def documents_files() -> list[Path]:
    """The shop's own documents in Markdown: returns, shipping and the like, by name."""
    return sorted((_folder() / "documents").glob("*.md"))


def shoppers() -> dict[str, str]:
    """The persona of each shopper in words, by the shopper's id."""
    words: dict[str, str] = json.loads((_folder() / "shoppers.json").read_text(encoding="utf-8"))
    return words


def featured_shoppers() -> tuple[str, str, str]:
    """Three shoppers whose histories read well.

    A weekend camper, a balcony gardener, and a tea lover who reads German.
    """
    return ("shopper-116", "shopper-234", "shopper-040")


def _folder() -> Path:
    return Path(str(files("llmrec.demo")))
