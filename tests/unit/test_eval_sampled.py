"""Ranking among sampled items: the draw, what stays of a list, and that every report says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from eval_data import make_folder
from typer.testing import CliRunner

from llmrec.cli.main import app
from llmrec.errors import DataError
from llmrec.eval import EvalData, evaluate, open_data
from llmrec.eval.judging.sampled import SampledItems
from llmrec.eval.report import markdown
from llmrec.eval.runs.comparing import compare_runs
from llmrec.eval.runs.record import read_run


@pytest.fixture
def data(tmp_path: Path) -> EvalData:
    return open_data(str(make_folder(tmp_path / "shop-data")))


class Alphabet:
    """Ranks the whole catalogue by id, without the history."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = sorted(ids)

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[list[str]]:
        return [[id for id in self.ids if id not in set(history)][:k] for history in histories]


def test_negatives_are_neither_targets_nor_history_and_the_same_for_everybody(
    data: EvalData,
) -> None:
    sampled = SampledItems(data.items.ids, 10, seed=1)
    for case in data.split.test:
        drawn = sampled.drawn(case)
        assert len(set(drawn)) == 10
        assert not set(drawn) & {*case.target_ids, *case.history_ids}
        assert drawn == SampledItems(list(data.items.ids), 10, seed=1).drawn(case)
    case = data.split.test[0]
    assert sampled.drawn(case) != SampledItems(data.items.ids, 10, seed=2).drawn(case)


def test_a_target_keeps_its_place_among_the_drawn(data: EvalData) -> None:
    """Against the definition, case by case: one more than the drawn ids that come before it."""
    result = evaluate(Alphabet(data.items.ids), data, (1, 5, 11), negatives=10, seed=4)
    sampled = SampledItems(data.items.ids, 10, seed=4)
    for place, case in enumerate(result.cases):
        target = min(case.target_ids)
        rank = 1 + sum(one < target for one in sampled.drawn(case))
        assert result.per_user["mrr@11"][place] == pytest.approx(1 / rank)
    assert result.means["hit@11"] == 1
    full = evaluate(Alphabet(data.items.ids), data, (1, 5, 11), seed=4)
    assert full.means["hit@5"] < result.means["hit@5"]


def test_what_was_not_listed_gets_no_rank(data: EvalData) -> None:
    class Silent:
        def recommend_many(self, histories: Sequence[Any], *, k: int) -> list[list[str]]:
            return [[] for _ in histories]

    assert evaluate(Silent(), data, (5,), negatives=10).means["hit@5"] == 0


@pytest.mark.parametrize("negatives", [0, -1, 10_000])
def test_an_impossible_number_is_refused(data: EvalData, negatives: int) -> None:
    with pytest.raises(DataError, match="negatives cannot be drawn from 40 items"):
        evaluate(Alphabet(data.items.ids), data, (5,), negatives=negatives)


def test_a_split_alone_has_nothing_to_draw_from(data: EvalData) -> None:
    with pytest.raises(DataError, match="drawn from a catalogue"):
        evaluate(Alphabet(data.items.ids), data.split, (5,), negatives=10)


def test_every_form_says_sampled_and_no_lists_are_described(
    data: EvalData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = evaluate(Alphabet(data.items.ids), data, (5,), negatives=10)
    assert "SAMPLED" in str(result) and result.to_dict()["negatives"] == 10
    assert result.beyond == {} and result.popularity_scatter == []
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(
        app,
        "eval baselines popular transitions --data shop-data --budget 2 --negatives 10 -o runs "
        "--html page.html",
    )
    assert shown.exit_code == 0, shown.output
    assert "SAMPLED RANKING" in shown.stdout
    assert "SAMPLED RANKING" in (tmp_path / "page.html").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "runs" / "popular" / "run.json").read_text("utf-8"))
    assert record["data"]["negatives"] == 10 and record["beyond"] == {}
    assert "SAMPLED RANKING" in markdown([read_run(tmp_path / "runs" / "popular")])


def test_sampled_and_full_runs_are_not_compared(
    data: EvalData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, more in (("popular", ""), ("transitions", "--negatives 10")):
        done = CliRunner().invoke(
            app,
            f"eval run --data shop-data --baseline {name} --budget 1 {more} -o runs/{name}",
        )
        assert done.exit_code == 0, done.output
    with pytest.raises(DataError, match="different sets of items"):
        compare_runs([read_run(tmp_path / "runs" / name) for name in ("popular", "transitions")])


def test_the_main_path_is_not_sampled(data: EvalData, tmp_path: Path) -> None:
    refused = CliRunner().invoke(
        app, ["eval", "run", "--data", str(tmp_path / "shop-data"), "--negatives", "10"]
    )
    assert refused.exit_code == 2 and "--baseline" in refused.output
