"""The blind sheet of words: a small one of the demo store, and what scripted readers say of it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from tool_shop import make_demo_store

from llmrec.catalog.store import CatalogStore

sys.path.append(str(Path(__file__).parents[2] / "scripts" / "bench"))

from words_sheet import WAYS, Drawing, mixed, write_sheet
from words_situations import draw_spots, read_situations
from words_verdicts import QUESTIONS, figures, kappa, read_key, read_verdicts

WANTED = {"reason": 12, "description": 4}
MODELS = {"engine": "scripted"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_demo_store(tmp_path_factory.mktemp("words") / "shop")


@pytest.fixture(scope="module")
def drawing(workspace):
    return Drawing("demo", workspace, WANTED, k=3, seed=0)


@pytest.fixture(scope="module")
def pairs(drawing):
    return mixed([pair for way in WAYS for pair in drawing.rows(way, MODELS)], seed=0)


def test_each_text_has_its_twin_and_no_row_says_how_it_was_made(pairs):
    ways = {}
    for row, line in pairs:
        place = (line["kind"], line["situation"], line["item"])
        ways.setdefault(place, []).append(line["way"])
        assert set(row) == {"number", "kind", "situation", "product", "fields", "text", "sentence"}
        assert row["number"] == line["number"]
    assert all(sorted(some) == sorted(WAYS) for some in ways.values())
    assert Counter(kind for kind, _, _ in ways) == WANTED
    order = [line["way"] for _, line in pairs]
    assert order not in (sorted(order), sorted(order, reverse=True))


def test_a_row_holds_what_its_sentence_quotes_and_names(pairs):
    quoted = [(row, line) for row, line in pairs if line["origin"] == "quote"]
    assert quoted and all(line["way"] == "quote" for _, line in quoted)
    for row, line in quoted:
        sentence = row["sentence"].removesuffix("Not in stock at the moment.")
        last = sentence.rstrip(" .。")[-6:]
        named = [*row["fields"].values(), row["text"]]
        assert any(last in str(value) for value in named), row["sentence"]
        if "history" in "".join(line["evidence"]):
            assert "Earlier, oldest first: " in row["situation"]


def test_the_seed_decides_what_is_drawn(workspace, drawing):
    again = Drawing("demo", workspace, WANTED, k=3, seed=0)
    other = Drawing("demo", workspace, WANTED, k=3, seed=1)
    assert (again.situations, again.spots) == (drawing.situations, drawing.spots)
    assert other.situations != drawing.situations and other.spots != drawing.spots


def test_no_place_is_drawn_twice_and_more_than_there_are_is_refused():
    places = {"reason": [[1, 2, 3], [], [1, 3]]}
    spots = draw_spots(places, {"reason": 5}, seed=5)
    assert [sorted(spot.rank for spot in some) for some in spots] == places["reason"]
    with pytest.raises(SystemExit, match="5 texts of 6"):
        draw_spots(places, {"reason": 6}, seed=5)


def test_products_without_a_reason_are_counted_and_not_drawn(workspace, drawing):
    situations = len(drawing.situations)
    products, silent = drawing.counts["products"], drawing.counts["without a reason"]
    # This shop's encoder knows no meanings: most of what it finds is another thing, of which
    # nothing is said.
    assert situations < products <= 3 * situations and 0 < silent < products
    most = {"reason": products - silent, "description": products}
    spots = Drawing("demo", workspace, most, k=3, seed=0).spots
    assert Counter(spot.kind for some in spots for spot in some) == most
    with pytest.raises(SystemExit, match=f"{products - silent} texts of"):
        Drawing("demo", workspace, {"reason": products}, k=3, seed=0)


def test_situations_are_ordinary_questions_and_no_titles(workspace):
    with CatalogStore.open(workspace.database_url) as store:
        titles = {item.title.casefold() for items in store.iter_items() for item in items}
    for shop, languages in {"demo": {"en": 42, "de": 9, "zh": 6}, "office": {"en": 38}}.items():
        asked = [one for one in read_situations(shop) if one.query]
        assert Counter(one.language for one in asked) == languages
        assert len({one.query for one in asked}) == len(asked)
        assert not titles & {one.query.casefold() for one in asked}


def _verdict(number, **no):
    return {"number": number, **dict.fromkeys(QUESTIONS, True), **no}


def _judged(folder, name, rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_scripted_readers_are_counted_by_way(pairs, tmp_path):
    write_sheet(pairs, tmp_path)
    key = read_key(tmp_path / "key.jsonl")
    models = [number for number, line in key.items() if line["way"] == "model"]
    first = [_verdict(number, true=number not in models[:8]) for number in key]
    second = [_verdict(number, true=number not in models[4:12]) for number in key]
    readers = [
        read_verdicts(_judged(tmp_path, f"{place}.jsonl", rows), key)
        for place, rows in enumerate((first, second))
    ]
    report = figures(key, readers)
    quote, model = (report["ways"][way]["all"] for way in ("quote", "model"))
    assert (quote["true"]["mean"], quote["true"]["n"]) == (1.0, 16)
    # Four rows by both readers, eight by one of them: a tie counts against the text.
    assert (model["true"]["mean"], model["fluent"]["mean"]) == (0.25, 1.0)
    assert model["true"]["low"] < 0.25 < model["true"]["high"]
    assert report["readers"][0]["model"]["true"]["mean"] == 0.5
    assert report["agreement"]["true"] == {
        "alike": 0.75,
        "kappa": pytest.approx((0.75 - 0.625) / 0.375),
        "n": 32,
    }
    assert report["agreement"]["fluent"]["kappa"] is None
    assert report["not judged"] == 0


def test_kappa_is_none_without_doubt_and_negative_where_readers_contradict():
    assert kappa([]) is None
    assert kappa([(True, False), (False, True)]) == -1


def test_what_nobody_judged_is_left_out_and_counted():
    line = {"way": "quote", "shop": "demo", "kind": "reason", "origin": "quote"}
    verdicts = {1: dict.fromkeys(QUESTIONS, True)}
    report = figures({1: line, 2: line}, [verdicts])
    assert (report["not judged"], report["ways"]["quote"]["all"]["true"]["n"]) == (1, 1)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([_verdict(3)], "no row 3"),
        ([_verdict(1), _verdict(1)], "line 2: row 1 was judged before"),
        ([_verdict(1, fluent="yes")], "fluent must be true or false"),
        ([{"number": 1, "true": True}], "line 1 is no verdict"),
    ],
)
def test_a_verdict_that_cannot_be_counted_is_refused(tmp_path, rows, says):
    with pytest.raises(SystemExit, match=says):
        read_verdicts(_judged(tmp_path, "reader.jsonl", rows), {1: {}, 2: {}})
