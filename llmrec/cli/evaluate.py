"""``llmrec eval``: run, baselines, compare, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from llmrec.cli import evaluate_baselines
from llmrec.cli import evaluate_options as flags

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.eval import EvalData
    from llmrec.eval.runs.record import Run, RunPlan
    from llmrec.eval.runs.runner import PlanOptions

__all__ = ["app"]

app = typer.Typer(
    help="Measure recommenders on held-out data, and compare them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.command("baselines")(evaluate_baselines.baselines)

_KS = (5, 10, 20)
# Users whose prompts the model ranks in one call, and users that the retriever answers in one.
_BATCH = 16
_RETRIEVER_BATCH = 64

_Baseline = Annotated[
    str | None,
    typer.Option(help="Evaluate this baseline, tuned on validation, not the main path."),
]
_Answers = Annotated[
    Path | None,
    typer.Option(help="Judge another model's lists: JSON lines, see scripts/peers/README.md."),
]
_RetrieverOnly = Annotated[
    bool,
    typer.Option("--retriever-only", "--no-llm", help="The main path without the language model."),
]
_Candidates = Annotated[
    int | None, typer.Option(help="How many candidates the model ranks.", show_default=False)
]
_LlmWeight = Annotated[
    float | None, typer.Option(help="Share of the model in the score.", show_default=False)
]
_Sensitivity = Annotated[
    int, typer.Option(help="Ignored: candidates are judged apart, in any order.", hidden=True)
]
_Words = Annotated[
    int, typer.Option(help="Write reasons for so many users and check their claims.")
]
_Batch = Annotated[int | None, typer.Option(help="Users asked at once.", min=1, show_default=False)]
_Name = Annotated[str | None, typer.Option(help="What reports call the run.")]
_Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder of the evaluation's own workspace; in the cache otherwise.",
    ),
]
_Cache = Annotated[
    bool, typer.Option(help="Look candidates and label scores up from earlier runs.")
]


@app.command("run")
def run(
    data: flags.Data,
    baseline: _Baseline = None,
    answers: _Answers = None,
    retriever_only: _RetrieverOnly = False,
    candidates: _Candidates = None,
    llm_weight: _LlmWeight = None,
    sensitivity: _Sensitivity = 0,
    words: _Words = 0,
    part: flags.Part = "test",
    users: flags.Users = None,
    ks: flags.Ks = None,
    seed: flags.Seed = 0,
    negatives: flags.Negatives = None,
    budget: flags.Budget = 20,
    batch: _Batch = None,
    name: _Name = None,
    out: flags.Out = None,
    resume: flags.Resume = False,
    html: flags.Html = None,
    workspace: _Workspace = None,
    cache: _Cache = True,
    protocol: flags.Protocol = "auto",
    items: flags.Items = None,
    order: flags.Order = "time",
    repeats: flags.Repeats = "refuse",
    valid_from: flags.ValidFrom = None,
    test_from: flags.TestFrom = None,
) -> None:
    """Evaluate the main path, its retriever alone, a baseline, or lists made elsewhere.

    The main path runs over a workspace made for the evaluation, whose event log holds only what was
    known before the cases. Every batch is written as it is answered: what was killed goes on with
    --resume and gives the same figures.

    Examples:
    [bold]llmrec eval run --data my-shop --users 500[/]

    [bold]llmrec eval run --data ../shared/data/amazon14_beauty --baseline popular[/]

    [bold]llmrec eval run --data ml-1m --retriever-only --html report.html[/]

    [bold]llmrec eval run --data sales.csv --items my-shop --protocol global-time[/]

    [bold]llmrec eval run --data ml-1m --answers sasrec.jsonl[/]
    """
    subject = _Subject(baseline, answers, retriever_only, budget, negatives)
    opened = flags.open_named(
        flags.DataOptions(data, items, protocol, order, repeats, valid_from, test_from)
    )
    sizes = tuple(ks or ())
    options = _RunOptions(
        part, users, sizes, seed, batch, name, out, resume, workspace, cache, words
    )
    done = subject.run(opened, options, _overrides(seed, candidates, llm_weight))
    flags.Reports(html).show([done])
    flags.say(f"Written to {done.folder}")


@app.command("compare")
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs.")],
    metric: Annotated[
        list[str] | None, typer.Option(help="Metrics to test, e.g. ndcg@10; repeatable.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Name of the run that all others are compared with.")
    ] = None,
    html: flags.Html = None,
    markdown: flags.Markdown = None,
    published: flags.Published = None,
) -> None:
    """Compare runs over the same users: differences, intervals, tests with Holm's correction.

    Example: [bold]llmrec eval compare runs/popular runs/main --metric ndcg@10[/]
    """
    from llmrec.eval.runs.comparing import compare_runs
    from llmrec.eval.runs.record import read_run

    read = [read_run(folder) for folder in runs]
    comparisons = compare_runs(read, metrics=metric, against=against)
    flags.Reports(html, markdown, published).show(read, comparisons)


@app.command("report")
def report_runs(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs.")],
    html: flags.Html = None,
    markdown: flags.Markdown = None,
    published: flags.Published = None,
) -> None:
    """Show finished runs: a table here, and a page or Markdown on request.

    Example: [bold]llmrec eval report runs/popular runs/main --html report.html[/]
    """
    from llmrec.eval.runs.record import read_run

    flags.Reports(html, markdown, published).show([read_run(folder) for folder in runs])


@dataclass(frozen=True)
class _Subject:
    """What is evaluated: a baseline, lists made elsewhere, or the main path."""

    baseline: str | None
    answers: Path | None
    retriever_only: bool
    budget: int
    negatives: int | None

    def __post_init__(self) -> None:
        named = (self.baseline is not None, self.answers is not None, self.retriever_only)
        if sum(named) > 1:
            raise typer.BadParameter(
                "--baseline, --answers and --retriever-only exclude each other."
            )
        if self.negatives and not self.baseline:
            raise typer.BadParameter(
                "--negatives goes with --baseline: others rank what they find."
            )

    def run(self, data: EvalData, options: _RunOptions, settings: Mapping[str, Any]) -> Run:
        """Evaluate it; ``settings`` are those of the main path's workspace."""
        if self.answers:
            return _run_answers(data, options, self.answers)
        if self.baseline:
            return _run_baseline(data, options, self.baseline, self.budget, self.negatives)
        return _run_main_path(data, options, settings, llm=not self.retriever_only)


