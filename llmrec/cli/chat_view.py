"""How a reply looks in a terminal: words as they come, product cards, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from llmrec.agent.events import (
    AgentEvent,
    Card,
    ConstraintsChanged,
    Failed,
    Products,
    ProductWords,
    Table,
    ToolCalled,
    Words,
)
from llmrec.cli.pictures import Pictures
from llmrec.prompting import price_label

__all__ = [
    "WrappedReply",
    "Writing",
    "show",
    "show_scores",
]

_FACTS = 4


def show(
    console: Console, event: AgentEvent, flow: WrappedReply, pictures: Pictures | None = None
) -> None:
    """Print an event of a reply; a spinner shows the events that only report progress."""
    if isinstance(event, Words):
        flow.write(event.text)
    elif isinstance(event, Products):
        for card in event.cards:
            if pictures is not None:
                pictures.show(card.product.get("image_url"))
            console.print(_panel(card))
    elif isinstance(event, ConstraintsChanged) and event.held:
        chips = [Text(f" {limit.text} ", style="black on cyan") for limit in event.held]
        console.print(Columns(chips, padding=(0, 1)))
    elif isinstance(event, Table):
        console.print(_table(event))
    elif isinstance(event, Failed):
        console.print(f"[yellow]{escape(event.message)}[/]")


class Writing:
    """Words that come behind the cards: a line for each, under the number of its card.

    A terminal cannot go back to a card that has scrolled away, and a file not at all; so both get
    the same lines in the same order.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pending: set[tuple[int, str]] = set()
        self._shown_errors: set[str] = set()

    @property
    def left(self) -> int:
        """The number of cards that still wait for their words."""
        return len(self._pending)

    def await_words(self, cards: Sequence[Card]) -> None:
        """Note the cards whose words are still to come."""
        self._pending |= {(card.number, card.product["id"]) for card in cards if card.pending}

    def show(self, event: ProductWords) -> None:
        """Print the words of a card that waits for them."""
        card = (event.number, event.product)
        if card not in self._pending:
            return
        self._pending.remove(card)
        if event.error and event.message not in self._shown_errors:
            self._shown_errors.add(event.message)
            self._console.print(event.message, style="yellow", markup=False, highlight=False)
        if event.reason:
            line = f"{event.number}. {_reason(event.reason, event.origin)}"
            whole = not self._console.is_terminal  # a pipe or a file gets lines as long as they are
            self._console.print(line, highlight=False, soft_wrap=whole)


def show_scores(console: Console, calls: list[ToolCalled], cards: tuple[Card, ...]) -> None:
    """How the last answer came about: the tools asked, and each product's scores."""
    for call in calls:
        arguments = ", ".join(f"{name}={value}" for name, value in call.arguments.items())
        console.print(f"{call.name}({arguments})", markup=False)
    for card in cards:
        parts = "  ".join(f"{name} {value:.3f}" for name, value in card.scores.items())
        console.print(f"{card.number}. {card.product['title']}  {parts}", markup=False)


def _panel(card: Card) -> Panel:
    product = card.product
    listed = product.get("attributes", {}).items()
    facts = [f"{name}: {_joined(value)}" for name, value in listed][:_FACTS]
    path = " › ".join(product.get("category", ()))
    parts = [part for part in (product.get("brand"), *facts, path) if part]
    lines = [f"[dim]{escape(' · '.join(parts))}[/]"]
    if product.get("in_stock") is False:
        lines.append("[yellow]not in stock[/]")
    if card.reason:
        lines.append(_reason(card.reason, card.origin))
    price = price_label(product["price"], product.get("currency")) if "price" in product else ""
    heading = f"[bold]{card.number}. {escape(product['title'])}[/]  {escape(price)}"
    return Panel("\n".join(lines), title=heading, title_align="left")


def _reason(text: str, origin: str | None) -> str:
    mark = " [dim](from the product's fields)[/]" if origin == "fields" else ""
    return f"[italic]{escape(text)}[/]{mark}"


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)  # a text: of an older conversation


def _table(event: Table) -> RichTable:
    table = RichTable(show_lines=False)
    table.add_column("")
    for title in event.titles:
        table.add_column(escape(title))
    for name, values in event.rows:
        table.add_row(escape(name), *(escape(value or "—") for value in values))
    return table


@dataclass
class WrappedReply:
    """One reply's words on a console.

    A terminal breaks wherever its last column is, also within a word. A pipe or a file gets lines
    as long as they are.
    """

    console: Console
    _column: int = 0
    _gap: str = ""

    def write(self, text: str) -> None:
        """Print a piece; the space at its end waits for the next, which may begin a line."""
        word = text.rstrip(" ")
        first, _, _ = word.partition("\n")
        end = self._column + len(self._gap) + cell_len(first)
        if self._gap and self.console.is_terminal and end > self.console.width:
            self._print("\n" + word)
        else:
            self._print(self._gap + word)
        self._gap = text[len(word) :]

    def _print(self, text: str) -> None:
        self.console.print(text, end="", markup=False, highlight=False, soft_wrap=True)
        _, broken, last = text.rpartition("\n")
        self._column = cell_len(last) + (0 if broken else self._column)
