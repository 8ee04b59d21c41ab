"""Write docs/cli.md and docs/configuration.md from the code; ``--check`` fails on stale ones."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).parents[1]


def cli_page() -> str:
    """Every command's help, as Markdown, by typer's own generator."""
    import typer.main
    from typer.cli import get_docs_for_click

    from llmrec.cli.main import app

    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="llmrec")
    text = get_docs_for_click(obj=command, ctx=context, name="llmrec", title="The command line")
    text = text.replace("[bold]", "`").replace("[/]", "`")
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip() + "\n"


def configuration_page() -> str:
    """Every setting with its default and meaning."""
    from llmrec.config import Settings

    lines = [
        "# Settings",
        "",
        "In `llmrec.toml` of the workspace; a variable `LLMREC_SECTION__FIELD` goes over the file,",
        "a flag over both. `scripts/reference.py` writes this page from the code.",
    ]
    plain = {n: f for n, f in Settings.model_fields.items() if not isinstance(f.default, BaseModel)}
    sections = {
        n: f.default for n, f in Settings.model_fields.items() if isinstance(f.default, BaseModel)
    }
    lines += ["", "## Top level", "", *_rows(plain)]
    for name, section in sections.items():
        summary = " ".join((type(section).__doc__ or "").split())
        lines += ["", f"## [{name}]", "", summary, "", *_rows(type(section).model_fields)]
    return "\n".join(lines) + "\n"


def _rows(fields: dict[str, Any]) -> list[str]:
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, info in fields.items():
        default = info.default_factory() if info.default_factory else info.default
        shown = "" if default in (None, PydanticUndefined) else f"`{default}`"
        rows.append(f"| `{name}` | {shown} | {info.description or ''} |")
    return rows


def pages() -> dict[Path, str]:
    """Each page's path and what it should hold."""
    docs = ROOT / "docs"
    return {docs / "cli.md": cli_page(), docs / "configuration.md": configuration_page()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args().check
    for path, text in pages().items():
        stale = not path.exists() or path.read_text(encoding="utf-8") != text
        if stale and check:
            sys.exit(f"{path.relative_to(ROOT)} is stale; run: python scripts/reference.py")
        if stale:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
