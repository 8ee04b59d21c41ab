"""The state machine: read the message, change what holds, ask a tool, say the answer.

::

    message ─ command? ─────── why, compare, undo, hello … ───────────────────► said
        │ no                                                                      ▲
        ├─ changes (grammar) ─► reduced ─ refused? ─► "which of them?" ───────────┤
        │                          │                                              │
        └─ words left ─► intent ───┴─► recommend · search · similar … ─► products ┤
                                                     └─ nothing fits ─► what to drop

The same machine runs under every engine; what differs is only who decides an unclear message
(:mod:`llmrec.agent.intents`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from llmrec.agent.asking import (
    Counter,
    cards_of,
    matching,
    shown_by,
    use_of,
    with_kept,
)
from llmrec.agent.call_reading import Understood
from llmrec.agent.commands import Command, read_command
from llmrec.agent.constraints import Change, Critique, Shown, read_message
from llmrec.agent.constraints.changes import MoreLike
from llmrec.agent.constraints.reader import plain
from llmrec.agent.courtesy import without_courtesy
from llmrec.agent.events import AgentEvent, Done, Failed, Products, Thinking
from llmrec.agent.language import language_of
from llmrec.agent.questions import HANDLERS
from llmrec.agent.reducer import Note, meant, reduced
from llmrec.agent.refining import looked_for
from llmrec.agent.replies import listed, spoken, to_drop
from llmrec.agent.state import Ask, Conversation
from llmrec.agent.tools.base import ToolResult
from llmrec.agent.turn import Steps, TurnInProgress
from llmrec.catalog.matching import matches
from llmrec.errors import LLMRecError
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent

__all__ = ["Action", "take_turn"]

Action: TypeAlias = Command | Sequence[Change]
"""What a button or a slash command means: nothing has to be read."""

_ASKING = ("like", "more", "together")
"""Commands after which products are asked for."""

_MOST_WAYS = 2


def take_turn(
    agent: Agent, conversation: Conversation, message: str, action: Action | None = None
) -> Generator[AgentEvent, None, None]:
    """Answer a message, or do what a button means; the last event has the conversation after it.

    An error of ours becomes an event, and the conversation keeps what held before. Whoever cannot
    keep the conversation after it throws the reason in at the last event: the turn is then taken
    back too.
    """
    text = plain(message)
    language = conversation.language if action else language_of(text, conversation.language)
    turn = TurnInProgress(agent, conversation, text, text, language, conversation.now)
    yield Thinking(step="reading")
    try:
        yield from _act(turn) if action is None else _do(turn, action)
    except LLMRecError as error:
        turn.take_back()
        yield Failed(
            error=type(error).__name__,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
        )
        yield from turn.say("sorry", text=str(error))
    except BaseException:  # cancelled: the conversation before this turn goes on
        turn.take_back()
        raise
    try:
        yield Done(conversation=turn.after())
    except GeneratorExit:  # the reader needs no more than the last event
        raise
    except BaseException:
        turn.take_back()
        raise


def _do(turn: TurnInProgress, action: Action) -> Steps:
    """What needs no reading: a command, or changes."""
    if not isinstance(action, Command):
        yield from _criticised(turn, Critique(tuple(action), ""), None)
        return
    if handler := HANDLERS.get(action.kind):
        yield from handler(turn, action)
    if action.kind in _ASKING and not turn.finished:
        yield from _criticised(turn, Critique((), ""), action)


def _understood(turn: TurnInProgress, meaning: Understood, critique: Critique) -> Steps:
    """Do what a model has understood; ``critique`` if it has found nothing to do."""
    for text in meaning.left_out:
        yield from turn.say("left_out", text=text)
    if meaning.command is not None:
        yield from _do(turn, meaning.command)
        return
    found = meaning.critique
    yield from _criticised(turn, found if found.changes or found.rest else critique, None)


def _act(turn: TurnInProgress) -> Steps:
    command = read_command(turn.reading, turn.context)
    if command is not None and command.kind == "product" and turn.conversation.asked:
        # The answer to "which of them?": read that message again, with this one as "that one".
        found = meant(turn.now, command.references[0])
        if isinstance(found, Shown):
            turn.changed(focus=found.number)
            turn.reading = turn.conversation.asked
            command = read_command(turn.reading, turn.context)
    if command is not None and (handler := HANDLERS.get(command.kind)):
        yield from handler(turn, command)
        if turn.finished or command.kind not in _ASKING:
            return
    words = without_courtesy(turn.reading) if command is None else command.rest
    critique = read_message(words, turn.context)
    if command is None and critique.rest and not critique.changes:
        yield Thinking(step="choosing")
        meaning = turn.agent.intents.decide(turn.reading, turn.now, turn.agent.vocabulary)
        if meaning is not None:
            yield from _understood(turn, meaning, critique)
            return
    yield from _criticised(turn, critique, command)


def _criticised(turn: TurnInProgress, critique: Critique, command: Command | None) -> Steps:
    """Let the changes hold, and ask again."""
    currencies = turn.agent.vocabulary.currencies
    before = turn.now
    turn.now, notes = reduced(before, critique.changes, currencies)
    # Nothing was changed and that has a reason: to ask once more would answer the same.
    refused = turn.now == before and bool(notes)
    if critique.rest:
        turn.changed(**_new_words(turn, critique, command))
    elif critique.changes and not refused and not _goes_on(command):
        turn.changed(passed=())
    yield from turn.settle_marks()
    yield from turn.constraints_changed()
    for note in notes:
        yield from _told(turn, note)
    for word in critique.unclear:
        yield from turn.say("unclear", text=word)
    if refused and not critique.rest:
        return
    if command is None and not (critique.rest or critique.changes):
        if not critique.unclear:
            yield from turn.say("what_for")
        return
    liked = turn.spoken_of if command is not None and command.kind == "like" else None
    yield from answer(turn, liked)


def _goes_on(command: Command | None) -> bool:
    """Whether others than those shown are wanted, whatever else is said."""
    return command is not None and command.kind == "more"


def _new_words(
    turn: TurnInProgress, critique: Critique, command: Command | None
) -> dict[str, object]:
    now, things = turn.now, turn.agent.vocabulary.things
    searching = command is not None and command.kind == "search"
    alike = any(isinstance(change, MoreLike) for change in critique.changes)
    if alike and now.ask.product is not None:
        # "The second but in pink", where pink is no limit: its title and these words.
        likeness = (now.ask.title, critique.rest)
        return {"words": likeness, "ask": Ask(), "passed": (now.ask.product,)}
    ask = Ask(tool="search" if searching else "recommend")
    passed = now.passed if _goes_on(command) else ()
    said = critique.rest if _goes_on(command) else without_courtesy(turn.reading)
    words = looked_for(now.words, critique.rest, said, things)
    return {"words": words, "ask": ask, "passed": passed}


def _told(turn: TurnInProgress, note: Note) -> Steps:
    if note.is_refusal:
        yield from turn.refuse(note)
    elif note.constraints:
        told = listed(note.constraints, turn.language, turn.currency)
        yield from turn.say(note.kind, filters=told)
    else:
        yield from turn.say(note.kind, text=note.text)


def answer(turn: TurnInProgress, liked: Shown | None = None) -> Steps:
    """Ask what is being asked, and show what comes; what was just liked keeps its place."""
    use = use_of(turn.now, turn.agent.k)
    yield Thinking(step=use.name)
    result = yield from turn.call(use.name, use.arguments)
    cards, items = cards_of(result), result.products
    kept = _kept(turn, liked, items)
    if kept is not None:
        cards, items = with_kept(cards, items, kept, turn.now.focus or 1, turn.agent.k)
    if not cards:
        yield from _nothing(turn, result)
        return
    yield from _heading(turn)
    turn.changed(shown=shown_by(items), focus=None)
    if kept is not None:
        turn.changed(focus=items.index(kept) + 1)
    turn.shown = tuple(item.id for item in items)
    yield Products(cards=cards)
    if (count := matching(result) + (kept is not None)) < turn.agent.k:
        yield from turn.say("fewer", count=count)


def _kept(turn: TurnInProgress, liked: Shown | None, items: Sequence[Item]) -> Item | None:
    """The product just liked, if nothing else that was said keeps it away."""
    item = turn.agent.shop.store.items([liked.id]).get(liked.id) if liked else None
    if item is None or any(one.id == item.id for one in items):
        return None
    return item if matches(item, turn.now.constraints.filters()) else None


def _heading(turn: TurnInProgress) -> Steps:
    ask = turn.now.ask
    if ask.tool in ("similar", "bought_together"):
        key = "similar" if ask.tool == "similar" else "together"
        yield from turn.say(key, title=ask.title)
        return
    if turn.now.query:
        yield from turn.say("found_for", query=turn.now.query)
    else:
        yield from turn.say("found")


def _nothing(turn: TurnInProgress, result: ToolResult) -> Steps:
    """A dead end: say which constraint to drop, and how many products that gives."""
    turn.changed(shown=(), focus=None)
    yield Products(cards=())
    if turn.now.passed:
        yield from turn.say("no_more")
        return
    if matching(result):  # limits let products through, but nothing stands near the one named
        key = "none_similar" if turn.now.ask.tool == "similar" else "none_together"
        yield from turn.say(key, title=turn.now.ask.title)
        return
    constraints = turn.now.constraints
    hard = [one for one in constraints.held if one.kind != "recipient"]
    if not hard:
        yield from turn.say("empty_shop")
        return
    limits = listed(hard, turn.language, turn.currency)
    key = "nothing_for" if turn.now.query else "nothing"
    yield from turn.say(key, filters=limits, query=turn.now.query)
    counter = Counter(turn.agent.shop, turn.shopper)
    ways = counter.ways_out(constraints)
    for way in ways[:_MOST_WAYS]:
        one = spoken(way.constraint, turn.language, turn.currency)
        words = to_drop(way.constraint, turn.language)
        yield from turn.say("try_dropping", one=one, count=way.count, words=words)
    if not ways:
        yield from turn.say("drop_all", count=counter.count(constraints.drop(*hard)))
