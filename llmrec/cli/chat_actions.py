"""The slash commands of ``llmrec chat``: what each means for the conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import get_args

from llmrec.agent.commands import Command, CommandKind
from llmrec.agent.constraints.changes import (
    Drop,
    DropKind,
    MoreLike,
    Reference,
    StartOver,
    Unwanted,
)
from llmrec.agent.turns import Action
from llmrec.errors import ConfigError

__all__ = ["ACTIONS", "HELP", "action_of"]

HELP = """\
Say what you look for, and what it must not be or cost; then narrow it: "under 40", "in blue",
"not Acme", "cheaper". Ask "why these?", "compare 1 and 3", "does it come in red?".

  /like 2  /dislike 2    more of this; never again      /filters     what holds
  /why 1   /describe 1   why it is here; what it is     /drop price  give a limit up, or /drop 2
  /compare 1 2           what differs                   /more        others
  /together 1            what goes with it              /undo        take the last step back
  /similar 1             others that are like it
  /new     begin anew, keeping this conversation        /trace       how the answer came about
  /history what was said                                /sessions    earlier conversations
  /resume ID             go on with one of them         /export FILE this one as Markdown
  /profile what is known about you (pin WORDS, remove N) /forget     delete all of that
  /help    /quit         Ctrl-C stops a reply, Ctrl-D leaves"""


def _one(kind: CommandKind) -> Callable[[Sequence[str]], Action]:
    return lambda words: Command(kind, _numbers(words, 1))


def _drop(words: Sequence[str]) -> Action:
    name = " ".join(words)
    if name.isdecimal():
        return (Drop("number", name),)
    kinds: tuple[DropKind, ...] = get_args(DropKind)
    for kind in kinds:
        if name in (kind, f"{kind}s") and kind not in ("number", "attribute"):
            return (Drop(kind),)
    if not name:
        raise ConfigError(
            "Nothing is named to drop.",
            hint="Say /drop price, /drop brand, /drop colour, /drop all, or its number: /drop 2.",
        )
    return (Drop("attribute", name),)


def _numbers(words: Sequence[str], least: int) -> tuple[Reference, ...]:
    if len(words) < least or not all(word.isdecimal() and len(word) < 4 for word in words):
        example = " ".join(str(n) for n in range(1, max(least, 1) + 1))
        raise ConfigError(
            f"'{' '.join(words)}' is no number of a product.",
            hint=f"Give the number on its card, such as {example}.",
        )
    return tuple(Reference(int(word)) for word in words)


_ALL: dict[str, Callable[[Sequence[str]], Action]] = {
    "/like": _one("like"),
    "/dislike": lambda words: (Unwanted(_numbers(words, 1)[0]),),
    "/similar": lambda words: (MoreLike(_numbers(words, 1)[0]),),
    "/why": _one("why"),
    "/describe": _one("describe"),
    "/together": _one("together"),
    "/cart": _one("cart"),
    "/compare": lambda words: Command("compare", _numbers(words, 2)),
    "/filters": lambda _: Command("filters"),
    "/drop": _drop,
    "/more": lambda _: Command("more"),
    "/undo": lambda _: Command("undo"),
    "/over": lambda _: (StartOver(),),
}
ACTIONS: Mapping[str, Callable[[Sequence[str]], Action]] = MappingProxyType(_ALL)


def action_of(line: str) -> Action | None:
    """What a slash command means for the conversation; ``None`` if it is none of those.

    Raises:
        ConfigError: its words are not what it takes.
    """
    name, *words = line.split()
    make = ACTIONS.get(name)
    return None if make is None else make([word.lstrip("#") for word in words])
