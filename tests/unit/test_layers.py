"""Imports point down only: docs/design/001-layout.md draws the layers."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "llmrec"

LAYERS = [
    {"errors", "types", "config"},
    {"catalog", "ingest", "weights", "prompting", "labels", "prompts", "demo", "planner"},
    {"embedding", "engines"},
    {"retrieval"},
    {"ranking", "explain"},
    {"requests", "jobs", "answers", "recommender"},
    {"eval", "finetune", "agent", "server"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
STRANGERS = {"catalog": {"ingest"}, "eval": {"finetune", "agent"}, "finetune": {"eval", "agent"}}
"""Which parts of one layer must not know each other."""


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported_parts(source: str) -> set[str]:
    """The parts of llmrec that a module imports, at its top or inside a function."""
    parts: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            parts |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer; write them in full"
            module = node.module or ""
            parts |= {module} if module != "llmrec" else {f"llmrec.{a.name}" for a in node.names}
    found = {name.split(".")[1] for name in parts if name.startswith("llmrec.")}
    # "from llmrec import Recommender" takes a name of the package's face, which is the main path.
    return {name if name in LEVEL else "recommender" for name in found}


def violations(part: str, source: str) -> list[str]:
    """The imports that point up, or to a stranger of the same layer."""
    return sorted(
        other
        for other in imported_parts(source) - {part}
        if LEVEL.get(other, len(LAYERS)) > LEVEL[part] or other in STRANGERS.get(part, ())
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
