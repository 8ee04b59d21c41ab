"""What search makes of codes, misspelt words and ordinary ones.

    python scripts/bench/search_words.py ../shared/data --out bench-work/search

Three shops of real products are made and indexed, without any events:

- codes: 150 model numbers that stand in exactly one title of ``minionerec_industrial``, each asked
  for alone; the share whose product comes first.
- typos: 30 words of the same titles, each with one slip of a finger (two letters swapped, one
  missing, doubled or wrong; the first letter stays), drawn by a seed; how many find no product with
  the word among the first five.
- misspelt: queries as people typed them on Home Depot's site, from its list of corrections; NDCG@10
  of the judged products of all these queries, for the query as typed and as corrected.
- ordinary: the 244 queries of CrowdFlower over all of its products, NDCG@10, where what was not
  judged for a query counts as irrelevant: a guard, for what helps the others must not cost here.
- names: the same, and 2,000 well-spelt queries of Home Depot over all that is judged for them,
  without the sources ``titled`` and ``named`` and with them, by half: what they do was chosen on
  the one and is reported on the other. Also the gain of the first product, as a share of the best.
- cut: of the products among the first three and ten that people judged irrelevant (1 or 2 of 4, at
  most 1.67 of 3), the share that is taken for no answer, and of the relevant ones (4, from 2.67 on)
  the share that is, too; by half, as above.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
from intervals import interval
from numpy.typing import NDArray

from llmrec.catalog.store import CatalogStore
from llmrec.catalog.tokens import tokens
from llmrec.config import Workspace
from llmrec.embedding import load_encoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.types import Item

CODE = re.compile(
    r"(?<![\w./-])(?=[A-Z0-9-]*[0-9])(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{3,}[A-Z0-9](?![\w./\"-])"
)
WORD = re.compile(r"[a-z]{5,}")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
QUERIES = 300
NAMED_QUERIES = 2_000
WITHOUT_NAMES = {"retrieval": {"weights": {"query": 2.0, "lexical": 1.0}}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("bench-work/search"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random = Random(args.seed)
    industrial = pd.read_parquet(args.data / "minionerec_industrial" / "items.parquet")
    titles = dict(zip(industrial.item_id.astype(str), industrial.title, strict=True))
    with shop(args.out / "industrial", titles) as retriever:
        print("codes   ", codes(retriever, titles, random))
        print("typos   ", typos(retriever, titles, random))
    judged = pd.read_parquet(args.data / "homedepot_relevance" / "judgements.parquet")
    corrected = corrections(args.data / "homedepot_relevance" / "spelling.tsv")
    chosen = random.sample(sorted(set(corrected) & set(judged.search_term)), QUERIES)
    judged = judged[judged.search_term.isin(chosen)]
    gains = by_query(judged.search_term, judged.product_uid, judged.relevance - 1)
    titles = dict(zip(judged.product_uid.astype(str), judged.product_title, strict=True))
    with shop(args.out / "homedepot", titles) as retriever:
        print("misspelt", ndcg(retriever, {query: gains[query] for query in chosen}))
        print("corrected", ndcg(retriever, {corrected[query]: gains[query] for query in chosen}))
    judged = pd.read_parquet(args.data / "crowdflower_relevance" / "judgements.parquet")
    gains = by_query(judged["query"], judged.id, judged.median_relevance - 1)
    titles = dict(zip(judged.id.astype(str), judged.product_title, strict=True))
    with shop(args.out / "crowdflower", titles) as retriever:
        print("ordinary", ndcg(retriever, gains))
    print("names, CrowdFlower", *named(args.out / "crowdflower", gains), sep="\n  ")
    print("cut, CrowdFlower", *cut(args.out / "crowdflower", gains, 1, 3), sep="\n  ")
    judged = pd.read_parquet(args.data / "homedepot_relevance" / "judgements.parquet")
    queries = sorted(set(judged.search_term) - set(corrected))
    judged = judged[judged.search_term.isin(Random(1).sample(queries, NAMED_QUERIES))]
    gains = by_query(judged.search_term, judged.product_uid, judged.relevance - 1)
    titles = dict(zip(judged.product_uid.astype(str), judged.product_title, strict=True))
    shop(args.out / "hd2000", titles).close()
    print("names, Home Depot", *named(args.out / "hd2000", gains), sep="\n  ")
    print("cut, Home Depot", *cut(args.out / "hd2000", gains, 0.67, 1.67), sep="\n  ")


def shop(folder: Path, titles: Mapping[str, str]) -> Retriever:
    """A retriever over items that have titles alone, in ``folder``."""
    workspace = Workspace.init(folder)
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(Item(id, title) for id, title in titles.items())
        build_index(workspace, store, load_encoder(workspace.settings.models.encoder))
    return Retriever.open(workspace)


def first(retriever: Retriever, query: str, n: int) -> list[str]:
    """Ids of the ``n`` best items for a query."""
    result = retriever.retrieve(RetrievalRequest(query=query), n)
    return [candidate.item for candidate in result.candidates]


def codes(retriever: Retriever, titles: Mapping[str, str], random: Random) -> str:
    """How often the one item with an exact code comes first."""
    places = defaultdict(set)
    for id, title in titles.items():
        for code in CODE.findall(title):
            places[code].add(id)
    single = sorted(code for code, ids in places.items() if len(ids) == 1)
    chosen = random.sample(single, 150)
    right = sum(first(retriever, code, 1) == [*places[code]] for code in chosen)
    return f"first in {right / len(chosen):.2f} of {len(chosen)}"


def typos(retriever: Retriever, titles: Mapping[str, str], random: Random) -> str:
    """How often a word with one slip finds no title with the word among five."""
    counts = Counter(word for title in titles.values() for word in set(WORD.findall(title.lower())))
    words = random.sample(sorted(word for word, count in counts.items() if count >= 10), 30)
    missed = []
    for word in words:
        slip = slipped(word, random)
        best = first(retriever, slip, 5)
        if not any(set(tokens(word)) <= set(tokens(titles[id])) for id in best):
            missed.append(slip)
    return f"nothing right in {len(missed)} of {len(words)}: {', '.join(missed)}"


def slipped(word: str, random: Random) -> str:
    """The word with one slip: two letters turned, one left out, doubled or replaced."""
    place = random.randrange(1, len(word) - 1)
    head, letter, following, tail = word[:place], word[place], word[place + 1], word[place + 2 :]
    ways = (
        head + following + letter + tail,
        head + following + tail,
        head + letter + letter + following + tail,
        head + random.choice(LETTERS) + following + tail,
    )
    return random.choice([way for way in ways if way != word])


def corrections(file: Path) -> dict[str, str]:
    """Misspelt queries with their corrections, from lines with a tab between."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def by_query(
    queries: Iterable[str], ids: Iterable[object], gains: Iterable[float]
) -> dict[str, dict[str, float]]:
    """Each query's gains, by item id."""
    gains_of: dict[str, dict[str, float]] = defaultdict(dict)
    for query, id, gain in zip(queries, ids, gains, strict=True):
        gains_of[query][str(id)] = float(gain)
    return gains_of


