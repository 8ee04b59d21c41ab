"""The field's words, in one place: item, event, history, filter, candidate, recommendation.

Everything here is frozen and knows nothing of databases, models or files. Arrays of scores are
``float32``; times are timezone-aware UTC; prices are ``Decimal`` in the item's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from llmrec.errors import HistoryError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MAX_REVIEW_CHARS",
    "BoolArray",
    "Candidate",
    "Event",
    "EventKind",
    "Filters",
    "Fit",
    "FloatArray",
    "HistoryEntry",
    "Item",
    "Language",
    "Recommendation",
    "Recommendations",
    "Sort",
    "SourceHit",
    "Trace",
    "Words",
    "shown",
]

FloatArray: TypeAlias = NDArray[np.float32]
BoolArray: TypeAlias = NDArray[np.bool_]
Language: TypeAlias = Literal["en", "de", "zh"]
"""What sentences can be made in."""
Sort: TypeAlias = Literal["cheapest", "dearest", "best_rated", "newest"]
"""What comes first where a shopper does not want what fits best."""
Fit: TypeAlias = Literal["answer", "near", "none"]
"""What an item is to a request in words: an answer, only near to it, or there to fill a list."""
MAX_REVIEW_CHARS = 10_000
"""No review is kept longer than that."""


class EventKind(str, Enum):
    """What a shopper did with an item."""

    VIEW = "view"
    CART = "cart"
    PURCHASE = "purchase"
    RATING = "rating"
    LIKE = "like"
    DISLIKE = "dislike"

    def judged(self, value: float | None, disliked_below: float | None) -> EventKind:
        """``DISLIKE`` for a rating lower than that, else the kind itself.

        >>> EventKind.RATING.judged(2.0, 3.0), EventKind.RATING.judged(3.0, 3.0)
        (<EventKind.DISLIKE: 'dislike'>, <EventKind.RATING: 'rating'>)
        """
        if self is not EventKind.RATING or value is None or disliked_below is None:
            return self
        return EventKind.DISLIKE if value < disliked_below else self


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the catalogue.

    ``category`` runs from general to specific. ``stock`` is a count; ``None`` means that the shop
    does not say, which counts as available. ``language`` is a BCP 47 tag such as ``de``. An
    attribute has one or more values (the sizes that a shirt comes in); a text given in place of
    a tuple is its only value.
    """

    id: str
    title: str
    brand: str | None = None
    category: tuple[str, ...] = ()
    description: str = ""
    price: Decimal | None = None
    currency: str | None = None
    language: str | None = None
    stock: int | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    url: str | None = None
    image_url: str | None = None
    added_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.attributes:
            listed = {name: _values(value) for name, value in self.attributes.items()}
            named = {name: values for name, values in listed.items() if values}
            object.__setattr__(self, "attributes", named)  # frozen for everybody else


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a shopper did.

    ``at`` is ``None`` where a log gives an order but no times; ``position`` then orders the events
    of a user (and breaks ties among equal times). ``value`` is a rating on the log's own scale, or
    a quantity for purchases. ``text`` is what the shopper wrote with a rating, a like or a dislike,
    of at most ``MAX_REVIEW_CHARS`` characters; ``None`` says nothing about it, ``""`` that there is
    none (any more). It is kept apart from the log: only ``CatalogStore.reviews`` reads it.
    """

    user: str
    item: str
    kind: EventKind = EventKind.PURCHASE
    at: datetime | None = None
    position: int = 0
    value: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of a request's history, oldest first: a known item, or free text.

    Exactly one of ``item`` and ``text`` is set once a request has been resolved against the
    catalogue: an id that the catalogue does not know is kept as text. ``stated`` is false where
    nobody said what was done with an item: it then counts like a purchase, and nobody is told that
    it was one.
    """

    item: str | None = None
    text: str | None = None
    kind: EventKind = EventKind.PURCHASE
    at: datetime | None = None
    value: float | None = None
    stated: bool = field(default=True, compare=False)


