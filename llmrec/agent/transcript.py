"""A conversation as Markdown that reads well, and that can be replayed.

::

    # A teapot
    Shopper: shopper-040

    > I am looking for a teapot

    *recommend: query=teapot*

    Found for “teapot”:

    1. **Glass teapot 1 l** · Copperwren · 34.90 EUR
       You asked for "teapot", and we found this.

A line that begins with ``>`` is what the shopper says, or a slash command; replayed, the file
writes itself again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmrec.agent.asking import event_of
from llmrec.agent.events import (
    AgentEvent,
    Card,
    ConstraintsChanged,
    Failed,
    Products,
    Table,
    ToolCalled,
    Words,
)
from llmrec.agent.product_words import filled
from llmrec.agent.state import Conversation
from llmrec.prompting import price_label

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent
    from llmrec.agent.turns import Action

__all__ = ["Script", "read_script", "replayed", "turn_lines"]

_USER = "Shopper:"


@dataclass(frozen=True, slots=True)
class Script:
    """What a transcript file asks: its heading lines, the shopper, and the messages."""

    heading: tuple[str, ...]
    user: str | None
    messages: tuple[str, ...]


def read_script(text: str) -> Script:
    r"""The messages of a transcript, or the lines of a plain list of messages.

    >>> read_script("# Tea\nShopper: ann\n\n> a pot\n\nHere:\n\n> cheaper\n").messages
    ('a pot', 'cheaper')
    >>> read_script("a pot\n# not this\ncheaper").messages
    ('a pot', 'cheaper')
    """
    lines = text.splitlines()
    said = tuple(line[1:].strip() for line in lines if line.startswith(">"))
    first = next((n for n, line in enumerate(lines) if line.startswith(">")), None)
    heading = tuple(line for line in lines[: first or 0])
    named = (line.removeprefix(_USER).strip() for line in lines if line.startswith(_USER))
    user = next(named, None)
    if first is None:
        marks = ("#", _USER)
        said = tuple(line.strip() for line in lines if line.strip() and not line.startswith(marks))
    while heading and not heading[-1]:
        heading = heading[:-1]
    return Script(heading, user, said)


def replayed(
    agent: Agent,
    script: Script,
    user: str | None = None,
    actions: Callable[[str], Action | None] = lambda message: None,
) -> Iterator[str]:
    """The lines of the transcript, as the messages are answered now.

    What a known shopper likes goes to the event log, as ever, and out of it again at the end.

    Args:
        agent: who answers.
        script: what is asked.
        user: the shopper, if the script names none.
        actions: what a line means that has not to be read, such as ``/like 2``.
    """
    yield from script.heading
    conversation = Conversation(user=script.user or user)
    try:
        for message in script.messages:
            action = actions(message)
            if action is None:
                conversation, events = agent.answer(conversation, message)
            else:
                events = list(agent.act(conversation, message, action))
                conversation = events[-1].conversation  # type: ignore[union-attr]  # Done
            yield ""
            yield from turn_lines(message, events)
    finally:
        for mark in conversation.now.marks if conversation.user else ():
            agent.shop.store.delete_event(event_of(conversation.user or "", mark))


def turn_lines(message: str, events: Iterable[AgentEvent]) -> list[str]:
    """One turn, a blank line between its parts."""
    parts = [f"> {message}"]
    words = ""
    for event in filled(events):
        if isinstance(event, Words):
            words += event.text
            continue
        part = _part(event)
        if part and words:
            parts.append(words.rstrip("\n"))
            words = ""
        parts += [part] if part else []
    parts += [words.rstrip("\n")] if words else []
    return "\n\n".join(parts).split("\n")


def _part(event: AgentEvent) -> str:
    if isinstance(event, ToolCalled):
        asked = ", ".join(f"{name}={_short(value)}" for name, value in event.arguments.items())
        return f"*{event.name}: {asked}*"
    if isinstance(event, ConstraintsChanged):
        return f"[{' · '.join(one.text for one in event.held) or 'no limits'}]"
    if isinstance(event, Products):
        return "\n".join(_card(card) for card in event.cards)
    if isinstance(event, Table):
        head = ["", *event.titles]
        rows = [[name, *(value or "" for value in values)] for name, values in event.rows]
        return "\n".join(_row(one) for one in (head, ["---"] * len(head), *rows))
    if isinstance(event, Failed):
        return f"*failed: {event.message}*"
    return ""


def _card(card: Card) -> str:
    product = card.product
    price = price_label(product["price"], product.get("currency")) if "price" in product else ""
    facts = [f"**{product['title']}**", product.get("brand"), price]
    if product.get("in_stock") is False:
        facts.append("not in stock")
    line = f"{card.number}. {' · '.join(str(fact) for fact in facts if fact)}"
    return f"{line}\n   {card.reason}" if card.reason else line


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _short(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "+".join(str(one) for one in value)
    return str(value)
