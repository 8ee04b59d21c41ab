"""What a message means in a conversation: its requests, each a command or a quest. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeAlias

from llmrec.agent.buying import asks_for_person, asks_to_buy, is_order, order_in, takes_back
from llmrec.agent.commands import Command, CommandKind
from llmrec.agent.constraints.changes import Change, Drop, Reference, StartOver
from llmrec.agent.constraints.held import FOR_WHOM, Constraint
from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.drops import drops_of
from llmrec.agent.naming import (
    best_named,
    only_points,
    place_in,
    speaks_of_it,
    speaks_of_one,
    surely_named,
    titles_named,
)
from llmrec.agent.quest import Quest, quest_of
from llmrec.agent.receiving import with_receiver
from llmrec.agent.recognised import turns_down_all
from llmrec.agent.state import Situation
from llmrec.catalog.tokens import tokens
from llmrec.documents.sentences import questions_in
from llmrec.linear import bounded
from llmrec.reading import Reading, ReadingContext, Traced
from llmrec.reading.reading import Intent
from llmrec.types import Language

__all__ = ["WISHES", "Meaning", "context_of", "meaning_of", "requests_of"]

WISHES = ("find", "refine", "drop")
"""Intents that change what is looked for or what holds."""

_ON_THE_SCREEN = ("undo", "more", "none_of_these")
"""What is done about what is shown, before a wish of the same message changes it."""

_COMMANDS: dict[Intent, CommandKind] = {
    "compare": "compare",
    "why": "why",
    "product_question": "product_question",
    "shop_question": "shop_question",
    "order_or_human": "contact",
    "smalltalk": "smalltalk",
    "abuse_or_injection": "hostile",
    "undo": "undo",
    "more": "more",
    "none_of_these": "others",
}

_MOST_TAKEN = 3
"""Products that one message puts into the cart; more are a reader's guess of the whole screen."""

_OF_ONE = ("product_question", "why")
"""Questions that are mostly about one product."""


Meaning: TypeAlias = Command | Quest


def context_of(situation: Situation) -> ReadingContext | None:
    """What a message is read against; ``None`` where nothing was asked for yet."""
    constraints = situation.constraints.held
    if not (situation.words or constraints or situation.shown):
        return None
    values: dict[str, Any] = {}
    for constraint in constraints:
        _hold(values, constraint)
    titles = tuple(product.title for product in situation.shown)
    return ReadingContext(situation.words[0] if situation.words else None, values, titles)


_KEYS = {
    "max_price": "max",
    "min_price": "min",
    "brand": "brands",
    "not_brand": "not_brands",
    "not_attribute": "not",
    "not_word": "not",
    "not_category": "not",
    "refusal": "not",
}


def _hold(values: dict[str, Any], constraint: Constraint) -> None:
    if constraint.kind in ("max_price", "min_price"):
        values[_KEYS[constraint.kind]] = constraint.amount
    elif constraint.kind == "in_stock":
        values["in_stock"] = True
    elif constraint.kind == "recipient":
        values["for_whom"] = constraint.said or None
    elif constraint.kind in ("attribute", "wish"):
        if constraint.name == FOR_WHOM:
            return
        attributes = values.setdefault("attributes", {})
        texts = [attributes[constraint.name]] if constraint.name in attributes else []
        attributes[constraint.name] = ", ".join(
            [*texts, constraint.said or ", ".join(constraint.values)]
        )
    elif constraint.kind in _KEYS:
        words = [constraint.said] if constraint.said else list(constraint.values)
        texts = values.setdefault(_KEYS[constraint.kind], [])
        texts += [word for word in words if word not in texts]


def requests_of(traced: Traced, on_screen: int, message: str = "") -> list[tuple[Reading, ...]]:
    """What a message asks for, in the order in which it is done; of a group one answer is given.

    Questions about the screen come before the wish that changes it, those about all that is shown
    behind it: "in red, and are they waterproof?" asks of the red ones. What is taken back belongs
    to the wish beside it; a second thing that is wished for is a request of its own.

    Args:
        traced: how the message was read.
        on_screen: how many products are on the screen.
        message: plain text, which says of how many things a limit is meant.
    """
    readings = (traced.reading, *traced.also)
    quests = _quests([reading for reading in readings if reading.intent in WISHES])
    quests = _with_common_limits(quests, message)
    others = [reading for reading in readings if reading.intent not in WISHES]
    if not quests:
        return [(reading,) for reading in others]
    before: list[Reading] = []
    behind: list[Reading] = []
    is_read = any(reading.intent == "none_of_these" for reading in others)
    if on_screen and not is_read and turns_down_all(message):
        before.append(Reading(intent="none_of_these"))
    for reading in others:
        points = 0 < len(reading.refers_to) < max(on_screen, 2)
        buys = reading.intent == "order_or_human" and asks_to_buy(order_in(message))
        if points or reading.intent in _ON_THE_SCREEN or (on_screen and buys):
            before.append(reading)
        else:
            # The places were those of the screen that the wish changes.
            behind.append(reading.model_copy(update={"refers_to": ()}))
    return [*((r,) for r in before), *quests, *((r,) for r in behind)]


