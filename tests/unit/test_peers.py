"""Peers: what they read is what the harness asks, and what they answer is judged by its code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eval_data import make_folder, make_rows

from llmrec.errors import DataError
from llmrec.eval import (
    Case,
    EvalData,
    PopularityBaseline,
    Split,
    evaluate,
    given_split,
    open_data,
)
from llmrec.eval.runs.comparing import compare_runs
from llmrec.eval.runs.replay import ReplayedAnswers, history_fingerprint, run_answers
from llmrec.eval.runs.runner import PlanOptions, make_plan, run
from llmrec.types import Event

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "scripts" / "peers"
PYTHON = ROOT / ".venv-peers" / "bin" / "python"

needs_rectools = pytest.mark.skipif(
    not (ROOT / ".venv-peers" / ".ready").is_file(), reason="wants RecTools; run 'make peers'"
)


@pytest.fixture(scope="module")
def peer() -> SimpleNamespace:
    """The parts of scripts/peers that need no other library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PEERS))
        import answers
        import data_folder
    return SimpleNamespace(
        read=data_folder.read_folder,
        fingerprint=data_folder.fingerprint,
        write=answers.write_answers,
    )


def odd_rows() -> list[dict[str, Any]]:
    """Context rows, two users without a history, times that contradict the positions."""
    rows = make_rows()
    for row in rows:
        if row["position"] == 0:
            row["split"] = "history"
        if row["position"] in (1, 2):
            row["timestamp"] += 86_400 * (3 - 2 * row["position"])
    plain = {"timestamp": 1_700_000_000, "position": 0, "split": "test"}
    cold = [{**plain, "user_id": user, "item_id": "i001"} for user in ("cold-a", "cold-b")]
    return [*rows[::-1], *cold]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "shop-data", odd_rows())


@pytest.fixture
def data(folder: Path) -> EvalData:
    return open_data(folder, order="position")


def popular(data: EvalData) -> PopularityBaseline:
    return PopularityBaseline(data.split.known("test"))


@pytest.fixture
def answers(data: EvalData, peer: SimpleNamespace, tmp_path: Path) -> Path:
    """What a peer would leave that recommends the popular."""
    histories = {case.user: case.history_ids for case in data.split.test}
    lists = popular(data).recommend_many(list(histories.values()), k=100)
    about = {
        "name": "other-popular",
        "part": "test",
        "settings": {"depth": 100},
        "tuned": {"budget": 1, "metric": "ndcg@10", "trials": []},
    }
    file = tmp_path / "peer" / "popular.jsonl"
    peer.write(file, dict(zip(histories, lists, strict=True)), histories, about)
    return file


