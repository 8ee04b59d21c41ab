"""The state machine: read the message, change what holds, ask a tool, say the answer.

::

    message ─► reader ─► meaning ─ command? ── why, compare, undo, a question … ──► said
                            │ no                                                     ▲
                            ├─ changes ─► reduced ─ refused? ─► "which of them?" ────┤
                            │                │                                       │
                            └─ a quest ──────┴─► recommend · search · similar … ─► products ┤
                                                             └─ nothing fits ─► what to drop

Reading is the model's work (:mod:`llmrec.reading`), what it means here is the catalogue's
(:mod:`llmrec.agent.meaning`); from there on everything is decided by code.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from llmrec.agent.alternatives import with_alternatives
from llmrec.agent.asking import (
    Counter,
    Way,
    answering,
    cards_of,
    left_out,
    matching,
    numbered,
    shown_by,
    unlike,
    use_of,
    with_kept,
)
from llmrec.agent.commands import Command
from llmrec.agent.constraints import Change, Constraint, Shown
from llmrec.agent.constraints.changes import Drop, MoreLike, StartOver, Wish
from llmrec.agent.events import AgentEvent, Answered, Done, Failed, Products, Thinking
from llmrec.agent.language import language_of
from llmrec.agent.meaning import WISHES, Meaning, context_of, meaning_of, requests_of
from llmrec.agent.naming import asks_for_things
from llmrec.agent.need_not import need_not_be
from llmrec.agent.quest import Quest
from llmrec.agent.questions import HANDLERS
from llmrec.agent.receiving import with_receivers_refused
from llmrec.agent.recognised import recognised
from llmrec.agent.reducer import Note, reduced
from llmrec.agent.replies import EXACT, drop_all, either, listed, say, spoken, to_drop, with_price
from llmrec.agent.settling import settled_by
from llmrec.agent.state import MAX_WORDS, Ask, Conversation, Unsettled
from llmrec.agent.tools.base import ToolResult
from llmrec.agent.turn import Steps, TurnInProgress
from llmrec.catalog.matching import fold, matches
from llmrec.errors import LLMRecError
from llmrec.reading import Traced
from llmrec.reading.amounts import amounts_in
from llmrec.reading.currency import currency_in
from llmrec.reading.lines import Part
from llmrec.reading.prompt import plain
from llmrec.reading.signs import SUMS
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.agent.agent import Agent

__all__ = ["Action", "take_turn"]

Action: TypeAlias = Command | Sequence[Change]
"""What a button or a slash command means: nothing has to be read."""

_ASKING = ("like", "more", "others", "together")
"""Commands after which products are asked for."""

_ASIDE = ("offer_cart", "smalltalk")

_OF_THE_SCREEN = ("product_question", "order_or_human")

_MOST_WAYS = 2


def take_turn(
    agent: Agent, conversation: Conversation, message: str, action: Action | None = None
) -> Generator[AgentEvent, None, None]:
    """Answer a message, or do what a button means; the last event has the conversation after it.

    An error of ours becomes an event, and the conversation keeps what held before. ``Answered``
    has the conversation, too, before the words of products are written: from then on it counts.
    Whoever cannot keep it throws the reason in there: the turn is then taken back.
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
    after = turn.after()
    try:
        yield Answered(conversation=after)
    except GeneratorExit:  # the reader has what counts, and needs no words
        raise
    except BaseException:
        turn.take_back()
        raise
    yield from turn.words_behind()
    yield Done(conversation=after)


def _do(turn: TurnInProgress, action: Action) -> Steps:
    """What needs no reading: a command, or changes."""
    if not isinstance(action, Command):
        yield from _changed(turn, Quest(tuple(action)))
        return
    if handler := HANDLERS.get(action.kind):
        yield from handler(turn, action)
    if action.kind in _ASKING and not turn.finished:
        liked = turn.spoken_of if action.kind == "like" else None
        yield from turn.settle_marks()
        yield from turn.constraints_changed()
        yield from answer(turn, liked)


