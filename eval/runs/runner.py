"""Evaluate with a folder to show for it: begun, gone on with after a kill, finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
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
    in_batches,
    sample_cases,
)
from llmrec.eval.judging.evaluate import check_ks, judge
from llmrec.eval.judging.outcome import Evaluation
from llmrec.eval.judging.sampled import SampledItems
from llmrec.eval.runs.environment import command_line, machine, now, versions
from llmrec.eval.runs.folder import RunFolder
from llmrec.eval.runs.record import VERSION, Run, RunPlan, read_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Observer", "make_plan", "run"]

Observer = Callable[[int, int], None]
"""Called with the number of users answered and of all."""

_DEPTH = 100


def make_plan(
    data: EvalData,
    *,
    name: str,
    recommender: Mapping[str, Any],
    part: Part = "test",
    ks: Sequence[int] = (5, 10, 20),
    users: int | None = None,
    seed: int = 0,
    batch: int = 64,
    depth: int | None = None,
    negatives: int | None = None,
) -> RunPlan:
    """The plan of a run on ``data``.

    Args:
        data: what it is run on.
        name: of the run.
        recommender: its ``name``, ``kind`` (``llmrec``, ``baseline`` or ``other``), ``settings``,
            and how it was ``tuned``, if it was.
        part: ``test`` or ``valid``.
        ks: list lengths to report.
        users: how many to draw; all if ``None``.
        seed: of the draw and the intervals.
        batch: users asked at once.
        depth: length of the lists; 100 by default, so that the recall curve goes so far.
        negatives: rank targets among so many drawn items only; see
            :mod:`llmrec.eval.judging.sampled`.

    Raises:
        DataError: an impossible k.
    """
    largest = check_ks(ks)
    made = RunPlan(
        name=name,
        recommender={"settings": {}, "tuned": None, **recommender},
        data={
            "name": data.name,
            "sha256": data.sha256,
            "protocol": data.split.protocol,
            "part": part,
        },
        users=users,
        ks=tuple(ks),
        depth=max(largest, _DEPTH if depth is None else depth),
        seed=seed,
        batch=max(1, batch),
        negatives=negatives,
    )
    return made


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
    part: Part = plan.data["part"]
    cases = sample_cases(data.split.cases(part), plan.users, plan.seed)
    if not cases:
        raise DataError(f"The split has no {part} cases.", hint="Choose another split or part.")
    with RunFolder.open(out, plan, resume=resume) as folder:
        if folder.finished:
            return read_run(out)
        sampled = _sampled(data, plan)
        _answer(folder, recommender, cases, history, options, sampled, from_cache, progress)
        outcome = judge(
            data.split,
            part,
            plan.ks,
            cases,
            folder.answers,
            seed=plan.seed,
            items=data.items,
            depth=plan.depth,
            negatives=plan.negatives,
        )
        said = details(outcome) if details else None
        record = _record(folder, data, outcome, said, notes)
        return folder.finish(record, _users_frame(outcome))


def _sampled(data: EvalData, plan: RunPlan) -> SampledItems | None:
    if plan.negatives is None:
        return None
    return SampledItems(data.items.ids, plan.negatives, plan.seed)


def _answer(
    folder: RunFolder,
    recommender: ManyRecommender,
    cases: Sequence[Case],
    history: HistoryForm,
    options: Mapping[str, Any] | None,
    sampled: SampledItems | None,
    from_cache: Callable[[], bool] | None,
    progress: Observer | None,
) -> None:
    plan = folder.plan
    _check_answers(folder, cases)
    folder.begin({"started": now(), "versions": versions()})
    started, done = time.perf_counter(), len(folder.answers)
    for asked in in_batches(cases[done:], plan.batch):
        if progress:
            progress(done, len(cases))
        answers = ask(
            recommender, asked, plan.depth, history=history, options=options, sampled=sampled
        )
        if from_cache and from_cache():
            answers = [Answer(answer.user, answer.ids, None, answer.llm) for answer in answers]
        folder.append(answers, time.perf_counter() - started)
        done += len(asked)
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
    said: Mapping[str, Any] | None,
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
        "llm": said,
        "notes": [*data.notes, *notes, *_own_notes(folder, outcome)],
    }


def _own_notes(folder: RunFolder, outcome: Evaluation) -> list[str]:
    found = []
    if len(outcome.users) < outcome.of_users:
        found.append(
            f"{len(outcome.users):,} of {outcome.of_users:,} users, drawn by seed {outcome.seed}; "
            "the intervals are of this sample."
        )
    if outcome.negatives:
        found.append(
            f"Sampled ranking: each case among its targets and {outcome.negatives:,} drawn items. "
            "Such figures are far higher than those of full ranking, and may order systems "
            "differently."
        )
    if outcome.short:
        found.append(f"{outcome.short:,} answers had fewer than {max(outcome.ks)} items.")
    if outcome.seen:
        found.append(f"{outcome.seen:,} recommended items stood in the history.")
    found += [note for note in (outcome.ties_note, outcome.unknown_note) if note]
    cached = sum(answer.ms is None for answer in outcome.answers)
    if cached:
        found.append(f"{cached:,} answers came out of a cache; their times do not count.")
    degraded = sum(bool(answer.llm and answer.llm.get("degraded")) for answer in outcome.answers)
    if degraded:
        found.append(f"{degraded:,} answers are the retriever's alone: the model failed.")
    if len(folder.sessions) > 1:
        found.append(f"It was interrupted: {len(folder.sessions)} sessions.")
    if any(session["versions"] != folder.sessions[0]["versions"] for session in folder.sessions):
        found.append("The sessions ran with different versions; see sessions.json.")
    return found


def _users_frame(outcome: Evaluation) -> pd.DataFrame:
    import pandas as pd

    known = outcome.split.warm_items(outcome.part)
    columns: dict[str, Any] = {
        "user": list(outcome.users),
        "history_length": [len(case.history) for case in outcome.cases],
        "cold": [case.is_cold for case in outcome.cases],
        "cold_target": [not (case.target_ids & known) for case in outcome.cases],
        **outcome.per_user,
    }
    return pd.DataFrame(columns)
