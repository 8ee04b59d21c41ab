"""Fetch a repository from a model hub, only when the user named it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmrec.config import disk_errors
from llmrec.errors import DownloadError, ModelError

__all__ = ["download_repository", "repository_size"]

# Weights in other formats than safetensors can run code when loaded, or are not used here.
_PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "*.md", "1_Pooling/*")

# What rendering and counting need where the model itself runs on a server.
_TOKENIZER_PATTERNS = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "*.jinja",
    "chat_template.json",
)


def repository_size(repository: str, *, tokenizer_only: bool = False) -> int:
    """Bytes that :func:`download_repository` would fetch.

    Raises:
        ModelError: there is no such repository, or it is gated or private.
        DownloadError: the hub could not be reached.
    """
    from fnmatch import fnmatch

    from huggingface_hub import HfApi

    with _hub_errors(repository):
        info = HfApi().model_info(repository, files_metadata=True)
    return sum(
        file.size or 0
        for file in info.siblings or ()
        if any(fnmatch(file.rfilename, pattern) for pattern in _patterns(tokenizer_only))
    )


def download_repository(
    repository: str,
    target: Path,
    progress: Callable[[int], None] | None = None,
    *,
    tokenizer_only: bool = False,
) -> None:
    """Download config, tokenizer and safetensors of ``repository`` into ``target``.

    Finished files stay in ``target`` after an interrupt; the next call goes on from there.

    Args:
        repository: ``owner/name``.
        target: the folder to fill.
        progress: called with the bytes fetched, once, at the end (the hub's client draws its own).
        tokenizer_only: leave the safetensors out.

    Raises:
        ModelError: missing, gated or private, or without a config.
        DownloadError: the hub could not be reached.
        DiskFull: no space left.
    """
    from huggingface_hub import snapshot_download

    with disk_errors(target), _hub_errors(repository):
        snapshot_download(
            repository, local_dir=target, allow_patterns=list(_patterns(tokenizer_only))
        )
    _check(repository, target, tokenizer_only)
    if progress:
        progress(sum(path.stat().st_size for path in target.rglob("*") if path.is_file()))


def _patterns(tokenizer_only: bool) -> tuple[str, ...]:
    return _TOKENIZER_PATTERNS if tokenizer_only else _PATTERNS


def _check(repository: str, target: Path, tokenizer_only: bool) -> None:
    has_config = (target / "config.json").is_file()
    if tokenizer_only:
        named = ("tokenizer.json", "tokenizer.model", "vocab.json")
        if not has_config or not any((target / name).is_file() for name in named):
            raise ModelError(
                f"{repository} has no config.json with a tokenizer beside it.",
                hint="Name a repository that transformers can load; GGUF files are not taken.",
            )
    elif not has_config or not any(target.rglob("*.safetensors")):
        raise ModelError(
            f"{repository} has no config.json with safetensors weights beside it.",
            hint="Name a repository that transformers can load; GGUF files are not taken.",
        )


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    """Map what ``huggingface_hub`` raises to our errors."""
    from huggingface_hub import errors as hub

    try:
        yield
    except hub.GatedRepoError as error:
        raise ModelError(
            f"{repository} is gated: its owner must let you in.",
            hint="Accept its licence on the hub, then log in with 'hf auth login'.",
        ) from error
    except hub.RepositoryNotFoundError as error:
        raise ModelError(
            f"The hub has no public repository called {repository}.",
            hint="Check the spelling; for a private one log in with 'hf auth login'.",
        ) from error
    except Exception as error:
        if not _is_network(error):
            raise
        raise DownloadError(
            f"The model hub could not be reached for {repository}.",
            hint="Check the network (and HF_ENDPOINT, HF_HUB_OFFLINE), then run it again.",
        ) from error


def _is_network(error: Exception) -> bool:
    from huggingface_hub import errors as hub

    ours = (hub.HfHubHTTPError, hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled)
    # The client's HTTP library changes with its version (requests, httpx, ...).
    homes = {cls.__module__.partition(".")[0] for cls in type(error).__mro__}
    return isinstance(error, (*ours, ConnectionError, TimeoutError)) or bool(
        homes & {"httpx", "httpx2", "requests", "urllib3", "httpcore", "httpcore2"}
    )
