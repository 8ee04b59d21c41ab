"""The evaluation loop, with recommenders that are known to be good, bad or broken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from eval_data import make_folder
from eval_data import make_items as make_items_of_folder
from retrieval_shop import CountingEncoder, make_events, make_items, make_shop

from llmrec import Recommender
from llmrec.catalog.store import CatalogStore
from llmrec.engines import ScriptedEngine
from llmrec.errors import DataError
from llmrec.eval import (
    Case,
    PopularityBaseline,
    Split,
    check_split,
    evaluate,
    leave_one_out,
    open_data,
)
from llmrec.retrieval import Retriever, build_index
from llmrec.types import Event


def split_of(n: int) -> Split:
    """User i has had ``a`` and wants ``t<i % 3>``."""
    cases = tuple(
        Case(f"u{i}", (Event(f"u{i}", "a"),), (Event(f"u{i}", f"t{i % 3}", position=1),))
        for i in range(n)
    )
    return Split("given", tuple(case.history[0] for case in cases), (), cases)


class Fixed:
    """Answers everybody alike, and remembers what it was asked."""

    def __init__(self, *answer: Any, wrap: bool = False) -> None:
        self.answer = SimpleNamespace(ids=answer) if wrap else list(answer)
        self.calls: list[list[list[str]]] = []

    def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[Any]:
        self.calls.append([list(history) for history in histories])
        return [self.answer] * len(histories)


def test_means_are_means_of_users_and_lie_in_their_intervals() -> None:
    result = evaluate(Fixed("x", "t0", "t1"), split_of(300), ks=(1, 2, 3))
    assert result.means["hit@1"] == 0
    assert result.means["hit@2"] == pytest.approx(1 / 3)
    assert result.means["hit@3"] == pytest.approx(2 / 3)
    assert result.means["mrr@3"] == pytest.approx((1 / 2 + 1 / 3) / 3)
    for name, mean in result.means.items():
        low, high = result.intervals[name]
        assert low <= mean <= high
        assert result.per_user[name].shape == (300,)
        assert mean == pytest.approx(float(np.mean(result.per_user[name])))
    low, high = result.intervals["hit@2"]
    assert high - low == pytest.approx(2 * 1.96 * (2 / 9 / 300) ** 0.5, rel=0.2)


def test_answers_may_carry_their_ids_as_recommendations_do() -> None:
    plain = evaluate(Fixed("t0", "t1"), split_of(9))
    wrapped = evaluate(Fixed("t0", "t1", wrap=True), split_of(9))
    assert plain.means == wrapped.means


def test_users_are_drawn_by_seed_and_asked_in_batches() -> None:
    split, done = split_of(50), []
    recommender = Fixed("t0")
    first = evaluate(recommender, split, users=20, seed=1, batch=8, progress=done.append)
    assert [len(call) for call in recommender.calls] == [8, 8, 4]
    assert recommender.calls[0][0] == ["a"]
    assert done == [8, 8, 4]
    assert first.of_users == 50
    again = evaluate(Fixed("t0"), split, users=20, seed=1)
    assert again.users == first.users and again.intervals == first.intervals
    assert evaluate(Fixed("t0"), split, users=20, seed=2).users != first.users
    assert len(set(first.users)) == 20


def test_histories_may_be_events_and_options_are_passed_on() -> None:
    class Curious(Fixed):
        def recommend_many(
            self, histories: Sequence[Sequence[Any]], *, k: int, explain: bool = True
        ) -> list[Any]:
            assert not explain
            assert histories[0] == [Event("u0", "a")]
            return super().recommend_many(histories, k=k)

    result = evaluate(Curious("t0"), split_of(3), history="events", options={"explain": False})
    assert result.means["hit@5"] == pytest.approx(1 / 3)


def test_short_and_seen_answers_are_counted_and_long_ones_cut() -> None:
    result = evaluate(Fixed("a", "t0"), split_of(4), ks=(3,))
    assert (result.short, result.seen) == (4, 4)
    cut = evaluate(Fixed("x", "y", "t0", "t1", "t2"), split_of(3), ks=(2,), n_items=10)
    assert cut.means["hit@2"] == 0
    assert cut.beyond["coverage@2"] == 0.2


def test_whole_data_brings_its_catalogue(tmp_path: Path) -> None:
    data = open_data(make_folder(tmp_path / "data"))
    found = evaluate(PopularityBaseline(data.split.known("test")), data, depth=30)
    assert set(found.beyond) >= {"coverage@10", "gini@10", "diversity@5", "calibration@10"}
    assert found.recall_curve["k"] == [1, 2, 5, 10, 20]
    curve = found.recall_curve["recall"]
    assert curve[3] == pytest.approx(found.means["recall@10"]) and curve == sorted(curve)
    assert sum(group.users for group in found.slices["history"]) == 30
    assert found.latency is not None and found.latency["users"] == 30
    shown = sum(times for _, times in found.popularity_scatter)
    assert shown == 30 * 10 and len(found.popularity_scatter) == 40


@pytest.mark.parametrize("gone", [("i001",), tuple(f"i{n:03}" for n in range(0, 40, 2))])
def test_targets_outside_the_catalogue_are_missed_and_counted(
    tmp_path: Path, gone: tuple[str, ...]
) -> None:
    """Whoever lists them gains nothing over who cannot; nobody's denominator changes."""
    rows = [one for one in make_items_of_folder() if one["item_id"] not in gone]
    data = open_data(make_folder(tmp_path / "data", items=rows))
    wanted = {case.user: sorted(case.target_ids) for case in data.split.test}
    missed = sum(set(ids) <= set(gone) for ids in wanted.values())
    assert missed and sum("not in the catalogue" in note for note in data.notes)

    class Knowing:
        def recommend_many(self, histories: Sequence[Sequence[Event]], *, k: int) -> list[Any]:
            return [wanted[history[0].user] for history in histories]

    found = evaluate(Knowing(), data, (1, 5), history="events")
    share = 1 - missed / len(wanted)
    for name in ("hit@1", "recall@5", "ndcg@5", "mrr@5"):
        assert found.means[name] == pytest.approx(share), name
    assert found.recall_curve["recall"][0] == pytest.approx(share)
    groups = found.slices["items"]
    hits = sum(group.users * group.metrics["hit@5"][0] for group in groups)
    assert sum(group.users for group in groups) == len(wanted)
    assert hits / len(wanted) == pytest.approx(share)


