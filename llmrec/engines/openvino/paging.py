"""Keys and values in blocks, as in vLLM (Kwon et al. 2023, https://arxiv.org/abs/2309.06180).

A sequence holds a list of blocks, not a stretch of memory: sequences of any length run together
without padding, and what several begin with lies in blocks that they share.
"""

from __future__ import annotations

import contextlib
import heapq
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from llmrec.engines.calls import Deadline

__all__ = ["Blocks", "KeyValues", "Sequence"]

Array: TypeAlias = npt.NDArray[Any]

_FIRST_BLOCKS = 64


@dataclass(eq=False)
class Sequence:
    """Tokens of one prompt and its answer; the first ``read`` lie in ``blocks`` already."""

    ids: list[int]
    read: int = 0
    blocks: list[int] = field(default_factory=list)


class Blocks:
    """Which blocks are free. The lowest go first, so that memory is touched as it is needed."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._users: dict[int, int] = {}
        self._lock = threading.Lock()
        self.total = 0

    @property
    def used(self) -> int:
        """Blocks that a sequence holds."""
        return len(self._users)

    def take(self, number: int) -> list[int]:
        """Blocks that nobody holds; their total grows if there are too few."""
        with self._lock:
            while len(self._free) < number:
                more = max(self.total, _FIRST_BLOCKS)
                for block in range(self.total, self.total + more):
                    heapq.heappush(self._free, block)
                self.total += more
            taken = [heapq.heappop(self._free) for _ in range(number)]
            self._users.update(dict.fromkeys(taken, 1))
            return taken

    def share(self, blocks: list[int]) -> list[int]:
        """The same blocks for one more sequence."""
        with self._lock:
            for block in blocks:
                self._users[block] += 1
        return list(blocks)

    def give_back(self, sequence: Sequence) -> None:
        """Take a sequence's blocks from it; those that nobody shares are free again."""
        with self._lock:
            for block in sequence.blocks:
                self._users[block] -= 1
                if not self._users[block]:
                    del self._users[block]
                    heapq.heappush(self._free, block)
            sequence.blocks, sequence.read = [], 0


class KeyValues:
    """The memory behind the blocks, for all networks of one shape: a base and its adapters.

    Its arrays are zeros that the operating system gives only where they are written. Nothing may
    run while it grows. ``busy`` is a request that nobody waits for any more, but that still writes.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}
        self.version = 0
        self.busy: Any = None

    @property
    def reserved(self) -> int:
        """Bytes of address space; less is in memory."""
        return sum(array.nbytes for array in self._arrays.values())

    def settle(self, deadline: Deadline) -> None:
        """Wait until nothing writes here any more.

        Raises:
            EngineTimeout: that took longer than the call may.
        """
        if self.busy is None:
            return
        left = deadline.left
        with contextlib.suppress(RuntimeError):  # its failure concerns nobody now
            if left is None:
                self.busy.wait()
            elif not self.busy.wait_for(int(left * 1000)):
                raise deadline.error()
        self.busy = None

    def reserve(self, blocks: int, shapes: Mapping[str, tuple[int, ...]], kind: Any) -> None:
        """Make room for ``blocks`` blocks; what is in the old ones stays.

        Args:
            blocks: how many there are to be at least.
            shapes: of one block by name of the network's input: heads, tokens, size of a head.
            kind: numpy's type of the keys and values.
        """
        for name, shape in shapes.items():
            old = self._arrays.get(name)
            if old is not None and len(old) >= blocks:
                continue
            room = max(blocks, _FIRST_BLOCKS if old is None else 2 * len(old))
            new = np.zeros((room, *shape), kind)
            if old is not None:
                new[: len(old)] = old
            self._arrays[name] = new
            self.version += 1

    def connect(self, request: Any, kind: Any) -> None:
        """Make these arrays a request's inputs, as tensors of OpenVINO's type ``kind``."""
        import openvino as ov

        for name, array in self._arrays.items():
            request.set_tensor(name, ov.Tensor(array, list(array.shape), kind))
