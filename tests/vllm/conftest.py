"""Tests with a real vLLM; ``make test-vllm`` runs them in an environment that has it.

vLLM leaves its sockets for Python to close, which warns of it at any time later: run by hand, they
want ``pytest -W ignore:Unclosed:ResourceWarning``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

# This folder is on the import path as "vllm" too, but has no origin.
_vllm = importlib.util.find_spec("vllm")
INSTALLED = _vllm is not None and _vllm.origin is not None
collect_ignore_glob = [] if INSTALLED else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.vllm)


@pytest.fixture(scope="session")
def tiny_engine(tiny_model: Path) -> Iterator[object]:
    """vLLM with the tiny Llama, in float32."""
    yield from _engine(str(tiny_model), context=1024)


@pytest.fixture(scope="session")
def smollm2_engine(smollm2: Path) -> Iterator[object]:
    """vLLM with the default language model, in float32."""
    yield from _engine("smollm2-135m-instruct", context=2048)


def _engine(model: str, context: int) -> Iterator[object]:
    from llmrec.config import EngineSettings
    from llmrec.engines import load_engine

    # Three adapters, as the contract loads, take three of the four slots.
    settings = EngineSettings(
        device="cpu", precision="fp32", context=context, batch=16, max_adapters=3
    )
    engine = load_engine("vllm", model, settings)
    yield engine
    engine.close()
