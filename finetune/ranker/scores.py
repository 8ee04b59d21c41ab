"""What a model says of each example's labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.head import float32_head
from llmrec.finetune.batches import LENGTHS, Batch, TokenExample, collate
from llmrec.finetune.losses import label_cross_entropy, label_logits

if TYPE_CHECKING:
    import torch

__all__ = ["answer_logits", "label_scores", "ranking_losses"]


def answer_logits(model: Any, batch: Batch) -> torch.Tensor:
    """Logits ``[batch, vocabulary]``, float32, behind the prompts, which end in the last column."""
    with float32_head(model):
        answer: torch.Tensor = model(
            input_ids=batch.tokens,
            attention_mask=batch.mask,
            position_ids=batch.positions,
            use_cache=False,
            logits_to_keep=1,
        ).logits[:, -1]
    return answer


def ranking_losses(
    model: Any, chosen: Sequence[TokenExample], device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy over the labels and 1 where the chosen one is likeliest, float32 ``[n]``."""
    tensors = collate(chosen, pad=0, device=device, multiple=LENGTHS)
    logits = answer_logits(model, tensors)
    labels, offsets = tensors.label_tokens, tensors.offsets
    losses = label_cross_entropy(logits, labels, tensors.targets, offsets)
    best = label_logits(logits.detach(), labels, offsets).argmax(1)
    return losses, (best == tensors.targets).float()


def label_scores(
    model: Any, examples: Sequence[TokenExample], *, batch: int = 8
) -> list[torch.Tensor]:
    """Log-probabilities over each example's labels, float32 ``[candidates]`` each, on the CPU.

    Args:
        model: a causal language model, with or without an adapter.
        examples: from :func:`llmrec.finetune.batches.tokenise`.
        batch: examples in one forward pass.
    """
    import torch

    scores: list[torch.Tensor] = [torch.empty(0)] * len(examples)
    # By length, so that little is computed for padding.
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].tokens))
    was_training = model.training
    model.eval()
    # Not inference_mode: a model in pieces keeps the memory that it gathers into for training.
    with torch.no_grad():
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            some = [examples[one] for one in chosen]
            tensors = collate(some, pad=0, device=str(model.device), multiple=LENGTHS)
            logits = answer_logits(model, tensors)
            rows = label_logits(logits, tensors.label_tokens).log_softmax(-1).cpu()
            for index, row in zip(chosen, rows, strict=True):
                scores[index] = row[: len(examples[index].label_tokens)]
    model.train(was_training)
    return scores