def _act(turn: TurnInProgress) -> Steps:
    suggested = _suggested(turn)
    if suggested is not None:
        yield from _done(turn, suggested)
        return
    agent = turn.agent
    settled, turn.text = settled_by(turn.text, turn.conversation.unsettled, agent.vocabulary)
    traced = _read(turn) if turn.text or not settled else None
    if traced is None:
        traced = Traced(settled.pop(0))
    traced = with_alternatives(traced, turn.text, agent.vocabulary)
    traced = with_receivers_refused(traced, turn.text)
    traced = replace(traced, also=(*traced.also, *settled))
    unsure = _unsure(turn, traced)
    readings = (traced.reading, *traced.also)
    turn.things = tuple(reading.looking_for for reading in readings if reading.looking_for)
    requests = requests_of(traced, len(turn.now.shown), turn.text)
    for n, request in enumerate(requests, start=1):
        # Each is read against what the one before has left.
        meaning = meaning_of(request, turn.text, turn.now, agent.vocabulary, turn.language)
        meaning = recognised(meaning, turn.text, request, requests)
        if isinstance(meaning, Command) and meaning.kind in _ASIDE and len(requests) > 1:
            continue  # beside a request of its own, praise asks for nothing
        wish_follows = any(later[0].intent in WISHES for later in requests[n:])
        if isinstance(meaning, Command) and meaning.kind in _ASKING and wish_follows:
            yield from HANDLERS[meaning.kind](turn, meaning)  # the wish asks for products
        else:
            yield from _done(turn, meaning)
    for question in dict.fromkeys(turn.unanswered):
        if question not in turn.answered:
            yield from turn.say("unanswered", text=question)
    for part in unsure:
        yield from _asked_sign(turn, part)


def _unsure(turn: TurnInProgress, traced: Traced) -> list[Unsettled]:
    """What is to be asked: not what need not be, and nothing twice in a row."""
    asked = {question.text: question for question in turn.conversation.unsettled}
    open_words = need_not_be(turn.text)
    again = [asked[part.text] for part in traced.unsure if part.text in asked]
    new = [
        _unsettled(turn, part) for part in traced.unsure if part.text not in (*asked, *open_words)
    ]
    turn.unsettled = (*again, *new)
    return new


def _unsettled(turn: TurnInProgress, part: Part) -> Unsettled:
    """A part as it is asked about: what a sum is worth only its message says, as 千 of 上千."""
    values: dict[str, object] = {"kind": part.kind, "text": part.text}
    figure = next((sum for sum in amounts_in(turn.text) if sum.text == part.text), None)
    if part.kind in SUMS and figure is not None:
        values["amount"] = figure.value
        values["currency"] = currency_in(turn.text, [(figure.start, figure.end)], turn.currency)
    return Unsettled.model_validate(values)


def _read(turn: TurnInProgress) -> Traced:
    """What the message says.

    "Do you have sleeping bags?" may be taken for a question about what is on the screen; read
    without the screen, it is a wish.
    """
    reader, now = turn.agent.reader, turn.now
    traced = reader.read(turn.text, context_of(now), turn.currency)
    titles = [product.title for product in now.shown]
    if traced.reading.intent in _OF_THE_SCREEN and asks_for_things(turn.text, titles):
        alone = reader.read(turn.text, None, turn.currency)
        return alone if alone.reading.intent == "find" else traced
    return traced


def _done(turn: TurnInProgress, meaning: Meaning) -> Steps:
    if isinstance(meaning, Command):
        return _do(turn, meaning)
    return _changed(turn, meaning)


def _suggested(turn: TurnInProgress) -> Meaning | None:
    """The meaning of words that the assistant itself told the shopper to say; these are exact."""
    text = fold(turn.text).strip(" .!。！")
    if text in EXACT["over"]:
        return Quest((StartOver(),))
    for kind in ("undo", "more", "help"):
        if text in EXACT[kind]:
            return Command(kind)
    constraints = turn.now.constraints.held
    if constraints and text == fold(drop_all(turn.language)):
        return Quest((Drop("all"),))
    places = [
        n
        for n, constraint in enumerate(constraints, start=1)
        if text == fold(to_drop(constraint, turn.language))
    ]
    # The last first: each drop moves the places behind it.
    drops = tuple(Drop("number", str(place)) for place in reversed(places))
    return Quest(drops) if drops else None


def _asked_sign(turn: TurnInProgress, part: Unsettled) -> Steps:
    """What two readings see differently is not held, and asked."""
    kind = "ask_limit" if part.kind in ("max", "min", "around") else "ask_wanted"
    yield from turn.say(kind, text=part.text)


