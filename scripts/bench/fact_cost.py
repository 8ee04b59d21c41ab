"""What it costs to take a product's text apart into facts, each product for the first time.

::

    python scripts/bench/fact_cost.py                                    # the demo store
    python scripts/bench/fact_cost.py ../shared/data/minionerec_office/items.parquet
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from processes import machine

from llmrec.demo import items_files
from llmrec.explain.quotable import quotable_sentences, text_language
from llmrec.types import Item

_MOST = 2_000
"""Below the number of products whose facts are remembered, so that each is taken apart once."""


def main() -> None:
    """Print milliseconds of processor time for each product as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("items", type=Path, nargs="?", help="Parquet with title and description")
    args = parser.parse_args()
    costs = []
    for item in list(_parquet(args.items) if args.items else _demo())[:_MOST]:
        started = time.process_time()
        quotable_sentences(item, text_language(item) or "en")
        costs.append(1000 * (time.process_time() - started))
    report = {
        "products": len(costs),
        "median_ms": round(statistics.median(costs), 2),
        "p95_ms": round(statistics.quantiles(costs, n=20)[-1], 2),
        "most_ms": round(max(costs), 1),
    }
    print(json.dumps({"machine": machine(), **report}, indent=2))


def _demo() -> Iterator[Item]:
    for path in items_files():
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield Item(row["id"], row["title"], description=row["description"])


def _parquet(path: Path) -> Iterator[Item]:
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["title", "description"]).to_pylist()
    for number, row in enumerate(rows):
        yield Item(str(number), row["title"] or "-", description=row["description"])


if __name__ == "__main__":
    main()
