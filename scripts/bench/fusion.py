"""Retrieval's sources and their fusion on a data folder: fit on validation, report the test.

    python scripts/bench/fusion.py ../shared/data/amazon14_beauty --out bench-work/fusion/beauty \
        --set layer=ligr --set history=20

Trains a behaviour encoder on the training events, lets all sources answer for validation, fits
the fusion on that, trains the encoder anew on training and validation events, and reports the
whole test part: every source alone, the weights set by hand, the fitted fusion ("fused"), and what
the retriever then answers ("served": with the places that are kept for items without events), with
paired tests of the last against the others. ``--valid-encoder`` and ``--test-encoder`` take folders
as ``load_behaviour`` reads them. ``--cold 0.05`` takes that share of the items out of every event
first; all tests that ask for one of them are reported apart from the others. ``--test-cases 4000``
takes a sample of these others.

Stopped at any moment, the same command goes on where it was; ``--out`` holds all of it, with the
evaluation's workspace in ``--out``/shop, where the fusion then serves the test part.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from llmrec.artifacts import Artifacts, Card, CardData
from llmrec.catalog.store import CatalogStore
from llmrec.cli.train_shared import training_settings
from llmrec.config import Workspace
from llmrec.embedding.behaviour import BehaviourEncoder, load_behaviour, save_behaviour
from llmrec.eval import Case, EvalData, RunScores, Split, compare_all, open_data
from llmrec.eval.data.eval_data import fingerprint
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.eval.measures.bootstrap import bootstrap_intervals
from llmrec.finetune.behaviour import BehaviourSettings, Catalogue, EpochReport, train_behaviour
from llmrec.finetune.behaviour.prepare import Training
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.fusion import BY_HAND, Choice, ask_sources, choose_fusion, fused_figures
from llmrec.finetune.fusion.ask import request_of
from llmrec.finetune.fusion.ranks import ndcg_at, rank_weights
from llmrec.finetune.fusion.train import drawn
from llmrec.retrieval import Retriever
from llmrec.retrieval.collection import VectorCollection
from llmrec.retrieval.learned import FEATURES, FusionWeights, save_fusion
from llmrec.retrieval.matrix import VectorMatrix
from llmrec.types import Event

CHUNK = 2_000
BATCH = 256
KS = (10, 20, 50, 100)
FUSED = "fused"
SERVED = "served"


def main() -> None:
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    data = open_data(args.data, order=args.order, repeats=args.repeats)
    cold: frozenset[str] = frozenset()
    if args.cold:
        data, cold = without_items(data, args.cold, args.seed)
        say(f"{len(cold):,} items are in no event any more")
    check_plan(args, data)
    valid = open_shop(data, "valid", args)
    teach(valid, lambda: valid_encoder(data, valid, args), args)
    choice = fit(data, valid, args)
    report_choice(choice)
    test = open_shop(data, "test", args)
    teach(test, lambda: test_encoder(data, test, args), args)
    serve(test, choice)
    groups = groups_of(data, cold, args)
    report: dict[str, Any] = {
        name: judge(name, cases, test, choice.weights, args) for name, cases in groups.items()
    }
    report["fusion"] = {
        "winner": choice.winner,
        "weights": choice.weights.weights,
        "validation": {
            name: {k: figure.model_dump() for k, figure in fused_figures(choice, name).items()}
            for name in choice.places
        },
    }
    (args.out / "result.json").write_text(json.dumps(report, indent=2))
    for name in groups:
        show(name, report[name])


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="what llmrec.eval.open_data takes")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--valid-encoder", type=Path, help="trained on training events alone")
    parser.add_argument("--test-encoder", type=Path, help="trained on validation's targets too")
    parser.add_argument("--vectors", type=Path, help="an evaluation workspace of the same items")
    parser.add_argument("--cold", type=float, default=0.0, help="share of items without events")
    parser.add_argument("--cases", type=int, default=10_000, help="validation cases to fit on")
    parser.add_argument("--test-cases", type=int, help="of items with events; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--repeats", default="refuse", choices=("refuse", "drop"))
    return parser.parse_args()


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def check_plan(args: argparse.Namespace, data: EvalData) -> None:
    """Go on only with what was begun."""
    plan = {"data": data.sha256, "set": args.set, "cases": args.cases, "seed": args.seed}
    path: Path = args.out / "plan.json"
    if path.exists() and json.loads(path.read_text()) != plan:
        raise SystemExit(f"{path} is of other data or settings; name another --out")
    path.write_text(json.dumps(plan))


def without_items(data: EvalData, share: float, seed: int) -> tuple[EvalData, frozenset[str]]:
    """A share of the items in no event but as test targets; they stay in the catalogue."""
    draw = np.random.default_rng(seed)
    ids = data.items.ids
    cold = frozenset(ids[row] for row in draw.choice(len(ids), int(share * len(ids)), False))

    def kept(events: Sequence[Event]) -> tuple[Event, ...]:
        return tuple(event for event in events if event.item not in cold)

    def cases(known: Sequence[Case], targets: bool) -> tuple[Case, ...]:
        shown = [replace(case, history=kept(case.history)) for case in known]
        return tuple(
            case for case in shown if case.history and (targets or not case.target_ids & cold)
        )

    old = data.split
    split = Split(
        old.protocol, kept(old.train), cases(old.valid, False), cases(old.test, True), old.context
    )
    return replace(data, split=split, sha256=fingerprint(split, data.items)), cold


def open_shop(data: EvalData, part: Any, args: argparse.Namespace) -> Workspace:
    """The evaluation's workspace of a part; ``--vectors`` brings text vectors of another."""
    folder: Path = args.out / "shop"
    if args.vectors and not folder.exists():
        shutil.copytree(args.vectors / "chroma", Workspace.init(folder).path / "chroma")

    def tell(done: int, of: int) -> None:
        if done % 2_000 == 0:
            say(f"  {done:,} of {of:,} items indexed")

    say(f"workspace of {part}")
    return evaluation_shop(data, part, folder=folder, progress=tell)


