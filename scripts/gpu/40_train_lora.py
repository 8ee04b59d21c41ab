"""Train the ranker's LoRA adapter on prepared examples, at full size.

    python scripts/gpu/40_train_lora.py --train .gpu/data/SHOP-train.jsonl.xz

Writes the adapter (a few MB, with its card) and a report with the curve. It can be stopped and run
again: it goes on from the last checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measures import matmul_parameters, share_of_limit
from prompt_files import PromptFile, invented, read
from report import Report, limit, parser

from llmrec.engines import load_engine
from llmrec.finetune import EvaluationReport, LoraSettings, StepReport, train_lora
from llmrec.prompting import rank_prompt_version
from llmrec.weights import locate


def main() -> None:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--train", type=Path, help="examples, from make_prompts.py")
    options_of.add_argument("--valid", type=Path, help="examples to score at the end")
    options_of.add_argument("--adapter", type=Path, help="folder to make; default: OUT/adapter")
    options_of.add_argument("--examples", type=int, help="take the first so many")
    options_of.add_argument("--epochs", type=int, default=1)
    options_of.add_argument("--batch", type=int, default=16)
    options_of.add_argument("--accumulation", type=int, default=1)
    options_of.add_argument("--rank", type=int, default=16)
    options_of.add_argument("--learning-rate", type=float, default=2e-4)
    options = options_of.parse_args()
    if options.train is None and not options.smoke:
        options_of.error("name the examples with --train")
    report = Report(__file__, options)
    if options.smoke:
        train, valid = smoke_files(options.model)
        options.batch = 2
    else:
        train, valid = read(options.train), read(options.valid) if options.valid else None
    if options.examples:
        train = PromptFile(train.prompts[: options.examples], train.about)
    settings = LoraSettings(
        r=options.rank,
        alpha=2 * options.rank,
        learning_rate=options.learning_rate,
        epochs=options.epochs,
        batch=options.batch,
        accumulation=options.accumulation,
    )
    report.add("data", {**train.about, "examples": len(train.prompts)})
    out = options.adapter or Path(options.out) / "adapter"
    done = train_lora(
        train.examples(),
        options.model,
        out,
        settings,
        validation=valid.examples() if valid else None,
        progress=tell,
    )
    tokens = options.epochs * count_tokens(options.model, [one.prompt for one in train.prompts])
    # A pass forth and one back through frozen weights: twice the products of ranking.
    parameters = 2 * matmul_parameters(locate(options.model))
    found: dict[str, Any] = {
        "steps": len(done.steps),
        "resumed_from": done.resumed_from,
        "trainable": done.trainable,
        "seconds": round(done.seconds, 2),
        "examples_per_s": round(len(train.prompts) * options.epochs / done.seconds, 3),
        "tokens_per_s": round(tokens / done.seconds, 1),
        **share_of_limit(parameters, tokens, done.seconds, limit(options.out, "bf16")),
        "losses": [round(one.loss, 4) for one in done.steps],
        "validation": {"loss": done.loss, "accuracy": done.accuracy},
        "adapter_bytes": sum(path.stat().st_size for path in out.iterdir()),
        "settings": settings.model_dump(mode="json"),
        "peak_bytes": peak(),
    }
    report.add("training", found)
    report.finish()


def tell(step: StepReport | EvaluationReport) -> None:
    """A line for every twentieth step, and for each evaluation."""
    if isinstance(step, EvaluationReport):
        print(f"step {step.step}: validation loss {step.loss:.4f}", flush=True)
    elif step.step % 20 == 0 or step.step == step.steps:
        print(f"step {step.step} of {step.steps}: loss {step.loss:.4f}", flush=True)


def smoke_files(model: str) -> tuple[PromptFile, PromptFile]:
    """Invented examples, a few."""
    engine = load_engine("transformers", model)
    about = {"shop": "invented", "prompt_version": rank_prompt_version()}
    rows = invented(engine, 6, candidates=4, history=2)
    engine.close()
    return PromptFile(tuple(rows[:4]), about), PromptFile(tuple(rows[4:]), about)


def count_tokens(model: str, texts: list[str]) -> int:
    """Tokens of all texts together."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(locate(model), local_files_only=True)
    return sum(len(tokenizer(one, add_special_tokens=False).input_ids) for one in texts)


def peak() -> int | None:
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


if __name__ == "__main__":
    main()
