"""What reviewers say of a product: counted and quoted, nothing concluded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmrec.catalog.tokens import tokens
from llmrec.reviews.aspects import Aspect, aspects_of, listed_aspects
from llmrec.reviews.quotation import review_sentences
from llmrec.reviews.sentiment import Sentiment, sentiment_of
from llmrec.types import Event, Item, Language

__all__ = ["Mention", "Quote", "ReviewSummary", "summarize_reviews"]

_MOST_MENTIONS = 2
_WHOLE = 90
"""Characters up to which a review is quoted whole: what stands beside may take a part back."""

_HAN = "\u4e00", "\u9fff"


@dataclass(frozen=True, slots=True)
class Quote:
    """A reviewer's own words.

    Attributes:
        text: whole sentences, cleaned for a line; nobody's name.
        sentiment: what the reviewer's stars or thumb said, if they said something.
        stars: the rating, on the shop's scale, if there is one.
    """

    text: str
    sentiment: Sentiment | None = None
    stars: float | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing that reviewers speak of: how many do, and one of each mind in their words."""

    aspect: Aspect
    reviewers: int
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What is known of a product from its reviewers.

    Attributes:
        reviewers: how many wrote something; each counts once, by the last that they wrote.
        positive: of them, by stars or thumb; so ``mixed`` and ``negative``.
        mixed: see ``positive``.
        negative: see ``positive``.
        ratings: how many gave stars, with a text or without; each once, by the last.
        average: of these, on the shop's scale; ``None`` without any.
        scale: the lowest and the highest rating.
        asked: the thing that a question names, if it names one, with how many mention it.
        mentions: what several mention, the most mentioned first.
        quotes: where nothing is mentioned by several, and the unhappy that are not quoted yet.
    """

    reviewers: int
    positive: int
    mixed: int
    negative: int
    ratings: int
    average: float | None
    scale: tuple[float, float]
    asked: Mention | None = None
    mentions: tuple[Mention, ...] = ()
    quotes: tuple[Quote, ...] = ()


def summarize_reviews(
    item: Item,
    reviews: Sequence[Event],
    ratings: Iterable[float],
    scale: tuple[float, float],
    language: Language = "en",
    question: str = "",
) -> ReviewSummary:
    """Count and quote.

    Args:
        item: the product.
        reviews: opinions with texts, the newest first, one of each reviewer.
        ratings: one of each shopper; those outside of the scale count for nothing.
        scale: the lowest and the highest rating of the shop.
        language: reviews in its script are quoted before others.
        question: in the shopper's words; a thing that it names is looked for in all reviews.
    """
    low, high = scale
    stars = [rating for rating in ratings if low <= rating <= high]
    sentiments = [sentiment_of(review, scale) for review in reviews]
    quoting = _Quoting(reviews, sentiments, language)
    aspect = _asked(question, item, reviews)
    mentions: tuple[Mention, ...] = ()
    if aspect is None:
        aspects = aspects_of(item, [review.text or "" for review in reviews])[:_MOST_MENTIONS]
        mentions = tuple(Mention(each, count, quoting.of(each)) for each, count in aspects)
    return ReviewSummary(
        len(reviews),
        sentiments.count("positive"),
        sentiments.count("mixed"),
        sentiments.count("negative"),
        len(stars),
        sum(stars) / len(stars) if stars else None,
        scale,
        None if aspect is None else Mention(aspect, quoting.count(aspect), quoting.of(aspect)),
        mentions,
        () if aspect else quoting.others(bool(mentions)),
    )


def _asked(question: str, item: Item, reviews: Sequence[Event]) -> Aspect | None:
    """What a question asks the reviewers about, beside the product as a whole."""
    called = set(tokens(item.title))
    for aspect in listed_aspects():
        if aspect.suits(item) and not called & aspect.stems and aspect.is_in(question):
            return aspect
    named = set(tokens(question)) - called
    aspects = aspects_of(item, [review.text or "" for review in reviews])
    return next((aspect for aspect, _ in aspects if aspect.stems & named), None)


class _Quoting:
    """Chooses quotations; no review is quoted twice."""

    def __init__(
        self, reviews: Sequence[Event], sentiments: Sequence[Sentiment | None], language: Language
    ) -> None:
        pairs = list(zip(reviews, sentiments, strict=True))
        # Stable: within a script the newest stay first.
        self._reviews = sorted(pairs, key=lambda pair: _is_han(pair[0]) != (language == "zh"))
        self._quoted: set[int] = set()

    def count(self, aspect: Aspect) -> int:
        return sum(aspect.is_in(review.text or "") for review, _ in self._reviews)

    def of(self, aspect: Aspect) -> tuple[Quote, ...]:
        """One of the greater part who mention it, and one who thinks otherwise of the product."""
        pairs = [
            (index, quote)
            for index, (review, sentiment) in enumerate(self._reviews)
            if index not in self._quoted
            and (quote := _quote(review, sentiment, aspect)) is not None
        ]
        happy = [pair for pair in pairs if pair[1].sentiment == "positive"]
        others = [pair for pair in pairs if pair[1].sentiment in ("mixed", "negative")]
        unknown = [pair for pair in pairs if pair[1].sentiment is None]
        groups = sorted((happy, others), key=len, reverse=True)
        chosen = [group[0] for group in groups if group] or unknown[:1]
        self._quoted |= {index for index, _ in chosen}
        return tuple(quote for _, quote in chosen)

    def others(self, has_mentions: bool) -> tuple[Quote, ...]:
        """An unhappy reviewer if none is quoted yet; without any mention, one of each mind."""
        quotes: list[Quote] = []
        for minds in (("positive", None), ("mixed", "negative")):
            if has_mentions and (minds[0] == "positive" or self._is_quoted(minds)):
                continue
            quotes += list(self._first(minds))[:1]
        return tuple(quotes)

    def _is_quoted(self, minds: Sequence[Sentiment | None]) -> bool:
        return any(self._reviews[index][1] in minds for index in self._quoted)

    def _first(self, minds: Sequence[Sentiment | None]) -> Iterator[Quote]:
        for index, (review, sentiment) in enumerate(self._reviews):
            if sentiment in minds and index not in self._quoted:
                quote = _quote(review, sentiment)
                if quote is not None:
                    yield quote


def _quote(
    review: Event, sentiment: Sentiment | None, aspect: Aspect | None = None
) -> Quote | None:
    """The whole review where it is short, else the sentence of the thing, or the first."""
    sentences = review_sentences(review.text or "")
    if not sentences:
        return None
    is_whole = len(review.text or "") <= _WHOLE and len(sentences[0]) < _WHOLE
    joined = _joined(sentences)
    if is_whole and (aspect is None or aspect.is_in(joined)):
        text: str | None = joined
    else:
        text = next(
            (sentence for sentence in sentences if aspect is None or aspect.is_in(sentence)), None
        )
    stars = review.value if review.kind.value == "rating" else None
    return None if text is None else Quote(text, sentiment, stars)


def _joined(sentences: Sequence[str]) -> str:
    between = "" if _has_han(sentences[0]) else " "
    return between.join(sentences)


def _has_han(text: str) -> bool:
    return any(_HAN[0] <= sign <= _HAN[1] for sign in text)


def _is_han(review: Event) -> bool:
    return _has_han(review.text or "")
