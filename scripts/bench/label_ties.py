"""What rounding the labels' logits costs: ties, and the order that they make.

    python scripts/bench/label_ties.py --examples bench-work/ranker/examples/validation.jsonl \
        --adapter bench-work/ranker/adapter

Every example is asked twice in bfloat16, once with the last product in bfloat16 as well and once in
float32 (``llmrec.engines.local.head``). ``--copy`` also asks for the title that stands last in the
history, put word for word in the target's place: how often its letter is the likeliest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from adapted import examples_of, network_of, options
from processes import machine

from llmrec.engines.local.head import float32_head
from llmrec.finetune.batches import TokenExample, tokenise
from llmrec.finetune.examples import RankingExample
from llmrec.finetune.ranker.weight import ndcg_at_k

BOUGHT = "- bought: "


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--copy", action="store_true")
    args = parser.parse_args()
    network, ids = network_of(args)
    some: Sequence[RankingExample] = examples_of(args.examples, args.cases)
    if args.copy:
        some = [one for one in map(copied, some) if one]
    asked = tokenise(some, ids, model=args.base, max_tokens=2048)
    heads: dict[str, Callable[[Any], AbstractContextManager[None]]] = {
        "bfloat16": lambda _: nullcontext(),
        "float32": float32_head,
    }
    found = {name: figures(network, asked, head) for name, head in heads.items()}
    print(json.dumps({"machine": machine(), "cases": len(asked), **found}, indent=2))


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
