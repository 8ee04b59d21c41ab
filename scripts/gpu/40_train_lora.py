"""Train the ranker's LoRA adapter on prepared examples, at full size, as llmrec train ranker does.

    python scripts/gpu/40_train_lora.py --data .gpu/data/SHOP

Batches by length, bf16, evaluations four times an epoch, early stopping, the best adapter kept,
its weight beside the retriever fitted. Ends by itself after --minutes and says so. Writes the
adapter (with its card), a report with the lift over the retriever and its interval, TensorBoard's
file and a PNG of the curves. Killed, it goes on from the last checkpoint.
"""

from __future__ import annotations

from pathlib import Path

from prompt_files import PromptFile, invented_file, parts_of
from report import Report, parser
from training import Curves, clear_peak, evaluations_per_epoch, mean_tokens, outcome, run

from llmrec.finetune import LoraSettings

ROOT = Path(__file__).parents[2]
RESERVE = 25.0
"""Seconds for the imports before and the report after."""


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--data", type=Path, help="files of make_prompts.py, up to their '-'")
    options_of.add_argument("--adapter", type=Path, help="default: .gpu/adapters/DATA-MODEL")
    options_of.add_argument("--examples", type=int, help="take the first so many")
    options_of.add_argument("--minutes", type=float, default=8.0, help="stop by then")
    options_of.add_argument("--epochs", type=int, default=3, help="at most")
    options_of.add_argument("--batch", type=int, default=16)
    options_of.add_argument("--accumulation", type=int, default=1)
    options_of.add_argument("--rank", type=int, default=16)
    options_of.add_argument("--learning-rate", type=float, default=2e-4)
    options_of.add_argument("--next-title", type=float, default=0.0, help="weight of that loss")
    options_of.add_argument("--quantization", choices=("int8", "nf4"))
    options = options_of.parse_args()
    if options.data is None and not options.smoke:
        options_of.error("name the examples with --data")
    name = f"{options.data.name}-{Path(options.model).name}" if options.data else ""
    report = Report(__file__, options, about=name)
    if options.data:
        train, valid = parts_of(options.data, "train", "valid")
    else:
        train, valid = (invented_file(options.model, n, seed=n) for n in (4, 3))
    if options.smoke:
        train, valid, options.batch = train.first(8), valid.first(6), 2
    train = train.first(options.examples)
    settings = LoraSettings(
        r=options.rank,
        alpha=2 * options.rank,
        learning_rate=options.learning_rate,
        epochs=1 if options.smoke else options.epochs,
        batch=options.batch,
        accumulation=options.accumulation,
        quantization=options.quantization,
        next_title=options.next_title,
    )
    every = evaluations_per_epoch(len(train.prompts), settings, 4)
    settings = settings.model_copy(update={"evaluate_every": every})
    report.add("data", {part: told(file) for part, file in (("train", train), ("valid", valid))})
    out = options.adapter or (ROOT / ".gpu/adapters" / name if name else report.beside("adapter"))
    curves = Curves(report.beside("curves"))
    clear_peak()
    left = 60 * options.minutes - report.seconds - RESERVE
    done = run(train, valid, options.model, out, settings, curves, seconds=left)
    mean = mean_tokens(train, options.model)
    report.add("training", outcome(done, mean, options.model, settings, options.out))
    retriever = done.validation.get("retriever ndcg@10")
    drawn = curves.draw(report.beside("curves.png"), retriever.mean if retriever else None)
    report.add("plot", drawn)
    report.add("losses", [round(step.loss, 4) for step in done.steps])
    if done.timed_out:
        print(
            f"stopped for want of time after step {len(done.steps)}; {out} is the best until then"
        )
    report.finish()


def told(file: PromptFile) -> dict[str, object]:
    """What the report says of a file: where it comes from, and how many examples it has."""
    return {**file.about, "examples": len(file.prompts)}


if __name__ == "__main__":
    main()
