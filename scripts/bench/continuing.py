"""A month later: the behaviour encoder as it was, gone on with, and trained from the beginning.

    python scripts/bench/continuing.py ../shared/data/online_retail --out bench-work/continuing \
        --first 2011-10-01 --later 2011-11-01 --set dim=64 --set layers=1

The log up to ``--first`` is ingested, and an encoder trained and published; then the log up to
``--later``, and the encoder goes on from there as ``llmrec train behaviour --since`` does; beside
it one is trained on all of that from the beginning. All three are then asked for what each shopper
took next: the new items of the first moment after ``--later``, among all items.
"""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

from llmrec.artifacts import Artifact, Artifacts
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.embedding import load_encoder
from llmrec.embedding.behaviour import BehaviourEncoder, load_behaviour
from llmrec.finetune.behaviour import (
    BehaviourSettings,
    Catalogue,
    EncoderStepReport,
    EpochReport,
    continue_behaviour,
    publish_behaviour,
    shop_data,
    train_behaviour,
)
from llmrec.finetune.behaviour.continuing import Origin, continuing_start
from llmrec.finetune.behaviour.sequences import HeldOutCase, in_order
from llmrec.finetune.behaviour.validation import EncoderValidation, Scores
from llmrec.finetune.figures import mean_figure
from llmrec.finetune.since import LAST, going_on
from llmrec.ingest import ingest_events, ingest_items
from llmrec.retrieval import build_index
from llmrec.types import Event


def main() -> None:
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    log, shop = whole_log(args.data, args.out)
    first, later = day(args.first), day(args.later)
    settings = BehaviourSettings(refit=True, **pairs(args.set))
    if not Artifacts(shop.models_dir).numbers("behaviour"):
        grown(shop, [event for event in log if event.at and event.at < first])
        anew(shop, settings, args.out / "first")
    known = [event for event in log if event.at and event.at < later]
    grown(shop, known)
    if len(Artifacts(shop.models_dir).numbers("behaviour")) == 1:
        gone_on(shop, pairs(args.set_on), args.out / "on")
    if len(Artifacts(shop.models_dir).numbers("behaviour")) == 2:
        anew(shop, settings, args.out / "anew")
    report(shop, EncoderValidation(next_moments(log, later), 10**9, 0), args.out)


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder with items and timed interactions")
    parser.add_argument("--out", type=Path, required=True, help="folder for shop and results")
    parser.add_argument("--first", required=True, help="the log that is there at first ends here")
    parser.add_argument("--later", required=True, help="and what comes then, here")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--set-on", action="append", default=[], metavar="NAME=VALUE", help="for going on"
    )
    return parser.parse_args()


def pairs(given: list[str]) -> dict[str, Any]:
    """Settings from ``NAME=VALUE``, the values read as JSON."""
    return {name: json.loads(value) for name, _, value in (pair.partition("=") for pair in given)}


def day(date: str) -> datetime:
    """Midnight UTC of an ISO date."""
    return datetime.fromisoformat(date).replace(tzinfo=timezone.utc)


def whole_log(data: Path, out: Path) -> tuple[list[Event], Workspace]:
    """All events of the folder, and a shop that knows its items and none of these."""
    everything, shop = Workspace.init(out / "everything"), Workspace.init(out / "shop")
    with CatalogStore.open(everything.database_url) as store:
        if not store.count_events():
            ingest_items(everything, [data / "items.parquet"])
            ingest_events(everything, [data / "interactions.parquet"])
        log = in_order(event for batch in store.iter_events() for event in batch)
    with CatalogStore.open(shop.database_url) as store:
        if not store.count_items():
            ingest_items(shop, [data / "items.parquet"])
        build_index(shop, store, load_encoder(shop.settings.models.encoder))
    return log, shop


def grown(shop: Workspace, events: list[Event]) -> None:
    """Add events to the shop's log."""
    with CatalogStore.open(shop.database_url) as store:
        store.write_events(events)


