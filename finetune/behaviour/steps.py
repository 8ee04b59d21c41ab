"""One step of training: windows in, a loss and better weights out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from llmrec.embedding.behaviour.histories import IntArray
from llmrec.embedding.behaviour.layers import Layout
from llmrec.embedding.behaviour.network import BehaviourNetwork
from llmrec.errors import ModelError
from llmrec.finetune.behaviour.sampled import Proposal, sampled_softmax_loss
from llmrec.finetune.behaviour.sequences import Sequences
from llmrec.finetune.behaviour.settings import BehaviourSettings, learning_rate_at
from llmrec.finetune.behaviour.softmax import full_softmax_loss
from llmrec.finetune.behaviour.windows import WindowBatch, epoch_batches, make_batch
from llmrec.finetune.optimizers import optimizer_tensors, restore_optimizer
from llmrec.planner.host import instructions

__all__ = ["EncoderStepper", "multiplies_bf16"]

_NETWORK, _AVERAGE = "network.", "average."


def multiplies_bf16(settings: BehaviourSettings) -> bool:
    """Whether training runs in bfloat16: asked for, or ``auto`` and this processor has it.

    Without instructions for it bfloat16 is emulated, and slower than float32.
    """
    if settings.precision == "auto":
        return bool(instructions() & {"avx512_bf16", "amx_bf16"})
    return settings.precision == "bf16"


class EncoderStepper:
    """A network with its optimizer, and the sequences that it learns from.

    Every step draws its dropout and its negatives from a seed of its own, so that a run that is
    resumed at any step goes on with the same numbers.

    Args:
        network: fresh; changed by every step.
        sequences: whose rows are the network's known items.
        settings: of the run.
    """

    def __init__(
        self, network: BehaviourNetwork, sequences: Sequences, settings: BehaviourSettings
    ) -> None:
        self.network, self.sequences, self.settings = network, sequences, settings
        self.bf16 = multiplies_bf16(settings)
        self.optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self._average = _average_of(network, settings.averaging) if settings.averaging else None
        counts = np.bincount(sequences.items, minlength=network.n_items)
        full = network.n_items <= settings.full_limit
        self.full = settings.loss == "full" or (settings.loss == "auto" and full)
        self._proposal = None if self.full else Proposal(counts)

    def batches(self, epoch: int) -> list[IntArray]:
        """The windows of each step of 0-based ``epoch``."""
        chosen = self.settings
        return epoch_batches(self.sequences, chosen.history, chosen.batch, epoch, chosen.seed)

    def step(self, windows: IntArray, epoch: int, place: int, done: int) -> tuple[float, int]:
        """One update. Returns the mean loss before it, and the number of targets.

        Args:
            windows: from :meth:`batches`.
            epoch: 0-based.
            place: 0-based, within the epoch.
            done: steps of the run before this one.

        Raises:
            ModelError: the loss is not a number any more.
        """
        batch = make_batch(self.sequences, windows)
        if not len(batch.targets):
            return 0.0, 0
        seed = np.random.SeedSequence([self.settings.seed, epoch, place])
        torch.manual_seed(int(seed.generate_state(1)[0]))
        rate = learning_rate_at(done, epoch, self.settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._loss(batch)
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(
            self.network.parameters(), self.settings.max_grad_norm
        )
        value = float(loss.detach())
        if not math.isfinite(value) or not math.isfinite(float(norm)):
            raise ModelError(
                f"The loss is not a number any more in epoch {epoch + 1}, step {place + 1} "
                f"(loss {value}, gradient {float(norm)}, learning rate {rate:.3g}).",
                hint="Train with a lower learning_rate or max_grad_norm; the last checkpoint is "
                "kept.",
            )
        self.optimizer.step()
        if self._average is not None:
            self._average.update_parameters(self.network)
        return value, len(batch.targets)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it the network has the weights to keep: their moving average, if one is kept."""
        if self._average is None:
            yield
            return
        weights = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        self.network.load_state_dict(self._average.module.state_dict())
        try:
            yield
        finally:
            self.network.load_state_dict(weights)

    def _loss(self, batch: WindowBatch) -> Tensor:
        chosen = self.settings
        if self._proposal is None:
            table = self.network.item_vectors(id_dropout=chosen.id_dropout)
            hidden = self._hidden(table.index_select(0, batch.items), batch)
            return full_softmax_loss(
                hidden, table, batch.targets, smoothing=chosen.smoothing, bf16=self.bf16
            )
        drawn = self._proposal.draw(chosen.negatives)
        # Only the rows that this step touches are made.
        rows, at = torch.unique(torch.cat([batch.items, batch.targets, drawn]), return_inverse=True)
        table = self.network.item_vectors(rows, id_dropout=chosen.id_dropout)
        inputs, targets, others = at.split([len(batch.items), len(batch.targets), len(drawn)])
        return sampled_softmax_loss(
            self._hidden(table[inputs], batch),
            table[targets],
            table[others],
            batch.targets,
            drawn,
            self._proposal.log_q[drawn],
        )

    def _hidden(self, vectors: Tensor, batch: WindowBatch) -> Tensor:
        """What is expected where a target is asked for, float32 ``[targets, dim]``."""
        with self._precision():
            every: Tensor = self.network(vectors, batch.kinds, batch.gaps, Layout.of(batch.lengths))
        return every.float().index_select(0, batch.asked)

    @contextmanager
    def _precision(self) -> Iterator[None]:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            yield

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs, by name."""
        tensors = {
            f"{_NETWORK}{name}": tensor for name, tensor in self.network.state_dict().items()
        }
        if self._average is not None:
            tensors |= {
                f"{_AVERAGE}{name}": tensor for name, tensor in self._average.state_dict().items()
            }
        return tensors | optimizer_tensors(self.optimizer)

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The inverse of :meth:`tensors`."""
        self.network.load_state_dict(_under(_NETWORK, tensors))
        if self._average is not None:
            self._average.load_state_dict(_under(_AVERAGE, tensors))
        restore_optimizer(self.optimizer, tensors)


def _average_of(network: BehaviourNetwork, decay: float) -> AveragedModel:
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): tensor for n, tensor in tensors.items() if n.startswith(prefix)}
