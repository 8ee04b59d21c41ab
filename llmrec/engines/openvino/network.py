"""A compiled decoder that reads sequences whose keys and values lie in blocks.

OpenVINO's ``SDPAToPagedAttention`` transformation replaces states by blocks. On a CPU its kernels
read prompts much faster in float32 than those of the stateful form: see docs/design/007.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any

import numpy as np

from llmrec.engines.calls import Deadline
from llmrec.engines.openvino.paging import Array, Blocks, KeyValues, Sequence
from llmrec.engines.openvino.runtime_errors import openvino_errors
from llmrec.errors import EngineError
from llmrec.types import FloatArray

__all__ = ["PagedNetwork", "can_run"]

# Precisions of activations and of keys and values; what else the weights are is in the graph.
_HINTS = {"fp32": ("f32", "f32"), "bf16": ("bf16", "bf16"), "int8": ("f32", "f32")}
_ACTIVATION_GROUP = 32


def can_run(precision: str) -> bool:
    """Whether this CPU computes in ``precision``, rather than imitating it slowly."""
    import openvino as ov

    if precision != "bf16":
        return precision in _HINTS
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class PagedNetwork:
    """A decoder that continues sequences; not safe for threads.

    Args:
        graph: a stateful ``openvino.Model`` as :func:`~llmrec.engines.openvino.tracing.trace`
            makes it; it is changed.
        precision: ``fp32``, ``bf16`` or ``int8``; for ``int8`` its weights are compressed already.
        threads: CPU threads.
        memory: keys and values, shared with networks of the same shape.
        blocks: which of them are free.

    Raises:
        EngineError: OpenVINO cannot compile it.
        OutOfMemory: it does not fit.
    """

    def __init__(
        self, graph: Any, *, precision: str, threads: int, memory: KeyValues, blocks: Blocks
    ) -> None:
        import openvino as ov
        from openvino._offline_transformations import paged_attention_transformation

        with openvino_errors("preparing the model"):
            paged_attention_transformation(graph)
            compiled = ov.Core().compile_model(graph, "CPU", _options(precision, threads))
            self._request = compiled.create_infer_request()
        ports = {port.get_any_name(): port for port in compiled.inputs}
        caches = {name: port for name, port in ports.items() if "_cache." in name}
        if not caches:
            raise EngineError("OpenVINO found no attention in the model.")
        shapes = {name: port.get_partial_shape() for name, port in caches.items()}
        self._shapes = {n: tuple(int(str(side)) for side in list(s)[1:]) for n, s in shapes.items()}
        self._kind = next(iter(caches.values())).get_element_type()
        self._block = next(iter(self._shapes.values()))[1]
        self._names = set(ports) - set(caches)
        self._memory, self._connected = memory, -1
        self._blocks = blocks

    @property
    def block(self) -> int:
        """Tokens of a block."""
        return self._block

    def read(self, sequences: Many[Sequence], deadline: Deadline) -> FloatArray:
        """Read what is unread of each sequence, all in one pass.

        Blocks are taken as they are needed. A sequence may share blocks that an earlier one of
        the same call fills: keys and values of all are written before any attention is computed.

        Returns:
            Logits behind the last token of each, float32 ``[len(sequences), vocabulary]``.

        Raises:
            EngineTimeout: the time is over. The pass still ends in the background; what it reads
                is given up, and the next pass, of any network, waits for that.
            EngineError: OpenVINO failed.
            OutOfMemory: so many do not fit into memory.
        """
        self._memory.settle(deadline)
        with openvino_errors("making room for keys and values"):
            self._make_room(sequences)
        with openvino_errors("reading the prompts"):
            for name, array in self._inputs(sequences).items():
                if name in self._names:
                    self._request.set_tensor(name, _tensor(array))
        self._run(deadline)
        for sequence in sequences:
            sequence.read = len(sequence.ids)
        logits = self._request.get_output_tensor(0).data
        result: FloatArray = logits.astype(np.float32).reshape(len(sequences), -1)
        return result

    def _run(self, deadline: Deadline) -> None:
        deadline.check()
        with openvino_errors("reading the prompts"):
            self._request.start_async()
            if deadline.left is None:
                self._request.wait()
            elif not self._request.wait_for(int(deadline.left * 1000)):
                # Cancelling would leave OpenVINO's graph with shapes of two passes.
                self._memory.busy = self._request
                raise deadline.error()

    def _make_room(self, sequences: Many[Sequence]) -> None:
        for sequence in sequences:
            needed = -(-len(sequence.ids) // self._block)
            sequence.blocks += self._blocks.take(needed - len(sequence.blocks))
        kind = np.uint16 if self._kind.get_size() == 2 else np.float32
        highest = max(max(sequence.blocks) for sequence in sequences)
        self._memory.reserve(highest + 1, self._shapes, kind)
        if self._connected != self._memory.version:
            self._memory.connect(self._request, self._kind)
            self._connected = self._memory.version

    def _inputs(self, sequences: Many[Sequence]) -> Mapping[str, Array]:
        ids = [sequence.ids[sequence.read :] for sequence in sequences]
        begins = np.cumsum([0, *(len(unread) for unread in ids)])
        places = [np.arange(sequence.read, len(sequence.ids)) for sequence in sequences]
        blocks = [sequence.blocks[: -(-len(sequence.ids) // self._block)] for sequence in sequences]
        return {
            "input_ids": np.concatenate(ids).astype(np.int64),
            "position_ids": np.concatenate(places).astype(np.int64),
            "rows": (begins[1:] - 1).astype(np.int64),
            "past_lens": np.array([sequence.read for sequence in sequences], np.int32),
            "subsequence_begins": begins.astype(np.int32),
            "block_indices": np.concatenate(blocks).astype(np.int32),
            "block_indices_begins": np.cumsum([0, *(len(b) for b in blocks)]).astype(np.int32),
            "max_context_len": np.array(max(len(sequence.ids) for sequence in sequences), np.int32),
        }


def _options(precision: str, threads: int) -> dict[str, Any]:
    hint, keys = _HINTS[precision]
    return {
        "INFERENCE_PRECISION_HINT": hint,
        "KV_CACHE_PRECISION": keys,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        # Pinned threads of two processes would wait for each other on the same cores.
        "ENABLE_CPU_PINNING": False,
        # Quantised activations: fast integer arithmetic, and answers that differ a little.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": _ACTIVATION_GROUP if precision == "int8" else 0,
    }


def _tensor(array: Array) -> Any:
    import openvino as ov

    return ov.Tensor(array)