class _OwnErrors(type(BaseModel)):  # type: ignore[misc]
    """Raises our error where a model that is made by its name would raise pydantic's.

    A model within another's body is not made by its name: there pydantic says which field it was.
    """

    def __call__(cls, *args: Any, **values: Any) -> Any:
        try:
            return super().__call__(*args, **values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            # A pair of limits that contradict each other has no place of its own.
            value = f"{shown(first['input'])}: " if first["loc"] else ""
            raise HistoryError(
                f"{value}{first['msg'].removeprefix('Value error, ')}.",
                field=".".join(str(part) for part in first["loc"]) or "filters",
                hint=f"Known filters: {', '.join(cls.model_fields)}.",
            ) from error


class Filters(BaseModel, metaclass=_OwnErrors):
    """Hard constraints; every source honours them before its top-k.

    Within one field the values are alternatives; fields are combined with "and". Names are compared
    without regard to case. An item without a price fails a price limit; one without a language
    fails ``languages``; unknown stock passes ``in_stock``.

    An attribute may have several values. ``attributes`` wants any of them among those named. With
    ``not_attributes`` an item goes if it comes in nothing else: "not size M" keeps what comes in S
    and M. Where the name says what is *in* a product, one unwanted value is enough: "not wool"
    leaves a blend of wool out. Such names speak of material, fabric, composition, ingredients,
    allergens, contents, filling or lining, in English, German or Chinese.

    Raises:
        HistoryError: a field is unknown or its value impossible; names it.

    >>> Filters(brands=["Acme"], max_price="40").is_empty
    False
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: tuple[str, ...] = Field((), description="any step of the category path")
    not_categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    not_brands: tuple[str, ...] = ()
    # Written out, a limit of 1e1000000 would be a million digits in every reply.
    min_price: Decimal | None = Field(None, ge=0, lt=10**100)
    max_price: Decimal | None = Field(None, ge=0, lt=10**100)
    currency: str | None = Field(None, description="ISO 4217; only items priced in it pass")
    in_stock: bool = False
    languages: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    not_attributes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    not_words: tuple[str, ...] = Field(
        (), description="words, or phrases, that the title must not hold; plurals are no difference"
    )
    not_items: tuple[str, ...] = Field((), description="item ids that must not come back")
    allow_seen: bool = Field(False, description="let items of the history come back")

    @model_validator(mode="after")
    def _prices_in_order(self) -> Filters:
        low, high = self.min_price, self.max_price
        if low is not None and high is not None and low > high:
            raise ValueError(f"min_price {low} is above max_price {high}")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether every item of the catalogue passes (not counting "not seen")."""
        return not self.model_dump(exclude={"allow_seen"}, exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class SourceHit:
    """Where one retrieval source put an item: 1-based ``rank`` and the source's own ``score``."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A retrieved item with the fused score and each source's opinion, best first in a list.

    ``fit`` says what it is to the shopper's words; ``None`` where there are none.
    """

    item: str
    score: float
    sources: Mapping[str, SourceHit]
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence shown to the shopper, and where it comes from.

    ``origin`` is ``quote`` for sentences of the product's description, word for word, ``model`` for
    text the language model wrote and the checker passed, ``fields`` for a sentence made from
    catalogue fields. ``attempts`` counts generations (0 when the model was not asked); ``evidence``
    names what it stands on: ``item:<id>`` and ``history:<n>`` for the history, ``sentence:<n>`` for
    the description's sentences, from 0, ``<field>`` for fields of the item; ``problems`` are the
    claims that failed in earlier attempts.
    """

    text: str
    origin: str
    attempts: int = 0
    evidence: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended item. ``rank`` is 1-based; ``score`` is what the list is sorted by.

    ``scores`` holds the parts: ``llm`` (log-probability of the item's label), ``retrieval`` (fused
    retrieval score) and one ``source:<name>`` per source that retrieved the item (its rank).
    ``fit`` says what the item is to the query; ``None`` without one.
    """

    item: Item
    rank: int
    score: float
    scores: Mapping[str, float]
    reason: Words | None = None
    description: Words | None = None
    fit: Fit | None = None

    @property
    def id(self) -> str:
        """The item's id."""
        return self.item.id


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about.

    ``milliseconds`` has one entry per stage (validate, retrieve, render, rank, write, and record
    for an experiment) and one for the ``total``. ``matching`` counts the items that pass the
    filters and were not seen; ``candidates_by_source`` the candidates each source contributed;
    ``quoted`` and ``from_fields`` the texts that came about so, ``generated`` the model's attempts.
    ``unranked`` says why the language model was not asked to rank, where it was not;
    ``degraded`` says why an answer is not what was asked for (the language model was down, say),
    else ``None``. ``unlike`` says that nothing here answers the query, so that the recommendations
    are only what is nearest, else ``None``; ``left_out`` are titles of what the query names and
    the history has already. ``answering`` counts the candidates that answer the query; ``None``
    without one. ``arm`` is ``A`` or ``B`` where an experiment runs and the shopper is
    known.
    """

    model: str
    engine: str
    prompt: str
    seed: int
    matching: int
    candidates: int
    candidates_by_source: Mapping[str, int]
    milliseconds: Mapping[str, float]
    prompt_tokens: int = 0
    forward_passes: int = 0
    generated: int = 0
    repairs: int = 0
    from_fields: int = 0
    quoted: int = 0
    notes: tuple[str, ...] = ()
    degraded: str | None = None
    adapter: str | None = None
    arm: str | None = None
    unlike: str | None = None
    left_out: tuple[str, ...] = ()
    answering: int | None = None
    unranked: str | None = None


@dataclass(frozen=True)
class Recommendations(Sequence[Recommendation]):
    """The answer to one request: a sequence of recommendations, best first, with its trace.

    ``considered`` are all ranked candidates, for ``--scores``; the sequence itself is its head.
    """

    items: tuple[Recommendation, ...]
    trace: Trace
    user: str | None = None
    query: str | None = None
    considered: tuple[Recommendation, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Recommendation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Recommendation, ...]: ...
    def __getitem__(self, index: int | slice) -> Recommendation | tuple[Recommendation, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.items)

    def __str__(self) -> str:
        lines = [_line(recommendation) for recommendation in self.items]
        if self.trace.degraded:
            lines.append(f"(degraded: {self.trace.degraded})")
        return "\n".join(lines) if lines else "(nothing to recommend)"

    @property
    def ids(self) -> tuple[str, ...]:
        """The recommended item ids, best first."""
        return tuple(recommendation.item.id for recommendation in self.items)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that :func:`json.dumps` takes: prices as strings, times as ISO 8601."""
        plain: dict[str, Any] = _plain(
            {
                "user": self.user,
                "query": self.query,
                "recommendations": [asdict(recommendation) for recommendation in self.items],
                "trace": asdict(self.trace),
            }
        )
        return plain

    def to_frame(self) -> pd.DataFrame:
        """One row per recommendation: rank, id, title, brand, price, currency, score, reason, …."""
        import pandas as pd

        rows = [
            {
                "rank": recommendation.rank,
                "id": recommendation.item.id,
                "title": recommendation.item.title,
                "brand": recommendation.item.brand,
                "price": recommendation.item.price,
                "currency": recommendation.item.currency,
                "score": recommendation.score,
                "reason": recommendation.reason.text if recommendation.reason else None,
                "description": recommendation.description.text
                if recommendation.description
                else None,
                **recommendation.scores,
            }
            for recommendation in self.items
        ]
        return pd.DataFrame(rows)


def _values(value: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    # Most attributes have one value, and every item that is read comes through here.
    return value if isinstance(value, tuple) and len(value) == 1 else tuple(dict.fromkeys(value))


def shown(value: object) -> str:
    """A value for an error's message: as Python writes it, cut where it is long.

    >>> shown("x" * 100)[-4:], shown(10 ** 5000)
    ('xxx…', 'a number of 16,610 bits')
    """
    if isinstance(value, int) and value.bit_length() > 1_000:
        return f"a number of {value.bit_length():,} bits"  # Python refuses to write its digits
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # such lists within lists, and numbers within them
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:79]}…"


def _line(recommendation: Recommendation) -> str:
    item = recommendation.item
    price = f"  {item.price} {item.currency or ''}".rstrip() if item.price else ""
    reason = f"\n    {recommendation.reason.text}" if recommendation.reason else ""
    return f"{recommendation.rank:>2}. {item.title}{price}{reason}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value
