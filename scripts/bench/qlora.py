"""LoRA on a whole base against LoRA on a quantized one (QLoRA) on a CPU: memory and loss.

    python scripts/bench/qlora.py --examples bench-work/ranker/examples --out bench-work/qlora

``--examples`` is a folder as ``scripts/bench/ranker.py`` leaves one. Each kind trains in a process
of its own on the same examples in the same order, so that the most memory it held is its own. The
weights' bytes are those of the frozen base as it lies in memory, without the adapter.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from processes import machine

from llmrec.finetune import ExampleSet, LoraSettings, train_lora
from llmrec.finetune.example_files import kept_examples

KINDS = ("whole", "int8", "nf4")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=int, default=160)
    parser.add_argument("--held", type=int, default=80)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--kind", choices=KINDS, help="this one, in this process")
    args = parser.parse_args()
    if args.kind:
        print(json.dumps(measured(args)))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"machine": machine()}
    for kind in KINDS:
        command = [sys.executable, __file__, *sys.argv[1:], "--kind", kind]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        report[kind] = json.loads(done.stdout.splitlines()[-1])
        print(kind, report[kind], flush=True)
        (args.out / "result.json").write_text(json.dumps(report, indent=2))


def measured(args: argparse.Namespace) -> dict[str, Any]:
    """Train once and give peak and base megabytes, seconds and the validation figures."""
    settings = LoraSettings(
        quantization=None if args.kind == "whole" else args.kind, batch=4, accumulation=4
    )
    started = perf_counter()
    done = train_lora(
        first(args.examples / "train.jsonl", args.train),
        args.model,
        args.out / args.kind,
        settings,
        validation=first(args.examples / "validation.jsonl", args.held),
        resume=False,
    )
    return {
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "base_mb": round(base_bytes(args.model, settings) / 2**20),
        "seconds": round(perf_counter() - started),
        "first_loss": round(done.steps[0].loss, 4),
        "last_loss": round(done.steps[-1].loss, 4),
        "validation_loss": round(done.loss or 0.0, 4),
        "validation": {name: str(figure) for name, figure in done.validation.items()},
    }


def base_bytes(model: str, settings: LoraSettings) -> int:
    """Bytes that the base's weights take as they are loaded."""
    from llmrec.finetune.ranker.place import Place
    from llmrec.finetune.ranker.wrap import Adapted
    from llmrec.weights import locate

    network = Adapted(model, locate(model), settings, Place(settings)).network
    return sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())


def first(path: Path, most: int) -> ExampleSet:
    """The first so many examples of a file."""

    def missing() -> ExampleSet:
        raise SystemExit(f"{path} is not there")

    data = kept_examples(path, missing)
    return replace(data, examples=data.examples[:most])


if __name__ == "__main__":
    main()
