"""Every name of vLLM that the engine uses, in one file; tried with 0.32, written for 0.26 too.

What differs between the two: 0.32 can no longer quantize to nf4 (no bitsandbytes), and its prefix
cache tells adapters apart by name and path, 0.26 by the name alone. So no name is ever used twice.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from llmrec.engines.constraints import Choices, Constraint, Grammar
from llmrec.errors import EngineError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "is_dead",
    "lora_request",
    "make_engine",
    "needs_vllm",
    "quantizations",
    "run",
    "runs_on_cpu",
    "scoring",
    "writing",
]


def needs_vllm() -> None:
    """Import vLLM.

    Raises:
        MissingExtra: it is not installed.
        EngineError: it cannot be imported.
    """
    try:
        with _no_warnings():
            import vllm.v1.engine.async_llm  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "vllm":
            raise MissingExtra("vllm", extra="gpu") from error
        raise _broken(error) from error
    except ImportError as error:
        raise _broken(error) from error


def runs_on_cpu() -> bool:
    """Whether this is the build for CPUs."""
    with _no_warnings():
        from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())


def quantizations() -> frozenset[str]:
    """What this release can quantize to, or read."""
    with _no_warnings():
        from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS

    return frozenset(QUANTIZATION_METHODS)


def make_engine(arguments: dict[str, Any]) -> Any:
    """An ``AsyncLLM``; returns when the model has been loaded in its own process."""
    with _no_warnings():
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))


def lora_request(name: str, number: int, folder: Path) -> Any:
    """An adapter as a request names it; ``number`` must be its own from 1 up."""
    from vllm.lora.request import LoRARequest

    return LoRARequest(f"{name}#{number}", number, str(folder))


def scoring(labels: Sequence[int]) -> Any:
    """Sampling parameters that tell the log-probabilities of ``labels`` and nothing else."""
    from vllm import SamplingParams

    return SamplingParams(
        max_tokens=1,
        temperature=0.0,
        allowed_token_ids=list(labels),
        logprobs=len(labels),
        detokenize=False,
        output_kind=_kind("FINAL_ONLY"),
    )


def writing(
    *,
    max_tokens: int,
    stop: Sequence[str],
    temperature: float,
    seed: int,
    constraint: Constraint | None,
    piecewise: bool,
) -> Any:
    """Sampling parameters that write a text.

    vLLM ends at stop words only to save work: the text is cut by the caller, as everywhere.
    """
    from vllm import SamplingParams

    return SamplingParams(
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        stop=list(stop) or None,
        include_stop_str_in_output=bool(stop),
        detokenize=bool(stop),
        structured_outputs=_structured(constraint),
        output_kind=_kind("DELTA" if piecewise else "FINAL_ONLY"),
    )


async def run(
    engine: Any, ids: Sequence[int], params: Any, number: int, lora: Any
) -> AsyncGenerator[Any, None]:
    """Outputs of one prompt; closing or cancelling the generator aborts the request."""
    from vllm.inputs import tokens_input

    name = f"llmrec-{number}"
    outputs = engine.generate(tokens_input(list(ids)), params, name, lora_request=lora)
    try:
        async with aclosing(outputs):
            async for output in outputs:
                yield output
    except (asyncio.CancelledError, GeneratorExit):
        # vLLM aborts a request that runs, but not one that is cancelled on its way in.
        await engine.abort(name)
        raise


def is_dead(error: BaseException) -> bool:
    """Whether ``error`` says that vLLM's process has ended."""
    from vllm.v1.engine.exceptions import EngineDeadError

    return isinstance(error, EngineDeadError)


def _broken(error: ImportError) -> EngineError:
    reason = str(error).strip().partition("\n")[0]
    return EngineError(
        f"vLLM is installed, but cannot be imported: {reason}.",
        hint="Install the releases of vLLM and torch that belong together.",
    )


def _structured(constraint: Constraint | None) -> Any:
    if constraint is None:
        return None
    from vllm.sampling_params import StructuredOutputsParams

    if isinstance(constraint, Choices):
        return StructuredOutputsParams(choice=list(constraint.texts))
    if isinstance(constraint, Grammar):
        return StructuredOutputsParams(grammar=constraint.text)
    return StructuredOutputsParams(json=constraint.text)


def _kind(name: str) -> Any:
    from vllm.sampling_params import RequestOutputKind

    return RequestOutputKind[name]


@contextmanager
def _no_warnings() -> Iterator[None]:
    # vLLM's own modules warn of their own deprecated names; a program that turns warnings into
    # errors could not import it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
