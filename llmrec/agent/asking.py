"""The tools as the conversation uses them: for a shopper in a situation, with cards to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.agent.constraints import Constraint, Constraints, Shown
from llmrec.agent.events import Card
from llmrec.agent.shopper import Shopper
from llmrec.agent.state import Mark, Situation
from llmrec.agent.tools import TOOLS
from llmrec.agent.tools.base import ToolResult
from llmrec.agent.tools.limits import known_things, without
from llmrec.agent.tools.products import product_fields
from llmrec.agent.tools.recommend import RECOMMEND, RecommendResult, begin_recommend
from llmrec.agent.tools.related import RelatedResult
from llmrec.agent.tools.search import SearchResult
from llmrec.answer_events import AnswerEvent
from llmrec.catalog.things import Things
from llmrec.requests import MAX_QUERY_CHARS
from llmrec.retrieval.request import RetrievalRequest
from llmrec.retrieval.taste import disliked
from llmrec.types import Event, Filters, Item, Language, Recommendation

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = [
    "Counter",
    "ToolUse",
    "Way",
    "answering",
    "card_of",
    "cards_of",
    "event_of",
    "left_out",
    "matching",
    "numbered",
    "shopper_in",
    "shown_by",
    "subject_of",
    "unlike",
    "use_of",
    "with_kept",
]


_MOST_COUNTED = 100
"""Answers that are counted to say how many there would be without a limit."""

_MOST_TRIED = 16
"""Of the constraints in a dead end; a message can name hundreds, a shopper seldom has ten."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool and what it is asked."""

    name: str
    arguments: Mapping[str, Any]

    def call(self, shop: Recommender, shopper: Shopper) -> ToolResult:
        """Ask it; raises what the tool raises."""
        return TOOLS[self.name].call(shop, shopper, self.arguments)

    def begin(
        self, shop: Recommender, shopper: Shopper
    ) -> tuple[ToolResult, Iterator[AnswerEvent]]:
        """As :meth:`call`, when products can be shown; and the words that come behind them."""
        if self.name != RECOMMEND.name:
            return self.call(shop, shopper), iter(())
        return begin_recommend(shop, shopper, RECOMMEND.parse(self.arguments))


def use_of(situation: Situation, k: int) -> ToolUse:
    """The tool that answers what is asked in this situation.

    A search without words goes to ``recommend``. So do words, unless a sort says what comes first:
    taste has no say in what is cheapest.
    """
    ask = situation.ask
    if ask.tool in ("similar", "bought_together") and ask.product is not None:
        return ToolUse(ask.tool, {"product": ask.product, "k": k})
    query = (situation.query or "")[:MAX_QUERY_CHARS]
    arguments = {"k": k, **({"query": query} if query else {})}
    if situation.sort is not None:
        arguments["sort"] = situation.sort
    searching = ask.tool == "search" or situation.sort is not None
    return ToolUse("search" if searching and query else "recommend", arguments)


def shopper_in(
    shop: Recommender,
    user: str | None,
    situation: Situation,
    language: Language,
    subject: tuple[str, ...] = (),
) -> Shopper:
    """Whoever asks: their taste, unless somebody else is to be pleased, and their constraints.

    Args:
        shop: whose log knows them.
        user: who it is there.
        situation: what holds.
        language: that the shopper speaks.
        subject: what the quest is about (:func:`subject_of`).
    """
    marks = situation.marks
    if situation.recipient is not None:
        history = tuple(mark.entry() for mark in marks[situation.aside :])
    else:
        logged = tuple(shop.history_of(user)) if user else ()
        known = {(entry.item, entry.kind, entry.at) for entry in logged}
        marked = (mark.entry() for mark in marks)
        history = (
            *logged,
            *(entry for entry in marked if (entry.item, entry.kind, entry.at) not in known),
        )
    limits = without(situation.constraints.filters(), situation.passed)
    return Shopper(
        user,
        history,
        limits,
        situation.query,
        subject,
        language=language,
        recipient=situation.recipient or None,
        thing=situation.thing,
    )


def subject_of(situation: Situation, language: Language, things: Things) -> tuple[str, ...]:
    """What is to be found must be about one of these: the thing looked for, or all of the quest.

    Nothing where no thing is named that the shop sells ("something nice"), and in other languages
    than English, of which the default encoder knows too little to tell what is about them.
    """
    first = situation.words[:1]
    if language != "en" or not first or first[0] not in things:
        return ()
    texts = dict.fromkeys((*first, situation.query or ""))
    return tuple(text[:MAX_QUERY_CHARS] for text in texts)


def matching(result: ToolResult) -> int:
    """How many products pass all limits, of the tools that list products."""
    if isinstance(result, RecommendResult):
        return result.answer.trace.matching
    return result.matching if isinstance(result, (RelatedResult, SearchResult)) else 0


def unlike(result: ToolResult) -> bool:
    """Whether nothing answers the words, by what retrieval makes of them."""
    if isinstance(result, RecommendResult):
        return result.answer.trace.unlike is not None
    return isinstance(result, SearchResult) and result.unlike is not None


