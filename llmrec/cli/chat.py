"""``llmrec chat``: a plain loop over the main path; words in, product cards out."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli.cards import card, trace_line
from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import LLMRecError
from llmrec.requests import as_filters, condense_history
from llmrec.types import EventKind, Filters, HistoryEntry, Recommendations

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["chat"]

HELP = """\
Say what you are looking for, in your own words. And:
  /have WORDS      something you own or liked; a product id or free text
  /like N          more like the N-th product shown;  /dislike N  never again
  /filter max_price=40 brands=Acme in_stock=true   hard limits;  /filter  drops them
  /history         what is known about you;  /trace  how the last answer came about
  /quit"""


@dataclass
class _Session:
    """What one conversation knows."""

    shop: Recommender
    k: int
    history: list[HistoryEntry]
    filters: Filters = field(default_factory=Filters)
    answer: Recommendations | None = None
    query: str | None = None

    def ask(self, query: str | None) -> None:
        """Recommend for all that is known now, and show it."""
        self.query = query
        with notes.status("Looking …"):
            self.answer = self.shop.recommend(self.history, self.k, query, self.filters, describe=1)
        for one in self.answer:
            console.print(card(one))
        if not self.answer:
            console.print("Nothing fits. Drop a limit with /filter, or say it differently.")

    def have(self, words: str) -> None:
        """Remember something the shopper owns or likes."""
        self.history.append(HistoryEntry(item=words, kind=EventKind.LIKE))
        console.print(f"Noted: {words}", markup=False)

    def mark(self, number: str, kind: EventKind) -> None:
        """Like or dislike a product by its number, and answer anew."""
        shown = {str(one.rank): one for one in self.answer or ()}
        if number not in shown:
            console.print(f"Nothing numbered '{number}' has been shown.", markup=False)
            return
        self.history.append(HistoryEntry(item=shown[number].id, kind=kind))
        self.ask(self.query)

    def limit(self, words: str) -> None:
        """Replace the hard limits by ``name=value`` pairs; none drops them."""
        pairs = (pair.partition("=") for pair in shlex.split(words))
        given = {name: value.split(",") if name in _LISTS else value for name, _, value in pairs}
        self.filters = as_filters(given)
        limits = self.filters.model_dump(exclude_defaults=True, mode="json")
        console.print(f"Limits now: {limits or 'none'}", markup=False)

    def show_history(self) -> None:
        """List what is known about the shopper."""
        found = self.shop.store.items({entry.item for entry in self.history if entry.item})
        for entry in condense_history(self.history):
            item = found.get(entry.item or "")
            name = item.title if item else entry.text or entry.item
            console.print(f"- {entry.kind.value}: {name}", markup=False)

    def show_trace(self) -> None:
        """Say how the last answer came about."""
        console.print(trace_line(self.answer) if self.answer else "Nothing answered yet.")


_LISTS = {name for name, info in Filters.model_fields.items() if "tuple" in str(info.annotation)}


def chat(
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Start from this shopper's event log.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many products per answer.")] = 3,
    workspace: WorkspaceOption = None,
) -> None:
    """Talk to the shop: say what you look for and what you have, get products with reasons.

    Example: [bold]llmrec chat --user S042[/]
    """
    from llmrec.recommender import Recommender

    with Recommender.open(workspace) as shop:
        session = _Session(shop, k, shop.history_of(user) if user else [])
        console.print(HELP, markup=False)
        while (line := _read()) is not None:
            if line == "/quit":
                break
            try:
                _handle(session, line)
            except (LLMRecError, ValueError) as error:
                console.print(f"Sorry: {error}", markup=False, style="yellow")
            except KeyboardInterrupt:
                console.print("(stopped)")


def _read() -> str | None:
    try:
        return console.input("\n[bold cyan]you>[/] ").strip()
    except (EOFError, KeyboardInterrupt):
        console.print()
        return None


def _handle(session: _Session, line: str) -> None:
    command, _, rest = line.partition(" ")
    rest = rest.strip()
    actions: dict[str, Callable[[], None]] = {
        "/have": lambda: session.have(rest),
        "/like": lambda: session.mark(rest, EventKind.LIKE),
        "/dislike": lambda: session.mark(rest, EventKind.DISLIKE),
        "/filter": lambda: session.limit(rest),
        "/history": session.show_history,
        "/trace": session.show_trace,
        "/help": lambda: console.print(HELP, markup=False),
    }
    if command in actions:
        actions[command]()
    elif command.startswith("/"):
        console.print(f"There is no {command}.\n{HELP}", markup=False)
    else:
        session.ask(line or None)
