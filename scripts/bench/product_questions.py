"""German and Chinese questions about products of the demo store, answered from English texts.

    python scripts/bench/product_questions.py

The 160 questions of ``product_questions.jsonl``, four of each of forty products, were written by
somebody who saw the products' fields and texts alone; ``field`` is where the catalogue answers,
``null`` where it does not. The threshold was chosen on the half called fit.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from llmrec import Workspace
from llmrec.agent.tools import asked_fields
from llmrec.agent.tools.asked_fields import Statement, find_statement
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding import load_encoder
from llmrec.embedding.languages import ENGLISH_ENCODER
from llmrec.embedding.universal import UniversalEncoder
from llmrec.ingest import ingest_items
from llmrec.types import Item

LINES = (Path(__file__).parent / "product_questions.jsonl").read_text(encoding="utf-8").splitlines()
QUESTIONS = [json.loads(line) for line in LINES]
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4)

Answer = Callable[[Item, str], Statement | None]


def main() -> None:
    """Print what is answered rightly, wrongly and without an answer, by threshold."""
    english, beside = load_encoder(ENGLISH_ENCODER), UniversalEncoder()
    with tempfile.TemporaryDirectory() as folder:
        items = _items(Path(folder))
    print("| language | half | threshold | right | wrong | silent | of | false | of |")
    print("|---|---|---|---|---|---|---|---|---|")
    _print_rows(
        items, "by names alone", lambda item, text: find_statement(item, text, english.encode)
    )
    for threshold in THRESHOLDS:
        with mock.patch.object(asked_fields, "_ENOUGH_BESIDE", threshold):
            _print_rows(
                items,
                f"{threshold}",
                lambda item, text: find_statement(item, text, english.encode, beside.encode),
            )


def _items(folder: Path) -> Mapping[str, Item]:
    Workspace.init(folder)
    workspace = Workspace.open(folder)
    ingest_items(workspace, items_files())
    with CatalogStore.open(workspace.database_url) as store:
        return store.items({question["product"] for question in QUESTIONS})


def _print_rows(items: Mapping[str, Item], name: str, answer: Answer) -> None:
    for language in ("de", "zh"):
        for half in ("fit", "test"):
            rows = [q for q in QUESTIONS if (q["language"], q["half"]) == (language, half)]
            counts = Counter(_verdict(q, answer(items[q["product"]], q["question"])) for q in rows)
            answered = counts["right"] + counts["wrong"] + counts["silent"]
            print(
                f"| {language} | {half} | {name} | {counts['right']} | {counts['wrong']} "
                f"| {counts['silent']} | {answered} | {counts['false']} | {len(rows) - answered} |"
            )


def _verdict(question: Mapping[str, Any], statement: Statement | None) -> str:
    if question["field"] is None:
        return "none" if statement is None else "false"
    if statement is None:
        return "silent"
    is_text = question["field"] == "description"
    same = not is_text or question["sentence"].strip(" .") in statement.text
    return "right" if statement.field == question["field"] and same else "wrong"


if __name__ == "__main__":
    main()