def _changed(turn: TurnInProgress, quest: Quest) -> Steps:
    """Let the changes hold, and ask again."""
    currencies = turn.agent.vocabulary.currencies
    before = turn.now
    turn.now, notes = reduced(before, quest.changes, currencies)
    if quest.sort is not None:
        turn.changed(sort=quest.sort, **_named_again(turn))
    # Nothing was changed and that has a reason: to ask once more would answer the same.
    refused = turn.now == before and bool(notes)
    if quest.query or _is_likeness(turn, quest):
        turn.changed(**_new_words(turn, quest))
    elif (quest.changes or quest.sort) and not refused:
        turn.changed(passed=turn.not_again)
    yield from turn.settle_marks()
    yield from turn.constraints_changed()
    for note in notes:
        if not _is_beside_the_point(turn, quest, note):
            yield from _told(turn, note)
    if quest.unknown_brands:
        brands = either(quest.unknown_brands, turn.language)
        yield from turn.say("no_such_brand", text=brands)
    yield from _told_absent(turn, quest.absent)
    # What nothing matches, or was open, changes nothing: the list is shown all the same.
    was_open = any(note.kind == "open" for note in notes)
    again = bool((quest.absent or was_open) and before.shown)
    if refused and not (quest.query or again):
        return
    if not (quest.query or quest.changes or quest.sort or again):
        if not (turn.unsettled or turn.said):
            yield from turn.say("what_for")
        return
    yield from answer(turn, new=quest.new and not quest.unknown_brands)
    if _is_wide(turn):
        yield from turn.say("ask_gift")


def _told_absent(turn: TurnInProgress, absent: Sequence[str]) -> Steps:
    """That nothing is what was refused, once for all of it; of two things once for both."""
    sentence = say("not_here", turn.language, text=either(absent, turn.language))
    if absent and sentence not in turn.said:
        yield from turn.speak(sentence)


def _is_beside_the_point(turn: TurnInProgress, quest: Quest, note: Note) -> bool:
    """What went with the first of two things, and a limit that never was beside a real wish."""
    of_the_first = bool(turn.shown) and note.kind in ("dropped", "replaced")
    return of_the_first or (note.kind == "nothing_to_drop" and bool(quest.query))


def _named_again(turn: TurnInProgress) -> dict[str, object]:
    """What is like a product has no order of its own: its title is looked for instead."""
    ask = turn.now.ask
    return {"words": (ask.title,), "ask": Ask()} if ask.product is not None else {}


def _is_wide(turn: TurnInProgress) -> bool:
    """Whether a present is sought for somebody of whom nothing is known; asked once in a row."""
    now, turns = turn.now, turn.conversation.turns
    said = now.words or now.wishes or now.constraints.of("max_price", "min_price")
    if now.recipient is None or said:
        return False
    return not (turns and say("ask_gift", turn.language) in turns[-1].answered)


def _is_likeness(turn: TurnInProgress, quest: Quest) -> bool:
    """Whether a product is wished for that is like one shown, but not the same.

    "The second but in pink", where pink is no limit: its title and these words are looked for.
    """
    kinds = {type(change) for change in quest.changes}
    wished = bool(quest.query) or Wish in kinds
    return MoreLike in kinds and wished and turn.now.ask.product is not None


def _new_words(turn: TurnInProgress, quest: Quest) -> dict[str, object]:
    now = turn.now
    if _is_likeness(turn, quest):
        words = tuple(text for text in (now.ask.title, quest.query) if text)
        passed = () if now.ask.product is None else (now.ask.product,)
        return {"words": words, "ask": Ask(), "passed": passed}
    if quest.new or not now.words:
        return {"words": (quest.query,), "ask": Ask(), "passed": turn.not_again}
    phrases = (now.words[0], *(*now.words[1:], quest.query)[1 - MAX_WORDS :])
    return {"words": phrases, "ask": Ask(), "passed": turn.not_again}


def _told(turn: TurnInProgress, note: Note) -> Steps:
    if note.is_refusal:
        yield from turn.refuse(note)
    elif note.constraints:
        limits = listed(note.constraints, turn.language, turn.currency)
        yield from turn.say(note.kind, filters=limits)
    else:
        yield from turn.say(note.kind, text=note.text)


