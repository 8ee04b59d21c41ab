"""The research data sets through the command line: splits, figures, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmrec.cli.main import app
from llmrec.errors import DataError
from llmrec.eval import EvalData, open_data

pytestmark = [pytest.mark.integration, pytest.mark.shared_data]


@pytest.fixture(autouse=True)
def small_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))


def evaluated(out: Path, *arguments: object) -> dict[str, Any]:
    line = ["eval", "run", "--out", str(out), *map(str, arguments)]
    result = CliRunner().invoke(app, line, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return loaded


def test_masked_popularity_on_amazon_beauty_gives_the_published_figures(
    shared_data: Path, tmp_path: Path
) -> None:
    found = evaluated(
        tmp_path / "run", "--data", shared_data / "amazon14_beauty", "--baseline", "popular"
    )
    assert round(found["metrics"]["hit@5"]["mean"], 4) == 0.0077
    assert round(found["metrics"]["hit@10"]["mean"], 4) == 0.0135
    assert found["data"]["users"] == found["data"]["of_users"] == 22_363
    assert (found["data"]["items"], found["data"]["events"]) == (12_101, 198_502)
    assert not found["data"]["sampled"]


@pytest.mark.parametrize(
    ("name", "options", "counts"),
    [
        ("amazon14_beauty", {}, ("given", 12_101, 153_776, 22_363, 22_363)),
        ("ml_latest_small", {"order": "position"}, ("given", 3_650, 89_054, 610, 610)),
        ("online_retail", {"repeats": "drop"}, ("given-time", 3_659, 260_239, 1_301, 1_813)),
        ("minionerec_office", {"repeats": "drop"}, ("given-time", 3_459, 11_897, 1_787, 2_015)),
    ],
)
def test_every_set_opens_with_the_options_that_it_needs(
    shared_data: Path, name: str, options: Any, counts: tuple[Any, ...]
) -> None:
    data: EvalData = open_data(shared_data / name, **options)
    split = data.split
    sizes = (len(data.items), len(split.train), len(split.valid), len(split.test))
    assert (split.protocol, *sizes) == counts
    assert not any("not in the catalogue" in note for note in data.notes)


@pytest.mark.parametrize(
    ("name", "message", "option"),
    [
        ("ml_latest_small", "row 499, field 'timestamp'", "--order position"),
        ("online_retail", "row [0-9]+, field 'item_id'", "--repeats drop"),
        ("minionerec_industrial", "row 8489, field 'item_id'", "--repeats drop"),
    ],
)
def test_without_them_the_row_and_the_option_are_named(
    shared_data: Path, name: str, message: str, option: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_data(shared_data / name)
    assert option in caught.value.hint


@pytest.mark.parametrize(
    ("name", "valid", "test"),
    [("minionerec_office", 4_866, 4_866), ("minionerec_industrial", 4_532, 4_533)],
)
def test_rows_with_their_own_histories_are_cases(
    shared_data: Path, name: str, valid: int, test: int
) -> None:
    with pytest.raises(DataError, match=r"valid\.parquet, row [0-9]+, field 'item_id'"):
        open_data(shared_data / name, protocol="given-rows")
    data = open_data(shared_data / name, protocol="given-rows", repeats="drop")
    assert 0.9 * valid < len(data.split.valid) < valid
    assert 0.9 * test < len(data.split.test) < test
    assert max(len(case.history) for case in data.split.test) == 10


def test_warm_and_cold_stand_apart_on_a_split_by_time(shared_data: Path, tmp_path: Path) -> None:
    found = evaluated(
        tmp_path / "run",
        *("--data", shared_data / "online_retail", "--repeats", "drop", "--baseline", "popular"),
        *("--users", 400),
    )
    slices = found["slices"]
    users = {one["name"]: one["users"] for one in slices["users"]}
    assert users.keys() == {"warm", "cold"} and sum(users.values()) == 400
    items = {one["name"]: one["metrics"]["hit@10"]["mean"] for one in slices["items"]}
    assert items["cold"] == 0 < items["warm"]


def test_the_retriever_alone_runs_over_training_events(shared_data: Path, tmp_path: Path) -> None:
    found = evaluated(
        tmp_path / "run",
        *("--data", shared_data / "ml_latest_small", "--order", "position", "--no-llm"),
        *("--users", 100, "--workspace", tmp_path / "eval"),
    )
    assert found["data"]["sampled"] and found["data"]["users"] == 100
    assert 0.01 < found["metrics"]["hit@20"]["mean"] < 0.5
    assert (tmp_path / "eval" / "catalog-test.db").is_file()
