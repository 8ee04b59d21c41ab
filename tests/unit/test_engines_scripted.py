"""The scripted engine: the contract, and what it promises to other tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from contract.engine_contract import SCHEMA, EngineContract, StepwiseContract, prompts_for

from llmrec.engines import Grammar, JsonSchema, ScriptedEngine, load_engine
from llmrec.errors import EngineError, EngineUnavailable


class TestScripted(StepwiseContract, EngineContract):
    @pytest.fixture
    def engine(self) -> ScriptedEngine:
        return ScriptedEngine(context_window=512)

    @pytest.fixture
    def adapter_folders(self, tmp_path: Path) -> tuple[Path, Path]:
        folders = tmp_path / "first", tmp_path / "second"
        for folder in folders:
            folder.mkdir()
            (folder / "adapter_config.json").write_text("{}")
        return folders

    def test_a_text_is_json_of_the_schema(self) -> None:
        said = '{"kind": "tea", "gift": true}'
        engine = ScriptedEngine(generate=[said])
        schema = JsonSchema(SCHEMA)
        assert engine.generate(["x"], max_tokens=64, constraint=schema) == [said]

    def test_a_text_is_a_word_of_the_grammar(self) -> None:
        engine = ScriptedEngine(generate=["rake and ab"])
        grammar = Grammar('start: "rake and " /[a-c]+/')
        assert engine.generate(["x"], max_tokens=8, constraint=grammar) == ["rake and ab"]

    def test_a_grammar_that_is_none_is_refused(self) -> None:
        with pytest.raises(EngineError, match="empty"):
            Grammar(" ")


def test_ranks_by_overlap_with_the_history() -> None:
    engine = ScriptedEngine()
    kettle, tea, garden = engine.score_labels(prompts_for(engine), [("A", "B", "C")] * 3)
    assert kettle.argmax() == 2
    assert garden.argmax() == 1
    assert tea[1] == tea.min()


def test_scores_and_texts_can_be_given() -> None:
    engine = ScriptedEngine(
        score=lambda prompt, labels: [len(labels) - place for place in range(len(labels))],
        generate=["first", "second"],
        temperature=1.0,
    )
    (scores,) = engine.score_labels(["Answer: ("], [("A", "B")])
    np.testing.assert_allclose(np.exp(scores), [0.7311, 0.2689], atol=1e-4)
    assert engine.generate(["x", "y", "z"], max_tokens=5) == ["first", "second", "first"]
    assert engine.prompts == ["Answer: (", "x", "y", "z"]
    echo = ScriptedEngine(generate=lambda prompt: prompt.upper())
    assert echo.generate(["tea pot"], max_tokens=1) == ["TEA"]


def test_fails_when_told_to_and_only_where() -> None:
    engine = ScriptedEngine(fail_with=EngineUnavailable("down"), fail_on=["score_labels"])
    with pytest.raises(EngineUnavailable):
        engine.score_labels(["("], [("A",)])
    assert engine.generate(["x"], max_tokens=3)
    assert engine.forward_passes == 0
    engine.fail_with = None
    assert engine.score_labels(["("], [("A",)])[0] == pytest.approx(0.0)


def test_is_loaded_by_name() -> None:
    assert load_engine("scripted", "any").model == "any"
