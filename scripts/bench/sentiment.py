"""How well a review's sentiment is read off its text alone, where the stars are known.

    python scripts/bench/sentiment.py ../shared/data/womens_clothing_reviews

The shoppers' own stars are the truth: 1 and 2 negative, 3 mixed, 4 and 5 positive. As many reviews
of each are drawn, ``--each`` of them to be read and as many again of others on which cuts are
chosen where a method has any. Accuracy and macro-F1 are counted on that even draw; the other
figures weigh each sentiment as often as it occurs in the data ("as it comes"): accuracy, and how
often a method is right where it says "negative" or "positive". Behind them stands what was said
(negative, mixed, positive) of the negative, of the mixed and of the positive reviews. Intervals are
95 % of the posterior of these counts under Jeffreys' prior: a bootstrap would take what did not
happen in a hundred reviews for impossible. What is compared:

- baseline: always the same, the best one for each figure
- letters, words: SmolLM2 scores one-token labels, less what it says to no review at all; "words,
  cut": "positive" less "negative", two cuts chosen
- anchors: MiniLM's likeness to a few phrases, those of the nearest sentiment
- anchors, cut: the likeness to the positive phrases less that to the negative ones, likewise
- lexicon: VADER (Hutto and Gilbert 2014) at its authors' cuts of 0.05 and -0.05, if
  ``pip install vaderSentiment`` was run; "lexicon, cut" with cuts chosen
- trained: logistic regression on MiniLM's vectors of ``--train`` other reviews: an upper bound, for
  no shop has labels in all its languages
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmrec.config import EngineSettings
from llmrec.embedding import load_encoder
from llmrec.engines import load_engine
from llmrec.engines.protocol import Engine
from llmrec.prompting import one_line, shorten

SENTIMENTS = ("negative", "mixed", "positive")
WORDS = 100
NO_REVIEW = "N/A"
DRAWS = 10_000
EVEN = np.full(3, 1 / 3)
LEANING = np.array([-1.0, 0.0, 1.0])
FIGURES = ("accuracy", "macro-F1", "accuracy as it comes", "right of negative", "right of positive")
ANCHORS = (
    (
        "I hate it, a complete disappointment.",
        "Poor quality, it fell apart and I sent it back.",
        "It does not fit at all, do not buy it.",
    ),
    (
        "It is okay, nothing special.",
        "I like some of it, but I am not sure whether to keep it.",
        "Nice idea, but it has some problems.",
    ),
    (
        "I love it, it is perfect.",
        "Great quality, I would buy it again.",
        "It fits beautifully, I recommend it.",
    ),
)
QUESTION = (
    'A shopper wrote this review of a product:\n"{review}"\n\n'
    "What is the shopper's opinion of the product?"
)
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Method = Callable[[Sequence[str]], Ints]


@dataclass(frozen=True)
class Reviews:
    """Texts and what their stars say: 0 negative, 1 mixed, 2 positive."""

    texts: list[str]
    truth: Ints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=100, help="reviews of each sentiment")
    parser.add_argument("--train", type=int, default=2000, help="for the upper bound")
    parser.add_argument("--engine", default="openvino")
    parser.add_argument("--llm", default="smollm2-135m-instruct", help="a name or a folder")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    everything = read(options.data)
    chosen, rest = draw(everything, 2 * options.each, options.seed)
    test, fitted = chosen[:, : options.each].ravel(), chosen[:, options.each :].ravel()
    shares = np.bincount(everything.truth, minlength=3) / len(everything.truth)
    reading, tuning = (part(everything, places) for places in (test, fitted))
    training = part(everything, rest[: options.train])
    print(f"| method | {' | '.join(FIGURES)} | said | ms a review |")
    print(f"|---|{'---|' * len(FIGURES)}---|---|")
    always = [table(np.full_like(reading.truth, label), reading.truth) for label in range(3)]
    best = np.nanmax(figures(np.stack(always), shares), axis=0)
    print(f"| baseline | {' | '.join(f'{figure:.3f}' for figure in best)} | | |")
    methods = [
        *by_model(load_engine(options.engine, options.llm, EngineSettings()), tuning),
        *by_vectors(tuning, training),
        *by_lexicon(tuning),
    ]
    for name, method in methods:
        tell(name, method, reading, shares)
    for name, method in by_lexicon(tuning):  # fast enough
        tell(f"{name}, on all", method, everything, shares)


def tell(name: str, method: Method, reviews: Reviews, shares: Floats) -> None:
    """Print what a method makes of reviews."""
    began = time.perf_counter()
    answers = method(reviews.texts)
    took = (time.perf_counter() - began) / len(reviews.texts) * 1000
    print(f"| {name} | {row(answers, reviews.truth, shares)} | {took:.1f} |", flush=True)


def read(folder: Path) -> Reviews:
    """All reviews with a text."""
    import pandas as pd

    frame = pd.read_parquet(folder / "reviews.parquet").dropna(subset=["review_text"])
    stars = frame["rating"].to_numpy()
    truth = np.where(stars <= 2, 0, np.where(stars == 3, 1, 2)).astype(np.int64)
    return Reviews([str(text) for text in frame["review_text"]], truth)


def draw(reviews: Reviews, each: int, seed: int) -> tuple[Ints, Ints]:
    """Places of ``each`` reviews of every sentiment, ``[3, each]``, and the others shuffled."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(reviews.texts))
    chosen = np.stack([order[reviews.truth[order] == label][:each] for label in range(3)])
    return chosen, order[~np.isin(order, chosen)]


