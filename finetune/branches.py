"""One head, several branches that do not see each other, read in one pass.

::

    head ──┬── first branch
           ├── second branch
           └── third branch

The head is read once; each branch goes on from it as if it were the only one: its positions start
behind the head, and a mask hides the other branches. So a branch costs its own few tokens instead
of a prompt of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from llmrec.finetune.batches import rounded

if TYPE_CHECKING:
    import torch

__all__ = [
    "Branch",
    "Branched",
    "BranchedExample",
    "Packed",
    "branch_losses",
    "logits_at",
    "packed",
]

_FURTHER = 0.5
"""What all branches behind the first weigh together in a loss; the first weighs 1."""


class Branched(Protocol):
    """A head and the tokens of each branch."""

    @property
    def head(self) -> tuple[int, ...]:
        """What all branches go on from."""

    @property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """Each branch's tokens."""


@dataclass(frozen=True, slots=True)
class Branch:
    """An answer behind the head: what is given, then what is learned."""

    given: tuple[int, ...]
    learned: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BranchedExample:
    """A head and its branches, the one that counts most first."""

    head: tuple[int, ...]
    branches: tuple[Branch, ...]

    @property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """Each branch's tokens."""
        return tuple((*branch.given, *branch.learned) for branch in self.branches)

    @property
    def tokens(self) -> tuple[int, ...]:
        """All that goes into a forward pass."""
        return (*self.head, *(token for part in self.parts for token in part))


@dataclass(frozen=True, slots=True)
class Packed:
    """Examples laid out as rows; int64 ``[examples, longest]`` each, on the CPU.

    ``parts`` is 0 in the head, 1 in the first branch and so on, -1 in the padding behind. Of each
    example ``starts`` has the column of each branch's first token.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    parts: torch.Tensor
    starts: list[list[int]]


def packed(chosen: Sequence[Branched]) -> Packed:
    """Lay examples out; lengths are rounded up as :data:`~llmrec.finetune.batches.LENGTHS` says."""
    import torch

    rows = [(example.head, *example.parts) for example in chosen]
    longest = rounded(max(sum(map(len, row)) for row in rows))
    tokens, positions, parts = [], [], []
    starts: list[list[int]] = []
    for row in rows:
        head = len(row[0])
        ids = [token for part in row for token in part]
        places = [*range(head), *(head + n for part in row[1:] for n in range(len(part)))]
        owners = [number for number, part in enumerate(row) for _ in part]
        gap = [0] * (longest - len(ids))
        tokens.append(ids + gap)
        positions.append(places + gap)
        parts.append(owners + [-1] * len(gap))
        starts.append([sum(map(len, row[:number])) for number in range(1, len(row))])
    return Packed(torch.tensor(tokens), torch.tensor(positions), torch.tensor(parts), starts)


def logits_at(
    model: Any, batch: Packed, rows: torch.Tensor, columns: torch.Tensor, device: str
) -> torch.Tensor:
    """Logits ``[places, vocabulary]`` behind the tokens at ``rows``, ``columns`` of a batch.

    They are computed there and nowhere else: over a whole vocabulary all others would cost as much
    as the layers below. It is the model's own forward that runs, so that gradients of several
    processes and models in pieces work as ever; what its last layer is given is cut down.
    """
    rows, columns = rows.to(device), columns.to(device)
    head = getattr(model, "module", model).get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda _, given: (given[0][rows, columns],))
    try:
        logits: torch.Tensor = model(
            input_ids=batch.tokens.to(device),
            attention_mask=_mask(batch.parts, model, device),
            position_ids=batch.positions.to(device),
            use_cache=False,
        ).logits
    finally:
        hook.remove()
    return logits


def _mask(parts: torch.Tensor, model: Any, device: str) -> torch.Tensor:
    """``[examples, 1, longest, longest]``: a token sees the head and its own branch up to itself.

    It is added to the scores: a mask of truth values means something else to each kind of
    attention.
    """
    import torch

    longest, kind = parts.shape[1], torch.device(device).type
    same = parts[:, :, None] == parts[:, None, :]
    seen = (same | (parts[:, None, :] == 0)) & torch.ones(longest, longest).tril().bool()
    # Padding sees itself: a row of nothing would be no number.
    seen |= torch.eye(longest, dtype=torch.bool)
    cast = torch.is_autocast_enabled(kind)
    dtype = torch.get_autocast_dtype(kind) if cast else getattr(model, "module", model).dtype
    hidden = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    return hidden[:, None].to(device)


def branch_losses(
    model: Any, chosen: Sequence[BranchedExample], device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss over what is learned in each example's branches, and the share that is right.

    Returns:
        Float32 ``[examples]`` each: the first branch's mean cross-entropy a token plus half that
        of the others, in nats; and the first branch's share of likeliest tokens.
    """
    import torch
    from torch.nn.functional import cross_entropy

    batch = packed(chosen)
    learned = [
        place for row, example in enumerate(chosen) for place in _learned(example, row, batch)
    ]
    rows, columns = (torch.tensor([place[n] for place in learned]) for n in range(2))
    weights = torch.tensor([place[2] for place in learned], device=device)
    targets = batch.tokens[rows, columns].to(device)
    logits = logits_at(model, batch, rows, columns - 1, device).float()
    losses = cross_entropy(logits, targets, reduction="none") * weights
    first = (batch.parts[rows, columns] == 1).to(device)
    right = (logits.detach().argmax(-1) == targets).float() * weights * first
    empty = torch.zeros(len(chosen), device=device)
    return empty.index_add(0, rows.to(device), losses), empty.index_add(0, rows.to(device), right)


def _learned(example: BranchedExample, row: int, batch: Packed) -> list[tuple[int, int, float]]:
    """Row, column and weight of each token that is learned.

    The token before the first one of a branch without ``given`` is another branch's, or the head's
    last: nothing but what is given may stand before what is learned.
    """
    places = []
    further = len(example.branches) - 1
    for number, branch in enumerate(example.branches):
        weight = (_FURTHER / further if number else 1.0) / len(branch.learned)
        start = batch.starts[row][number] + len(branch.given)
        places += [(row, start + n, weight) for n in range(len(branch.learned))]
    return places
