"""What the thresholds of questions were fitted on, and what they do there.

    .venv/bin/python scripts/bench/questions.py

The questions are in ``questions.json`` beside this file; ``null`` or no place is where nothing
answers them. Half of those in other words are to test on, and so are the thirty golden ones of
``tests/golden``; the ways of asking in ``llmrec/documents/topics.json`` were widened with the other
half at hand. The totals of the half to test on were seen while the rule was chosen; those called
blind were written after that, and nothing was changed since.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from llmrec import Workspace
from llmrec.agent.tools.asked_fields import find_statement
from llmrec.catalog.store import CatalogStore
from llmrec.demo import documents_files, items_files
from llmrec.documents import Documents, Quotation, index_documents, read_documents
from llmrec.documents.index import COLLECTION, MULTILINGUAL
from llmrec.documents.nearest import PassageIndex
from llmrec.documents.sentences import sentences
from llmrec.documents.topics import TopicVectors
from llmrec.embedding import TextEncoder, load_encoder
from llmrec.ingest import ingest_items

FOLDER = Path(__file__).parent
QUESTIONS = json.loads((FOLDER / "questions.json").read_text(encoding="utf-8"))
GOLDEN = FOLDER.parents[1] / "tests" / "golden" / "shop_questions.json"
EARLIER_THRESHOLD = 0.44
ANYTHING = -1.0


@dataclass(frozen=True)
class Question:
    """A question to the documents and where it is answered, if anywhere."""

    text: str
    language: str
    half: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The best passage for a question; whether it is quoted is up to a threshold."""

    place: str
    score: float


def main() -> None:
    """Index the demo shop's documents and print each measurement, a line each."""
    encoder = load_encoder("minilm-l6-v2")
    multilingual = load_encoder("use-multilingual-v3")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "shop")
        (workspace.path / "documents").mkdir()
        for file in documents_files():
            shutil.copy(file, workspace.path / "documents")
        ingest_items(workspace, items_files())
        index_documents(workspace, encoder)
        thresholds(workspace, encoder, multilingual)
        shop_questions(workspace, encoder, multilingual)
        product_questions(workspace, encoder)
        other_shop(Path(folder) / "other", encoder)


def thresholds(workspace: Workspace, encoder: TextEncoder, multilingual: TextEncoder) -> None:
    """Precision, recall and F0.5 by threshold, on the questions to fit on."""
    to_fit = [question for question in shop_asked() if question.half == "fit"]
    english = [question for question in to_fit if question.language == "en"]
    for reader, of, chosen in (
        (encoder, COLLECTION, english),
        (multilingual, MULTILINGUAL, to_fit),
    ):
        index = PassageIndex(workspace, reader, of)
        matches = [best_of(index, question) for question in chosen]
        index.close()
        for threshold in np.arange(0.15, 0.46, 0.02):
            precision, recall, _, _ = measured(chosen, matches, threshold)
            f_half = 1.25 * precision * recall / (0.25 * precision + recall)
            print(
                f"{reader.name}, threshold {threshold:.2f}: precision {precision:.2f}, "
                f"recall {recall:.2f}, F0.5 {f_half:.3f}"
            )


def shop_questions(workspace: Workspace, encoder: TextEncoder, multilingual: TextEncoder) -> None:
    """By language: the earlier rule, the default encoder alone, and with the multilingual one."""
    questions = shop_asked()
    alone = answers_alone(workspace, encoder, questions)
    documents = Documents(workspace, encoder)
    beside = [documents.ask(question.text) for question in questions]
    documents.close()
    ways = {
        "before": [
            match if match.score >= EARLIER_THRESHOLD else None
            for match in by_nearest_sentence(workspace, encoder, questions)
        ],
        "now, minilm alone": [
            Match(answer.source, answer.score) if answer else None for answer in alone
        ],
        "now": [Match(answer.source, answer.score) if answer else None for answer in beside],
    }
    like = likeness(workspace, multilingual, questions)
    groups = sorted({(question.half, question.language) for question in questions})
    for half, language in groups:
        mine = [question.half == half and question.language == language for question in questions]
        for way, matches in ways.items():
            print(row(f"{half} {language}, {way}", questions, matches, mine))
    unlike = [
        question.half == "test" and near < 0.8
        for question, near in zip(questions, like, strict=True)
    ]
    print(row("test, less than 0.8 like any way of asking, now", questions, ways["now"], unlike))


def answers_alone(
    workspace: Workspace, encoder: TextEncoder, questions: Sequence[Question]
) -> list[Quotation | None]:
    """What a shop answers without the multilingual encoder."""
    with mock.patch("llmrec.documents.shelf.multilingual_beside", lambda _: None):
        documents = Documents(workspace, encoder)
    answers = [documents.ask(question.text) for question in questions]
    documents.close()
    return answers


def other_shop(folder: Path, encoder: TextEncoder) -> None:
    """The questions in other words to documents in German that nothing was fitted to."""
    workspace = Workspace.init(folder)
    (workspace.path / "documents").mkdir()
    shutil.copy(FOLDER / "other_shop.md", workspace.path / "documents")
    index_documents(workspace, encoder)
    headings: dict[str, str | None] = QUESTIONS["other_shop"]
    questions = []
    for question in QUESTIONS["shop_in_other_words"]:
        if question["half"] == "fit":
            continue
        known = [
            headings[at] for at in (question["question"], *question["places"]) if at in headings
        ]
        # Null is where one could argue whether the German text answers it.
        if None not in known:
            places = tuple(f"other_shop.md > Unser Service > {heading}" for heading in known)
            questions.append(
                Question(question["question"], question["language"], "other shop", places)
            )
    documents = Documents(workspace, encoder)
    answers = [documents.ask(question.text) for question in questions]
    documents.close()
    matches = [Match(answer.source, answer.score) if answer else None for answer in answers]
    for language in ("en", "de", "zh"):
        mine = [question.language == language for question in questions]
        print(row(f"other shop {language}, now", questions, matches, mine))