def answer(turn: TurnInProgress, liked: Shown | None = None, *, new: bool = False) -> Steps:
    """Ask what is being asked, and show what comes; what was just liked keeps its place.

    Where nothing answers the words, this is said before what is nearest; but after products that
    did answer, what is only near is no more of them.
    """
    use = use_of(turn.now, turn.agent.k)
    yield Thinking(step=use.name)
    result, behind = yield from turn.begin(use)
    cards, items = cards_of(result), result.products
    earlier = turn.now.shown if turn.shown else ()  # of another thing of the same message
    kept = _kept(turn, liked, items)
    if kept is not None:
        cards, items = with_kept(cards, items, kept, turn.now.focus or 1, turn.agent.k)
    cards = numbered(cards, len(earlier) + 1)
    turn.behind.append((cards, behind))
    is_spent = turn.agent.shop.settings.retrieval.cut and bool(turn.now.passed)
    if not cards or (unlike(result) and is_spent):
        yield from _nothing(turn, result)
        return
    if unlike(result):
        yield from turn.say(_no_such(turn), text=turn.sought)
    else:
        yield from _heading(turn)
    turn.changed(shown=(*earlier, *shown_by(items, len(earlier) + 1)), focus=None)
    if kept is not None:
        turn.changed(focus=items.index(kept) + 1)
    turn.shown = (*turn.shown, *(item.id for item in items))
    yield Products(cards=cards)
    if new and (titles := left_out(result)):
        yield from turn.say("left_out_known", titles=" · ".join(titles))
    count = matching(result) + (kept is not None)
    if len(cards) < min(count, turn.agent.k) and answering(result):
        yield from turn.say("fewer_answer", count=len(cards))
    elif count < turn.agent.k:
        yield from turn.say("fewer" if _limits(turn) else "fewer_answer", count=count)


def _no_such(turn: TurnInProgress) -> str:
    """Which sentence says that nothing answers the words."""
    return "no_such_fit" if _limits(turn) else "no_such_thing"


def _limits(turn: TurnInProgress) -> list[Constraint]:
    return [constraint for constraint in turn.now.constraints.held if constraint.is_limit]


def _kept(turn: TurnInProgress, liked: Shown | None, items: Sequence[Item]) -> Item | None:
    """The product just liked, if nothing else that was said keeps it away."""
    item = turn.agent.shop.store.items([liked.id]).get(liked.id) if liked else None
    if item is None or any(other.id == item.id for other in items):
        return None
    return item if matches(item, turn.now.constraints.filters()) else None


def _heading(turn: TurnInProgress) -> Steps:
    ask = turn.now.ask
    if ask.tool in ("similar", "bought_together"):
        key = "similar" if ask.tool == "similar" else "together"
        yield from turn.say(key, title=ask.title)
        return
    if turn.now.query:
        yield from turn.say("found_for", query=turn.sought)
    else:
        yield from turn.say("found")


def _nothing(turn: TurnInProgress, result: ToolResult) -> Steps:
    """A dead end: say which constraint to drop, and how many products that gives."""
    if not turn.shown:
        turn.changed(shown=(), focus=None)
        yield Products(cards=())
    if turn.now.passed and _comes_again(turn):
        yield from turn.say("no_more")
        return
    if unlike(result):
        yield from turn.say(f"{_no_such(turn)}_at_all", text=turn.sought)
        cuts = turn.agent.shop.settings.retrieval.cut
        yield from _ways_out(turn, named=turn.now.sort is not None or not cuts)
        return
    if matching(result):  # limits let products through, but nothing stands near the one named
        key = "none_similar" if turn.now.ask.tool == "similar" else "none_together"
        yield from turn.say(key, title=turn.now.ask.title)
        return
    constraints, hard = turn.now.constraints, _limits(turn)
    if not hard:
        yield from turn.say("empty_shop")
        return
    limits = listed(hard, turn.language, turn.currency)
    key = "nothing_for" if turn.now.query else "nothing"
    yield from turn.say(key, filters=limits, query=turn.sought)
    ways = yield from _ways_out(turn, named=turn.now.sort is not None)
    if not ways:
        counter = Counter(turn.agent.shop, turn.shopper, turn.now.sort is not None)
        words = drop_all(turn.language)
        yield from turn.say("drop_all", words=words, count=counter.count(constraints.drop(*hard)))


def _comes_again(turn: TurnInProgress) -> bool:
    """Whether the same limits let through what was shown before, so that they are not to blame."""
    counter = Counter(turn.agent.shop, turn.shopper, turn.now.sort is not None)
    return counter.count(turn.now.constraints) > 0


def _ways_out(turn: TurnInProgress, *, named: bool) -> Generator[AgentEvent, None, Sequence[Way]]:
    """Say without which limits something would fit; with ``named``, something called so."""
    ways = Counter(turn.agent.shop, turn.shopper, named).ways_out(turn.now.constraints)
    for way in ways[:_MOST_WAYS]:
        limit = spoken(way.constraint, turn.language, turn.currency)
        words = to_drop(way.constraint, turn.language)
        key, example = "try_dropping", ""
        if way.example is not None:
            key = "try_dropping_for" if way.count == 1 else "try_dropping_such"
            example = with_price(way.example, turn.language)
        yield from turn.say(key, limit=limit, count=way.count, words=words, example=example)
    return ways
