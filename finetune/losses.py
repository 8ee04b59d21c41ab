"""The ranking loss: softmax cross-entropy over the candidates' labels where the answer stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["NO_LABEL", "label_cross_entropy", "label_logits"]

NO_LABEL = -1
"""Fills up rows of label tokens where an example has fewer candidates than others."""


def label_logits(
    logits: torch.Tensor, label_tokens: torch.Tensor, offsets: torch.Tensor | None = None
) -> torch.Tensor:
    """The logits of each example's labels; ``-inf`` where it has none.

    Args:
        logits: ``[batch, vocabulary]``, at the last token of the prompt.
        label_tokens: int64 ``[batch, candidates]``, padded with :data:`NO_LABEL`.
        offsets: float32 ``[batch, candidates]``, added to them.

    Returns:
        float32 ``[batch, candidates]``.
    """
    absent = label_tokens == NO_LABEL
    chosen = logits.float().gather(1, label_tokens.clamp(min=0))
    if offsets is not None:
        chosen = chosen + offsets
    return chosen.masked_fill(absent, float("-inf"))


def label_cross_entropy(
    logits: torch.Tensor,
    label_tokens: torch.Tensor,
    targets: torch.Tensor,
    offsets: torch.Tensor | None = None,
) -> torch.Tensor:
    """``-log( exp z_t / Σ_c exp z_c )`` over the candidates' labels only, by example.

    ``z_c`` is the logit of candidate c's label at the answer position, with its offset if there are
    any, ``t`` the item the shopper chose. This is the listwise loss of ListNet with one relevant
    item (Cao et al. 2007) and what LlamaRec trains (Yue et al. 2023), except that the rest of the
    vocabulary does not compete: serving normalises over the labels too.

    Args:
        logits: ``[batch, vocabulary]``.
        label_tokens: int64 ``[batch, candidates]``, padded with :data:`NO_LABEL`.
        targets: int64 ``[batch]``, index of the chosen candidate.
        offsets: float32 ``[batch, candidates]``; see :mod:`llmrec.finetune.ranker.residual`.

    Returns:
        float32 ``[batch]``; take the mean for a batch.

    >>> import torch
    >>> logits = torch.tensor([[9.0, 1.0, 1.0, 5.0]])  # tokens 0 and 3 are no labels
    >>> labels, target = torch.tensor([[1, 2, NO_LABEL]]), torch.tensor([0])
    >>> round(label_cross_entropy(logits, labels, target).item(), 4)  # log 2
    0.6931
    """
    from torch.nn.functional import cross_entropy

    return cross_entropy(label_logits(logits, label_tokens, offsets), targets, reduction="none")
