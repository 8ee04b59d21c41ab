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
class Asked:
    """A question to the documents and where it is answered, if anywhere."""

    text: str
    language: str
    half: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Found:
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
    to_fit = [one for one in shop_asked() if one.half == "fit"]
    english = [one for one in to_fit if one.language == "en"]
    for reader, of, some in ((encoder, COLLECTION, english), (multilingual, MULTILINGUAL, to_fit)):
        index = PassageIndex(workspace, reader, of)
        found = [best_of(index, one) for one in some]
        index.close()
        for threshold in np.arange(0.15, 0.46, 0.02):
            precision, recall, _, _ = measured(some, found, threshold)
            f_half = 1.25 * precision * recall / (0.25 * precision + recall)
            print(
                f"{reader.name}, threshold {threshold:.2f}: precision {precision:.2f}, "
                f"recall {recall:.2f}, F0.5 {f_half:.3f}"
            )


def shop_questions(workspace: Workspace, encoder: TextEncoder, multilingual: TextEncoder) -> None:
    """By language: the earlier rule, the default encoder alone, and with the multilingual one."""
    asked = shop_asked()
    alone = answers_alone(workspace, encoder, asked)
    documents = Documents(workspace, encoder)
    beside = [documents.ask(one.text) for one in asked]
    documents.close()
    ways = {
        "before": [
            one if one.score >= EARLIER_THRESHOLD else None
            for one in by_nearest_sentence(workspace, encoder, asked)
        ],
        "now, minilm alone": [Found(one.source, one.score) if one else None for one in alone],
        "now": [Found(one.source, one.score) if one else None for one in beside],
    }
    like = likeness(workspace, multilingual, asked)
    groups = sorted({(one.half, one.language) for one in asked})
    for half, language in groups:
        mine = [one.half == half and one.language == language for one in asked]
        for way, found in ways.items():
            print(row(f"{half} {language}, {way}", asked, found, mine))
    unlike = [one.half == "test" and near < 0.8 for one, near in zip(asked, like, strict=True)]
    print(row("test, less than 0.8 like any way of asking, now", asked, ways["now"], unlike))


def answers_alone(
    workspace: Workspace, encoder: TextEncoder, asked: Sequence[Asked]
) -> list[Quotation | None]:
    """What a shop answers without the multilingual encoder."""
    with mock.patch("llmrec.documents.shelf.multilingual_beside", lambda _: None):
        documents = Documents(workspace, encoder)
    answers = [documents.ask(one.text) for one in asked]
    documents.close()
    return answers


def other_shop(folder: Path, encoder: TextEncoder) -> None:
    """The questions in other words to documents in German that nothing was fitted to."""
    workspace = Workspace.init(folder)
    (workspace.path / "documents").mkdir()
    shutil.copy(FOLDER / "other_shop.md", workspace.path / "documents")
    index_documents(workspace, encoder)
    headings: dict[str, str | None] = QUESTIONS["other_shop"]
    asked = []
    for question in QUESTIONS["shop_in_other_words"]:
        if question["half"] == "fit":
            continue
        known = [
            headings[at] for at in (question["question"], *question["places"]) if at in headings
        ]
        # Null is where one could argue whether the German text answers it.
        if None not in known:
            places = tuple(f"other_shop.md > Unser Service > {heading}" for heading in known)
            asked.append(Asked(question["question"], question["language"], "other shop", places))
    documents = Documents(workspace, encoder)
    answers = [documents.ask(one.text) for one in asked]
    documents.close()
    found = [Found(answer.source, answer.score) if answer else None for answer in answers]
    for language in ("en", "de", "zh"):
        mine = [one.language == language for one in asked]
        print(row(f"other shop {language}, now", asked, found, mine))


def row(
    name: str, asked: Sequence[Asked], found: Sequence[Found | None], mine: Sequence[bool]
) -> str:
    """Precision and recall over the questions that ``mine`` marks, as a line to print."""
    some = [one for one, taken in zip(asked, mine, strict=True) if taken]
    got = [one for one, taken in zip(found, mine, strict=True) if taken]
    precision, recall, quoted, false = measured(some, got, ANYTHING)
    answered = sum(bool(one.places) for one in some)
    return (
        f"{name}: precision {precision:.2f}, recall {recall:.2f} ({quoted} quotations, "
        f"{answered} questions with an answer; {false} of {len(some) - answered} others answered)"
    )


