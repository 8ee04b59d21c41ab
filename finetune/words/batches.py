"""From examples of writing to tensors, and the loss over the answers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.errors import ContextOverflow
from llmrec.finetune.batches import rounded
from llmrec.finetune.words.examples import WordsExample

if TYPE_CHECKING:
    import torch

__all__ = ["TextExample", "answer_losses", "text_batch", "tokenise_words"]

_PROMPT = -100
"""Stands in the targets where nothing is learned."""


@dataclass(frozen=True, slots=True)
class TextExample:
    """Prompt and answer as the model reads them; the last ``answer`` tokens are the answer's."""

    tokens: tuple[int, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Tensors of one forward pass, int64, padded on the left, so that all answers end together.

    ``tokens``, ``mask`` and ``positions`` are ``[batch, longest]``; ``targets`` ``[batch, most
    answer tokens]`` hold the answers and -100 before them.
    """

    tokens: torch.Tensor
    mask: torch.Tensor
    positions: torch.Tensor
    targets: torch.Tensor


def tokenise_words(
    examples: Sequence[WordsExample],
    token_ids: Callable[[str], list[int]],
    end: int,
    *,
    max_tokens: int,
) -> list[TextExample]:
    """Tokenise prompt and answer apart, as in serving; the token ``end`` closes the answer.

    Raises:
        ContextOverflow: an example is longer than ``max_tokens``.
    """
    made = []
    for example in examples:
        prompt, answer = token_ids(example.prompt), [*token_ids(example.answer), end]
        if len(prompt) + len(answer) > max_tokens:
            raise ContextOverflow(
                f"The example of item '{example.item}' has {len(prompt) + len(answer)} tokens; "
                f"{max_tokens} are the limit of this training.",
                hint="Raise max_tokens.",
            )
        made.append(TextExample((*prompt, *answer), len(answer)))
    return made


def text_batch(examples: Sequence[TextExample], *, device: str = "cpu") -> TextBatch:
    """Pad examples on the left to one length, which is rounded up."""
    import torch

    longest = rounded(max(len(example.tokens) for example in examples))
    most = min(longest - 1, rounded(max(example.answer for example in examples)))
    gaps = [longest - len(example.tokens) for example in examples]
    pairs = list(zip(gaps, examples, strict=True))
    mask = torch.tensor(
        [[0] * gap + [1] * len(example.tokens) for gap, example in pairs], device=device
    )
    rows = [
        [_PROMPT] * (most - example.answer) + [*example.tokens[-example.answer :]]
        for example in examples
    ]
    return TextBatch(
        tokens=torch.tensor(
            [[0] * gap + [*example.tokens] for gap, example in pairs], device=device
        ),
        mask=mask,
        positions=(mask.cumsum(1) - 1).clamp(min=0),
        targets=torch.tensor(rows, device=device),
    )


def answer_losses(
    model: Any, chosen: Sequence[TextExample], device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss over each example's answer, and how much of it the model has right.

    Returns:
        The mean cross-entropy of the next token over the answer's tokens, in nats, so that every
        example weighs the same however long it is; and the share of these tokens that are the
        model's likeliest. Float32 ``[examples]`` each.
    """
    from torch.nn.functional import cross_entropy

    batch = text_batch(chosen, device=device)
    width = batch.targets.shape[1]
    # The token before each answer token foretells it: one column more, and not the last.
    logits = model(
        input_ids=batch.tokens,
        attention_mask=batch.mask,
        position_ids=batch.positions,
        use_cache=False,
        logits_to_keep=width + 1,
    ).logits[:, :-1]
    losses = cross_entropy(
        logits.float().transpose(1, 2), batch.targets, ignore_index=_PROMPT, reduction="none"
    )
    learned = batch.targets != _PROMPT
    lengths = learned.sum(1)
    right = (logits.detach().argmax(-1) == batch.targets) & learned
    return losses.sum(1) / lengths, right.sum(1) / lengths
