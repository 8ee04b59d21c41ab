"""Reports: every form shows the same figures, and the page stands alone."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from llmrec.errors import DataError
from llmrec.eval.measures.statistics import RunScores, compare, compare_all
from llmrec.eval.report import html, known_published, markdown, read_published, terminal
from llmrec.eval.report.headline import headline
from llmrec.eval.report.page import page, telling
from llmrec.eval.report.table import leading_metrics, main_metric
from llmrec.eval.runs.comparing import deciding_metrics
from llmrec.eval.runs.record import Run, read_run

EVIL = '<script>alert("1")</script>'


def interval(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}


def record(name: str, ndcg: float, **more: Any) -> dict[str, Any]:
    group = {"users": 20, "metrics": {"ndcg@10": interval(ndcg)}}
    return {
        "version": 1,
        "name": name,
        "created": "2026-01-02T03:04:05+00:00",
        "command": "llmrec eval run --data shop",
        "seconds": 12.3,
        "recommender": {
            "name": name,
            "kind": "baseline",
            "settings": {"a": {"b": 3}},
            "tuned": None,
        },
        "data": {
            "name": "a & b",
            "sha256": "0123456789abcdef",
            "protocol": "leave-one-out",
            "part": "test",
            "users": 500,
            "of_users": 2000,
            "items": 1234,
            "events": 9999,
            "sampled": True,
        },
        "ks": [10],
        "seeds": [0],
        "versions": {"llmrec": "1"},
        "machine": {"cpu": "x", "cores": 2, "memory_gb": 24, "gpu": None},
        "metrics": {"ndcg@10": interval(ndcg), "recall@10": interval(0.2)},
        "beyond": {"coverage@10": 0.5},
        "slices": {
            "history": [{"name": "1-5", **group}, {"name": "6+", "users": 1, "metrics": {}}]
        },
        "recall_curve": {"k": [1, 10], "recall": [0.1, 0.2]},
        "latency": {"per_user_ms": {"p50": 1, "p95": 2}, "stages": {"rank": 3.0, "total": 3.0}},
        "popularity_scatter": [[10, 3], [0, 0]],
        "llm": None,
        "notes": ["a note"],
        **more,
    }


def run_of(folder: Path, name: str, ndcg: float, **more: Any) -> Run:
    path = folder / re.sub(r"\W", "", name)
    path.mkdir()
    (path / "run.json").write_text(json.dumps(record(name, ndcg, **more)), encoding="utf-8")
    return read_run(path)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [run_of(tmp_path, "popular", 0.1), run_of(tmp_path, EVIL, 0.3, llm={"tau": 0.5})]


def shown(item: Any) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(item)
    return console.export_text()


def comparisons() -> tuple:
    users = tuple(str(n) for n in range(40))
    draw = np.random.default_rng(0)
    base = draw.random(40)
    one = RunScores("one", users, {"ndcg@10": base + 0.2})
    return compare(one, RunScores("two", users, {"ndcg@10": base}))


def test_the_best_run_comes_first_in_every_form(runs: list[Run], tmp_path: Path) -> None:
    text, document = shown(terminal(runs)), markdown(runs)
    html(runs, (), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for form in (text, document, page):
        assert form.index("0.3000") < form.index("0.1000")
        assert "a note" in form
    assert "0.3000 [0.2900, 0.3100]" in document and "0.2900 to 0.3100" in page
    assert "500 of 2,000" in document and "500 of 2,000" in page
    assert "a.b=3" in document


def test_what_the_tests_say_is_shown(runs: list[Run], tmp_path: Path) -> None:
    found = comparisons()
    assert "one is better" in shown(terminal(runs, found))
    assert "one is better" in markdown(runs, found)
    html(runs, found, tmp_path / "page.html")
    assert '<span class="better">one</span>' in (tmp_path / "page.html").read_text("utf-8")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else_and_runs_no_script(runs: list[Run], tmp_path: Path) -> None:
    html(runs, comparisons(), tmp_path / "page.html")
    tags = Tags()
    tags.feed((tmp_path / "page.html").read_text(encoding="utf-8"))
    names = [name for name, _ in tags.seen]
    assert not {"script", "link", "iframe", "img"} & set(names)
    assert names.count("svg") == 5  # accuracy, recall, a slice, popularity, time
    for _, attributes in tags.seen:
        for key in ("src", "href", "xlink:href"):
            assert (attributes.get(key) or "#").startswith("#")


def test_a_run_with_little_to_say_makes_a_page(tmp_path: Path) -> None:
    bare = run_of(
        tmp_path,
        "bare",
        0.1,
        beyond={},
        slices={},
        recall_curve=None,
        latency=None,
        popularity_scatter=None,
        notes=[],
    )
    html([bare], (), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<svg") == 1
    assert "bare" in markdown([bare])


def test_no_run_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run"):
        html([], (), tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_published_figures_stand_beside(runs: list[Run], tmp_path: Path) -> None:
    file = tmp_path / "published.json"
    file.write_text('[{"model": "SASRec", "N@10": 0.0318, "R@10": 0.06, "source": "a paper"}]')
    rows = read_published(file)
    assert rows[0].metrics == {"ndcg@10": 0.0318, "recall@10": 0.06}
    assert "SASRec, published (a paper)" in markdown(runs, (), rows)
    assert "SASRec (published)" in shown(terminal(runs, (), rows))
    html(runs, (), tmp_path / "page.html", rows)
    assert "published: a paper" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("{}", "not a list"),
        ('[{"N@10": 1}]', "row 1.*model"),
        ('[{"model": "x", "N@10": 1}, {"model": "y"}]', "row 2.*no figure"),
    ],
)
def test_a_bad_published_file_names_the_row(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "published.json"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        read_published(file)


def test_shipped_figures_are_found_by_the_data_and_by_nothing_else() -> None:
    folder = Path(__file__).parents[2] / "eval" / "report" / "others"
    files = sorted(folder.glob("*.json"))
    assert files
    for file in files:
        known = json.loads(file.read_text(encoding="utf-8"))
        rows = known_published(known["sha256"])
        assert len(rows) == len(known["rows"]) and all(row.source for row in rows)
        assert all(0 < value < 1 for row in rows for value in row.metrics.values())
    assert known_published("0123456789abcdef") == ()


def test_a_terminal_has_room_for_a_few_published_rows(runs: list[Run]) -> None:
    folder = Path(__file__).parents[2] / "eval" / "report" / "others"
    known = json.loads((folder / "amazon14_beauty.json").read_text(encoding="utf-8"))
    rows = known_published(known["sha256"])
    text = shown(terminal(runs, (), rows))
    assert text.count("(published)") == 5 and "GRAM (published)" in text
    assert f"and {len(rows) - 5} published rows that are lower" in text
    assert markdown(runs, (), rows).count(", published (") == len(rows)


def scores(name: str, *means: float) -> RunScores:
    users = tuple(str(n) for n in range(60))
    noise = np.random.default_rng(1).normal(0, 0.01, 60)
    return RunScores(name, users, {"ndcg@10": np.full(60, means[0]) + noise * (means[0] != 0.3)})


def test_the_first_sentence_says_better_only_where_a_test_does(tmp_path: Path) -> None:
    first, same, worse = (
        run_of(tmp_path, name, value) for name, value in (("a", 0.3), ("b", 0.299), ("c", 0.1))
    )
    said = compare_all(
        [scores("a", 0.3), scores("b", 0.2999), scores("c", 0.1)], against="a", resamples=500
    )
    assert [one.better for one in said] == [None, "a"]
    sentence = headline([worse, same, first], said)
    assert sentence.startswith("a comes first in ndcg@10: 0.3000 [0.2900, 0.3100].")
    assert "better than c; no difference shown against b." in sentence
    assert "Nothing was tested" in headline([worse, first])
    assert headline([worse]) == "c: ndcg@10 0.1000 [0.0900, 0.1100]."


def difference(a: str, better: str | None) -> dict[str, Any]:
    return {
        "metric": "ndcg@10",
        "a": a,
        "b": "retriever",
        "mean_a": 0.2,
        "mean_b": 0.25,
        "difference": -0.05,
        "low": -0.1,
        "high": 0.01,
        "adjusted_p": 0.4,
        "better": better,
        "lift": -0.2,
    }


def test_what_the_model_does_is_told_in_words_in_every_form(tmp_path: Path) -> None:
    lift = {"users": 500, "retrieved": 63, "on_retrieved": [difference("llm", "retriever")]}
    texts = {"texts": 8, "by_model": 0.5, "repaired": 0.25, "from_fields": 0.5, "claims": 30}
    llm = {
        "model": "small",
        "prompt": "p1",
        "candidates": 20,
        "llm_weight": 0.2,
        "degraded": 0.0,
        "prompt_tokens": 738.4,
        "peak_memory_mb": 1776.6,
        "gpu_memory_mb": None,
        "lift": {**lift, "on_all": [difference("fused", None)]},
        "words": {
            "reasons": {**texts, "refused": 10, "claims_that_hold": 0.75, "distinct_1": 0.2}
            | {"distinct_2": 0.4},
            "descriptions": {"texts": 0},
        },
    }
    run = run_of(tmp_path, "main", 0.3, llm=llm)
    html([run], (), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for form in (shown(terminal([run])), markdown([run]), page):
        flat = " ".join(form.split())
        assert "63 of 500 users (12.6%)" in flat
        assert "-0.0500 [-0.1000, +0.0100] (-20.0%), adjusted p 0.4000: retriever is better" in flat
        assert "no difference shown" in flat and "738 prompt tokens" in flat and "1,777 MB" in flat
        assert "of 40 claims made 75% held" in flat and "descriptions" not in flat
    assert "{" not in page[page.index("<h2>The language model") :]


def test_who_leads_in_one_group_is_shown_there(tmp_path: Path) -> None:
    """Four good runs know nothing of cold items; the last of the table does."""

    def groups(warm: float, cold: float) -> dict[str, Any]:
        rows = (("warm", warm), ("cold", cold))
        shaped = [{"name": n, "users": 50, "metrics": {"ndcg@10": interval(v)}} for n, v in rows]
        return {"slices": {"items": shaped}}

    runs = [run_of(tmp_path, f"r{n}", 0.5 - n / 10, **groups(0.5 - n / 10, 0.0)) for n in range(4)]
    runs.append(run_of(tmp_path, "text", 0.05, **groups(0.02, 0.08)))
    assert [run.name for run in telling(runs, "items", "ndcg@10")] == ["r0", "r1", "r2", "text"]


@pytest.mark.parametrize("key", ["sha256", "part", "negatives"])
def test_runs_of_different_data_stand_in_no_one_table(runs: list[Run], key: str) -> None:
    """The head names one set of data; figures of another would stand under its name."""
    record = {**runs[1].record, "data": {**runs[1].record["data"], key: "valid"}}
    mixed = [runs[0], replace(runs[1], record=record)]
    for form in (terminal, markdown, page):
        with pytest.raises(DataError, match=f"differ in {key}"):
            form(mixed)


@pytest.mark.parametrize("ks", [(1, 3, 20), (5, 20), (10,), (5, 10, 20), (50,), (2, 7)])
def test_the_column_that_orders_is_the_one_that_was_tested(ks: tuple[int, ...]) -> None:
    metrics = {f"{name}@{k}": {"mean": 0.1} for name in ("recall", "ndcg") for k in ks}
    run = Run(Path(), {"metrics": metrics, "ks": list(ks), "name": "x"})
    shown = leading_metrics([run])
    assert main_metric(shown) == deciding_metrics([run])[0]
    assert len(shown) == len(set(shown)) <= 4
