"""LoRA adapters on the server: loaded at run time, taken as served, loaded again after a restart.

An adapter is served as ``NAME@HASH`` of its files, never under its bare name: two clients with
different adapters of one name do not disturb each other, a trained-again adapter never meets
prompts that the server has cached for the old one, and replacing is loading one and forgetting
the other.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from llmrec.engines.calls import Deadline
from llmrec.engines.remote.client import ServerClient
from llmrec.engines.remote.failures import NotServed
from llmrec.engines.remote.server import ServedModel, look_at
from llmrec.errors import EngineError, ModelError

__all__ = ["RemoteAdapter", "RemoteAdapters"]


@dataclass(frozen=True)
class RemoteAdapter:
    """An adapter of ours: its folder here, its name on the server, and whether we load it there."""

    name: str
    folder: Path
    digest: str
    served_as: str
    loaded_by_us: bool


class RemoteAdapters:
    """The adapters that an engine's calls may name. Its coroutines all run on one loop.

    Args:
        client: the way to the server.
        base: what the server calls the base model.
    """

    def __init__(self, client: ServerClient, base: str) -> None:
        self._client = client
        self._base = base
        self._known: dict[str, RemoteAdapter] = {}
        self._lock = asyncio.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what is loaded, sorted."""
        return tuple(sorted(self._known))

    def find(self, name: str | None) -> RemoteAdapter | None:
        """The adapter of that name; ``None`` for the base model."""
        return None if name is None else self._known[name]

    async def load(self, name: str, folder: Path, deadline: Deadline) -> None:
        """Make the server know the adapter in ``folder``, which has been checked."""
        async with self._lock:
            digest = await asyncio.to_thread(_digest, folder)
            before = self._known.get(name)
            if before and (before.folder, before.digest) == (folder, digest):
                return
            served = await self._look(deadline)
            taken = _is_ours(served.adapters.get(name), folder)
            adapter = RemoteAdapter(
                name, folder, digest, name if taken else f"{name}@{digest}", not taken
            )
            await self._put(adapter, served, deadline)
            self._known[name] = adapter
            if before:
                await self._drop(before, deadline)

    async def unload(self, name: str, deadline: Deadline) -> None:
        """Forget it here, and on the server if it was loaded from here."""
        async with self._lock:
            await self._drop(self._known.pop(name), deadline)

    async def restore(self, adapter: RemoteAdapter, deadline: Deadline) -> None:
        """Load it again: the server has been started anew, or another client unloaded it."""
        async with self._lock:
            await self._put(adapter, await self._look(deadline), deadline)

    async def _look(self, deadline: Deadline) -> ServedModel:
        return await look_at(self._client, self._base, self._base, deadline, patient=True)

    async def _put(self, adapter: RemoteAdapter, served: ServedModel, deadline: Deadline) -> None:
        if adapter.served_as in served.adapters:
            return
        if not adapter.loaded_by_us:
            raise ModelError(
                f"The server at {self._client.where} no longer serves the adapter "
                f"'{adapter.name}'.",
                hint="Load it again with load_adapter.",
            )
        body = {"lora_name": adapter.served_as, "lora_path": str(adapter.folder)}
        try:
            await self._client.post(
                "load_lora_adapter", body, deadline, read=lambda response: None, final_500=True
            )
        except NotServed as error:
            raise self._not_loaded(adapter, error) from error
        except EngineError as error:
            # Somebody else may have loaded it meanwhile.
            if adapter.served_as not in (await self._look(deadline)).adapters:
                raise EngineError(
                    f"The adapter '{adapter.name}' cannot be loaded: {error.message}",
                    hint="Its rank must not exceed the server's --max-lora-rank.",
                ) from error

    def _not_loaded(self, adapter: RemoteAdapter, error: NotServed) -> EngineError:
        where = self._client.where
        if error.by_route:
            return EngineError(
                f"The server at {where} loads no adapters while it runs, and serves none that is "
                f"'{adapter.name}' of {adapter.folder}.",
                hint="Start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora, or "
                f"with --lora-modules {adapter.name}={adapter.folder}.",
            )
        return EngineError(
            f"The server at {where} cannot read the adapter's folder {adapter.folder}.",
            hint="Server and client must see it under the same path, or start the server with "
            f"--lora-modules {adapter.name}=PATH.",
        )

    async def _drop(self, adapter: RemoteAdapter, deadline: Deadline) -> None:
        shared = any(known.served_as == adapter.served_as for known in self._known.values())
        if shared or not adapter.loaded_by_us:
            return
        body = {"lora_name": adapter.served_as}
        try:
            await self._client.post(
                "unload_lora_adapter", body, deadline, read=lambda response: None, final_500=True
            )
        except NotServed:
            # A server that was started anew has forgotten it already.
            return


def _is_ours(path: str | None, folder: Path) -> bool:
    """Whether what is served from ``path`` is the adapter in ``folder``, as far as can be seen.

    A path that does not exist here is one of another machine: its name has to do.
    """
    if path is None:
        return False
    there = Path(path)
    return there.resolve() == folder if there.exists() else True


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("adapter_*")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
