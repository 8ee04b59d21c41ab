"""Train a LoRA adapter of the ranker: examples in, an adapter folder with a card out.

The loop is plain torch around a peft model. It can be stopped at any moment and started again with
the same arguments: it continues from the last checkpoint with the same examples in the same order
and the same dropout, so that the curve is that of a run without the stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from llmrec.artifacts import Figure, publish_folder
from llmrec.engines.local.loading import load_network
from llmrec.engines.local.quantization import quiet_bitsandbytes
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import DataError, MissingExtra, ModelError, WorkspaceError
from llmrec.finetune.batches import TokenExample, collate, epoch_order, tokenise
from llmrec.finetune.card import adapter_card
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.finetune.examples import ExampleSet
from llmrec.finetune.figures import mean_figure, share_figure
from llmrec.finetune.losses import label_cross_entropy, label_logits
from llmrec.finetune.optimizers import optimizer_tensors, restore_optimizer
from llmrec.finetune.reports import StepReport
from llmrec.finetune.settings import LoraSettings, learning_rate_at
from llmrec.weights import locate
from llmrec.weights.fingerprint import base_sha256

if TYPE_CHECKING:
    import torch

__all__ = ["LoraReport", "label_scores", "train_lora"]

_OWN = "adapter."


@dataclass(frozen=True)
class LoraReport:
    """A finished run. ``resumed_from`` is the step it continued after, 0 if it did not.

    ``validation`` has ``accuracy``, then ``loss`` of the finished adapter; it is empty if there
    were no examples to validate on.
    """

    adapter: Path
    steps: tuple[StepReport, ...]
    resumed_from: int
    trainable: int
    seconds: float
    validation: Mapping[str, Figure]

    @property
    def accuracy(self) -> float | None:
        """Share of validation examples whose answer it puts first."""
        return self.validation["accuracy"].mean if self.validation else None

    @property
    def loss(self) -> float | None:
        """Mean cross-entropy over the labels of the validation examples, in nats."""
        return self.validation["loss"].mean if self.validation else None


def train_lora(
    data: ExampleSet,
    base: str,
    out: Path,
    settings: LoraSettings | None = None,
    *,
    validation: ExampleSet | None = None,
    resume: bool = True,
    progress: Callable[[StepReport], None] | None = None,
) -> LoraReport:
    """Train on ``data`` and write the adapter with its ``card.json`` to ``out``.

    Args:
        data: training examples.
        base: weights as ``llmrec models`` names them, or a folder.
        out: folder to make; checkpoints lie in ``<out>.training`` until it is there.
        settings: of the run.
        validation: examples to score once at the end; they train nothing.
        resume: continue from the last checkpoint, if there is one.
        progress: called after each step.

    Raises:
        MissingExtra: peft is not installed.
        DataError: there are no examples.
        ModelError: the base is missing or has no tokens for the labels, or the loss is not a
            number any more.
        ContextOverflow: a prompt is longer than ``max_tokens`` or the base's context.
        ConfigError: the checkpoint is of another run.
        WorkspaceError: ``out`` exists, or somebody else trains into it.
        OutOfMemory: model and batch do not fit.
    """
    settings = settings or LoraSettings()
    if not data.examples:
        raise DataError(
            "There are no examples to train on.", hint="Make some with build_examples first."
        )
    _require_peft()
    folder = locate(base)
    fingerprint = {
        "settings": settings.model_dump(mode="json"),
        "data": data.sha256,
        "base": base_sha256(folder),
    }
    out = Path(out)
    checkpoints = TrainingFolder(
        out.with_name(out.name + ".training"), fingerprint, lock=out.with_name(out.name + ".lock")
    )
    with checkpoints.exclusive():
        if out.exists():
            raise WorkspaceError(
                f"{out} exists already.", hint="Name another folder, or remove this one."
            )
        if not resume:
            checkpoints.clear()
        trainer = _Trainer(base, folder, data, settings)
        report = trainer.run(checkpoints, out, validation, progress)
        checkpoints.clear()
    return report


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

    scores: list[torch.Tensor] = []
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(examples), batch):
            part = examples[start : start + batch]
            tensors = collate(part, pad=0, device=str(model.device))
            logits = _answer_logits(model, tensors)
            rows = label_logits(logits, tensors.label_tokens).log_softmax(-1).cpu()
            scores += [row[: len(one.label_tokens)] for row, one in zip(rows, part, strict=True)]
    model.train(was_training)
    return scores


class _Trainer:
    """A base with a fresh adapter, its examples, and the loop over them."""

    def __init__(self, base: str, folder: Path, data: ExampleSet, settings: LoraSettings) -> None:
        self._base, self._folder, self._data, self._settings = base, folder, data, settings
        self._network, tokenizer = load_network(base, folder, training=True)
        self._chat = ChatTokenizer(tokenizer, base)
        self._examples = self._tokens(data)
        per_step = settings.batch * settings.accumulation
        self._steps_per_epoch = math.ceil(len(self._examples) / per_step)
        self._steps = self._steps_per_epoch * settings.epochs

    def run(
        self,
        checkpoints: TrainingFolder,
        out: Path,
        validation: ExampleSet | None,
        progress: Callable[[StepReport], None] | None,
    ) -> LoraReport:
        import torch

        started = perf_counter()
        held = self._tokens(validation) if validation else []
        device = self._network.device
        # Dropout and the adapter's first values draw from torch's global generator: ours is
        # forked, so that training changes nobody else's numbers.
        with torch.random.fork_rng(), torch_errors(f"training on '{self._base}'"):
            torch.manual_seed(self._settings.seed)
            self._wrap()
            reports = self._resume(checkpoints)
            resumed_from = len(reports)
            self._model.train()
            for step in range(len(reports), self._steps):
                reports.append(self._step(step))
                if progress:
                    progress(reports[-1])
                done = step + 1
                if done % self._settings.save_every == 0 and done < self._steps:
                    state = {"reports": [asdict(one) for one in reports]}
                    checkpoints.save(done, state, self._tensors(device.type))
            figures = self._validate(held)
        report = LoraReport(
            adapter=out,
            steps=tuple(reports),
            resumed_from=resumed_from,
            trainable=sum(one.numel() for one in self._parameters),
            seconds=perf_counter() - started,
            validation=figures,
        )
        publish_folder(out, lambda partial: self._write(partial, report))
        return report

    def _wrap(self) -> None:
        quiet_bitsandbytes()
        import torch
        from peft import LoraConfig, get_peft_model

        chosen = self._settings
        modules = chosen.target_modules
        config = LoraConfig(
            r=chosen.r,
            lora_alpha=chosen.alpha,
            lora_dropout=chosen.dropout,
            target_modules=modules if isinstance(modules, str) else list(modules),
            task_type="CAUSAL_LM",
        )
        try:
            self._model: Any = get_peft_model(self._network, config)
        except ValueError as error:
            raise ModelError(
                f"'{self._base}' takes no adapter on {modules!r}: {error}",
                hint="Use target_modules='all-linear', or names of the model's linear layers.",
            ) from error
        self._parameters = [one for one in self._model.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._parameters, lr=chosen.learning_rate, weight_decay=chosen.weight_decay
        )

    def _step(self, step: int) -> StepReport:
        import torch

        rate = learning_rate_at(step, self._steps, self._settings)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        chosen = self._chosen(step)
        loss = hits = 0.0
        self._optimizer.zero_grad(set_to_none=True)
        for start in range(0, len(chosen), self._settings.batch):
            part = chosen[start : start + self._settings.batch]
            tensors = collate(part, pad=0, device=str(self._model.device))
            logits = _answer_logits(self._model, tensors)
            losses = label_cross_entropy(logits, tensors.label_tokens, tensors.targets)
            # Divided by the whole step's examples, so that a short last part weighs no more.
            torch.autograd.backward(losses.sum() / len(chosen))
            loss += float(losses.detach().sum()) / len(chosen)
            best = label_logits(logits.detach(), tensors.label_tokens).argmax(1)
            hits += float((best == tensors.targets).sum())
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, self._settings.max_grad_norm)
        if not math.isfinite(loss) or not math.isfinite(float(norm)):
            raise ModelError(
                f"The loss is not a number any more at step {step + 1} of {self._steps} "
                f"(loss {loss}, gradient {float(norm)}, learning rate {rate:.3g}).",
                hint="Train with a lower learning_rate or max_grad_norm; the last checkpoint is "
                "kept.",
            )
        self._optimizer.step()
        epoch, size = step // self._steps_per_epoch + 1, len(chosen)
        return StepReport(step + 1, self._steps, epoch, size, loss, hits / size, rate)

    def _chosen(self, step: int) -> list[TokenExample]:
        epoch, place = divmod(step, self._steps_per_epoch)
        order = epoch_order(len(self._examples), epoch, self._settings.seed)
        size = self._settings.batch * self._settings.accumulation
        return [self._examples[index] for index in order[place * size : (place + 1) * size]]

    def _resume(self, checkpoints: TrainingFolder) -> list[StepReport]:
        import torch
        from peft import set_peft_model_state_dict

        found = checkpoints.latest()
        if found is None:
            return []
        state, tensors = found
        own = {n[len(_OWN) :]: one for n, one in tensors.items() if n.startswith(_OWN)}
        set_peft_model_state_dict(self._model, own)
        restore_optimizer(self._optimizer, tensors)
        torch.set_rng_state(tensors["random"])
        if "cuda_random" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(list(tensors["cuda_random"]))
        return [StepReport(**one) for one in state["reports"]]

    def _tensors(self, device: str) -> dict[str, torch.Tensor]:
        import torch
        from peft import get_peft_model_state_dict

        own = get_peft_model_state_dict(self._model, save_embedding_layers=False)
        tensors = {_OWN + name: one for name, one in own.items()}
        tensors |= optimizer_tensors(self._optimizer) | {"random": torch.get_rng_state()}
        if device == "cuda":
            tensors["cuda_random"] = torch.stack(torch.cuda.get_rng_state_all())
        return tensors

    def _validate(self, held: list[TokenExample]) -> dict[str, Figure]:
        if not held:
            return {}
        scores = label_scores(self._model, held, batch=self._settings.batch)
        pairs = list(zip(scores, held, strict=True))
        return {
            "accuracy": share_figure([int(one.argmax()) == own.target for one, own in pairs]),
            "loss": mean_figure([-float(one[own.target]) for one, own in pairs]),
        }

    def _write(self, folder: Path, report: LoraReport) -> None:
        # The folder of the base is this machine's business; its name is not.
        self._model.peft_config["default"].base_model_name_or_path = self._base
        # Without "save_embedding_layers", peft asks a hub whether the vocabulary has grown.
        self._model.save_pretrained(str(folder), save_embedding_layers=False)
        card = adapter_card(self._base, self._folder, self._data, self._settings, report)
        card.write(folder)

    def _tokens(self, data: ExampleSet) -> list[TokenExample]:
        limits = (self._settings.max_tokens, self._network.config.max_position_embeddings)
        return tokenise(
            data.examples, self._chat.ids, model=f"'{self._base}'", max_tokens=min(limits)
        )


def _answer_logits(model: Any, batch: Any) -> torch.Tensor:
    """Logits ``[batch, vocabulary]`` behind the prompts, which end in the last column."""
    answer: torch.Tensor = model(
        input_ids=batch.tokens,
        attention_mask=batch.mask,
        position_ids=batch.positions,
        use_cache=False,
        logits_to_keep=1,
    ).logits[:, -1]
    return answer


def _require_peft() -> None:
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise MissingExtra("peft", extra="train") from error
