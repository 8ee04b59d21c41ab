"""One training of a shop's words, from log to version; its files lie in the cache meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from llmrec.config import Workspace
from llmrec.errors import ConfigError
from llmrec.finetune.card import PublishedAdapter
from llmrec.finetune.ranker.estimate import RankerEstimate, estimate_training
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.ranker.reports import LoraReport, Observer
from llmrec.finetune.settings import LoraSettings
from llmrec.finetune.words.measure import add_to_card, write_texts
from llmrec.finetune.words.publish import publish_words
from llmrec.finetune.words.shop import Ticks, WordsData, words_data, words_state
from llmrec.finetune.words.train import WordsTask, train_words
from llmrec.retrieval.cache import cache_key

__all__ = ["WordsSession"]

_ADAPTER = "trained"


class WordsSession:
    """Stopped at any moment, one made with the same arguments goes on where it was.

    Args:
        shop: the workspace.
        settings: of the training.
        max_examples: train on so many, drawn by the settings' seed.

    Raises:
        ConfigError: several processes were started; its examples are short and few.
    """

    def __init__(
        self, shop: Workspace, settings: LoraSettings, max_examples: int | None = None
    ) -> None:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise ConfigError(
                "The words train in one process.", hint="Start the command without accelerate."
            )
        self._shop, self._settings, self._most = shop, settings, max_examples
        home = shop.cache_dir / "train-words"
        name = cache_key(words_state(shop), max_examples, settings.model_dump_json())
        self.folder, self.curves = home / "runs" / name, home / "curves" / name

    @property
    def adapter(self) -> Path:
        """Where the trained adapter appears."""
        return self.folder / "adapter"

    def restart(self) -> None:
        """Forget what was trained so far."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def data(self, progress: Ticks | None = None) -> WordsData:
        """The examples; runs on an older catalogue or with other settings are removed."""
        for old in self.folder.parent.glob("*"):
            if old != self.folder:
                shutil.rmtree(old, ignore_errors=True)
        base, seed = prompt_maker(self._shop.settings.models.llm), self._settings.seed
        return words_data(self._shop, base, max_examples=self._most, seed=seed, progress=progress)

    def estimate(self, data: WordsData) -> RankerEstimate:
        """What the training will cost; the writing at its end is not in it."""
        return estimate_training(
            _task(data),
            self._shop.settings.models.llm,
            self._settings,
            examples=len(data.train.examples),
            validation=len(data.validation.examples),
        )

    def train(self, data: WordsData, progress: Observer | None = None) -> LoraReport | None:
        """Train; ``None`` if that was done before."""
        if self.adapter.exists():
            return None
        base = self._shop.settings.models.llm
        return train_words(_task(data), base, self.adapter, self._settings, progress=progress)

    def measure(self, data: WordsData, progress: Callable[[int], None] | None = None) -> None:
        """Write about the held-out items without the adapter and with it, into its card.

        ``progress`` is called with the number of items done, each of which is written about twice.
        """
        from llmrec.engines import load_engine

        models, explain = self._shop.settings.models, self._shop.settings.explain
        engine = load_engine(models.engine, models.llm, self._shop.settings.engine)
        try:
            engine.load_adapter(_ADAPTER, self.adapter)
            base, adapted = (
                write_texts(
                    engine,
                    data.asked,
                    explain,
                    adapter=name,
                    brands=data.brands,
                    reasons=data.reasons,
                    progress=progress,
                )
                for name in (None, _ADAPTER)
            )
        finally:
            engine.close()
        add_to_card(self.adapter, base, adapted)

    def publish(self, *, promote: bool) -> PublishedAdapter:
        """Make it a version; the run's folder goes, its curves stay."""
        published = publish_words(self._shop, self.adapter, promote=promote)
        shutil.rmtree(self.folder, ignore_errors=True)
        return published


def _task(data: WordsData) -> WordsTask:
    return WordsTask(data.train, data.validation, data.log)
