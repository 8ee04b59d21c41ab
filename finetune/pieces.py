"""A model in pieces: each process holds a share of each tensor; a layer is whole while it runs.

PyTorch's FSDP2 (``fully_shard``; Zhao et al. 2023 for the idea), on cards and on CPUs alike: what
accelerate prepares itself runs on cards alone, so that nothing of it could be tested without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["in_pieces", "shard", "whole"]


def shard(model: Any, device: str, processes: int) -> None:
    """Lay ``model`` over all processes, a group of tensors for each of its layers.

    All processes must hold the same weights, anywhere; their pieces go to ``device``, layer by
    layer, so that the whole never has to fit there.

    Args:
        model: a network of transformers, or PEFT's around one.
        device: ``cpu`` or ``cuda``.
        processes: how many there are.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device, (processes,))
    layers = set(model._no_split_modules or ())
    for module in model.modules():
        if type(module).__name__ in layers:
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)


def whole(tensor: Tensor) -> Tensor:
    """A tensor put together; all processes must ask for it at the same time."""
    gather = getattr(tensor, "full_tensor", None)
    return tensor if gather is None else gather()


def in_pieces(tensor: Tensor, like: Tensor) -> Tensor:
    """The inverse of :func:`whole`: this process's piece, if ``like`` of the same shape is one."""
    mesh = getattr(like, "device_mesh", None)
    if mesh is None or tensor.shape != like.shape:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    placements: Any = getattr(like, "placements", None)
    return distribute_tensor(tensor.to(like.device), mesh, placements)
