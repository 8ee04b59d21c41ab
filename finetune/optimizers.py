"""An optimizer's memory as named tensors, which checkpoints hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmrec.finetune.pieces import in_pieces, whole

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["optimizer_tensors", "restore_optimizer"]

_PREFIX = "optimizer."


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """``optimizer.NUMBER.FIELD`` of every parameter that has taken a step, put together."""
    state: Any = optimizer.state_dict()["state"]
    return {
        f"{_PREFIX}{number}.{name}": whole(tensor)
        for number, fields in state.items()
        for name, tensor in fields.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of :func:`optimizer_tensors`; other tensors are passed over."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith(_PREFIX):
            number, _, name = key.removeprefix(_PREFIX).partition(".")
            state.setdefault(int(number), {})[name] = in_pieces(tensor, parameters[int(number)])
    groups: Any = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
