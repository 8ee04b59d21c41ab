r"""A blind sheet of reasons and descriptions: quoted, or in the model's own sentences, or both.

Draws it, from the demo store and from a folder with items.parquet and interactions.parquet::

    python scripts/bench/words_sheet.py --out bench-work/words \
        --data ../shared/data/minionerec_office

and, once readers have judged each row, prints shares and agreement as JSON::

    python scripts/bench/words_sheet.py --out bench-work/words --judged reader1.jsonl reader2.jsonl

The shoppers' situations are written by hand in ``words_situations.json``; each text of one way has
its twin, of the same product for the same situation, of the other. Answers are cut as
``llmrec recommend`` cuts them; a product of which there is nothing to quote has no reason, and is
counted in ``meta.json``. ``sheet.jsonl`` is for the readers, ``key.jsonl`` is not. How a row is
judged: eval/results/words/README.md.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from processes import machine
from shops import DEMO, prepare_shop
from words_situations import Situation, Spot, draw_spots, read_situations, with_shoppers
from words_verdicts import figures, read_key, read_verdicts

from llmrec import Recommender, Workspace
from llmrec.agent.constraints.query import read_query
from llmrec.catalog.store import CatalogStore
from llmrec.types import Item, Recommendation, Recommendations

WAYS = ("quote", "model")
OFFICE = "office"
# No adapter has shown that it ranks better, so the retriever's order stands: the same in both ways.
SETTINGS = {"ranking": {"llm_weight": 0.0}}

Row = dict[str, Any]


def main() -> None:
    """Draw a sheet, or count what the readers say of one."""
    args = _arguments()
    if args.judged:
        key = read_key(args.out / "key.jsonl")
        judged = [read_verdicts(path, key) for path in args.judged]
        print(json.dumps(figures(key, judged), indent=2))
        return
    started = time.perf_counter()
    sources: dict[str, str | Path] = {DEMO: DEMO, OFFICE: args.data}
    ways = len(args.ways)
    wanted = {"reason": args.reasons // ways, "description": args.descriptions // ways}
    engines = {way: {"quote": "scripted", "model": args.engine}[way] for way in args.ways}
    pairs: list[tuple[Row, Row]] = []
    answered: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in args.shops:
            workspace = open_shop(sources[name], (args.folder or Path(folder)) / name)
            drawing = Drawing(name, workspace, wanted, args.k, args.seed)
            answered[name] = drawing.counts
            for way, engine in engines.items():
                pairs += drawing.rows(way, {"engine": engine, "llm": args.base})
    key = write_sheet(mixed(pairs, args.seed), args.out)
    origins = Counter(f"{row['way']}: {row['origin']}" for row in key)
    report = {"machine": machine(), "rows": len(key), "origins": dict(sorted(origins.items()))}
    report |= {"answers": answered, "k": args.k, "seed": args.seed}
    report |= {"engine": args.engine, "base": args.base}
    meta = json.dumps(report | {"seconds": round(time.perf_counter() - started)}, indent=2)
    (args.out / "meta.json").write_text(meta + "\n", encoding="utf-8")
    print(meta)


def open_shop(source: str | Path, folder: Path) -> Workspace:
    """The shop's workspace with its training events; one that is there already is used again."""
    if not folder.exists():
        # Under another name until it is whole: half an index would be used again as a whole one.
        part = folder.with_name(f"{folder.name}.part")
        prepare_shop(source, part)
        part.rename(folder)
    return Workspace.open(folder)


