"""A plan: concrete values for everything that the settings leave to ``auto``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmrec.config import EngineSettings, Precision
from llmrec.planner.memory import Memory

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """How a model runs on a machine.

    ``context``, ``batch`` and ``kv_tokens`` are tokens, sequences and tokens; ``memory`` is the
    estimate in bytes (of each card, if ``tensor_parallel`` or ``pipeline_parallel`` spread the
    model) and ``capacity`` what the plan may take of ``device_bytes``. ``reasons`` are sentences.
    """

    engine: str
    model: str
    device: str
    precision: Precision
    context: int
    batch: int
    kv_tokens: int
    memory: Memory
    capacity: int
    device_bytes: int
    reasons: tuple[str, ...]
    tensor_parallel: int = 1
    pipeline_parallel: int = 1

    @property
    def memory_share(self) -> float:
        """The estimate as a share of the device, rounded up to whole hundredths."""
        return max(0.01, math.ceil(100 * self.memory.total / self.device_bytes) / 100)

    def settings(self, settings: EngineSettings) -> EngineSettings:
        """``settings`` with everything filled in, for the engine to follow.

        vLLM reserves its share of a card at the start, so it is told the plan's, never more than
        the settings allow.
        """
        share = settings.memory_share
        if self.engine == "vllm":
            share = min(share, self.memory_share)
        return settings.model_copy(
            update={
                "device": self.device,
                "precision": self.precision,
                "context": self.context,
                "batch": self.batch,
                "memory_share": share,
                "tensor_parallel": self.tensor_parallel,
                "pipeline_parallel": self.pipeline_parallel,
            }
        )
