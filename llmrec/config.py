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
from typing import Any, Literal, TypeAlias

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from llmrec.errors import ConfigError, DiskFull, LLMRecError, WorkspaceError
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
    "RetrievalSettings",
    "Settings",
    "Workspace",
    "cache_dir",
    "disk_errors",
]

WORKSPACE_VERSION = 1
MAX_CANDIDATES = 50
CONFIG_NAME = "llmrec.toml"
_NO_ROOM = 65_536


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(_Section):
    """Which weights: names of ``llmrec models list``, hub ids, or folders."""

    llm: str = "smollm2-135m-instruct"
    encoder: str = "minilm-l6-v2"
    engine: Literal["auto", "transformers", "openvino", "vllm", "openai", "scripted"] = Field(
        "auto",
        description="what runs the language model; openai is any such server, auto what suits "
        "this machine best, as llmrec doctor says",
    )


Precision: TypeAlias = Literal["auto", "fp32", "bf16", "fp16", "fp8", "int8", "nf4", "awq", "gptq"]


class EngineSettings(_Section):
    """How the language model runs. What ``auto`` becomes here and why: ``llmrec doctor``."""

    device: str = Field("auto", description="cpu, cuda, cuda:1, or auto")
    precision: Precision = Field("auto", description="of the weights")
    context: int | None = Field(None, ge=256, description="tokens of prompt and answer together")
    batch: int | None = Field(None, ge=1, description="most sequences that run at a time")
    timeout_s: float | None = Field(300.0, gt=0, description="most seconds of one call")
    memory_share: float = Field(0.9, gt=0, le=1, description="of a card, that vLLM may take")
    tensor_parallel: int = Field(1, ge=1, description="cards over which each layer is split")
    pipeline_parallel: int = Field(1, ge=1, description="stages over which the layers are split")
    max_adapters: int = Field(4, ge=0, description="LoRA adapters that may run in one batch")
    max_adapter_rank: int = Field(16, ge=1, le=512, description="largest rank of an adapter")
    url: str | None = Field(
        None, description="an OpenAI-compatible server, e.g. http://localhost:8000/v1"
    )
    api_key: SecretStr | None = Field(None, description="of that server; better a variable")
    served_model: str | None = Field(None, description="what that server calls models.llm")
    connections: int = Field(64, ge=1, description="requests to that server at a time")
    retry_s: float = Field(60.0, ge=0, description="seconds for which a failed request is retried")
    breaker_failures: int = Field(5, ge=1, description="failures in a row that end the trying")
    breaker_reset_s: float = Field(10.0, gt=0, description="seconds until it is tried once more")


class ChromaSettings(_Section):
    """Where vectors live, and how the graph over them is built (HNSW, Malkov & Yashunin 2018)."""

    url: str | None = Field(None, description="a Chroma server, e.g. http://localhost:8000")
    hnsw_m: int = Field(32, ge=2, le=256)
    ef_construction: int = Field(200, ge=8)
    ef_search: int = Field(500, ge=8)


class RetrievalSettings(_Section):
    """How candidates are found and fused.

    ``weights`` are the sources' weights in reciprocal rank fusion; a source with weight 0, or not
    named, is not asked. Set here, they go over what ``llmrec train fusion`` has learned.
    ``behaviour`` is not asked before ``llmrec train behaviour``. Half-lives are in days, except
    ``history_half_life`` and ``next_half_life``, which count history entries.
    """

    candidates: int = Field(20, ge=1, le=MAX_CANDIDATES)
    weights: Mapping[str, float] = Field(
        default_factory=lambda: {
            "text": 1.0,
            "query": 2.0,
            "lexical": 1.0,
            "together": 1.5,
            "next": 1.5,
            "popular": 0.3,
            "new": 0.1,
            "behaviour": 2.0,
        }
    )
    rrf_k: int = Field(60, ge=1)
    depth: int = Field(100, ge=1, description="how many items each source returns")
    history_limit: int = Field(50, ge=1, description="most recent history entries that count")
    history_half_life: float = Field(3.0, gt=0)
    together_half_life_days: float = Field(90.0, gt=0)
    next_window: int = Field(8, ge=1, description="farthest event that counts as coming next")
    next_half_life: float = Field(1.0, gt=0)
    popular_half_life_days: float = Field(30.0, gt=0)
    log_lag_s: float | None = Field(
        None,
        ge=0,
        description="seconds by which counts over the whole log may lag behind it, so that not "
        "every new event has them made anew; a shopper's own events count at once. Unset: 10 in "
        "llmrec serve, else 0",
    )
    cold_places: float = Field(
        0.1,
        ge=0,
        le=1,
        description="largest share of a list that is kept for items without events; they get their "
        "share of the items that match, if that is less; 0: none",
    )

    @property
    def weights_by_hand(self) -> bool:
        """Whether somebody has set ``weights``; they then go over what was learned."""
        return "weights" in self.model_fields_set


