"""From examples of reading to tensors: one prompt, several answers that do not see each other.

::

    head ──┬── Read: find | thing kettle | max 30 <end>
           ├── Is 30: most
           └── Is Acme: refused

The head is read once; each answer continues it as if it were the only one. So the questions cost
a few tokens each instead of a prompt of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.errors import ContextOverflow
from llmrec.finetune.batches import LENGTHS
from llmrec.finetune.reader.examples import ReaderExample
from llmrec.reading.prompt import READ

if TYPE_CHECKING:
    import torch

__all__ = ["BranchedExample", "branch_losses", "tokenise_reading"]

_QUESTIONS = 0.5
"""What all questions of a message weigh beside its line, which weighs 1."""


@dataclass(frozen=True, slots=True)
class Branch:
    """An answer behind the head: what is given, then what is learned."""

    given: tuple[int, ...]
    learned: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BranchedExample:
    """A head and its branches, the line's first."""

    head: tuple[int, ...]
    branches: tuple[Branch, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        """All that goes into a forward pass."""
        parts = (part for branch in self.branches for part in (branch.given, branch.learned))
        return (*self.head, *(token for part in parts for token in part))


def tokenise_reading(
    examples: Sequence[ReaderExample],
    token_ids: Callable[[str], list[int]],
    end: int,
    *,
    max_tokens: int,
) -> list[BranchedExample]:
    """Tokenise heads and branches apart; the token ``end`` closes the line.

    Raises:
        ContextOverflow: an example is longer than ``max_tokens``.
    """
    made = []
    for example in examples:
        line = Branch(tuple(token_ids(READ)), (*token_ids(" " + example.line), end))
        questions = (
            Branch(tuple(token_ids(text)), tuple(token_ids(" " + label)))
            for text, label in example.questions
        )
        branched = BranchedExample(tuple(token_ids(example.head)), (line, *questions))
        if len(branched.tokens) > max_tokens:
            raise ContextOverflow(
                f"A message has {len(branched.tokens)} tokens; {max_tokens} are the limit of this "
                f"training: {example.head[:80]!r}.",
                hint="Raise max_tokens.",
            )
        made.append(branched)
    return made


def branch_losses(
    model: Any, chosen: Sequence[BranchedExample], device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss over each example's line and questions, and the share of tokens that are right.

    Logits are computed where something is learned and nowhere else: over a whole vocabulary they
    would cost as much as the layers below.

    Returns:
        Float32 ``[examples]`` each: the line's mean cross-entropy a token plus half that of its
        questions, in nats; and the line's share of likeliest tokens.
    """
    import torch
    from torch.nn.functional import cross_entropy

    longest = -(-max(len(example.tokens) for example in chosen) // LENGTHS) * LENGTHS
    shape = (len(chosen), longest)
    tokens = torch.zeros(shape, dtype=torch.long)
    positions = torch.zeros(shape, dtype=torch.long)
    parts = torch.full(shape, -1)
    places: list[tuple[int, int, int, float]] = []
    for row, example in enumerate(chosen):
        places += _lay_out(example, row, tokens, positions, parts)
    # A token sees the head and its own branch, up to itself.
    same = parts[:, :, None] == parts[:, None, :]
    seen = (same | (parts[:, None, :] == 0)) & torch.ones(longest, longest).tril().bool()
    # Padding sees itself: a row of nothing would be no number.
    seen |= torch.eye(longest, dtype=torch.bool)
    base = model.get_base_model()
    # Added to the scores: a mask of truth values means something else to each kind of attention.
    dtype = torch.bfloat16 if torch.is_autocast_enabled("cpu") else torch.float32
    hidden_where = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    hidden = base.base_model(
        input_ids=tokens.to(device),
        attention_mask=hidden_where[:, None].to(device),
        position_ids=positions.to(device),
        use_cache=False,
    ).last_hidden_state
    rows, before, target = (
        torch.tensor([place[n] for place in places], device=device) for n in range(3)
    )
    weights = torch.tensor([place[3] for place in places], device=device)
    logits = base.get_output_embeddings()(hidden[rows, before]).float()
    targets = tokens.to(device)[rows, target]
    losses = cross_entropy(logits, targets, reduction="none") * weights
    right = (
        (logits.detach().argmax(-1) == targets).float()
        * weights
        * (parts.to(device)[rows, target] == 1)
    )
    empty = torch.zeros(len(chosen), device=device)
    return empty.index_add(0, rows, losses), empty.index_add(0, rows, right)


def _lay_out(
    example: BranchedExample, row: int, tokens: Any, positions: Any, parts: Any
) -> list[tuple[int, int, int, float]]:
    """Fill a row; returns row, place before, place and weight of each token that is learned."""
    import torch

    length, start = len(example.head), len(example.head)
    tokens[row, :length] = torch.tensor(example.head)
    positions[row, :length] = torch.arange(length)
    parts[row, :length] = 0
    learned = []
    questions = len(example.branches) - 1
    for number, branch in enumerate(example.branches, start=1):
        ids = (*branch.given, *branch.learned)
        end = start + len(ids)
        tokens[row, start:end] = torch.tensor(ids)
        positions[row, start:end] = length + torch.arange(len(ids))
        parts[row, start:end] = number
        weight = 1.0 if number == 1 else _QUESTIONS / questions
        first = start + len(branch.given)
        learned += [(row, n - 1, n, weight / len(branch.learned)) for n in range(first, end)]
        start = end
    return learned
