"""``llmrec eval`` end to end: runs, leaks, kills, comparisons; small models, small data."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from eval_data import make_folder, make_rows
from typer.testing import CliRunner, Result

from llmrec.cli.main import app
from llmrec.errors import ConfigError, DataError, LLMRecError

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def small_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    monkeypatch.setenv("LLMREC_MODELS__ENGINE", "scripted")
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def invoke() -> Invoke:
    def call(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["eval", *map(str, arguments)])
        if isinstance(result.exception, LLMRecError):
            raise result.exception
        assert result.exit_code == code, result.output + result.stderr
        return result

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "shop-data")


def record(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return loaded


def test_a_baseline_is_tuned_run_and_shown(invoke: Invoke, folder: Path, tmp_path: Path) -> None:
    result = invoke("run", "--data", folder, "--baseline", "item-knn", "--budget", 3, "-k", 5)
    assert "shop-data" in result.stdout and "item-knn" in result.stdout
    found = record(tmp_path / "runs" / "shop-data-item-knn-test")
    assert found["recommender"]["kind"] == "baseline"
    assert len(found["recommender"]["tuned"]["trials"]) == 3
    assert found["recommender"]["settings"] in [
        one["settings"] for one in found["recommender"]["tuned"]["trials"]
    ]
    assert found["ks"] == [5] and found["data"]["part"] == "test"


def test_lists_made_elsewhere_are_judged(invoke: Invoke, folder: Path, tmp_path: Path) -> None:
    """Lists that hold every target first, from a file: perfect, and named after the file."""
    from llmrec.eval import open_data

    cases = open_data(str(folder)).split.test
    lines = [json.dumps({"user": case.user, "ids": sorted(case.target_ids)}) for case in cases]
    file = tmp_path / "oracle.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    invoke("run", "--data", folder, "--answers", file, "-k", 5)
    found = record(tmp_path / "runs" / "shop-data-oracle-test")
    assert found["metrics"]["ndcg@5"]["mean"] == 1.0
    assert found["recommender"]["kind"] == "other"
    invoke("run", "--data", folder, "--answers", file, "--baseline", "popular", code=2)


def test_the_main_path_and_its_retriever_are_compared(
    invoke: Invoke, folder: Path, tmp_path: Path
) -> None:
    ask = ("run", "--data", folder, "--users", 20, "--candidates", 10, "-k", 5, "-k", 10)
    result = invoke(*ask, "--out", "main", "--llm-weight", 0.2)
    assert "20 of 30 users" in result.stdout
    main = record(tmp_path / "main")
    assert main["recommender"]["settings"]["retrieval"]["candidates"] == 10
    assert main["llm"]["lift"]["users"] == 20
    assert main["data"]["sampled"] is True and main["latency"]["stages"]["rank"] > 0
    invoke(*ask, "--out", "bare", "--no-llm")
    assert record(tmp_path / "bare")["llm"] is None
    invoke(*ask, "--out", "heavy", "--llm-weight", "1", "--name", "heavy")
    heavy = record(tmp_path / "heavy")
    assert heavy["latency"] is None
    assert any("came out of a cache" in note for note in heavy["notes"])
    compared = invoke(
        "compare", "main", "bare", "heavy", "--metric", "ndcg@5", "--against", "retriever",
        "--markdown", "out.md",
    )  # fmt: skip
    assert "ndcg@5: heavy" in compared.stdout.replace("\n", " ")
    assert "## Comparisons" in (tmp_path / "out.md").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="-k 20 is more than the 10 candidates"):
        invoke(*ask, "-k", 20, "--out", "more")


def test_all_baselines_named_are_run_and_read_again(
    invoke: Invoke, folder: Path, tmp_path: Path
) -> None:
    ask = ("baselines", "--data", folder, "popular", "ease", "--budget", 2, "-o", "b", "-k", 10)
    first = invoke(*ask)
    assert "popular" in first.stdout and "adjusted p" in first.stdout.replace("\n", " ")
    before = (tmp_path / "b" / "ease" / "run.json").read_bytes()
    with pytest.raises(DataError, match="holds a finished run"):
        invoke(*ask)
    (tmp_path / "b" / "popular" / "run.json").unlink()
    again = invoke(*ask, "--resume")
    assert again.stdout.startswith(first.stdout)
    assert (tmp_path / "b" / "ease" / "run.json").read_bytes() == before
    with pytest.raises(ConfigError, match="no baseline called 'magic'"):
        invoke("baselines", "--data", folder, "magic")
    shown = invoke("report", "b/popular", "b/ease", "--markdown", "r.md")
    assert "ease" in shown.stdout and (tmp_path / "r.md").is_file()


def test_a_shop_is_evaluated_on_its_own_events(
    invoke: Invoke, folder: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    runner = CliRunner()
    for line in (
        ["init", str(shop)],
        ["ingest", "items", str(folder / "items.parquet"), "-w", str(shop)],
        ["ingest", "events", str(folder / "interactions.parquet"), "-w", str(shop)],
        ["index", "-w", str(shop)],
    ):
        assert runner.invoke(app, line).exit_code == 0
    invoke("run", "--data", shop, "--retriever-only")
    found = record(shop / "runs" / "shop-retriever-test")
    assert found["data"]["protocol"] == "leave-one-out" and found["data"]["users"] == 30
    invoke("run", "--data", shop, "--retriever-only", "--protocol", "global-time", "--out", "time")
    assert record(tmp_path / "time")["data"]["protocol"] == "global-time"


def planted(kind: str) -> tuple[list[dict[str, Any]], int, str, str]:
    """Rows with one leak; the row that must be named, its field, and what must be said."""
    rows = make_rows(users=4)
    at = {one["split"]: place for place, one in enumerate(rows) if one["user_id"] == "u002"}
    test, train = rows[at["test"]], next(r for r in rows if r["user_id"] == "u002")
    if kind == "test event in training":
        rows.append({**test, "timestamp": train["timestamp"] - 9, "position": -1, "split": "train"})
        return rows, at["test"] + 1, "item_id", "is also among the user's training events"
    if kind == "same event in two parts":
        rows.append({**test, "split": "train"})
        return rows, len(rows), "split", "also stands in another part"
    if kind == "target in the history":
        test["item_id"] = rows[at["valid"]]["item_id"]
        return rows, at["test"] + 1, "item_id", "is in the history that is shown"
    if kind == "duplicate row":
        rows.append(dict(train))
        return rows, len(rows), "", "duplicate of an earlier one"
    if kind == "duplicate event":
        for place, row in enumerate(rows):
            row["price"] = place
        rows.append({**train, "price": 999})
        return rows, len(rows), "item_id", "the same item at the same moment twice"
    if kind == "duplicate target":
        rows.append({**test, "timestamp": test["timestamp"] + 1, "position": 99})
        return rows, len(rows), "item_id", "is a duplicate"
    if kind == "time travel":
        train["timestamp"] = test["timestamp"] + 5
        return rows, rows.index(train) + 1, "timestamp", "from after the validation target"
    if kind == "time travel by position":
        for row in rows:
            del row["timestamp"]
        train["position"] = 99
        return rows, rows.index(train) + 1, "position", "from after the validation target"
    raise AssertionError(kind)


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize(
    "kind",
    [
        "test event in training",
        "same event in two parts",
        "target in the history",
        "duplicate row",
        "duplicate event",
        "duplicate target",
        "time travel",
        "time travel by position",
    ],
)
def test_each_planted_leak_is_refused_with_its_row(
    invoke: Invoke, tmp_path: Path, kind: str, form: str
) -> None:
    rows, row, field, message = planted(kind)
    file = tmp_path / f"leaky.{form}"
    frame = pd.DataFrame(rows)
    if form == "csv":
        frame.to_csv(file, index=False)
        row += 1  # the header is row 1
    else:
        frame.to_parquet(file)
    with pytest.raises(DataError, match=message) as caught:
        invoke("run", "--data", file, "--baseline", "popular")
    error = caught.value
    assert (error.file, error.row, error.field or "") == (str(file), row, field)
    assert error.hint
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("late", "part", "message"),
    [
        ("train", "valid", "The training event .* is not before the first validation target"),
        ("valid", "test", "The validation event .* is not before the first test target"),
    ],
)
def test_the_future_in_a_split_by_time_is_refused_with_its_row(
    invoke: Invoke, tmp_path: Path, late: str, part: str, message: str
) -> None:
    days = {"train": 1, "valid": 2, "test": 3}
    rows = [
        {"user_id": u, "item_id": f"{u}{p}", "timestamp": 1_700_000_000 + 86_400 * d, "split": p}
        for u in "abc"
        for p, d in days.items()
    ]
    # A user of her own: no history of anybody runs past its target, and still it is the future.
    beyond = 1_700_000_000 + 86_400 * days[part] + 60
    rows.append({"user_id": "z", "item_id": "new", "timestamp": beyond, "split": late})
    pd.DataFrame(rows).to_parquet(tmp_path / "leaky.parquet")
    with pytest.raises(DataError, match=message) as caught:
        invoke(
            "run", "--data", "leaky.parquet", "--protocol", "given-time", "--baseline", "popular"
        )
    assert (caught.value.row, caught.value.field) == (10, "timestamp")


def test_leaks_leave_with_an_error_and_no_traceback(tmp_path: Path) -> None:
    rows, row, _, message = planted("target in the history")
    pd.DataFrame(rows).to_parquet(tmp_path / "leaky.parquet")
    command = [sys.executable, "-m", "llmrec.cli", "eval", "run", "--baseline", "popular"]
    done = subprocess.run(
        [*command, "--data", "leaky.parquet"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"leaky.parquet, row {row}, field 'item_id'" in done.stderr
    assert message in done.stderr.replace("\n", " ") and "What to do:" in done.stderr


def test_repeats_and_order_are_options(invoke: Invoke, tmp_path: Path) -> None:
    rows, _, _, _ = planted("target in the history")
    make_folder(tmp_path / "again", rows)
    result = invoke("run", "--data", "again", "--baseline", "popular", "--repeats", "drop")
    assert "1 of 8 targets were bought before and left out" in result.stdout.replace("\n", " ")
    rows, row, _, _ = planted("time travel")
    rows[row - 1]["timestamp"] = 10**15
    make_folder(tmp_path / "odd", rows)
    with pytest.raises(DataError, match=f"row {row}, field 'timestamp'") as caught:
        invoke("run", "--data", "odd", "--baseline", "popular")
    assert "--order position" in caught.value.hint
    invoke("run", "--data", "odd", "--baseline", "popular", "--order", "position")


def test_options_that_exclude_each_other_are_refused(invoke: Invoke, folder: Path) -> None:
    invoke("run", "--data", folder, "--baseline", "popular", "--no-llm", code=2)


@pytest.mark.parametrize("command", ["run", "baselines", "compare", "report"])
def test_every_help_has_an_example(invoke: Invoke, command: str) -> None:
    assert "Example" in invoke(command, "--help").stdout