def _quests(wishes: Sequence[Reading]) -> list[tuple[Reading, ...]]:
    """Wishes by the thing they are about; a second thing begins with ``find``."""
    quests: list[list[Reading]] = []
    for wish in wishes:
        begun = [quest for quest in quests if any(reading.intent == "find" for reading in quest)]
        if wish.intent == "find" and begun:
            same = next((quest for quest in begun if _is_same_thing(wish, quest)), None)
            if same is not None:
                # "Sleeping bags … proper camping sleeping bags": one thing, named twice.
                same.append(wish.model_copy(update={"intent": "refine"}))
                continue
            if _names_no_thing(wish):
                alone = {"intent": "refine", "looking_for": None}
                begun[-1].append(wish.model_copy(update=alone))
                continue
            quests.append([])
        elif not quests:
            quests.append([])
        quests[-1].append(wish)
    return [tuple(quest) for quest in quests]


_ONES = frozenset(("one", "ones", "eins", "eine", "einen", "welche", "的"))


def _names_no_thing(wish: Reading) -> bool:
    """Whether a wish's thing only stands for the one before: "hiking ones are fine"."""
    thing = (wish.looking_for or "").casefold()
    return bool(thing) and thing.split()[-1] in _ONES


_OF_ALL = bounded(
    r"\b(?:or|both|each|either|oder|beide[sn]?|jeweils|je)\b|或|还是|都|各", re.IGNORECASE
)
_PRICE = ("min", "max", "around", "currency")
_NO_LEAST = Reading(intent="drop", drops=("min",))
"""The most that is said once mostly holds of both of two things, the least of the one beside it."""


def _with_common_limits(
    quests: Sequence[tuple[Reading, ...]], message: str
) -> list[tuple[Reading, ...]]:
    """Each quest with what is meant of all of them: "a lantern or a torch, 25 at most, no gas".

    Refusals and the receiver are true of all that a message wishes for. A price is where the
    things are alternatives, or the message speaks of both; else it belongs to the thing beside it.
    """
    if len(quests) < 2:
        return [*quests]
    wishes = [wish for quest in quests for wish in quest if wish.intent != "drop"]
    common: dict[str, Any] = {
        "not_": tuple(dict.fromkeys(text for wish in wishes for text in wish.not_)),
        "not_brands": tuple(dict.fromkeys(text for wish in wishes for text in wish.not_brands)),
        "for_whom": next((wish.for_whom for wish in wishes if wish.for_whom), None),
    }
    priced = [wish for wish in wishes if _has_price(wish)]
    if len(priced) == 1 and _OF_ALL.search(message):
        common |= {key: getattr(priced[0], key) for key in _PRICE}
    settled: list[tuple[Reading, ...]] = []
    for quest in quests:
        first = next(n for n, wish in enumerate(quest) if wish.intent != "drop")
        whole = (*quest[:first], quest[first].model_copy(update=common), *quest[first + 1 :])
        if any(map(_has_least, chain(*settled))) and not any(map(_has_price, whole)):
            whole = (*whole, _NO_LEAST)
        settled.append(whole)
    return settled


def _has_price(wish: Reading) -> bool:
    return any(getattr(wish, key) is not None for key in ("min", "max", "around"))


def _has_least(wish: Reading) -> bool:
    return wish.min is not None or wish.around is not None


def _is_same_thing(wish: Reading, quest: Sequence[Reading]) -> bool:
    """Whether two names have one head: a "light torch" is a torch, a "tent footprint" no tent."""
    words = tokens(wish.looking_for or "")
    other_words = tokens(next((r.looking_for for r in quest if r.looking_for), None) or "")
    is_part = {*words} <= {*other_words} or {*other_words} <= {*words}
    return is_part and words[-1:] == other_words[-1:]


def meaning_of(
    request: Sequence[Reading],
    message: str,
    situation: Situation,
    vocabulary: Vocabulary,
    language: Language = "en",
) -> Meaning:
    """What one request means: something to do, or a quest.

    Args:
        request: a group of :func:`requests_of`; of several readings all are wishes.
        message: plain text, for what is quoted or asked again.
        situation: what holds.
        vocabulary: the catalogue's names.
        language: that the shopper speaks.
    """
    drops = [
        change
        for reading in request
        if reading.intent == "drop"
        for change in drops_of(reading, message, situation)
    ]
    wishes = [
        with_receiver(reading, message, situation, language)
        for reading in request
        if reading.intent != "drop"
    ]
    if wishes and StartOver() in drops:
        drops = [Drop("all")]  # the wish may point at what is shown
    if not wishes:
        return Quest(tuple(drops))
    reading = wishes[0]
    references = tuple(Reference(number) for number in reading.refers_to)
    if kind := _COMMANDS.get(reading.intent):
        if kind == "contact":
            # What the message asks besides names nothing that is bought.
            order = order_in(message)
            is_for_person = not references and asks_for_person(message)
            if not is_for_person:
                references = _spoken_of(references, message, situation)
                kind, references = _order(references, order, situation)
            return Command(kind, references, order)
        if kind == "why" and len(references) == len(situation.shown) > 1:
            references = ()
        if kind in _OF_ONE and len(references) < max(len(situation.shown), 2):
            references = _evident(references, message, situation)
        if kind == "product_question" and len(references) == 1 and only_points(message):
            kind = "product"
        if kind == "product_question" and not references:
            references = tuple(Reference(product.number) for product in situation.shown)
        return Command(kind, references, message)
    if len(request) == 1 and _only_points(reading):
        return Command("product", references, message)
    quests = [quest_of(reading, message, situation, vocabulary, language) for reading in wishes]
    return _joined(drops, quests)


