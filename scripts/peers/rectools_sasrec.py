"""RecTools' SASRec, trained with early stopping on validation.

Only RecTools' public interface is used, but for one thing: the loss is worked out at the positions
that count. RecTools works it out for the padding too and then throws that away; most sessions are
short, so on a CPU this is many times slower. Loss and gradients are the same.
"""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.transformers.lightning import TransformerLightningModule
from rectools.models.nn.transformers.ligr import LiGRLayers

__all__ = ["DEFAULTS", "ESASREC", "Trained", "learn", "lists", "make", "train"]

DEFAULTS: dict[str, Any] = {
    "n_factors": 64,
    "n_blocks": 2,
    "n_heads": 1,
    "dropout_rate": 0.2,
    "session_max_len": 50,
    "loss": "softmax",
    "n_negatives": 256,
    "lr": 1e-3,
    "batch_size": 128,
    "use_key_padding_mask": False,
}

ESASREC: dict[str, Any] = {
    **DEFAULTS,
    "n_blocks": 1,
    "loss": "sampled_softmax",
    "use_key_padding_mask": True,
    "transformer_layers_kwargs": {"ff_factors_multiplier": 4},
}
"""eSASRec (Tikhonovich et al. 2025, https://arxiv.org/abs/2508.06450): LiGR layers."""


class CountedPositions(TransformerLightningModule):
    """RecTools' training step, with logits only where there is a target.

    The mean over positions is the same: padding has no weight in RecTools' loss either.
    """

    def get_batch_logits(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits ``[1, positions, candidates]`` of the positions with a target."""
        items = self.torch_model.item_model.get_all_embeddings()
        sessions = self.torch_model.encode_sessions(batch, items)
        there = batch["y"] != 0
        candidates = None
        if self._requires_negatives:
            both = torch.cat([batch["y"].unsqueeze(-1), batch["negatives"]], dim=-1)
            candidates = both[there].unsqueeze(0)
        logits = self.torch_model.similarity_module(sessions[there].unsqueeze(0), items, candidates)
        return logits / self.logits_t

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        """Loss of a batch, a scalar."""
        there = batch["y"] != 0
        y, weights = batch["y"][there].unsqueeze(0), batch["yw"][there].unsqueeze(0)
        loss = self.loss_calculator(self.get_batch_logits(batch), y, weights)
        self.log(self.train_loss_name, loss, on_step=False, on_epoch=True)
        return loss


def make(settings: Mapping[str, Any], *, counted: bool = True) -> SASRecModel:
    """A model that has learnt nothing; LiGR layers where ``transformer_layers_kwargs`` is given.

    Args:
        settings: arguments of ``SASRecModel``.
        counted: work the loss out only where it counts; ``False`` is RecTools unchanged.
    """
    layers = (
        {"transformer_layers_type": LiGRLayers} if "transformer_layers_kwargs" in settings else {}
    )
    module = {"lightning_module_type": CountedPositions} if counted else {}
    return SASRecModel(
        **settings, **layers, **module, get_trainer_func=_trainer, recommend_torch_device="cpu"
    )


def _trainer() -> Trainer:
    return Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=1,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@dataclass
class Trained:
    """A model at its best epoch.

    ``curve`` holds one entry per look at validation: ``epoch``, ``value``, ``seconds`` and
    ``cpu_seconds`` since the start. ``stopped`` says why training ended.
    """

    model: SASRecModel
    epoch: int
    value: float
    stopped: str
    curve: list[dict[str, float]] = field(default_factory=list)


def train(
    settings: Mapping[str, Any],
    training: pd.DataFrame,
    shown: pd.DataFrame,
    targets: Mapping[str, frozenset[str]],
    *,
    seed: int,
    epochs: int,
    every: int,
    patience: int,
    cpu_minutes: float | None,
    tell: Callable[[dict[str, float]], None],
) -> Trained:
    """Train on ``training`` and keep the epoch with the best NDCG@10 on validation.

    Args:
        settings: see :func:`make`.
        training: rows to learn from.
        shown: rows of the histories that validation shows.
        targets: what validation asks for, by user.
        seed: of everything.
        epochs: at most.
        every: epochs between two looks at validation.
        patience: looks without a new best before it ends.
        cpu_minutes: processor time at most, so that a busy machine changes nothing; ``None`` for
            no limit.
        tell: called with each entry of the curve.
    """
    seed_everything(seed, verbose=False)
    model, data, ask = make(settings), dataset(training), dataset(shown)
    started, worked, best = time.perf_counter(), time.process_time(), None
    trained = Trained(model, 0, -1.0, "the last epoch")
    for epoch in range(every, epochs + 1, every):
        model.fit_partial(data, min_epochs=every, max_epochs=every)
        value = ndcg(lists(model, ask, targets, 10), targets, 10)
        cpu = time.process_time() - worked
        look = {
            "epoch": epoch,
            "value": round(value, 6),
            "seconds": round(time.perf_counter() - started, 1),
            "cpu_seconds": round(cpu, 1),
        }
        trained.curve.append(look)
        tell(look)
        if value > trained.value:
            trained.epoch, trained.value = epoch, value
            best = copy.deepcopy(model.torch_model.state_dict())
        elif epoch - trained.epoch >= patience * every:
            trained.stopped = f"{patience} looks at validation without a new best"
            break
        if cpu_minutes is not None and cpu > 60 * cpu_minutes:
            trained.stopped = f"the limit of {cpu_minutes:g} minutes of processor time"
            break
    assert best is not None
    model.torch_model.load_state_dict(best)
    return trained


def learn(
    settings: Mapping[str, Any], rows: pd.DataFrame, *, seed: int, epochs: int
) -> SASRecModel:
    """A model trained on ``rows`` for so many epochs, without a look at anything else."""
    seed_everything(seed, verbose=False)
    model = make(settings)
    model.fit_partial(dataset(rows), min_epochs=epochs, max_epochs=epochs)
    return model


def dataset(rows: pd.DataFrame) -> Dataset:
    """RecTools' form of ``user`` and ``item`` rows that stand in order."""
    # RecTools orders by time; the place of the row is all the time there is.
    table = pd.DataFrame(
        {
            Columns.User: rows["user"].to_numpy(),
            Columns.Item: rows["item"].to_numpy(),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(np.arange(len(rows)), unit="s"),
        }
    )
    return Dataset.construct(table)


def lists(
    model: SASRecModel, shown: Dataset, users: Mapping[str, Any], k: int
) -> dict[str, list[str]]:
    """The ``k`` best items of all that the model knows, by user, without those of the history."""
    there = set(shown.user_id_map.external_ids)
    known_users = np.array([user for user in users if user in there], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = model.recommend(
            known_users, shown, k=k, filter_viewed=True, on_unsupported_targets="ignore"
        )
    by_user: dict[str, list[str]] = {}
    for user, item in zip(table[Columns.User], table[Columns.Item], strict=True):
        by_user.setdefault(user, []).append(item)  # the rows of a user stand in the order of rank
    return by_user


def ndcg(answers: Mapping[str, list[str]], targets: Mapping[str, frozenset[str]], k: int) -> float:
    """Mean NDCG over ``targets``; who got no answer counts 0."""
    total = 0.0
    for user, wanted in targets.items():
        top = answers.get(user, [])[:k]
        gain = sum(1 / np.log2(at + 2) for at, item in enumerate(top) if item in wanted)
        total += gain / sum(1 / np.log2(at + 2) for at in range(min(k, len(wanted))))
    return total / len(targets)