class RankingSettings(_Section):
    """How the language model ranks.

    ``llm_weight`` is the share of the model's log-probability in the final score, between 0
    (retrieval order) and 1 (the model alone); retrieval scores are standardised within a request,
    log-probabilities are taken as they are.
    """

    llm_weight: float = Field(0.2, ge=0, le=1)
    token_budget: int = Field(1800, ge=128, description="tokens of one ranking prompt")
    history_items: int = Field(10, ge=1, description="most recent history entries in the prompt")
    permutations: int = Field(
        1,
        ge=1,
        le=16,
        description="orders of the same candidates that are asked in one batch and averaged",
    )
    seed: int = 0
    on_engine_failure: Literal["raise", "fallback"] = "raise"
    adapter: str | None = Field(
        None,
        description="LoRA adapter that ranks: a version (ranker/0002), a folder in models/, or "
        "none; unset, the promoted version",
    )


class ExperimentSettings(_Section):
    """An A/B of two rankers on the shop's own shoppers; without a name none runs.

    Arm A ranks as ``[ranking]`` says. Arm B differs from it in what is set here; with neither set
    the two are the same, which tries the counting.
    """

    name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="of the experiment; another one draws the shoppers anew",
    )
    share: float = Field(0.5, ge=0, le=1, description="of the shoppers, who are in arm B")
    adapter: str | None = Field(
        None,
        description="LoRA adapter that ranks in arm B: a version (ranker/0002), a folder in "
        "models/, or none; unset, as in arm A",
    )
    llm_weight: float | None = Field(
        None, ge=0, le=1, description="arm B's ranking.llm_weight; unset, as in arm A"
    )
    days: float = Field(
        7.0, gt=0, le=3650, description="for which an event counts after its item was shown"
    )


class ExplainSettings(_Section):
    """How reasons and descriptions are written; token limits are per text."""

    enabled: bool = True
    top: int = Field(10, ge=0, description="recommendations whose texts the model writes")
    max_tokens: int = Field(32, ge=8)
    description_max_tokens: int = Field(48, ge=8)
    attempts: int = Field(2, ge=1, le=5)
    adapter: str | None = Field(
        None,
        description="LoRA adapter that writes: a version (words/0002), a folder in models/, or "
        "none; unset, the promoted version",
    )


class IngestSettings(_Section):
    """How files are read; ``columns`` map our field names to a file's column names."""

    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    language: str | None = None
    item_columns: Mapping[str, str] = Field(default_factory=dict)
    event_columns: Mapping[str, str] = Field(default_factory=dict)
    disliked_below: float | None = Field(
        None, description="a rating below this says dislike; unset: every rating speaks for an item"
    )
    max_field_chars: int = Field(200_000, ge=1)
    max_unpacked_bytes: int = Field(50 * 2**30, ge=1)


class DocumentSettings(_Section):
    """The shop's own documents (returns, shipping, …), which the assistant quotes."""

    folder: str = Field("documents", description="of Markdown files; seen from the workspace")
    threshold: float = Field(
        0.44,
        ge=-1,
        le=1,
        description="similarity from which a passage counts as an answer; fitted to minilm-l6-v2",
    )


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
    there = next(one for one in (path, *path.absolute().parents) if os.path.exists(one))
    return shutil.disk_usage(there).free


def _nearest(start: Path) -> Path | None:
    return next((one for one in (start, *start.parents) if (one / CONFIG_NAME).is_file()), None)


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


def _load(config: Path, overrides: Mapping[str, Any]) -> Settings:
    class _FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    try:
        # What is unset stays unset, so that a default can be told from a choice.
        return Settings(**_FromFile(**overrides).model_dump(exclude_unset=True))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{config}: setting '{name}': {first['msg']}.",
            hint="Mend it there, or in the LLMREC_… variable or flag of that name.",
        ) from error


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
