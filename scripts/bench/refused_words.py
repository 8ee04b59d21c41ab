"""German and Chinese words for what a shopper may refuse, found among the demo store's names.

    python scripts/bench/refused_words.py

The words were written before any figure was looked at; behind each stands what an English name of
the store must have in it to be right (nothing where the store has no such name). Printed are, for
some thresholds of the cosine, how many words find a name, and how many of these a right one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from llmrec import Workspace
from llmrec.agent.constraints import Vocabulary
from llmrec.catalog.store import CatalogStore
from llmrec.demo import items_files
from llmrec.embedding.universal import UniversalEncoder
from llmrec.ingest import ingest_items

WORDS = """
Katzen cat|Nüsse nut|Milch milk|Koffein caffeine decaf|Zucker sugar|Daunen down|Gummi rubber
Holz wood|Duft scent|Farbe colour paint|Kinder child kid|Batterien batter|Schuhe shoe|Zelte tent
Teller plate|Besteck cutlery|Kerzen candle|Messer kni|Rucksäcke backpack|Schlafsäcke sleeping
Metall metal steel|Keramik ceramic|Latex latex|Fleisch meat|Fisch fish|Pfefferminze mint
Hülsenfrüchte pulse lentil|Garten garden|Wasser water|Kunstleder|Fell fur|Polyester polyester
Reißverschluss zip|Sirup syrup|Lärm noise|Strom electric power|Elektronik electronic
Spielzeug toy|Brettspiele board game|Seife soap|Alkohol alcohol|Huhn chicken|Schaumstoff foam
Werkzeug tool|Federn feather|Kunststoff plastic|Leder leather|Entkalker descal|Parfüm scent
猫 cat|坚果 nut|牛奶 milk|咖啡因 caffeine decaf|糖 sugar|羽绒 down feather|橡胶 rubber|木头 wood
香味 scent|儿童 child kid|电池 batter|鞋 shoe|帐篷 tent|盘子 plate|蜡烛 candle|刀 kni
背包 backpack|睡袋 sleeping|金属 metal steel|陶瓷 ceramic|乳胶 latex|肉 meat|鱼 fish|薄荷 mint
红茶 black tea|乌龙茶 oolong|花茶 jasmine 茉莉|塑料 plastic|皮革 leather|羊毛 wool|玻璃 glass
不锈钢 stainless|玩具 toy|积木 block|鸭子 duck|桌游 board game|肥皂 soap|酒精 alcohol|香水 scent
咖啡 coffee|杯子 cup mug|茶壶 teapot|狗 dog|衣服 cloth|绿茶 green tea|电动 electric
拼图 puzzle jigsaw
"""
THRESHOLDS = (0.65, 0.7, 0.76, 0.8, 0.85)


def main() -> None:
    """Print a table of thresholds and what is wrong at the one in use."""
    with tempfile.TemporaryDirectory() as folder:
        vocabulary = _demo_vocabulary(Path(folder))
    translator = vocabulary.translator
    assert translator is not None
    words = [entry.split() for line in WORDS.split("\n") for entry in line.split("|") if entry]
    started = perf_counter()
    best = translator.nearest([word for word, *_ in words])
    print(f"{len(translator.names)} names, {perf_counter() - started:.1f} s the first time")
    print("| threshold | words | find a name | a right one |\n|---|---|---|---|")
    for threshold in THRESHOLDS:
        passing = [
            any(part in name for part in right)
            for (_, *right), (name, score) in zip(words, best, strict=True)
            if score >= threshold
        ]
        print(f"| {threshold} | {len(words)} | {len(passing)} | {np.sum(passing)} |")
    for (word, *right), (name, score) in zip(words, best, strict=True):
        if score >= translator.SAME and not any(part in name for part in right):
            print(f"wrong: {word} is {name} ({score:.2f})")


def _demo_vocabulary(folder: Path) -> Vocabulary:
    Workspace.init(folder)
    workspace = Workspace.open(folder)
    ingest_items(workspace, items_files())
    with CatalogStore.open(workspace.database_url) as store:
        return Vocabulary.of_store(store, UniversalEncoder)


if __name__ == "__main__":
    main()
