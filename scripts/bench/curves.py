"""A picture of the curves that a training wrote for TensorBoard.

    python scripts/bench/curves.py bench-work/ranker/curves --out docs/images/ranker-curves.png

Training's figures are drawn as they are, and smoothed; validation's with a point for each look.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KEEP = 0.95
PANELS = {
    "loss over the labels, nats": ("train/loss", "validation/loss"),
    "share put first": ("train/accuracy", "validation/accuracy"),
    "NDCG@10 on validation": (None, "validation/ndcg"),
    "learning rate": ("train/learning_rate", None),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("curves", type=Path, help="folder of event files")
    parser.add_argument("--out", type=Path, required=True, help="a PNG to write")
    args = parser.parse_args()
    written = EventAccumulator(str(args.curves))
    written.Reload()
    figure = Figure(figsize=(10, 6), layout="constrained")
    for axes, (title, (train, valid)) in zip(
        figure.subplots(2, 2).flat, PANELS.items(), strict=True
    ):
        axes.set(title=title, xlabel="step")
        if train:
            steps, values = curve(written, train)
            if "rate" in train:
                axes.plot(steps, values)
            else:
                axes.plot(steps, values, alpha=0.25, color="C0")
                axes.plot(steps, smoothed(values), color="C0", label="training, smoothed")
        if valid:
            axes.plot(*curve(written, valid), "o-", color="C1", label="validation")
        if train and valid:
            axes.legend()
    figure.savefig(args.out, dpi=110)


def curve(written: EventAccumulator, tag: str) -> tuple[list[int], list[float]]:
    """Steps and values; of a step that a resumed run took again, the later one."""
    values = {event.step: event.value for event in written.Scalars(tag)}
    return sorted(values), [values[step] for step in sorted(values)]


def smoothed(values: list[float]) -> list[float]:
    """Exponential moving average, without the bias of its beginning."""
    made, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = KEEP * total + (1 - KEEP) * value, KEEP * weight + (1 - KEEP)
        made.append(total / weight)
    return made


if __name__ == "__main__":
    main()
