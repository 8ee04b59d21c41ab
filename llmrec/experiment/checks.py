"""What is wrong with arm B is found when the shop opens, not by half of its shoppers."""

from __future__ import annotations

from llmrec.artifacts import AdapterFolder, chosen_adapter
from llmrec.config import Workspace
from llmrec.errors import ConfigError, ModelError

__all__ = ["check_arm_b"]


def check_arm_b(workspace: Workspace) -> None:
    """Look at arm B's adapter, where the settings name one; nothing but headers is read.

    Raises:
        ConfigError: there is none, it is damaged, or it does not fit the language model.
    """
    setting = workspace.settings.experiment.adapter
    if setting is None:  # as arm A's
        return
    try:
        chosen = chosen_adapter(workspace.models_dir, "ranker", setting)
        if chosen:
            _check_folder(workspace, chosen)
    except ModelError as error:
        said = f"Setting 'experiment.adapter': {error.message}"
        raise ConfigError(said, hint=error.hint) from error


def _check_folder(workspace: Workspace, chosen: AdapterFolder) -> None:
    if not (chosen.folder / "adapter_config.json").is_file():
        raise ModelError(
            f"{chosen.folder} holds no adapter.",
            hint="Name a version of 'llmrec models list', a folder in models/, or 'none'.",
        )
    models = workspace.settings.models
    if models.engine == "scripted":  # which has no weights that an adapter could fit
        return
    from llmrec.engines.adapters import check_adapter
    from llmrec.weights import locate

    try:
        base = locate(models.llm)
    except ModelError:  # a server has them, or they are pulled later: the engine will look
        return
    check_adapter(chosen.name, chosen.folder, base)
