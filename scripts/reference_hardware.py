"""Write the tables of docs/hardware.md from the planner; ``--check`` fails on stale ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from llmrec.config import EngineSettings
from llmrec.errors import OutOfMemory
from llmrec.planner import Machine, Plan, Shape, choose, suggest
from llmrec.planner.machine import EXAMPLE_CARDS, imagined
from llmrec.planner.shapes import KNOWN_MODELS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "hardware.md"
TABLES = ("default", "asked", "suggested")
ASKED = (
    "Qwen/Qwen3-0.6B",
    "Qwen/Qwen3-4B",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-32B",
    "meta-llama/Llama-3.1-70B-Instruct",
)
_HEAD = (
    "| card | engine | precision | context | batch | weights GB | cache GB | rest GB | why |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def machines() -> Iterator[tuple[str, Machine]]:
    """Every row of the tables: a name and a machine with everything installed."""
    yield "none (4 cores, 16 GB)", Machine.without_card()
    for card in EXAMPLE_CARDS:
        name = f"{card.memory_gb:g} GB, {card.compute_capability} ({card.name})"
        yield name, imagined(card.memory_gb, card.compute_capability)


def default_table() -> str:
    """The default model on every machine."""
    shape = KNOWN_MODELS["smollm2-135m-instruct"].shape
    return "\n".join([_HEAD, *(_row(name, shape, machine) for name, machine in machines())])


def asked_table() -> str:
    """Well-known models on every machine: engine, precision, context and batch in a cell."""
    lines = [
        "| card | " + " | ".join(name.partition("/")[2] for name in ASKED) + " |",
        "|---|" + "---|" * len(ASKED),
    ]
    for name, machine in machines():
        cells = [_cell(machine, KNOWN_MODELS[model].shape) for model in ASKED]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def suggested_table() -> str:
    """What suits each machine best, family by family."""
    lines = [
        "| card | model | licence | engine | precision | context | batch | GB without cache |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, machine in machines():
        for suggestion in suggest(machine):
            plan = suggestion.plan
            others = (plan.memory.total - plan.memory.kv) / 1e9
            licence = suggestion.known.licence + (", gated" if suggestion.known.gated else "")
            lines.append(
                f"| {name} | {suggestion.known.name} | {licence} | {plan.engine} "
                f"| {plan.precision} | {plan.context} | {plan.batch} | {others:.1f} |"
            )
            name = ""
    return "\n".join(lines)


def page(text: str) -> str:
    """``text`` with each table between its marks replaced."""
    made = {"default": default_table, "asked": asked_table, "suggested": suggested_table}
    for name in TABLES:
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, behind = text.partition(begin)
        _, _, after = behind.partition(end)
        text = f"{before}{begin}\n{made[name]()}\n{end}{after}"
    return text


def _row(name: str, shape: Shape, machine: Machine) -> str:
    plan = choose(machine, shape, EngineSettings())
    memory = plan.memory
    others = memory.activations + memory.adapters + memory.overhead
    # The first sentence names the engine, the second the precision: both are columns already.
    parts = (reason.partition(": ")[2] for reason in plan.reasons[:2])
    why = " ".join(part[:1].upper() + part[1:] for part in parts)
    return (
        f"| {name} | {plan.engine} | {plan.precision} | {plan.context} | {plan.batch} "
        f"| {memory.weights / 1e9:.2f} | {memory.kv / 1e9:.1f} | {others / 1e9:.1f} | {why} |"
    )


def _cell(machine: Machine, shape: Shape) -> str:
    try:
        plan: Plan = choose(machine, shape, EngineSettings())
    except OutOfMemory:
        return "too large"
    return f"{plan.engine} {plan.precision}, {plan.context} x {plan.batch}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args().check
    old = PAGE.read_text(encoding="utf-8")
    new = page(old)
    if old == new:
        return
    if check:
        sys.exit("docs/hardware.md is stale; run: python scripts/reference_hardware.py")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
