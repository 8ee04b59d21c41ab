"""The batches of an epoch: sequences cut into windows, laid end to end without padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmrec.embedding.behaviour.histories import IntArray
from llmrec.finetune.behaviour.sequences import Sequences

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["WindowBatch", "cut_windows", "epoch_batches", "make_batch"]


@dataclass(frozen=True)
class WindowBatch:
    """One step's windows, all int64.

    Attributes:
        items: rows of the events that are read, ``[events]``.
        kinds: ``[events]``.
        gaps: ``[events]``.
        lengths: of the windows ``[windows]``.
        asked: events after which a target is asked for, ``[targets]``.
        targets: the row of each next item, ``[targets]``.
    """

    items: Tensor
    kinds: Tensor
    gaps: Tensor
    lengths: Tensor
    asked: Tensor
    targets: Tensor


def cut_windows(sequences: Sequences, history: int, draw: np.random.Generator) -> IntArray:
    """``[start, stop)`` of every window, ``[windows, 2]``; each next event is a target once.

    Long sequences are cut from the end into windows of ``history`` events. Where the last cut falls
    is drawn anew in each epoch, so that an event is not always read with the same few before it.
    """
    pieces = []
    # A user's last event is only a target.
    begins, ends = sequences.starts[:-1], sequences.starts[1:] - 1
    long = np.flatnonzero(ends - begins > history)
    short = np.flatnonzero(ends - begins <= history)
    pieces.append(np.column_stack([begins[short], ends[short]]))
    shifts = draw.integers(1, history + 1, len(long))
    for user, shift in zip(long, shifts, strict=True):
        cuts = np.arange(ends[user] - shift, begins[user], -history)[::-1]
        bounds = np.concatenate([[begins[user]], cuts, [ends[user]]])
        pieces.append(np.column_stack([bounds[:-1], bounds[1:]]))
    return np.concatenate(pieces)


def epoch_batches(
    sequences: Sequences, history: int, batch: int, epoch: int, seed: int
) -> list[IntArray]:
    """The windows of each step of 0-based ``epoch``; a run that is resumed draws them again."""
    draw = np.random.default_rng((seed, epoch))
    windows = cut_windows(sequences, history, draw)
    windows = windows[draw.permutation(len(windows))]
    # By events and not by windows: every step costs and learns about as much, on any log.
    before = np.cumsum(windows[:, 1] - windows[:, 0])
    steps = np.searchsorted(before, np.arange(batch, before[-1], batch), side="left") + 1
    return [group for group in np.split(windows, np.unique(steps)) if len(group)]


def make_batch(sequences: Sequences, windows: IntArray) -> WindowBatch:
    """The tensors of one step; it may ask for no target, where nothing but repetitions came."""
    import torch

    lengths = windows[:, 1] - windows[:, 0]
    before = np.cumsum(lengths) - lengths
    at = np.repeat(windows[:, 0] - before, lengths) + np.arange(lengths.sum())
    targets = np.flatnonzero(sequences.fresh[at + 1])
    arrays = (
        sequences.items[at],
        sequences.kinds[at],
        sequences.gaps[at],
        lengths,
        targets,
        sequences.items[at[targets] + 1],
    )
    return WindowBatch(*map(torch.from_numpy, arrays))
