"""Which product a command is about, in a turn: by its place, its title, or an earlier screen.

What cannot be known is asked or told here, so that no handler guesses.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import TypeAlias

from llmrec.agent.constraints import Reference, Shown
from llmrec.agent.events import AgentEvent
from llmrec.agent.naming import (
    asks_of_all,
    items_named,
    name_in,
    of_name,
    place_in,
    speaks_of_it,
    surely_named,
    titles_named,
)
from llmrec.agent.reducer import Note, meant
from llmrec.agent.turn import TurnInProgress
from llmrec.catalog.tokens import tokens
from llmrec.reviews import listed_aspects
from llmrec.types import Item

__all__ = ["is_of_all", "named_earlier", "product_meant", "product_named", "shown_before"]

_MOST_NAMED = 4
_LEAST_WORDS = 2
"""Of a name that has a word for a place in it, such as "First Flush"; else the place is meant."""


def product_meant(turn: TurnInProgress, references: tuple[Reference, ...]) -> Shown | Note:
    """The one product that a command is about; it is "that one" from then on."""
    product = meant(turn.now, references[0] if references else Reference())
    if isinstance(product, Shown):
        turn.changed(focus=product.number)
    return product


Named: TypeAlias = Generator[AgentEvent, None, str | None]


def product_named(
    turn: TurnInProgress, message: str, *, needed: bool = True, pointed: bool = False
) -> Named:
    """The id of the product that a question names by its place or by words of its title.

    On the screen or not: where several have the words they are told, and where no title has them
    that is. ``None`` where the question names nothing, or all is told; and where the words need
    name no product ("what about the noise?") and the screen has some, or one is ``pointed`` at.
    """
    name, place = name_in(message), place_in(message)
    if place is not None and len(name.split()) < _LEAST_WORDS:
        product = product_meant(turn, (place,))
        if isinstance(product, Shown):
            return product.id
        yield from turn.refuse(product)
        turn.finished = True
        return None
    if not name or (not needed and turn.now.shown and _is_listed_aspect(name)):
        return None
    on_screen = [product.title for product in turn.now.shown]
    of_focus = not needed and turn.now.focus is not None and speaks_of_it(message)
    if of_focus and titles_named(message, on_screen) and not surely_named(message, on_screen):
        return None  # "does anyone like its glass lid?"
    store = turn.agent.shop.store
    shown = store.items(product.id for product in turn.now.shown)
    items = of_name(name, shown.values())
    if len(items) != 1:
        items = items_named(store, name) or items
    if len(items) == 1:
        _focus(turn, items[0].id)
        return items[0].id
    if not needed and turn.now.shown and _is_aspect(name, shown.values()):
        return None
    if not items and not needed and turn.now.shown:
        places = [*titles_named(message, on_screen)]
        if len(places) == 1:
            return turn.now.shown[places[0]].id
    if pointed and not items:
        return None
    turn.finished = True
    if items:
        mark = "；" if turn.language == "zh" else "; "
        titles = mark.join(item.title for item in items[:_MOST_NAMED])
        key = "which_named" if len(items) <= _MOST_NAMED else "which_of_many"
        yield from turn.say(key, text=name, titles=titles, count=len(items))
    else:
        yield from turn.say("none_named", text=name)
    return None


def _is_listed_aspect(name: str) -> bool:
    """Whether every word is a thing about products ("the handle"), and none names one of them."""
    return all(any(aspect.is_in(word) for aspect in listed_aspects()) for word in name.split())


def _is_aspect(name: str, items: Iterable[Item]) -> bool:
    """Whether words may be a thing about what is shown ("the spout"), and not another product."""
    words = set(tokens(name))
    if any(aspect.is_in(name) for aspect in listed_aspects()):
        return True
    return any(words <= set(tokens(item.description)) for item in items)


def _focus(turn: TurnInProgress, item: str) -> None:
    """What is spoken of is "that one" from then on, if it is on the screen."""
    number = next((product.number for product in turn.now.shown if product.id == item), None)
    if number is not None:
        turn.changed(focus=number)


def is_of_all(turn: TurnInProgress) -> bool:
    """Whether a question that names no product is of each that is shown."""
    is_open = turn.now.focus is None or asks_of_all(turn.text)
    return is_open and len(turn.now.shown) > 1


def named_earlier(turn: TurnInProgress, message: str) -> Iterator[Item]:
    """What was shown before and is named beside what is on the screen: "the bowls and the bed"."""
    earlier = _of_earlier_screens(turn)
    # A word that the screen has, too, means what is on the screen.
    titles = [*(item.title for item in earlier), *(product.title for product in turn.now.shown)]
    for place in surely_named(message, titles):
        if place < len(earlier):
            yield earlier[place]


def shown_before(turn: TurnInProgress, message: str) -> Item | None:
    """The product of an earlier screen that a question names by several words: "the Harbour 5"."""
    earlier = _of_earlier_screens(turn)
    titles = [*(item.title for item in earlier), *(product.title for product in turn.now.shown)]
    named = titles_named(message, titles)
    if any(place >= len(earlier) for place in named):
        return None
    if place_in(message) is not None:  # which is on the screen, unless it is a "First Flush"
        named = {place: words for place, words in named.items() if any(map(place_in, words))}
    places = [place for place, words in named.items() if len(words) >= _LEAST_WORDS]
    return earlier[places[0]] if len(places) == 1 else None


def _of_earlier_screens(turn: TurnInProgress) -> list[Item]:
    on_screen = {product.id for product in turn.now.shown}
    shown = [id for past in turn.conversation.turns for id in past.products]
    ids = [id for id in dict.fromkeys(shown) if id not in on_screen]
    items = turn.agent.shop.store.items(ids)
    return [items[id] for id in ids if id in items]
