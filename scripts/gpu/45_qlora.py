"""LoRA on a whole base against LoRA on a quantized one (QLoRA): memory, speed and quality.

    python scripts/gpu/45_qlora.py --data .gpu/data/SHOP --model NAME

The same examples in the same order for bf16, int8 and nf4; each has a third of the --minutes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

from prompt_files import PromptFile, invented_file, parts_of
from report import Report, parser
from training import Curves, clear_peak, evaluations_per_epoch, mean_tokens, outcome, run

from llmrec.errors import LLMRecError
from llmrec.finetune import LoraSettings

KINDS: tuple[Literal["int8", "nf4"] | None, ...] = (None, "int8", "nf4")
RESERVE = 30.0


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--data", type=Path, help="files of make_prompts.py, up to their '-'")
    options_of.add_argument("--examples", type=int, default=3000, help="train on the first so many")
    options_of.add_argument("--minutes", type=float, default=8.0, help="for all kinds together")
    options_of.add_argument("--batch", type=int, default=16)
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
        options.examples, options.batch, valid = 4, 2, valid.first(4)
    train = train.first(options.examples)
    report.add("data", {**train.about, "examples": len(train.prompts)})
    share = (60 * options.minutes - report.seconds - RESERVE) / len(KINDS)
    for kind in KINDS:
        settings = LoraSettings(batch=options.batch, accumulation=1, quantization=kind)
        every = evaluations_per_epoch(len(train.prompts), settings, 3)
        settings = settings.model_copy(update={"evaluate_every": every})
        report.add(kind or "whole", measured(train, valid, settings, share, options))
    report.finish()


def measured(
    train: PromptFile, valid: PromptFile, settings: LoraSettings, seconds: float, options: Any
) -> dict[str, Any]:
    """The outcome of one training into a folder that is thrown away, or the error that ended it."""
    clear_peak()
    with tempfile.TemporaryDirectory() as folder:
        out, curves = Path(folder) / "adapter", Curves(Path(folder) / "curves")
        try:
            done = run(train, valid, options.model, out, settings, curves, seconds=seconds)
        except LLMRecError as error:
            return {"error": str(error)}
        mean = mean_tokens(train, options.model)
        return outcome(done, mean, options.model, settings, options.out)


if __name__ == "__main__":
    main()
