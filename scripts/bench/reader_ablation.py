"""What the reader learns from: written messages, made variants, or both; and how many of them.

One stream of examples a source, from the base alone, with a constant learning rate; the adapter is
kept at each size, so that the smaller sizes cost nothing of their own::

    python scripts/bench/reader_ablation.py train written --out bench-work/ablation
    python scripts/bench/reader_ablation.py measure --out bench-work/ablation

``variants`` are made from 1,000 messages, drawn by the seed, that serve as skeletons: other words,
sums, brands and spellings in them. ``written`` are messages as their writers left them. ``both``
draws every second example from the one and every second from the other. ``measure`` reads the sets
kept apart with OpenVINO, and prints a table with a row for each source and size.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.ranker.wrap import Adapted
from llmrec.finetune.reader.batches import branch_losses, tokenise_reading
from llmrec.finetune.reader.examples import ReaderExample, reader_examples
from llmrec.finetune.reader.measure import judged, together
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.finetune.reader.train import READING
from llmrec.reading import MessageReader
from llmrec.weights import locate

BASE = "smollm2-135m-instruct"
SKELETONS = 1_000
BATCH = 12
SETS = ("test_en", "test_de", "test_zh")
COLUMNS = (
    "intent right",
    "price fields right",
    "limits turned round",
    "refusals held",
    "thing right",
    "brands invented",
)
UPPER_LAYERS = r".*\.layers\.(8|9|1\d|2\d)\..*_proj"
SETTINGS = READING.model_copy(update={"target_modules": UPPER_LAYERS})
"""The lowest eight of 30 layers stay as they are, as when the adapter that ships was trained."""


def main() -> None:
    """Train one source, or read with what was trained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("train", "measure"))
    parser.add_argument("source", nargs="?", choices=("variants", "written", "both"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 3_000, 10_000])
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--limit", type=int, help="messages of a set, when measuring")
    args = parser.parse_args()
    if args.what == "measure":
        measure(args.out, args.limit)
    elif args.source is None:
        parser.error("name a source: variants, written or both")
    else:
        train(args.source, args.out, sorted(args.sizes), args.rate)


def train(source: str, out: Path, sizes: list[int], rate: float) -> None:
    """Train from the base, and keep the adapter each time that a size is reached."""
    torch.manual_seed(1)
    adapted = Adapted(BASE, locate(BASE), SETTINGS, Place(SETTINGS))
    adapted.wrap()
    # As in the training proper: for texts this short the plain attention is the faster one.
    adapted.network.set_attn_implementation("eager")
    parameters = adapted.parameters
    optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.99), weight_decay=0.0)
    seen, mean = 0, None
    for step, batch in enumerate(_batches(_stream(source), adapted)):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 30)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            losses, _ = branch_losses(adapted.model, batch, "cpu")
        loss = losses.mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += len(batch)
        mean = loss.item() if mean is None else 0.97 * mean + 0.03 * loss.item()
        if step % 25 == 0:
            print(f"{source} {seen} examples, loss {mean:.3f}", flush=True)
        while sizes and seen >= sizes[0]:
            folder = out / f"{source}-{sizes.pop(0)}"
            adapted.save(folder, adapted.state())
        if not sizes:
            return


def _stream(source: str) -> Iterator[ReaderExample]:
    messages = [message for path in written_sets() for message in read_messages(path)]
    rng = random.Random(1)
    rng.shuffle(messages)
    written = _endless(lambda _: reader_examples(messages, variants=0, seed=1))
    # Each round makes other variants; the skeletons themselves are among them once a round.
    made = _endless(lambda seed: reader_examples(messages[:SKELETONS], variants=9, seed=seed))
    while True:
        if source != "variants":
            yield next(written)
        if source != "written":
            yield next(made)


def _endless(examples: Callable[[int], list[ReaderExample]]) -> Iterator[ReaderExample]:
    seed = 1
    while True:
        yield from examples(seed)
        seed += 1


def _batches(examples: Iterator[ReaderExample], adapted: Adapted) -> Iterator[list[Any]]:
    rng = random.Random(1)
    while True:
        # Sorted by length within a few batches, so that little is computed for padding.
        some = [next(examples) for _ in range(6 * BATCH)]
        tokens = tokenise_reading(some, adapted.token_ids, adapted.end_id or 0, max_tokens=1024)
        tokens.sort(key=lambda example: len(example.tokens))
        batches = [tokens[start : start + BATCH] for start in range(0, len(tokens), BATCH)]
        rng.shuffle(batches)
        yield from batches


def measure(out: Path, limit: int | None) -> None:
    """Read the sets kept apart with every adapter that is there, and print a table."""
    print("| source | examples | set | " + " | ".join(COLUMNS) + " |")
    print("|---" * (3 + len(COLUMNS)) + "|", flush=True)
    for folder in sorted(out.glob("*-*"), key=lambda path: int(path.name.split("-")[1])):
        source, size = folder.name.split("-")
        engine = load_engine("openvino", BASE, EngineSettings())
        engine.load_adapter("reader", folder)
        reader = MessageReader(engine)
        for path in written_sets(test=True):
            if path.stem in SETS:
                figures = _figures(reader, list(read_messages(path))[:limit])
                row = [f"{figures[name]:.2f}" if name in figures else "" for name in COLUMNS]
                print(f"| {source} | {size} | {path.stem} | " + " | ".join(row) + " |", flush=True)
        engine.close()


def _figures(reader: MessageReader, messages: list[WrittenMessage]) -> Mapping[str, float]:
    verdicts = [
        judged(item, reader.read(item.message, item.context, item.currency)) for item in messages
    ]
    return {name: figure.mean for name, figure in together(verdicts).figures().items()}


if __name__ == "__main__":
    main()
