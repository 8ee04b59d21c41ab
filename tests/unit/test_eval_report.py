"""Reports: every form shows the same figures, and the page stands alone."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from llmrec.errors import DataError
from llmrec.eval.measures.statistics import RunScores, compare
from llmrec.eval.report import html, markdown, read_published, terminal
from llmrec.eval.runs.folder import Run, read_run

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
