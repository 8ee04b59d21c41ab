"""A network with LoRA adapters beside it, one of which, or none, is on at a time.

PEFT puts its layers into the network in place, and which adapter is on is state of the network. So
a batch is split by adapter and each part runs alone, under the engine's lock: the base model's
rows then run the very same operations as without any adapter.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from llmrec.engines.adapters import Adapter
from llmrec.engines.local.quantization import quiet_bitsandbytes
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.errors import AdapterMismatch, EngineError, MissingExtra

__all__ = ["AdaptedNetwork"]


class AdaptedNetwork:
    """Adapters by name for one network. Not safe for threads: the engine's lock is.

    Args:
        network: a causal language model in evaluation mode.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self._peft: Any = None
        self._active: str | None = None
        self._loaded: dict[str, tuple[Adapter, str]] = {}
        self._count = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the adapters, sorted."""
        return tuple(sorted(self._loaded))

    def holds(self, name: str, adapter: Adapter) -> bool:
        """Whether this folder is loaded under this name already."""
        return name in self._loaded and self._loaded[name][0].folder == adapter.folder

    def load(self, name: str, adapter: Adapter) -> None:
        """Put an adapter in, in the place of another one of this name.

        Raises:
            MissingExtra: peft is not installed.
            AdapterMismatch: it does not fit the network.
            OutOfMemory: it does not fit into memory.
        """
        if find_spec("peft") is None:
            raise MissingExtra("peft", extra="train")
        quiet_bitsandbytes()
        # PEFT makes module names of its own names, which may hold no dots.
        inner = f"adapter{self._count}"
        self._count += 1
        self._deactivate()
        try:
            with torch_errors(f"loading the adapter '{name}'"):
                self._inject(adapter, inner)
        except EngineError as error:
            self._remove(inner)
            if "size mismatch" in str(error.__cause__):
                raise AdapterMismatch(
                    f"The adapter '{name}' does not fit the shapes of the network.",
                    hint="Run the base model that it was trained on, or train it again.",
                ) from error
            raise
        except (ValueError, KeyError) as error:
            self._remove(inner)
            reason = str(error).strip().partition("\n")[0]
            raise AdapterMismatch(
                f"The adapter '{name}' does not fit the network: {reason}",
                hint="Run the base model that it was trained on, or train it again.",
            ) from error
        before = self._loaded.pop(name, None)
        self._loaded[name] = (adapter, inner)
        if before is not None:
            self._remove(before[1])

    def unload(self, name: str) -> None:
        """Take an adapter out; with the last one the network is again what it was."""
        self._deactivate()
        self._remove(self._loaded.pop(name)[1])

    def using(self, name: str | None) -> Any:
        """The network with this adapter on, or with none."""
        if name != self._active:
            if name is None:
                self._deactivate()
            else:
                self._peft.base_model.enable_adapter_layers()
                self._peft.set_adapter(self._loaded[name][1], inference_mode=True)
                self._active = name
        return self.network

    def _inject(self, adapter: Adapter, inner: str) -> None:
        from peft import PeftModel

        device = str(self.network.device)
        if self._peft is None:
            self._peft = PeftModel.from_pretrained(
                self.network, adapter.folder, adapter_name=inner, torch_device=device
            ).eval()
        else:
            self._peft.load_adapter(str(adapter.folder), inner, torch_device=device)
        self._deactivate()

    def _deactivate(self) -> None:
        if self._peft is not None:
            self._peft.base_model.disable_adapter_layers()
        self._active = None

    def _remove(self, inner: str) -> None:
        if self._peft is None:
            return
        others = [name for name in self._peft.peft_config if name != inner]
        if others:
            # PEFT warns when the adapter that it counts as active goes.
            self._peft.set_adapter(others[0], inference_mode=True)
            if inner in self._peft.peft_config:
                self._peft.delete_adapter(inner)
            self._deactivate()
        else:
            self._peft.unload()
            vars(self.network).pop("peft_config", None)
            self._peft = None