def measured(
    asked: Sequence[Asked], found: Sequence[Found | None], threshold: float
) -> tuple[float, float, int, int]:
    """Precision, recall, the number of quotations and of those to questions without an answer."""
    pairs = [
        (one, got) for one, got in zip(asked, found, strict=True) if got and got.score >= threshold
    ]
    right = sum(got.place in one.places for one, got in pairs)
    false = sum(not one.places for one, _ in pairs)
    wanted = sum(bool(one.places) for one in asked)
    return right / max(len(pairs), 1), right / max(wanted, 1), len(pairs), false


def shop_asked() -> list[Asked]:
    """All questions to the documents; the golden ones are of the half to test on."""
    titles = {
        file.name: file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        for file in documents_files()
    }

    def source(file: str, heading: str) -> str:
        return " > ".join((file, titles[file], heading))

    earlier = [
        Asked(
            question["question"],
            "en",
            "fit",
            (source(question["file"], question["heading"]),) if question["file"] else (),
        )
        for question in QUESTIONS["shop"]
    ]
    golden = [
        Asked(one["question"], "en (golden)", "test", (one["source"],) if one["source"] else ())
        for one in json.loads(GOLDEN.read_text(encoding="utf-8"))
    ]
    other_words = [
        Asked(
            question["question"],
            question["language"],
            question["half"],
            tuple(source(*place.split(" > ")) for place in question["places"]),
        )
        for question in QUESTIONS["shop_in_other_words"]
    ]
    return [*earlier, *golden, *other_words]


def best_of(index: PassageIndex, asked: Asked) -> Found | None:
    """The best passage for a question, however far it is; ``None`` in an empty index."""
    got = index.answer(asked.text, ANYTHING)
    return Found(got.source, got.score) if got else None


def by_nearest_sentence(
    workspace: Workspace, encoder: TextEncoder, asked: Sequence[Asked]
) -> list[Found]:
    """The rule before there were topics: the passage of the nearest sentence, by mean nearness."""
    read = read_documents(workspace.path / "documents")
    passages = [(document.name, one) for document in read for one in document.passages]
    said = [
        (number, f"{passage.headings[-1]}: {sentence}")
        for number, (_, passage) in enumerate(passages)
        for block in passage.blocks
        for sentence in sentences(block)
    ]
    questions = encoder.encode([one.text for one in asked])
    whole = questions @ encoder.encode([one.text for _, one in passages]).T
    single = questions @ encoder.encode([text for _, text in said]).T
    found = []
    for number, best in enumerate(single.argmax(axis=1).tolist()):
        place, _ = said[best]
        name, passage = passages[place]
        score = float(single[number, best] + whole[number, place]) / 2
        found.append(Found(" > ".join((name, *passage.headings)), score))
    return found


def likeness(workspace: Workspace, encoder: TextEncoder, asked: Sequence[Asked]) -> list[float]:
    """How like each question is to the most similar way of asking among the topics'."""
    topics = TopicVectors.load(encoder, workspace.cache_dir)
    assert topics is not None
    nearest: list[float] = (
        (encoder.encode([one.text for one in asked]) @ topics.asked.T).max(axis=1).tolist()
    )
    return nearest


def product_questions(workspace: Workspace, encoder: TextEncoder) -> None:
    """What the thresholds in the code do."""
    asked = QUESTIONS["product"]
    with CatalogStore.open(workspace.database_url) as store:
        items = store.items(one["product"] for one in asked)
    found = [
        find_statement(items[one["product"]], one["question"], encoder.encode) for one in asked
    ]
    fields = [one.field if one else None for one in found]
    print(f"product questions: {counts([one['field'] for one in asked], fields)}")


def counts(wanted: Sequence[object], found: Sequence[object]) -> str:
    """How many fields are the wanted ones, others, or found where there is none, to print."""
    pairs = list(zip(wanted, found, strict=True))
    told = [(one, got) for one, got in pairs if one is not None]
    right = sum(one == got for one, got in told)
    elsewhere = sum(got is not None and one != got for one, got in told)
    false = sum(got is not None for one, got in pairs if one is None)
    silent = len(pairs) - len(told)
    return f"{right} of {len(told)} right, {elsewhere} elsewhere, {false} of {silent} false"


if __name__ == "__main__":
    main()
