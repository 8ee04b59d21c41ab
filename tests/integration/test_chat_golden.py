"""Golden transcripts: each conversation, replayed on the real default models, writes itself again.

To write them anew after a change that is meant, and then to read the difference::

    LLMREC_WRITE_GOLDEN=1 python -m pytest tests/integration/test_chat_golden.py
"""

import os
import shutil
from pathlib import Path

import pytest

from llmrec import Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.transcript import read_script, replayed
from llmrec.catalog.store import CatalogStore
from llmrec.cli.chat_actions import action_of
from llmrec.demo import documents_files, events_file, items_files
from llmrec.documents import index_documents
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index

pytestmark = pytest.mark.integration

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "chat").glob("*.md"))
# One written reason and ten candidates for each answer: the same path in half the time.
SETTINGS = {
    "models": {"engine": "transformers"},
    "explain": {"top": 1},
    "retrieval": {"candidates": 10},
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory, smollm2, minilm):
    workspace = Workspace.init(tmp_path_factory.mktemp("chat") / "shop")
    ingest_items(workspace, items_files())
    ingest_events(workspace, [events_file()])
    encoder = load_encoder(workspace.settings.models.encoder)
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, encoder)
    (workspace.path / "documents").mkdir(exist_ok=True)
    for file in documents_files():
        shutil.copy(file, workspace.path / "documents")
    index_documents(workspace, encoder)
    with Recommender.open(workspace.path, overrides=SETTINGS) as shop:
        yield Agent(shop)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_conversation_goes_as_it_is_written(agent, path):
    golden = path.read_text("utf-8")
    said = "\n".join(replayed(agent, read_script(golden), actions=action_of)) + "\n"
    if os.environ.get("LLMREC_WRITE_GOLDEN"):
        path.write_text(said, "utf-8")
    assert said == golden


def test_the_conversations_use_every_tool_in_three_languages():
    from llmrec.agent.tools import TOOLS

    everything = "".join(path.read_text("utf-8") for path in GOLDEN)
    assert all(f"\n*{name}: " in everything for name in TOOLS)
    assert all(word in everything for word in ("Found for", "Gefunden zu", "的结果"))