def answering(result: ToolResult) -> int | None:
    """How many products answer the words, where it was counted."""
    if isinstance(result, RecommendResult):
        return result.answer.trace.answering
    return result.answering if isinstance(result, SearchResult) else None


def left_out(result: ToolResult) -> tuple[str, ...]:
    """Titles of what the words name and the shopper has had."""
    return result.answer.trace.left_out if isinstance(result, RecommendResult) else ()


def cards_of(result: ToolResult) -> tuple[Card, ...]:
    """The products as cards, numbered from 1, with their reasons where there are some."""
    if not isinstance(result, RecommendResult):
        return tuple(
            Card(number=number, product=product_fields(item))
            for number, item in enumerate(result.products, start=1)
        )
    return tuple(card_of(one, pending=one.rank in result.pending) for one in result.answer)


def card_of(recommendation: Recommendation, *, pending: bool) -> Card:
    """A recommendation as a card, numbered by its rank."""
    reason = recommendation.reason
    return Card(
        number=recommendation.rank,
        product=product_fields(recommendation.item),
        reason=reason.text if reason else None,
        origin=reason.origin if reason else None,
        scores={"final": recommendation.score, **recommendation.scores},
        pending=pending,
    )


def with_kept(
    cards: Sequence[Card], items: Sequence[Item], kept: Item, place: int, k: int
) -> tuple[tuple[Card, ...], tuple[Item, ...]]:
    """Cards and products with one more at its ``place``, from 1, and ``k`` at most."""
    # Of two lists on one screen only the last is shown anew.
    at = min(place - 1, len(items), k - 1)
    more = Card(number=place, product=product_fields(kept))
    all_cards, all_items = [*cards], [*items]
    all_cards.insert(at, more)
    all_items.insert(at, kept)
    return numbered(all_cards[:k]), tuple(all_items[:k])


def numbered(cards: Sequence[Card], start: int = 1) -> tuple[Card, ...]:
    """Cards with numbers from ``start``, in their order."""
    return tuple(card.model_copy(update={"number": n}) for n, card in enumerate(cards, start))


def shown_by(items: Sequence[Item], start: int = 1) -> tuple[Shown, ...]:
    """What a message can refer to afterwards, numbered from ``start``."""
    return tuple(
        Shown(n, item.id, item.title, brand=item.brand, price=item.price, currency=item.currency)
        for n, item in enumerate(items, start)
    )


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a dead end: without ``constraint`` so many products would pass.

    ``example`` is one of them, where they are known by name: of a price limit the nearest in price.
    """

    constraint: Constraint
    count: int
    example: Item | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts products in the store, exactly, for one shopper.

    ``named`` says that only what the words name counts: as where a sort holds.
    """

    shop: Recommender
    shopper: Shopper
    named: bool = False

    def count(self, constraints: Constraints) -> int:
        """How many products about the quest these let through, without what the shopper knows."""
        filters = constraints.filters()
        if self.named and self.shopper.query:
            away = without(filters, disliked(self.shopper.history))
            named, recipient = self.shopper.query, self.shopper.recipient
            return self.shop.retriever.matching(away, named=named, recipient=recipient)
        if self.shopper.query and self.shop.settings.retrieval.cut:
            return len(self._answers(filters))
        known = known_things(filters, self.shopper.history)
        return self.shop.retriever.matching(filters, known, self.shopper.subject)

    def _answers(self, filters: Filters) -> list[str]:
        """Ids of what these filters let through and what answers the words, the best first."""
        shopper = self.shopper
        request = RetrievalRequest(
            shopper.history,
            shopper.query,
            filters,
            shopper.subject,
            shopper.recipient,
            shopper.thing,
        )
        candidates = self.shop.retriever.retrieve(request, _MOST_COUNTED).candidates
        return [candidate.item for candidate in candidates if candidate.fit == "answer"]

    def ways_out(self, constraints: Constraints) -> list[Way]:
        """The constraints without which something would fit, the most fruitful first.

        Of very many the newest are tried: each is counted over the whole catalogue.
        """
        hard = [constraint for constraint in constraints.held if constraint.is_limit]
        hard = hard[-_MOST_TRIED:]
        ways = [self._way(constraint, constraints.drop(constraint)) for constraint in hard]
        return sorted((way for way in ways if way.count), key=lambda way: -way.count)

    def _way(self, given_up: Constraint, others: Constraints) -> Way:
        if self.named or not (self.shopper.query and self.shop.settings.retrieval.cut):
            return Way(given_up, self.count(others))
        ids = self._answers(others.filters())
        items = list(self.shop.store.items(ids).values())
        if given_up.kind in ("max_price", "min_price"):
            # All of them lie beyond the limit: the cheapest is nearest to the most, and so on.
            priced = [item for item in items if item.price is not None]
            nearest = min if given_up.kind == "max_price" else max
            return Way(
                given_up, len(ids), nearest(priced, key=lambda item: item.price or 0, default=None)
            )
        return Way(given_up, len(ids), items[0] if items else None)


def event_of(user: str, mark: Mark) -> Event:
    """The event in the log that a mark has made."""
    return Event(user, mark.item, mark.kind, mark.at)
