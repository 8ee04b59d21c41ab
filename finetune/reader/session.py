"""One training of a reader, from messages to version; its files lie in the cache meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from llmrec.artifacts import Artifact
from llmrec.config import Workspace
from llmrec.errors import ConfigError, ModelError
from llmrec.finetune.card import PublishedAdapter
from llmrec.finetune.ranker.estimate import RankerEstimate, estimate_training
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.ranker.starting import check_adapter
from llmrec.finetune.reader.examples import sha256_of
from llmrec.finetune.reader.measure import add_to_card, read_apart
from llmrec.finetune.reader.publish import publish_reader
from llmrec.finetune.reader.shop import ReaderData
from llmrec.finetune.reader.train import train_reader
from llmrec.finetune.settings import LoraSettings
from llmrec.labels import label_token
from llmrec.reading.prompt import sign_question
from llmrec.reading.signs import LABELS
from llmrec.retrieval.cache import cache_key

__all__ = ["ReaderSession", "check_signs"]

_ADAPTER = "trained"


class ReaderSession:
    """Stopped at any moment, one made with the same arguments goes on where it was.

    Args:
        shop: the workspace.
        data: what it learns from.
        settings: of the training.
        base: the weights that learn to read; by default ``reader.base``.
        start: the version to go on from; by default training begins with the base alone.

    Attributes:
        base: the weights that learn, by name.
        start: the version that it goes on from; ``None`` where the base alone begins.

    Raises:
        ConfigError: several processes were started, though its examples are short; the settings
            are of another shape than ``start``.
        ModelError: the base is missing, or its tokenizer has not the signs that the second witness
            answers with.
    """

    def __init__(
        self,
        shop: Workspace,
        data: ReaderData,
        settings: LoraSettings,
        base: str | None = None,
        start: Artifact | None = None,
    ) -> None:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise ConfigError(
                "The reader trains in one process.", hint="Start the command without accelerate."
            )
        self._shop, self._data, self._settings = shop, data, settings
        self.base = base or shop.settings.reader.base
        if shop.settings.reader.witness:
            check_signs(self.base)
        if start is not None:
            check_adapter(start, settings)
        self.start = start
        self._task = data.task(start.name if start else None)
        home = shop.cache_dir / "train-reader"
        learned = sha256_of(data.train), sha256_of(data.held)
        begun = start.name if start else "the base"
        name = cache_key(self.base, begun, *learned, settings.model_dump_json())
        self.folder, self.curves = home / "runs" / name, home / "curves" / name

    @property
    def adapter(self) -> Path:
        """Where the trained adapter appears."""
        return self.folder / "adapter"

    def restart(self) -> None:
        """Forget what was trained so far."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def estimate(self) -> RankerEstimate:
        """What the training will cost; the reading at its end is not in it."""
        return estimate_training(
            self._task,
            self.base,
            self._settings,
            examples=len(self._data.train),
            validation=len(self._data.held),
        )

    def train(self, progress: Observer | None = None) -> LoraReport | None:
        """Train, and remove other runs that were stopped; ``None`` if it was done before."""
        if self.adapter.exists():
            return None
        for old in self.folder.parent.glob("*"):
            if old != self.folder:
                shutil.rmtree(old, ignore_errors=True)
        return train_reader(
            self._task,
            self.base,
            self.adapter,
            self._settings,
            start=self.start,
            progress=progress,
        )

    def measure(self, sets: Sequence[Path], progress: Callable[[int], None] | None = None) -> None:
        """Read messages that are kept apart as serving does, and put the figures into the card.

        Args:
            sets: their files.
            progress: called with the number of messages read since the last call.
        """
        from llmrec.reading import MessageReader
        from llmrec.reading.loading import reading_engine

        settings = self._shop.settings
        engine = reading_engine(settings, self.base)
        try:
            engine.load_adapter(_ADAPTER, self.adapter)
            reader = MessageReader(engine, _ADAPTER, witness=settings.reader.witness)
            read = read_apart(reader, sets, progress)
        finally:
            engine.close()
        add_to_card(
            self.adapter,
            read,
            messages=self._data.messages,
            own_messages=self._data.own,
            variants=self._data.variants,
            witness=settings.reader.witness,
        )

    def publish(self, *, promote: bool) -> PublishedAdapter:
        """Make it a version; the run's folder goes, its curves stay."""
        published = publish_reader(self._shop, self.adapter, promote=promote)
        shutil.rmtree(self.folder, ignore_errors=True)
        return published


def check_signs(base: str) -> None:
    """Refuse before hours of training what would fail at the first message.

    Raises:
        ModelError: the base is missing, or its tokenizer has not the signs that the second witness
            answers with.
    """
    ids, question = prompt_maker(base).token_ids, sign_question("20")
    for label in LABELS:
        if label_token(ids, question, f" {label}") is None:
            raise ModelError(
                f"The tokenizer of '{base}' has no single token for ' {label}'.",
                hint="Train another base, or set reader.witness = false: then a limit that was "
                "read the wrong way round goes unseen.",
            )