@dataclass(frozen=True)
class _RunOptions:
    """What the user said of the run."""

    part: Literal["valid", "test"]
    users: int | None
    ks: tuple[int, ...]
    seed: int
    batch: int | None
    name: str | None
    out: Path | None
    resume: bool
    workspace: Path | None
    cache: bool
    words: int

    def folder(self, data: EvalData, recommender: str) -> Path:
        """The run's folder: as named, or after what is run on what."""
        sample = f"-{self.users}" if self.users else ""
        plain = f"{data.name}-{self.name or recommender}-{self.part}{sample}".replace("/", "-")
        return self.out or flags.runs_folder(data, self.workspace) / plain

    def plan(self, negatives: int | None = None) -> PlanOptions:
        """What of it decides the figures."""
        from llmrec.eval.runs.runner import PlanOptions

        return PlanOptions(
            name=self.name,
            part=self.part,
            ks=self.ks or _KS,
            users=self.users,
            seed=self.seed,
            batch=self.batch,
            negatives=negatives,
        )


def _run_answers(data: EvalData, options: _RunOptions, answers: Path) -> Run:
    from llmrec.eval.runs.replay import run_answers

    with flags.counting("Users") as tell:
        return run_answers(
            data,
            answers,
            options.folder(data, answers.stem),
            options.plan(),
            resume=options.resume,
            progress=tell,
        )