def ndcg(retriever: Retriever, judged: Mapping[str, Mapping[str, float]]) -> str:
    """Mean NDCG@10 over the judged queries with its 95 % interval, in words."""
    values = gained(retriever, judged)[:, 0]
    mean, low, high = interval(values)
    return f"NDCG@10 {mean:.4f} [{low:.4f}, {high:.4f}] of {len(values)} queries"


def named(folder: Path, judged: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """What the source of names changes, paired, on the half it was chosen on and on the other."""
    values = []
    for overrides in (WITHOUT_NAMES, {}):
        with Retriever.open(Workspace.open(folder, overrides=overrides)) as retriever:
            values.append(gained(retriever, judged))
    for part, half in (("chosen on", slice(0, None, 2)), ("reported", slice(1, None, 2))):
        for place, figure in enumerate(("NDCG@10", "gain@1")):
            before, after = (array[half, place] for array in values)
            change, low, high = interval(after - before)
            yield (
                f"{part} {len(before)}: {figure} {before.mean():.4f} -> {after.mean():.4f} "
                f"{change:+.4f} [{low:+.4f}, {high:+.4f}]"
            )


def cut(
    folder: Path, judged: Mapping[str, Mapping[str, float]], bad: float, good: float
) -> Iterator[str]:
    """What the cut takes away of what people judged, where a gain of ``bad`` at most is none."""
    shown: list[tuple[int, int, float, bool]] = []
    with Retriever.open(Workspace.open(folder)) as retriever:
        for place, (query, gains) in enumerate(judged.items()):
            best = retriever.retrieve(RetrievalRequest(query=query), 10).candidates
            shown += [
                (place % 2, rank, gains[candidate.item], candidate.fit != "answer")
                for rank, candidate in enumerate(best, start=1)
                if candidate.item in gains
            ]
    for half, part in enumerate(("chosen on", "reported")):
        for most in (3, 10):
            some = [(gain, away) for one, rank, gain, away in shown if one == half and rank <= most]
            wrong = [away for gain, away in some if gain <= bad]
            right = [away for gain, away in some if gain >= good]
            yield (
                f"{part}, first {most}: {np.mean(wrong):.3f} of {len(wrong)} irrelevant and "
                f"{np.mean(right):.3f} of {len(right)} relevant are no answer"
            )


def gained(retriever: Retriever, judged: Mapping[str, Mapping[str, float]]) -> NDArray[np.float64]:
    """Float64 ``[queries, 2]``: NDCG@10, and the first product's gain of the best possible."""
    values = []
    for query, gains in judged.items():
        ideal = dcg(sorted(gains.values(), reverse=True)[:10])
        if ideal:
            best = [gains.get(id, 0.0) for id in first(retriever, query, 10)]
            values.append((dcg(best) / ideal, (best or [0.0])[0] / max(gains.values())))
    return np.array(values)


def dcg(gains: Sequence[float]) -> float:
    """Discounted cumulative gain of gains in the order of rank."""
    return float(sum(gain / np.log2(rank + 1) for rank, gain in enumerate(gains, start=1)))


if __name__ == "__main__":
    main()
