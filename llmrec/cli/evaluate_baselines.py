"""``llmrec eval baselines``: all of them, each tuned on validation, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmrec.cli import evaluate_options as flags

if TYPE_CHECKING:
    from llmrec.eval import EvalData
    from llmrec.eval.runs.record import Run
    from llmrec.eval.runs.runner import PlanOptions

__all__ = ["baselines", "run_named"]

_Names = Annotated[list[str] | None, typer.Argument(help="Which ones; all of them otherwise.")]


def baselines(
    data: flags.Data,
    names: _Names = None,
    budget: flags.Budget = 20,
    part: flags.Part = "test",
    users: flags.Users = None,
    ks: flags.Ks = None,
    seed: flags.Seed = 0,
    negatives: flags.Negatives = None,
    out: flags.Out = None,
    resume: flags.Resume = False,
    html: flags.Html = None,
    markdown: flags.Markdown = None,
    published: flags.Published = None,
    protocol: flags.Protocol = "auto",
    items: flags.Items = None,
    order: flags.Order = "time",
    repeats: flags.Repeats = "refuse",
    valid_from: flags.ValidFrom = None,
    test_from: flags.TestFrom = None,
) -> None:
    """Evaluate the baselines, each with the settings that validation likes best.

    One run for each goes into a folder of its own below --out. With --resume, finished ones are
    only read, and one that was killed goes on.

    Examples:
    [bold]llmrec eval baselines --data ../shared/data/amazon14_beauty --budget 20 -o runs/beauty[/]

    [bold]llmrec eval baselines popular ease --data ml-1m --users 500[/]
    """
    from llmrec.eval.baselines import BASELINES, recipe
    from llmrec.eval.runs.comparing import best_of, compare_runs
    from llmrec.eval.runs.runner import PlanOptions

    chosen = [recipe(name).name for name in names or BASELINES]
    opened = flags.open_named(
        flags.DataOptions(data, items, protocol, order, repeats, valid_from, test_from)
    )
    root = out or flags.runs_folder(opened, None) / f"{opened.name}-baselines-{part}"
    options = PlanOptions(
        part=part, ks=tuple(ks or (5, 10, 20)), users=users, seed=seed, negatives=negatives
    )
    runs = [
        run_named(opened, name, root / name, options, budget=budget, resume=resume)
        for name in chosen
    ]
    # Against the best alone: every pair would cost the correction dearly and say little.
    comparisons = compare_runs(runs, against=best_of(runs)) if len(runs) > 1 else ()
    flags.Reports(html, markdown, published).show(runs, comparisons)
    flags.say(f"Written to {root}")


def run_named(
    data: EvalData,
    baseline: str,
    folder: Path,
    options: PlanOptions,
    *,
    budget: int,
    resume: bool,
) -> Run:
    """:func:`llmrec.eval.runs.baseline.run_baseline` with progress bars."""
    from llmrec.eval.runs.baseline import run_baseline

    with flags.counting(f"Tuning {baseline}") as tuning, flags.counting(baseline) as progress:
        return run_baseline(
            data,
            baseline,
            folder,
            options,
            budget=budget,
            resume=resume,
            tuning=tuning,
            progress=progress,
        )
