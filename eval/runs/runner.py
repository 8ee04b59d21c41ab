"""Evaluate with a folder to show for it: begun, gone on with after a kill, finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.errors import DataError
from llmrec.eval.data.eval_data import EvalData
from llmrec.eval.data.splits import Case, Part
from llmrec.eval.judging.asking import (
    Answer,
    HistoryForm,
    ManyRecommender,
    ask,
    draw_cases,
    in_batches,
)
from llmrec.eval.judging.evaluate import JudgingSettings, check_ks, judge
from llmrec.eval.judging.outcome import Evaluation
from llmrec.eval.judging.sampled import sampled_items
from llmrec.eval.runs.environment import command_line, machine, now, versions
from llmrec.eval.runs.folder import RunFolder
from llmrec.eval.runs.record import VERSION, Run, RunPlan, read_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Observer", "PlanOptions", "make_plan", "run"]

Observer = Callable[[int, int], None]
"""Called with the number of users answered and of all."""

_DEPTH = 100


@dataclass(frozen=True)
class PlanOptions:
    """What is chosen of a run, whatever is evaluated on whatever data.

    Attributes:
        name: of the run; the recommender's by default.
        part: ``test`` or ``valid``.
        ks: list lengths to report.
        users: how many to draw; all if ``None``.
        seed: of the draw and the intervals.
        batch: users asked at once; what suits the recommender by default.
        depth: length of the lists; 100 by default, so that the recall curve goes so far.
        negatives: rank targets among so many drawn items only; see
            :mod:`llmrec.eval.judging.sampled`.
    """

    name: str | None = None
    part: Part = "test"
    ks: Sequence[int] = (5, 10, 20)
    users: int | None = None
    seed: int = 0
    batch: int | None = None
    depth: int | None = None
    negatives: int | None = None


def make_plan(
    data: EvalData,
    recommender: Mapping[str, Any],
    options: PlanOptions | None = None,
    *,
    batch: int = 64,
) -> RunPlan:
    """The plan of a run on ``data``.

    Args:
        data: what it is run on.
        recommender: its ``name``, ``kind`` (``llmrec``, ``baseline`` or ``other``), ``settings``,
            and how it was ``tuned``, if it was.
        options: the rest.
        batch: users asked at once, where the options do not say.

    Raises:
        DataError: an impossible k.
    """
    options = options or PlanOptions()
    largest = check_ks(options.ks)
    return RunPlan(
        name=options.name or str(recommender["name"]),
        recommender={"settings": {}, "tuned": None, **recommender},
        data={
            "name": data.name,
            "sha256": data.sha256,
            "protocol": data.split.protocol,
            "part": options.part,
        },
        users=options.users,
        ks=tuple(options.ks),
        depth=max(largest, _DEPTH if options.depth is None else options.depth),
        seed=options.seed,
        batch=max(1, batch if options.batch is None else options.batch),
        negatives=options.negatives,
    )


def run(
    recommender: ManyRecommender,
    data: EvalData,
    plan: RunPlan,
    out: Path,
    *,
    resume: bool = False,
    history: HistoryForm = "ids",
    options: Mapping[str, Any] | None = None,
    from_cache: Callable[[], bool] | None = None,
    details: Callable[[Evaluation], Mapping[str, Any] | None] | None = None,
    notes: Sequence[str] = (),
    progress: Observer | None = None,
) -> Run:
    """Ask ``recommender`` as planned, writing every batch to ``out``, and write the result.

    Killed at any moment, it goes on with ``resume``: the batches are the same, so that the figures
    are those of a run that was never stopped. A finished run is only read.

    Args:
        recommender: what is evaluated.
        data: on what; it must be the plan's.
        plan: see :func:`make_plan`.
        out: the run's folder.
        resume: go on with what is there.
        history: how histories are shown; see :func:`~llmrec.eval.evaluate`.
        options: further keywords of ``recommend_many``.
        from_cache: says after each batch whether its answers came out of a cache; their times are
            not taken then.
        details: what else to say of the answers, under ``llm`` in the result.
        notes: sentences for the reader, beside those of the data.
        progress: told how far it is.

    Raises:
        DataError: the plan is of other data, the folder holds another run, or an answer is no list
            of item ids.
        LockedError: another process works on the run.
    """
    if plan.data["sha256"] != data.sha256:
        raise DataError(
            f"The plan is for other data than '{data.name}'.", hint="Make it with make_plan(data)."
        )
    cases = draw_cases(data.split, plan.data["part"], plan.users, plan.seed)
    with RunFolder.open(out, plan, resume=resume) as folder:
        if folder.finished:
            return read_run(out)
        sampled = sampled_items(data.items, plan.negatives, plan.seed)
        asking = partial(
            ask, recommender, k=plan.depth, history=history, options=options, sampled=sampled
        )
        _answer(folder, asking, cases, from_cache, progress)
        outcome = judge(data.split, cases, folder.answers, _judging(plan), items=data.items)
        model = details(outcome) if details else None
        record = _record(folder, data, outcome, model, notes)
        return folder.finish(record, _users_frame(outcome))


def _judging(plan: RunPlan) -> JudgingSettings:
    return JudgingSettings(
        plan.data["part"], plan.ks, plan.seed, depth=plan.depth, negatives=plan.negatives
    )


def _answer(
    folder: RunFolder,
    asking: Callable[[Sequence[Case]], list[Answer]],
    cases: Sequence[Case],
    from_cache: Callable[[], bool] | None,
    progress: Observer | None,
) -> None:
    """Answer the cases that the folder has no answers to yet."""
    _check_answers(folder, cases)
    folder.begin({"started": now(), "versions": versions()})
    started, done = time.perf_counter(), len(folder.answers)
    for batch in in_batches(cases[done:], folder.plan.batch):
        if progress:
            progress(done, len(cases))
        answers = asking(batch)
        if from_cache and from_cache():
            answers = [Answer(answer.user, answer.ids, None, answer.llm) for answer in answers]
        folder.append(answers, time.perf_counter() - started)
        done += len(batch)
    if progress:
        progress(done, len(cases))


def _check_answers(folder: RunFolder, cases: Sequence[Case]) -> None:
    for number, (answer, case) in enumerate(zip(folder.answers, cases, strict=False), start=1):
        if answer.user != case.user:
            raise DataError(
                f"the answer is for user '{answer.user}', not for '{case.user}'.",
                file=str(folder.path / "answers.jsonl"),
                row=number,
                hint="The file was changed; begin the run anew in another folder.",
            )


def _record(
    folder: RunFolder,
    data: EvalData,
    outcome: Evaluation,
    model: Mapping[str, Any] | None,
    notes: Sequence[str],
) -> dict[str, Any]:
    plan = folder.plan.to_dict()
    sampled = len(outcome.users) < outcome.of_users
    return {
        "version": VERSION,
        "name": plan["name"],
        "created": now(),
        "command": command_line(),
        "seconds": round(folder.seconds, 3),
        "recommender": plan["recommender"],
        "data": {
            **plan["data"],
            "users": len(outcome.users),
            "of_users": outcome.of_users,
            "items": len(data.items),
            "events": data.events,
            "sampled": sampled,
            "ties": outcome.ties,
            "negatives": plan["negatives"],
        },
        "ks": plan["ks"],
        "depth": plan["depth"],
        "batch": plan["batch"],
        "seeds": [plan["seed"]],
        "versions": versions(),
        "machine": machine(),
        "metrics": {
            name: {
                "mean": mean,
                "low": outcome.intervals[name][0],
                "high": outcome.intervals[name][1],
            }
            for name, mean in outcome.means.items()
        },
        "beyond": outcome.beyond,
        "slices": {
            name: [group.to_dict() for group in groups] for name, groups in outcome.slices.items()
        },
        "recall_curve": outcome.recall_curve,
        "latency": outcome.latency,
        "popularity_scatter": outcome.popularity_scatter,
        "llm": model,
        "notes": [*data.notes, *notes, *_own_notes(folder, outcome)],
    }


def _own_notes(folder: RunFolder, outcome: Evaluation) -> list[str]:
    notes = []
    if len(outcome.users) < outcome.of_users:
        notes.append(
            f"{len(outcome.users):,} of {outcome.of_users:,} users, drawn by seed {outcome.seed}; "
            "the intervals are of this sample."
        )
    if outcome.negatives:
        notes.append(
            f"Sampled ranking: each case among its targets and {outcome.negatives:,} drawn items. "
            "Such figures are far higher than those of full ranking, and may order systems "
            "differently."
        )
    if outcome.short:
        notes.append(f"{outcome.short:,} answers had fewer than {max(outcome.ks)} items.")
    if outcome.seen:
        notes.append(f"{outcome.seen:,} recommended items stood in the history.")
    notes += [note for note in (outcome.ties_note, outcome.unknown_note) if note]
    cached = sum(answer.ms is None for answer in outcome.answers)
    if cached:
        notes.append(f"{cached:,} answers came out of a cache; their times do not count.")
    degraded = sum(bool(answer.llm and answer.llm.get("degraded")) for answer in outcome.answers)
    if degraded:
        notes.append(f"{degraded:,} answers are the retriever's alone: the model failed.")
    if len(folder.sessions) > 1:
        notes.append(f"It was interrupted: {len(folder.sessions)} sessions.")
    if any(session["versions"] != folder.sessions[0]["versions"] for session in folder.sessions):
        notes.append("The sessions ran with different versions; see sessions.json.")
    return notes


def _users_frame(outcome: Evaluation) -> pd.DataFrame:
    import pandas as pd

    known = outcome.split.warm_items(outcome.part)
    columns: dict[str, Any] = {
        "user": list(outcome.users),
        "owner": [case.owner for case in outcome.cases],
        "history_length": [len(case.history) for case in outcome.cases],
        "cold": [case.is_cold for case in outcome.cases],
        "cold_target": [not (case.target_ids & known) for case in outcome.cases],
        **outcome.per_user,
    }
    return pd.DataFrame(columns)
