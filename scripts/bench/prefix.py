"""What reading a shared beginning once is worth when labels are scored.

    python scripts/bench/prefix.py

Ranking prompts of the demo store share their instructions only, about one token in twenty. For the
other rows all prompts are given the same beginning of a third and of two thirds of their length, as
when one shopper's history meets several lists of candidates. The two ways take turns; the ratio is
that of the plain pass to the shared one, above 1 where sharing is faster.
"""

from __future__ import annotations

import argparse
from time import perf_counter
from unittest.mock import patch

import numpy as np
from processes import machine
from rank_prompts import rank_prompts

from llmrec.config import EngineSettings
from llmrec.engines.local import scoring
from llmrec.engines.local.engine import TransformersEngine
from llmrec.engines.local.prefix import shared_length


def scored(
    engine: TransformersEngine, ids: list[list[int]], *, share: bool
) -> tuple[float, np.ndarray]:
    """Seconds of one pass, and its logits."""
    import torch

    with patch.object(scoring, "_WORTH_SHARING", 0.0 if share else 2.0), torch.inference_mode():
        start = perf_counter()
        logits = scoring.last_logits(engine._network, ids)
        return perf_counter() - start, logits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    settings = EngineSettings(device="cpu", precision="fp32")
    engine = TransformersEngine.load("smollm2-135m-instruct", settings)
    prompts, _ = rank_prompts(engine, options.prompts)
    ids = sorted((engine.token_ids(one) for one in prompts), key=len)
    mean = float(np.mean([len(one) for one in ids]))
    print(f"{machine()}; {len(ids)} prompts of {mean:.0f} tokens, batches of {options.batch}")
    print("| shared tokens | share | ratio | largest difference of a logit |\n|---|---|---|---|")
    for length in (shared_length(ids), int(mean / 3), int(mean * 2 / 3)):
        alike = [ids[0][:length] + one[length:] for one in ids]
        times, worst = {True: 0.0, False: 0.0}, 0.0
        for _ in range(options.rounds):
            for start in range(0, len(alike), options.batch):
                found = []
                for share in times:
                    seconds, logits = scored(
                        engine, alike[start : start + options.batch], share=share
                    )
                    times[share] += seconds
                    found.append(logits)
                worst = max(worst, float(np.abs(found[0] - found[1]).max()))
        ratio = times[False] / times[True]
        print(f"| {length} | {length / mean:.0%} | {ratio:.2f} | {worst:.1e} |", flush=True)


if __name__ == "__main__":
    main()
