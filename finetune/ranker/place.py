"""Where a training runs: the device of each process, its number type, who writes files."""

from __future__ import annotations

import atexit
import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from llmrec.config import EngineSettings
from llmrec.errors import ConfigError
from llmrec.finetune.pieces import shard
from llmrec.finetune.settings import LoraSettings
from llmrec.planner.host import instructions

if TYPE_CHECKING:
    import torch

__all__ = ["Place"]


class Place:
    """One process of a training, alone or among others that ``accelerate launch`` has started.

    Args:
        settings: of the run.

    Raises:
        ConfigError: the launcher was told to split the model in a way that is not known here.
    """

    def __init__(self, settings: LoraSettings) -> None:
        import torch
        from accelerate import Accelerator

        self._settings = settings
        # A CPU unless there is a CUDA card: the engines know no other accelerator either.
        self._on_card = torch.cuda.is_available()
        self._accelerator: Any = Accelerator(cpu=not self._on_card)
        _check_kind(str(self._accelerator.distributed_type))
        self.rank: int = self._accelerator.process_index
        self.processes: int = self._accelerator.num_processes
        self.main: bool = self._accelerator.is_main_process
        self.sharded: bool = self.processes > 1 and _is_sharded(settings)
        if self.processes > 1:
            # Threads of a group that still stands may crash an interpreter that is going down.
            atexit.register(self._accelerator.end_training)

    @property
    def engine(self) -> EngineSettings:
        """How the base is loaded in this process."""
        # Alone, the loader may lay a large model over several cards; among others, each has one.
        device = "auto" if self._on_card else "cpu"
        if self._on_card and self.sharded:
            # The whole may be too large for a card: only its pieces go there.
            return EngineSettings(device="cpu", precision="bf16" if self.bf16 else "fp32")
        if self._on_card and self.processes > 1:
            device = f"cuda:{self._accelerator.local_process_index}"
        precision = self._settings.quantization or (
            "fp32" if self._settings.precision == "fp32" else "auto"
        )
        return EngineSettings(device=device, precision=precision)

    @property
    def bf16(self) -> bool:
        """Whether products are computed in bfloat16: asked for, or where the hardware has it."""
        import torch

        if self._settings.precision != "auto":
            return self._settings.precision == "bf16"
        if self._on_card:
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        return bool(instructions() & {"avx512_bf16", "amx_bf16"})

    def autocast(self) -> torch.autocast:
        """The number type of a forward pass."""
        import torch

        kind = "cuda" if self._on_card else "cpu"
        return torch.autocast(kind, dtype=torch.bfloat16, enabled=self.bf16)

    def shared(self, model: Any) -> Any:
        """``model`` so that its gradients are those of all processes together."""
        if self.sharded:
            shard(model, "cuda" if self._on_card else "cpu", self.processes)
            return model
        # Alone nothing is wrapped, so that a quantized or spread base stays where it was loaded.
        return self._accelerator.prepare(model) if self.processes > 1 else model

    def unsynced(self, model: Any) -> AbstractContextManager[Any]:
        """Around a backward pass that others of the same step follow."""
        if self.sharded:
            # Gradients kept back would be whole ones.
            return nullcontext()
        context: AbstractContextManager[Any] = self._accelerator.no_sync(model)
        return context

    def total(self, *values: float) -> list[float]:
        """Each value summed over all processes."""
        import torch

        if self.processes == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=self._accelerator.device)
        summed: list[float] = self._accelerator.reduce(sums, "sum").tolist()
        return summed

    def wait(self) -> None:
        """Until every process is here."""
        self._accelerator.wait_for_everyone()


def _check_kind(kind: str) -> None:
    """DeepSpeed and the like are refused: this loop could not keep or resume what they train."""
    name = kind.rpartition(".")[2]
    if name not in ("NO", "MULTI_GPU", "MULTI_CPU", "FSDP"):
        raise ConfigError(
            f"accelerate was started for {name}, which the ranker's training does not know.",
            hint="Launch with finetune/accelerate/ddp.yaml, or with fsdp.yaml for a base that is "
            "too large for one card.",
        )


def _is_sharded(settings: LoraSettings) -> bool:
    """Whether the launcher wants the model in pieces.

    On CPUs accelerate passes over that wish, so its own variables are read.
    """
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() != "true":
        return False
    # Loaded "efficiently", all processes but the first would hold weights of no meaning.
    wanted = {"FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "false"}
    for name, value in wanted.items():
        if os.environ.get(name, "").lower() != value:
            raise ConfigError(
                f"accelerate was started for FSDP without {name.lower()}: {value}.",
                hint="Launch with finetune/accelerate/fsdp.yaml.",
            )
    if settings.quantization:
        raise ConfigError(
            f"A base in {settings.quantization} cannot be laid over cards in pieces.",
            hint="Launch with finetune/accelerate/ddp.yaml, or train without quantization.",
        )
    return True
