"""An engine that does not score the same prompt twice; see :mod:`llmrec.eval.main_path.cache`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from llmrec.config import EngineSettings
from llmrec.engines.constraints import Constraint
from llmrec.engines.protocol import Engine, Message
from llmrec.eval.main_path.cache import FORMAT, AnswerCache, digest_of
from llmrec.types import FloatArray
from llmrec.weights.fingerprint import base_sha256

__all__ = ["CachedEngine", "adapter_digest"]

_NO_MATTER = {"api_key", "timeout_s", "connections", "retry_s", "breaker_failures"}
"""Settings that move no score."""


class CachedEngine:
    """An engine whose label scores are looked up first; all else goes to the engine behind it.

    Args:
        engine: the engine; it is not closed with this.
        cache: where scores are kept.
        weights: the model's folder, if it has one here.
        settings: the engine's.
    """

    def __init__(
        self,
        engine: Engine,
        cache: AnswerCache,
        *,
        weights: Path | None = None,
        settings: EngineSettings | None = None,
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._adapters: dict[str, str] = {}
        plain = (settings or EngineSettings()).model_dump(mode="json", exclude=_NO_MATTER)
        self._base = digest_of(
            FORMAT, engine.name, engine.model, weights and _weights(weights), json.dumps(plain)
        )

    @property
    def timeout_s(self) -> float | None:
        """Of the engine behind."""
        return self._engine.timeout_s

    @timeout_s.setter
    def timeout_s(self, value: float | None) -> None:
        self._engine.timeout_s = value

    @property
    def name(self) -> str:
        """Of the engine behind."""
        return self._engine.name

    @property
    def model(self) -> str:
        """Of the engine behind."""
        return self._engine.model

    @property
    def end_of_turn(self) -> str | None:
        """The engine's."""
        return self._engine.end_of_turn

    @property
    def context_window(self) -> int:
        """Of the engine behind."""
        return self._engine.context_window

    @property
    def forward_passes(self) -> int:
        """Of the engine behind: what came out of the cache took none."""
        return self._engine.forward_passes

    @property
    def adapters(self) -> tuple[str, ...]:
        """Of the engine behind."""
        return self._engine.adapters

    def load_adapter(self, name: str, folder: str | os.PathLike[str]) -> None:
        """Load it, and let its files count in the keys."""
        self._engine.load_adapter(name, folder)
        self._adapters[name] = adapter_digest(Path(folder))

    def unload_adapter(self, name: str) -> None:
        """Unload it from the engine behind."""
        self._engine.unload_adapter(name)
        self._adapters.pop(name, None)

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Ask the engine behind."""
        return self._engine.render(messages, answer_prefix=answer_prefix)

    def count_tokens(self, text: str) -> int:
        """Ask the engine behind."""
        return self._engine.count_tokens(text)

    def token_ids(self, text: str) -> list[int]:
        """Ask the engine behind."""
        return self._engine.token_ids(text)

    def score_labels(
        self,
        prompts: Sequence[str],
        labels: Sequence[Sequence[str]],
        *,
        adapters: Sequence[str | None] | None = None,
    ) -> list[FloatArray]:
        """Scores from the cache; the prompts that it lacks are scored in one call."""
        named = list(adapters) if adapters is not None else [None] * len(prompts)
        keys = [
            digest_of(
                self._base, adapter and self._adapters.get(adapter, adapter), prompt, *allowed
            )
            for adapter, prompt, allowed in zip(named, prompts, labels, strict=True)
        ]
        known = self._cache.get(keys)
        missing = [place for place, key in enumerate(keys) if key not in known]
        if missing:
            scored = self._engine.score_labels(
                [prompts[place] for place in missing],
                [labels[place] for place in missing],
                adapters=[named[place] for place in missing],
            )
            fresh = {
                keys[place]: np.asarray(row, dtype="<f4").tobytes()
                for place, row in zip(missing, scored, strict=True)
            }
            self._cache.put(fresh)
            known |= fresh
        return [np.frombuffer(known[key], dtype="<f4").astype(np.float32) for key in keys]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        adapters: Sequence[str | None] | None = None,
        constraint: Constraint | None = None,
    ) -> list[str]:
        """Ask the engine behind; texts are not kept."""
        return self._engine.generate(
            prompts,
            max_tokens=max_tokens,
            stop=stop,
            temperature=temperature,
            seed=seed,
            adapters=adapters,
            constraint=constraint,
        )

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        adapter: str | None = None,
        constraint: Constraint | None = None,
    ) -> Iterator[str]:
        """Ask the engine behind."""
        return self._engine.stream(
            prompt,
            max_tokens=max_tokens,
            stop=stop,
            temperature=temperature,
            seed=seed,
            adapter=adapter,
            constraint=constraint,
        )

    def close(self) -> None:
        """Leave the engine behind open: who loaded it closes it."""


def adapter_digest(folder: Path) -> str:
    """Of an adapter's files."""
    files = sorted(folder.glob("adapter_*"))
    return digest_of(*(path.name + _file_hash(path) for path in files)).hex()


def _weights(folder: Path) -> str:
    """Files by name, size and time, and the headers: the whole of a large model takes minutes."""
    stats = [(path.name, path.stat()) for path in sorted(folder.glob("*.safetensors"))]
    return base_sha256(folder) + str([(n, s.st_size, s.st_mtime_ns) for n, s in stats])


def _file_hash(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
