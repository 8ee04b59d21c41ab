"""Pack a trained reader into the package: llmrec/reading/adapter, int8, with its card.

::

    llmrec train reader -w shop --no-promote
    python scripts/ship_reader.py shop/models/reader/0001
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from llmrec.artifacts import read_card
from llmrec.errors import LLMRecError
from llmrec.finetune.reader.measure import PRICES
from llmrec.reading.shipped import FOLDER, pack_adapter


def main() -> None:
    """Pack the named adapter; refuse one of another kind, or one that was never measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("adapter", type=Path, help="the folder of a version of kind reader")
    parser.add_argument("--target", type=Path, default=FOLDER, help="instead of the package's own")
    args = parser.parse_args()
    try:
        card = read_card(args.adapter)
    except LLMRecError as error:
        sys.exit(str(error))
    if card.kind != "reader":
        sys.exit(f"{args.adapter} holds a {card.kind}, not a reader.")
    # What shops train later is compared with this card.
    if PRICES not in card.metrics:
        sys.exit(f"The card of {args.adapter} does not say how well it reads.")
    pack_adapter(args.adapter, args.target)
    size = sum(file.stat().st_size for file in args.target.iterdir())
    print(f"{args.target}: {size / 1e6:.1f} MB, {PRICES} {card.metrics[PRICES]}")


if __name__ == "__main__":
    main()