def test_the_five_lines_of_the_docs_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    folder = make_folder(tmp_path / "data")
    exec(code.replace('"DATA"', repr(str(folder))), {})
    assert "30 of 30 users of test" in capsys.readouterr().out
    assert len([line for line in code.splitlines() if line]) <= 5


def test_a_split_that_leaks_is_not_evaluated() -> None:
    split = split_of(3)
    case = split.test[0]
    leaky = replace(split, train=(*split.train, case.targets[0]))
    with pytest.raises(DataError, match="also among the user's training events"):
        evaluate(Fixed("t0"), leaky)


def test_the_report_is_plain_data_and_prints() -> None:
    result = evaluate(Fixed("t0"), split_of(6), ks=(5,), n_items=4)
    assert json.loads(json.dumps(result.to_dict()))["means"]["hit@5"] == pytest.approx(1 / 3)
    assert "6 of 6 users of test" in str(result) and "coverage@5" in str(result)


@pytest.mark.parametrize(
    ("recommender", "options", "message"),
    [
        (Fixed("t0"), {"ks": (0,)}, "at least 1"),
        (Fixed("t0"), {"ks": ()}, "at least 1"),
        (Fixed("t0"), {"part": "valid"}, "no valid cases"),
        (Fixed("t0"), {"users": 0}, "0 users"),
        (Fixed(17), {}, r"holds 17 \(int\)"),
        (Fixed("t0", wrap=False), {"n_items": 0}, "catalogue of 0"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    recommender: Fixed, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        evaluate(recommender, split_of(3), **options)
    assert caught.value.hint


def test_answers_that_are_no_lists_or_too_few_are_refused() -> None:
    class Short(Fixed):
        def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[Any]:
            return [["t0"]] * (len(histories) - 1)

    class Text(Fixed):
        def recommend_many(self, histories: Sequence[Sequence[str]], *, k: int) -> list[Any]:
            return ["t0"] * len(histories)

    with pytest.raises(DataError, match="answered 2 of 3"):
        evaluate(Short(), split_of(3))
    with pytest.raises(DataError, match="is str, not a list"):
        evaluate(Text(), split_of(3))


def test_popularity_counts_users_not_events_and_masks_the_history() -> None:
    log = [Event("u", "a"), Event("u", "a", position=1), Event("u", "b"), Event("v", "b")]
    baseline = PopularityBaseline([*log, Event("w", "c")])
    assert baseline.ranking == ("b", "a", "c")
    assert baseline.recommend_many([[], ["b"], ["a", "b", "c"]], k=2) == [
        ["b", "a"],
        ["a", "c"],
        [],
    ]


def test_the_real_recommender_is_evaluated_on_the_split_of_its_own_store(tmp_path: Path) -> None:
    items = make_items(60)
    workspace = make_shop(tmp_path / "shop", items, make_events(items, 25))
    with CatalogStore.open(workspace.database_url) as store:
        encoder = CountingEncoder()
        build_index(workspace, store, encoder)
        split = leave_one_out(store)
        check_split(split)
        with Retriever.open(workspace, store=store, encoder=encoder) as retriever:
            recommender = Recommender(workspace, engine=ScriptedEngine(), retriever=retriever)
            result = evaluate(
                recommender, split, n_items=60, history="events", options={"explain": False}
            )
            recommender.close()
    assert len(result.users) == len(split.test) > 10
    assert (result.short, result.seen) == (0, 0)
    assert 0 < result.beyond["coverage@10"] <= 1
