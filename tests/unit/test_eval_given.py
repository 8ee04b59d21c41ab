"""Splits read from Parquet, and the row in every complaint about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from llmrec.errors import DataError
from llmrec.eval import PopularityBaseline, evaluate, given_split, open_data
from llmrec.eval.data.given_rows import given_rows

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"

ROWS: list[dict[str, Any]] = [
    {"user_id": "u", "item_id": item, "position": place, "split": part, "timestamp": 100 + place}
    for place, (item, part) in enumerate(
        [("h", "history"), ("a", "train"), ("b", "train"), ("c", "valid"), ("d", "test")]
    )
]


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    pd.DataFrame(rows).to_parquet(folder / "interactions.parquet")
    return folder


def changed(row: int, **values: Any) -> list[dict[str, Any]]:
    """``ROWS`` with the 1-based ``row`` changed."""
    return [{**one, **(values if at == row else {})} for at, one in enumerate(ROWS, start=1)]


def test_parts_become_cases_and_context_never_trains(tmp_path: Path) -> None:
    split = given_split(written(tmp_path, ROWS[::-1]))
    assert [event.item for event in split.train] == ["a", "b"]
    assert [event.item for event in split.context] == ["h"]
    (valid,), (test,) = split.valid, split.test
    assert (valid.history_ids, valid.target_ids) == (("h", "a", "b"), {"c"})
    assert (test.history_ids, test.target_ids) == (("h", "a", "b", "c"), {"d"})


def test_a_file_without_times_or_positions_is_in_order_already(tmp_path: Path) -> None:
    plain = [{key: row[key] for key in ("user_id", "item_id", "split")} for row in ROWS]
    split = given_split(written(tmp_path, plain) / "interactions.parquet")
    assert split.test[0].history_ids == ("h", "a", "b", "c")


@pytest.mark.parametrize(
    ("rows", "row", "message"),
    [
        (changed(5, item_id="a"), 5, "test target 'a' of user 'u' is also among"),
        (changed(5, item_id="c"), 5, "test target 'c' of user 'u' is in the history"),
        (changed(3, timestamp=999), 3, "'b' from after the validation target 'c'"),
        (changed(4, split="dev"), 4, "the part is none of"),
        (changed(2, item_id=None), 2, "the value is missing"),
        ([*ROWS, ROWS[1]], 6, "duplicate of an earlier one"),
        (changed(2, timestamp=10**15), 2, "neither in seconds"),
    ],
)
def test_a_bad_row_is_refused_by_its_number(
    tmp_path: Path, rows: list[dict[str, Any]], row: int, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        given_split(written(tmp_path, rows))
    assert caught.value.row == row
    assert caught.value.hint
    assert "interactions.parquet" in str(caught.value)


def test_repeat_purchases_are_dropped_on_request(tmp_path: Path) -> None:
    again = [{**ROWS[4], "item_id": item, "position": 9} for item in ("a", "d", "e")]
    folder = written(tmp_path, [*ROWS, *again])
    with pytest.raises(DataError, match="repeats='drop'"):
        given_split(folder)
    assert given_split(folder, repeats="drop").test[0].target_ids == {"d", "e"}


def test_positions_overrule_times_on_request(tmp_path: Path) -> None:
    split = given_split(written(tmp_path, changed(3, timestamp=999)), order="position")
    assert split.test[0].history_ids == ("h", "a", "b", "c")
    assert split.train[0].at is None


def test_one_moment_in_two_parts_is_a_leak_even_where_repeats_are_dropped(tmp_path: Path) -> None:
    """A copy of a test row among the training rows is no second purchase."""
    folder = written(tmp_path, [*ROWS, {**ROWS[4], "split": "train"}])
    with pytest.raises(DataError, match="also stands in another part") as caught:
        given_split(folder, repeats="drop")
    assert (caught.value.row, caught.value.field) == (6, "split")


def test_two_baskets_of_one_moment_are_kept_on_request(tmp_path: Path) -> None:
    rows = [{**one, "basket": str(place)} for place, one in enumerate(ROWS)]
    for row in rows:
        del row["position"]
    folder = written(tmp_path, [*rows, {**rows[1], "basket": "9"}])
    with pytest.raises(DataError, match=r"row 6.*at the same moment twice"):
        given_split(folder)
    assert len(given_split(folder, repeats="drop").train) == 3


@pytest.mark.parametrize(
    ("row", "values", "field"),
    [(3, {"position": 1.5}, "position"), (2, {"timestamp": "yesterday"}, "timestamp")],
)
def test_orders_that_cannot_be_read_are_refused(
    tmp_path: Path, row: int, values: dict[str, Any], field: str
) -> None:
    rows = [{**one, "timestamp": str(one["timestamp"])} for one in changed(row, **values)]
    with pytest.raises(DataError) as caught:
        given_split(written(tmp_path, rows))
    assert (caught.value.row, caught.value.field) == (row, field)


def rows_folder(folder: Path, **test: Any) -> Path:
    """A split by rows: one user, one validation and two test rows, the second as given."""
    train = [
        {"user_id": "u", "item_id": item, "timestamp": at, "position": at, "split": part}
        for at, (item, part) in enumerate([("h", "history"), ("a", "train"), ("b", "train")])
    ]
    pd.DataFrame(train).to_parquet(folder / "interactions.parquet")
    first = {"user_id": "u", "history": ["h", "a"], "history_timestamp": [0, 1]}
    valid = {**first, "item_id": "c", "timestamp": 5}
    pd.DataFrame([valid]).to_parquet(folder / "valid.parquet")
    rows = [{**first, "item_id": "d", "timestamp": 7}, {**first, "item_id": "e", "timestamp": 8}]
    pd.DataFrame([rows[0], {**rows[1], **test}]).to_parquet(folder / "test.parquet")
    return folder


def test_rows_with_their_own_histories_are_cases_of_their_own(tmp_path: Path) -> None:
    split = given_rows(rows_folder(tmp_path))
    assert split.protocol == "given-rows"
    assert [case.user for case in split.test] == ["u#1", "u#2"]
    assert split.test[1].history_ids == ("h", "a") and split.test[1].target_ids == {"e"}
    assert [(one.user, one.item) for one in split.known("test")] == [
        ("u", "a"),
        ("u", "b"),
        ("u", "c"),
    ]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"item_id": "a"}, "also among the user's training events"),
        ({"item_id": "h"}, "in the history that is shown"),
        ({"item_id": "c", "timestamp": 5}, "also among the user's validation targets"),
        ({"item_id": "c"}, "also among the user's validation targets"),
        ({"item_id": "d", "timestamp": 7}, "also among the user's test targets"),
        ({"history_timestamp": [0, 99]}, "from after the test target"),
        ({"item_id": None}, "the value is missing"),
    ],
)
def test_a_leaking_row_is_refused_by_its_number(
    tmp_path: Path, test: dict[str, Any], message: str
) -> None:
    folder = rows_folder(tmp_path, **test)
    with pytest.raises(DataError, match=message) as caught:
        given_rows(folder)
    assert (caught.value.file, caught.value.row) == (str(folder / "test.parquet"), 2)
    if test.get("item_id"):
        assert len(given_rows(folder, repeats="drop").test) == 1


def test_the_catalogue_of_rows_without_items_has_all_that_they_name(tmp_path: Path) -> None:
    data = open_data(rows_folder(tmp_path), protocol="given-rows")
    assert set(data.items.ids) == set("habcde")
    assert not [note for note in data.notes if "not in the catalogue" in note]


def test_files_that_are_no_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        given_split(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("not parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        given_split(tmp_path / "text.parquet")
    pd.DataFrame(ROWS).drop(columns="split").to_parquet(tmp_path / "whole.parquet")
    with pytest.raises(DataError, match="field 'split': the column is missing"):
        given_split(tmp_path / "whole.parquet")


@pytest.mark.shared_data
def test_masked_popularity_on_amazon_beauty_gives_the_published_figures() -> None:
    folder = SHARED / "amazon14_beauty"
    if not folder.is_dir():
        pytest.skip("the research data sets are not beside the project")
    split = given_split(folder)
    assert (len(split.train), len(split.valid), len(split.test)) == (153_776, 22_363, 22_363)
    result = evaluate(PopularityBaseline(split.known("test")), split, n_items=12_101)
    assert round(result.means["hit@5"], 4) == 0.0077
    assert round(result.means["hit@10"], 4) == 0.0135
    assert (result.short, result.seen) == (0, 0)


@pytest.mark.shared_data
def test_the_movielens_split_that_sorts_times_as_text_is_refused() -> None:
    """It sorts timestamps as strings: for 16 users "999…" comes after "1000…"."""
    folder = SHARED / "ml_latest_small"
    if not folder.is_dir():
        pytest.skip("the research data sets are not beside the project")
    with pytest.raises(DataError, match="row 499, field 'timestamp'"):
        given_split(folder)
    assert len(given_split(folder, order="position").test) == 610
