"""The commands end to end on small files, with the hashing encoder and the scripted engine."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from llmrec.cli.main import app
from llmrec.errors import HistoryError, LLMRecError, WorkspaceError

ITEMS = [
    {
        "id": f"p{n}",
        "title": f"{kind} {n}",
        "brand": "Norra",
        "price": f"{n}.50",
        "currency": "EUR",
        "description": f"{kind} of oiled beech for the outdoors.",
    }
    for n, kind in enumerate(["Tent", "Stove", "Lamp", "Mug", "Rope", "Boots", "Mat", "Pan"], 1)
]
EVENTS = [
    {"user": f"u{n % 3}", "item": f"p{n % 8 + 1}", "kind": "purchase", "at": f"2026-10-{n:02}"}
    for n in range(1, 13)
]


@pytest.fixture(scope="module")
def run():
    def invoke(*arguments, input=None, code=0):
        result = CliRunner().invoke(app, [str(one) for one in arguments], input=input)
        if isinstance(result.exception, LLMRecError):
            raise result.exception
        assert result.exit_code == code, result.output + result.stderr
        return result

    return invoke


@pytest.fixture(scope="module")
def shop(tmp_path_factory, run):
    folder = tmp_path_factory.mktemp("cli")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMREC_MODELS__ENCODER", "hashing")
        patch.setenv("LLMREC_MODELS__ENGINE", "scripted")
        for name, rows in (("items", ITEMS), ("events", EVENTS)):
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        run("init", folder / "shop")
        run("ingest", "items", folder / "items.jsonl", "-w", folder / "shop")
        run("ingest", "events", folder / "events.jsonl", "-w", folder / "shop")
        run("index", "-w", folder / "shop")
        yield folder / "shop"


def test_recommend_prints_a_table_with_title_price_and_reason(run, shop):
    result = run("recommend", "-w", shop, "--user", "u1", "-k", "2", "--explain", "-d", "1")
    assert "EUR" in result.stdout and "Every candidate" in result.stdout
    assert "forward pass" in result.stderr


def test_recommend_as_json_honours_filters(run, shop):
    result = run(
        "recommend", "-w", shop, "-q", "lamp", "--max-price", "3.50", "--json", "--explain"
    )
    data = json.loads(result.stdout)
    prices = [float(one["item"]["price"]) for one in data["recommendations"]]
    # What does not answer the words is cut.
    assert 1 <= len(prices) <= 3 and max(prices) <= 3.5
    assert data["considered"] and "retrieval" in data["considered"][0]["scores"]


def test_explain_means_reasons_and_scores_come_by_their_name(run, shop):
    asked = ("recommend", "-w", shop, "--user", "u1", "-k", "1", "--json")
    for without in ("--no-explain", "--no-reasons"):
        (one,) = json.loads(run(*asked, without).stdout)["recommendations"]
        assert one["reason"] is None
    scored = run(*asked, "--scores", "--no-explain")
    data = json.loads(scored.stdout)
    assert data["considered"] and data["recommendations"][0]["reason"] is None
    assert "--scores" not in scored.stderr
    older = run(*asked, "--explain")
    data = json.loads(older.stdout)
    assert data["considered"] and data["recommendations"][0]["reason"]
    assert "--scores" in older.stderr
    assert "considered" not in json.loads(run(*asked).stdout)


def test_the_models_words_come_behind_the_table_and_always_the_same(run, shop, monkeypatch):
    monkeypatch.setenv("LLMREC_EXPLAIN__WORDS", "model")
    items = [
        {"id": f"m{n}", "title": f"Kettle {n}", "description": "Of steel.", "language": "en"}
        for n in range(1, 4)
    ]
    monkeypatch.setenv("COLUMNS", "120")
    lines = "".join(json.dumps(row) + "\n" for row in items)
    (shop.parent / "kettles.jsonl").write_text(lines, encoding="utf-8")
    run("ingest", "items", shop.parent / "kettles.jsonl", "-w", shop)
    run("index", "-w", shop)
    asked = ("recommend", "-w", shop, "-q", "kettle", "-k", "3", "-d", "1", "--words", "en")
    first, second = run(*asked), run(*asked)
    assert first.stdout == second.stdout
    table, _, words = first.stdout.partition("\n1. ")
    assert all(f"Kettle {n}" in table for n in range(1, 4)) and "Why" not in table
    assert "\n2. " in words and "\n3. " in words and words.count("Of steel.") >= 1
    assert "texts written" in first.stderr


def test_nothing_matching_is_said_and_is_no_error(run, shop):
    result = run("recommend", "-w", shop, "-q", "lamp", "--brand", "Nobody")
    assert "no unseen item passes the filters" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-k", "0"), "k must be a whole number"),
        (("--attribute", "red"), "not of the form name=value"),
        (("--max-price", "cheap"), "max_price"),
    ],
)
def test_impossible_requests_say_what_is_wrong(run, shop, arguments, message):
    with pytest.raises(HistoryError, match=message):
        run("recommend", "-w", shop, *arguments)


def test_a_foreign_folder_is_an_error_with_a_hint(run, tmp_path):
    with pytest.raises(WorkspaceError, match="llmrec init DIR"):
        run("recommend", "-w", tmp_path)


def test_the_process_prints_one_sentence_and_a_hint(tmp_path):
    command = [sys.executable, "-m", "llmrec.cli", "recommend", "-w", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "Error:" in done.stderr and "What to do:" in done.stderr


@pytest.mark.parametrize(
    "command",
    ["init", "ingest items", "ingest events", "index", "models pull", "recommend", "chat", "demo"],
)
def test_every_help_has_an_example(run, command):
    assert "Example" in run(*command.split(), "--help").stdout