def row(
    name: str, questions: Sequence[Question], matches: Sequence[Match | None], mine: Sequence[bool]
) -> str:
    """Precision and recall over the questions that ``mine`` marks, as a line to print."""
    chosen = [question for question, taken in zip(questions, mine, strict=True) if taken]
    got = [match for match, taken in zip(matches, mine, strict=True) if taken]
    precision, recall, quoted, false = measured(chosen, got, ANYTHING)
    answered = sum(bool(question.places) for question in chosen)
    return (
        f"{name}: precision {precision:.2f}, recall {recall:.2f} ({quoted} quotations, "
        f"{answered} questions with an answer; {false} of {len(chosen) - answered} others answered)"
    )


def measured(
    questions: Sequence[Question], matches: Sequence[Match | None], threshold: float
) -> tuple[float, float, int, int]:
    """Precision, recall, the number of quotations and of those to questions without an answer."""
    pairs = [
        (question, got)
        for question, got in zip(questions, matches, strict=True)
        if got and got.score >= threshold
    ]
    right = sum(got.place in question.places for question, got in pairs)
    false = sum(not question.places for question, _ in pairs)
    wanted = sum(bool(question.places) for question in questions)
    return right / max(len(pairs), 1), right / max(wanted, 1), len(pairs), false


def shop_asked() -> list[Question]:
    """All questions to the documents; the golden ones are of the half to test on."""
    titles = {
        file.name: file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        for file in documents_files()
    }

    def source(file: str, heading: str) -> str:
        return " > ".join((file, titles[file], heading))

    earlier = [
        Question(
            question["question"],
            "en",
            "fit",
            (source(question["file"], question["heading"]),) if question["file"] else (),
        )
        for question in QUESTIONS["shop"]
    ]
    golden = [
        Question(
            question["question"],
            "en (golden)",
            "test",
            (question["source"],) if question["source"] else (),
        )
        for question in json.loads(GOLDEN.read_text(encoding="utf-8"))
    ]
    other_words = [
        Question(
            question["question"],
            question["language"],
            question["half"],
            tuple(source(*place.split(" > ")) for place in question["places"]),
        )
        for question in QUESTIONS["shop_in_other_words"]
    ]
    return [*earlier, *golden, *other_words]


def best_of(index: PassageIndex, question: Question) -> Match | None:
    """The best passage for a question, however far it is; ``None`` in an empty index."""
    got = index.answer(question.text, ANYTHING)
    return Match(got.source, got.score) if got else None


def by_nearest_sentence(
    workspace: Workspace, encoder: TextEncoder, questions: Sequence[Question]
) -> list[Match]:
    """The rule before there were topics: the passage of the nearest sentence, by mean nearness."""
    read = read_documents(workspace.path / "documents")
    passages = [(document.name, passage) for document in read for passage in document.passages]
    stated = [
        (number, f"{passage.headings[-1]}: {sentence}")
        for number, (_, passage) in enumerate(passages)
        for block in passage.blocks
        for sentence in sentences(block)
    ]
    vectors = encoder.encode([question.text for question in questions])
    whole = vectors @ encoder.encode([passage.text for _, passage in passages]).T
    single = vectors @ encoder.encode([text for _, text in stated]).T
    matches = []
    for number, best in enumerate(single.argmax(axis=1).tolist()):
        place, _ = stated[best]
        name, passage = passages[place]
        score = float(single[number, best] + whole[number, place]) / 2
        matches.append(Match(" > ".join((name, *passage.headings)), score))
    return matches


def likeness(
    workspace: Workspace, encoder: TextEncoder, questions: Sequence[Question]
) -> list[float]:
    """How like each question is to the most similar way of asking among the topics'."""
    topics = TopicVectors.load(encoder, workspace.cache_dir)
    assert topics is not None
    nearest: list[float] = (
        (encoder.encode([question.text for question in questions]) @ topics.asked.T)
        .max(axis=1)
        .tolist()
    )
    return nearest


def product_questions(workspace: Workspace, encoder: TextEncoder) -> None:
    """What the thresholds in the code do."""
    questions = QUESTIONS["product"]
    with CatalogStore.open(workspace.database_url) as store:
        items = store.items(question["product"] for question in questions)
    statements = [
        find_statement(items[question["product"]], question["question"], encoder.encode)
        for question in questions
    ]
    fields = [statement.field if statement else None for statement in statements]
    print(f"product questions: {counts([question['field'] for question in questions], fields)}")


def counts(wanted: Sequence[object], matches: Sequence[object]) -> str:
    """How many fields are the wanted ones, others, or found where there is none, to print."""
    pairs = list(zip(wanted, matches, strict=True))
    answered = [(field, got) for field, got in pairs if field is not None]
    right = sum(field == got for field, got in answered)
    elsewhere = sum(got is not None and field != got for field, got in answered)
    false = sum(got is not None for field, got in pairs if field is None)
    silent = len(pairs) - len(answered)
    return f"{right} of {len(answered)} right, {elsewhere} elsewhere, {false} of {silent} false"


if __name__ == "__main__":
    main()