def _run_baseline(
    data: EvalData, options: _RunOptions, baseline: str, budget: int, negatives: int | None
) -> Run:
    return evaluate_baselines.run_named(
        data,
        baseline,
        options.folder(data, baseline),
        options.plan(negatives=negatives),
        budget=budget,
        resume=options.resume,
    )


def _overrides(
    seed: int, candidates: int | None, llm_weight: float | None
) -> dict[str, dict[str, Any]]:
    """Settings of the evaluation's workspace that the user has set for this run."""
    settings: dict[str, dict[str, Any]] = {"retrieval": {}, "ranking": {"seed": seed}}
    if candidates is not None:
        settings["retrieval"]["candidates"] = candidates
    if llm_weight is not None:
        settings["ranking"]["llm_weight"] = llm_weight
    return settings


def _run_main_path(
    data: EvalData, options: _RunOptions, settings: Mapping[str, Any], *, llm: bool
) -> Run:
    from llmrec.eval.main_path.shop import evaluation_shop

    with flags.indexing() as tell:
        shop = evaluation_shop(
            data, options.part, folder=options.workspace, overrides=settings, progress=tell
        )
    plan = _plan(data, options, shop, llm)
    flags.say(f"The evaluation's workspace is {shop.path}")
    folder = options.folder(data, plan.recommender["name"])
    return (_run_ranker if llm else _run_retriever)(data, options, shop, plan, folder)


def _plan(data: EvalData, options: _RunOptions, shop: Workspace, llm: bool) -> RunPlan:
    from llmrec.errors import ConfigError
    from llmrec.eval.main_path.recommenders import path_settings
    from llmrec.eval.runs.runner import make_plan

    candidates = shop.settings.retrieval.candidates
    ks = options.ks or tuple(k for k in _KS if not llm or k <= candidates) or (candidates,)
    if llm and max(ks) > candidates:
        raise ConfigError(
            f"-k {max(ks)} is more than the {candidates} candidates that the model ranks.",
            hint=f"Rank more of them (--candidates {max(ks)}, at most 50), or take a smaller k.",
        )
    kind = "main" if llm else "retriever"
    recommender = {
        "name": kind,
        "kind": "llmrec",
        "settings": dict(path_settings(data, shop, llm=llm)),
    }
    chosen = replace(options.plan(), ks=ks, depth=max(ks) if llm else None)
    return make_plan(data, recommender, chosen, batch=_BATCH if llm else _RETRIEVER_BATCH)


def _run_retriever(
    data: EvalData, options: _RunOptions, shop: Workspace, plan: RunPlan, folder: Path
) -> Run:
    from llmrec.eval.main_path.recommenders import open_retriever
    from llmrec.eval.runs.runner import run as run_planned

    with (
        open_retriever(data, options.part, shop, cached=options.cache) as path,
        flags.counting("Users") as tell,
    ):
        return run_planned(
            path,
            data,
            plan,
            folder,
            resume=options.resume,
            history="events",
            from_cache=path.cache.used if path.cache else None,
            progress=tell,
        )


def _run_ranker(
    data: EvalData, options: _RunOptions, shop: Workspace, plan: RunPlan, folder: Path
) -> Run:
    from llmrec.eval.main_path.details import llm_details
    from llmrec.eval.main_path.recommenders import open_main_path
    from llmrec.eval.runs.runner import run as run_planned

    with (
        open_main_path(data, options.part, shop, cached=options.cache) as path,
        flags.counting("Users") as tell,
        flags.counting("Words") as tell_details,
    ):
        return run_planned(
            path,
            data,
            plan,
            folder,
            resume=options.resume,
            history="events",
            from_cache=path.cache.used if path.cache else None,
            details=lambda outcome: llm_details(
                path,
                outcome,
                words=options.words,
                progress=tell_details,
            ),
            notes=path.notes,
            progress=tell,
        )