def part(reviews: Reviews, places: Ints) -> Reviews:
    """The reviews at these places."""
    return Reviews([reviews.texts[place] for place in places], reviews.truth[places])


def by_model(engine: Engine, tuning: Reviews) -> Iterator[tuple[str, Method]]:
    """The language model, asked for a letter and for a word."""
    by_letter, by_word = (partial(scored, engine, letters) for letters in (True, False))
    yield "letters", lambda texts: by_letter(texts).argmax(axis=1)
    yield "words", lambda texts: by_word(texts).argmax(axis=1)
    yield "words, cut", cut(lambda texts: by_word(texts) @ LEANING, tuning)


def scored(engine: Engine, letters: bool, texts: Sequence[str]) -> NDArray[np.float32]:
    """``[text, label]``: log-probabilities, less what the model says to no review at all."""
    prompts = [prompt(engine, letters, text) for text in (*texts, NO_REVIEW)]
    names = [f" {name}" for name in SENTIMENTS]
    labels = ["A", "B", "C"] if letters else names
    scores = np.concatenate(
        [
            engine.score_labels(batch, [labels] * len(batch))
            for batch in (prompts[at : at + 8] for at in range(0, len(prompts), 8))
        ]
    )
    return np.asarray(scores[:-1] - scores[-1])


def prompt(engine: Engine, letters: bool, text: str) -> str:
    """The question for one review: by letters, or with the opinion's word as the answer."""
    question = QUESTION.format(review=shorten(one_line(text), WORDS))
    start = "The shopper's opinion is"
    if letters:
        choices = "".join(
            f"\n({letter}) {sentiment}" for letter, sentiment in zip("ABC", SENTIMENTS, strict=True)
        )
        question, start = f"{question}{choices}\nAnswer with its letter.", "Answer: ("
    return engine.render([{"role": "user", "content": question}], answer_prefix=start)


def by_vectors(tuning: Reviews, training: Reviews) -> Iterator[tuple[str, Method]]:
    """MiniLM's vectors against phrases, and with labels."""
    from sklearn.linear_model import LogisticRegression

    encoder = load_encoder("minilm-l6-v2")
    anchors = np.stack([encoder.encode(list(texts)) for texts in ANCHORS])

    def likeness(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = encoder.encode(list(texts))
        return np.einsum("rd,sad->rsa", vectors, anchors).mean(axis=2)

    yield "anchors", lambda texts: likeness(texts).argmax(axis=1)
    yield "anchors, cut", cut(lambda texts: likeness(texts) @ LEANING, tuning)
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit(encoder.encode(training.texts), training.truth)
    yield "trained", lambda texts: model.predict(encoder.encode(list(texts)))


def by_lexicon(tuning: Reviews) -> Iterator[tuple[str, Method]]:
    """VADER, where it is installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ModuleNotFoundError:
        return
    read_one = SentimentIntensityAnalyzer().polarity_scores

    def compound(texts: Sequence[str]) -> Any:
        return np.array([read_one(text)["compound"] for text in texts])

    yield "lexicon", lambda texts: np.digitize(compound(texts), [-0.05, 0.05])
    yield "lexicon, cut", cut(compound, tuning)


def cut(scale: Callable[[Sequence[str]], Any], tuning: Reviews) -> Method:
    """A method of two cuts on a scale, those with the best macro-F1 on other reviews."""
    values = scale(tuning.texts)
    grid = np.quantile(values, np.linspace(0.02, 0.98, 49))
    cuts = max(
        combinations(grid, 2),
        key=lambda two: figures(table(np.digitize(values, two), tuning.truth), EVEN)[1],
    )
    return lambda texts: np.digitize(scale(texts), cuts)


def table(answers: Ints, truth: Ints) -> Floats:
    """How many reviews of each sentiment, ``[truth, answer]``."""
    return np.array(
        [np.bincount(answers[truth == label], minlength=3) for label in range(3)], float
    )


def figures(counts: Floats, shares: Floats) -> Floats:
    """``FIGURES`` of tables ``[..., 3, 3]``; ``nan`` for how right is what was never said."""
    rates = counts / counts.sum(axis=-1, keepdims=True)
    right = np.diagonal(rates, axis1=-2, axis2=-1)
    f1 = 2 * right / (1 + rates.sum(axis=-2))
    coming = rates * shares[:, None]
    with np.errstate(invalid="ignore"):
        precise = right * shares / coming.sum(axis=-2)
    columns = (right.mean(-1), f1.mean(-1), right @ shares, precise[..., 0], precise[..., 2])
    return np.stack(columns, axis=-1)


def row(answers: Ints, truth: Ints, shares: Floats) -> str:
    """The figures with their intervals, and the counts."""
    counts = table(answers, truth)
    random = np.random.default_rng(0)
    draws = np.stack([random.dirichlet(line_counts + 0.5, DRAWS) for line_counts in counts], axis=1)
    ends = np.percentile(figures(draws, shares), [2.5, 97.5], axis=0).T
    cells = [
        f"{one:.3f} ({low:.3f} to {high:.3f})"
        for one, (low, high) in zip(figures(counts, shares), ends, strict=True)
    ]
    lines = ["·".join(f"{count:.0f}" for count in line) for line in counts]
    return " | ".join([*cells, ", ".join(lines)])


if __name__ == "__main__":
    main()