def teach(shop: Workspace, make: Callable[[], BehaviourEncoder], args: argparse.Namespace) -> None:
    """Let a behaviour encoder serve in ``shop``; its card says how another is trained alike."""
    artifacts = Artifacts(shop.models_dir)
    if artifacts.serving("behaviour"):
        return
    encoder = make()
    card = Card(
        kind="behaviour",
        data=bare(encoder.known),
        settings=settings_of(args).model_dump(mode="json"),
        seed=args.seed,
        seconds=0,
        extra=best_epoch(args),
    )
    made = artifacts.publish(
        "behaviour", lambda folder: save_behaviour(encoder.taught(), folder), card
    )
    artifacts.promote("behaviour", made.version)


def best_epoch(args: argparse.Namespace) -> dict[str, Any]:
    """How many epochs it took; not known of an encoder that was brought."""
    path: Path = args.out / "epochs.json"
    return {"best_epoch": json.loads(path.read_text())} if path.exists() else {}


def bare(items: int) -> CardData:
    """A card's data that names the number of items alone."""
    return CardData(sha256="", events=0, users=0, items=items)


def settings_of(args: argparse.Namespace) -> BehaviourSettings:
    """The behaviour encoder's settings: ``--seed`` and ``--set``."""
    return training_settings(BehaviourSettings, {"seed": args.seed}, args.set)


def catalogue_of(shop: Workspace) -> Catalogue:
    """All items with the vectors that the index has of them."""
    collection = VectorCollection.open(shop)
    matrix = VectorMatrix.load(collection, shop.cache_dir)
    made = Catalogue(matrix.ids, np.array(matrix.vectors), collection.info().fingerprint)
    collection.close()
    return made


def told(report: Any) -> None:
    """Print a line for each epoch of the encoder."""
    if isinstance(report, EpochReport):
        figure = "" if report.ndcg is None else f"N@10 {report.ndcg:.4f}"
        say(f"  epoch {report.epoch} loss {report.loss:.4f} {figure} {report.seconds:.0f} s")


