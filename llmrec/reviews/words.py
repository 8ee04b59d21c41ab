"""A summary of reviews as lines, in the shopper's language; quotations stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from llmrec.reviews.summary import Mention, Quote, ReviewSummary
from llmrec.types import Language

__all__ = ["review_summary_lines"]

_QUOTES: dict[Language, str] = {"en": "“{}”", "de": "„{}“", "zh": "“{}”"}
_BETWEEN: dict[Language, str] = {"en": ", ", "de": ", ", "zh": "，"}
_COUNTED: dict[Language, dict[str, str]] = {
    "en": {"positive": "{} positive", "mixed": "{} mixed", "negative": "{} negative"},
    "de": {"positive": "{} positiv", "mixed": "{} gemischt", "negative": "{} negativ"},
    "zh": {"positive": "好评 {} 条", "mixed": "中评 {} 条", "negative": "差评 {} 条"},
}
_TEXTS: dict[str, dict[Language, str]] = {
    "none": {
        "en": "Nobody has reviewed {title} yet.",
        "de": "Zu {title} hat noch niemand etwas geschrieben.",
        "zh": "“{title}”还没有评价。",
    },
    "only_stars": {
        "en": "{title}: {stars}. Nobody has written a review.",
        "de": "{title}: {stars}. Geschrieben hat noch niemand etwas.",
        "zh": "“{title}”：{stars}。还没有文字评价。",
    },
    "counts": {
        "en": "{title}: {reviews} ({minds}). {stars}",
        "de": "{title}: {reviews} ({minds}). {stars}",
        "zh": "“{title}”：{reviews}（{minds}）。{stars}",
    },
    "counts_only": {
        "en": "{title}: {reviews}. {stars}",
        "de": "{title}: {reviews}. {stars}",
        "zh": "“{title}”：{reviews}。{stars}",
    },
    "reviews_1": {"en": "1 review", "de": "1 Bewertung mit Text", "zh": "1 条评价"},
    "reviews": {"en": "{n} reviews", "de": "{n} Bewertungen mit Text", "zh": "{n} 条评价"},
    "stars": {
        "en": "{average} of {high} stars on average, from {n} {ratings}",
        "de": "im Schnitt {average} von {high} Sternen, aus {n} {ratings}",
        "zh": "平均 {average} 分（满分 {high} 分，{n} 人打分）",
    },
    "ratings_1": {"en": "rating", "de": "Wertung", "zh": ""},
    "ratings": {"en": "ratings", "de": "Wertungen", "zh": ""},
    "mention_1": {
        "en": "1 of {of} reviewers mentions {aspect}: {quotes}",
        "de": "1 von {of} erwähnt {aspect}: {quotes}",
        "zh": "{of} 位评价者中有 1 位提到{aspect}：{quotes}",
    },
    "mention": {
        "en": "{n} of {of} reviewers mention {aspect}: {quotes}",
        "de": "{n} von {of} erwähnen {aspect}: {quotes}",
        "zh": "{of} 位评价者中有 {n} 位提到{aspect}：{quotes}",
    },
    "mention_unquoted": {
        "en": "{n} of {of} reviewers mention {aspect}.",
        "de": "{n} von {of} erwähnen {aspect}.",
        "zh": "{of} 位评价者中有 {n} 位提到{aspect}。",
    },
    "mention_0": {
        "en": "None of the {of} reviewers mentions {aspect}.",
        "de": "Von den {of} erwähnt niemand {aspect}.",
        "zh": "{of} 位评价者都没有提到{aspect}。",
    },
    "mention_0_of_1": {
        "en": "The one reviewer does not mention {aspect}.",
        "de": "Die eine Bewertung erwähnt {aspect} nicht.",
        "zh": "唯一的一条评价没有提到{aspect}。",
    },
    "happy": {
        "en": "One who likes it: {quote}",
        "de": "Jemand, dem es gefällt: {quote}",
        "zh": "满意的顾客说：{quote}",
    },
    "unhappy": {
        "en": "One who is less happy: {quote}",
        "de": "Jemand, der weniger zufrieden ist: {quote}",
        "zh": "不太满意的顾客说：{quote}",
    },
    "somebody": {
        "en": "A reviewer: {quote}",
        "de": "Jemand schreibt: {quote}",
        "zh": "一位顾客说：{quote}",
    },
    "other_mind": {
        "en": "{first}, and one who is less happy: {second}",
        "de": "{first}, und jemand, der weniger zufrieden ist: {second}",
        "zh": "{first}，不太满意的顾客说：{second}",
    },
    "other_happy": {
        "en": "{first}, and one who likes it: {second}",
        "de": "{first}, und jemand, dem es gefällt: {second}",
        "zh": "{first}，满意的顾客说：{second}",
    },
}


def review_summary_lines(summary: ReviewSummary, title: str, language: Language) -> Iterator[str]:
    """What reviewers say of a product: the counts first, then each mention and quotation."""
    yield _head(summary, title, language)
    mentions = summary.mentions if summary.asked is None else (summary.asked,)
    if summary.reviewers:
        yield from (_mentioned(mention, summary.reviewers, language) for mention in mentions)
    for quote in summary.quotes:
        yield _TEXTS[_mind(quote)][language].format(quote=_quoted(quote, language))


def _head(summary: ReviewSummary, title: str, language: Language) -> str:
    stars = _stars(summary, language)
    if not summary.reviewers:
        key = "only_stars" if stars else "none"
        return _TEXTS[key][language].format(title=title, stars=stars)
    minds = _BETWEEN[language].join(
        text.format(count)
        for mind, text in _COUNTED[language].items()
        if (count := getattr(summary, mind))
    )
    n = summary.reviewers
    reviews = _TEXTS["reviews_1" if n == 1 else "reviews"][language].format(n=n)
    ending = "。" if language == "zh" else "."
    sentence = f"{stars[0].upper()}{stars[1:]}{ending}" if stars else ""
    key = "counts" if minds else "counts_only"
    return (
        _TEXTS[key][language]
        .format(title=title, reviews=reviews, minds=minds, stars=sentence)
        .rstrip()
    )


def _stars(summary: ReviewSummary, language: Language) -> str:
    if summary.average is None:
        return ""
    # Half up, as people round: 4.25 is 4.3.
    average = f"{Decimal(str(summary.average)).quantize(Decimal('0.1'), ROUND_HALF_UP)}"
    n = summary.ratings
    return _TEXTS["stars"][language].format(
        average=average.replace(".", ",") if language == "de" else average,
        high=f"{summary.scale[1]:g}",
        n=n,
        ratings=_TEXTS["ratings_1" if n == 1 else "ratings"][language],
    )


def _mentioned(mention: Mention, reviewers: int, language: Language) -> str:
    n = mention.reviewers
    if n == 0:
        key = "mention_0_of_1" if reviewers == 1 else "mention_0"
    elif not mention.quotes:
        key = "mention_unquoted"
    else:
        key = "mention_1" if n == 1 else "mention"
    return _TEXTS[key][language].format(
        n=n,
        of=reviewers,
        aspect=mention.aspect.names[language],
        quotes=_both(mention.quotes, language),
    )


def _both(quotes: tuple[Quote, ...], language: Language) -> str:
    quoted = [_quoted(quote, language) for quote in quotes]
    if len(quoted) < 2:
        return "".join(quoted)
    key = "other_happy" if quotes[1].sentiment == "positive" else "other_mind"
    return _TEXTS[key][language].format(first=quoted[0], second=quoted[1])


def _mind(quote: Quote) -> str:
    return {"positive": "happy", None: "somebody"}.get(quote.sentiment, "unhappy")


def _quoted(quote: Quote, language: Language) -> str:
    return _QUOTES[language].format(quote.text)
