"""Settings and the workspace: where a shop's things lie, and what was configured for them.

A workspace is a folder made by ``llmrec init``::

    SHOP/
    ├── llmrec.toml     settings; LLMREC_… variables go over it, command-line flags over those
    ├── catalog.db      items and events (SQLite), unless a database URL is configured
    ├── chroma/         vectors
    ├── documents/      Markdown files that the assistant quotes, if the shop has put some there
    ├── cache/          what can be made again: lexical index, co-occurrence, exact vectors
    ├── models/         adapters, behaviour encoder, fusion weights
    └── rejects/        rows that could not be ingested, and why

Variables are named ``LLMREC_<SECTION>__<FIELD>``, e.g. ``LLMREC_RETRIEVAL__CANDIDATES=50``.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from llmrec.errors import ConfigError, DiskFull, LLMRecError, WorkspaceError, near_miss
from llmrec.sections import (
    MAX_CANDIDATES,
    ChromaSettings,
    DocumentSettings,
    EngineSettings,
    ExperimentSettings,
    ExplainSettings,
    IngestSettings,
    ModelSettings,
    Precision,
    RankingSettings,
    ReaderSettings,
    RetrievalSettings,
)
from llmrec.server_settings import ServerSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "MAX_CANDIDATES",
    "WORKSPACE_VERSION",
    "ChromaSettings",
    "DocumentSettings",
    "EngineSettings",
    "ExperimentSettings",
    "ExplainSettings",
    "IngestSettings",
    "ModelSettings",
    "Precision",
    "RankingSettings",
    "ReaderSettings",
    "RetrievalSettings",
    "Settings",
    "Workspace",
    "cache_dir",
    "disk_errors",
]

WORKSPACE_VERSION = 1
CONFIG_NAME = "llmrec.toml"
_NO_ROOM = 65_536


class Settings(BaseSettings):
    """All settings of a workspace. Unknown names are refused, so that a typo never passes."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="LLMREC_", env_nested_delimiter="__"
    )

    version: int = WORKSPACE_VERSION
    database: str | None = Field(None, description="SQLAlchemy URL; default: catalog.db")
    models: ModelSettings = ModelSettings()
    engine: EngineSettings = EngineSettings()
    chroma: ChromaSettings = ChromaSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    reader: ReaderSettings = ReaderSettings()
    ranking: RankingSettings = RankingSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    explain: ExplainSettings = ExplainSettings()
    ingest: IngestSettings = IngestSettings()
    documents: DocumentSettings = DocumentSettings()
    server: ServerSettings = ServerSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over environment over file over defaults."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def without_workspace(cls) -> Settings:
        """The environment over defaults, for what can be done without a workspace.

        Raises:
            ConfigError: a variable cannot be understood.
        """
        _check_variables()
        return _load(None, {})


@dataclass(frozen=True)
class Workspace:
    """A shop's folder with its settings. Make one with :meth:`init`, find one with :meth:`open`.

    Attributes:
        path: the folder.
        settings: of the shop.
        part: of an evaluation, whose workspaces share a folder but nothing that was learned; what
            may be known for the test is the answer for validation. ``None`` for a shop.
    """

    path: Path
    settings: Settings
    part: str | None = None

    @classmethod
    def init(cls, path: str | os.PathLike[str]) -> Workspace:
        """Make a workspace folder (parents too), or open the one that is there already.

        Raises:
            WorkspaceError: the folder holds other things, or cannot be written.
        """
        root = Path(path).expanduser().resolve()
        config = root / CONFIG_NAME
        if config.exists():
            return cls.open(root)
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise WorkspaceError(
                f"{root} exists and is not an empty folder.",
                hint="Name a new folder, or empty this one.",
            )
        with disk_errors(root):
            for name in ("", "cache", "models", "rejects"):
                (root / name).mkdir(parents=True, exist_ok=True)
            partial = config.with_suffix(".toml.partial")
            partial.write_text(_CONFIG_TEMPLATE, encoding="utf-8")
            partial.replace(config)
        return cls.open(root)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
    ) -> Workspace:
        """Open ``path``, else ``LLMREC_WORKSPACE``, else the nearest folder above with a config.

        Args:
            path: the workspace folder.
            overrides: nested settings that go over file and environment (command-line flags).

        Raises:
            WorkspaceError: there is none, or a newer llmrec made it.
            ConfigError: ``llmrec.toml`` or a variable cannot be understood.
        """
        named = path or os.environ.get("LLMREC_WORKSPACE")
        root = Path(named).expanduser().resolve() if named else _nearest(Path.cwd())
        if root is None or not (root / CONFIG_NAME).is_file():
            where = f"{root} is not a workspace" if root else "No workspace here or above"
            raise WorkspaceError(
                f"{where}: there is no {CONFIG_NAME}.",
                hint="Make one with 'llmrec init DIR', or name one with --workspace.",
            )
        config = root / CONFIG_NAME
        _check_version(config)
        _check_variables()
        return cls(root, _load(config, overrides or {}))

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the catalogue."""
        return self.settings.database or f"sqlite:///{self.path / 'catalog.db'}"

    @property
    def chroma_dir(self) -> Path:
        """Folder of the embedded Chroma store."""
        return self.path / "chroma"

    @property
    def cache_dir(self) -> Path:
        """Folder of what can be made again from the rest."""
        return self.path / "cache"

    @property
    def models_dir(self) -> Path:
        """Folder of what was trained for this shop, or for this part of an evaluation."""
        return self.path / (f"models-{self.part}" if self.part else "models")

    @property
    def rejects_dir(self) -> Path:
        """Folder of rows that could not be ingested."""
        return self.path / "rejects"


def cache_dir() -> Path:
    """The machine-wide cache for weights: ``LLMREC_CACHE``, else the platform's cache folder."""
    named = os.environ.get("LLMREC_CACHE")
    return Path(named).expanduser() if named else user_cache_path("llmrec")


@contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn the operating system's refusal to write ``path`` into one of our errors."""
    try:
        yield
    except Exception as error:
        if _is_full(error, Path(path)):
            raise DiskFull(
                f"No space left on the device while writing {path}.",
                hint="Free some space and run the same command again; nothing was half-written.",
            ) from error
        if not isinstance(error, OSError):
            raise
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WorkspaceError(
                f"{path} cannot be written: {error.strerror}.", hint="Check its permissions."
            ) from error
        raise


def _is_full(error: Exception, path: Path) -> bool:
    if isinstance(error, LLMRecError):
        return False
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    # Libraries that write by themselves lose the number: safetensors keeps its text, numpy and
    # torch speak of sizes only.
    return os.strerror(errno.ENOSPC) in str(error) or _room(path) < _NO_ROOM


def _room(path: Path) -> int:
    """Bytes that may still be written where ``path`` is, or would be."""
    # Not Path.exists, which raises where a folder may not be looked into.
    there = next(folder for folder in (path, *path.absolute().parents) if os.path.exists(folder))
    return shutil.disk_usage(there).free


def _nearest(start: Path) -> Path | None:
    return next(
        (folder for folder in (start, *start.parents) if (folder / CONFIG_NAME).is_file()), None
    )


def _check_version(config: Path) -> None:
    try:
        version = tomllib.loads(config.read_text(encoding="utf-8")).get("version", 0)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{config} is not valid TOML: {error}.", hint="Mend that line."
        ) from error
    if isinstance(version, int) and version > WORKSPACE_VERSION:
        raise WorkspaceError(
            f"{config.parent} was made by a newer llmrec (workspace version {version}, "
            f"this one reads up to {WORKSPACE_VERSION}).",
            hint="Upgrade llmrec: pip install -U llmrec",
        )


def _load(config: Path | None, overrides: Mapping[str, Any]) -> Settings:
    class _FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    try:
        # What is unset stays unset, so that a default can be told from a choice.
        return Settings(**_FromFile(**overrides).model_dump(exclude_unset=True))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        where = config or "The environment"
        if first["type"] == "extra_forbidden":
            raise ConfigError(
                f"{where}: there is no setting '{name}'.",
                hint=f"{_near_setting(name)}docs/configuration.md lists all of them. It stands "
                "there, or in the LLMREC_… variable of that name.",
            ) from error
        raise ConfigError(
            f"{where}: setting '{name}': {first['msg']}.",
            hint="Mend it there, or in the LLMREC_… variable or flag of that name.",
        ) from error


def _near_setting(name: str) -> str:
    """A question for a setting that is like ``name``: of its section, or the section itself."""
    section, _, field = name.rpartition(".")
    model: Any = Settings
    for part in section.split(".") if section else ():
        inner = model.model_fields.get(part)
        model = inner.annotation if inner is not None else Settings
        if not hasattr(model, "model_fields"):
            return ""
    guess = near_miss(field, model.model_fields)
    return guess.replace("'", f"'{section}.", 1) if section else guess


def _check_variables() -> None:
    """Refuse variables of sections that do not exist: pydantic passes over them without a word.

    A variable without ``__`` may be somebody else's (Kubernetes sets ``LLMREC_SERVICE_HOST`` for a
    service called llmrec), so that it is let pass.
    """
    prefix = "LLMREC_"
    for variable in os.environ:
        section, nested, _ = variable.removeprefix(prefix).lower().partition("__")
        if variable.startswith(prefix) and nested and section not in Settings.model_fields:
            raise ConfigError(
                f"The variable {variable}: there is no section '{section}' of settings.",
                hint=f"{near_miss(section, Settings.model_fields)}Mend or unset it.",
            )


_CONFIG_TEMPLATE = f"""\
# Settings of this llmrec workspace. Everything not named here has its default:
# docs/configuration.md lists all of it. LLMREC_SECTION__FIELD variables go over this file.
version = {WORKSPACE_VERSION}

# database = "postgresql+psycopg://user@host/shop"   # default: catalog.db in this folder

[models]
llm = "smollm2-135m-instruct"
encoder = "minilm-l6-v2"

[ingest]
# currency = "EUR"          # for price columns that name none
# [ingest.item_columns]     # our field = your column
# title = "product_name"
"""
