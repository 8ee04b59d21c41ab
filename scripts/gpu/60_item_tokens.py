"""An experiment: products as titles, as soft tokens of what shoppers did with them, or as both.

    python scripts/gpu/60_item_tokens.py --data .gpu/data/SHOP

Trains each kind on the same examples in an equal share of the --minutes and judges it on test
questions: NDCG@10 among retrieved candidates, of the model alone and fused with the retriever (each
fold of five has the weight of the others), with the paired lift over the retriever; tokens and
milliseconds of a prompt. The vectors are those of an encoder that has seen neither training nor
validation nor test targets.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from prompt_files import PromptFile, invented_file, parts_of
from report import Report, parser
from training import clear_peak, evaluations_per_epoch, peak

from llmrec.artifacts import Figure
from llmrec.finetune import EvaluationReport, LoraSettings, StepReport
from llmrec.finetune.item_tokens import (
    KINDS,
    ItemTokenReport,
    ItemVectors,
    Kind,
    train_item_tokens,
)

RESERVE = 30.0


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--data", type=Path, help="files of make_prompts.py, up to their '-'")
    options_of.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    options_of.add_argument("--examples", type=int, help="train on the first so many")
    options_of.add_argument("--held", type=int, default=500, help="examples that end a training")
    options_of.add_argument("--questions", type=int, default=2000, help="test questions that judge")
    options_of.add_argument("--minutes", type=float, default=8.0, help="for all kinds together")
    options_of.add_argument("--epochs", type=int, default=2, help="at most")
    options_of.add_argument("--batch", type=int, default=16)
    options_of.add_argument("--learning-rate", type=float, default=2e-4)
    options = options_of.parse_args()
    if options.data is None and not options.smoke:
        options_of.error("name the examples with --data")
    name = f"{options.data.name}-{Path(options.model).name}" if options.data else ""
    report = Report(__file__, options, about=name)
    if options.data:
        files, items = parts_of(options.data, "train", "valid", "test"), vectors_of(options.data)
    else:
        files = [invented_file(options.model, n, seed=n) for n in (4, 3, 5)]
        items = invented_vectors(files)
    if options.smoke:
        options.examples, options.held, options.questions, options.batch = 4, 2, 3, 2
    train, held, judging = (
        file.first(number)
        for file, number in zip(
            files, (options.examples, options.held, options.questions), strict=True
        )
    )
    settings = LoraSettings(
        epochs=1 if options.smoke else options.epochs,
        batch=options.batch,
        accumulation=1,
        learning_rate=options.learning_rate,
    )
    every = evaluations_per_epoch(len(train.prompts), settings, 3)
    settings = settings.model_copy(update={"evaluate_every": every})
    sizes = {"train": train, "held": held, "judging": judging}
    report.add("data", {**train.about, **{key: len(one.prompts) for key, one in sizes.items()}})
    report.add("settings", settings.model_dump(mode="json"))
    share = (60 * options.minutes - report.seconds - RESERVE) / len(options.kinds)
    for kind in options.kinds:
        clear_peak()
        found = one_kind(kind, sizes, items, settings, options.model, share)
        report.add(kind, {**found, "peak_bytes": peak()})
    report.finish()


def one_kind(
    kind: Kind,
    sizes: dict[str, PromptFile],
    items: ItemVectors,
    settings: LoraSettings,
    model: str,
    share: float,
) -> dict[str, Any]:
    train, held, judging = (one.examples().examples for one in sizes.values())
    # What judging takes is not known before; a fifth is enough where a step is three passes.
    with tempfile.TemporaryDirectory() as folder:
        done = train_item_tokens(
            train,
            held,
            judging,
            model,
            items,
            kind,
            Path(folder) / kind,
            settings,
            seconds=0.8 * share,
            progress=tell,
        )
    return told(done)


def told(done: ItemTokenReport) -> dict[str, Any]:
    """The report as JSON; figures as mean and interval."""
    found = asdict(done) | {
        "alone": ends(done.alone),
        "figures": {name: ends(one) for name, one in done.figures.items()},
        "losses": [round(one, 4) for one in done.losses],
        "evaluations": [
            [one.step, round(one.loss, 5), round(one.ndcg, 5)] for one in done.evaluations
        ],
    }
    return {key: round(one, 3) if isinstance(one, float) else one for key, one in found.items()}


def ends(figure: Figure) -> list[float]:
    return [round(one, 5) for one in (figure.mean, figure.low, figure.high) if one is not None]


def tell(report: StepReport | EvaluationReport) -> None:
    if isinstance(report, EvaluationReport) or report.step % 20 == 0:
        print(f"step {report.step}: loss {report.loss:.4f}", flush=True)


def vectors_of(data: Path) -> ItemVectors:
    """What make_prompts.py wrote of the encoder."""
    with np.load(data.with_name(f"{data.name}-vectors.npz")) as file:
        return ItemVectors(file["ids"].tolist(), file["vectors"].astype(np.float32))


def invented_vectors(files: list[PromptFile]) -> ItemVectors:
    ids = {id for file in files for one in file.prompts for id in (*one.history, *one.candidates)}
    draw = np.random.default_rng(0).normal(size=(len(ids), 8))
    return ItemVectors(sorted(ids), draw.astype(np.float32))


if __name__ == "__main__":
    main()
