"""The last product of a network in float32, whatever the rest computes in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

__all__ = ["float32_head"]


@contextlib.contextmanager
def float32_head(model: Any) -> Iterator[None]:
    """Within it, ``model`` gives float32 logits that were multiplied in float32.

    Logits of a language model are often above 16, where numbers of bfloat16 are 1/8 apart (fp16:
    1/64): labels that differ by less come out equal, and candidates tie. The hidden state and the
    weights are rounded too, but each by itself; the sum of their products need not be. For a few
    positions it costs next to nothing.

    Args:
        model: a causal language model, or a wrapper of one that has it as ``module``.
    """
    import torch
    from torch.nn.functional import linear

    def again(head: Any, given: tuple[Any, ...], rounded: Any) -> Any:
        if rounded.dtype == torch.float32:
            return None
        bias = None if head.bias is None else head.bias.float()
        with torch.autocast(rounded.device.type, enabled=False):
            return linear(given[0].float(), head.weight.float(), bias)

    head = getattr(model, "module", model).get_output_embeddings()
    # A quantized head has no weights to multiply with; loaders leave it whole.
    hook = head.register_forward_hook(again) if _is_plain(head) else None
    try:
        yield
    finally:
        if hook is not None:
            hook.remove()


def _is_plain(head: Any) -> bool:
    weight = getattr(head, "weight", None)
    return weight is not None and weight.is_floating_point()
