"""What rounding the labels' logits costs: ties, and the order that they make.

    python scripts/bench/label_ties.py --examples bench-work/ranker/examples/validation.jsonl \
        --adapter bench-work/ranker/adapter

Every example is asked twice in bfloat16, once with the last product in bfloat16 as well and once in
float32 (``llmrec.engines.local.head``). ``--copy`` also asks for the title that stands last in the
history, put word for word in the target's place: how often its letter is the likeliest.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from processes import machine

from llmrec.engines.local.head import float32_head
from llmrec.engines.local.loading import load_network
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.finetune.batches import TokenExample, tokenise
from llmrec.finetune.example_files import kept_examples
from llmrec.finetune.examples import ExampleSet, RankingExample
from llmrec.finetune.ranker.weight import ndcg_at_k
from llmrec.weights import locate

BOUGHT = "- bought: "


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=Path, required=True, help="of scripts/bench/ranker.py")
    parser.add_argument("--adapter", type=Path, help="default: the base as it comes")
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("--cases", type=int, help="so many, the first; default: all")
    parser.add_argument("--copy", action="store_true")
    args = parser.parse_args()
    network, tokenizer = load_network(args.base, locate(args.base), training=True)
    if args.adapter:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, str(args.adapter)).eval()
    some: Sequence[RankingExample] = kept_examples(args.examples, missing).examples[: args.cases]
    if args.copy:
        some = [one for one in map(copied, some) if one]
    ids = ChatTokenizer(tokenizer, args.base).ids
    asked = tokenise(some, ids, model=args.base, max_tokens=2048)
    heads: dict[str, Callable[[Any], AbstractContextManager[None]]] = {
        "bfloat16": lambda _: nullcontext(),
        "float32": float32_head,
    }
    found = {name: figures(network, asked, head) for name, head in heads.items()}
    print(json.dumps({"machine": machine(), "cases": len(asked), **found}, indent=2))


def missing() -> ExampleSet:
    """What to say where there are no examples."""
    raise SystemExit("There are no such --examples; scripts/bench/ranker.py makes them.")


def copied(example: RankingExample) -> RankingExample | None:
    """The same, with the history's last title in the target's place."""
    lines = example.prompt.split("\n")
    bought = [one.removeprefix(BOUGHT) for one in lines if one.startswith(BOUGHT)]
    mark = f"({example.labels[example.target]}) "
    if not bought:
        return None
    lines = [mark + bought[-1] if one.startswith(mark) else one for one in lines]
    return replace(example, prompt="\n".join(lines))


@torch.inference_mode()
def figures(
    network: Any,
    examples: Sequence[TokenExample],
    head: Callable[[Any], AbstractContextManager[None]],
) -> dict[str, float]:
    """One pass for each example, so that nothing depends on who else is in a batch."""
    rows = []
    for one in examples:
        with torch.autocast("cpu", dtype=torch.bfloat16), head(network):
            tokens = torch.tensor([one.tokens])
            logits = network(input_ids=tokens, use_cache=False, logits_to_keep=1).logits[0, -1]
        said = logits.float()[list(one.label_tokens)].numpy()
        right = float((said >= said[one.target]).sum() == 1)
        tied = float(len(np.unique(said)) < len(said))
        rows.append((tied, right, ndcg_at_k(said, one.target), float(said.std())))
    names = ("with ties", "right", "ndcg@10", "spread")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


if __name__ == "__main__":
    main()
