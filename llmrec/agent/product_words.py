"""The words of products that are shown already: each to its card, whatever becomes of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from llmrec.agent.events import AgentEvent, Card, Products, ProductWords
from llmrec.answer_events import AnswerEvent, WordsWritten
from llmrec.errors import LLMRecError

__all__ = ["card_words", "filled", "product_words"]


def product_words(cards: Sequence[Card], events: Iterator[AnswerEvent]) -> Iterator[ProductWords]:
    """One event for each card that has words to come.

    Args:
        cards: as they were shown; their numbers may be others than the ranks of the answer.
        events: what comes behind the ranked answer.
    """
    waiting = {card.product["id"]: card for card in cards}
    try:
        for event in events:
            if isinstance(event, WordsWritten):
                card = waiting.pop(event.recommendation.id, None)
                if card is not None:  # a product that was kept may have taken its place
                    yield card_words(card.number, event)
    except LLMRecError as error:  # not the model's: the database's, say; the cards stay
        for card in waiting.values():
            if card.pending:
                yield ProductWords(
                    number=card.number,
                    product=card.product["id"],
                    error=type(error).__name__,
                    message=error.message,
                )


def filled(events: Iterable[AgentEvent]) -> list[AgentEvent]:
    """A whole reply, each card with the words that came behind it: for what does not stream."""
    events = list(events)
    words = {(one.number, one.product): one for one in events if isinstance(one, ProductWords)}

    def with_words(card: Card) -> Card:
        behind = words.get((card.number, card.product["id"]))
        if behind is None or not card.pending:
            return card
        reason = {"reason": behind.reason, "origin": behind.origin}
        return card.model_copy(update={**reason, "pending": False})

    return [
        Products(cards=tuple(map(with_words, event.cards)))
        if isinstance(event, Products)
        else event
        for event in events
        if not isinstance(event, ProductWords)
    ]


def card_words(number: int, event: WordsWritten) -> ProductWords:
    """What was written, for the card of this number."""
    recommendation, error = event.recommendation, event.error
    reason, description = recommendation.reason, recommendation.description
    return ProductWords(
        number=number,
        product=recommendation.id,
        reason=reason.text if reason else None,
        origin=reason.origin if reason else None,
        description=description.text if description else None,
        error=type(error).__name__ if error else "",
        message=error.message if error else "",
    )
