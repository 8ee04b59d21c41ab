"""How often the fact is chosen that a reader would.

Sixty questions were written by who had read the texts, to tell facts apart; 183 by who knew the
titles alone, and two others marked the right sentences (two are right where both found them equal).
"""

import json
from pathlib import Path

import pytest
from quote_shop import demo_products

from llmrec.explain.choice import FactText, lateness, word_overlap
from llmrec.explain.quotable import quotable_sentences
from llmrec.explain.sentences import sentences_of


def cases_in(name):
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


CASES = cases_in("chosen_facts.jsonl")
ASKED = cases_in("asked_facts.jsonl")


def fact_text(case, text):
    name = text.partition(": ")[0]
    is_value = name in demo_products()[case["item"]].attributes
    return FactText(text, name if is_value else "")


def right_places(case):
    return case["right"] if isinstance(case["right"], list) else [case["right"]]


def word_scores(case):
    """As the reason is chosen: words that the question shares, less by the place."""
    title = demo_products()[case["item"]].title
    return [
        word_overlap(case["question"], fact_text(case, text), title) - lateness(place)
        for place, text in enumerate(case["facts"])
    ]


def cosines(case, vectors):
    """Of the encoder, which gives one vector for each text."""
    return [float(vectors[text] @ vectors[case["question"]]) for text in case["facts"]]


def with_encoder(case, vectors):
    """In English both; of other languages the encoder knows little."""
    if demo_products()[case["item"]].language != "en":
        return word_scores(case)
    return [sum(both) for both in zip(word_scores(case), cosines(case, vectors), strict=True)]


def hits(cases, scores=word_scores):
    """In how many cases the fact of the highest score is right."""
    count = 0
    for case in cases:
        of_facts = scores(case)
        count += of_facts.index(max(of_facts)) in right_places(case)
    return count


def first(cases):
    return sum(0 in right_places(case) for case in cases)


def test_the_cases_stand_in_the_catalogue():
    assert len(CASES) == 60 and len({one["question"] for one in CASES}) == 60
    for case in CASES:
        item = demo_products()[case["item"]]
        sentences = {sentence.text for sentence in sentences_of(item.description)}
        values = {f"{name}: {', '.join(values)}" for name, values in item.attributes.items()}
        assert len(set(case["facts"])) == 3
        assert set(case["facts"]) <= sentences | values, case


def test_what_was_asked_stands_in_the_catalogue():
    assert len(ASKED) == 183 and not {one["question"] for one in ASKED} & {
        one["question"] for one in CASES
    }
    for case in ASKED:
        item = demo_products()[case["item"]]
        texts = {fact.text for fact in quotable_sentences(item, item.language)}
        assert set(case["facts"]) <= texts and case["right"], case


def test_words_choose_better_than_the_first_sentence_where_one_sentence_is_asked_for():
    assert first(CASES) == 15
    assert hits(CASES) >= 54 and hits(ASKED) >= 155


@pytest.mark.integration
def test_the_encoder_adds_nothing_to_words_and_place():
    """Why no encoder chooses: it is right where words are, and alone it is right more seldom."""
    from llmrec.embedding import load_encoder

    encoder = load_encoder("minilm-l6-v2")
    cases = [*CASES, *ASKED]
    texts = sorted({text for case in cases for text in (case["question"], *case["facts"])})
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))
    unseen = [case for case in ASKED if not case["fitted"]]
    sets = (CASES, ASKED, unseen)
    figures = {
        "cases": [len(some) for some in sets],
        "first": [first(some) for some in sets],
        "encoder": [hits(some, lambda case: cosines(case, vectors)) for some in sets],
        "words": [hits(some) for some in sets],
        "both": [hits(some, lambda case: with_encoder(case, vectors)) for some in sets],
    }
    print(figures)
    alone, words, both = (sum(figures[name][:2]) for name in ("encoder", "words", "both"))
    assert both <= words + 1 and alone < words - 20
    assert words > sum(figures["first"][:2])


def test_endings_and_compounds_are_no_difference():
    assert word_overlap("tent for pitching", FactText("Pitch it in rain.")) == 0.5
    assert word_overlap("Tee am Abend", FactText("Der Abendtee.")) == 0.5
    assert word_overlap("the and for", FactText("the and for")) == 0.0
    assert word_overlap("toy for kids", FactText("from 3 years", "age")) == 0.5
