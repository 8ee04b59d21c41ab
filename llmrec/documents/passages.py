"""A Markdown file cut by its headings into passages, each short enough for a text encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

__all__ = ["Passage", "cut"]

_MAX_CHARS = 900
"""Some 200 word pieces; the encoders read 256, the headings among them."""

_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """What stands under one heading, or a part of it if that is long.

    Attributes:
        headings: from the document's title down.
        blocks: paragraphs, list entries and table rows, each a line of plain text.
    """

    headings: tuple[str, ...]
    blocks: tuple[str, ...]

    @property
    def text(self) -> str:
        """What is encoded: the headings, then the blocks."""
        return "\n".join((" > ".join(self.headings), *self.blocks)).strip()


def cut(markdown: str) -> list[Passage]:
    r"""The passages of a document, in its order; a heading with nothing under it is none.

    >>> [(one.headings, one.blocks) for one in cut("# Pay\n\n## Cards\n\nWe take *all*.")]
    [(('Pay', 'Cards'), ('We take all.',))]
    """
    passages: list[Passage] = []
    path: list[tuple[int, str]] = []
    blocks: list[str] = []
    for level, text in _lines(_FRONT_MATTER.sub("", markdown.replace("\r\n", "\n"))):
        if not level:
            blocks.append(text)
            continue
        passages.extend(_passages(path, blocks))
        blocks = []
        path = [(depth, name) for depth, name in path if depth < level] + [(level, text)]
    passages.extend(_passages(path, blocks))
    return passages


def _passages(path: Sequence[tuple[int, str]], blocks: Sequence[str]) -> Iterator[Passage]:
    headings = tuple(name for _, name in path)
    part: list[str] = []
    for block in blocks:
        if part and sum(map(len, part)) + len(block) > _MAX_CHARS:
            yield Passage(headings, tuple(part))
            part = []
        part.append(block)
    if part:
        yield Passage(headings, tuple(part))


def _lines(markdown: str) -> Iterator[tuple[int, str]]:
    """Headings with their level, everything else with 0."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    for node in tree.children:
        if node.type == "heading":
            yield int(node.tag[1:]), _plain(node)
        elif node.type == "table":
            yield from ((0, row) for row in _rows(node) if row)
        else:
            yield from ((0, line) for line in _blocks(node) if line)


def _blocks(node: SyntaxTreeNode) -> Iterator[str]:
    """A line for each paragraph or list entry below, and for each line of code.

    Raw HTML is left out: comments and tracking pixels say nothing to a shopper.
    """
    if node.type in ("fence", "code_block"):
        yield from (" ".join(line.split()) for line in node.content.splitlines())
    elif node.type == "inline":
        yield _plain(node)
    else:
        for child in node.children:
            yield from _blocks(child)


def _rows(table: SyntaxTreeNode) -> Iterator[str]:
    """Each row with the names of its columns, so that it can be understood alone."""
    rows = [row.children for part in table.children for row in part.children]
    head, *body = [[_plain(cell) for cell in cells] for cells in rows]
    for cells in body:
        named = zip(head, cells, strict=False)
        text = "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
        yield f"{text}." if text else ""


def _plain(node: SyntaxTreeNode) -> str:
    """The words below a node, without marks, links and pictures."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type == "image":
        return ""
    parts = "".join(_plain(child) for child in node.children)
    return " ".join(parts.split()) if node.type in ("inline", "heading") else parts
