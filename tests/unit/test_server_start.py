"""What is missing when the server starts, or is in use by another program, and how that mends."""

import time
from dataclasses import replace

import pytest
from filelock import FileLock
from openai_server import OpenAIServer
from serving import MODELS, new_shop, serving

from llmrec.catalog.keys import KeyStore
from llmrec.catalog.locks import LOCK_NAME
from llmrec.catalog.store import CatalogStore
from llmrec.config import EngineSettings, Workspace
from llmrec.engines import load_engine
from llmrec.errors import IndexMismatch
from llmrec.server.shop import Shop


def test_what_was_stored_but_not_indexed_is_indexed_at_the_start(tmp_path):
    workspace = new_shop(tmp_path)
    with serving(workspace):
        pass
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items([replace(store.item("i0001"), id="late", title="ivory astrolabe")])
    with serving(workspace) as ask:
        answer = ask("POST", "/v1/recommend", json={"query": "ivory astrolabe", "k": 1}).json()
    first = answer["recommendations"][0]
    assert first["item"]["id"] == "late" and "source:query" in first["scores"]


def test_while_another_program_indexes_nothing_is_written_and_reading_goes_on(tmp_path):
    workspace = new_shop(tmp_path)
    with serving(workspace) as ask, FileLock(workspace.path / LOCK_NAME):
        put = ask("PUT", "/v1/items/new", json={"title": "Spade"})
        assert (put.status_code, put.json()["error"]["code"]) == (503, "locked")
        assert "Retry-After" in put.headers
        assert ask("GET", "/v1/items/new").status_code == 404
        assert ask("POST", "/v1/recommend", json={"k": 1}).is_success


def test_keys_can_be_listed_while_somebody_writes(tmp_path):
    url = new_shop(tmp_path, items=5).database_url
    with (
        KeyStore.open(url) as keys,
        keys._database.write(),
        KeyStore.open(url, timeout=0.1) as other,
    ):
        assert other.list() == []


def test_a_server_starts_before_its_model_server_and_mends_by_itself(tmp_path, tiny_model):
    backend = load_engine("transformers", str(tiny_model), EngineSettings())
    with OpenAIServer(backend) as model_server:
        url = model_server.url
        model_server.stop()
        made = new_shop(tmp_path)
        overrides = {
            "models": {**MODELS["models"], "engine": "openai", "llm": str(tiny_model)},
            "engine": {"url": url, "served_model": "tiny", "retry_s": 0},
        }
        workspace = Workspace.open(made.path, overrides=overrides)
        with serving(workspace, own_engine=True) as ask:
            away = ask("GET", "/readyz")
            assert (away.status_code, away.json()["error"]["code"]) == (503, "model_unavailable")
            assert ask("POST", "/v1/search", json={"query": "lamp"}).is_success
            body = {"k": 1, "explain": False}
            assert ask("POST", "/v1/recommend", json=body).status_code == 503
            model_server.start()
            while not ask("GET", "/readyz").is_success:
                time.sleep(0.05)
            assert ask("POST", "/v1/recommend", json=body).json()["recommendations"]


def test_what_does_not_mend_by_itself_ends_the_start(tmp_path, minilm):
    workspace = new_shop(tmp_path, items=5)
    with serving(workspace):
        pass
    another = {"models": {"encoder": str(minilm), "engine": "scripted"}}
    shop = Shop(Workspace.open(workspace.path, overrides=another))
    with pytest.raises(IndexMismatch):
        shop.open()
    shop.close()
