"""What reviewers say of a product: ratings averaged, aspects counted, words quoted."""

from llmrec.reviews.aspects import Aspect, aspects_of, listed_aspects
from llmrec.reviews.quotation import quotation
from llmrec.reviews.sentiment import Sentiment, sentiment_of
from llmrec.reviews.summary import Mention, Quote, ReviewSummary, summarize_reviews
from llmrec.reviews.words import review_summary_lines

__all__ = [
    "Aspect",
    "Mention",
    "Quote",
    "ReviewSummary",
    "Sentiment",
    "aspects_of",
    "listed_aspects",
    "quotation",
    "review_summary_lines",
    "sentiment_of",
    "summarize_reviews",
]
