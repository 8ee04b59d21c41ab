"""The texts of an item that are embedded and searched, and their hashes."""

from __future__ import annotations

from hashlib import blake2b

from llmrec.types import Item

__all__ = ["MAX_DESCRIPTION_CHARS", "item_name", "item_text", "name_hash", "text_hash"]

MAX_DESCRIPTION_CHARS = 2_000
"""Beyond this no text encoder of ours reads (256 tokens), but tokenising it would cost."""


def item_text(item: Item) -> str:
    """Title, brand, category, attributes and description, a line each; what is empty is left out.

    >>> print(item_text(Item("1", "Kettle", "Acme", ("Home", "Tea"), attributes={"colour": "red"})))
    Kettle
    Acme
    Home > Tea
    colour: red
    """
    named = sorted(item.attributes.items())
    attributes = "; ".join(f"{name}: {', '.join(values)}" for name, values in named)
    lines = (
        item.title,
        item.brand,
        " > ".join(item.category),
        attributes,
        item.description[:MAX_DESCRIPTION_CHARS],
    )
    return "\n".join(line for line in lines if line)


def item_name(item: Item) -> str:
    """Title, brand and category, a line each: what a thing is, without what is said of it.

    >>> print(item_name(Item("1", "Kettle", "Acme", ("Home", "Tea"), description="It whistles.")))
    Kettle
    Acme
    Home > Tea
    """
    return "\n".join(line for line in (item.title, item.brand, " > ".join(item.category)) if line)


def text_hash(item: Item) -> str:
    """Changes exactly when :func:`item_text` does: 32 hexadecimal digits."""
    return _hash(item_text(item))


def name_hash(item: Item) -> str:
    """Changes exactly when :func:`item_name` does: 32 hexadecimal digits."""
    return _hash(item_name(item))


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
