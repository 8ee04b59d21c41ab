"""The text that is embedded, and when its hash moves."""

from dataclasses import replace
from decimal import Decimal

from llmrec.catalog.item_text import MAX_DESCRIPTION_CHARS, item_text, text_hash
from llmrec.types import Item

KETTLE = Item(
    "1",
    "Kettle",
    "Acme",
    ("Home", "Tea"),
    "Boils water.",
    attributes={"size": "1 l", "colour": "x"},
)


def test_all_parts_a_line_each() -> None:
    assert item_text(KETTLE) == "Kettle\nAcme\nHome > Tea\ncolour: x; size: 1 l\nBoils water."
    assert item_text(Item("1", "")) == ""


def test_the_hash_moves_with_the_text_alone() -> None:
    same = [
        replace(KETTLE, id="2", price=Decimal(1), currency="EUR", stock=3, language="de"),
        replace(KETTLE, attributes={"colour": "x", "size": "1 l"}),
    ]
    other = [
        replace(KETTLE, title="kettle"),
        replace(KETTLE, brand=None),
        replace(KETTLE, category=("Tea", "Home")),
        replace(KETTLE, description=""),
        replace(KETTLE, attributes={}),
    ]
    assert {text_hash(item) for item in same} == {text_hash(KETTLE)}
    assert len({text_hash(item) for item in [KETTLE, *other]}) == 1 + len(other)


def test_the_hash_is_the_same_in_every_process_and_version() -> None:
    """Written down once: if it moves, every shop encodes its whole catalogue again."""
    assert text_hash(Item("1", "Kettle")) == "4ec3d71013d1938331914ad562066635"


def test_a_long_description_is_cut_for_the_encoder() -> None:
    long = replace(KETTLE, description="x" * 10_000_000)
    assert len(item_text(long)) < MAX_DESCRIPTION_CHARS + 100
