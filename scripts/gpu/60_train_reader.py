"""Train the reader of messages on all shipped ones with many variants, and judge its reading.

    python scripts/gpu/60_train_reader.py --model NAME

bf16 on a card, evaluations four times an epoch on messages that training has not seen, the adapter
of the lowest loss kept. Ends by itself after --minutes and says so; killed, it goes on from the
last checkpoint. Then the sets kept apart, of which training sees nothing, are read for
--judge-minutes with the engine that serves on a card, a few messages of each set in turn, so that
a stop leaves figures of all sets. Writes the adapter with its card, a copy in int8 beside the
report, TensorBoard's file and a PNG of the curves.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from measures import latency
from report import Report, parser
from training import Curves, clear_peak, evaluations_per_epoch, outcome

from llmrec.artifacts import Artifact, CardData, read_card
from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.finetune import LoraSettings
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.ranker.starting import check_adapter, start_settings
from llmrec.finetune.reader.batches import tokenise_reading
from llmrec.finetune.reader.examples import (
    ReaderExample,
    held_apart,
    reader_examples,
    sha256_of,
)
from llmrec.finetune.reader.measure import Judged, add_to_card, judged, set_figures, together
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.finetune.reader.session import check_signs
from llmrec.finetune.reader.train import READING, ReaderTask, train_reader
from llmrec.finetune.reader.variants import WordPools
from llmrec.reading import MessageReader
from llmrec.reading.loading import Reader
from llmrec.reading.shipped import FOLDER, pack_adapter, whole_adapter

ROOT = Path(__file__).parents[2]
SEED = 0
RESERVE = 25.0
"""Seconds for the imports before, and between the training and the first message that is read."""
SAVE_EVERY = 500
"""Steps of a tenth of a second or so: saved as often as on a CPU, a checkpoint would cost more."""
PATIENCE = 8
"""Evaluations, those of two epochs: at a high learning rate a loss stands still before it falls."""
TURN = 4
"""Messages of a set that are read before those of the next."""
POINTS = 300
"""Of the loss curve in the report; TensorBoard's file has every step."""


def main() -> None:
    options = _options()
    report = Report(__file__, options, about="" if options.smoke else Path(options.model).name)
    if options.witness:
        check_signs(options.model)
    start = _adapter(options.start) if options.start else None
    train, validation = held_apart(_messages(options), SEED)
    examples = made_examples(train, options.variants, options.processes)[: options.examples]
    task = ReaderTask(
        examples,
        reader_examples(validation, variants=0, seed=SEED),
        CardData(sha256=sha256_of(examples), events=0, users=0, items=0),
        start.name if start else None,
    )
    settings = _settings(options, start, len(examples))
    report.add(
        "data",
        {
            "messages": len(train),
            "examples": len(examples),
            "variants": options.variants,
            "held_out": len(task.held),
            "seconds": round(report.seconds, 2),
        },
    )
    out = options.adapter or (
        report.beside("adapter")
        if options.smoke
        else ROOT / ".gpu" / "adapters" / f"reader-{Path(options.model).name}"
    )
    _train(report, options, task, settings, start, out)
    try:
        _judge(report, options, out)
    finally:
        # As the package ships its own: a quarter of the size.
        pack_adapter(out, report.beside("int8"))
    report.finish()


def _options() -> argparse.Namespace:
    options_of = parser(__doc__ or "")
    options_of.add_argument("--start", type=Path, help="adapter to go on from; or 'shipped'")
    options_of.add_argument("--adapter", type=Path, help="default: .gpu/adapters/reader-MODEL")
    options_of.add_argument("--variants", type=float, default=3, help="of each message")
    options_of.add_argument("--examples", type=int, help="take the first so many")
    options_of.add_argument("--minutes", type=float, default=8.0, help="stop training by then")
    options_of.add_argument("--judge-minutes", type=float, default=1.0, help="read for so long")
    options_of.add_argument("--epochs", type=int, default=2, help="over messages and variants")
    options_of.add_argument("--batch", type=int, default=64)
    options_of.add_argument("--rank", type=int, help="default: 16, or that of --start")
    options_of.add_argument("--learning-rate", type=float, default=READING.learning_rate)
    options_of.add_argument("--no-witness", dest="witness", action="store_false")
    options_of.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that make the variants"
    )
    options = options_of.parse_args()
    if options.smoke:
        options.variants, options.examples, options.processes = 1, 16, 1
        options.batch, options.epochs = 4, 1
    return options


def _adapter(folder: Path) -> Artifact:
    """A folder, or what ships, as a version to go on from."""
    whole = whole_adapter(FOLDER if str(folder) == "shipped" else folder)
    return Artifact("reader", folder.name, whole, read_card(whole))


def _messages(options: argparse.Namespace) -> list[WrittenMessage]:
    sets = written_sets()
    if options.smoke:
        return list(read_messages(sets[0]))[:160]
    return [message for path in sets for message in read_messages(path)]


def made_examples(
    messages: Sequence[WrittenMessage], variants: float, processes: int
) -> list[ReaderExample]:
    """Messages and variants, made by several processes: by one, they take minutes of the time.

    Each takes a part of the messages and the words of all. The same number of processes makes the
    same examples.
    """
    if processes == 1:
        return reader_examples(messages, variants=variants, seed=SEED)
    pools = WordPools(messages)
    # Forked, they would share what torch has begun on the card.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as executor:
        parts = [
            executor.submit(
                reader_examples,
                messages[number::processes],
                variants=variants,
                seed=SEED + number,
                pools=pools,
            )
            for number in range(processes)
        ]
        examples = list(dict.fromkeys(example for part in parts for example in part.result()))
    random.Random(SEED).shuffle(examples)
    return examples


