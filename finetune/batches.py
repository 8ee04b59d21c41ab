"""From examples to tensors: tokens, the labels' tokens, padding, and the order of a run."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmrec.errors import ContextOverflow, ModelError
from llmrec.finetune.examples import RankingExample
from llmrec.finetune.losses import NO_LABEL
from llmrec.labels import label_token

if TYPE_CHECKING:
    import torch

__all__ = ["LENGTHS", "Batch", "TokenExample", "collate", "epoch_order", "tokenise"]

LENGTHS = 16
"""Training and validation pad to a multiple of so many tokens: every new shape costs oneDNN memory
that it keeps, and a run with hundreds of lengths grew by gigabytes."""


@dataclass(frozen=True, slots=True)
class TokenExample:
    """An example as the model sees it.

    ``retrieval`` is the retriever's view of the candidates; ``offsets`` are added to the model's
    logits of their labels before the loss, if there are any.
    """

    tokens: tuple[int, ...]
    label_tokens: tuple[int, ...]
    target: int
    retrieval: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one forward pass; int64, prompts padded on the left.

    ``tokens``, ``mask`` and ``positions`` are ``[batch, longest prompt]``, ``label_tokens``
    ``[batch, most candidates]``, ``targets`` ``[batch]``; ``offsets`` float32 like
    ``label_tokens``.
    """

    tokens: torch.Tensor
    mask: torch.Tensor
    positions: torch.Tensor
    label_tokens: torch.Tensor
    targets: torch.Tensor
    offsets: torch.Tensor


def tokenise(
    examples: Sequence[RankingExample],
    token_ids: Callable[[str], list[int]],
    *,
    model: str,
    max_tokens: int,
) -> list[TokenExample]:
    """Tokenise prompts and find the token of each label behind its prompt.

    Args:
        examples: what to tokenise.
        token_ids: the model's tokenizer, adding no special tokens.
        model: its name, for messages.
        max_tokens: longest prompt allowed.

    Raises:
        ContextOverflow: a prompt is longer.
        ModelError: a label is not one token behind a prompt.
    """
    known: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
    made = []
    for example in examples:
        tokens = tuple(token_ids(example.prompt))
        if len(tokens) > max_tokens:
            raise ContextOverflow(
                f"The prompt of user '{example.user}' has {len(tokens)} tokens; {max_tokens} are "
                "the limit of this training.",
                hint="Make the examples with a smaller ranking.token_budget, or raise max_tokens.",
            )
        # label_token looks at the last 128 characters only, which most prompts share.
        key = example.prompt[-128:], example.labels
        if key not in known:
            known[key] = _label_tokens(example, token_ids, model)
        made.append(TokenExample(tokens, known[key], example.target, example.retrieval))
    return made


def _label_tokens(
    example: RankingExample, token_ids: Callable[[str], list[int]], model: str
) -> tuple[int, ...]:
    tokens = []
    for label in example.labels:
        token = label_token(token_ids, example.prompt, label)
        if token is None or token in tokens:
            raise ModelError(
                f"The label '{label}' is not a token of its own in {model}.",
                hint="Make the examples with the engine and model that are to be trained.",
            )
        tokens.append(token)
    return tuple(tokens)


def collate(
    examples: Sequence[TokenExample], *, pad: int, device: str = "cpu", multiple: int = 1
) -> Batch:
    """Pad examples to one length. Padding stands left, so that every answer follows column -1.

    Args:
        examples: of one forward pass.
        pad: any token id; what it stands for is masked.
        device: where the tensors go.
        multiple: the length is rounded up to a multiple of it.
    """
    import torch

    longest = -(-max(len(one.tokens) for one in examples) // multiple) * multiple
    most = max(len(one.label_tokens) for one in examples)
    gaps = [longest - len(one.tokens) for one in examples]
    pairs = list(zip(gaps, examples, strict=True))
    tensor = torch.tensor
    mask = tensor([[0] * gap + [1] * len(one.tokens) for gap, one in pairs], device=device)
    return Batch(
        tokens=tensor([[pad] * gap + [*one.tokens] for gap, one in pairs], device=device),
        mask=mask,
        positions=(mask.cumsum(1) - 1).clamp(min=0),
        label_tokens=tensor(
            [[*one.label_tokens] + [NO_LABEL] * (most - len(one.label_tokens)) for one in examples],
            device=device,
        ),
        targets=tensor([one.target for one in examples], device=device),
        offsets=tensor(
            [[*one.offsets] + [0.0] * (most - len(one.offsets)) for one in examples],
            dtype=torch.float32,
            device=device,
        ),
    )


def epoch_order(n: int, epoch: int, seed: int) -> list[int]:
    """The order of ``n`` examples in 0-based ``epoch``; a run that is resumed draws it again.

    >>> sorted(epoch_order(4, 0, seed=1))
    [0, 1, 2, 3]
    """
    order = list(range(n))
    random.Random(f"{seed}:{epoch}").shuffle(order)
    return order