def valid_encoder(data: EvalData, shop: Workspace, args: argparse.Namespace) -> BehaviourEncoder:
    """Knows the training events; how many epochs is chosen on validation."""
    if args.valid_encoder:
        return load_behaviour(args.valid_encoder)
    say("training the encoder on training events")
    result = train_behaviour(
        data.split.train,
        catalogue_of(shop),
        settings_of(args),
        validation=data.split.valid,
        folder=args.out / "training-valid",
        progress=told,
    )
    (args.out / "epochs.json").write_text(json.dumps(result.best))
    return result.encoder


def test_encoder(data: EvalData, shop: Workspace, args: argparse.Namespace) -> BehaviourEncoder:
    """Knows the validation targets too; as many epochs as were best without them."""
    if args.test_encoder:
        return load_behaviour(args.test_encoder)
    epochs = json.loads((args.out / "epochs.json").read_text())
    say(f"training the encoder on training and validation events for {epochs} epochs")
    run = Training(in_order(data.split.known("test")), catalogue_of(shop), settings_of(args))
    return run.encoder(run.plain(epochs, args.out / "training-test", told))


def opened(shop: Workspace) -> tuple[CatalogStore, Retriever]:
    """The shop's catalogue and its retriever; the caller closes both."""
    store = CatalogStore.open(shop.database_url)
    return store, Retriever.open(shop, store)


def fit(data: EvalData, shop: Workspace, args: argparse.Namespace) -> Choice:
    """Fit on what the sources of the valid part answer."""
    path: Path = args.out / "choice.pkl"
    if path.exists():
        with path.open("rb") as file:
            kept: Choice = pickle.load(file)  # written below
        return kept
    cases = drawn([case for case in data.split.valid if case.history], args.cases, args.seed)
    store, retriever = opened(shop)
    with store, retriever:
        depth = shop.settings.retrieval.depth
        answers = ask_sources(retriever, cases, depth, every("valid", 10))
    choice = choose_fusion(answers, shop.settings.retrieval.weights, seed=args.seed)
    partial = path.with_suffix(".partial")
    partial.write_bytes(pickle.dumps(choice))
    os.replace(partial, path)
    return choice


