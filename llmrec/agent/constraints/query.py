"""Price limits that stand in the words of a single query, for whoever asks without a conversation.

"kite under 200 euros" is a wish and a limit. Searched for, the sum is three more words, and kites
for 589 come back. A conversation reads far more; here only what cannot be meant otherwise is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from llmrec.agent.constraints.amounts import in_figures
from llmrec.agent.constraints.changes import AtLeast, AtMost
from llmrec.agent.constraints.prices import read_prices
from llmrec.agent.constraints.reader import Reader, plain
from llmrec.types import Filters, Recommendations

__all__ = ["ReadQuery", "read_query"]


@dataclass(frozen=True)
class ReadQuery:
    """A query without its price limits, and the filters with them.

    ``notes`` say what was read as a limit, a sentence each; empty where nothing was.
    """

    query: str | None
    filters: Filters
    notes: tuple[str, ...] = ()

    def noted(self, answer: Recommendations) -> Recommendations:
        """The answer with the notes in its trace, before its own."""
        if not self.notes:
            return answer
        return replace(
            answer, trace=replace(answer.trace, notes=(*self.notes, *answer.trace.notes))
        )


def read_query(query: str | None, filters: Filters, currencies: Sequence[str] = ()) -> ReadQuery:
    """Take price limits out of a query's words; limits that the filters have already win.

    Args:
        query: the shopper's words.
        filters: what was given as filters.
        currencies: that the shop prices in, the most common first. A sum in another one is taken
            as one in the first, and said.

    >>> read = read_query("kite under 200 euros", Filters(), ["EUR"])
    >>> read.query, read.filters.max_price, read.notes
    ('kite', Decimal('200'), ('read as a limit: at most 200 EUR',))
    """
    if not query or filters.min_price is not None or filters.max_price is not None:
        return ReadQuery(query, filters)
    reader = Reader(in_figures(plain(query)))
    changes = [change for _, change in read_prices(reader)]
    limits = [change for change in changes if isinstance(change, (AtMost, AtLeast))]
    if not limits:
        return ReadQuery(query, filters)
    low = max((limit.amount for limit in limits if isinstance(limit, AtLeast)), default=None)
    high = min((limit.amount for limit in limits if isinstance(limit, AtMost)), default=None)
    if low is not None and high is not None and low > high:
        return ReadQuery(query, filters)  # nobody means that: the words stay words
    currency = next((limit.currency for limit in limits if limit.currency), None)
    return ReadQuery(
        reader.rest or None,
        _with_limits(filters, low, high, currency, currencies),
        tuple(_notes(low, high, currency, currencies)),
    )


def _with_limits(
    filters: Filters,
    low: Decimal | None,
    high: Decimal | None,
    currency: str | None,
    currencies: Sequence[str],
) -> Filters:
    # Where the shop has one currency, items that name none are priced in it too.
    named = currency if currency in currencies and len(currencies) > 1 else None
    return filters.model_copy(
        update={
            "min_price": low,
            "max_price": high,
            "currency": filters.currency or named,
        }
    )


def _notes(
    low: Decimal | None, high: Decimal | None, currency: str | None, currencies: Sequence[str]
) -> list[str]:
    own_unit = currency if currency in currencies or not currencies else currencies[0]
    unit = f" {own_unit or (currencies[0] if currencies else '')}".rstrip()
    notes = [
        f"read as a limit: {name} {amount.normalize():f}{unit}"
        for name, amount in (("at least", low), ("at most", high))
        if amount is not None
    ]
    if currency and currencies and currency not in currencies:
        notes.append(f"prices here are in {currencies[0]}, not in {currency}")
    return notes