def _settings(options: argparse.Namespace, start: Artifact | None, examples: int) -> LoraSettings:
    """Those of the reader's training in large batches, in the shape of what is gone on from.

    Raises:
        ConfigError: ``--rank`` is another one than that of ``--start``.
    """
    shape = {}
    if start is not None:
        before = start_settings(start)
        shape = {name: before[name] for name in ("r", "alpha", "target_modules")}
    if options.rank is not None:
        shape |= {"r": options.rank, "alpha": 2 * options.rank}
    given = {
        "learning_rate": options.learning_rate,
        "epochs": options.epochs,
        "batch": options.batch,
        "accumulation": 1,
        "save_every": SAVE_EVERY,
        "patience": PATIENCE,
        "seed": SEED,
    }
    settings = LoraSettings.model_validate(READING.model_dump() | given | shape)
    if start is not None:
        check_adapter(start, settings)
    every = evaluations_per_epoch(examples, settings, 4)
    return settings.model_copy(update={"evaluate_every": every})


def _train(
    report: Report,
    options: argparse.Namespace,
    task: ReaderTask,
    settings: LoraSettings,
    start: Artifact | None,
    out: Path,
) -> None:
    curves = Curves(report.beside("curves"), loss="loss of line and signs, nats")
    clear_peak()
    try:
        done = train_reader(
            task,
            options.model,
            out,
            settings,
            start=start,
            seconds=60 * options.minutes - report.seconds - RESERVE,
            progress=curves.tell,
        )
    finally:
        curves.close()
    ids = prompt_maker(options.model).token_ids
    # A sample says the length well enough; which token ends a line does not matter to it.
    some = tokenise_reading(task.examples[:200], ids, 0, max_tokens=settings.max_tokens)
    mean = float(np.mean([len(example.tokens) for example in some]))
    report.add("training", outcome(done, mean, options.model, settings, options.out))
    report.add("plot", curves.draw(report.beside("curves.png")))
    report.add("losses", thinned([step.loss for step in done.steps]))
    if done.timed_out:
        print(
            f"stopped for want of time after step {len(done.steps)}; {out} is the best until then"
        )


def thinned(losses: Sequence[float]) -> dict[str, Any]:
    """A curve of at most :data:`POINTS` means, each of ``steps`` steps.

    >>> thinned([1.0, 2.0])
    {'steps': 1, 'means': [1.0, 2.0]}
    """
    steps = max(1, -(-len(losses) // POINTS))
    means = [
        round(float(np.mean(losses[at : at + steps])), 4) for at in range(0, len(losses), steps)
    ]
    return {"steps": steps, "means": means}


def _judge(report: Report, options: argparse.Namespace, folder: Path) -> None:
    """Read the sets kept apart; figures by set into the report, by language onto the card."""
    clear_peak()
    sets = {path.stem: list(read_messages(path)) for path in written_sets(test=True)}
    if options.smoke:
        sets = {name: messages[:1] for name, messages in sets.items()}
    engine = load_engine("transformers", options.model, EngineSettings(timeout_s=None))
    try:
        engine.load_adapter("reader", folder)
        reader = MessageReader(engine, witness=options.witness)
        # A first message pays for what the card begins with.
        reader.read("a mug, 20 max")
        verdicts = read_in_turn(reader, sets, 60 * options.judge_minutes)
    finally:
        engine.close()
    by_set = {
        name: {"of": len(messages), **set_figures(verdicts.by_set.get(name, []))}
        for name, messages in sets.items()
    }
    seconds = verdicts.seconds
    report.add("milliseconds", latency(seconds) if seconds else None)
    report.add("reading", {"witness": options.witness, **by_set})
    languages = {name: together(many) for name, many in verdicts.by_language.items()}
    add_to_card(
        folder,
        languages,
        variants=options.variants,
        witness=options.witness,
        test_messages=[len(seconds), sum(map(len, sets.values()))],
    )


@dataclass
class Verdicts:
    """What was read of the sets, in their order, and the seconds that each message took."""

    by_set: dict[str, list[Judged]] = field(default_factory=dict)
    by_language: dict[str, list[Judged]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


def read_in_turn(
    reader: Reader, sets: Mapping[str, Sequence[WrittenMessage]], seconds: float
) -> Verdicts:
    """Read until all is read or the time is over."""
    verdicts, deadline = Verdicts(), perf_counter() + seconds
    for name, message in in_turn(sets):
        started = perf_counter()
        if started >= deadline:
            break
        traced = reader.read(message.message, message.context, message.currency)
        verdicts.seconds.append(perf_counter() - started)
        verdict = judged(message, traced)
        verdicts.by_set.setdefault(name, []).append(verdict)
        verdicts.by_language.setdefault(message.language, []).append(verdict)
    return verdicts


def in_turn(
    sets: Mapping[str, Sequence[WrittenMessage]],
) -> Iterator[tuple[str, WrittenMessage]]:
    """A few messages of each set, the next few of each, and so on until all sets are through."""
    longest = max(map(len, sets.values()), default=0)
    for at in range(0, longest, TURN):
        for name, messages in sets.items():
            for message in messages[at : at + TURN]:
                yield name, message


if __name__ == "__main__":
    main()
