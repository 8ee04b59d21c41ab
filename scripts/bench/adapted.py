"""The examples of ``scripts/bench/ranker.py`` and the adapter that they are put to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmrec.engines.local.loading import load_network
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.finetune.example_files import kept_examples
from llmrec.finetune.examples import ExampleSet, RankingExample
from llmrec.weights import locate

__all__ = ["examples_of", "network_of", "options"]


def options(about: str | None) -> argparse.ArgumentParser:
    """A parser that names examples, adapter and base."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True, help="of scripts/bench/ranker.py")
    parser.add_argument("--adapter", type=Path, help="default: the base as it comes")
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("--cases", type=int, help="so many, the first; default: all")
    return parser


def network_of(args: argparse.Namespace) -> tuple[Any, Callable[[str], list[int]]]:
    """The network with its adapter, and its tokenizer."""
    network, tokenizer = load_network(args.base, locate(args.base), training=True)
    if args.adapter:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, str(args.adapter)).eval()
    return network, ChatTokenizer(tokenizer, args.base).ids


def examples_of(path: Path, cases: int | None = None) -> tuple[RankingExample, ...]:
    """The first so many examples of a file, or all."""
    return kept_examples(path, _missing).examples[:cases]


def _missing() -> ExampleSet:
    raise SystemExit("There are no such --examples; scripts/bench/ranker.py makes them.")
