"""German and Chinese queries over the English products of the demo store, by text encoder.

    python scripts/bench/other_languages.py

The 20 German and 20 Chinese names of tests/integration/demo_searches.jsonl were written before any
figure was looked at. Relevant is what PRODUCTS says for the English word; the figure is recall@10,
and how often nothing relevant is among ten, beside the same names in English. Also how often the
answer says that nothing here is like the query, for the 19 queries that nothing answers and the
others, over the whole demo store; and which queries are read in another language than they are in.
Beside the default encoder the multilingual one reads other languages; "alone" is without it.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_items
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.spaces import TextSpaces
from llmrec.types import Filters

QUERIES = Path(__file__).parents[2] / "tests" / "integration" / "demo_searches.jsonl"
ENGLISH = Filters(languages=("en",))
PRODUCTS = {
    "sleeping bag": r"sleeping bag$",
    "tent": r"\btent$",
    "headlamp": r"headlamp",
    "hiking backpack": r"trekking pack|day pack",
    "cast iron pan": r"cast-iron skillet",
    "cast iron pot or pan": r"cast-iron skillet|casserole",
    "coffee grinder": r"(hand|burr) grinder",
    "coffee beans": r"espresso blend|filter roast|decaf|single farm|dark roast|tasting box, four",
    "teapot": r"teapot",
    "kitchen knife": r"(chef's|paring|bread) knife",
    "springform tin": r"springform",
    "cake tin": r"springform|loaf tin",
    "yoga mat": r"yoga mat",
    "dog lead": r"rope lead|long line",
    "cat scratching post": r"scratching post|cardboard scratcher",
    "cat scratcher": r"scratching post|cardboard scratcher",
    "watering can": r"watering can",
    "tomato seeds": r"balcony tomato",
    "secateurs": r"secateurs",
    "notebook": r"notebook",
    "fountain pen": r"fountain pen",
    "duvet cover": r"duvet cover|bed set",
    "bed sheet": r"sheet, ",
    "scented candle": r"soy candle",
    "wooden toy": r"stacking rings|building blocks|shape sorter|train set|pull-along|balance bike",
    "building blocks": r"building blocks",
}


def main() -> None:
    lines = QUERIES.read_text(encoding="utf-8").splitlines()
    queries = [json.loads(line) for line in lines]
    for encoder in sys.argv[1:] or ["minilm-l6-v2", "use-multilingual-v3"]:
        with tempfile.TemporaryDirectory() as folder, shop(Path(folder), encoder) as retriever:
            print(encoder, *report(retriever, queries), sep="\n  ", flush=True)
            if retriever._keeper.current().spaces.names is not None:
                with alone():
                    lines = report(retriever, queries)
                print(f"{encoder}, alone", *lines, sep="\n  ", flush=True)


@contextmanager
def alone() -> Iterator[None]:
    """The default encoder reads everything, as it did before there was a second one."""
    with mock.patch.object(TextSpaces, "of", lambda spaces, query: spaces.default):
        yield


def shop(folder: Path, encoder: str) -> Retriever:
    """The demo store's retriever with the given text encoder."""
    Workspace.init(folder)
    workspace = Workspace.open(folder, overrides={"models": {"encoder": encoder}})
    ingest_items(workspace, items_files())
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, load_encoder(encoder))
    return Retriever.open(workspace)


def report(retriever: Retriever, queries: Sequence[dict[str, str]]) -> list[str]:
    """All lines of the report: recall by language, what is said to be missing, what is misread."""
    named = [query for query in queries if "meaning" in query]
    pairs = [(query["language"], query["query"], query["meaning"]) for query in named]
    pairs += [("en", query["meaning"], query["meaning"]) for query in named]
    lines = []
    for language in ("en", "de", "zh"):
        spoken_pairs = [(query, meaning) for spoken, query, meaning in pairs if spoken == language]
        lines.append(f"English products, {language}: {recalls(spoken_pairs, retriever)}")
    return [*lines, *said(retriever, queries), *misread(retriever, queries)]


def recalls(pairs: list[tuple[str, str]], retriever: Retriever) -> str:
    """Mean recall@10 of queries for the products that their meaning names."""
    snapshot = retriever._keeper.current().snapshot
    values, english = [], snapshot.allowed(ENGLISH)
    for query, meaning in pairs:
        form = re.compile(PRODUCTS[meaning], re.IGNORECASE)
        relevant = {
            id
            for id, row in snapshot.row.items()
            if english[row] and form.search(snapshot.titles[row])
        }
        candidates = retriever.retrieve(
            RetrievalRequest(query=query, filters=ENGLISH), 10
        ).candidates
        values.append(
            len(relevant & {candidate.item for candidate in candidates}) / min(len(relevant), 10)
        )
    nothing = sum(value == 0 for value in values)
    return f"recall@10 {np.mean(values):.2f}, nothing right for {nothing} of {len(values)}"


def said(retriever: Retriever, queries: Iterable[dict[str, str]]) -> Iterable[str]:
    """By language, how many queries get the sentence that nothing like it is here."""
    for language in ("en", "de", "zh"):
        for answered in (False, True):
            texts = [
                query["query"]
                for query in queries
                if query["language"] == language and query["answered"] == answered
            ]
            results = [retriever.retrieve(RetrievalRequest(query=query), 1) for query in texts]
            unlike = [result.unlike or "" for result in results]
            nothing = sum("much like" in text for text in unlike)
            unknown = sum("does not know" in text for text in unlike)
            yield (
                f"{language}, {'answered' if answered else 'not answered'}: {nothing} of "
                f"{len(texts)} said to be not here, {unknown} not understood"
            )


def misread(retriever: Retriever, queries: Iterable[dict[str, str]]) -> Iterable[str]:
    """By language, the queries that are read as of another one."""
    spaces = retriever._keeper.current().spaces
    if spaces.names is None:
        return
    pairs = {query["query"]: query["language"] for query in queries}
    pairs |= {query["meaning"]: "en" for query in queries if "meaning" in query}
    for language in ("en", "de", "zh"):
        texts = [text for text, spoken in pairs.items() if spoken == language]
        wrong = [t for t in texts if (spaces.of(t) is spaces.default) != (language == "en")]
        yield f"{language}: {len(wrong)} of {len(texts)} read in another language {wrong}"


if __name__ == "__main__":
    main()