def anew(shop: Workspace, settings: BehaviourSettings, folder: Path) -> None:
    """Train on the whole log and publish; the first version serves."""
    data = shop_data(shop)
    result = train_behaviour(data.events, data.catalogue, settings, folder=folder, progress=tell)
    publish_behaviour(shop, result, settings, data.events, promote=folder.name == "first")


def gone_on(shop: Workspace, given: dict[str, Any], folder: Path) -> None:
    """Train the serving version on with what is new to it and publish, without promoting."""
    data, since = shop_data(shop), going_on(shop, "behaviour", LAST)
    settings = BehaviourSettings(**continuing_start(since.parent) | given)
    encoder = load_behaviour(since.parent.folder)
    origin = Origin(since.parent.name, encoder, since.new(data.events))
    result = continue_behaviour(
        data.events, data.catalogue, settings, origin, folder=folder, progress=tell
    )
    publish_behaviour(shop, result, settings, data.events, parent=since.parent, promote=False)


def tell(report: EpochReport | EncoderStepReport) -> None:
    """Print a line for each epoch: NDCG@10 on validation and seconds."""
    if isinstance(report, EpochReport):
        figure = "refit" if report.ndcg is None else f"{report.ndcg:.4f}"
        print(f"  epoch {report.epoch}: {figure} in {report.seconds:.0f} s", flush=True)


def next_moments(log: list[Event], later: datetime) -> list[HeldOutCase]:
    """By shopper what he had, and the items new to him of his first moment from ``later`` on."""
    cases = []
    for _, group in groupby(log, key=lambda event: event.user):
        events = [event for event in group if event.at]
        had = [event for event in events if event.at and event.at < later]
        after = events[len(had) :]
        known = {event.item for event in had}
        fresh = {
            event.item: event
            for event in after
            if event.at == after[0].at and event.item not in known
        }
        if had and fresh:
            cases.append(HeldOutCase(tuple(had), tuple(fresh.values())))
    return cases


def report(shop: Workspace, validation: EncoderValidation, out: Path) -> None:
    """Score the three versions on the same cases; print it and write ``summary.json``."""
    catalogue = shop_data(shop).catalogue
    names = {"as it was": "0001", "gone on": "0002", "anew": "0003"}
    versions: dict[str, tuple[Artifact, Scores]] = {}
    for name, version in names.items():
        artifact = Artifacts(shop.models_dir).get("behaviour", version)
        versions[name] = (
            artifact,
            validation.scores(whole(artifact, catalogue), among=catalogue.ids),
        )
    base = versions["as it was"][1]
    rows = {name: row(artifact, scores, base) for name, (artifact, scores) in versions.items()}
    card = versions["gone on"][0].card
    rows["what its card says"] = {name: str(figure) for name, figure in card.metrics.items()}
    text = json.dumps({"shoppers": len(validation), **rows}, indent=2)
    (out / "summary.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def whole(artifact: Artifact, catalogue: Catalogue) -> BehaviourEncoder:
    """The version's encoder, with vectors for items of the catalogue that it did not learn."""
    encoder = load_behaviour(artifact.folder)
    return (
        encoder.extended(catalogue.ids, catalogue.texts) if catalogue.texts is not None else encoder
    )


def row(artifact: Artifact, scores: Scores, base: Scores) -> dict[str, Any]:
    """A version's means, its gain over ``base`` by shopper, and what training took."""
    extra = artifact.card.extra
    return {
        "ndcg@10": str(mean_figure(scores.ndcg.tolist())),
        "recall@10": str(mean_figure(scores.recall.tolist())),
        "ndcg@10 over as it was": str(mean_figure((scores.ndcg - base.ndcg).tolist())),
        "minutes": round(artifact.card.seconds / 60, 1),
        "epochs": extra["epochs"],
        "best": extra.get("continued_epochs", extra["best_epoch"]),
        "new targets": extra.get("new_targets"),
    }


if __name__ == "__main__":
    main()
