"""What is installed is what lies in the repository, under plain names that hurt nobody."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import llmrec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAPPED = ("eval", "finetune", "prompts")


def folders_with_code() -> set[str]:
    found = {
        "llmrec." + ".".join(path.parent.relative_to(ROOT / "llmrec").parts)
        for path in (ROOT / "llmrec").rglob("__init__.py")
    }
    for name in MAPPED:
        found |= {
            ".".join(("llmrec", *path.parent.relative_to(ROOT).parts))
            for path in (ROOT / name).rglob("__init__.py")
        }
    return {name.rstrip(".") for name in found}


def test_every_package_is_listed():
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders_with_code()


@pytest.mark.parametrize("name", MAPPED)
def test_top_level_folders_are_mapped_and_linked(name):
    assert PROJECT["tool"]["setuptools"]["package-dir"][f"llmrec.{name}"] == name
    assert (ROOT / "llmrec" / name).resolve() == ROOT / name


def test_the_written_messages_are_among_the_package_data():
    folder = ROOT / "finetune" / "reader"
    globs = PROJECT["tool"]["setuptools"]["package-data"]["llmrec.finetune.reader"]
    packed = {path for glob in globs for path in folder.glob(glob)}
    assert packed == set((folder / "messages").iterdir()) != set()


def all_modules() -> list[str]:
    walked = pkgutil.walk_packages(llmrec.__path__, "llmrec.")
    return sorted(one.name for one in walked if not one.name.endswith("__main__"))


@pytest.mark.parametrize("name", all_modules())
def test_all_names_exist_and_examples_hold(name):
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_the_public_names_are_pinned():
    assert llmrec.__all__ == [
        "AnswerComplete",
        "AnswerEvent",
        "AnswerRanked",
        "Event",
        "EventKind",
        "Filters",
        "HistoryEntry",
        "Item",
        "Recommendation",
        "Recommendations",
        "Recommender",
        "WordsWritten",
        "Workspace",
        "__version__",
        "recommend",
    ]


def loaded_by(imports: str) -> set[str]:
    """Names of the modules that a new process has loaded after ``imports``."""
    code = f"import sys; {imports}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_llmrec_loads_no_model_library():
    heavy = {"torch", "transformers", "chromadb", "sentence_transformers", "pandas"}
    assert not heavy & loaded_by("import llmrec, llmrec.cli.main")


def test_importing_llmrec_alone_loads_no_library_at_all():
    libraries = {"numpy", "pydantic", "pydantic_settings", "sqlalchemy", "typer", "rich"}
    assert not libraries & loaded_by("import llmrec")
    assert "sqlalchemy" in loaded_by("from llmrec import Recommender")


def test_a_name_that_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Recomender'"):
        _ = llmrec.Recomender
    assert set(llmrec.__all__) <= set(dir(llmrec))
