"""Run folders: written as answers come, killed, gone on with, refused where they do not fit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from eval_data import make_folder, make_rows

from llmrec.errors import DataError, LockedError
from llmrec.eval import EvalData, PopularityBaseline, open_data
from llmrec.eval.runs.baseline import run_baseline
from llmrec.eval.runs.comparing import compare_runs
from llmrec.eval.runs.folder import RunFolder
from llmrec.eval.runs.record import RunPlan, read_run
from llmrec.eval.runs.runner import PlanOptions, make_plan, run

CHILD = """
import sys, time
from pathlib import Path
from llmrec.eval import PopularityBaseline, open_data
from llmrec.eval.runs.runner import PlanOptions, make_plan, run

class Slow(PopularityBaseline):
    def recommend_many(self, histories, *, k):
        time.sleep(0.05)
        return super().recommend_many(histories, k=k)

data = open_data(sys.argv[1])
plan = make_plan(data, {"name": "popular", "kind": "other"}, PlanOptions("slow", batch=4, depth=10))
run(Slow(data.split.known("test")), data, plan, Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvalData:
    rows = make_rows(users=200)
    return open_data(make_folder(tmp_path_factory.mktemp("runs") / "shop-data", rows))


@pytest.fixture
def plan(data: EvalData) -> RunPlan:
    return make_plan(
        data, {"name": "popular", "kind": "other"}, PlanOptions("slow", batch=4, depth=10)
    )


def popular(data: EvalData) -> PopularityBaseline:
    return PopularityBaseline(data.split.known("test"))


class Breaking(PopularityBaseline):
    """Fails at its ``at``-th call, as a machine does."""

    def __init__(self, data: EvalData, at: int) -> None:
        super().__init__(data.split.known("test"))
        self.left = at

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[list[str]]:
        self.left -= 1
        if not self.left:
            raise RuntimeError("pulled the plug")
        return super().recommend_many(histories, k=k)


def test_a_run_is_written_whole_and_read_back(data: EvalData, tmp_path: Path) -> None:
    plan = make_plan(
        data, {"name": "popular", "kind": "other"}, PlanOptions("pop", users=50, seed=4)
    )
    seen: list[tuple[int, int]] = []
    done = run(
        popular(data),
        data,
        plan,
        tmp_path / "run",
        notes=["a note"],
        progress=lambda *state: seen.append(state),
    )
    record = read_run(tmp_path / "run").record
    assert record == json.loads((tmp_path / "run" / "run.json").read_text()) == done.record
    assert record["version"] == 1 and record["name"] == "pop"
    assert record["data"]["sha256"] == data.sha256
    assert (record["data"]["users"], record["data"]["of_users"]) == (50, 200)
    assert record["data"]["sampled"] is True
    assert "a note" in record["notes"] and any("seed 4" in one for one in record["notes"])
    assert set(record["metrics"]) >= {"ndcg@10", "hit@5", "recall@20", "map@20"}
    assert record["metrics"]["ndcg@10"]["low"] <= record["metrics"]["ndcg@10"]["mean"]
    assert set(record["beyond"]) >= {"coverage@10", "gini@10", "novelty@10", "calibration@10"}
    assert set(record["slices"]) == {"history", "target popularity", "items", "users"}
    assert record["recall_curve"]["k"] == [1, 2, 5, 10, 20, 50, 100]
    assert record["latency"]["per_user_ms"]["p50"] <= record["latency"]["per_user_ms"]["p95"]
    assert len(record["popularity_scatter"]) == 40
    assert record["versions"]["numpy"] and record["machine"]["cores"]
    assert seen[0] == (0, 50) and seen[-1] == (50, 50)
    users = done.users()
    assert len(users) == 50 and not users["cold"].any()
    assert users["ndcg@10"].dtype == "float64"
    assert users["ndcg@10"].mean() == pytest.approx(record["metrics"]["ndcg@10"]["mean"])
    answers = done.answers()
    assert [answer.user for answer in answers] == list(users["user"])
    assert all(len(answer.ids) > 20 and answer.ms is not None for answer in answers)


def test_killed_in_the_middle_it_goes_on_to_the_same_numbers(
    data: EvalData, plan: RunPlan, tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "shop-data", make_rows(users=200))
    out = tmp_path / "killed"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder), str(out)])
    try:
        answers, limit = out / "answers.jsonl", time.monotonic() + 60
        while not answers.exists() or answers.read_bytes().count(b"\n") < 20:
            assert child.poll() is None and time.monotonic() < limit
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    left = answers.read_bytes().count(b"\n")
    assert 20 <= left < 200 and not (out / "run.json").exists()
    with pytest.raises(DataError, match="is not finished") as caught:
        read_run(out)
    assert "--resume" in caught.value.hint
    resumed = run(popular(data), data, plan, out, resume=True)
    straight = run(popular(data), data, plan, tmp_path / "straight")
    for part in ("metrics", "beyond", "slices", "recall_curve", "popularity_scatter"):
        assert resumed.record[part] == straight.record[part]
    pd.testing.assert_frame_equal(resumed.users(), straight.users())
    assert resumed.answers()[0].ids == straight.answers()[0].ids
    assert any("2 sessions" in note for note in resumed.record["notes"])
    assert resumed.record["seconds"] > 0.05


