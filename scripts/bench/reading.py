"""How well messages are read: the sets kept apart, by language, key by key.

Prints JSON; ``--errors FILE`` writes what was read otherwise than meant, a line each::

    python scripts/bench/reading.py --engine openvino
    python scripts/bench/reading.py --adapter bench-work/reader --errors bench-work/errors.jsonl
    python scripts/bench/reading.py --messages finetune/reader/messages/en3.jsonl --limit 100

What the figures mean: finetune/reader/measure.py.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from processes import machine

from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.finetune.reader.measure import Judged, judged, set_figures
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.reading import MessageReader, Traced
from llmrec.reading.shipped import FOLDER, whole_adapter


def main() -> None:
    """Have the sets read, judge each message and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engine", default="openvino")
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("--adapter", type=Path, help="instead of the one that ships; int8 or whole")
    parser.add_argument("--messages", type=Path, nargs="*", help="instead of the sets kept apart")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--no-witness", action="store_true")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--errors", type=Path)
    args = parser.parse_args()
    engine = load_engine(args.engine, args.base, EngineSettings(precision=args.precision))
    engine.load_adapter("reader", whole_adapter(args.adapter or FOLDER))
    reader = MessageReader(engine, witness=not args.no_witness)
    report: dict[str, Any] = {"machine": machine(), "engine": args.engine, "base": args.base}
    errors = []
    milliseconds: list[float] = []
    for path in args.messages or written_sets(test=True):
        many = []
        for message in list(read_messages(path))[: args.limit]:
            started = time.perf_counter()
            traced = reader.read(message.message, message.context, message.currency)
            milliseconds.append(1000 * (time.perf_counter() - started))
            verdict = judged(message, traced)
            many.append(verdict)
            if error := _error(path.stem, message, traced, verdict):
                errors.append(error)
        report[path.stem] = set_figures(many)
    report["milliseconds"] = {
        "median": round(statistics.median(milliseconds)),
        "p95": round(statistics.quantiles(milliseconds, n=20)[-1]),
    }
    engine.close()
    if args.errors:
        args.errors.write_text(
            "".join(json.dumps(error, ensure_ascii=False) + "\n" for error in errors),
            encoding="utf-8",
        )
    print(json.dumps(report, indent=2))


def _error(
    name: str, message: WrittenMessage, traced: Traced, verdict: Judged
) -> dict[str, Any] | None:
    read = {
        key: value for key, value in traced.reading.to_dict().items() if value not in (None, [], {})
    }
    if read == message.want:
        return None
    context = message.context
    return {
        "set": name,
        "message": message.message,
        "looking for": context.looking_for if context else None,
        "want": message.want,
        "read": read,
        "unsure": [f"{part.kind} {part.text}" for part in traced.unsure],
        "cases": verdict.cases,
    }


if __name__ == "__main__":
    main()
