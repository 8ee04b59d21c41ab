"""Imports point down only: docs/design/001-layout.md draws the layers, 012 those of eval."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "llmrec"

LAYERS = [
    {"errors", "types", "config", "sections", "server_settings", "leaving", "linear", "retired"},
    {
        "artifacts",
        "catalog",
        "ingest",
        "weights",
        "prompting",
        "labels",
        "holm",
        "prompts",
        "demo",
        "planner",
    },
    {"embedding", "engines"},
    {"retrieval"},
    {"ranking", "reading", "explain", "documents", "reviews"},
    {
        "experiment",
        "requests",
        "jobs",
        "answers",
        "answer_events",
        "parts",
        "words_stage",
        "recommender",
    },
    {"eval", "finetune", "agent", "server", "mcp"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
STRANGERS = {"catalog": {"ingest"}, "eval": {"finetune", "agent"}, "finetune": {"eval", "agent"}}
"""Which parts of one layer must not know each other."""

EVAL_LAYERS = [
    {"data", "measures"},
    {"judging"},
    {"baselines", "llm"},
    {"runs", "main_path"},
    {"report"},
]
EVAL_LEVEL = {name: level for level, names in enumerate(EVAL_LAYERS) for name in names}


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported_below(package: str, source: str) -> set[str]:
    """What stands behind ``package.`` in a module's imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer; write them in full"
            module = node.module or ""
            names |= {module} if module != package else {f"{package}.{a.name}" for a in node.names}
    inside = f"{package}."
    return {name.removeprefix(inside).split(".")[0] for name in names if name.startswith(inside)}


def imported_parts(source: str) -> set[str]:
    """The parts of llmrec that a module imports."""
    found = imported_below("llmrec", source)
    # "from llmrec import Recommender" takes a name of the package's face, which is the main path.
    return {name if name in LEVEL else "recommender" for name in found}


def violations(part: str, source: str) -> list[str]:
    """The imports that point up, or to a stranger of the same layer."""
    return sorted(
        other
        for other in imported_parts(source) - {part}
        if LEVEL.get(other, len(LAYERS)) > LEVEL[part] or other in STRANGERS.get(part, ())
    )


def eval_violations(part: str, source: str) -> list[str]:
    """The imports within eval that do not point down; a name of its face stands above all."""
    return sorted(
        other
        for other in imported_below("llmrec.eval", source) - {part}
        if EVAL_LEVEL.get(other, len(EVAL_LAYERS)) >= EVAL_LEVEL[part]
    )


def modules() -> list[Path]:
    folders = [one for one in PACKAGE.iterdir() if one.is_dir() and one.name != "__pycache__"]
    nested = [path for folder in folders for path in folder.rglob("*.py")]
    single = [path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    return sorted(single + nested)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    found = violations(part_of(path), path.read_text(encoding="utf-8"))
    assert not found, f"{path} imports upward: {found}"


def eval_modules() -> list[Path]:
    return sorted((PACKAGE / "eval").glob("*/**/*.py"))


@pytest.mark.parametrize(
    "path", eval_modules(), ids=lambda path: str(path.relative_to(PACKAGE / "eval"))
)
def test_imports_within_eval_point_down(path):
    part = path.relative_to(PACKAGE / "eval").parts[0]
    found = eval_violations(part, path.read_text(encoding="utf-8"))
    assert not found, f"{path} imports sideways or upward: {found}"


def test_every_part_of_eval_has_a_layer():
    files = [path.relative_to(PACKAGE / "eval") for path in eval_modules()]
    assert {path.parts[0] for path in files} == set(EVAL_LEVEL)
    assert [path.name for path in (PACKAGE / "eval").glob("*.py")] == ["__init__.py"]


def test_every_part_has_a_layer():
    assert {part_of(path) for path in modules()} <= set(LEVEL)


@pytest.mark.parametrize(
    ("part", "source", "expected"),
    [
        ("catalog", "from llmrec.retrieval import Retriever", ["retrieval"]),
        ("types", "def f():\n    import llmrec.cli.main", ["cli"]),
        ("eval", "from llmrec import finetune", ["finetune"]),
        ("catalog", "from llmrec import Recommender", ["recommender"]),
        ("ranking", "from llmrec.types import Item", []),
    ],
)
def test_an_upward_import_is_found(part, source, expected):
    assert violations(part, source) == expected


@pytest.mark.parametrize(
    ("part", "source", "expected"),
    [
        ("measures", "from llmrec.eval.data.splits import Case", ["data"]),
        ("data", "def f():\n    import llmrec.eval.judging.asking", ["judging"]),
        ("judging", "from llmrec.eval import runs", ["runs"]),
        ("judging", "from llmrec.eval import open_data", ["open_data"]),
        ("runs", "from llmrec.eval.runs.record import Run", []),
        ("report", "from llmrec.eval.runs.record import Run", []),
    ],
)
def test_an_upward_import_within_eval_is_found(part, source, expected):
    assert eval_violations(part, source) == expected