class Drawing:
    """What is drawn from one shop, before anything is written: the same for every way.

    Args:
        name: of the shop, under which its situations are.
        workspace: the shop, indexed.
        wanted: texts of each kind, each way.
        k: products of an answer; each text is of one of them, drawn by the seed.
        seed: of shoppers, situations and ranks.

    Raises:
        SystemExit: the shop has not enough products or shoppers that fit.
    """

    def __init__(
        self, name: str, workspace: Workspace, wanted: Mapping[str, int], k: int, seed: int
    ) -> None:
        self.name, self.k, self.seed = name, k, seed
        self._folder = workspace.path
        with CatalogStore.open(workspace.database_url) as store:
            self.situations = with_shoppers(read_situations(name), store, seed)
        # No model is needed to know which products an answer has, and of which there is a reason.
        with self._shop("quote", {"engine": "scripted"}) as shop:
            answers = [self._answer(shop, situation) for situation in self.situations]
        ranks = {
            "reason": [[match.rank for match in answer if match.reason] for answer in answers],
            "description": [[match.rank for match in answer] for answer in answers],
        }
        self.spots = draw_spots(ranks, wanted, seed)
        self._ids = [[match.item.id for match in answer] for answer in answers]
        products, reasons = (sum(map(len, ranks[kind])) for kind in ("description", "reason"))
        self.counts = {"products": products, "without a reason": products - reasons}

    def rows(self, way: str, models: Mapping[str, str]) -> list[tuple[Row, Row]]:
        """The texts written in one way, each with its line of the key.

        Args:
            way: ``explain.words``.
            models: the settings of that name: engine and language model.
        """
        rows = []
        with self._shop(way, models) as shop:
            for situation, spots, ids in zip(self.situations, self.spots, self._ids, strict=True):
                if not spots:
                    continue
                described = [spot.rank for spot in spots if spot.kind == "description"]
                answer = self._answer(shop, situation, describe=max(described, default=0))
                if [recommendation.item.id for recommendation in answer] != ids:
                    raise SystemExit(f"another answer in the way “{way}” to {situation}")
                text = situation.in_words(shop)
                for spot in spots:
                    rows.append(
                        self._pair(way, situation.number, text, spot, answer[spot.rank - 1])
                    )
        return rows

    def _shop(self, way: str, models: Mapping[str, str]) -> Recommender:
        overrides = {**SETTINGS, "models": dict(models), "explain": {"words": way}}
        return Recommender.open(self._folder, overrides=overrides)

    def _answer(self, shop: Recommender, situation: Situation, **more: Any) -> Recommendations:
        """As ``llmrec recommend`` answers: limits are read in the question, the list is cut."""
        query, currencies = situation.query, shop.store.currencies()
        read = read_query(query, situation.filters, currencies if query else ())
        return shop.recommend(
            query=read.query,
            user=situation.user,
            filters=read.filters,
            cut=shop.settings.retrieval.cut,
            recipient=situation.recipient,
            language=situation.language,
            k=self.k,
            seed=self.seed,
            shown=False,
            **more,
        )

    def _pair(
        self, way: str, number: int, situation: str, spot: Spot, recommendation: Recommendation
    ) -> tuple[Row, Row]:
        """The reader's row, and what the key says of it."""
        reason = spot.kind == "reason"
        words = recommendation.reason if reason else recommendation.description
        assert words is not None
        item = recommendation.item
        line = {"way": way, "shop": self.name, "kind": spot.kind, "situation": number}
        line |= {"item": item.id, "origin": words.origin, "evidence": list(words.evidence)}
        return _row(spot.kind, situation, item, words.text), line


def _row(kind: str, situation: str, item: Item, sentence: str) -> Row:
    """What a reader sees: all that the sentence could speak of, and the sentence."""
    price = None if item.price is None else f"{item.price} {item.currency or ''}".rstrip()
    fields: dict[str, Any] = {
        "brand": item.brand,
        "category": " > ".join(item.category),
        "price": price,
        "in stock": item.stock,
        **{name: ", ".join(values) for name, values in item.attributes.items()},
    }
    return {
        "kind": kind,
        "situation": situation,
        "product": item.title,
        "fields": {name: value for name, value in fields.items() if value not in (None, "")},
        "text": item.description,
        "sentence": sentence,
    }


def mixed(pairs: Sequence[tuple[Row, Row]], seed: int) -> list[tuple[Row, Row]]:
    """All rows in an order that tells nothing, numbered from 1 on both sides."""
    order = list(pairs)
    random.Random(seed).shuffle(order)
    return [
        ({"number": number, **row}, {"number": number, **line})
        for number, (row, line) in enumerate(order, start=1)
    ]


def write_sheet(pairs: Sequence[tuple[Row, Row]], folder: Path) -> list[Row]:
    """``sheet.jsonl`` for the readers and ``key.jsonl`` beside it; the lines of the key."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in zip(("sheet", "key"), zip(*pairs, strict=True), strict=True):
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return [line for _, line in pairs]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of sheet.jsonl, key.jsonl")
    parser.add_argument("--judged", type=Path, nargs="+", help="verdicts, a file for each reader")
    parser.add_argument("--data", type=Path, help="the real shop's folder")
    parser.add_argument("--shops", nargs="+", choices=(DEMO, OFFICE), default=[DEMO, OFFICE])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--folder", type=Path, help="keep the shops there and use them again")
    parser.add_argument("--reasons", type=int, default=100, help="of each shop, all ways together")
    parser.add_argument("--descriptions", type=int, default=40)
    parser.add_argument("--k", type=int, default=3, help="products of an answer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="openvino")
    parser.add_argument("--base", default="smollm2-135m-instruct")
    args = parser.parse_args()
    if not args.judged and OFFICE in args.shops and args.data is None:
        parser.error(f"--data: the folder of {OFFICE} is needed; --shops {DEMO} does without")
    if args.reasons % len(args.ways) or args.descriptions % len(args.ways):
        parser.error("--reasons and --descriptions: of several ways, as many of each")
    return args


if __name__ == "__main__":
    main()
