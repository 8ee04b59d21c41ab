"""Forty-two questions about products of the demo store, with the real encoder.

In the golden file ``field`` is where the catalogue answers, ``null`` where it does not say;
``found`` and ``text`` are what came back. None of these was looked at when the thresholds were
fitted.
"""

import json
from pathlib import Path

import pytest

from llmrec import Workspace
from llmrec.agent.tools.asked_fields import find_statement
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding import SentenceEncoder
from llmrec.ingest import ingest_items

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).parents[1] / "golden" / "product_questions.json"
ASKED = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers(minilm, tmp_path_factory):
    workspace = Workspace.init(tmp_path_factory.mktemp("demo") / "shop")
    ingest_items(workspace, items_files())
    encoder = SentenceEncoder("minilm-l6-v2", minilm)
    with CatalogStore.open(workspace.database_url) as store:
        items = store.items(one["product"] for one in ASKED)
    return [find_statement(items[one["product"]], one["question"], encoder.encode) for one in ASKED]


def test_every_answer_is_the_one_that_is_known(answers):
    now = [
        {**one, "found": found and found.field, "text": found and found.text}
        for one, found in zip(ASKED, answers, strict=True)
    ]
    assert now == ASKED


def test_what_is_answered_rightly_and_wrongly(answers):
    pairs = [
        (one["field"], found and found.field) for one, found in zip(ASKED, answers, strict=True)
    ]
    told = [pair for pair in pairs if pair[0]]
    silent = [pair for pair in pairs if not pair[0]]
    right = sum(field == found for field, found in told)
    wrong = sum(found is not None and field != found for field, found in told)
    false = sum(found is not None for _, found in silent)
    assert (len(told), right, wrong) == (30, 28, 0)
    assert (len(silent), false) == (12, 2)
