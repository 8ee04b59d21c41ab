"""What the thresholds of questions were fitted on, and what they do there.

    .venv/bin/python scripts/bench/questions.py

The questions are in ``questions.json`` beside this file; ``null`` is where nothing answers them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llmrec import Workspace
from llmrec.agent.tools.asked_fields import find_statement
from llmrec.catalog.store import CatalogStore
from llmrec.demo import documents_files, items_files
from llmrec.documents import Documents, index_documents, read_documents
from llmrec.embedding import TextEncoder, load_encoder
from llmrec.ingest import ingest_items

QUESTIONS = json.loads((Path(__file__).parent / "questions.json").read_text(encoding="utf-8"))


def main() -> None:
    encoder = load_encoder("minilm-l6-v2")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "shop")
        (workspace.path / "documents").mkdir()
        for file in documents_files():
            shutil.copy(file, workspace.path / "documents")
        ingest_items(workspace, items_files())
        shop_questions(workspace, encoder)
        product_questions(workspace, encoder)


def shop_questions(workspace: Workspace, encoder: TextEncoder) -> None:
    """By threshold the answers that are right, elsewhere and false; and ranking by passages."""
    index_documents(workspace, encoder)
    asked = QUESTIONS["shop"]
    overrides = {"documents": {"threshold": -1.0}}
    documents = Documents(Workspace.open(workspace.path, overrides=overrides), encoder)
    found = [documents.ask(one["question"]) for one in asked]
    documents.close()
    for threshold in np.arange(0.36, 0.53, 0.02):
        got = [one if one and one.score >= threshold else None for one in found]
        places = [(one.file, one.headings[-1]) if one else None for one in got]
        print(f"shop questions, threshold {threshold:.2f}: {counts(asked_places(asked), places)}")
    print(
        f"best passage, by sentences: {top(asked, [(f.file, f.headings[-1]) for f in found if f])}"
    )
    print(f"best passage, by passages: {top(asked, by_passage(workspace, encoder, asked))}")


def by_passage(
    workspace: Workspace, encoder: TextEncoder, asked: Sequence[dict[str, Any]]
) -> list[tuple[str, str]]:
    """Where the nearest passage stands, for each question."""
    documents = read_documents(workspace.path / "documents")
    passages = [(document.name, one) for document in documents for one in document.passages]
    vectors = encoder.encode([one.text for _, one in passages])
    scores = encoder.encode([one["question"] for one in asked]) @ vectors.T
    best = (passages[index] for index in scores.argmax(axis=1))
    return [(name, passage.headings[-1]) for name, passage in best]


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


def asked_places(asked: Sequence[dict[str, Any]]) -> list[tuple[str, str] | None]:
    return [(one["file"], one["heading"]) if one["file"] else None for one in asked]


def top(asked: Sequence[dict[str, Any]], places: Sequence[tuple[str, str]]) -> str:
    wanted = asked_places(asked)
    right = sum(one == place for one, place in zip(wanted, places, strict=True))
    return f"{right} of {sum(one is not None for one in wanted)}"


def counts(wanted: Sequence[object], found: Sequence[object]) -> str:
    pairs = list(zip(wanted, found, strict=True))
    told = [(one, got) for one, got in pairs if one is not None]
    right = sum(one == got for one, got in told)
    elsewhere = sum(got is not None and one != got for one, got in told)
    false = sum(got is not None for one, got in pairs if one is None)
    silent = len(pairs) - len(told)
    return f"{right} of {len(told)} right, {elsewhere} elsewhere, {false} of {silent} false"


if __name__ == "__main__":
    main()
