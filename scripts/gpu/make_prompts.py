"""Make the prompt files that travel: training examples and test questions of a shop.

    python scripts/gpu/make_prompts.py --shop ../shared/data/amazon14_beauty

Runs where the data are; needs no GPU. Training examples come from the training part of the split
alone, with the retriever's own candidates; test questions ask for the held-out targets. Writes
.gpu/data/SHOP-train.jsonl.xz, -valid and -test, which pack.py takes along.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from prompt_files import RankedPrompt, write

from llmrec import Recommender
from llmrec.engines import load_engine
from llmrec.engines.protocol import Engine
from llmrec.finetune import build_examples
from llmrec.prompting import fit_rank_prompt, rank_prompt_version
from llmrec.ranking import labels_for, shuffled

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "bench"))

from shops import Asked, asked_requests, prepare_shop  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shop", default="demo", help="'demo' or a data folder")
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu" / "data")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="whose chat template")
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--users", type=int, default=8000, help="most that train")
    parser.add_argument("--questions", type=int, default=2000, help="most of the test part")
    parser.add_argument("--per-user", type=int, default=1)
    options = parser.parse_args()
    name = Path(options.shop).name
    engine = load_engine(options.engine, options.model)
    about = {"shop": name, "model": options.model, "prompt_version": rank_prompt_version()}
    with tempfile.TemporaryDirectory() as folder:
        workspace, split = prepare_shop(options.shop, Path(folder) / "shop")
        with Recommender.open(workspace, engine=engine) as shop:
            for part, questions in (("valid", options.questions // 4), ("test", options.questions)):
                cases = split.cases(part)
                asked = list(islice(asked_requests(shop, cases, options.candidates), questions))
                rows = [question(engine, shop, one) for one in asked]
                # Of so many cases the retriever had found the target of these.
                info = {**about, "part": part, "cases_looked_at": asked[-1].seen if asked else 0}
                write(options.out / f"{name}-{part}.jsonl.xz", rows, info)
                print(f"{part}: {len(rows)} questions", flush=True)
            users = set(islice(dict.fromkeys(event.user for event in split.train), options.users))
            held = [
                one for part in ("valid", "test") for c in split.cases(part) for one in c.targets
            ]
            train = build_examples(
                [event for event in split.train if event.user in users],
                shop.retriever,
                shop.store,
                engine,
                shop.settings.ranking,
                candidates=options.candidates,
                per_user=options.per_user,
                held_out=held,
            )
    rows = [
        RankedPrompt(
            one.prompt, one.labels, one.target, (), one.user, one.candidates, one.retrieved
        )
        for one in train.examples
    ]
    info = {**about, "part": "train", "counts": asdict(train.counts)}
    write(options.out / f"{name}-train.jsonl.xz", rows, info)
    print(f"train: {len(rows)} examples, {train.counts}")


def question(engine: Engine, shop: Recommender, asked: Asked) -> RankedPrompt:
    """The prompt that serving would send, with the retriever's scores."""
    settings = shop.settings.ranking
    shown = shuffled(asked.request.candidates, asked.request.seed)
    prompt = fit_rank_prompt(
        asked.request.history[-settings.history_items :],
        asked.request.query,
        [item for _, item in shown],
        labels_for(engine, len(shown)),
        render=engine.render,
        count_tokens=engine.count_tokens,
        budget=min(settings.token_budget, engine.context_window - 1),
    )
    ids = tuple(item.id for _, item in shown)
    return RankedPrompt(
        prompt.text,
        prompt.labels,
        ids.index(asked.target),
        tuple(round(candidate.score, 7) for candidate, _ in shown),
        asked.user,
        ids,
    )


if __name__ == "__main__":
    main()