def every(part: str, times: int) -> Callable[[int, int], None]:
    """A progress function that prints every ``times`` batches of 256 cases, and at the end."""
    started = perf_counter()

    def tell(done: int, of: int) -> None:
        if (done // 256) % times == 0 or done == of:
            say(f"  {part}: {done:,} of {of:,} asked, {perf_counter() - started:.0f} s")

    return tell


def serve(shop: Workspace, choice: Choice) -> None:
    """Let the fusion serve in the test part, for ``llmrec eval run`` on that workspace."""
    artifacts = Artifacts(shop.models_dir)
    if artifacts.serving("fusion") is None:
        card = Card(
            kind="fusion",
            data=bare(0),
            seed=0,
            seconds=0,
            metrics=fused_figures(choice, choice.winner),
        )
        made = artifacts.publish("fusion", lambda at: save_fusion(choice.weights, at), card)
        artifacts.promote("fusion", made.version)


def groups_of(
    data: EvalData, cold: frozenset[str], args: argparse.Namespace
) -> dict[str, list[Case]]:
    """The test cases that are judged together, by name."""
    cases = [case for case in data.split.test if case.history]
    groups = {"test": [case for case in cases if not case.target_ids & cold]}
    if args.test_cases:
        groups["test"] = drawn(groups["test"], args.test_cases, args.seed)
    if cold:
        groups["cold"] = [case for case in cases if case.target_ids & cold]
    return groups


def judge(
    group: str,
    cases: Sequence[Case],
    shop: Workspace,
    weights: FusionWeights,
    args: argparse.Namespace,
) -> dict[str, Any]:
    """Where the targets stand in all lists, and what follows from it."""
    places: dict[str, list[Any]] = {}
    store, retriever = opened(shop)
    with store, retriever:
        for start in range(0, len(cases), CHUNK):
            path: Path = args.out / f"{group}-{start:07d}-of-{len(cases)}.npz"
            if not path.exists():
                part = cases[start : start + CHUNK]
                partial = path.with_suffix(".partial.npz")
                np.savez(partial, **placed(retriever, shop, part, weights))
                os.replace(partial, path)
            say(f"  {group}: {min(start + CHUNK, len(cases)):,} of {len(cases):,}")
            with np.load(path) as chunk:
                for name in chunk.files:
                    places.setdefault(name, []).append(chunk[name])
    users = tuple(f"{case.user} {number}" for number, case in enumerate(cases))
    return judged({name: np.concatenate(chunks) for name, chunks in places.items()}, users)


def placed(
    retriever: Retriever, shop: Workspace, cases: Sequence[Case], weights: FusionWeights
) -> dict[str, Any]:
    """Where the targets stand in each source's list and in the fused ones."""
    settings = shop.settings.retrieval
    answers = ask_sources(retriever, cases, settings.depth)
    table = [
        weights.weights.get(name, {}).get(feature, 0.0)
        for name in answers.sources
        for feature in FEATURES
    ]
    places = {name: answers.ranks[:, column] for column, name in enumerate(answers.sources)}
    places[BY_HAND] = answers.places(rank_weights(answers.sources, settings.weights))
    places[FUSED] = answers.places(np.array(table))
    return {**places, SERVED: served_places(retriever, cases), "union": answers.target + 1}


def served_places(retriever: Retriever, cases: Sequence[Case]) -> Any:
    """Where the targets stand in what the retriever answers, from 1; 0 if not in it."""
    places = np.zeros(len(cases), np.int64)
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        answers = retriever.retrieve_many([request_of(case) for case in batch], max(KS))
        for row, (case, answer) in enumerate(zip(batch, answers, strict=True), start=start):
            ids = [candidate.item for candidate in answer.candidates]
            target = case.targets[0].item
            places[row] = ids.index(target) + 1 if target in ids else 0
    return places


def judged(places: dict[str, Any], users: tuple[str, ...]) -> dict[str, Any]:
    """Means with 95 % intervals of each list, and the served fusion against the others, paired."""
    union = places.pop("union")
    runs, lists = [], {}
    for name, ranks in places.items():
        values = {f"recall@{k}": ((ranks > 0) & (ranks <= k)).astype(float) for k in KS}
        values["ndcg@10"] = ndcg_at(ranks, 10)
        ends = bootstrap_intervals(np.column_stack(list(values.values())))
        lists[name] = {
            metric: [float(value.mean()), *map(float, end)]
            for (metric, value), end in zip(values.items(), ends, strict=True)
        }
        runs.append(RunScores(name, users, values))
    sources = [name for name in lists if name not in (SERVED, FUSED, BY_HAND)]
    best = max(sources, key=lambda name: lists[name]["ndcg@10"][0])
    metrics = [*lists[SERVED]]
    against = {}
    for other in dict.fromkeys((best, "text", BY_HAND, FUSED)):
        pair = [run for run in runs if run.name in (other, SERVED)]
        pair.sort(key=lambda scores: scores.name != SERVED)
        against[other] = [str(comparison) for comparison in compare_all(pair, metrics=metrics)]
    return {
        "cases": len(users),
        "found by any source": float((union > 0).mean()),
        "best source": best,
        "lists": lists,
        "served against": against,
    }


def report_choice(choice: Choice) -> None:
    """Print which fusion won on validation, and the figures of all."""
    say(f"fitted on {len(choice.cases):,} validation cases; the winner is {choice.winner}")
    for name in choice.places:
        figures = fused_figures(choice, name)
        say(f"  {name:10s} " + "  ".join(f"{key} {figure}" for key, figure in figures.items()))


def show(group: str, outcome: dict[str, Any]) -> None:
    """Print a group of cases: each list's figures, then the comparisons."""
    say(f"{group}: {outcome['cases']:,} cases; in any list {outcome['found by any source']:.4f}")
    for name, figures in outcome["lists"].items():
        cells = [f"{key} {v[0]:.4f} [{v[1]:.4f}, {v[2]:.4f}]" for key, v in figures.items()]
        say(f"  {name:10s} " + "  ".join(cells))
    for other, lines in outcome["served against"].items():
        say(f"against {other}:\n  " + "\n  ".join(lines))


if __name__ == "__main__":
    main()