def rewrite(file: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    change(lines)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("order", ["position", "time"])
def test_a_peer_reads_what_the_harness_asks(
    folder: Path, peer: SimpleNamespace, order: Any
) -> None:
    split = given_split(folder, order=order)
    read = peer.read(folder, order)
    for part in ("valid", "test"):
        cases = split.cases(part)
        assert read.histories(part) == {case.user: case.history_ids for case in cases}
        assert read.targets(part) == {case.user: case.target_ids for case in cases}
        known = sorted((event.user, event.item) for event in split.known(part))
        rows = read.known(part)
        assert sorted(zip(rows["user"], rows["item"], strict=True)) == known
    assert len(read.training()) == len(split.train)


def test_the_orders_differ_on_these_rows(folder: Path, peer: SimpleNamespace) -> None:
    assert peer.read(folder, "time").histories("test") != peer.read(folder).histories("test")


def test_a_missing_column_is_named(tmp_path: Path, peer: SimpleNamespace) -> None:
    rows = [{key: row[key] for key in ("user_id", "item_id", "split")} for row in make_rows()]
    with pytest.raises(ValueError, match="'position'"):
        peer.read(make_folder(tmp_path / "bare", rows))


@pytest.mark.parametrize("ids", [(), ("a",), ("a", "b"), ("ä", "b\x1fc")])
def test_both_sides_make_the_same_fingerprint(peer: SimpleNamespace, ids: tuple[str, ...]) -> None:
    assert peer.fingerprint(ids) == history_fingerprint(ids)


def test_replayed_lists_are_worth_what_the_model_itself_is(data: EvalData, answers: Path) -> None:
    replayed = ReplayedAnswers(answers, data.split.test)
    found = evaluate(replayed, data.split, (5, 10), history="events")
    direct = evaluate(popular(data), data.split, (5, 10))
    assert found.means == direct.means
    assert found.means["hit@10"] > 0
    assert [answer.ids for answer in found.answers] == [answer.ids for answer in direct.answers]


def test_a_run_of_answers_stands_beside_any_other(
    data: EvalData, answers: Path, tmp_path: Path
) -> None:
    other = run_answers(data, answers, tmp_path / "other")
    assert other.name == "other-popular"
    about = other.record["recommender"]
    assert about["kind"] == "other"
    assert about["settings"]["depth"] == 100
    assert about["tuned"]["budget"] == 1
    assert other.record["latency"] is None
    plan = make_plan(data, {"name": "popular", "kind": "baseline"})
    own = run(popular(data), data, plan, tmp_path / "own")
    assert other.record["metrics"] == own.record["metrics"]
    assert {one.better for one in compare_runs([other, own])} == {None}


def test_a_sample_of_users_is_drawn_as_elsewhere(
    data: EvalData, answers: Path, tmp_path: Path
) -> None:
    options = PlanOptions(users=7, seed=5)
    drawn = run_answers(data, answers, tmp_path / "some", options)
    plan = make_plan(data, {"name": "p", "kind": "baseline"}, options)
    own = run(popular(data), data, plan, tmp_path / "own")
    assert list(drawn.users()["user"]) == list(own.users()["user"])


def test_a_run_does_not_go_on_with_other_lists(
    data: EvalData, answers: Path, tmp_path: Path
) -> None:
    run_answers(data, answers, tmp_path / "run")
    assert run_answers(data, answers, tmp_path / "run", resume=True).record
    rewrite(answers, lambda lines: lines[0]["ids"].reverse())
    with pytest.raises(DataError, match="answers_sha256"):
        run_answers(data, answers, tmp_path / "run", resume=True)


def drop(lines: list[dict[str, Any]]) -> None:
    del lines[3]


def repeat(lines: list[dict[str, Any]]) -> None:
    lines.append(lines[3])


def number(lines: list[dict[str, Any]]) -> None:
    lines[3]["ids"][0] = 7


def other_history(lines: list[dict[str, Any]]) -> None:
    lines[3]["history"] = history_fingerprint(["i001"])


def other_cold(lines: list[dict[str, Any]]) -> None:
    next(line for line in lines if line["user"] == "cold-b")["ids"].reverse()


@pytest.mark.parametrize(
    ("change", "row", "message"),
    [
        (drop, None, "no line for the user"),
        (repeat, 33, "has a line already"),
        (number, 4, "the line is no answer"),
        (other_history, 4, "was given for another history"),
        (other_cold, None, "users without a history got different lists"),
    ],
)
def test_a_bad_line_is_refused(
    data: EvalData,
    answers: Path,
    change: Callable[[list[dict[str, Any]]], None],
    row: int | None,
    message: str,
) -> None:
    rewrite(answers, change)
    with pytest.raises(DataError, match=message) as caught:
        ReplayedAnswers(answers, data.split.test)
    assert caught.value.row == row
    assert str(answers) in str(caught.value) and caught.value.hint


def test_lists_without_a_fingerprint_are_taken(data: EvalData, answers: Path) -> None:
    rewrite(answers, lambda lines: [line.pop("history") for line in lines] and None)
    model = ReplayedAnswers(answers, data.split.test)
    assert len(model.recommend_many([data.split.test[0].history], k=3)[0]) == 3


def test_answers_for_the_other_part_are_refused(
    data: EvalData, answers: Path, tmp_path: Path
) -> None:
    rewrite(answers, lambda lines: [line.pop("history") for line in lines] and None)
    about = answers.with_suffix(".json")
    about.write_text(json.dumps({**json.loads(about.read_text()), "part": "valid"}))
    with pytest.raises(DataError, match="for the part 'valid', not for 'test'"):
        run_answers(data, answers, tmp_path / "run")


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_broken_description_is_refused(
    data: EvalData, answers: Path, tmp_path: Path, text: str
) -> None:
    answers.with_suffix(".json").write_text(text)
    with pytest.raises(DataError, match=r"popular\.json"):
        run_answers(data, answers, tmp_path / "run")


def test_a_missing_file_is_named(data: EvalData, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.jsonl"):
        ReplayedAnswers(tmp_path / "nothing.jsonl", data.split.test)


def in_peers(*words: object) -> str:
    """What a command of the peers' environment prints."""
    done = subprocess.run(
        [PYTHON, *map(str, words)],
        env={"PYTHONPATH": str(PEERS), "OMP_NUM_THREADS": "1", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SAME_LOSS = """
import json, sys
import numpy, pandas, torch
import rectools_sasrec as peer

base, loss = sys.argv[1:]
draw = numpy.random.default_rng(0)
rows = pandas.DataFrame(
    {"user": f"u{user}", "item": f"i{item}"}
    for user in range(40)
    for item in draw.choice(60, draw.integers(3, 12), replace=False)
)
found = []
for counted in (True, False):
    settings = {**getattr(peer, base), "loss": loss, "n_factors": 8, "session_max_len": 10,
                "dropout_rate": 0.0, "n_negatives": 5}
    torch.manual_seed(0)  # of the biases, which RecTools leaves as they are made
    model = peer.make(settings, counted=counted)
    model._build_model_from_dataset(peer.dataset(rows))
    module = model.lightning_model
    module.log = lambda *words, **options: None
    torch.manual_seed(1)
    module._xavier_normal_init()
    torch.manual_seed(2)
    value = module.training_step(next(iter(model.data_preparator.get_dataloader_train())), 0)
    value.backward()
    found.append((value.item(), dict(module.torch_model.named_parameters())))
(ours, mine), (theirs, all) = found
largest = max(float((mine[name].grad - one.grad).abs().max()) for name, one in all.items())
size = max(float(one.grad.abs().max()) for one in all.values())
print(json.dumps([ours, theirs, largest, size]))
"""


@needs_rectools
@pytest.mark.integration
@pytest.mark.parametrize("base", ["DEFAULTS", "ESASREC"])
@pytest.mark.parametrize("loss", ["softmax", "sampled_softmax"])
def test_the_loss_without_padding_is_that_of_rectools(base: str, loss: str) -> None:
    ours, theirs, largest, size = json.loads(in_peers("-c", SAME_LOSS, base, loss))
    assert ours == pytest.approx(theirs, rel=1e-6)
    assert size > 1e-3
    assert largest < 1e-6


@needs_rectools
@pytest.mark.integration
def test_sasrec_answers_every_user_and_is_judged(
    folder: Path, data: EvalData, tmp_path: Path
) -> None:
    grid = json.dumps({"n_factors": [8, 16], "batch_size": [8]})
    words = ("--data", folder, "--out", tmp_path / "out", "--epochs", 2, "--every", 1)
    in_peers(PEERS / "sasrec_rectools.py", *words, "--grid", grid)
    for name, learnt in (("sasrec", "train"), ("sasrec-known", "known")):
        done = run_answers(data, tmp_path / "out" / f"{name}.jsonl", tmp_path / name)
        about = done.record["recommender"]
        assert about["settings"]["learnt_from"] == learnt
        assert [len(one["curve"]) for one in about["tuned"]["trials"]] == [2, 2]
        best = max(about["tuned"]["trials"], key=lambda one: one["value"])
        assert about["settings"]["n_factors"] == best["settings"]["n_factors"]
        assert about["settings"]["epochs"] == best["epoch"]
        warm = [answer for answer in done.answers() if not answer.user.startswith("cold")]
        shown = {case.user: set(case.history_ids) for case in data.split.test}
        learnable = {
            e.item for e in (data.split.train if learnt == "train" else data.split.known("test"))
        }
        for one in warm:
            assert set(one.ids) == learnable - shown[one.user]
            assert len(set(one.ids)) == len(one.ids)


@pytest.mark.parametrize("same_history", [False, True])
def test_lists_of_rows_find_their_row(tmp_path: Path, same_history: bool) -> None:
    """Rows of one user are called apart, and their events are not."""

    def row(number: int, *history: str) -> Case:
        events = tuple(Event("u", item, position=at) for at, item in enumerate(history))
        return Case(f"u#{number}", events, (Event("u", f"t{number}", position=9),))

    cases = (row(1, "a"), row(2, "a", *([] if same_history else ["b"])))
    file = tmp_path / "lists.jsonl"
    lines = ({"user": case.user, "ids": sorted(case.target_ids)} for case in cases)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    if same_history:
        with pytest.raises(DataError, match="rows of one user and one history got different lists"):
            ReplayedAnswers(file, cases)
        return
    split = Split("given-rows", (), (), cases)
    found = evaluate(ReplayedAnswers(file, cases), split, (1,), history="events")
    assert found.means["hit@1"] == 1
