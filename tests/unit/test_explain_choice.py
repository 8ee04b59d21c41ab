"""How often the fact is chosen that a reader would: sixty questions with three facts each."""

import json
from pathlib import Path

import pytest
from quote_shop import demo_products

from llmrec.explain.choice import FactText, relevance, word_overlap
from llmrec.explain.sentences import sentences_of

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "chosen_facts.jsonl").read_text("utf-8").splitlines()
]


def fact_text(case, text):
    name = text.partition(": ")[0]
    is_value = name in demo_products()[case["item"]].attributes
    return FactText(text, name if is_value else "")


def hits(vectors=None):
    """How many of the sixty are chosen right; ``vectors`` are those of the encoder, by text."""
    right = 0
    for case in CASES:
        item = demo_products()[case["item"]]
        facts = [fact_text(case, text) for text in case["facts"]]
        language = item.language
        scores = relevance(case["question"], facts, item.title, language, vectors)
        right += scores.index(max(scores)) == case["right"]
    return right


def test_the_cases_stand_in_the_catalogue():
    assert len(CASES) == 60 and len({one["question"] for one in CASES}) == 60
    for case in CASES:
        item = demo_products()[case["item"]]
        sentences = {one.text for one in sentences_of(item.description)}
        values = {f"{name}: {', '.join(values)}" for name, values in item.attributes.items()}
        assert len(set(case["facts"])) == 3
        assert set(case["facts"]) <= sentences | values, case


def test_words_choose_better_than_the_first_sentence():
    first = sum(case["right"] == 0 for case in CASES)
    assert first == 15
    assert hits() >= 54


@pytest.mark.integration
def test_words_and_the_encoder_choose_better_than_either():
    from llmrec.embedding import load_encoder

    encoder = load_encoder("minilm-l6-v2")
    given = sorted({text for case in CASES for text in (case["question"], *case["facts"])})
    vectors = dict(zip(given, encoder.encode(given), strict=True))
    alone = 0
    for case in CASES:
        near = [float(vectors[text] @ vectors[case["question"]]) for text in case["facts"]]
        alone += near.index(max(near)) == case["right"]
    both = hits(vectors.__getitem__)
    assert both > max(alone, hits()) and both >= 57


def test_endings_and_compounds_are_no_difference():
    assert word_overlap("tent for pitching", FactText("Pitch it in rain.")) == 0.5
    assert word_overlap("Tee am Abend", FactText("Der Abendtee.")) == 0.5
    assert word_overlap("the and for", FactText("the and for")) == 0.0
    assert word_overlap("toy for kids", FactText("from 3 years", "age")) == 0.5
