"""One training of the ranker's adapter: examples, training, publishing, each resumable."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.cli.common import notes, progress_bar
from llmrec.cli.train_stage import say_warnings

if TYPE_CHECKING:
    from llmrec.config import Workspace
    from llmrec.finetune import EvaluationReport, LoraReport, LoraSettings, StepReport
    from llmrec.finetune.behaviour import EncoderStepReport, EpochReport
    from llmrec.finetune.card import PublishedAdapter
    from llmrec.finetune.ranker.shop import RankerData
    from llmrec.finetune.since import Since

__all__ = ["RankerRun"]


class RankerRun:
    """One training of a shop; its files lie in the cache until a version is published.

    Args:
        shop: whose log.
        settings: of the run.
        max_examples: train on so many users.
        targets: ``retrieved`` or ``all``: which chosen items train.
        since: go on from what serves, on what is new since then.
    """

    def __init__(
        self,
        shop: Workspace,
        settings: LoraSettings,
        max_examples: int | None,
        targets: str,
        since: Since | None = None,
    ) -> None:
        from llmrec.finetune.ranker.shop import ranker_state
        from llmrec.retrieval.cache import cache_key

        self._shop, self._settings = shop, settings
        self._most, self._targets, self._since = max_examples, targets, since
        # Other processes of ``accelerate launch`` have a number above 0.
        self.helper = int(os.environ.get("RANK", "0")) > 0
        self._home = shop.cache_dir / "train-ranker"
        drawn = max_examples, targets, settings.per_user, settings.folds, settings.seed
        self._data = self._home / "examples" / cache_key(ranker_state(shop), *drawn, *_asked(since))
        self._name = cache_key(self._data.name, settings.model_dump_json())
        self.folder = self._home / "runs" / self._name

    @property
    def adapter(self) -> Path:
        """Where the trained adapter appears."""
        return self.folder / "adapter"

    def data(self) -> RankerData:
        """The examples; those of an older log, and what was trained on them, are removed."""
        from llmrec.finetune.ranker.prompts import prompt_maker
        from llmrec.finetune.ranker.shop import ranker_data

        if self.helper:
            # The main process makes them, however long that takes.
            while not (self._data / "validation.jsonl").is_file():
                time.sleep(0.5)
        else:
            _keep_only(self._data)
            _keep_only(self.folder)
        with progress_bar() as bar:
            task = bar.add_task("Taking the log back", total=None)

            def encoder(told: EpochReport | EncoderStepReport) -> None:
                text = f"Behaviour encoder on the earlier log, epoch {told.epoch}"
                bar.update(task, description=text)

            def made(done: int, users: int) -> None:
                bar.update(task, description="Making examples", completed=done, total=users)

            return ranker_data(
                self._shop,
                prompt_maker(self._shop.settings.models.llm),
                self._data,
                max_examples=self._most,
                per_user=self._settings.per_user,
                folds=self._settings.folds,
                retrieved_only=self._targets == "retrieved",
                since=self._since,
                seed=self._settings.seed,
                encoder_progress=encoder,
                progress=made,
            )

    def train(self, data: RankerData, *, wandb: bool) -> LoraReport | None:
        """Train; ``None`` if that was done before and only publishing was left."""
        from llmrec.cli.train_ranker_view import RankerView
        from llmrec.finetune import train_lora
        from llmrec.finetune.ranker.logs import TensorBoard, WandB

        if self.adapter.exists():
            return None
        listeners: list[Any] = []

        def tell(told: StepReport | EvaluationReport) -> None:
            for one in listeners:
                one.tell(told)

        with ExitStack() as held:
            if not self.helper:
                listeners.append(TensorBoard(self._home / "curves" / self._name))
                if wandb:
                    name = f"llmrec {self._shop.path.name}"
                    listeners.append(WandB(name, self._settings.model_dump(mode="json")))
                for one in listeners:
                    held.callback(one.close)
                listeners.append(held.enter_context(RankerView(notes)))
            report = train_lora(
                data.train,
                self._shop.settings.models.llm,
                self.adapter,
                self._settings,
                validation=data.validation,
                start=self._since.parent if self._since else None,
                progress=tell,
            )
        if not self.helper:
            say_warnings(report.warnings)
        return report

    def publish(self, *, promote: bool) -> PublishedAdapter:
        """Make it a version; the run's folder goes, its curves stay."""
        from llmrec.finetune.ranker.publish import publish_ranker
        from llmrec.finetune.seen import SEEN_NAME

        published = publish_ranker(
            self._shop, self.adapter, seen=self._data / SEEN_NAME, promote=promote
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        return published


def _keep_only(folder: Path) -> None:
    for old in folder.parent.glob("*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def _asked(since: Since | None) -> list[str]:
    """What it goes on from, and from when on, if it does."""
    return [] if since is None else [since.parent.name, str(since.moment)]