@pytest.mark.parametrize("torn", [b'{"user": "u0', b'{"user": "u012", "ids": [], "ms": 1, "ll'])
def test_a_torn_last_line_and_a_half_batch_are_asked_again(
    data: EvalData, plan: RunPlan, tmp_path: Path, torn: bytes
) -> None:
    with pytest.raises(RuntimeError):
        run(Breaking(data, at=4), data, plan, tmp_path)
    answers = tmp_path / "answers.jsonl"
    lines = answers.read_bytes().splitlines(keepends=True)
    assert len(lines) == 12
    answers.write_bytes(b"".join(lines[:10]) + torn)
    asked: list[int] = []

    class Counting(PopularityBaseline):
        def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> Any:
            asked.append(len(histories))
            return super().recommend_many(histories, k=k)

    done = run(Counting(data.split.known("test")), data, plan, tmp_path, resume=True)
    assert len(asked) == 50 - 2
    assert len(done.answers()) == 200


def test_a_line_that_is_damaged_in_the_middle_is_refused_with_its_number(
    data: EvalData, plan: RunPlan, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        run(Breaking(data, at=4), data, plan, tmp_path)
    answers = tmp_path / "answers.jsonl"
    lines = answers.read_bytes().splitlines(keepends=True)
    answers.write_bytes(b"".join([*lines[:4], b"nonsense\n", *lines[5:]]))
    with pytest.raises(DataError, match=r"answers\.jsonl, row 5: the line is no answer"):
        run(popular(data), data, plan, tmp_path, resume=True)
    swapped = [lines[1], lines[0], *lines[2:]]
    answers.write_bytes(b"".join(swapped))
    with pytest.raises(DataError, match="row 1: the answer is for user 'u001', not for 'u000'"):
        run(popular(data), data, plan, tmp_path, resume=True)


def test_another_plan_is_refused_naming_what_differs(
    data: EvalData, plan: RunPlan, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        run(Breaking(data, at=2), data, plan, tmp_path)
    with pytest.raises(DataError, match="holds an unfinished run") as caught:
        run(popular(data), data, plan, tmp_path)
    assert "--resume" in caught.value.hint
    other = replace(plan, seed=7, ks=(5, 10))
    with pytest.raises(DataError, match=r"ks was \[5, 10, 20\].*; seed was 0 and is now 7"):
        run(popular(data), data, other, tmp_path, resume=True)
    settings = {**plan.recommender, "settings": {"weight": 0.2}}
    with pytest.raises(DataError, match=r"recommender\.settings\.weight was null and is now 0\.2"):
        run(popular(data), data, replace(plan, recommender=settings), tmp_path, resume=True)
    foreign = replace(plan, data={**plan.data, "sha256": "0" * 64})
    with pytest.raises(DataError, match="for other data"):
        run(popular(data), data, foreign, tmp_path, resume=True)


def test_a_finished_run_is_read_and_not_asked_again(
    data: EvalData, plan: RunPlan, tmp_path: Path
) -> None:
    first = run(popular(data), data, plan, tmp_path)
    with pytest.raises(DataError, match="holds a finished run"):
        run(popular(data), data, plan, tmp_path)
    assert run(Breaking(data, at=1), data, plan, tmp_path, resume=True).record == first.record


def test_folders_of_others_and_of_other_versions_are_refused(
    data: EvalData, plan: RunPlan, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(DataError, match=r"holds other things \(letter\.txt"):
        run(popular(data), data, plan, tmp_path)
    with pytest.raises(DataError, match="holds no run"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text('{"version": 2}')
    with pytest.raises(DataError, match="a run of version 2"):
        read_run(tmp_path)


def test_two_cannot_work_on_one_run(plan: RunPlan, tmp_path: Path) -> None:
    code = (
        "import sys, time; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    tmp_path.joinpath("run").mkdir()
    command = [sys.executable, "-c", code, str(tmp_path / "run" / "run.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        opened = RunFolder.open(tmp_path / "run", plan)
        with pytest.raises(LockedError, match="Another process works on the run"), opened:
            pass
        other.kill()


def test_answers_of_a_cache_have_no_times(data: EvalData, plan: RunPlan, tmp_path: Path) -> None:
    done = run(popular(data), data, plan, tmp_path, from_cache=lambda: True)
    assert done.record["latency"] is None
    assert any("came out of a cache" in one for one in done.record["notes"])


def test_runs_are_compared_over_their_users(data: EvalData, tmp_path: Path) -> None:
    class Oracle:
        def __init__(self) -> None:
            self.known = {case.history_ids: case.targets[0].item for case in data.split.test}

        def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[list[str]]:
            return [[self.known[tuple(history)]] for history in histories]

    def made(name: str, recommender: Any, seed: int = 0, part: str = "test") -> Any:
        plan = make_plan(data, {"name": name, "kind": "other"}, PlanOptions(part=part, seed=seed))
        return run(recommender, data, plan, tmp_path / f"{name}-{seed}-{part}")

    oracle, first = made("oracle", Oracle()), made("popular", popular(data))
    (ndcg, recall) = compare_runs([oracle, first])
    assert (ndcg.metric, recall.metric) == ("ndcg@10", "recall@10")
    assert ndcg.better == "oracle" and ndcg.low > 0.5
    again = made("popular", popular(data), seed=1)
    assert compare_runs([oracle, first, again])[0].spread_b == pytest.approx(0)
    with pytest.raises(DataError, match="same seed"):
        compare_runs([oracle, first, first])
    valid = made("valid", PopularityBaseline(data.split.train), part="valid")
    with pytest.raises(DataError, match="of different parts"):
        compare_runs([oracle, valid])
    with pytest.raises(DataError, match="two runs or more"):
        compare_runs([oracle])


def test_rows_are_compared_by_their_owners(tmp_path: Path) -> None:
    """Of a split by rows the table says whose each row is, and the tests go by it."""
    train = [{"user_id": f"u{n}", "item_id": "a", "timestamp": 0, "split": "train"} for n in (0, 1)]
    folder = tmp_path / "rows"
    folder.mkdir()
    pd.DataFrame(train).to_parquet(folder / "interactions.parquet")
    rows = [
        {"user_id": f"u{n % 2}", "history": ["a"], "item_id": f"i{n:02}", "timestamp": 9.0}
        for n in range(40)
    ]
    pd.DataFrame(rows[:2]).to_parquet(folder / "valid.parquet")
    pd.DataFrame(rows[2:]).to_parquet(folder / "test.parquet")
    data = open_data(folder, protocol="given-rows")

    class Listing:
        def __init__(self, *ids: str) -> None:
            self.ids = list(ids)

        def recommend_many(self, histories: Any, *, k: int) -> list[list[str]]:
            return [self.ids[:k] for _ in histories]

    many = tuple(f"i{n:02}" for n in range(2, 40))
    runs = [
        run(model, data, make_plan(data, {"name": name, "kind": "other"}), tmp_path / name)
        for name, model in (("many", Listing(*many)), ("few", Listing("a")))
    ]
    assert set(runs[0].users()["owner"]) == {"u0", "u1"}
    recall = next(one for one in compare_runs(runs) if one.metric.startswith("recall"))
    assert recall.difference > 0.2 and recall.permutation_p == 0.5


def test_samples_that_other_seeds_have_drawn_are_not_compared(
    data: EvalData, tmp_path: Path
) -> None:
    model = PopularityBaseline(data.split.known("test"))

    def made(name: str, seed: int, negatives: int | None) -> Any:
        options = PlanOptions(name, seed=seed, negatives=negatives)
        plan = make_plan(data, {"name": name, "kind": "other"}, options)
        return run(model, data, plan, tmp_path / f"{name}-{seed}-{negatives}", resume=True)

    with pytest.raises(DataError, match="different seeds have drawn"):
        compare_runs([made("one", 0, 9), made("two", 1, 9)])
    assert compare_runs([made("one", 0, None), made("two", 1, None)])
    assert compare_runs([made("one", 0, 9), made("two", 0, 9)])


@pytest.mark.parametrize(("part", "told"), [("valid", True), ("test", False)])
def test_settings_chosen_on_the_cases_that_are_measured_are_told(
    data: EvalData, tmp_path: Path, part: Any, told: bool
) -> None:
    options = PlanOptions(part=part, users=20)
    made = run_baseline(data, "recent", tmp_path / part, options, budget=3)
    assert any("chosen on the validation" in one for one in made.record["notes"]) == told
    plain = run_baseline(data, "popular", tmp_path / f"{part}-plain", options, budget=3)
    assert not any("chosen on the validation" in one for one in plain.record["notes"])
