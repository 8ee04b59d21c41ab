"""Count what a newcomer to a Python project has to learn; for this checkout, or any other.

Counted in the source modules, which are the ``.py`` files inside a package (a folder with an
``__init__.py``) below none of the top folders tests, scripts, docs, examples and benchmarks:

- ``files``, ``lines``: how many modules there are, and how many lines in all of them;
- ``median_file_lines``, ``median_function_lines``: medians over modules and over functions;
- ``long_files``, ``long_functions``: modules over 400 lines, functions over 60;
- ``single_importers``: modules that exactly one other source module imports, at its top, in a
  function or for types only, and ``single_importers_share``, their share of the modules that are
  neither ``__init__`` nor ``__main__``;
- ``private_used_once``: functions and methods with a leading underscore whose name appears once in
  their module beside the definition;
- ``repeated_modules``, ``repeated_classes``: names that more than one module or class carries;
- ``vague_identifiers``: how often the words in ``VAGUE`` name a variable or a parameter;
- ``comments_per_100_lines``: comments, without those that instruct a tool (``noqa``, ``fmt`` …).

Counted in the Markdown and reStructuredText files at the top and below ``docs``:

- ``doc_words``: words between white space, code blocks and tables included.

A file that can be reached by two paths (a symbolic link) is counted once.

    python scripts/house.py                    # this checkout
    python scripts/house.py ../lkpy --json     # another one
    python scripts/house.py --names            # also which modules and names
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

NOT_SOURCE = {"tests", "test", "scripts", "docs", "doc", "examples", "benchmark", "benchmarks"}
VAGUE = ("one", "found", "said", "told", "asked", "held", "own", "some")
LONG_FILE, LONG_FUNCTION = 400, 60
# Comments that a tool reads explain nothing to a person.
PRAGMA = re.compile(r"#\s*(noqa|type:|fmt:|pragma|mypy:|ruff:|pylint:|!)")


@dataclass(frozen=True)
class Module:
    """A source file under every dotted name that it is imported by."""

    path: Path
    names: frozenset[str]
    text: str
    tree: ast.Module

    @property
    def plain(self) -> bool:
        """Whether it is a module of its own, and no package's face or entry."""
        return self.path.stem not in ("__init__", "__main__")


def python_files(checkout: Path) -> Iterator[Path]:
    """Source files as they are reached, symbolic links to folders included."""
    for folder, below, files in os.walk(checkout, followlinks=True):
        # A package's own folder may be called "examples"; only those at the top are set apart.
        top = Path(folder) == checkout
        below[:] = sorted(
            name
            for name in below
            if not name.startswith((".", "__pycache__")) and not (top and name in NOT_SOURCE)
        )
        if "__init__.py" in files:
            yield from (Path(folder) / name for name in sorted(files) if name.endswith(".py"))


def dotted_name(path: Path) -> str:
    """The name that a file is imported by: from the topmost package that encloses it."""
    parts = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(parts))


def source_modules(checkout: Path) -> list[Module]:
    """Every source module once."""
    names: dict[Path, set[str]] = defaultdict(set)
    for path in python_files(checkout):
        names[path.resolve()].add(dotted_name(path))
    modules = []
    for path in sorted(names):
        text = path.read_text(encoding="utf-8")
        modules.append(Module(path, frozenset(names[path]), text, ast.parse(text, str(path))))
    return modules


def imported_names(module: Module) -> Iterator[str]:
    """Everything that may be a module's name in the imports of ``module``."""
    name = min(module.names)
    package = name if module.path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])]) if node.level else node.module
            yield str(base)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def importers(modules: list[Module]) -> dict[Path, set[Path]]:
    """By module, the others that import it."""
    by_name = {name: module.path for module in modules for name in module.names}
    readers: dict[Path, set[Path]] = {module.path: set() for module in modules}
    for module in modules:
        for name in imported_names(module):
            target = by_name.get(name)
            if target is not None and target != module.path:
                readers[target].add(module.path)
    return readers


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Its functions and methods, nested ones included."""
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, from ``def`` to its last statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def private_used_once(module: Module) -> list[str]:
    """Private functions whose name stands once beside their definition."""
    used = Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Name, ast.Attribute))
    )
    private = {node.name for node in functions(module) if re.match(r"_(?!_)", node.name)}
    return sorted(name for name in private if used[name] == 1)


def identifiers(module: Module) -> Counter[str]:
    """How often a word names a variable or a parameter; attributes are left out."""
    return Counter(
        node.id if isinstance(node, ast.Name) else node.arg
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Name, ast.arg))
    )


def comments(module: Module) -> int:
    """Comments for people."""
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return sum(
        token.type == tokenize.COMMENT and not PRAGMA.match(token.string) for token in tokens
    )


def repeated(names: Iterator[str]) -> dict[str, int]:
    """The names that come more than once, the most frequent first."""
    return {name: count for name, count in Counter(names).most_common() if count > 1}


def doc_words(checkout: Path) -> int:
    """Words of the documentation."""
    pages = [path for ending in ("md", "rst") for path in checkout.glob(f"*.{ending}")]
    pages += [path for ending in ("md", "rst") for path in checkout.glob(f"docs/**/*.{ending}")]
    return sum(len(path.read_text(encoding="utf-8").split()) for path in pages)


def measure(checkout: Path) -> dict[str, Any]:
    """All counts of a checkout, by the names that the module's docstring explains."""
    modules = source_modules(checkout)
    sizes = [len(module.text.splitlines()) for module in modules]
    lengths = [length(node) for module in modules for node in functions(module)]
    readers = importers(modules)
    plain = [module for module in modules if module.plain]
    single = [module for module in plain if len(readers[module.path]) == 1]
    words = sum((identifiers(module) for module in modules), Counter[str]())
    classes = (
        node.name for m in modules for node in ast.walk(m.tree) if isinstance(node, ast.ClassDef)
    )
    return {
        "files": len(modules),
        "lines": sum(sizes),
        "median_file_lines": median(sizes or [0]),
        "median_function_lines": median(lengths or [0]),
        "long_files": sum(size > LONG_FILE for size in sizes),
        "long_functions": sum(size > LONG_FUNCTION for size in lengths),
        "single_importers": [str(module.path.relative_to(checkout)) for module in single],
        "single_importers_share": round(len(single) / max(1, len(plain)), 3),
        "private_used_once": sum(len(private_used_once(module)) for module in modules),
        "repeated_modules": repeated(module.path.stem for module in plain),
        "repeated_classes": repeated(classes),
        "vague_identifiers": {word: words[word] for word in VAGUE},
        "comments_per_100_lines": round(100 * sum(map(comments, modules)) / max(1, sum(sizes)), 2),
        "doc_words": doc_words(checkout),
    }


def counted(values: dict[str, Any]) -> dict[str, Any]:
    """The same with lists, and repeated names, as their number."""
    many = ("single_importers", "repeated_modules", "repeated_classes")
    return {name: len(value) if name in many else value for name, value in values.items()}


def main() -> None:
    summary, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("checkout", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--names", action="store_true", help="list modules and names too")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    values = measure(arguments.checkout.resolve())
    shown = values if arguments.names else counted(values)
    if arguments.json:
        print(json.dumps(shown, indent=1))
        return
    for name, value in shown.items():
        print(f"{name:<24}{value}")


if __name__ == "__main__":
    main()
