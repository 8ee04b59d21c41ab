"""What is shown as the nearest where a shop has nothing of a name: something like it, or anything.

    python scripts/bench/nearest.py ../shared/data

For the demo store and a shop of office supplies: 25 names of things that neither it nor any shop of
its kind has (nothing should be shown), and 25 that it has not but has something like (something
should). The words were written down before any figure was looked at. Printed is for how many of
each a card is shown, by the least likeness as a share of the threshold from which items answer.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from llmrec import Workspace
from llmrec.answers import cut_to_fit
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding import load_encoder
from llmrec.ingest import ingest_items
from llmrec.retrieval import RetrievalRequest, Retriever, answered, build_index

SHARES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)
FAR = {
    "demo": "washing machine; car tyres; mortgage; fishing rod; wedding dress; phone contract"
    "; chainsaw; poem; violin; contact lenses; plane ticket; printer ink; cement; false eyelashes"
    "; motor oil; horse saddle; bitcoin; insulin; drone; swimming pool; barbershop; passport photo"
    "; golf club; fire extinguisher; tattoo",
    "office": "washing machine; car tyres; salmon; fishing rod; wedding dress; dog food; chainsaw"
    "; lipstick; violin; contact lenses; plane ticket; surfboard; cement; false eyelashes"
    "; motor oil; horse saddle; lawn mower; bicycle; swimming pool; sunscreen; golf club"
    "; baby bottle; tent; wine; insulin",
}
NEAR = {
    "demo": "electric kettle; saucepan; hot water bottle; wool scarf; cat litter; dog biscuits"
    "; electric toothbrush; tablecloth; camping chair; rose bush; green tea bags; crayons"
    "; microscope; jump rope; bike pump; tumbler; rice cooker; hoodie; bath salts; garden hose"
    "; flower pot; pillowcase; doll; fish oil; laptop bag",
    "office": "fountain ink; chalk; blackboard; bookshelf; desk lamp; office chair; typewriter"
    "; paper clips; tape measure; gift wrap; globe; wall clock; crayons; photo album; cash box"
    "; bookmarks; magnifying glass; mouse pad; sketchbook; drawing pins; sealing wax; phone stand"
    "; shopping bag; whiteboard cleaner; stamp pad",
}


def main() -> None:
    """Index both shops and print a row for each share."""
    data = Path(sys.argv[1])
    print("| share | demo: far | near | office: far | near |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        shops = {name: _shop(Path(folder) / name, _files(name, data)) for name in FAR}
        for share in SHARES:
            cells = [
                f"{_shown(shop, words[name].split('; '), share)} of 25"
                for name, shop in shops.items()
                for words in (FAR, NEAR)
            ]
            print(f"| {share} | " + " | ".join(cells) + " |", flush=True)
        for shop in shops.values():
            shop.close()


def _files(name: str, data: Path) -> Sequence[Path]:
    return items_files() if name == "demo" else [data / "minionerec_office" / "items.parquet"]


def _shop(folder: Path, files: Sequence[Path]) -> Retriever:
    Workspace.init(folder)
    workspace = Workspace.open(folder)
    ingest_items(workspace, files)
    with CatalogStore.open(workspace.database_url) as store:
        build_index(workspace, store, load_encoder("minilm-l6-v2"))
    return Retriever.open(workspace)


def _shown(shop: Retriever, words: Sequence[str], share: float) -> int:
    """For how many words at least one card is shown."""
    with mock.patch.object(answered, "_NEAREST", share):
        results = [shop.retrieve(RetrievalRequest(query=word), 10) for word in words]
    return sum(bool(cut_to_fit(result.candidates)) for result in results)


if __name__ == "__main__":
    main()