def _order(
    references: tuple[Reference, ...], message: str, situation: Situation
) -> tuple[CommandKind, tuple[Reference, ...]]:
    """What is done about an order: the cart for one product that is named, else the shop's contact.

    An action is not done on a model's word alone: nothing is put there without a word of buying.
    Where it stands beside one that takes back ("the first, no rush"), the cart is offered.
    """
    if asks_for_person(message):
        return "contact", ()
    buys, takes = asks_to_buy(message), takes_back(message)
    is_sure = buys and not takes
    if buys and situation.shown:
        titles = [product.title for product in situation.shown]
        place = place_in(message)
        named = [] if place else surely_named(message, titles)
        if not references:  # code alone says which: the words must leave no doubt
            is_sure = is_sure and is_order(message) and bool(place or named)
            by_name = _places(named or titles_named(message, titles), situation)
            references = (place,) if place else by_name
            if not references and is_order(message) and _is_it(message, situation):
                return "cart" if not takes else "offer_cart", (Reference(),)
        elif len(references) == 1 and place and place not in _on_screen(situation):
            references = (place,)  # "the second" of one is told, and not the first
        elif len(references) == 1 < len(named):
            references = _places(named, situation)
    if is_sure and 0 < len(references) <= _MOST_TAKEN:
        return "cart", references
    if len(references) != 1:
        return "contact", references
    return ("smalltalk" if takes and not buys else "offer_cart"), references


def _spoken_of(
    references: tuple[Reference, ...], message: str, situation: Situation
) -> tuple[Reference, ...]:
    """The product spoken of last, for "I'll take it": models often name the place beside."""
    if len(references) != 1 or situation.focus is None or not speaks_of_one(message):
        return references
    titles = [product.title for product in situation.shown]
    if place_in(message) is not None or titles_named(message, titles):
        return references
    return (Reference(situation.focus),)


def _is_it(message: str, situation: Situation) -> bool:
    """Whether "it" can be one product alone: the one spoken of last, or the only one."""
    is_known = situation.focus is not None or len(situation.shown) == 1
    return is_known and speaks_of_it(message)


def _on_screen(situation: Situation) -> tuple[Reference, ...]:
    return (Reference(-1), *(Reference(product.number) for product in situation.shown))


def _evident(
    references: tuple[Reference, ...], message: str, situation: Situation
) -> tuple[Reference, ...]:
    """The places of a question, corrected by what is plain: a title's own word, or "it".

    A small model that sees that one product is meant often names the place beside it. A place that
    the message names is left to the reader, which sees the second one, too; "it" goes before a
    word of a title that may be of anything.
    """
    if place_in(message) is not None:
        return references
    titles = [product.title for product in situation.shown]
    # "The root is no good. Tell me about the ring, what is it made of?" asks of the ring.
    question = " ".join(questions_in(message))
    if titles_named(question, titles):
        message = question
    of_focus = situation.focus is not None and speaks_of_it(message)
    named = surely_named(message, titles) if of_focus else best_named(message, titles)
    if len(named) > 1:
        named = best_named(message, titles)
    if len(named) == 1:
        return _places(named, situation)
    if of_focus and len(references) <= 1 and not named:
        return (Reference(situation.focus),)
    return references


def _places(places: Iterable[int], situation: Situation) -> tuple[Reference, ...]:
    return tuple(Reference(situation.shown[place].number) for place in places)


def _joined(drops: Sequence[Change], quests: Sequence[Quest]) -> Quest:
    """Several wishes about one thing as one; what is taken back goes first."""
    first = quests[0]
    return Quest(
        (*drops, *(change for quest in quests for change in quest.changes)),
        _longest([quest.query for quest in quests if quest.query]),
        first.new,
        next((quest.sort for quest in quests if quest.sort), None),
        tuple(name for quest in quests for name in quest.unknown_brands),
        tuple(dict.fromkeys(text for quest in quests for text in quest.absent)),
    )


def _longest(queries: Sequence[str]) -> str:
    """The words of all, without those that only repeat some of another's."""
    words = [set(tokens(query)) for query in queries]
    kept = [
        query for query, own in zip(queries, words, strict=True) if not any(own < w for w in words)
    ]
    return " ".join(dict.fromkeys(kept))


def _only_points(reading: Reading) -> bool:
    """Whether nothing but one product is named: "the second one"."""
    values = reading.to_dict()
    rest = {key: value for key, value in values.items() if key not in ("intent", "refers_to")}
    return len(reading.refers_to) == 1 and not any(rest.values())
